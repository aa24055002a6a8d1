"""Limits: who may ask how often and for how much at once, how fast a lane sends, and whose turn it is.

A limit at our own door refuses. A limit of a channel makes its tasks wait; it never fails one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from reelgate.core.clock import Clock
from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.core.fairness import HIGHEST, points, stamp
from reelgate.core.lifecycle import Status
from reelgate.core.limits import (
    PATIENCE_US,
    Allowance,
    Rate,
    Standing,
    Subject,
    inbound,
    judge,
    spell,
    upstream,
)
from reelgate.core.task import Task
from reelgate.store import limits as limit_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Backend, Connection

if TYPE_CHECKING:
    from reelgate.engine.context import Context, Who

SECOND_US = 1_000_000
ASK_AGAIN_S = 10.0
"""When asking again is worth while for somebody with too many unfinished tasks; nobody knows exactly."""
FORGET_AFTER_US = 86_400 * SECOND_US


class Defaults(msgspec.Struct, frozen=True, kw_only=True):
    """What keys and users may use that have no allowance of their own; 0 means unlimited."""

    key_requests_per_minute: int = 0
    key_calls_per_minute: int = 0
    key_concurrency: int = 0
    user_requests_per_minute: int = 0
    user_calls_per_minute: int = 0
    user_concurrency: int = 0


class Limited(CallerError):
    """Raised when a caller is over a limit; carries how the limit stands, when it is one of speed."""

    def __init__(self, failure: Failure, standing: Standing | None = None) -> None:
        super().__init__(failure)
        self.standing = standing


class AllowanceTable:
    """The allowances of this installation as one snapshot, reloaded when rows change.

    `creates`, `calls`, `lanes`, `polls` and `ranked` tell whether anything of that sort is set at all,
    so that nobody pays for what nobody set.
    """

    def __init__(self, defaults: Defaults | None = None) -> None:
        self._defaults = Defaults() if defaults is None else defaults
        self._only_user: str | None = None
        self.replace((), shared=False)

    async def reload(self, backend: Backend) -> None:
        """Read allowances anew."""
        rows = await backend.point(limit_rows.all_allowances)
        self.replace(rows, shared=await backend.point(limit_rows.shared))

    @property
    def defaults(self) -> Defaults:
        """What holds for keys and users without an allowance of their own."""
        return self._defaults

    def take_defaults(self, defaults: Defaults) -> None:
        """Take over new defaults."""
        self._defaults = defaults
        self.replace(self._rows.values(), shared=self._shared)

    def replace(self, rows: Iterable[Allowance], *, shared: bool) -> None:
        """Take over a new set of allowances; `shared` tells that turns matter whatever the allowances say."""
        self._rows: Mapping[tuple[Subject, str], Allowance] = {(a.subject, a.id): a for a in rows}
        d, found = self._defaults, self._rows.values()
        callers = [a for a in found if a.subject is not Subject.CHANNEL]
        channels = [a for a in found if a.subject is Subject.CHANNEL]
        self.creates = bool(
            any(a.requests_per_minute or a.concurrency for a in callers)
            or d.key_requests_per_minute
            or d.key_concurrency
            or d.user_requests_per_minute
            or d.user_concurrency
        )
        self.calls = bool(
            any(a.calls_per_minute for a in callers) or d.key_calls_per_minute or d.user_calls_per_minute
        )
        self.lanes = any(a.requests_per_minute for a in channels)
        self.polls = any(a.calls_per_minute for a in channels)
        self.ranked = any(
            value is not None for a in callers for value in (a.weight, a.priority, a.max_priority)
        )
        self._shared = shared

    def of(self, subject: Subject, subject_id: str) -> Allowance | None:
        """Give what is set for a key, user or channel."""
        return self._rows.get((subject, subject_id))

    def takes_turns(self, user_id: str) -> bool:
        """Tell whether the tasks of users are put in turn; with one user alone, first come is first served."""
        if self._shared or self.ranked:
            return True
        if self._only_user is None:
            self._only_user = user_id
        self._shared = user_id != self._only_user
        return self._shared

    def weight(self, user_id: str) -> int:
        """Give a user's share against others."""
        own = self.of(Subject.USER, user_id)
        return 1 if own is None or own.weight is None else own.weight

    def submissions(self, channel_id: str) -> Rate | None:
        """Give how fast a channel may be sent tasks."""
        own = self.of(Subject.CHANNEL, channel_id)
        return None if own is None or not own.requests_per_minute else upstream(own.requests_per_minute)

    def asking(self, channel_id: str) -> Rate | None:
        """Give how fast a channel may be polled."""
        own = self.of(Subject.CHANNEL, channel_id)
        return None if own is None or not own.calls_per_minute else upstream(own.calls_per_minute)

    def limits(self, who: Who, what: str) -> Iterator[tuple[Subject, str, int]]:
        """List the limits of one sort (a field of `Allowance`) that an asker is under: whose, of which id, how much."""
        for subject, subject_id in ((Subject.KEY, who.key_id), (Subject.USER, who.user_id)):
            if subject_id is None:
                continue
            own = self.of(subject, subject_id)
            limit = None if own is None else getattr(own, what)
            if limit is None:
                limit = getattr(self._defaults, f"{subject.value}_{what}")
            if limit:
                yield subject, subject_id, limit


class Pace:
    """Counts in memory how fast this process sends to each channel, so that a lane opens in turn.

    What all processes together send is counted in rows, by `pass_gate`.
    """

    def __init__(self, clock: Clock, table: AllowanceTable) -> None:
        self._clock = clock
        self._table = table
        self._full_at: dict[str, int] = {}

    def wait_s(self, channel_id: str) -> float:
        """Take one and give 0, or give the seconds until one more may be sent."""
        rate = self._table.submissions(channel_id) if self._table.lanes else None
        if rate is None:
            return 0.0
        full_at, seen = judge(self._full_at.get(channel_id), rate, _now(self._clock))
        self._full_at[channel_id] = full_at
        return 0.0 if seen.allowed else seen.wait_us / SECOND_US


def _now(clock: Clock) -> int:
    return clock.now_ms() * 1000


def admit(conn: Connection, ctx: Context, who: Who) -> Standing | Limited | None:
    """Take a creating call's share of every limit its asker is under; a refusal takes nothing.

    Gives the limit that is nearest to its end, None when there is none.
    """
    over = _too_many(conn, ctx, who)
    return _take(conn, ctx, who, "requests_per_minute") if over is None else over


def _too_many(conn: Connection, ctx: Context, who: Who) -> Limited | None:
    limits = list(ctx.allowances.limits(who, "concurrency"))
    if limits:
        limit_rows.lock_user(conn, who.user_id)
    for subject, _, limit in limits:
        key_id = who.key_id if subject is Subject.KEY else None
        if limit_rows.unfinished(conn, who.user_id, key_id) >= limit:
            return Limited(
                Failure(
                    code=Code.CONCURRENCY_LIMITED,
                    message=f"This {subject.value} has {limit} unfinished videos, which is its limit."
                    " Wait until one ends, or delete one.",
                    retry_after_s=ASK_AGAIN_S,
                )
            )
    return None


def _take(conn: Connection, ctx: Context, who: Who, what: str) -> Standing | Limited | None:
    now = _now(ctx.clock)
    taken: list[tuple[str, Rate, Standing]] = []
    for subject, subject_id, limit in ctx.allowances.limits(who, what):
        name, rate = f"{subject.value}:{what}:{subject_id}", inbound(limit)
        seen = limit_rows.take(conn, name, rate, now)
        if not seen.allowed:
            for other, pace, _ in taken:
                limit_rows.give_back(conn, other, pace)
            return _too_fast(subject, seen)
        taken.append((name, rate, seen))
    return min((seen for _, _, seen in taken), key=lambda s: s.remaining, default=None)


def _too_fast(subject: Subject, seen: Standing) -> Limited:
    return Limited(
        Failure(
            code=Code.RATE_LIMITED,
            message=f"Rate limit reached for this {subject.value}: {seen.limit} requests a minute."
            f" Please try again in {spell(seen.wait_us)}.",
            retry_after_s=seen.wait_us / SECOND_US,
        ),
        seen,
    )


async def admit_call(ctx: Context, who: Who) -> Standing | None:
    """Take any call's share of the limits on all calls.

    Raises Limited when there is none left.
    """
    if not any(True for _ in ctx.allowances.limits(who, "calls_per_minute")):
        return None
    seen = await ctx.backend.write(lambda conn: _take(conn, ctx, who, "calls_per_minute"))
    if isinstance(seen, Limited):
        raise seen
    return seen


def priority_of(ctx: Context, who: Who, asked: int | None) -> int:
    """Give the priority of a new task, from what was asked and what its key or user may.

    Raises CallerError naming `priority` for one that its asker may not have.
    """
    if asked is None and not ctx.allowances.ranked:
        return 0
    usual, most = 0, None
    for subject, subject_id in ((Subject.USER, who.user_id), (Subject.KEY, who.key_id)):
        own = None if subject_id is None else ctx.allowances.of(subject, subject_id)
        if own is not None:
            usual = usual if own.priority is None else own.priority
            most = most if own.max_priority is None else own.max_priority
    if asked is None or asked == usual:
        return usual
    if most is None:
        raise refuse(Code.INVALID_REQUEST, "This key may not choose a priority.", param="priority")
    if not -HIGHEST <= asked <= most:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`priority` is {asked}; this key may ask for {-HIGHEST} to {most}.",
            param="priority",
        )
    return asked


def place(conn: Connection, ctx: Context, task: Task) -> Task:
    """Give a new task its turn; one that starts later takes it when its time has come."""
    if task.start_after is not None or task.channel_id is None:
        return task
    if not ctx.allowances.takes_turns(task.user_id):
        return task
    return msgspec.structs.replace(task, **_turn(conn, ctx, task, task.channel_id))


def _turn(conn: Connection, ctx: Context, task: Task, lane: str) -> dict[str, int]:
    turn = limit_rows.join(conn, lane, task.user_id, ctx.allowances.weight(task.user_id))
    return {"turn": turn, "priority": stamp(turn, points(task.priority, task.turn))}


def moved(conn: Connection, ctx: Context, task: Task, lane: str) -> dict[str, Any]:
    """Give what changes in a task that goes to another lane, where time is another."""
    turns = _turn(conn, ctx, task, lane) if task.turn is not None and lane != task.channel_id else {}
    return {"channel_id": lane, **turns}


async def take_turn(ctx: Context, task: Task) -> int | None:
    """Give a scheduled task whose time has come its turn, and its new priority; None when another holder has it."""
    lane = task.channel_id

    def work(conn: Connection) -> int | None:
        changes = {"turn": 0, "priority": task.priority}
        if lane is not None and ctx.allowances.takes_turns(task.user_id):
            changes = _turn(conn, ctx, task, lane)
        took = task_rows.move(
            conn,
            task.id,
            epoch=task.lease_epoch,
            before=frozenset({Status.QUEUED}),
            changes=changes,
            now=ctx.clock.now_ms(),
        )
        return changes["priority"] if took else None

    return await ctx.backend.write(work)


def start_of(ctx: Context, asked: int) -> int | None:
    """Give the moment (milliseconds since 1970) before which a new task is not sent; None when that is past.

    Raises CallerError naming `start_after` when it is too far ahead.
    """
    now = ctx.clock.now_ms()
    if asked > now + ctx.rules.schedule_max_s * 1000:
        days = ctx.rules.schedule_max_s // 86_400
        raise refuse(
            Code.INVALID_REQUEST,
            f"`start_after` is too far ahead; a start can be scheduled up to {days} days ahead.",
            param="start_after",
        )
    return asked if asked > now else None


def until(clock: Clock, moment: int) -> float:
    """Give the seconds until a moment in milliseconds since 1970; 0 when it is past."""
    return max(0, moment - clock.now_ms()) / 1000


def begin(conn: Connection, task: Task, lane: str) -> None:
    """Note that a task is having its turn."""
    if task.turn is not None and task.channel_id == lane:
        limit_rows.serve(conn, lane, task.turn)


async def pass_gate(ctx: Context, channel_id: str) -> bool:
    """Return when a channel may be sent one more task; tells whether that took a wait."""
    rate = ctx.allowances.submissions(channel_id) if ctx.allowances.lanes else None
    return rate is not None and await _wait(ctx, f"channel:submit:{channel_id}", rate)


async def pass_poll(ctx: Context, channel_id: str) -> None:
    """Return when a channel may be asked once more."""
    rate = ctx.allowances.asking(channel_id)
    if rate is not None:
        await _wait(ctx, f"channel:poll:{channel_id}", rate)


async def _wait(ctx: Context, name: str, rate: Rate) -> bool:
    """Book a place in a bucket and wait for it; one that is booked out far ahead is asked again later."""
    waited = False
    while True:
        seen = await ctx.backend.write(
            lambda conn: limit_rows.take(conn, name, rate, _now(ctx.clock), patience=PATIENCE_US)
        )
        if seen.wait_us:
            waited = True
            await ctx.clock.sleep(seen.wait_us / SECOND_US)
        if seen.allowed:
            return waited


async def set_allowance(ctx: Context, allowance: Allowance) -> None:
    """Set what a key, user or channel may use, here at once and elsewhere within a second."""
    await ctx.backend.write(lambda conn: limit_rows.put(conn, allowance, ctx.clock.now_ms()))
    await ctx.allowances.reload(ctx.backend)


async def forget_old(ctx: Context) -> None:
    """Remove buckets nobody used for a day, and begin idle lanes anew before their numbers grow too long."""
    before = _now(ctx.clock) - FORGET_AFTER_US
    await ctx.backend.write(lambda conn: limit_rows.prune(conn, before))
    await ctx.backend.write(limit_rows.rewind)
