"""Limits and turns: allowances, buckets and lanes, each decided and changed in one statement."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, Final

import msgspec
from sqlalchemy import (
    BigInteger,
    BindParameter,
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    func,
    or_,
    select,
    update,
)

from reelgate.core.fairness import BEGINNING, REWIND_AT, cost
from reelgate.core.lifecycle import Status
from reelgate.core.limits import SKEW_US, Allowance, Rate, Standing, Subject, standing
from reelgate.store.prepared import Prepared, one_of
from reelgate.store.rows import named
from reelgate.store.tables import allowances, buckets, tasks, turns, users
from reelgate.store.upsert import Upsert, insert_on

_NOBODY: Final = ""
"""The user in whose row a lane keeps its own virtual time."""

_SET: Final = (
    "requests_per_minute",
    "calls_per_minute",
    "concurrency",
    "weight",
    "priority",
    "max_priority",
)
_FIELDS: Final = ("subject", "id", *_SET)
_ALL: Final = Prepared(
    select(allowances.c.subject, allowances.c.subject_id, *(allowances.c[name] for name in _SET)).order_by(
        allowances.c.subject, allowances.c.subject_id
    )
)
_PUT: Final = Upsert(
    allowances,
    ("subject", "subject_id"),
    change=lambda new: {name: new[name] for name in (*_SET, "updated_at")},
)
_REMOVE: Final = delete(allowances).where(
    allowances.c.subject == bindparam("b_subject"), allowances.c.subject_id == bindparam("b_id")
)
_USERS: Final = Prepared(select(users.c.id).limit(2))
_TURNS: Final = Prepared(select(turns.c.lane).limit(1))
_LOCK_USER: Final = Prepared(
    select(users.c.id).where(users.c.id == bindparam("user_id")).with_for_update(key_share=True)
)
_OF_USER: Final = and_(tasks.c.user_id == bindparam("user_id"), tasks.c.finished_at.is_(None))
_UNFINISHED: Final = Prepared(select(func.count()).select_from(tasks).where(_OF_USER))
_UNFINISHED_OF_KEY: Final = Prepared(
    select(func.count()).select_from(tasks).where(_OF_USER, tasks.c.key_id == bindparam("key_id"))
)


def _number(name: str) -> BindParameter[int]:
    return bindparam(name, type_=BigInteger)


def _greater(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one > other, one), else_=other)


@cache
def _take_statement(dialect: str) -> Prepared:
    """Write `core.limits.judge` as one statement; no row comes back when it refuses."""
    full_at = buckets.c.full_at
    impossible = full_at > _number("b_latest")
    before = case(
        (impossible, _number("b_bound")), (full_at < _number("b_now"), _number("b_now")), else_=full_at
    )
    insert: Any = insert_on(dialect)(buckets).values(name=bindparam("b_name"), full_at=_number("b_first"))
    return Prepared(
        insert.on_conflict_do_update(
            index_elements=("name",),
            set_={"full_at": before + _number("b_interval")},
            where=or_(full_at <= _number("b_bound"), impossible),
        ).returning(full_at)
    )


@cache
def _join_statement(dialect: str) -> Prepared:
    """Write `core.fairness.join` as one statement that gives the user's following turn."""
    lane_row = turns.alias("lane_row")
    present = func.coalesce(
        select(lane_row.c.following)
        .where(lane_row.c.lane == bindparam("b_lane"), lane_row.c.user_id == _NOBODY)
        .scalar_subquery(),
        BEGINNING,
    )
    insert: Any = insert_on(dialect)(turns).values(
        lane=bindparam("b_lane"), user_id=bindparam("b_user"), following=present + _number("b_cost")
    )
    follows = _greater(turns.c.following + _number("b_cost"), insert.excluded.following)
    return Prepared(
        insert.on_conflict_do_update(
            index_elements=("lane", "user_id"), set_={"following": follows}
        ).returning(turns.c.following)
    )


_BUCKET: Final = Prepared(select(buckets.c.full_at).where(buckets.c.name == bindparam("b_name")))
_GIVE_BACK: Final = Prepared(
    update(buckets)
    .where(buckets.c.name == bindparam("b_name"))
    .values(full_at=buckets.c.full_at - _number("b_interval"))
)
_SERVE: Final = Upsert(
    turns,
    ("lane", "user_id"),
    change=lambda new: {"following": new.following},
    when=lambda new: turns.c.following < new.following,
)
_OLD_BUCKETS: Final = Prepared(delete(buckets).where(buckets.c.full_at < _number("b_before")))
_HIGH_LANES: Final = Prepared(
    select(turns.c.lane).where(turns.c.user_id == _NOBODY, turns.c.following >= REWIND_AT)
)
_TO_COME: Final = (Status.QUEUED, Status.SUBMITTING, Status.UNCONFIRMED)
_WAITING: Final = Prepared(
    select(tasks.c.id)
    .where(
        one_of(tasks.c.status, [status.value for status in _TO_COME]),
        tasks.c.channel_id == bindparam("b_lane"),
        tasks.c.turn > 0,
    )
    .limit(1)
)
_FORGET_LANE: Final = Prepared(delete(turns).where(turns.c.lane == bindparam("b_lane")))


def put(conn: Connection, allowance: Allowance, now: int) -> None:
    """Set what a key, user or channel may use; an empty allowance is removed."""
    if allowance.empty:
        remove(conn, allowance.subject, allowance.id)
        return
    values = {name: getattr(allowance, name) for name in _SET}
    whose = {"subject": allowance.subject.value, "subject_id": allowance.id}
    _PUT.run(conn, {**whose, **values, "created_at": now, "updated_at": now})


def remove(conn: Connection, subject: Subject, subject_id: str) -> bool:
    """Lift all limits of a key, user or channel; False when it had none."""
    return conn.execute(_REMOVE, {"b_subject": subject.value, "b_id": subject_id}).rowcount == 1


def all_allowances(conn: Connection) -> list[Allowance]:
    """List every allowance."""
    return [_allowance(row) for row in _ALL.all(conn)]


def _allowance(row: Iterable[Any]) -> Allowance:
    return msgspec.convert(named(_FIELDS, row), Allowance)


def shared(conn: Connection) -> bool:
    """Tell whether turns matter here: there is more than one user, or turns were taken already."""
    return len(_USERS.all(conn)) > 1 or _TURNS.first(conn) is not None


def take(conn: Connection, name: str, rate: Rate, now: int, *, patience: int = 0) -> Standing:
    """Take one from a bucket as `core.limits.judge` decides; a refusal changes nothing. Times are in microseconds."""
    bound = now + rate.slack_us + patience
    row = _take_statement(conn.dialect.name).first(
        conn,
        {
            "b_name": name,
            "b_now": now,
            "b_first": now + rate.interval_us,
            "b_interval": rate.interval_us,
            "b_bound": bound,
            "b_latest": bound + rate.interval_us + SKEW_US,
        },
    )
    if row is not None:
        return standing(rate, row[0], now, allowed=True)
    found = _BUCKET.first(conn, {"b_name": name})
    return standing(rate, now if found is None else found[0], now, allowed=False, patience=patience)


def give_back(conn: Connection, name: str, rate: Rate) -> None:
    """Put back what was taken in this transaction."""
    _GIVE_BACK.run(conn, {"b_name": name, "b_interval": rate.interval_us})


def lock_user(conn: Connection, user_id: str) -> None:
    """Make other creates of this user wait until this transaction has ended, where the database does not anyway."""
    _LOCK_USER.first(conn, {"user_id": user_id})


def unfinished(conn: Connection, user_id: str, key_id: str | None = None) -> int:
    """Count the unfinished tasks of a user, or of one of their keys."""
    if key_id is None:
        row = _UNFINISHED.first(conn, {"user_id": user_id})
    else:
        row = _UNFINISHED_OF_KEY.first(conn, {"user_id": user_id, "key_id": key_id})
    return 0 if row is None else row[0]


def join(conn: Connection, lane: str, user_id: str, weight: int) -> int:
    """Take the user's next turn on a lane, as `core.fairness.join` gives it."""
    paid = cost(weight)
    row = _join_statement(conn.dialect.name).first(conn, {"b_lane": lane, "b_user": user_id, "b_cost": paid})
    assert row is not None  # noqa: S101 - the statement always writes a row
    return row[0] - paid


def serve(conn: Connection, lane: str, turn: int) -> None:
    """Move a lane's virtual time on to a turn that begins; it never goes back."""
    _SERVE.run(conn, {"lane": lane, "user_id": _NOBODY, "following": turn})


def prune(conn: Connection, before: int) -> int:
    """Forget buckets that were full before a moment (microseconds); a missing one is a full one. Counts them."""
    return _OLD_BUCKETS.run(conn, {"b_before": before})


def rewind(conn: Connection) -> list[str]:
    """Begin the virtual time of lanes anew that came far and have nobody waiting; names them."""
    high = [lane for (lane,) in _HIGH_LANES.all(conn)]
    if high and conn.dialect.name == "postgresql":
        # Whoever is taking a turn is waited for, so that their task is seen below.
        conn.exec_driver_sql("LOCK TABLE turns IN EXCLUSIVE MODE")
    idle = [lane for lane in high if _WAITING.first(conn, {"b_lane": lane}) is None]
    for lane in idle:
        _FORGET_LANE.run(conn, {"b_lane": lane})
    return idle
