"""Retire: what happens to tasks that are still queued when their model ends; running ones are watched to their end."""

from __future__ import annotations

from reelgate.core.lifecycle import Status
from reelgate.engine.context import Context
from reelgate.engine.route import Bequest, alive, bequeath, retired
from reelgate.engine.settle import finish
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.telemetry import log


def ended_models(ctx: Context) -> list[str]:
    """Name the models of this installation that no channel has any more."""
    found = {model for _, model in ctx.channels.names()}
    return [m for m in sorted(found) if (s := ctx.channels.find(m)) is not None and alive(ctx, s) is None]


async def let_go(ctx: Context) -> int:
    """Give every queued task of an ended model to what an alias names, or end it; tells how many there were."""
    ended = ended_models(ctx)
    tasks = [t for m in ended for t in await ctx.backend.read(lambda conn, m=m: task_rows.queued(conn, m))]
    for task_id in tasks:
        moved = await ctx.backend.write(lambda conn, t=task_id: _let_go(conn, ctx, t))
        if moved is not None:
            log.info("task_bequeathed", task=task_id, heir=moved.model)
        # One that sleeps until its start sees its row at once; one in a lane sees it when its turn comes.
        ctx.engine.cancel(task_id)
    if tasks:
        ctx.hub.wake()
    return len(tasks)


def _let_go(conn: Connection, ctx: Context, task_id: str) -> Bequest | None:
    task = task_rows.get(conn, task_id)
    if task is None or task.status is not Status.QUEUED or task.cancel_requested_at is not None:
        return None
    moved = bequeath(conn, ctx, task)
    if moved is None:
        finish(conn, ctx, task, Status.FAILED, error=retired(ctx, task))
    return moved
