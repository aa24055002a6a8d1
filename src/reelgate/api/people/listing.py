"""Lists that fit into memory, cut into pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from reelgate.api.answers import Json
from reelgate.api.door import Asked
from reelgate.api.envelopes import many
from reelgate.api.queries import is_id, missing, paging
from reelgate.core.ids import Kind

T = TypeVar("T")
PAGED: Final = ("limit", "after", "order")
_OLDEST: Final = {"user": "user_default", "proj": "proj_default"}
"""Ids older than ids."""


def cut(asked: Asked, found: Sequence[T], id_of: Callable[[T], str], show: Callable[[T], Any]) -> Json:
    """Answer with the part of a list, newest first, that `limit`, `after` and `order` ask for.

    Raises CallerError naming the one that is wrong.
    """
    at = paging(asked.request)
    ordered = list(reversed(found)) if at.ascending else list(found)
    ids = [id_of(one) for one in ordered]
    start = 0
    if at.after is not None:
        start = ids.index(at.after) + 1 if at.after in ids else len(ids)
    end = start + at.limit
    return many([show(one) for one in ordered[start:end]], ids[start:end], has_more=len(ids) > end)


def named(asked: Asked, name: str, kind: Kind, what: str) -> str:
    """Give an id from the address.

    Raises CallerError `not_found` for anything that cannot be one, as for one that nobody has.
    """
    text = str(asked.request.path_params[name])
    if text != _OLDEST.get(kind) and not is_id(text, kind):
        raise missing(what, text)
    return text
