"""What makes two requests the same request: their parsed fields and the digests of their files.

Raw bytes never count: an SDK picks a new multipart boundary for each attempt and may reorder fields.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec


def fingerprint(operation: str, fields: Mapping[str, Any]) -> str:
    """Name an operation with its fields; equal exactly when both are equal, whatever the order of keys.

    `fields` holds JSON values only; a file stands in it as its digest.
    """
    canonical = msgspec.json.encode([operation, fields], order="deterministic")
    return hashlib.sha256(canonical).hexdigest()
