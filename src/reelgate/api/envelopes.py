"""The envelopes of `/api`: `{success, data}` when something went well, `{success, error, message}` when not."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final, Generic, TypeVar

import msgspec
from starlette.responses import Response

from reelgate.api import errors, limits
from reelgate.api.answers import Json
from reelgate.api.door import ENVELOPE, Asked, Manner, Visit
from reelgate.api.fields import misfit
from reelgate.core.errors import Failure
from reelgate.engine.limits import Limited

T = TypeVar("T")


class Done(msgspec.Struct, Generic[T], frozen=True):
    """What went well."""

    success: bool
    data: T


class Many(msgspec.Struct, Generic[T], frozen=True, rename="camel"):
    """A page of a list."""

    success: bool
    data: list[T]
    has_more: bool
    last_id: str | None
    """What to send as `after` for the next page."""


class Nothing(msgspec.Struct, frozen=True):
    """What is given where there is nothing to say."""


def done(data: Any, status: int = 200) -> Json:
    """Answer that something went well."""
    return Json(Done(success=True, data=data), status)


def many(part: Sequence[Any], ids: Sequence[str], *, has_more: bool) -> Json:
    """Answer with a page of a list."""
    last = ids[-1] if ids else None
    return Json(Many(success=True, data=list(part), has_more=has_more, last_id=last))


def moment(at_ms: int | None) -> str | None:
    """Write a moment as JavaScript writes it; None for none."""
    if at_ms is None:
        return None
    written = datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    return written.replace("+00:00", "Z")


def refusal(failure: Failure) -> Response:
    """Answer a failure; what stands under `error` is the same as on the OpenAI surface."""
    form = errors.MAPPED[failure.code]
    inside = errors.Problem(failure.message, form.type, failure.param, form.code)
    body = {"success": False, "error": inside, "message": failure.message}
    return Json(body, form.status, errors.retry_headers(form, failure.retry_after_s))


def _limited(over: Limited) -> Response:
    return limits.put_on(refusal(over.failure), over.standing)


_REFUSED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["success", "error", "message"],
    "properties": {
        "success": {"type": "boolean", "const": False},
        "message": {"type": "string"},
        "error": ENVELOPE["properties"]["error"],
    },
}
NATIVE: Final = Manner("native", refusal, _limited, _REFUSED)
"""How routes under `/api` answer."""


async def taken(asked: Asked | Visit, kind: type[T]) -> T:
    """Read a small body by type; fields that are not in it are left alone.

    Raises CallerError naming the field that is missing or wrong.
    """
    async with asked.door.notes.read(asked.request) as fields:
        found = fields.rest()
    try:
        return msgspec.convert(found, kind)
    except msgspec.ValidationError as wrong:
        raise misfit(wrong) from wrong
