"""Bodies of the library, read by type."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from reelgate.api.door import Asked, Visit
from reelgate.api.fields import misfit

T = TypeVar("T")


async def read(asked: Asked | Visit, kind: type[T]) -> T:
    """Read a JSON body as a type.

    Raises CallerError naming the field that does not fit.
    """
    async with asked.door.bodies.read(asked.request) as fields:
        given = fields.rest()
    try:
        return msgspec.convert(given, kind)
    except msgspec.ValidationError as wrong:
        raise misfit(wrong) from wrong
