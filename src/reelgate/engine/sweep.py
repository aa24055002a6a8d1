"""Sweep: what must not depend on anybody remembering it. Each sweep is safe to repeat and to miss."""

from __future__ import annotations

from collections.abc import Callable

from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.task import AttemptState
from reelgate.engine import limits, uploads
from reelgate.engine.context import Context
from reelgate.engine.reconcile import learn_late
from reelgate.engine.settle import finish
from reelgate.engine.tell import LeaseLost
from reelgate.store import activity as activity_rows
from reelgate.store import assets as asset_rows
from reelgate.store import attempts as attempt_rows
from reelgate.store import blobs as blob_rows
from reelgate.store import events as event_rows
from reelgate.store import idempotency as idempotency_rows
from reelgate.store import jobs as job_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.tasks import OpenTask
from reelgate.telemetry import log

TOGETHER = 500
"""Wake-ups written in one transaction."""
_AT_UPSTREAM = frozenset({Status.RUNNING, Status.ARCHIVING, Status.UNCONFIRMED, Status.SUBMITTING})


async def wake_open_tasks(ctx: Context) -> int:
    """Give every unfinished task without a wake-up a new one; tells how many there were."""
    if ctx.engine.in_rows:
        return await _wake_in_rows(ctx)
    found = 0
    for task in await ctx.backend.read(task_rows.open_tasks):
        if _wait_s(ctx, task) <= 0 and ctx.engine.overslept(task.id, task.status):
            ctx.engine.cancel(task.id)
        if ctx.engine.knows(task.id):
            continue
        _wake(ctx, task, None)()
        found += 1
    return found


async def _wake_in_rows(ctx: Context) -> int:
    found = await ctx.backend.read(job_rows.without_job)
    for start in range(0, len(found), TOGETHER):
        some = found[start : start + TOGETHER]
        for woken in await ctx.backend.write(lambda conn, s=some: [_wake(ctx, task, conn) for task in s]):
            woken()
    return len(found)


def _wait_s(ctx: Context, task: OpenTask) -> float:
    return limits.until(ctx.clock, task.start_after) if task.start_after is not None else 0.0


def _wake(ctx: Context, task: OpenTask, conn: Connection | None) -> Callable[[], None]:
    scheduled = task.start_after is not None and task.turn is None
    return ctx.engine.enqueue(
        task.id,
        task.channel_id or "",
        model=task.served_model,
        priority=task.priority,
        delay_s=_wait_s(ctx, task),
        holds_slot=scheduled or task.status in _AT_UPSTREAM,
        connection=conn,
    )


async def look_again(ctx: Context, task_id: str) -> None:
    """Have a watch that goes on here look at its task's row, because somebody else may have taken it over."""
    task = await ctx.backend.point(lambda conn: task_rows.get(conn, task_id))
    attempt_id = None if task is None else task.attempt_id
    if attempt_id is None:
        return
    attempt = await ctx.backend.point(lambda conn: attempt_rows.get(conn, attempt_id))
    if attempt is not None and attempt.ref is not None:
        ctx.rounds.interrupt(attempt.channel_id, attempt.ref)


async def notice_cancels(ctx: Context) -> None:
    """Interrupt the watches of tasks whose rows ask for a cancel, whoever wrote that."""
    for channel_id, ref in await ctx.backend.read(task_rows.cancels_wanted):
        ctx.rounds.interrupt(channel_id, ref)


async def settle_disputes(ctx: Context) -> None:
    """Ask the upstreams about work that outlived its task, as long as the rules say so."""
    since = ctx.clock.now_ms() - ctx.rules.late_watch_s * 1000
    for task in await ctx.backend.read(task_rows.disputed):
        attempt_id = task.attempt_id
        if attempt_id is None or (task.finished_at or 0) < since:
            continue
        attempt = await ctx.backend.point(lambda conn, a=attempt_id: attempt_rows.get(conn, a))
        if attempt is None or attempt.state is AttemptState.REFUSED:
            continue
        try:
            over = await learn_late(ctx, task)
        except LeaseLost:
            continue
        log.info("late_look", task=task.id, settled=over)


async def give_up_waiting(ctx: Context) -> int:
    """End tasks that waited to be sent for longer than the rules allow, and give their money back; tells how many."""
    if not ctx.rules.queue_wait_s:
        return 0
    before = ctx.clock.now_ms() - ctx.rules.queue_wait_s * 1000
    found = await ctx.backend.read(lambda conn: task_rows.waiting_since(conn, before, TOGETHER))
    ended = 0
    for task_id in found:
        try:
            ended += await ctx.backend.write(lambda conn, t=task_id: _give_up(conn, ctx, t, before))
        except LeaseLost:
            continue
        # Whoever holds its wake-up sees the row and lets go of it.
        ctx.engine.cancel(task_id)
    if ended:
        ctx.hub.wake()
        log.warning("tasks_waited_too_long", count=ended)
    return ended


def _give_up(conn: Connection, ctx: Context, task_id: str, before: int) -> bool:
    task = task_rows.get(conn, task_id)
    if task is None or task.status is not Status.QUEUED or (task.start_after or task.created_at) >= before:
        return False
    tried = [attempt.error for attempt in attempt_rows.of_task(conn, task_id) if attempt.error is not None]
    days = ctx.rules.queue_wait_s / 86_400
    message = f"It waited {days:.3g} days to be sent, and nothing took it. Nothing was charged."
    code = tried[-1].code if tried else Code.OVERLOADED
    finish(conn, ctx, task, Status.FAILED, error=Failure(code=code, message=message))
    return True


async def forget_old(ctx: Context) -> None:
    """Remove rows past their keeping time."""
    now = ctx.clock.now_ms()
    await ctx.backend.write(lambda conn: idempotency_rows.prune(conn, now))
    await ctx.backend.write(lambda conn: event_rows.prune(conn, now - ctx.rules.event_keep_s * 1000))
    await ctx.backend.write(lambda conn: uploads.drop_expired(conn, now))
    for task_id in await ctx.backend.read(lambda conn: asset_rows.expired_tasks(conn, now)):
        await ctx.backend.write(lambda conn, t=task_id: asset_rows.delete_of_task(conn, t))
    if ctx.rules.activity_keep_s:
        before = now - ctx.rules.activity_keep_s * 1000
        await ctx.backend.write(lambda conn: activity_rows.prune(conn, before))
    await limits.forget_old(ctx)


async def forget_spool(ctx: Context) -> None:
    """Remove spooled files of this machine that nobody finished."""
    await ctx.blobs.sweep_spool(ctx.rules.orphan_grace_s, ctx.clock)


async def collect_orphans(ctx: Context) -> int:
    """Delete blobs nothing refers to, and files without a row, once their grace is over; tells how many.

    A file that was put again meanwhile stays: its row is being written.
    """
    cutoff = ctx.clock.now_ms() - ctx.rules.orphan_grace_s * 1000
    grace_s = ctx.rules.orphan_grace_s
    gone = 0
    for sha256 in await ctx.backend.read(lambda conn: blob_rows.condemned(conn, cutoff)):
        await _delete(ctx, sha256)
    for sha256 in await ctx.backend.read(lambda conn: blob_rows.unused(conn, cutoff)):
        gone += await collect(ctx, sha256, grace_s)
    known = {blob.sha256 for blob in await ctx.backend.read(blob_rows.all_blobs)}
    async for found in ctx.blobs.listed():
        if found.sha256 not in known and found.written_at * 1000 < cutoff:
            gone += await collect(ctx, found.sha256, grace_s)
    return gone


async def collect(ctx: Context, sha256: str, older_than_s: float) -> bool:
    """Delete a file that nothing needs and nobody stored again for that long; False when somebody does need it.

    Whoever stores the same bytes meanwhile, in this process or another one, is told to do it again.
    """
    now = ctx.clock.now_ms()
    before = now - int(older_than_s * 1000)
    if not await ctx.backend.write(lambda conn: blob_rows.condemn(conn, sha256, before, now)):
        return False
    await _delete(ctx, sha256)
    return True


async def _delete(ctx: Context, sha256: str) -> None:
    await ctx.blobs.delete(sha256)
    await ctx.backend.write(lambda conn: blob_rows.acquit(conn, sha256))
