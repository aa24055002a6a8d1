"""From what clients of this surface send to drafts and searches; refusals name the field that was sent."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from starlette.requests import Request

from reelgate.api.claims import Wish
from reelgate.api.door import Asked
from reelgate.api.fields import Fields
from reelgate.api.wishes import (
    model_of,
    pictures_of,
    profile_of,
    seconds_of,
    shape_of,
    size_of,
    switches,
    wish_of,
)
from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.core.lifecycle import Status
from reelgate.core.task import Verb
from reelgate.store.task_search import Wanted

PICTURES: Final = ("referenceImage", "reference_image", "input_reference", "image", "images")
NAMES: Final = {"seconds": "duration", "input_reference": "referenceImage", "inputs": "referenceImage"}
"""This surface's words for our fields, where a refusal speaks of ours."""
_SNAKE: Final = {
    "aspectRatio": "aspect_ratio",
    "negativePrompt": "negative_prompt",
    "generateAudio": "generate_audio",
    "callbackUrl": "callback_url",
    "characterUrl": "character_url",
    "characterFromTask": "character_from_task",
    "characterTimestamps": "character_timestamps",
}
_PAGE_MAX: Final = 100
_DEEPEST: Final = 100_000
_WORDS: Final[dict[str, frozenset[Status]]] = {
    "queued": frozenset({Status.QUEUED, Status.SUBMITTING, Status.UNCONFIRMED}),
    "pending": frozenset({Status.QUEUED, Status.SUBMITTING, Status.UNCONFIRMED}),
    "processing": frozenset({Status.RUNNING, Status.ARCHIVING}),
    "completed": frozenset({Status.COMPLETED}),
    "failed": frozenset({Status.FAILED}),
    "cancelled": frozenset({Status.CANCELLED}),
}
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
DAY_MS: Final = 86_400_000


class TooLong(CallerError):
    """Raised for a prompt beyond the limit of this installation, which this surface answers with 422."""


class Turn(NamedTuple):
    """Which page is asked for."""

    page: int
    limit: int

    @property
    def offset(self) -> int:
        """How many lie before it."""
        return (self.page - 1) * self.limit


def picture_limits(limit: int) -> dict[str, int]:
    """Name the fields that take a picture file."""
    return dict.fromkeys(PICTURES, limit)


async def wish(asked: Asked, fields: Fields, *, parent_id: str | None = None) -> Wish:
    """Read a create, or a remix of a task.

    Raises CallerError naming the field that is wrong, TooLong for a prompt.
    """
    fields = spelled(fields)
    model = model_of(fields)
    profile = profile_of(asked, model)
    given = await pictures_of(asked, fields, profile, *PICTURES)
    more: dict[str, Any] = {} if parent_id is None else {"verb": Verb.REMIX, "parent_id": parent_id}
    return await wish_of(
        asked,
        fields,
        given,
        model=model,
        prompt=prompt_of(asked, fields),
        seconds=seconds_of(fields, "duration", "seconds"),
        size=size_of(shape_of(fields), profile),
        **switches(fields, profile),
        **more,
    )


def spelled(fields: Fields) -> Fields:
    """Read the fields of this surface under the names they have elsewhere."""
    for theirs, ours in _SNAKE.items():
        fields.rename(theirs, ours)
    # A constant of the original service's own forms.
    fields.take("mediaType")
    return fields


def prompt_of(asked: Asked, fields: Fields) -> str:
    """Read the prompt.

    Raises CallerError when it is absent or blank, TooLong when it is too long.
    """
    prompt = fields.required_text("prompt")
    longest = asked.ctx.limits.prompt_max
    if longest and len(prompt) > longest:
        message = f"`prompt` has {len(prompt):,} characters; at most {longest:,} are taken."
        raise TooLong(Failure(code=Code.INVALID_REQUEST, message=message, param="prompt"))
    return prompt


def turn_of(request: Request) -> Turn:
    """Read `page` and `limit` (also `pageSize`).

    Raises CallerError naming the one that is wrong.
    """
    query = request.query_params
    size = "limit" if query.get("limit") else "pageSize"
    return Turn(
        _number(query.get("page"), "page", 1, _DEEPEST), _number(query.get(size), size, 20, _PAGE_MAX)
    )


def _number(text: str | None, name: str, otherwise: int, most: int) -> int:
    if not text:
        return otherwise
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= most):
        raise refuse(Code.INVALID_REQUEST, f"`{name}` must be a whole number from 1 to {most:,}.", param=name)
    return int(text)


def wanted_of(asked: Asked) -> Wanted:
    """Read the filters of a list of tasks.

    Raises CallerError naming the one that is wrong.
    """
    query = asked.request.query_params
    return Wanted(
        project_id=asked.project_id,
        statuses=_statuses(query.get("status")),
        model=query.get("model") or None,
        verb=_verb(query.get("type")),
        words=(query.get("search") or query.get("q") or "").strip()[:200] or None,
        since=_day(query.get("startDate"), "startDate", 0),
        until=_day(query.get("endDate"), "endDate", DAY_MS - 1),
    )


def _statuses(text: str | None) -> list[Status] | None:
    if not text:
        return None
    found: set[Status] = set()
    for word in text.split(","):
        statuses = _WORDS.get(word.strip().lower())
        if statuses is None:
            names = ", ".join(f"`{name.upper()}`" for name in _WORDS if name != "pending")
            raise refuse(Code.INVALID_REQUEST, f"`status` must be one of {names}.", param="status")
        found |= statuses
    return sorted(found)


def _verb(text: str | None) -> Verb | None:
    if not text:
        return None
    try:
        return Verb(text.lower())
    except ValueError:
        names = ", ".join(f"`{verb.value}`" for verb in Verb)
        raise refuse(Code.INVALID_REQUEST, f"`type` must be one of {names}.", param="type") from None


def _day(text: str | None, name: str, whole_day_ms: int) -> int | None:
    """Read a day or a moment as milliseconds; `whole_day_ms` is added to a day."""
    if not text:
        return None
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError:
        raise refuse(
            Code.INVALID_REQUEST, f"`{name}` must be a day or a moment such as `2030-01-31`.", param=name
        ) from None
    at = found if found.tzinfo is not None else found.replace(tzinfo=UTC)
    return int(at.timestamp() * 1000) + (whole_day_ms if _DAY.fullmatch(text) else 0)
