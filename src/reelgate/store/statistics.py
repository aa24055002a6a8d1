"""Statistics over a stretch of time: how many tasks ended how, how long they took, and what upstreams refused.

The stretch is read through the index over status and creation, so the rest of the table is not looked at.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import JSON, BigInteger, Connection, bindparam, cast, func, or_, select
from sqlalchemy.sql.elements import ColumnElement

from reelgate.core.lifecycle import Status
from reelgate.store.prepared import one_of
from reelgate.store.rows import named, names_of
from reelgate.store.tables import attempts, tasks

DAY_MS: Final = 86_400_000


class Count(msgspec.Struct, frozen=True):
    """Tasks of one day, model, channel and status."""

    day: int
    """Days since 1970, in UTC."""
    model: str
    channel_id: str | None
    status: str
    tasks: int
    polls: int
    """How often upstreams were asked how they are."""


class Quantile(msgspec.Struct, frozen=True):
    """The time in milliseconds that a share of a model's clips did not exceed; no model means all of them."""

    model: str | None
    percent: int
    took_ms: int


class Trouble(msgspec.Struct, frozen=True):
    """Attempts of one channel that ended with one code."""

    channel_id: str
    code: str | None
    attempts: int


_in_stretch = (
    one_of(tasks.c.status, sorted(Status)),
    tasks.c.created_at >= bindparam("since"),
    tasks.c.created_at < bindparam("until"),
)
_day = tasks.c.created_at - tasks.c.created_at % DAY_MS
# PostgreSQL sums to a wider type than it can be read as a whole number from.
_polls = cast(func.coalesce(func.sum(tasks.c.polls), 0), BigInteger)
_COUNTS: Final = (
    select(_day.label("day"), tasks.c.served_model, tasks.c.channel_id, tasks.c.status, func.count(), _polls)
    .where(*_in_stretch)
    .group_by(_day, tasks.c.served_model, tasks.c.channel_id, tasks.c.status)
)
_PERCENTS: Final = (50, 90)
_waiting = tasks.c.started_at - func.coalesce(tasks.c.start_after, tasks.c.created_at)
_rendering = tasks.c.completed_at - tasks.c.started_at


def _quantiles(took: ColumnElement[int], *, by_model: bool) -> Any:
    over: dict[str, Any] = {"partition_by": tasks.c.served_model} if by_model else {}
    ranked = (
        select(
            tasks.c.served_model.label("model"),
            took.label("took"),
            func.row_number().over(order_by=took, **over).label("place"),
            func.count().over(**over).label("many"),
        )
        .where(*_in_stretch, tasks.c.started_at.is_not(None), took.is_not(None))
        .subquery()
    )
    # The smallest place that at least so many percent lie at or before.
    wanted = [ranked.c.place == (ranked.c.many * percent + 99) // 100 for percent in _PERCENTS]
    return select(ranked.c.model, ranked.c.place, ranked.c.many, ranked.c.took).where(or_(*wanted))


_TOOK: Final = {
    (name, by_model): _quantiles(took, by_model=by_model)
    for name, took in (("waiting", _waiting), ("rendering", _rendering))
    for by_model in (False, True)
}


def _code_on(database: str) -> ColumnElement[Any]:
    if database == "sqlite":
        return func.json_extract(attempts.c.error, "$.code")
    return cast(attempts.c.error, JSON)["code"].as_string()


def _troubles(database: str) -> Any:
    found = (
        select(attempts.c.channel_id, _code_on(database).label("code"))
        .join(tasks, tasks.c.id == attempts.c.task_id)
        .where(*_in_stretch, attempts.c.error.is_not(None))
        .subquery()
    )
    return select(found.c.channel_id, found.c.code, func.count()).group_by(found.c.channel_id, found.c.code)


def counts(conn: Connection, since: int, until: int) -> list[Count]:
    """Count the tasks created in a stretch by day, model, channel and status."""
    rows = conn.execute(_COUNTS, {"since": since, "until": until})
    return [Count(row[0] // DAY_MS, *row[1:]) for row in rows]


def took(conn: Connection, what: str, since: int, until: int, *, by_model: bool) -> list[Quantile]:
    """Give the 50 and 90 percent quantiles of `waiting` or `rendering`, of all models or of each."""
    rows = conn.execute(_TOOK[what, by_model], {"since": since, "until": until})
    found: list[Quantile] = []
    for row in rows:
        model, place, many, took_ms = tuple[str, int, int, int](row)
        found += [
            Quantile(model if by_model else None, percent, took_ms)
            for percent in _PERCENTS
            if place == (many * percent + 99) // 100
        ]
    return found


def troubles(conn: Connection, since: int, until: int) -> list[Trouble]:
    """Count the attempts that ended with an error by channel and code."""
    rows = conn.execute(_troubles(conn.dialect.name), {"since": since, "until": until})
    return [Trouble(**named(names_of(Trouble), row)) for row in rows]
