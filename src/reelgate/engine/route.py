"""Which channel an attempt goes to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reelgate.core.dialect import Channel
from reelgate.core.lifecycle import Status
from reelgate.engine import limits
from reelgate.engine.channels import ChannelTable, Served
from reelgate.engine.context import Context
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection

FreeSlots = Callable[[str], int]
"""How many more attempts a channel's lane takes right now."""


def choose(served: Served, free: FreeSlots, *, tried: Sequence[str] = ()) -> Channel | None:
    """Pick the channel for a task: untried, then with a free slot, then by priority and weight.

    None when every channel was tried.
    """
    fresh = [c for c in served.channels if c.id not in tried]
    if not fresh:
        return None
    return max(fresh, key=lambda c: (free(c.id) > 0, c.priority, c.weight, free(c.id)))


def channels_for(table: ChannelTable, model: str) -> tuple[str, ...]:
    """Name the channels that could serve a model now."""
    served = table.find(model)
    return () if served is None else tuple(channel.id for channel in served.channels)


async def rebind(ctx: Context, task_id: str, channel_id: str) -> bool:
    """Move a task that is still queued to another channel, so that it need not wait for a full lane."""
    return await ctx.backend.write(lambda conn: bind(conn, ctx, task_id, channel_id))


def bind(conn: Connection, ctx: Context, task_id: str, channel_id: str) -> bool:
    """Do the same in a transaction that is under way; False when the task is no longer queued."""
    task = task_rows.get(conn, task_id)
    if task is None or task.status is not Status.QUEUED or task.cancel_requested_at is not None:
        return False
    return task_rows.move(
        conn,
        task_id,
        epoch=task.lease_epoch,
        before=frozenset({Status.QUEUED}),
        changes=limits.moved(conn, ctx, task, channel_id),
        now=ctx.clock.now_ms(),
    )
