"""What makes two requests the same request: their parsed fields and the digests of their files.

Raw bytes never count: an SDK picks a new multipart boundary for each attempt and may reorder fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec


def fingerprint(operation: str, fields: Mapping[str, Any] | msgspec.Struct, files: Sequence[str] = ()) -> str:
    """Name an operation with its fields; equal exactly when both are equal, whatever the order of keys.

    `fields` holds JSON values, or structs of them; `files` are the digests of its files, in order.
    """
    canonical = msgspec.json.encode((operation, fields, files), order="deterministic")
    return hashlib.sha256(canonical).hexdigest()
