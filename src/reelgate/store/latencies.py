"""Where the time of finished clips went: waiting, being sent, being made, being brought home; and how much is kept.

Read from the log of events for the newest clips of a stretch, so that the cost has a bound.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, case, func, select

from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.store.prepared import one_of
from reelgate.store.tables import blobs, events, tasks

LOOKED_AT: Final = 2_000
"""How many finished clips are looked at, the newest."""


class Marks(msgspec.Struct, frozen=True):
    """When the steps of one clip began, in milliseconds since 1970; None where the log has forgotten."""

    asked: int
    submitting: int | None
    sent: int | None
    """When the call that was accepted went out."""
    running: int | None
    archiving: int | None
    completed: int | None


class Kept(msgspec.Struct, frozen=True):
    """Files of one kind that are stored."""

    media_type: str
    files: int
    bytes: int


class Bucket(msgspec.Struct, frozen=True):
    """Tasks of one status that were created within one step of time."""

    at: int
    """When the step began, in milliseconds since 1970."""
    status: str
    tasks: int


def _at(kind: EventType, *, first: bool = False) -> Any:
    moment = case((events.c.type == kind.value, events.c.created_at))
    return func.min(moment) if first else func.max(moment)


_STEPS: Final = (EventType.SUBMITTING, EventType.RUNNING, EventType.ARCHIVING, EventType.COMPLETED)
_newest = (
    select(tasks.c.id, func.coalesce(tasks.c.start_after, tasks.c.created_at).label("asked"))
    .where(
        tasks.c.status == Status.COMPLETED.value,
        tasks.c.created_at >= bindparam("since"),
        tasks.c.created_at < bindparam("until"),
    )
    .order_by(tasks.c.created_at.desc())
    .limit(bindparam("most"))
    .subquery()
)
_MARKS: Final = (
    select(
        _newest.c.asked,
        _at(EventType.SUBMITTING, first=True),
        _at(EventType.SUBMITTING),
        _at(EventType.RUNNING),
        _at(EventType.ARCHIVING),
        _at(EventType.COMPLETED),
    )
    .select_from(_newest.join(events, events.c.task_id == _newest.c.id))
    .where(one_of(events.c.type, [step.value for step in _STEPS]))
    .group_by(_newest.c.id, _newest.c.asked)
)
_KEPT: Final = (
    select(blobs.c.media_type, func.count(), func.sum(blobs.c.bytes))
    .group_by(blobs.c.media_type)
    .order_by(func.sum(blobs.c.bytes).desc())
)
_bucket = tasks.c.created_at - tasks.c.created_at % bindparam("step", type_=BigInteger)
_OVER_TIME: Final = (
    select(_bucket.label("at"), tasks.c.status, func.count())
    .where(
        one_of(tasks.c.status, sorted(Status)),
        tasks.c.created_at >= bindparam("since"),
        tasks.c.created_at < bindparam("until"),
    )
    .group_by("at", tasks.c.status)
)


def marks(conn: Connection, since: int, until: int, *, most: int = LOOKED_AT) -> list[Marks]:
    """Give when the steps of the newest finished clips of a stretch began."""
    rows = conn.execute(_MARKS, {"since": since, "until": until, "most": most})
    return [Marks(*row) for row in rows]


def kept(conn: Connection) -> list[Kept]:
    """Count the stored files and their bytes by media type, the most bytes first."""
    return [Kept(kind, files, int(size)) for kind, files, size in conn.execute(_KEPT)]


def over_time(conn: Connection, since: int, until: int, step: int) -> list[Bucket]:
    """Count the tasks created in a stretch by status and step of so many milliseconds."""
    rows = conn.execute(_OVER_TIME, {"since": since, "until": until, "step": step})
    return [Bucket(*row) for row in rows]
