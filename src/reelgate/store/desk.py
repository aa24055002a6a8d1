"""The work of everybody, for whoever keeps the installation running: what is open, and what ended lately.

Each status is read through its own index, so that a page costs the same however many tasks there ever were.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, func, or_, select

from reelgate.core.errors import Failure
from reelgate.core.lifecycle import OPEN, Status
from reelgate.store import jsontext
from reelgate.store.prepared import one_of
from reelgate.store.rows import named, names_of
from reelgate.store.tables import attempts, projects, tasks, users


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for; None leaves a thing open."""

    statuses: Sequence[Status]
    channel_id: str | None = None
    user_id: str | None = None
    model: str | None = None
    ended_since: int = 0
    """From when on an ended task is still shown, in milliseconds since 1970."""
    beyond: tuple[int, str] | None = None
    """The time of creation and id of the last task of the page before."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One task on the desk. Times are milliseconds since 1970."""

    id: str
    status: Status
    model: str
    served_model: str
    user_id: str
    user: str
    project_id: str
    project: str
    channel_id: str | None
    surface: str
    verb: str
    prompt: str
    size: str
    seconds_total: int
    phase: str | None
    progress: int | None
    attempts: int
    ref: str | None
    error: Failure | None
    quote: int
    currency: str
    disputed: bool
    priority: int
    created_at: int
    start_after: int | None
    started_at: int | None
    finished_at: int | None
    overdue_at: int | None
    cancel_requested_at: int | None


class Tally(msgspec.Struct, frozen=True):
    """How many open tasks somebody has in one status on one channel."""

    status: Status
    channel_id: str | None
    user_id: str
    user: str
    tasks: int


_FIELDS: Final = names_of(Job)
_ELSEWHERE: Final = {
    "user": users.c.name.label("user"),
    "project": projects.c.name.label("project"),
    "ref": attempts.c.ref.label("ref"),
}
_COLUMNS: Final = [_ELSEWHERE[name] if name in _ELSEWHERE else tasks.c[name] for name in _FIELDS]
_TALLIES: Final = (
    select(tasks.c.status, tasks.c.channel_id, tasks.c.user_id, users.c.name, func.count())
    .join(users, users.c.id == tasks.c.user_id)
    .where(one_of(tasks.c.status, sorted(OPEN)))
    .group_by(tasks.c.status, tasks.c.channel_id, tasks.c.user_id, users.c.name)
)


def page(conn: Connection, wanted: Wanted, *, limit: int) -> list[Job]:
    """Give the newest tasks that are wanted, by time of creation."""
    found = [job for status in wanted.statuses for job in _of_status(conn, wanted, status, limit)]
    return sorted(found, key=lambda job: (job.created_at, job.id), reverse=True)[:limit]


def _of_status(conn: Connection, wanted: Wanted, status: Status, limit: int) -> list[Job]:
    statement: Any = (
        select(*_COLUMNS)
        .join(users, users.c.id == tasks.c.user_id)
        .join(projects, projects.c.id == tasks.c.project_id)
        .join(attempts, attempts.c.id == tasks.c.attempt_id, isouter=True)
        .where(tasks.c.status == status.value, *_conditions(wanted, status))
        .order_by(tasks.c.created_at.desc(), tasks.c.id.desc())
        .limit(limit)
    )
    return [_job(row) for row in conn.execute(statement)]


def _conditions(wanted: Wanted, status: Status) -> list[ColumnElement[bool]]:
    given: list[Any] = []
    if status not in OPEN:
        # A task ends after it was made, so the index still bounds what is read.
        given += [tasks.c.created_at >= wanted.ended_since, tasks.c.deleted_at.is_(None)]
    if wanted.channel_id is not None:
        given.append(tasks.c.channel_id == wanted.channel_id)
    if wanted.user_id is not None:
        given.append(tasks.c.user_id == wanted.user_id)
    if wanted.model is not None:
        given.append(or_(tasks.c.model == wanted.model, tasks.c.served_model == wanted.model))
    if wanted.beyond is not None:
        at, task_id = wanted.beyond
        given.append(
            or_(tasks.c.created_at < at, (tasks.c.created_at == at) & (tasks.c.id < task_id)),
        )
    return given


def _job(row: Iterable[Any]) -> Job:
    fields = named(_FIELDS, row)
    fields["status"] = Status(fields["status"])
    fields["error"] = jsontext.load_failure(fields["error"])
    return Job(**fields)


def tallies(conn: Connection) -> list[Tally]:
    """Count open tasks by status, channel and user."""
    rows: Any = conn.execute(_TALLIES)
    return [Tally(Status(row[0]), *row[1:]) for row in rows]
