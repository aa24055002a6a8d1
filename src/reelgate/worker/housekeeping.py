"""Housekeeping: what is done again and again beside the tasks, and goes on whatever breaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Final, NamedTuple

from reelgate.core.clock import Clock
from reelgate.engine import alerts, deliver, health, models, quotas, retire, sweep, tuning
from reelgate.engine.context import Context
from reelgate.engine.library import follow, trash
from reelgate.store import duties, jobs, links, sessions
from reelgate.store.backend import AWAY
from reelgate.telemetry import log

HOUR_S: Final = 3_600.0
LATE_S: Final = 0.1
"""Share of its interval by which a duty may come early, so that one process does it every time."""
KEEP_LOG_S: Final = HOUR_S
"""How long the queue's own notes about jobs are kept."""
KEEP_WAYS_IN_MS: Final = 30 * 86_400_000
"""How long sign-ins and links are kept after they ended, so that a refresh token shown again is still noticed."""

Work = Callable[[], Awaitable[object]]


class Chore(NamedTuple):
    """A piece of work and how often it is done, in seconds."""

    seconds: float
    name: str
    work: Work


async def every(clock: Clock, seconds: float, name: str, work: Work) -> None:
    """Do a piece of housekeeping again and again; one that breaks is logged and done again."""
    while True:
        try:
            await work()
        except AWAY as away:
            log.warning("housekeeping_interrupted", work=name, reason=type(away).__name__)
        except Exception:  # noqa: BLE001 - the loop logs and goes on by rule
            log.exception("housekeeping_broke", work=name)
        await clock.sleep(seconds)


def alone(ctx: Context) -> list[Chore]:
    """List the housekeeping of the one process that works on a data folder."""

    async def notice_others() -> None:
        if await ctx.backend.changed_elsewhere():
            await _reload(ctx)
            await sweep.notice_cancels(ctx)
            await sweep.wake_open_tasks(ctx)
            await ctx.engine.even_out()
            ctx.hub.wake()

    return [
        Chore(0.5, "notice_others", notice_others),
        Chore(0.5, "health", lambda: health.tick(ctx)),
        Chore(1.0, "deliver", lambda: deliver.deliver_due(ctx)),
        Chore(2.0, "mail", lambda: alerts.send_due(ctx)),
        Chore(2.0, "library", lambda: follow.catch_up(ctx)),
        Chore(30.0, "notice_cancels", lambda: sweep.notice_cancels(ctx)),
        *_sweeps(ctx, 30.0),
        Chore(HOUR_S, "forget_spool", lambda: sweep.forget_spool(ctx)),
    ]


def together(ctx: Context, *, works: bool) -> list[Chore]:
    """List the housekeeping of one of several processes; only those that work look after tasks."""
    chores = [
        Chore(0.5, "notice_others", lambda: _reload(ctx)),
        Chore(0.5, "health", lambda: health.tick(ctx)),
        Chore(HOUR_S, "forget_spool", lambda: sweep.forget_spool(ctx)),
    ]
    if not works:
        return [*chores, Chore(1.0, "look", ctx.engine.look)]
    return [
        *chores,
        Chore(0.2, "even_out", ctx.engine.even_out),
        Chore(0.5, "notice_cancels", lambda: sweep.notice_cancels(ctx)),
        Chore(1.0, "deliver", lambda: deliver.deliver_due(ctx)),
        Chore(2.0, "mail", lambda: alerts.send_due(ctx)),
        *_by_one(ctx, [Chore(2.0, "library", lambda: follow.catch_up(ctx))]),
        *_by_one(ctx, [*_sweeps(ctx, 10.0), Chore(HOUR_S, "forget_log", lambda: _forget_log(ctx))]),
    ]


def _sweeps(ctx: Context, wake_s: float) -> list[Chore]:
    return [
        Chore(wake_s, "wake_open_tasks", lambda: sweep.wake_open_tasks(ctx)),
        Chore(float(ctx.rules.late_poll_s), "settle_disputes", lambda: sweep.settle_disputes(ctx)),
        Chore(60.0, "watch_budgets", lambda: alerts.watch_budgets(ctx)),
        Chore(60.0, "check_quotas", lambda: quotas.check(ctx)),
        Chore(60.0, "let_go", lambda: retire.let_go(ctx)),
        Chore(60.0, "give_up_waiting", lambda: sweep.give_up_waiting(ctx)),
        Chore(24 * HOUR_S, "warn_of_endings", lambda: models.warn_of_endings(ctx)),
        Chore(HOUR_S, "purge_trash", lambda: trash.purge(ctx)),
        Chore(HOUR_S, "forget_old", lambda: sweep.forget_old(ctx)),
        Chore(HOUR_S, "forget_ways_in", lambda: _forget_ways_in(ctx)),
        Chore(HOUR_S, "collect_orphans", lambda: sweep.collect_orphans(ctx)),
    ]


def _by_one(ctx: Context, chores: list[Chore]) -> Iterator[Chore]:
    """Have each of several processes ask often, so that one of them does the work when it is time."""
    for chore in chores:
        yield Chore(min(chore.seconds, 60.0), chore.name, _duty(ctx, chore))


def _duty(ctx: Context, chore: Chore) -> Work:
    interval_ms = int(chore.seconds * 1000 * (1 - LATE_S))

    async def work() -> None:
        now = ctx.clock.now_ms()
        if await ctx.backend.write(lambda conn: duties.take(conn, chore.name, now, interval_ms)):
            await chore.work()

    return work


async def _reload(ctx: Context) -> None:
    await tuning.reload(ctx)
    await ctx.channels.reload(ctx.backend)
    await ctx.allowances.reload(ctx.backend)


async def _forget_ways_in(ctx: Context) -> None:
    """Forget sign-ins and links that ended long ago."""
    before = ctx.clock.now_ms() - KEEP_WAYS_IN_MS
    await ctx.backend.write(lambda conn: sessions.prune(conn, before))
    await ctx.backend.write(lambda conn: links.prune(conn, before))


async def _forget_log(ctx: Context) -> None:
    await ctx.backend.write(lambda conn: jobs.forget_log(conn, KEEP_LOG_S))
