"""Advance: take a task from where it is as far as it goes, one verb after another.

Every verb writes under the lease taken here; whoever loses it stops without a trace.
"""

from __future__ import annotations

from typing import assert_never

from reelgate.core.dialect import Output
from reelgate.core.lifecycle import Status
from reelgate.core.task import Task
from reelgate.engine import limits
from reelgate.engine.archive import archive, forget_drawing
from reelgate.engine.cancel import stop
from reelgate.engine.context import Context
from reelgate.engine.reconcile import doubt_submitting, reconcile
from reelgate.engine.rounds import Interrupted
from reelgate.engine.submit import Later, submit
from reelgate.engine.tell import LeaseLost
from reelgate.engine.watch import watch
from reelgate.store import tasks as task_rows
from reelgate.telemetry import about_task


async def advance(ctx: Context, task_id: str) -> None:
    """Move a task until it is over or waits for something; safe to call again at any time."""
    task = await ctx.leases.take(ctx, task_id)
    epoch = None if task is None else task.lease_epoch
    about_task(task_id, None if task is None else task.request_id)
    while task is not None and task.lease_epoch == epoch:
        try:
            if await _step(ctx, task):
                return
        except Interrupted:
            pass  # the row says why; it is read again below
        except LeaseLost:
            return
        task = await ctx.backend.point(lambda conn: task_rows.get(conn, task_id))


async def _step(ctx: Context, task: Task) -> bool:
    """Carry out the next verb; True when there is nothing more to do now."""
    match task.status:
        case Status.QUEUED:
            return await _send(ctx, task)
        case Status.SUBMITTING:
            await doubt_submitting(ctx, task)
            return False
        case Status.UNCONFIRMED:
            return await _find_out(ctx, task)
        case Status.RUNNING:
            await _run(ctx, task)
            return True
        case Status.ARCHIVING:
            await archive(ctx, task, ())
            return True
        case Status.COMPLETED | Status.FAILED | Status.CANCELLED:
            return True
        case _:
            assert_never(task.status)


async def _send(ctx: Context, task: Task) -> bool:
    if task.start_after is not None and task.turn is None and task.channel_id is not None:
        return _again(ctx, task, await _in_turn(ctx, task, task.channel_id, task.start_after))
    return _again(ctx, task, await submit(ctx, task))


async def _in_turn(ctx: Context, task: Task, channel_id: str, start_after: int) -> Later:
    """Have a scheduled task wait for its time outside its lane, and then for its turn within it."""
    wait_s = limits.until(ctx.clock, start_after)
    if wait_s > 0:
        return Later(channel_id, wait_s, at_upstream=True)
    priority = await limits.take_turn(ctx, task)
    if priority is None:
        raise LeaseLost(task.id)
    return Later(channel_id, 0.0, priority=priority)


async def _find_out(ctx: Context, task: Task) -> bool:
    return _again(ctx, task, await reconcile(ctx, task))


async def _run(ctx: Context, task: Task) -> None:
    outputs: tuple[Output, ...] = ()
    if task.cancel_requested_at is not None:
        task = await stop(ctx, task)
    else:
        task, outputs = await watch(ctx, task)
    if task.status is Status.ARCHIVING:
        await archive(ctx, task, outputs)
    else:
        await forget_drawing(ctx, task)


def _again(ctx: Context, task: Task, later: Later | None) -> bool:
    """Have the task woken later; False when it may go on at once."""
    if later is None:
        return False
    ctx.engine.enqueue(
        task.id,
        later.channel_id,
        model=task.served_model,
        priority=task.priority if later.priority is None else later.priority,
        delay_s=later.wait_s,
        holds_slot=later.at_upstream,
    )()
    return True
