"""Bodies of the library, read by type."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from reelgate.api.door import Asked, Visit
from reelgate.core.errors import Code, refuse

T = TypeVar("T")


async def read(asked: Asked | Visit, kind: type[T]) -> T:
    """Read a JSON body as a type.

    Raises CallerError naming the field that does not fit.
    """
    async with asked.door.bodies.read(asked.request) as fields:
        return _converted(fields.rest(), kind)


def _converted(values: dict[str, Any], kind: type[T]) -> T:
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as wrong:
        message, _, path = str(wrong).partition(" - at `$")
        param = path.rstrip("`").lstrip(".") or None
        raise refuse(Code.INVALID_REQUEST, f"{message}.", param=param) from wrong
