"""Submit: the paid call. The attempt is committed before the call and its outcome after it, once.

Nothing here ever sends an attempt twice. A doubtful outcome parks the task as `unconfirmed`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from reelgate.core.channel_settings import takes
from reelgate.core.dialect import Accepted, Channel, Refused, Submission, SubmitOutcome, Unclear
from reelgate.core.errors import CODES, Code, Failure, Side
from reelgate.core.lifecycle import Status
from reelgate.core.task import Attempt, AttemptState, Task
from reelgate.engine import health, limits
from reelgate.engine.context import Context
from reelgate.engine.create import deadline
from reelgate.engine.drive import drive
from reelgate.engine.hear import Ear
from reelgate.engine.route import Choice, another, bequeath, direct, retired
from reelgate.engine.settle import finish
from reelgate.engine.tell import LeaseLost, move
from reelgate.store import attempts as attempt_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import AWAY, Connection
from reelgate.telemetry import log, meter
from reelgate.telemetry.traces import step

SURE_S = 1.0
"""For how long after it was read or written a lease is taken for ours. Shorter than any heartbeat's patience."""
BACKOFF_S = (1.0, 4.0, 15.0, 60.0)
AWAY_WAITS_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)
"""How long to wait before the database is asked again, right before a call and right after it."""


@dataclass(frozen=True, slots=True)
class Later:
    """The task is to be woken again: on which channel, and how long to wait first."""

    channel_id: str
    wait_s: float
    at_upstream: bool = False
    """Whether the upstream may be working on it, so that it waits for no slot."""
    priority: int | None = None
    """Its new place in the order of the lane, when it has one."""


@step("submit")
async def submit(ctx: Context, task: Task) -> Later | None:
    """Send a queued task to its channel once and record what is certain; None when its status moved on.

    Raises LeaseLost when another holder took the task over.
    """
    if task.cancel_requested_at is not None:
        await ctx.backend.write(lambda conn: finish(conn, ctx, task, Status.CANCELLED, error=_cancelled()))
        return None
    choice = await _chosen(ctx, task)
    if choice.offer is None:
        return await _unserved(ctx, task, choice)
    channel = await health.enter(ctx, choice.offer.channel.id)
    if channel is None:
        where = choice.offer.channel.id
        return await _bound(ctx, task, where, health.wait_s(ctx, where))
    submission = await _submission(ctx, task, channel)
    attempt = _attempt(ctx, task, channel, submission, choice)
    fresh = Fresh(ctx, task)
    await ctx.backend.write(lambda conn: _intend(conn, ctx, task, attempt))
    ctx.hub.wake()
    meter.waited(channel.name, attempt.created_at - task.created_at)
    log.info("task_sent", task=task.id, channel=channel.name, model=submission.upstream_model)
    with meter.submit_seconds.labels(channel.name).time():
        told = channel
        if takes(ctx.dialects[channel.dialect], "callback_url"):
            told = ctx.callbacks.told_where(channel, attempt.id)
        outcome = await _send(ctx, submission, told, Ear(ctx, task), fresh)
    _count(channel, outcome)
    await _learn(ctx, channel, outcome, attempt)
    return await keep(ctx, task.id, attempt, outcome)


def _count(channel: Channel, outcome: SubmitOutcome) -> None:
    match outcome:
        case Accepted():
            meter.submitted.labels(channel.name, "accepted").inc()
        case Refused(failure=failure):
            meter.submitted.labels(channel.name, "refused").inc()
            meter.upstream_error(channel.name, failure.code, "submit")
            log.info("task_refused", channel=channel.name, code=failure.code.value)
        case Unclear(reason=reason):
            meter.submitted.labels(channel.name, "unclear").inc()
            meter.upstream_error(channel.name, Code.SUBMISSION_UNKNOWN, "submit")
            log.warning("task_unconfirmed", channel=channel.name, reason=reason)
        case _:
            assert_never(outcome)


async def _chosen(ctx: Context, task: Task) -> Choice:
    """Choose the channel, once more if there was a wait in between."""
    tried: dict[str, str] = {}
    if task.attempts:
        history = await ctx.backend.point(lambda conn: attempt_rows.of_task(conn, task.id))
        tried = {a.channel_id: a.error.code.value for a in history if a.error is not None}
    choice = direct(ctx, task, tried)
    if choice.offer is not None and await limits.pass_gate(ctx, choice.offer.channel.id):
        choice = direct(ctx, task, tried)
    return choice


async def _unserved(ctx: Context, task: Task, choice: Choice) -> Later | None:
    """Give a task whose model is gone to what an alias names; without one it ends, and its money goes back."""
    moved = None
    if choice.objection is None:
        moved = await ctx.backend.write(lambda conn: bequeath(conn, ctx, task))
    if moved is None:
        await _fail(ctx, task, choice.objection or retired(ctx, task))
        return None
    log.info("task_bequeathed", task=task.id, model=task.served_model, heir=moved.model)
    return Later(moved.channel_id, 0.0, priority=moved.priority)


async def _submission(ctx: Context, task: Task, channel: Channel) -> Submission:
    parent_ref = None
    if task.request.parent_id is not None:
        parent_id = task.request.parent_id
        parent_ref = await ctx.backend.point(
            lambda conn: attempt_rows.ref_of_task(conn, parent_id, channel.id)
        )
    return Submission(
        request=task.request,
        upstream_model=channel.models[task.served_model],
        token=ctx.ids.token(),
        submitted_at_ms=ctx.clock.now_ms(),
        parent_ref=parent_ref,
    )


def _attempt(ctx: Context, task: Task, channel: Channel, submission: Submission, choice: Choice) -> Attempt:
    return Attempt(
        id=ctx.ids.new("att"),
        task_id=task.id,
        number=task.attempts + 1,
        channel_id=channel.id,
        upstream_model=submission.upstream_model,
        client_token=submission.token,
        state=AttemptState.SUBMITTING,
        ref=None,
        error=None,
        lease_epoch=task.lease_epoch,
        created_at=ctx.clock.now_ms(),
        submitted_at=submission.submitted_at_ms,
        ended_at=None,
        why=choice.written(),
        key_id=channel.key_id,
    )


def _intend(conn: Connection, ctx: Context, task: Task, attempt: Attempt) -> None:
    # First the row that is fenced: a holder that was overtaken learns it there, and not by a number taken twice.
    move(
        conn,
        ctx,
        task,
        Status.SUBMITTING,
        changes={
            **_new_deadline(ctx, task),
            "channel_id": attempt.channel_id,
            "attempt_id": attempt.id,
            "attempts": attempt.number,
        },
    )
    attempt_rows.insert(conn, attempt)
    limits.begin(conn, task, attempt.channel_id)


def _new_deadline(ctx: Context, task: Task) -> dict[str, int | None]:
    """Count the deadline from when the work can begin: waiting for a turn is nobody's failure."""
    served = ctx.channels.find(task.served_model)
    if served is None or task.deadline_at is None:
        return {}
    return {"deadline_at": deadline(ctx.clock.now_ms(), served.profile)}


class TakenOver(LeaseLost):
    """Raised before a call that is no longer ours to make."""


class Fresh:
    """Keeps a process that stood still from sending what somebody else has taken over since."""

    def __init__(self, ctx: Context, task: Task) -> None:
        self._ctx = ctx
        self._task = task
        self._sure_at = self._moment()

    def _moment(self) -> tuple[float, float]:
        # One clock goes on while a process stands still, the other one while its machine does.
        return self._ctx.clock.monotonic(), self._ctx.clock.now_ms() / 1000

    async def __call__(self) -> None:
        """Look at the row if that was not done for long, and wait for a database that is away: nothing is sent yet.

        Raises TakenOver when another holder has the task.
        """
        now = self._moment()
        if all(0 <= there - then <= SURE_S for there, then in zip(now, self._sure_at, strict=True)):
            return
        found = await self._look()
        if found is None or found.lease_epoch != self._task.lease_epoch:
            raise TakenOver(self._task.id)

    async def _look(self) -> Task | None:
        for wait_s in AWAY_WAITS_S:
            try:
                return await self._look_once()
            except AWAY as away:
                log.warning("call_held_back", task=self._task.id, reason=type(away).__name__)
            await self._ctx.clock.sleep(wait_s)
        return await self._look_once()

    async def _look_once(self) -> Task | None:
        # The moment before the look: what happens to this process meanwhile counts as standing still.
        now = self._moment()
        found = await self._ctx.backend.point(lambda conn: task_rows.get(conn, self._task.id))
        self._sure_at = now
        return found


async def _send(
    ctx: Context, submission: Submission, channel: Channel, ear: Ear, fresh: Fresh
) -> SubmitOutcome:
    dialect = ctx.dialects[channel.dialect]
    try:
        return await drive(ctx, dialect.submit(submission, channel), channel, hear=ear, may_call=fresh)
    except TakenOver:
        raise
    except Exception as surprise:  # noqa: BLE001 - whatever broke, the call may have been accepted
        log.exception("submit_surprise", channel=channel.name)
        return Unclear(reason="The gateway broke while sending.", detail=type(surprise).__name__)


async def _learn(ctx: Context, channel: Channel, outcome: SubmitOutcome, attempt: Attempt) -> None:
    try:
        await health.learn(ctx, channel, outcome, attempt.created_at)
    except AWAY as away:  # what is known of the task itself matters more
        log.warning("health_not_written", channel=channel.name, reason=type(away).__name__)


async def keep(ctx: Context, task_id: str, attempt: Attempt, outcome: SubmitOutcome) -> Later | None:
    """Record what nobody else knows, again and again while the database is away.

    Raises LeaseLost as `record` does.
    """
    for tried, wait_s in enumerate(AWAY_WAITS_S):
        try:
            if tried and await _written(ctx, attempt):
                return None
            return await record(ctx, task_id, attempt, outcome)
        except AWAY as away:
            log.warning("outcome_not_written", task=task_id, reason=type(away).__name__, wait_s=wait_s)
        await ctx.clock.sleep(wait_s)
    return None if await _written(ctx, attempt) else await record(ctx, task_id, attempt, outcome)


async def _written(ctx: Context, attempt: Attempt) -> bool:
    """Tell whether the commit that seemed to fail took place."""
    kept = await ctx.backend.point(lambda conn: attempt_rows.get(conn, attempt.id))
    return kept is not None and kept.state is not attempt.state


async def record(ctx: Context, task_id: str, attempt: Attempt, outcome: SubmitOutcome) -> Later | None:
    """Write down what a submit or a reconciliation learned about an attempt.

    Raises LeaseLost when the task was taken over meanwhile; the new holder finds it `submitting`.
    """
    task = await ctx.backend.point(lambda conn: task_rows.get(conn, task_id))
    if task is None or task.attempt_id != attempt.id or task.lease_epoch != attempt.lease_epoch:
        await _leave_word(ctx, attempt, outcome)
        raise LeaseLost(task_id)
    match outcome:
        case Accepted():
            await ctx.backend.write(lambda conn: _accepted(conn, ctx, task, attempt, outcome))
            if outcome.observation is not None:
                ctx.rounds.foretell(attempt.channel_id, outcome.ref, outcome.observation)
            wait = None
        case Refused(failure=failure):
            wait = await _refused(ctx, task, attempt, failure)
        case Unclear(reason=reason):
            await ctx.backend.write(lambda conn: doubt(conn, ctx, task, attempt, reason, outcome.detail))
            wait = None
        case _:
            assert_never(outcome)
    ctx.hub.wake()
    return wait


async def _leave_word(ctx: Context, attempt: Attempt, outcome: SubmitOutcome) -> None:
    """Leave the ref for whoever holds the task now: it turns their doubt into knowledge."""
    if isinstance(outcome, Accepted):
        await ctx.backend.write(lambda conn: attempt_rows.set_ref(conn, attempt.id, outcome.ref))


def _accepted(conn: Connection, ctx: Context, task: Task, attempt: Attempt, outcome: Accepted) -> None:
    seen = outcome.observation
    said = {"upstream_id": outcome.upstream_id, "cost": None if seen is None else seen.cost}
    known = {name: value for name, value in said.items() if value is not None}
    if known:
        attempt_rows.update(conn, attempt.id, epoch=task.lease_epoch, changes=known)
    accept(conn, ctx, task, attempt, outcome.ref)


def accept(conn: Connection, ctx: Context, task: Task, attempt: Attempt, ref: str) -> None:
    """Write that the upstream has the job under `ref`."""
    now = ctx.clock.now_ms()
    attempt_rows.update(
        conn, attempt.id, epoch=task.lease_epoch, changes={"state": AttemptState.ACCEPTED, "ref": ref}
    )
    move(conn, ctx, task, Status.RUNNING, changes={"started_at": now, "unconfirmed_at": None})


def doubt(
    conn: Connection, ctx: Context, task: Task, attempt: Attempt, reason: str, detail: str | None
) -> None:
    """Park a task whose paid call may or may not have been accepted."""
    failure = Failure(code=Code.SUBMISSION_UNKNOWN, message=reason, detail=detail)
    attempt_rows.update(
        conn, attempt.id, epoch=task.lease_epoch, changes={"state": AttemptState.UNCLEAR, "error": failure}
    )
    move(conn, ctx, task, Status.UNCONFIRMED, changes={"unconfirmed_at": ctx.clock.now_ms()})


async def _refused(ctx: Context, task: Task, attempt: Attempt, failure: Failure) -> Later | None:
    history = await ctx.backend.point(lambda conn: attempt_rows.of_task(conn, task.id))
    tried = {a.channel_id: failure.code.value for a in history}
    again = None
    if elsewhere(failure) and not health.again(ctx, attempt.channel_id, failure):
        again = another(ctx, task, tried)
    wait = _wait_s(ctx, task, attempt, failure, history)
    target = again or (attempt.channel_id if wait is not None else None)

    def work(conn: Connection) -> int | None:
        attempt_rows.update(
            conn,
            attempt.id,
            epoch=task.lease_epoch,
            changes={"state": AttemptState.REFUSED, "error": failure, "ended_at": ctx.clock.now_ms()},
        )
        if task.cancel_requested_at is not None:
            finish(conn, ctx, task, Status.CANCELLED, error=_cancelled())
        elif target is None:
            finish(conn, ctx, task, Status.FAILED, error=failure)
        else:
            changes = limits.moved(conn, ctx, task, target)
            move(conn, ctx, task, Status.QUEUED, changes=changes)
            return changes.get("priority")
        return None

    priority = await ctx.backend.write(work)
    if target is None or task.cancel_requested_at is not None:
        return None
    return Later(target, 0.0 if again or wait is None else wait, priority=priority)


def _wait_s(
    ctx: Context, task: Task, attempt: Attempt, failure: Failure, history: Sequence[Attempt]
) -> float | None:
    """Give how long a refused task waits before the same channel has it again; None when it is given up.

    What the channel or its key is refused for is nothing the task did: it waits until they are well.
    """
    if health.again(ctx, attempt.channel_id, failure):
        return 0.0
    if health.waits(ctx, attempt.channel_id, failure) and not _waited_enough(ctx, task, failure):
        return health.turn_s(ctx, attempt.channel_id, failure)
    counted = sum(1 for one in history if health.counts(failure if one.id == attempt.id else one.error))
    if not failure.retryable or counted >= ctx.rules.submit_attempts:
        return None
    return backoff(counted) if failure.retry_after_s is None else failure.retry_after_s


def _waited_enough(ctx: Context, task: Task, failure: Failure) -> bool:
    """Tell whether a task has waited for an upstream that does not answer as long as this installation lets it."""
    if not health.counts(failure) or not ctx.rules.outage_wait_s:
        return False
    waited_ms = ctx.clock.now_ms() - (task.start_after or task.created_at)
    return waited_ms >= ctx.rules.outage_wait_s * 1000


async def _bound(ctx: Context, task: Task, channel_id: str, wait_s: float) -> Later:
    """Have a task wait in the lane of the channel that was chosen for it."""
    if task.channel_id == channel_id:
        return Later(channel_id, wait_s)

    def work(conn: Connection) -> int | None:
        changes = limits.moved(conn, ctx, task, channel_id)
        before = frozenset({Status.QUEUED})
        now = ctx.clock.now_ms()
        took = task_rows.move(conn, task.id, epoch=task.lease_epoch, before=before, changes=changes, now=now)
        if not took:
            raise LeaseLost(task.id)
        return changes.get("priority")

    return Later(channel_id, wait_s, priority=await ctx.backend.write(work))


def backoff(tried: int) -> float:
    """Give the seconds to wait after that many tries."""
    return BACKOFF_S[min(tried, len(BACKOFF_S)) - 1]


def elsewhere(failure: Failure) -> bool:
    """Tell whether another channel might take what this one refused."""
    return CODES[failure.code].side is not Side.CALLER or failure.code is Code.NOT_FOUND


async def _fail(ctx: Context, task: Task, failure: Failure) -> None:
    await ctx.backend.write(lambda conn: finish(conn, ctx, task, Status.FAILED, error=failure))
    ctx.hub.wake()


def _cancelled() -> Failure:
    return Failure(code=Code.CANCELLED, message="Cancelled before anything was sent. Nothing was charged.")
