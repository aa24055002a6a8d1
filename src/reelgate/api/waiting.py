"""Waiting for a task to change, for answers that are asked to come late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing, suppress

from reelgate.core.lifecycle import OUTWARD, TERMINAL
from reelgate.engine.context import Context
from reelgate.engine.hub import TooSlow
from reelgate.store import events as event_rows
from reelgate.store import tasks as task_rows
from reelgate.store.tasks import StatusRow
from reelgate.telemetry import meter

Enough = Callable[[StatusRow, StatusRow], bool]


async def status(ctx: Context, task_id: str, project_id: str) -> StatusRow | None:
    """Give a task of a project as it is now."""
    return await ctx.backend.point(lambda conn: task_rows.status_row(conn, task_id, project_id))


def changed(before: StatusRow, now: StatusRow) -> bool:
    """Tell whether a client would see a difference."""
    return OUTWARD[before.status] != OUTWARD[now.status] or before.progress != now.progress


def ended(_before: StatusRow, now: StatusRow) -> bool:
    """Tell whether the task has ended."""
    return now.status in TERMINAL


async def wait(ctx: Context, row: StatusRow, project_id: str, seconds: float, enough: Enough) -> StatusRow:
    """Give the task once it is `enough`, has ended, or `seconds` have passed, whatever comes first.

    A task that is deleted meanwhile is given as it was last seen.
    """
    # The place in the log is taken before the row is read again: no change falls in between.
    cursor = await ctx.backend.point(event_rows.latest_cursor)
    last = await status(ctx, row.id, project_id) or row
    if last.status in TERMINAL or enough(row, last):
        return last
    with suppress(TimeoutError, TooSlow), meter.live.labels("longpoll").track_inprogress():
        async with (
            asyncio.timeout(seconds),
            aclosing(ctx.hub.follow(cursor=cursor, task_id=row.id, project_id=project_id)) as events,
        ):
            async for _ in events:
                now = await status(ctx, row.id, project_id)
                if now is None:
                    break
                last = now
                if last.status in TERMINAL or enough(row, last):
                    break
    return last
