"""Tasks looked through by page, with filters and by words of their prompt, and counted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, func, or_, select

from reelgate.core.lifecycle import Status
from reelgate.core.task import Verb
from reelgate.store.tables import tasks
from reelgate.store.tasks import STATUS_COLUMNS, StatusRow, read_status_row


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What tasks are looked for; None leaves a thing open."""

    project_id: str
    statuses: Sequence[Status] | None = None
    model: str | None = None
    verb: Verb | None = None
    words: str | None = None
    """A part of the prompt or the id, whatever its case."""
    since: int | None = None
    until: int | None = None


class Found(msgspec.Struct, frozen=True):
    """One page, and how many there are altogether."""

    items: tuple[StatusRow, ...]
    total: int


class Tally(msgspec.Struct, frozen=True):
    """How many tasks of a project are in one status, and how long those that were finished took on average."""

    status: Status
    count: int
    average_ms: float | None


_TALLY: Final = (
    select(tasks.c.status, func.count(), func.avg(tasks.c.completed_at - tasks.c.created_at))
    .where(tasks.c.project_id == bindparam("project_id"), tasks.c.deleted_at.is_(None))
    .group_by(tasks.c.status)
)


def search(conn: Connection, wanted: Wanted, *, limit: int, offset: int, ascending: bool = False) -> Found:
    """Give one page of what is wanted, by time of creation."""
    conditions = _conditions(wanted)
    total = conn.execute(select(func.count()).select_from(tasks).where(*conditions)).scalar_one()
    order = (tasks.c.created_at, tasks.c.id)
    page = (
        select(*STATUS_COLUMNS)
        .where(*conditions)
        .order_by(*(order if ascending else (column.desc() for column in order)))
        .limit(limit)
        .offset(offset)
    )
    return Found(tuple(read_status_row(row) for row in conn.execute(page)), total)


def _conditions(wanted: Wanted) -> list[ColumnElement[bool]]:
    given: list[Any] = [tasks.c.project_id == wanted.project_id, tasks.c.deleted_at.is_(None)]
    if wanted.statuses is not None:
        given.append(tasks.c.status.in_([status.value for status in wanted.statuses]))
    if wanted.model is not None:
        given.append(or_(tasks.c.model == wanted.model, tasks.c.served_model == wanted.model))
    if wanted.verb is not None:
        given.append(tasks.c.verb == wanted.verb.value)
    if wanted.words:
        part = wanted.words.lower()
        given.append(
            or_(
                func.lower(tasks.c.prompt).contains(part, autoescape=True),
                tasks.c.id.contains(part, autoescape=True),
            )
        )
    if wanted.since is not None:
        given.append(tasks.c.created_at >= wanted.since)
    if wanted.until is not None:
        given.append(tasks.c.created_at <= wanted.until)
    return given


def tallies(conn: Connection, project_id: str) -> list[Tally]:
    """Count the tasks of a project by status."""
    rows = conn.execute(_TALLY, {"project_id": project_id})
    return [
        Tally(Status(status), count, None if average is None else float(average))
        for status, count, average in rows
    ]
