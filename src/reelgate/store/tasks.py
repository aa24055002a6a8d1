"""Tasks: put, look, page, lease and move.

Every write after the first is fenced: it names the lease epoch it was made under and does nothing
when another owner has leased the task since.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Generic, TypeVar

import msgspec
from sqlalchemy import (
    BindParameter,
    Connection,
    Text,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy import insert as insert_into

from reelgate.core.errors import Failure
from reelgate.core.lifecycle import OPEN, Status, may_move
from reelgate.core.money import Micro
from reelgate.core.task import Request, Task
from reelgate.store import jsontext
from reelgate.store.prepared import Prepared, Rows, one_of
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import attempts, task_inputs, tasks

T = TypeVar("T")

_requests = msgspec.json.Decoder(Request)
_FIELDS: Final = names_of(Task)
_COLUMNS: Final = columns_of(tasks, Task)

CHANGEABLE: Final = frozenset(_FIELDS) - {
    "id",
    "user_id",
    "project_id",
    "key_id",
    "surface",
    "request",
    "created_at",
    "updated_at",
    "lease_epoch",
    "event_seq",
}
"""What `move` and `mark` may change; identity, the request and the counters of other functions are not among it."""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list and whether more follow it."""

    items: tuple[T, ...]
    has_more: bool


class OpenTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a runner needs to know about an unfinished task to wake it up."""

    id: str
    status: Status
    channel_id: str | None
    priority: int
    created_at: int
    model: str
    served_model: str
    user_id: str
    lease_epoch: int
    started_at: int | None
    unconfirmed_at: int | None
    cancel_requested_at: int | None
    turn: int | None
    start_after: int | None


class StatusRow(msgspec.Struct, frozen=True, kw_only=True):
    """What a status answer shows of a task, read without decoding its request."""

    id: str
    user_id: str
    status: Status
    model: str
    served_model: str
    prompt: str
    size: str
    seconds_total: int
    verb: str
    parent_id: str | None
    quote: Micro
    currency: str
    channel_id: str | None
    progress: int | None
    phase: str | None
    error: Failure | None
    event_seq: int
    created_at: int
    updated_at: int
    started_at: int | None
    finished_at: int | None
    completed_at: int | None
    expires_at: int | None
    overdue_at: int | None
    cancel_requested_at: int | None
    start_after: int | None
    adapted: str | None = None

    @property
    def remixed_from(self) -> str | None:
        """The task this one is a remix of; None for every other verb."""
        return self.parent_id if self.verb == "remix" else None


_OPEN_FIELDS: Final = names_of(OpenTask)
_STATUS_FIELDS: Final = names_of(StatusRow)
STATUS_COLUMNS: Final = columns_of(tasks, StatusRow)
_STATUSES: Final = {status.value: status for status in Status}

_by_id: BindParameter[str] = bindparam("task_id")
_visible = and_(
    tasks.c.id == _by_id, tasks.c.project_id == bindparam("project_id"), tasks.c.deleted_at.is_(None)
)
_INSERT: Final = Prepared(
    insert_into(tasks),
    columns=(*_FIELDS, "prompt", "size", "seconds_total", "verb", "parent_id"),
)
_INSERT_INPUT: Final = Prepared(
    insert_into(task_inputs), columns=("task_id", "position", "role", "sha256", "created_at")
)
_GET: Final = Prepared(select(*_COLUMNS).where(tasks.c.id == _by_id))
_GET_VISIBLE: Final = Prepared(select(*_COLUMNS).where(_visible))
_STATUS: Final = Prepared(select(*STATUS_COLUMNS).where(_visible))
_LEASE: Final = Prepared(
    update(tasks)
    .where(tasks.c.id == _by_id)
    .values(lease_epoch=tasks.c.lease_epoch + 1, leased_at=bindparam("now"))
    .returning(*_COLUMNS)
)
_LEASE_MANY: Final = Prepared(
    update(tasks)
    .where(tasks.c.id.in_(select(column("value", Text)).select_from(func.json_each(bindparam("ids")))))
    .values(lease_epoch=tasks.c.lease_epoch + 1, leased_at=bindparam("now"))
    .returning(*_COLUMNS)
)
_OPEN_TASKS: Final = Prepared(
    select(*columns_of(tasks, OpenTask))
    .where(one_of(tasks.c.status, sorted(OPEN)))
    .order_by(tasks.c.created_at, tasks.c.id)
)
_REQUEST_CANCEL: Final = (
    update(tasks)
    .where(
        tasks.c.id == _by_id,
        one_of(tasks.c.status, sorted(OPEN)),
        tasks.c.cancel_requested_at.is_(None),
    )
    .values(cancel_requested_at=bindparam("now"), updated_at=bindparam("now"))
)
_MARK_DELETED: Final = (
    update(tasks)
    .where(tasks.c.id == _by_id, tasks.c.deleted_at.is_(None))
    .values(deleted_at=bindparam("now"), updated_at=bindparam("now"))
)
_UNCONFIRMED_DUE: Final = (
    select(tasks.c.id)
    .where(tasks.c.status == Status.UNCONFIRMED.value, tasks.c.unconfirmed_at <= bindparam("before_ms"))
    .order_by(tasks.c.unconfirmed_at, tasks.c.id)
)
_QUEUED: Final = (
    select(tasks.c.id)
    .where(tasks.c.status == Status.QUEUED.value, tasks.c.served_model == bindparam("model"))
    .order_by(tasks.c.created_at, tasks.c.id)
)
_WAITING: Final = (
    select(tasks.c.id)
    .where(
        tasks.c.status == Status.QUEUED.value,
        func.coalesce(tasks.c.start_after, tasks.c.created_at) < bindparam("before"),
    )
    .order_by(tasks.c.created_at, tasks.c.id)
    .limit(bindparam("most"))
)
_DISPUTED: Final = (
    select(*_COLUMNS).where(tasks.c.disputed.is_(True)).order_by(tasks.c.finished_at, tasks.c.id)
)
_COUNTS: Final = select(tasks.c.status, func.count()).group_by(tasks.c.status)
_SETTLE_DISPUTE: Final = (
    update(tasks)
    .where(tasks.c.id == _by_id, tasks.c.disputed.is_(True))
    .values(disputed=False, updated_at=bindparam("now"))
)
_CANCELS_WANTED: Final = select(attempts.c.channel_id, attempts.c.ref).where(
    attempts.c.id == tasks.c.attempt_id,
    tasks.c.status == Status.RUNNING.value,
    tasks.c.cancel_requested_at > 0,
    attempts.c.ref.is_not(None),
)
_PLACE: Final = select(tasks.c.created_at).where(
    tasks.c.id == _by_id, tasks.c.project_id == bindparam("project_id")
)


def _page_statement(columns: tuple[Any, ...], *, ascending: bool, beyond: bool) -> Prepared:
    place = tuple_(tasks.c.created_at, tasks.c.id)
    statement = select(*columns).where(
        tasks.c.project_id == bindparam("project_id"), tasks.c.deleted_at.is_(None)
    )
    if beyond:
        cut = tuple_(bindparam("cut_at"), bindparam("cut_id"))
        statement = statement.where(place > cut if ascending else place < cut)
    if ascending:
        statement = statement.order_by(tasks.c.created_at, tasks.c.id)
    else:
        statement = statement.order_by(tasks.c.created_at.desc(), tasks.c.id.desc())
    return Prepared(statement.limit(bindparam("limit")))


_PAGES: Final = {
    (ascending, beyond): _page_statement(_COLUMNS, ascending=ascending, beyond=beyond)
    for ascending in (False, True)
    for beyond in (False, True)
}
_STATUS_PAGES: Final = {
    (ascending, beyond): _page_statement(STATUS_COLUMNS, ascending=ascending, beyond=beyond)
    for ascending in (False, True)
    for beyond in (False, True)
}


def _task(row: Iterable[Any]) -> Task:
    fields = named(_FIELDS, row)
    fields["status"] = _STATUSES[fields["status"]]
    fields["request"] = _requests.decode(fields["request"])
    fields["error"] = jsontext.load_failure(fields["error"])
    return Task(**fields)


def read_status_row(row: Iterable[Any]) -> StatusRow:
    """Read a row of STATUS_COLUMNS."""
    fields = named(_STATUS_FIELDS, row)
    fields["status"] = _STATUSES[fields["status"]]
    fields["error"] = jsontext.load_failure(fields["error"])
    return StatusRow(**fields)


def insert(conn: Connection, task: Task) -> None:
    """Write a new task and the files it works from."""
    request = task.request
    values = values_of(task)
    values.update(
        status=task.status.value,
        request=jsontext.dump(request),
        error=jsontext.dump_failure(task.error),
        prompt=request.prompt,
        size=str(request.size),
        seconds_total=request.total_seconds,
        verb=request.verb.value,
        parent_id=request.parent_id,
    )
    _INSERT.run(conn, values)
    for position, item in enumerate(request.inputs):
        place = {"task_id": task.id, "position": position, "created_at": task.created_at}
        _INSERT_INPUT.run(conn, {**place, "role": item.role.value, "sha256": item.sha256})


def get(conn: Connection, task_id: str) -> Task | None:
    """Give a task, deleted or not."""
    row = _GET.first(conn, {"task_id": task_id})
    return None if row is None else _task(row)


def get_visible(conn: Connection, task_id: str, project_id: str) -> Task | None:
    """Give a task of a project; a deleted or foreign one is not there."""
    row = _GET_VISIBLE.first(conn, {"task_id": task_id, "project_id": project_id})
    return None if row is None else _task(row)


def status_row(conn: Connection, task_id: str, project_id: str) -> StatusRow | None:
    """Give what a status answer shows of a task of a project; a deleted or foreign one is not there."""
    row = _STATUS.first(conn, {"task_id": task_id, "project_id": project_id})
    return None if row is None else read_status_row(row)


def status_rows(conn: Connection, task_ids: Sequence[str]) -> list[StatusRow]:
    """Give what is shown of several tasks, in no order; deleted ones are left out."""
    statement = select(*STATUS_COLUMNS).where(tasks.c.id.in_(task_ids), tasks.c.deleted_at.is_(None))
    return [read_status_row(row) for row in conn.execute(statement)]


def page(conn: Connection, project_id: str, *, limit: int, after: str | None, ascending: bool) -> Page[Task]:
    """Give the tasks that follow `after` by time of creation; an unknown `after` has nothing behind it."""
    rows, more = _page(conn, _PAGES, project_id, limit, after, ascending)
    return Page(tuple(_task(row) for row in rows), more)


def status_page(
    conn: Connection, project_id: str, *, limit: int, after: str | None, ascending: bool
) -> Page[StatusRow]:
    """Give the same page as `page`, as status rows."""
    rows, more = _page(conn, _STATUS_PAGES, project_id, limit, after, ascending)
    return Page(tuple(read_status_row(row) for row in rows), more)


def _page(
    conn: Connection,
    statements: Mapping[tuple[bool, bool], Prepared],
    project_id: str,
    limit: int,
    after: str | None,
    ascending: bool,
) -> tuple[Rows, bool]:
    if limit <= 0:
        return [], False
    values: dict[str, Any] = {"project_id": project_id, "limit": limit + 1}
    if after is not None:
        # A deleted task still marks a place, so that deleting while paging skips nothing.
        cut_at = conn.execute(_PLACE, {"task_id": after, "project_id": project_id}).scalar()
        if cut_at is None:
            return [], False
        values.update(cut_at=cut_at, cut_id=after)
    rows = statements[ascending, after is not None].all(conn, values)
    return rows[:limit], len(rows) > limit


def lease(conn: Connection, task_id: str, now: int) -> Task | None:
    """Become the task's owner: raise its epoch and give the fresh row; None when there is no such task."""
    row = _LEASE.first(conn, {"task_id": task_id, "now": now})
    return None if row is None else _task(row)


def lease_many(conn: Connection, task_ids: Iterable[str], now: int) -> dict[str, Task]:
    """Become the owner of several tasks and give their fresh rows by id; those that do not exist are left out."""
    if conn.dialect.name == "postgresql":
        # One after the other and in order, so that two processes never wait for each other's rows.
        found = [lease(conn, task_id, now) for task_id in sorted(task_ids)]
        return {task.id: task for task in found if task is not None}
    values = {"ids": jsontext.dump(list(task_ids)), "now": now}
    return {row[0]: _task(row) for row in _LEASE_MANY.all(conn, values)}


@lru_cache(maxsize=512)
def _move_statement(names: tuple[str, ...], before: frozenset[Status]) -> Prepared:
    return Prepared(
        update(tasks)
        .where(
            tasks.c.id == bindparam("b_task_id"),
            tasks.c.lease_epoch == bindparam("b_epoch"),
            one_of(tasks.c.status, sorted(before)),
        )
        .values({name: bindparam(f"v_{name}") for name in names})
    )


def move(
    conn: Connection,
    task_id: str,
    *,
    epoch: int,
    before: frozenset[Status],
    changes: Mapping[str, Any],
    now: int,
) -> bool:
    """Change a task if it is still ours and still in one of `before`; tell whether that was so.

    Raises ValueError when `changes` names a status that the lifecycle does not reach from all of
    `before`, or a field that must not change.
    """
    after = changes.get("status")
    if after is not None and not all(may_move(status, Status(after)) for status in before):
        msg = f"the lifecycle has no edge from each of {sorted(before)} to {after}"
        raise ValueError(msg)
    unknown = changes.keys() - CHANGEABLE
    if unknown:
        msg = f"these fields of a task do not change: {sorted(unknown)}"
        raise ValueError(msg)
    values = {f"v_{name}": _stored(name, value) for name, value in changes.items()}
    values.update(v_updated_at=now, b_task_id=task_id, b_epoch=epoch)
    statement = _move_statement((*sorted(changes), "updated_at"), before)
    return statement.run(conn, values) == 1


def _stored(name: str, value: Any) -> Any:
    if name == "error":
        return jsontext.dump_failure(value)
    return Status(value).value if name == "status" else value


def open_tasks(conn: Connection) -> list[OpenTask]:
    """List every unfinished task, oldest first."""
    return [_open_task(row) for row in _OPEN_TASKS.all(conn)]


def _open_task(row: Iterable[Any]) -> OpenTask:
    fields = named(_OPEN_FIELDS, row)
    fields["status"] = _STATUSES[fields["status"]]
    return OpenTask(**fields)


def request_cancel(conn: Connection, task_id: str, now: int) -> bool:
    """Note the wish to cancel an unfinished task; False when it has ended or the wish was already there."""
    return conn.execute(_REQUEST_CANCEL, {"task_id": task_id, "now": now}).rowcount == 1


def mark_deleted(conn: Connection, task_id: str, now: int) -> bool:
    """Hide a task from its owner; False when it is already hidden or unknown."""
    return conn.execute(_MARK_DELETED, {"task_id": task_id, "now": now}).rowcount == 1


def rehouse(conn: Connection, task_id: str, project_id: str, now: int) -> bool:
    """Move an ended task into another project; False when it has not ended."""
    statement = update(tasks).where(tasks.c.id == task_id, tasks.c.finished_at.is_not(None))
    return conn.execute(statement.values(project_id=project_id, updated_at=now)).rowcount == 1


def unconfirmed_due(conn: Connection, before_ms: int) -> list[str]:
    """List the tasks that have been unconfirmed since `before_ms` or longer, oldest first."""
    return list(conn.execute(_UNCONFIRMED_DUE, {"before_ms": before_ms}).scalars())


def queued(conn: Connection, model: str) -> list[str]:
    """List the tasks that wait for a model, oldest first."""
    return list(conn.execute(_QUEUED, {"model": model}).scalars())


def waiting_since(conn: Connection, before: int, most: int) -> list[str]:
    """List the tasks that could have been sent before a moment and still wait, oldest first."""
    return list(conn.execute(_WAITING, {"before": before, "most": most}).scalars())


def disputed(conn: Connection) -> list[Task]:
    """List the tasks whose money waits for somebody's decision, oldest first."""
    return [_task(row) for row in conn.execute(_DISPUTED)]


def counts(conn: Connection) -> dict[Status, int]:
    """Count all tasks by status; a status nobody is in counts zero."""
    found = {_STATUSES[status]: count for status, count in conn.execute(_COUNTS)}
    return {status: found.get(status, 0) for status in Status}


def settle_dispute(conn: Connection, task_id: str, now: int) -> bool:
    """Note that the money of a task is no longer in dispute; True for the one caller that ended it."""
    return conn.execute(_SETTLE_DISPUTE, {"task_id": task_id, "now": now}).rowcount == 1


def cancels_wanted(conn: Connection) -> list[tuple[str, str]]:
    """List channel and ref of every running task that somebody wants cancelled."""
    return [(channel_id, ref) for channel_id, ref in conn.execute(_CANCELS_WANTED)]


_IN_DOUBT: Final = (
    select(*_COLUMNS, attempts.c.ref)
    .join(attempts, attempts.c.id == tasks.c.attempt_id, isouter=True)
    .where(or_(tasks.c.status == Status.UNCONFIRMED.value, tasks.c.disputed.is_(True)))
    .order_by(tasks.c.created_at, tasks.c.id)
)


def in_doubt(conn: Connection) -> list[tuple[Task, str | None]]:
    """List every task that waits for somebody's decision, oldest first, with its upstream's ref when known."""
    return [(_task(row[:-1]), row[-1]) for row in conn.execute(_IN_DOUBT)]
