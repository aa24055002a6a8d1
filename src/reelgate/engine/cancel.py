"""Cancel and delete: a person ends a task, and the money follows what the upstream really did."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from reelgate.core.dialect import Cancels
from reelgate.core.errors import Code, Failure, refuse
from reelgate.core.events import EventType
from reelgate.core.lifecycle import TERMINAL, Status
from reelgate.core.task import Task
from reelgate.engine.context import Context, Who
from reelgate.engine.drive import drive
from reelgate.engine.settle import finish
from reelgate.engine.tell import tell
from reelgate.engine.watch import attempt_of
from reelgate.store import assets as asset_rows
from reelgate.store import attempts as attempt_rows
from reelgate.store import blobs as blob_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection


@dataclass(frozen=True, slots=True)
class Wish:
    """A cancel request as it was written: the task as it then is, and the job that must be interrupted."""

    task: Task
    channel_id: str | None = None
    ref: str | None = None


async def cancel(ctx: Context, who: Who | None, task_id: str) -> Task:
    """Ask for a task's end; a queued one ends at once, a running one when its upstream was asked to stop.

    Without `who` it is the operator's word about anybody's. Raises CallerError `not_found` for a task that is not the asker's.
    """
    wish = await ctx.backend.write(lambda conn: _wish(conn, ctx, who, task_id))
    if wish is None:
        raise refuse(Code.NOT_FOUND, f"There is no video `{task_id}`.")
    _wake(ctx, wish)
    return wish.task


async def delete(ctx: Context, who: Who, task_id: str) -> bool:
    """Remove a task and its files from sight, ending it first when it runs; False when there is none."""

    def work(conn: Connection) -> Wish | None:
        wish = _wish(conn, ctx, who, task_id)
        if wish is None or not task_rows.mark_deleted(conn, task_id, ctx.clock.now_ms()):
            return None
        tell(conn, ctx, task_id, EventType.DELETED, {"status": wish.task.status.value})
        asset_rows.delete_of_task(conn, task_id)
        blob_rows.drop_inputs(conn, task_id)
        return wish

    wish = await ctx.backend.write(work)
    if wish is not None:
        _wake(ctx, wish)
    return wish is not None


def _wish(conn: Connection, ctx: Context, who: Who | None, task_id: str) -> Wish | None:
    if who is None:
        task = task_rows.get(conn, task_id)
    else:
        task = task_rows.get_visible(conn, task_id, who.project_id)
    if task is None:
        return None
    if task.status in TERMINAL or task.status is Status.ARCHIVING:
        return Wish(task)
    now = ctx.clock.now_ms()
    if task.status in (Status.QUEUED, Status.UNCONFIRMED):
        return Wish(_end_at_once(conn, ctx, task_id))
    task_rows.request_cancel(conn, task_id, now)
    wished = msgspec.structs.replace(task, cancel_requested_at=now)
    attempt = None if task.attempt_id is None else attempt_rows.get(conn, task.attempt_id)
    return Wish(wished, task.channel_id, None if attempt is None else attempt.ref)


def _end_at_once(conn: Connection, ctx: Context, task_id: str) -> Task:
    """End a task nobody works on; taking its lease shuts out a submit that is about to start."""
    now = ctx.clock.now_ms()
    task = task_rows.lease(conn, task_id, now)
    assert task is not None  # noqa: S101 - read in this transaction
    if task.status is Status.UNCONFIRMED:
        failure = Failure(
            code=Code.SUBMISSION_UNKNOWN,
            message="Given up while its submission was unclear. The money stays held until that is known.",
        )
        finish(conn, ctx, task, Status.FAILED, error=failure, disputed=True)
        return msgspec.structs.replace(task, status=Status.FAILED, error=failure)
    failure = Failure(code=Code.CANCELLED, message="Cancelled before anything was sent. Nothing was charged.")
    finish(conn, ctx, task, Status.CANCELLED, error=failure, changes={"cancel_requested_at": now})
    return msgspec.structs.replace(task, status=Status.CANCELLED, error=failure)


def _wake(ctx: Context, wish: Wish) -> None:
    ctx.hub.wake()
    if wish.channel_id is not None and wish.ref is not None:
        ctx.rounds.interrupt(wish.channel_id, wish.ref)


async def stop(ctx: Context, task: Task) -> Task:
    """Ask the upstream to stop a running task and end it; unstopped work stays held until its end is known."""
    attempt = await attempt_of(ctx, task)
    channel = ctx.channels.get(attempt.channel_id, attempt.key_id)
    ended = False
    if channel is not None:
        dialect = ctx.dialects[channel.dialect]
        if isinstance(dialect, Cancels):
            outcome = await drive(ctx, dialect.cancel(attempt.ref or "", channel), channel)
            ended = outcome.ended
    failure = Failure(code=Code.CANCELLED, message=_words(ended=ended, costs=task.quote > 0))
    await ctx.backend.write(
        lambda conn: finish(conn, ctx, task, Status.CANCELLED, error=failure, disputed=not ended)
    )
    ctx.hub.wake()
    return msgspec.structs.replace(task, status=Status.CANCELLED, error=failure)


def _words(*, ended: bool, costs: bool) -> str:
    if ended:
        return "Cancelled. The upstream stopped; nothing was charged."
    if costs:
        return "Cancelled. The upstream could not be stopped; the hold stays until it is known what it bills."
    return "Cancelled. The upstream could not be stopped; nothing was charged."
