"""How long clips took here, so that waiting times are measured and not guessed."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy import insert as insert_into

from reelgate.store.rows import values_of
from reelgate.store.tables import durations

KEPT: Final = 200
"""How many of the newest are kept for each model."""


class Duration(msgspec.Struct, frozen=True, kw_only=True):
    """One finished clip."""

    model: str
    """The model that was served."""
    channel_id: str | None
    seconds_asked: int
    took_ms: int
    finished_at: int
    ready_ms: int | None = None
    """How long the upstream took; the rest went into fetching the clip and keeping it."""


class Ready(msgspec.Struct, frozen=True):
    """How long an upstream took for one clip."""

    channel_id: str | None
    seconds_asked: int
    ready_ms: int


_INSERT: Final = insert_into(durations)
_NEWEST: Final = (
    select(durations.c.id).where(durations.c.model == bindparam("model")).order_by(durations.c.id.desc())
)
_TRIM: Final = delete(durations).where(
    durations.c.model == bindparam("model"),
    durations.c.id <= select(_NEWEST.offset(KEPT).limit(1).subquery().c.id).scalar_subquery(),
)
_OF_MODEL: Final = (
    select(durations.c.took_ms).where(durations.c.model == bindparam("model")).order_by(durations.c.id.desc())
)
_OF_LENGTH: Final = _OF_MODEL.where(durations.c.seconds_asked == bindparam("seconds_asked"))
_READY: Final = (
    select(durations.c.channel_id, durations.c.seconds_asked, durations.c.ready_ms)
    .where(durations.c.model == bindparam("model"), durations.c.ready_ms.is_not(None))
    .order_by(durations.c.id.desc())
)


def add(conn: Connection, duration: Duration) -> None:
    """Write down how long a clip took, and let go of what is older than the newest of its model."""
    values = {**values_of(duration), "created_at": duration.finished_at}
    conn.execute(_INSERT, values)
    conn.execute(_TRIM, {"model": duration.model})


def took(conn: Connection, model: str, *, seconds: int | None = None) -> list[int]:
    """Give the milliseconds the last clips of a model took, newest first; of one length when asked."""
    if seconds is None:
        return list(conn.execute(_OF_MODEL, {"model": model}).scalars())
    return list(conn.execute(_OF_LENGTH, {"model": model, "seconds_asked": seconds}).scalars())


def ready(conn: Connection, model: str) -> list[Ready]:
    """Give how long upstreams took for the last clips of a model, newest first."""
    return [Ready(*row) for row in conn.execute(_READY, {"model": model})]


def quantile(took_ms: list[int], share: float) -> int | None:
    """Give the time within which `share` of the clips were done; None when there are none."""
    if not took_ms:
        return None
    ordered = sorted(took_ms)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
