"""Filters of the library as they stand in an address."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

import msgspec
from starlette.datastructures import QueryParams

from reelgate.api.door import Asked
from reelgate.auth.scopes import Scope
from reelgate.core.errors import Code, refuse
from reelgate.core.grams import terms
from reelgate.core.library import RATING_MAX, ItemKind, Shelf, Sort
from reelgate.core.lifecycle import Status
from reelgate.engine.library.find import Turn
from reelgate.engine.library.shapes import Choice
from reelgate.store.library_search import Place, Wanted

PAGE: Final = 50
PAGE_MAX: Final = 200
VALUES_MAX: Final = 100
_NUMBER: Final = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?", re.ASCII)
_WHOLE: Final = re.compile(r"[0-9]{1,16}", re.ASCII)
_SHOWN: Final = frozenset({ItemKind.TASK.value, ItemKind.CLIP.value})
"""What is shown when nobody says what."""

FILTERS: Final = (
    "project",
    "q",
    "kind",
    "status",
    "model",
    "channel",
    "aspect",
    "favourite",
    "rating",
    "folder",
    "tag",
    "created_from",
    "created_to",
    "seconds_from",
    "seconds_to",
    "cost_from",
    "cost_to",
    "trashed",
)
PAGING: Final = ("sort", "order", "limit", "after", "before", "facets")


def operates(asked: Asked) -> bool:
    """Tell whether the asker sees which channel served what."""
    return asked.principal.may(Scope.OPERATE)


def wanted_of(asked: Asked, project_id: str) -> Wanted:
    """Read which items are asked for.

    Raises CallerError naming the filter that is wrong.
    """
    query = asked.request.query_params
    folder = query.get("folder") or None
    return Wanted(
        project_id=project_id,
        shelf=Shelf.TRASH if _flag(query, "trashed") else Shelf.OPEN,
        terms=terms(query.get("q") or ""),
        folder_id=None if folder == "none" else folder,
        no_folder=folder == "none",
        tag_ids=tuple(_values(query, "tag")),
        created_from=moment(query, "created_from"),
        created_to=moment(query, "created_to"),
        length_from=_scaled(query, "seconds_from", 1_000),
        length_to=_scaled(query, "seconds_to", 1_000),
        cost_from=_scaled(query, "cost_from", 1_000_000),
        cost_to=_scaled(query, "cost_to", 1_000_000),
    )


def choice_of(asked: Asked) -> Choice:
    """Read which values are asked for.

    Raises CallerError naming the filter that is wrong, and for channels unless an operator asks.
    """
    query = asked.request.query_params
    channels = _values(query, "channel")
    if channels and not operates(asked):
        raise refuse(
            Code.PERMISSION_OR_CHANNEL, "Only operators see which channel served what.", param="channel"
        )
    kinds = _words(query, "kind", [kind.value for kind in ItemKind])
    least = _rating(query)
    favourite = _flag(query, "favourite")
    return Choice(
        kind=frozenset(kinds) or _SHOWN,
        status=frozenset(_words(query, "status", [status.value for status in Status])),
        model=frozenset(_values(query, "model")),
        channel_id=frozenset(channels),
        aspect=frozenset(_values(query, "aspect")),
        favourite=frozenset() if favourite is None else frozenset({favourite}),
        rating=frozenset() if least is None else frozenset(range(least, RATING_MAX + 1)),
    )


def turn_of(asked: Asked) -> Turn:
    """Read which page is asked for.

    Raises CallerError naming the parameter that is wrong.
    """
    query = asked.request.query_params
    sort = _one_of(query, "sort", [sort.value for sort in Sort]) or Sort.CREATED.value
    order = _one_of(query, "order", ["asc", "desc"]) or "desc"
    limit = query.get("limit") or str(PAGE)
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:9]) <= PAGE_MAX):
        raise _wrong("limit", f"a whole number from 1 to {PAGE_MAX}")
    after, before = _place(query, "after"), _place(query, "before")
    if after is not None and before is not None:
        raise refuse(Code.INVALID_REQUEST, "Give `after` or `before`, not both.", param="before")
    return Turn(sort=Sort(sort), ascending=order == "asc", limit=int(limit), after=after, before=before)


def counted(asked: Asked) -> bool:
    """Tell whether what every filter would leave is asked for, too."""
    return _flag(asked.request.query_params, "facets") or False


def written(place: Place | None) -> str | None:
    """Write a place so that it goes into an address."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).decode().rstrip("=")


def _place(query: QueryParams, name: str) -> Place | None:
    text = query.get(name)
    if not text:
        return None
    try:
        raw = base64.b64decode(text[:200] + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        found = msgspec.json.decode(raw, type=Place)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise _wrong(name, "a place out of an answer") from None
    if max(abs(found.value), abs(found.no)) >= 2**62:
        raise _wrong(name, "a place out of an answer")
    return found


def _values(query: QueryParams, name: str) -> list[str]:
    """Read values given once each or separated by commas."""
    found = [part.strip() for text in query.getlist(name) for part in text.split(",")]
    found = [part for part in found if part]
    if len(found) > VALUES_MAX:
        raise _wrong(name, f"at most {VALUES_MAX} values")
    return found


def _words(query: QueryParams, name: str, known: Sequence[str]) -> list[str]:
    found = _values(query, name)
    if any(word not in known for word in found):
        raise _wrong(name, f"one of {', '.join(known)}")
    return found


def _one_of(query: QueryParams, name: str, known: Sequence[str]) -> str | None:
    text = query.get(name) or None
    if text is not None and text not in known:
        raise _wrong(name, f"one of {', '.join(known)}")
    return text


def _flag(query: QueryParams, name: str) -> bool | None:
    text = query.get(name) or None
    if text is None:
        return None
    found = {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if found is None:
        raise _wrong(name, "`true` or `false`")
    return found


def _rating(query: QueryParams) -> int | None:
    text = query.get("rating") or None
    if text is None:
        return None
    if text not in [str(number) for number in range(RATING_MAX + 1)]:
        raise _wrong("rating", f"a whole number from 0 to {RATING_MAX}")
    return int(text)


def _scaled(query: QueryParams, name: str, scale: int) -> int | None:
    text = query.get(name) or None
    if text is None:
        return None
    if _NUMBER.fullmatch(text) is None:
        raise _wrong(name, "a number")
    return round(float(text) * scale)


def moment(query: QueryParams, name: str) -> int | None:
    """Read milliseconds since 1970, or a day or moment as ISO 8601; a day ends at its end.

    Raises CallerError naming the parameter.
    """
    text = query.get(name) or None
    if text is None:
        return None
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        read = datetime.fromisoformat(text)
        stamp = (read if read.tzinfo else read.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        raise _wrong(name, "milliseconds since 1970 or an ISO 8601 date") from None
    whole_day = len(text) <= len("2026-01-31") and name.endswith("_to")
    return int(stamp * 1_000) + (86_399_999 if whole_day else 0)


def _wrong(name: str, what: str) -> Exception:
    return refuse(Code.INVALID_REQUEST, f"`{name}` must be {what}.", param=name)
