"""What each user did: signing in, keys and endpoints made and removed, and the videos they asked for."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Select, bindparam, cast, delete, literal, null, select, tuple_, union_all
from sqlalchemy import insert as insert_into

from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import activity, tasks


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing somebody did, as they may read it."""

    id: str
    user_id: str
    key_id: str | None
    action: str
    subject: str | None
    address: str
    agent: str
    status: int | None
    """How it was answered, as an HTTP status; None where it was no request."""
    created_at: int


CREATED: Final = "video.created"

_FIELDS: Final = names_of(Deed)
_INSERT: Final = insert_into(activity)
_own = select(*columns_of(activity, Deed)).where(activity.c.user_id == bindparam("user_id"))
_made = select(
    tasks.c.id,
    tasks.c.user_id,
    tasks.c.key_id,
    literal(CREATED).label("action"),
    tasks.c.id.label("subject"),
    literal("").label("address"),
    tasks.c.surface.label("agent"),
    cast(null(), activity.c.status.type).label("status"),
    tasks.c.created_at,
).where(tasks.c.project_id == bindparam("project_id"), tasks.c.user_id == bindparam("user_id"))


def _page(*, beyond: bool) -> Select[Any]:
    parts: list[Select[Any]] = []
    for part, table in ((_own, activity), (_made, tasks)):
        cut = part
        if beyond:
            place = tuple_(table.c.created_at, table.c.id)
            cut = cut.where(place < tuple_(bindparam("cut_at"), bindparam("cut_id")))
        # Each half is cut to a page by its own index before the two are put in order.
        half = cut.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(bindparam("limit"))
        parts.append(select(half.subquery()))
    whole = union_all(*parts).subquery()
    return (
        select(*(whole.c[name] for name in _FIELDS))
        .order_by(whole.c.created_at.desc(), whole.c.id.desc())
        .limit(bindparam("limit"))
    )


_PAGES: Final = {beyond: _page(beyond=beyond) for beyond in (False, True)}
_PRUNE: Final = delete(activity).where(activity.c.created_at < bindparam("before"))


def insert(conn: Connection, deed: Deed) -> None:
    """Write down what somebody did."""
    conn.execute(_INSERT, values_of(deed))


def page(
    conn: Connection, user_id: str, project_id: str, *, after: tuple[int, str] | None, limit: int
) -> list[Deed]:
    """List what a user did, newest first, with the videos they asked for in one project."""
    values = {"user_id": user_id, "project_id": project_id, "limit": limit}
    if after is not None:
        values |= {"cut_at": after[0], "cut_id": after[1]}
    rows = conn.execute(_PAGES[after is not None], values)
    return [Deed(**named(_FIELDS, row)) for row in rows]


def prune(conn: Connection, before: int) -> int:
    """Forget what was done before a moment; count it."""
    return conn.execute(_PRUNE, {"before": before}).rowcount
