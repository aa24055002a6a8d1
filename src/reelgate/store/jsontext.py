"""JSON as text, written and read by msgspec, the same on every database."""

from __future__ import annotations

from typing import Any

import msgspec

from reelgate.core.errors import Failure

_encoder = msgspec.json.Encoder()
_failures = msgspec.json.Decoder(Failure)


def dump(value: Any) -> str:
    """Write a value as JSON text."""
    return _encoder.encode(value).decode()


def dump_failure(failure: Failure | None) -> str | None:
    """Write a failure as JSON text; None stays None."""
    return None if failure is None else dump(failure)


def load_failure(text: str | None) -> Failure | None:
    """Read a failure from JSON text; None stays None."""
    return None if text is None else _failures.decode(text)
