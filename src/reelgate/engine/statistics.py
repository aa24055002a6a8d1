"""Statistics for operators: what was made, what failed, how long it took, over a stretch of days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from reelgate.engine.context import Context
from reelgate.store import statistics as rows
from reelgate.store.backend import Connection
from reelgate.store.statistics import Count, Quantile, Trouble

_ENDED: Final = ("completed", "failed")


class Times(msgspec.Struct, frozen=True):
    """Half, and nine of ten, did not take longer than this, in milliseconds; None when nothing was timed."""

    p50: int | None
    p90: int | None


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """How tasks of one day, model or channel ended."""

    name: str
    tasks: int
    completed: int
    failed: int
    cancelled: int
    open: int
    success_rate: float | None
    """Completed among completed and failed, from 0 to 1; None when nothing ended."""
    waiting_ms: Times | None = None
    rendering_ms: Times | None = None


class Errors(msgspec.Struct, frozen=True):
    """How often upstreams refused or lost an attempt, by channel and code."""

    channel: str
    code: str
    attempts: int


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """Everything about one stretch; times are in milliseconds since 1970."""

    since: int
    until: int
    whole: Line
    by_model: list[Line]
    by_channel: list[Line]
    by_day: list[Line]
    errors: list[Errors]


class _Read(msgspec.Struct, frozen=True):
    counts: list[Count]
    took: dict[tuple[str, bool], list[Quantile]]
    troubles: list[Trouble]


async def statistics(ctx: Context, since: int, until: int) -> Statistics:
    """Look at the tasks created from `since` until before `until`."""

    def look(conn: Connection) -> _Read:
        took = {
            (what, by_model): rows.took(conn, what, since, until, by_model=by_model)
            for what in ("waiting", "rendering")
            for by_model in (False, True)
        }
        return _Read(rows.counts(conn, since, until), took, rows.troubles(conn, since, until))

    read = await ctx.backend.read(look)
    return Statistics(
        since=since,
        until=until,
        whole=_timed(_line("all", read.counts), read, None),
        by_model=[_timed(line, read, line.name) for line in _lines(read.counts, lambda c: c.model)],
        by_channel=_lines(read.counts, lambda c: _channel(ctx, c.channel_id)),
        by_day=sorted(_lines(read.counts, lambda c: _day(c.day)), key=lambda line: line.name),
        errors=sorted(
            (Errors(_channel(ctx, t.channel_id), t.code or "unknown", t.attempts) for t in read.troubles),
            key=lambda one: (-one.attempts, one.channel, one.code),
        ),
    )


def _channel(ctx: Context, channel_id: str | None) -> str:
    found = None if channel_id is None else ctx.channels.get(channel_id)
    return (channel_id or "none") if found is None else found.name


def _day(number: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=number)).date().isoformat()


def _lines(counts: Iterable[Count], name: Callable[[Count], str]) -> list[Line]:
    parts: dict[str, list[Count]] = {}
    for one in counts:
        parts.setdefault(name(one), []).append(one)
    lines = [_line(key, part) for key, part in parts.items()]
    return sorted(lines, key=lambda line: (-line.tasks, line.name))


def _line(name: str, counts: Iterable[Count]) -> Line:
    by_status: Counter[str] = Counter()
    for one in counts:
        by_status[one.status] += one.tasks
    ended = sum(by_status[status] for status in _ENDED)
    whole = by_status.total()
    return Line(
        name=name,
        tasks=whole,
        completed=by_status["completed"],
        failed=by_status["failed"],
        cancelled=by_status["cancelled"],
        open=whole - ended - by_status["cancelled"],
        success_rate=round(by_status["completed"] / ended, 4) if ended else None,
    )


def _timed(line: Line, read: _Read, model: str | None) -> Line:
    return msgspec.structs.replace(
        line, waiting_ms=_times(read, "waiting", model), rendering_ms=_times(read, "rendering", model)
    )


def _times(read: _Read, what: str, model: str | None) -> Times:
    found = {q.percent: q.took_ms for q in read.took[what, model is not None] if q.model == model}
    return Times(found.get(50), found.get(90))
