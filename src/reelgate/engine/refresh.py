"""Refresh: bring a finished clip home again where our own copy of it is gone, as long as its upstream still has it.

Nothing is submitted and nothing is charged: the clip was paid for when it was made.
"""

from __future__ import annotations

from dataclasses import dataclass

from reelgate.core.errors import CallerError, Code, Failure, UpstreamError, refuse
from reelgate.core.events import EventType
from reelgate.core.lifecycle import OPEN, Status
from reelgate.core.task import Task, Variant
from reelgate.engine.archive import Kept, bring_home, fresh_outputs, keep_rows
from reelgate.engine.context import Context, Who
from reelgate.engine.reconcile import learn_late
from reelgate.engine.rounds import Interrupted
from reelgate.engine.tell import LeaseLost, tell
from reelgate.store import assets as asset_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.telemetry import log


@dataclass(frozen=True, slots=True)
class Refreshed:
    """A task whose clip is here."""

    task: Task
    fetched: bool
    """Whether it came from the upstream just now; False where our own copy was whole."""


async def refresh(ctx: Context, who: Who, task_id: str) -> Refreshed:
    """See to it that the clip of an ended task is here, asking its upstream for a fresh link where it is not.

    A task whose end was in dispute is settled by what the upstream says. Raises CallerError: `not_found`,
    `not_ready` for a task that goes on, `asset_expired` for a clip whose time is over here or at its upstream;
    UpstreamError when the clip could not be fetched or does not play.
    """
    task = await ctx.backend.point(lambda conn: task_rows.get_visible(conn, task_id, who.project_id))
    if task is None:
        raise refuse(Code.NOT_FOUND, f"There is no video `{task_id}`.")
    if task.status in OPEN:
        raise refuse(Code.NOT_READY, f"Video `{task_id}` is not finished yet.")
    if task.expires_at is not None and task.expires_at <= ctx.clock.now_ms():
        raise refuse(
            Code.ASSET_EXPIRED, f"The files of video `{task_id}` were kept as long as they were to be."
        )
    if await _is_here(ctx, task_id):
        return Refreshed(task, fetched=False)
    await (_settle(ctx, task) if task.disputed else _fetch(ctx, task))
    log.info("refreshed", task=task_id)
    found = await ctx.backend.point(lambda conn: task_rows.get_visible(conn, task_id, who.project_id))
    return Refreshed(found or task, fetched=True)


async def _is_here(ctx: Context, task_id: str) -> bool:
    """Tell whether the clip's row and its file are both there, and the file is as long as the row says."""
    asset = await ctx.backend.point(lambda conn: asset_rows.get(conn, task_id, Variant.VIDEO))
    return asset is not None and await ctx.blobs.size(asset.sha256) == asset.bytes


async def _settle(ctx: Context, task: Task) -> None:
    try:
        await learn_late(ctx, task)
    except LeaseLost:
        raise _gone(task) from None
    if not await _is_here(ctx, task.id):
        raise _gone(task)


async def _fetch(ctx: Context, task: Task) -> None:
    try:
        outputs = await fresh_outputs(ctx, task)
        kept = await bring_home(ctx, task, outputs) if outputs else None
    except (LeaseLost, Interrupted):  # nothing was ever accepted under a ref that could be asked about
        kept = None
    match kept:
        case None:
            raise _gone(task)
        case Failure():
            raise UpstreamError(kept)
        case Kept():
            await ctx.backend.write(lambda conn: _replace(conn, ctx, task, kept))
            ctx.hub.wake()


def _replace(conn: Connection, ctx: Context, task: Task, kept: Kept) -> None:
    """Put the new files in the place of the old ones, unless the task was deleted meanwhile."""
    found = task_rows.get_visible(conn, task.id, task.project_id)
    if found is None:
        return
    asset_rows.delete_of_task(conn, task.id)
    keep_rows(conn, kept)
    if task.status is not Status.COMPLETED:
        tell(conn, ctx, task.id, EventType.LATE_OUTPUT, {"status": task.status.value})


def _gone(task: Task) -> CallerError:
    return refuse(
        Code.ASSET_EXPIRED,
        f"The clip of video `{task.id}` is not here, and its upstream does not have it any more.",
    )
