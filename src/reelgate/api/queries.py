"""Query parameters, path ids and `Prefer`, read by type."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from starlette.requests import Request

from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.ids import Kind

LONGEST_WAIT_S: Final = 60.0
_PAGE: Final = 20
_PAGE_MAX: Final = 100
_ID = re.compile(r"[a-z]{2,8}_[0-9a-hjkmnp-tv-z]{26}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]{1,6})?", re.ASCII)
_PREFER = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,6})", re.ASCII)


class Paging(NamedTuple):
    """Which page of a list is asked for."""

    limit: int
    after: str | None
    ascending: bool


def paging(request: Request) -> Paging:
    """Read `limit`, `after` and `order`.

    Raises CallerError naming the one that is wrong.
    """
    query = request.query_params
    limit = query.get("limit", "")
    if limit and not (limit.isascii() and limit.isdigit() and int(limit[:9]) <= _PAGE_MAX):
        raise refuse(
            Code.INVALID_REQUEST, f"`limit` must be a whole number from 0 to {_PAGE_MAX}.", param="limit"
        )
    order = query.get("order") or "desc"
    if order not in ("asc", "desc"):
        raise refuse(Code.INVALID_REQUEST, "`order` must be `asc` or `desc`.", param="order")
    return Paging(int(limit) if limit else _PAGE, query.get("after") or None, order == "asc")


def is_id(text: str, kind: Kind) -> bool:
    """Tell whether a text has the form of an id of ours of a kind."""
    return text.startswith(f"{kind}_") and _ID.fullmatch(text) is not None


def path_id(request: Request, name: str, kind: Kind, what: str) -> str:
    """Give an id from the address.

    Raises CallerError `not_found` for anything that cannot be one, as for one that nobody has.
    """
    text = str(request.path_params[name])
    if not is_id(text, kind):
        raise missing(what, text)
    return text


def missing(what: str, text: str) -> CallerError:
    """Build the refusal of an id that does not exist, or not for this asker: the two look the same."""
    shown = text if len(text) <= 80 else text[:80] + "…"
    return refuse(Code.NOT_FOUND, f"There is no {what} `{shown}`.")


def wait_of(request: Request) -> float:
    """Read `?wait=` in seconds, at most a minute; 0 when it is absent.

    Raises CallerError naming it when it is not a number.
    """
    text = request.query_params.get("wait") if request.scope["query_string"] else None
    if not text:
        return 0.0
    if _NUMBER.fullmatch(text) is None:
        raise refuse(Code.INVALID_REQUEST, "`wait` must be a number of seconds.", param="wait")
    return min(LONGEST_WAIT_S, float(text))


def preferred_wait(request: Request) -> float:
    """Read `Prefer: wait=n` in seconds, at most a minute; a preference that is not understood is ignored."""
    wish = request.headers.get("prefer")
    found = None if wish is None else _PREFER.search(wish.lower())
    return 0.0 if found is None else min(LONGEST_WAIT_S, float(found[1]))
