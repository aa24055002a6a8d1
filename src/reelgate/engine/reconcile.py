"""Reconcile: find out what became of a submission nobody can vouch for, and of work that outlived its task.

Nothing is sent again by itself: only a certain `NotFound`, or a person, puts a task back in the queue.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import assert_never

import msgspec

from reelgate.core.dialect import FindOutcome, Finds, Found, NotFound, Phase, Submission, Unclear
from reelgate.core.errors import Code, Failure, refuse
from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.core.money import ZERO
from reelgate.core.task import Attempt, AttemptState, Task
from reelgate.engine.archive import Kept, bring_home, keep_rows
from reelgate.engine.context import Context, Who
from reelgate.engine.drive import drive
from reelgate.engine.rounds import Interrupted
from reelgate.engine.settle import close, finish
from reelgate.engine.submit import Later, accept, backoff
from reelgate.engine.tell import LeaseLost, move, tell
from reelgate.store import attempts as attempt_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.telemetry import log

FIND_AGAIN_S = (0.0, 10.0, 60.0, 300.0)


async def doubt_submitting(ctx: Context, task: Task) -> Task:
    """Park a task found `submitting` with nobody sending: the call may have been accepted."""
    failure = Failure(
        code=Code.SUBMISSION_UNKNOWN, message="The gateway stopped while the paid call was under way."
    )

    def work(conn: Connection) -> None:
        if task.attempt_id is not None:
            attempt_rows.update(
                conn,
                task.attempt_id,
                epoch=task.lease_epoch,
                changes={"state": AttemptState.UNCLEAR, "error": failure},
            )
        move(conn, ctx, task, Status.UNCONFIRMED, changes={"unconfirmed_at": ctx.clock.now_ms()})

    await ctx.backend.write(work)
    ctx.hub.wake()
    return msgspec.structs.replace(task, status=Status.UNCONFIRMED, unconfirmed_at=ctx.clock.now_ms())


async def reconcile(ctx: Context, task: Task) -> Later | None:
    """Look for the job of an unconfirmed task; None when nothing more is to be done for now.

    Raises LeaseLost when another holder took the task over.
    """
    since = (ctx.clock.now_ms() - (task.unconfirmed_at or task.updated_at)) / 1000
    if since >= ctx.rules.unconfirmed_timeout_s:
        await _give_up(ctx, task, "Nobody could tell in time whether the upstream took the job.")
        return None
    attempt = await _attempt(ctx, task)
    outcome = await _find(ctx, task, attempt)
    match outcome:
        case Found(ref=ref):
            await ctx.backend.write(lambda conn: accept(conn, ctx, task, attempt, ref))
            ctx.hub.wake()
            return None
        case NotFound(certain=True, reason=reason):
            again = task.attempts < ctx.rules.submit_attempts
            await ctx.backend.write(
                lambda conn: _never_existed(conn, ctx, task, attempt, reason, again=again)
            )
            ctx.hub.wake()
            return Later(attempt.channel_id, backoff(task.attempts)) if again else None
        case NotFound() | Unclear():
            later = next((t for t in FIND_AGAIN_S if t > since), ctx.rules.unconfirmed_timeout_s)
            wait = max(0.05, min(later, ctx.rules.unconfirmed_timeout_s) - since)
            return Later(attempt.channel_id, wait, at_upstream=True)
        case _:
            assert_never(outcome)


async def _attempt(ctx: Context, task: Task) -> Attempt:
    attempt_id = task.attempt_id
    found = (
        None
        if attempt_id is None
        else await ctx.backend.point(lambda conn: attempt_rows.get(conn, attempt_id))
    )
    if found is None:
        raise LeaseLost(task.id)
    return found


async def _find(ctx: Context, task: Task, attempt: Attempt) -> FindOutcome:
    if attempt.ref is not None:  # left by the holder that sent it and lost the lease
        return Found(ref=attempt.ref)
    channel = ctx.channels.get(attempt.channel_id, attempt.key_id)
    if channel is None:
        return Unclear(reason="The channel is gone.")
    dialect = ctx.dialects[channel.dialect]
    if not isinstance(dialect, Finds):
        return Unclear(reason="This upstream cannot be asked.")
    taken = await ctx.backend.read(lambda conn: attempt_rows.refs_of_channel(conn, channel.id))
    parent_id = task.request.parent_id
    parent_ref = (
        None
        if parent_id is None
        else await ctx.backend.point(lambda conn: attempt_rows.ref_of_task(conn, parent_id, channel.id))
    )
    flow = dialect.find(_submission(task, attempt, parent_ref), channel, taken)
    try:
        return await drive(ctx, flow, channel)
    except Exception as surprise:  # noqa: BLE001 - a search that broke found nothing
        log.exception("find_surprise", task=task.id)
        return Unclear(reason="The gateway broke while looking.", detail=type(surprise).__name__)


def _submission(task: Task, attempt: Attempt, parent_ref: str | None) -> Submission:
    return Submission(
        request=task.request,
        upstream_model=attempt.upstream_model,
        token=attempt.client_token,
        submitted_at_ms=attempt.submitted_at or attempt.created_at,
        parent_ref=parent_ref,
    )


def _never_existed(
    conn: Connection, ctx: Context, task: Task, attempt: Attempt, reason: str, *, again: bool
) -> None:
    """Queue a task whose submission left no trace; an upstream that breaks every time is not asked for ever."""
    if again:
        _requeue(conn, ctx, task, attempt, reason)
        return
    failure = Failure(
        code=Code.UPSTREAM_INTERNAL,
        message=f"The upstream broke on each of {task.attempts} tries and took none. Nothing was charged.",
    )
    finish(conn, ctx, task, Status.FAILED, error=failure)


def _requeue(conn: Connection, ctx: Context, task: Task, attempt: Attempt, reason: str) -> None:
    failure = Failure(code=Code.SUBMISSION_UNKNOWN, message=reason)
    attempt_rows.update(
        conn,
        attempt.id,
        epoch=task.lease_epoch,
        changes={"state": AttemptState.REFUSED, "error": failure, "ended_at": ctx.clock.now_ms()},
    )
    move(conn, ctx, task, Status.QUEUED, changes={"unconfirmed_at": None})


async def _give_up(ctx: Context, task: Task, reason: str) -> None:
    failure = Failure(
        code=Code.SUBMISSION_UNKNOWN, message=f"{reason} The money stays held until somebody decides."
    )
    await ctx.backend.write(lambda conn: finish(conn, ctx, task, Status.FAILED, error=failure, disputed=True))
    ctx.hub.wake()


class Decision(StrEnum):
    """What a person says of a submission nobody could vouch for."""

    EXISTS = "exists"
    """Here is its ref: go on watching it."""
    RESEND = "resend"
    """It never existed: send it again."""
    GIVE_UP = "give_up"
    """It is over; release the money."""


async def decide(
    ctx: Context, who: Who | None, task_id: str, decision: Decision, ref: str | None = None
) -> Task:
    """Carry out a person's decision about an unconfirmed or disputed task; without `who`, the operator's about anybody's.

    Raises CallerError when the task is not in doubt, or `exists` comes without a ref.
    """
    if decision is Decision.EXISTS and not ref:
        raise refuse(Code.INVALID_REQUEST, "`ref` is missing: the upstream's id of the job.", param="ref")

    def work(conn: Connection) -> tuple[Task, Callable[[], None] | None]:
        task = _decide(conn, ctx, who, task_id, decision, ref)
        return task, _wake(conn, ctx, task)

    task, woken = await ctx.backend.write(work)
    ctx.engine.cancel(task.id)
    if woken is not None:
        woken()
    ctx.hub.wake()
    return task


def _wake(conn: Connection, ctx: Context, task: Task) -> Callable[[], None] | None:
    if task.channel_id is None or task.status not in (Status.RUNNING, Status.QUEUED):
        return None
    return ctx.engine.enqueue(
        task.id,
        task.channel_id,
        model=task.served_model,
        priority=task.priority,
        holds_slot=task.status is Status.RUNNING,
        connection=conn,
    )


def _decide(
    conn: Connection, ctx: Context, who: Who | None, task_id: str, decision: Decision, ref: str | None
) -> Task:
    if who is None:
        task = task_rows.get(conn, task_id)
    else:
        task = task_rows.get_visible(conn, task_id, who.project_id)
    if task is None:
        raise refuse(Code.NOT_FOUND, f"There is no video `{task_id}`.")
    if task.status is Status.UNCONFIRMED:
        leased = task_rows.lease(conn, task_id, ctx.clock.now_ms())
        assert leased is not None  # noqa: S101 - read in this transaction
        return _decided(conn, ctx, leased, decision, ref)
    if task.disputed and decision is Decision.GIVE_UP:
        close(conn, ctx, task, owed=ZERO)
        task_rows.settle_dispute(conn, task.id, ctx.clock.now_ms())
        return msgspec.structs.replace(task, disputed=False)
    raise refuse(Code.INVALID_REQUEST, f"Video `{task_id}` is {task.status.value} and not in doubt.")


def _decided(conn: Connection, ctx: Context, task: Task, decision: Decision, ref: str | None) -> Task:
    attempt = None if task.attempt_id is None else attempt_rows.get(conn, task.attempt_id)
    if attempt is None:
        raise LeaseLost(task.id)
    match decision:
        case Decision.EXISTS:
            accept(conn, ctx, task, attempt, ref or "")
            return msgspec.structs.replace(task, status=Status.RUNNING)
        case Decision.RESEND:
            _requeue(conn, ctx, task, attempt, "A person said that the job never existed.")
            return msgspec.structs.replace(task, status=Status.QUEUED)
        case Decision.GIVE_UP:
            failure = Failure(code=Code.SUBMISSION_UNKNOWN, message="Given up. The hold was released.")
            finish(conn, ctx, task, Status.FAILED, error=failure)
            return msgspec.structs.replace(task, status=Status.FAILED, error=failure)


async def learn_late(ctx: Context, task: Task) -> bool:
    """Ask once what became of work that outlived its task, and settle when the upstream knows.

    A late clip is attached and paid for once; it never changes the task's status. Gives whether the
    dispute is over.
    """
    attempt = await _attempt(ctx, task)
    channel = ctx.channels.get(attempt.channel_id, attempt.key_id)
    if channel is None:
        return False
    ref = attempt.ref or await _late_ref(ctx, task, attempt)
    if ref is None:
        return False
    try:
        seen = await ctx.rounds.next(ctx, channel, ref, after_s=0, interval_s=1)
    except Interrupted:  # a wish for a task that has ended since; its money still follows the upstream
        return False
    match seen.phase:
        case Phase.COMPLETED if seen.outputs:
            kept = await bring_home(ctx, task, seen.outputs) if task.deleted_at is None else None
            if isinstance(kept, Failure):
                return False  # nobody pays for a clip that did not come: the next look may find a living link
            await ctx.backend.write(lambda conn: _late_success(conn, ctx, task, kept))
        case Phase.FAILED | Phase.CANCELLED:
            await ctx.backend.write(lambda conn: _late_failure(conn, ctx, task))
        case Phase.COMPLETED | Phase.QUEUED | Phase.IN_PROGRESS | None:
            return False
    ctx.hub.wake()
    return True


async def _late_ref(ctx: Context, task: Task, attempt: Attempt) -> str | None:
    outcome = await _find(ctx, task, attempt)
    if not isinstance(outcome, Found):
        return None
    await ctx.backend.write(lambda conn: attempt_rows.set_ref(conn, attempt.id, outcome.ref))
    return outcome.ref


def _late_success(conn: Connection, ctx: Context, task: Task, kept: Kept | None) -> None:
    if not task_rows.settle_dispute(conn, task.id, ctx.clock.now_ms()):
        return
    close(conn, ctx, task, owed=task.quote)
    if kept is not None:
        keep_rows(conn, kept)
        tell(conn, ctx, task.id, EventType.LATE_OUTPUT, {"status": task.status.value})


def _late_failure(conn: Connection, ctx: Context, task: Task) -> None:
    if task_rows.settle_dispute(conn, task.id, ctx.clock.now_ms()):
        close(conn, ctx, task, owed=ZERO)
