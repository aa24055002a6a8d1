"""Statistics for operators: what was made, what failed, how long it took, over a stretch of days."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from reelgate.engine.context import Context
from reelgate.store import latencies as latency_rows
from reelgate.store import statistics as rows
from reelgate.store.backend import Connection
from reelgate.store.latencies import Bucket, Kept, Marks
from reelgate.store.statistics import Count, Quantile, Trouble

HOUR_MS: Final = 3_600_000
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
    polls: int = 0
    """How often upstreams were asked how these tasks are."""
    polls_per_clip: float | None = None
    """How often that was for a completed one, on average; None without one."""
    waiting_ms: Times | None = None
    rendering_ms: Times | None = None


class Took(msgspec.Struct, frozen=True):
    """Half, nine of ten, and all but one of a hundred did not take longer than this, in milliseconds."""

    p50: int
    p90: int
    p99: int


class Latencies(msgspec.Struct, frozen=True, kw_only=True):
    """Where the time of the newest finished clips of a stretch went; None where nothing was timed."""

    clips: int
    """How many were looked at."""
    queue: Took | None
    """From being asked for, or the wished start, to the first call."""
    submit: Took | None
    """The call that was accepted."""
    run: Took | None
    """At the upstream."""
    archive: Took | None
    """Bringing it home: fetching, checking, pictures."""
    whole: Took | None


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """How tasks that were created within one step of time ended."""

    at: int
    """When it began, in milliseconds since 1970."""
    tasks: int
    completed: int
    failed: int
    cancelled: int
    open: int


class Stored(msgspec.Struct, frozen=True):
    """Files of one kind that are kept now, whenever they came."""

    media_type: str
    files: int
    bytes: int


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
    step_ms: int
    """How long one of the steps is."""
    steps: list[Step]
    """Every step of the stretch that something was created in, the oldest first."""
    latencies: Latencies
    storage: list[Stored]


class _Read(msgspec.Struct, frozen=True):
    counts: list[Count]
    took: dict[tuple[str, bool], list[Quantile]]
    troubles: list[Trouble]
    steps: list[Bucket]
    marks: list[Marks]
    kept: list[Kept]


async def statistics(ctx: Context, since: int, until: int) -> Statistics:
    """Look at the tasks created from `since` until before `until`."""

    step = step_of(since, until)

    def look(conn: Connection) -> _Read:
        took = {
            (what, by_model): rows.took(conn, what, since, until, by_model=by_model)
            for what in ("waiting", "rendering")
            for by_model in (False, True)
        }
        return _Read(
            counts=rows.counts(conn, since, until),
            took=took,
            troubles=rows.troubles(conn, since, until),
            steps=latency_rows.over_time(conn, since, until, step),
            marks=latency_rows.marks(conn, since, until),
            kept=latency_rows.kept(conn),
        )

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
        step_ms=step,
        steps=_steps(read.steps),
        latencies=latencies_of(read.marks),
        storage=[Stored(one.media_type, one.files, one.bytes) for one in read.kept],
    )


def step_of(since: int, until: int) -> int:
    """Give how long the steps of a stretch are in milliseconds: hours for up to three days, else days."""
    return HOUR_MS if until - since <= 3 * rows.DAY_MS else rows.DAY_MS


def _steps(found: Iterable[Bucket]) -> list[Step]:
    by_step: dict[int, Counter[str]] = {}
    for one in found:
        by_step.setdefault(one.at, Counter())[one.status] += one.tasks
    return [_step(at, by_status) for at, by_status in sorted(by_step.items())]


def _step(at: int, by_status: Counter[str]) -> Step:
    ends = {name: by_status[name] for name in ("completed", "failed", "cancelled")}
    return Step(at=at, tasks=by_status.total(), open=by_status.total() - sum(ends.values()), **ends)


def latencies_of(marks: Sequence[Marks]) -> Latencies:
    """Give the shares of each part of the way; a part whose ends the log has forgotten is left out."""
    return Latencies(
        clips=len(marks),
        queue=_shares((m.asked, m.submitting) for m in marks),
        submit=_shares((m.sent, m.running) for m in marks),
        run=_shares((m.running, m.archiving) for m in marks),
        archive=_shares((m.archiving, m.completed) for m in marks),
        whole=_shares((m.asked, m.completed) for m in marks),
    )


def _shares(ends: Iterable[tuple[int | None, int | None]]) -> Took | None:
    took = sorted(max(0, b - a) for a, b in ends if a is not None and b is not None)
    if not took:
        return None
    p50, p90, p99 = (took[-(-len(took) * share // 100) - 1] for share in (50, 90, 99))
    return Took(p50, p90, p99)


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
    polls: Counter[str] = Counter()
    for one in counts:
        by_status[one.status] += one.tasks
        polls[one.status] += one.polls
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
        polls=polls.total(),
        polls_per_clip=round(polls["completed"] / clips, 2) if (clips := by_status["completed"]) else None,
    )


def _timed(line: Line, read: _Read, model: str | None) -> Line:
    return msgspec.structs.replace(
        line, waiting_ms=_times(read, "waiting", model), rendering_ms=_times(read, "rendering", model)
    )


def _times(read: _Read, what: str, model: str | None) -> Times:
    found = {q.percent: q.took_ms for q in read.took[what, model is not None] if q.model == model}
    return Times(found.get(50), found.get(90))
