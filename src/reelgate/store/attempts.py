"""Attempts: one paid submission each, written before it is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, bindparam, func, or_, select
from sqlalchemy import insert as insert_into
from sqlalchemy import update as update_of

from reelgate.core.task import Attempt, AttemptState
from reelgate.store import jsontext
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of
from reelgate.store.tables import attempts, tasks

_FIELDS: Final = names_of(Attempt)
_COLUMNS: Final = columns_of(attempts, Attempt)

CHANGEABLE: Final = frozenset(
    {"state", "ref", "error", "submitted_at", "ended_at", "lease_epoch", "upstream_id", "cost"}
)
"""What `update` may change."""

_INSERT: Final = Prepared(insert_into(attempts), columns=_FIELDS)
_GET: Final = Prepared(select(*_COLUMNS).where(attempts.c.id == bindparam("attempt_id")))
_OF_TASK: Final = (
    select(*_COLUMNS).where(attempts.c.task_id == bindparam("task_id")).order_by(attempts.c.number)
)
_REFS: Final = select(attempts.c.ref).where(
    attempts.c.channel_id == bindparam("channel_id"), attempts.c.ref.is_not(None)
)
_BY_REF: Final = (
    select(*_COLUMNS)
    .where(attempts.c.channel_id == bindparam("channel_id"), attempts.c.ref == bindparam("ref"))
    .order_by(attempts.c.created_at.desc(), attempts.c.id.desc())
    .limit(1)
)
_SET_REF: Final = (
    update_of(attempts)
    .where(attempts.c.id == bindparam("b_attempt_id"), attempts.c.ref.is_(None))
    .values(ref=bindparam("v_ref"))
)
_END: Final = (
    update_of(attempts)
    .where(attempts.c.id == bindparam("b_attempt_id"), attempts.c.ended_at.is_(None))
    .values(state=AttemptState.ENDED.value, ended_at=bindparam("now"))
)
_REF_OF_TASK: Final = (
    select(attempts.c.ref)
    .where(
        attempts.c.task_id == bindparam("task_id"),
        attempts.c.channel_id == bindparam("channel_id"),
        attempts.c.ref.is_not(None),
    )
    .order_by(attempts.c.number.desc())
    .limit(1)
)
_OUTSIDE: Final = (
    select(attempts.c.task_id, func.coalesce(attempts.c.upstream_id, attempts.c.ref))
    .join(tasks, tasks.c.attempt_id == attempts.c.id)
    .where(tasks.c.id.in_(bindparam("task_ids", expanding=True)), attempts.c.ref.is_not(None))
)
_WITH_KEY: Final = (
    select(func.count())
    .select_from(attempts)
    .join(tasks, tasks.c.attempt_id == attempts.c.id)
    .where(
        attempts.c.key_id == bindparam("key_id"),
        or_(tasks.c.finished_at.is_(None), tasks.c.disputed.is_(True)),
    )
)


def _attempt(row: Iterable[Any]) -> Attempt:
    fields = named(_FIELDS, row)
    fields["state"] = AttemptState(fields["state"])
    fields["error"] = jsontext.load_failure(fields["error"])
    return Attempt(**fields)


def insert(conn: Connection, attempt: Attempt) -> None:
    """Write down an attempt before its call is made."""
    values = {name: getattr(attempt, name) for name in _FIELDS}
    values.update(state=attempt.state.value, error=jsontext.dump_failure(attempt.error))
    _INSERT.run(conn, values)


def get(conn: Connection, attempt_id: str) -> Attempt | None:
    """Give one attempt."""
    row = _GET.first(conn, {"attempt_id": attempt_id})
    return None if row is None else _attempt(row)


def of_task(conn: Connection, task_id: str) -> list[Attempt]:
    """List the attempts of a task in the order they were made."""
    return [_attempt(row) for row in conn.execute(_OF_TASK, {"task_id": task_id})]


def by_ref(conn: Connection, channel_id: str, ref: str) -> Attempt | None:
    """Give the newest attempt that an upstream knows by `ref`."""
    row = conn.execute(_BY_REF, {"channel_id": channel_id, "ref": ref}).first()
    return None if row is None else _attempt(row)


@lru_cache(maxsize=64)
def _update_statement(names: tuple[str, ...]) -> Prepared:
    # The share lock keeps PostgreSQL from taking the write while another owner leases the task.
    still_ours = (
        select(tasks.c.id)
        .where(tasks.c.id == attempts.c.task_id, tasks.c.lease_epoch == bindparam("b_epoch"))
        .correlate(attempts)
        .with_for_update(read=True)
        .exists()
    )
    return Prepared(
        update_of(attempts)
        .where(attempts.c.id == bindparam("b_attempt_id"), still_ours)
        .values({name: bindparam(f"v_{name}") for name in names})
    )


def update(conn: Connection, attempt_id: str, *, epoch: int, changes: Mapping[str, Any]) -> bool:
    """Change an attempt if its task is still ours; tell whether that was so.

    Raises ValueError when `changes` names a field that must not change.
    """
    unknown = changes.keys() - CHANGEABLE
    if unknown or not changes:
        msg = f"these fields of an attempt do not change: {sorted(unknown)}"
        raise ValueError(msg)
    values = {f"v_{name}": _stored(name, value) for name, value in changes.items()}
    values.update(b_attempt_id=attempt_id, b_epoch=epoch)
    return _update_statement(tuple(sorted(changes))).run(conn, values) == 1


def _stored(name: str, value: Any) -> Any:
    if name == "error":
        return jsontext.dump_failure(value)
    return AttemptState(value).value if name == "state" else value


def refs_of_channel(conn: Connection, channel_id: str) -> frozenset[str]:
    """Give every ref that an attempt on this channel already has."""
    return frozenset(
        ref for ref in conn.execute(_REFS, {"channel_id": channel_id}).scalars() if ref is not None
    )


def set_ref(conn: Connection, attempt_id: str, ref: str) -> bool:
    """Note the ref of an attempt that has none yet, whoever owns its task; tell whether it was noted.

    Unfenced on purpose: a ref is knowledge that never contradicts anything.
    """
    return conn.execute(_SET_REF, {"b_attempt_id": attempt_id, "v_ref": ref}).rowcount == 1


def end(conn: Connection, attempt_id: str, *, now: int) -> bool:
    """Note that an attempt is over; False when it was already."""
    return conn.execute(_END, {"b_attempt_id": attempt_id, "now": now}).rowcount == 1


def ref_of_task(conn: Connection, task_id: str, channel_id: str) -> str | None:
    """Give the newest ref that a channel's upstream knows a task by."""
    return conn.execute(_REF_OF_TASK, {"task_id": task_id, "channel_id": channel_id}).scalar()


def unfinished_with_key(conn: Connection, key_id: str) -> int:
    """Count the tasks that may still have to be asked about with a channel's key."""
    return conn.execute(_WITH_KEY, {"key_id": key_id}).scalar_one()


def outside_ids(conn: Connection, task_ids: Sequence[str]) -> dict[str, str]:
    """Give the upstream's own id of the present job of each of these tasks that has one."""
    rows = conn.execute(_OUTSIDE, {"task_ids": list(task_ids)})
    return {row.task_id: row[1] for row in rows}
