"""The log of events: appended with the change they tell of, read in cursor order, never skipped.

SQLite has one writer, so cursors are committed in the order they are given. PostgreSQL gives
cursors in one order and commits in another: a reader that simply asks for what is beyond its
cursor would step over a row that is numbered lower and committed later. So an append first takes
a shared advisory lock that says "my cursors will be above this one", and a reader goes only as
far as the lowest such promise still held. Nobody ever waits for these locks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, text, update
from sqlalchemy import insert as insert_into

from reelgate.core.events import Event, EventType
from reelgate.core.lifecycle import TERMINAL
from reelgate.core.task import Task
from reelgate.store import jsontext
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of
from reelgate.store.tables import events, tasks

_FIELDS: Final = names_of(Event)
_COLUMNS: Final = columns_of(events, Event)
_TYPES: Final = {type_.value: type_ for type_ in EventType}
_datas = msgspec.json.Decoder(dict[str, Any])

_NUMBER: Final = Prepared(
    update(tasks)
    .where(tasks.c.id == bindparam("b_task_id"))
    .values(event_seq=tasks.c.event_seq + 1)
    .returning(tasks.c.event_seq, tasks.c.user_id, tasks.c.project_id)
)
_WRITTEN: Final = tuple(name for name in _FIELDS if name != "cursor")
_INSERT: Final = Prepared(insert_into(events).returning(events.c.cursor), columns=_WRITTEN)
_INSERT_FIRST: Final = Prepared(insert_into(events).inline(), columns=_WRITTEN)

# 21063 << 48: the upper sixteen bits name these locks, the lower forty-eight carry the cursor.
_PROMISE: Final = text(
    """
    SELECT pg_advisory_xact_lock_shared(
        (21063::bigint << 48) + CASE WHEN is_called THEN last_value ELSE last_value - 1 END)
    FROM events_cursor_seq
    """
)
_GIVEN: Final = text(
    """
    SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END,
           current_setting('transaction_isolation')
    FROM events_cursor_seq
    """
)
_LOWEST_PROMISE: Final = text(
    """
    SELECT min(((classid::bigint & 65535) << 32) | objid::bigint)
    FROM pg_locks
    WHERE locktype = 'advisory' AND objsubid = 1 AND classid::bigint >> 16 = 21063
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    """
)


def _after_statement(*, of_project: bool, of_task: bool) -> Prepared:
    statement = select(*_COLUMNS).where(
        events.c.cursor > bindparam("beyond"), events.c.cursor <= bindparam("upto")
    )
    if of_project:
        statement = statement.where(events.c.project_id == bindparam("project_id"))
    if of_task:
        statement = statement.where(events.c.task_id == bindparam("task_id"))
    return Prepared(statement.order_by(events.c.cursor).limit(bindparam("limit")))


_AFTER: Final = {
    (of_project, of_task): _after_statement(of_project=of_project, of_task=of_task)
    for of_project in (False, True)
    for of_task in (False, True)
}
_OF_TASK: Final = (
    select(*_COLUMNS)
    .where(events.c.task_id == bindparam("task_id"), events.c.seq > bindparam("beyond"))
    .order_by(events.c.seq)
)
_GET: Final = select(*_COLUMNS).where(events.c.id == bindparam("event_id"))
_NEWEST: Final = select(func.coalesce(func.max(events.c.cursor), 0))
_OLDEST: Final = select(func.min(events.c.cursor))

_newer = events.alias("newer")
_DONE_TELLING: Final = (
    select(events.c.task_id)
    .join(tasks, tasks.c.id == events.c.task_id)
    .where(
        events.c.seq == 1,
        events.c.created_at < bindparam("before"),
        tasks.c.status.in_(sorted(status.value for status in TERMINAL)),
        ~select(_newer.c.cursor)
        .where(_newer.c.task_id == tasks.c.id, _newer.c.created_at >= bindparam("before"))
        .exists(),
    )
    .order_by(events.c.cursor)
    .limit(bindparam("limit"))
)
_PRUNE: Final = delete(events).where(events.c.task_id.in_(_DONE_TELLING.scalar_subquery()))

NO_END: Final = 2**62


def _event(row: Iterable[Any]) -> Event:
    fields = named(_FIELDS, row)
    fields["type"] = _TYPES[fields["type"]]
    fields["data"] = _datas.decode(fields["data"])
    return Event(**fields)


def append(
    conn: Connection,
    task_id: str,
    type: EventType,
    data: Mapping[str, Any],
    now: int,
    event_id: str,
) -> Event:
    """Write the next event of a task, in the transaction of the change it tells of.

    Raises LookupError when there is no such task.
    """
    numbered = _NUMBER.first(conn, {"b_task_id": task_id})
    if numbered is None:
        msg = f"there is no task `{task_id}` to tell about"
        raise LookupError(msg)
    seq, user_id, project_id = numbered
    values = {
        "id": event_id,
        "task_id": task_id,
        "user_id": user_id,
        "project_id": project_id,
        "seq": seq,
        "type": type.value,
        "created_at": now,
    }
    _promise(conn)
    [(cursor,)] = _INSERT.all(conn, {**values, "data": jsontext.dump(data)})
    return Event(
        cursor=cursor,
        id=event_id,
        task_id=task_id,
        user_id=user_id,
        project_id=project_id,
        seq=seq,
        type=type,
        created_at=now,
        data=dict(data),
    )


def open_with(conn: Connection, task: Task, type: EventType, data: Mapping[str, Any], event_id: str) -> None:
    """Write the event a task begins with; the task's row was inserted with it counted already."""
    _promise(conn)
    values = {
        "id": event_id,
        "task_id": task.id,
        "user_id": task.user_id,
        "project_id": task.project_id,
        "seq": 1,
        "type": type.value,
        "created_at": task.created_at,
        "data": jsontext.dump(data),
    }
    _INSERT_FIRST.run(conn, values)


def _promise(conn: Connection) -> None:
    if conn.dialect.name == "postgresql":
        conn.execute(_PROMISE)


def after(
    conn: Connection,
    cursor: int,
    *,
    project_id: str | None = None,
    task_id: str | None = None,
    limit: int,
    known: int = 0,
) -> list[Event]:
    """Give the events beyond `cursor` in order; an event not given now is never numbered below one that is.

    Up to `known` some reader has been already. What is settled may lie below that for a moment: a writer
    reads the newest cursor and makes its promise a little later.
    """
    values: dict[str, Any] = {"beyond": cursor, "upto": max(known, _settled(conn)), "limit": limit}
    if project_id is not None:
        values["project_id"] = project_id
    if task_id is not None:
        values["task_id"] = task_id
    statement = _AFTER[project_id is not None, task_id is not None]
    return [_event(row) for row in statement.all(conn, values)]


def _settled(conn: Connection) -> int:
    """Give the cursor up to which every number is committed or will never be used."""
    if conn.dialect.name != "postgresql":
        return NO_END
    # In this order: whoever was given a number up to `given` still shows its promise now, or
    # has ended, and then the statement that reads the rows sees them.
    given, isolation = conn.execute(_GIVEN).one()
    if isolation != "read committed":
        msg = f"events are read with a fresh view for each statement, not under {isolation}"
        raise RuntimeError(msg)
    lowest: int | None = conn.execute(_LOWEST_PROMISE).scalar_one()
    return given if lowest is None else min(given, lowest)


def latest_cursor(conn: Connection) -> int:
    """Give the cursor from which a reader sees only what happens from now on."""
    if conn.dialect.name == "postgresql":
        return _settled(conn)
    return conn.execute(_NEWEST).scalar_one()


def oldest_cursor(conn: Connection) -> int | None:
    """Give the cursor of the oldest event still kept; None when the log is empty."""
    return conn.execute(_OLDEST).scalar_one()


def get(conn: Connection, event_id: str) -> Event | None:
    """Give one event by its id."""
    row = conn.execute(_GET, {"event_id": event_id}).first()
    return None if row is None else _event(row)


def of_task(conn: Connection, task_id: str, *, beyond: int = 0) -> list[Event]:
    """Give the events of a task with a sequence number beyond `beyond`, in order."""
    return [_event(row) for row in conn.execute(_OF_TASK, {"task_id": task_id, "beyond": beyond})]


def prune(conn: Connection, before: int, *, limit: int = 500) -> int:
    """Forget the whole history of up to `limit` ended tasks that were silent since `before`; count the rows."""
    return conn.execute(_PRUNE, {"before": before, "limit": limit}).rowcount
