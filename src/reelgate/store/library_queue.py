"""The queue of a project: what waits, what runs, what needs somebody, and what ended lately."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, func, or_, select

from reelgate.core.lifecycle import OPEN, Status
from reelgate.store.library_items import Item
from reelgate.store.rows import columns_of, named, names_of
from reelgate.store.tables import library_items, tasks

_WAITING = (Status.QUEUED.value, Status.SUBMITTING.value)
_RUNNING = (Status.RUNNING.value, Status.ARCHIVING.value)


def lanes(project_id: str, since: int) -> dict[str, ColumnElement[bool]]:
    """Give the condition of each lane."""
    mine = (tasks.c.project_id == project_id) & tasks.c.deleted_at.is_(None)
    ended = tasks.c.status.not_in([status.value for status in OPEN])
    doubtful = or_(tasks.c.status == Status.UNCONFIRMED.value, tasks.c.disputed.is_(True))
    return {
        "waiting": mine & tasks.c.status.in_(_WAITING),
        "running": mine & tasks.c.status.in_(_RUNNING),
        "needs_you": mine & doubtful,
        "done": mine & ended & tasks.c.disputed.is_(False) & (tasks.c.finished_at >= since),
    }


def lane(conn: Connection, which: ColumnElement[bool], *, newest: bool, limit: int) -> tuple[int, list[Item]]:
    """Count the items of a lane and give the first of them."""
    count = conn.execute(select(func.count()).select_from(tasks).where(which)).scalar_one()
    statement: Any = (
        select(*columns_of(library_items, Item)).join(tasks, tasks.c.id == library_items.c.id).where(which)
    )
    order = (tasks.c.finished_at.desc(), tasks.c.id.desc()) if newest else (tasks.c.created_at, tasks.c.id)
    rows = conn.execute(statement.order_by(*order).limit(limit))
    return count, [Item(**named(names_of(Item), row)) for row in rows]


def ahead(conn: Connection, model: str, created_at: int, task_id: str) -> int:
    """Count the waiting tasks of a model, of everybody, that came before one."""
    earlier = or_(
        tasks.c.created_at < created_at, (tasks.c.created_at == created_at) & (tasks.c.id < task_id)
    )
    statement = select(func.count()).select_from(tasks)
    statement = statement.where(tasks.c.status == Status.QUEUED.value, tasks.c.served_model == model, earlier)
    return int(conn.execute(statement).scalar_one())
