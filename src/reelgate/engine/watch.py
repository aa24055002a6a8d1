"""Watch: ask the upstream how an attempt is doing and write down what it said.

Nothing here decides that a task has failed because we could not ask. `overdue` is a mark, not an end.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from reelgate.core.dialect import Channel, Observation, Output, Phase
from reelgate.core.errors import Code, Failure
from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.polling import Course, Fixed, Planned, Policy, Usual, next_wait, parse_policy
from reelgate.core.profile import Profile
from reelgate.core.task import Attempt, Task
from reelgate.engine import health
from reelgate.engine.context import Context
from reelgate.engine.settle import finish
from reelgate.engine.tell import LeaseLost, move, tell
from reelgate.store import attempts as attempt_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.telemetry import log, meter
from reelgate.telemetry.traces import step

LOST_TIMES = 3
LOST_APART_S = 30.0
"""A 404 ends a task only when it was seen this often, this far apart."""
EMPTY_TIMES = 3
"""Polls that say completed without an output before that is believed."""
PROGRESS_EVERY_S = 1.0
"""A task's progress is written at most this often."""
OVERDUE_FACTOR = 3
TROUBLE_MAX_S = 60.0
RECOMMENDED_S = 10.0
"""How often an upstream likes to be asked whose model has no profile any more."""
EVERY_TIME_S = 1.0
"""Who may be asked this often is asked this often: a plan would save nothing."""
NEW_S = 5.0
"""A job younger than this was just sent, and nothing of it was missed."""
TENTH = 10
"""Progress is logged whenever it has passed another so many per cent."""


@dataclass(slots=True)
class Sight:
    """What one watch remembers between two polls; safe to lose."""

    lost: int = 0
    lost_at: float = float("-inf")
    empty: int = 0
    troubles: int = 0
    wrote_at: float = float("-inf")
    course: Course = field(default_factory=Course)


@dataclass(frozen=True, slots=True)
class Plan:
    """What says when a job is asked about."""

    policy: Policy
    usual: Usual
    recommended_s: float
    """How often its upstream likes to be asked on average."""


@dataclass(frozen=True, slots=True)
class Pause:
    """How long to wait before a job is asked about again, and how long that is without trouble."""

    after_s: float
    interval_s: float
    not_before_s: float = 0.0
    """Earlier than this its upstream does not want to be asked."""


@step("watch")
async def watch(ctx: Context, task: Task) -> tuple[Task, tuple[Output, ...]]:
    """Follow a running task until it is archiving or over; gives the task as it then is and where its files are.

    Raises LeaseLost when another holder took the task over.
    """
    attempt = await attempt_of(ctx, task)
    sight = Sight()
    pause: Pause | None = None
    while True:
        channel = ctx.channels.get(attempt.channel_id, attempt.key_id)
        if channel is None:
            return await _end(ctx, task, _channel_gone()), ()
        plan = await _plan(ctx, task, channel)
        pause = pause or _first_pause(ctx, task, attempt, plan)
        seen = await ctx.rounds.next(
            ctx,
            channel,
            attempt.ref or "",
            after_s=min(pause.after_s, _until_deadline(ctx, task)),
            interval_s=pause.interval_s,
            not_before_s=pause.not_before_s,
        )
        if seen.trouble is not None:
            meter.upstream_error(channel.name, seen.trouble.code, "poll")
        await health.heard(ctx, channel, seen)
        sight.course.note(_age_s(ctx, task), seen.progress)
        task = _counted(ctx, task, attempt)
        task, outputs = await take_in(ctx, task, seen, sight)
        if task.status is not Status.RUNNING:
            return task, outputs
        pause = _next_pause(ctx, task, seen, sight, plan)


def _counted(ctx: Context, task: Task, attempt: Attempt) -> Task:
    """Count the polls since the last one; the row learns of them with whatever is written of the task next."""
    polls = ctx.rounds.polls(attempt.channel_id, attempt.ref or "")
    return msgspec.structs.replace(task, polls=(task.polls or 0) + polls) if polls else task


async def attempt_of(ctx: Context, task: Task) -> Attempt:
    """Give the attempt a task holds.

    Raises LeaseLost when there is none: the row changed hands.
    """
    attempt_id = task.attempt_id
    attempt = (
        None
        if attempt_id is None
        else await ctx.backend.point(lambda conn: attempt_rows.get(conn, attempt_id))
    )
    if attempt is None or attempt.ref is None:
        raise LeaseLost(task.id)
    return attempt


async def _plan(ctx: Context, task: Task, channel: Channel) -> Plan:
    profile = _profile(ctx, task, channel)
    recommended_s = RECOMMENDED_S if profile is None else profile.poll_seconds
    usual = await ctx.usual.of(ctx, task, profile)
    return Plan(policy_of(ctx, channel, recommended_s), usual, recommended_s)


def policy_of(ctx: Context, channel: Channel, recommended_s: float) -> Policy:
    """Give the policy a channel is asked by: its own, else the installation's."""
    if channel.poll_policy is not None:
        return parse_policy(channel.poll_policy)
    if channel.poll_seconds is not None:
        return Fixed(channel.poll_seconds)
    return Fixed(recommended_s) if recommended_s <= EVERY_TIME_S else parse_policy(ctx.rules.poll_policy)


def _profile(ctx: Context, task: Task, channel: Channel) -> Profile | None:
    return ctx.channels.profile(channel, task.served_model)


def _until_deadline(ctx: Context, task: Task) -> float:
    if task.deadline_at is None:
        return float("inf")
    return max(0.0, (task.deadline_at - ctx.clock.now_ms()) / 1000)


def _age_s(ctx: Context, task: Task) -> float:
    return 0.0 if task.started_at is None else max(0.0, (ctx.clock.now_ms() - task.started_at) / 1000)


def _first_pause(ctx: Context, task: Task, attempt: Attempt, plan: Plan) -> Pause:
    """Ask at once, as after a start, unless the plan knows better about a job that was just sent."""
    known = isinstance(plan.policy, Planned) and _age_s(ctx, task) < NEW_S and attempt.nudged_at is None
    wait = _wait_s(ctx, task, Sight(), plan)
    return Pause(wait if known else 0.0, wait)


def _wait_s(ctx: Context, task: Task, sight: Sight, plan: Plan) -> float:
    return next_wait(
        plan.policy,
        age_s=_age_s(ctx, task),
        course=sight.course,
        usual=plan.usual,
        recommended_s=plan.recommended_s,
        draw=ctx.random.random(),
    )


def _next_pause(ctx: Context, task: Task, seen: Observation, sight: Sight, plan: Plan) -> Pause:
    wait = _wait_s(ctx, task, sight, plan)
    usually = plan.policy.seconds if isinstance(plan.policy, Fixed) else wait
    if seen.retry_after_s is not None:
        later = max(seen.retry_after_s, wait)
        return Pause(later, usually, not_before_s=seen.retry_after_s)
    if seen.trouble is not None:
        base = plan.recommended_s if isinstance(plan.policy, Planned) else usually
        return Pause(min(TROUBLE_MAX_S, base * 2 ** min(sight.troubles, 6)), usually)
    return Pause(wait, usually)


async def take_in(
    ctx: Context, task: Task, seen: Observation, sight: Sight
) -> tuple[Task, tuple[Output, ...]]:
    """Apply one observation to a running task; unknown words and troubles keep its state."""
    sight.troubles = sight.troubles + 1 if seen.trouble is not None else 0
    match seen.phase:
        case Phase.COMPLETED if seen.outputs:
            return await _to_archiving(ctx, task, seen), seen.outputs
        case Phase.COMPLETED:
            sight.empty += 1
            if sight.empty >= EMPTY_TIMES:
                return await _end(ctx, task, seen.error or _no_output(), disputed=True, cost=seen.cost), ()
        case Phase.FAILED:
            _count_failure(ctx, task, seen)
            return await _end(ctx, task, seen.error or _unexplained(), word=seen.word, cost=seen.cost), ()
        case Phase.CANCELLED:
            return await _end(ctx, task, _cancelled_upstream(), status=Status.CANCELLED), ()
        case Phase.QUEUED | Phase.IN_PROGRESS | None:
            sight.empty = 0
    if _is_lost(ctx, seen, sight):
        return await _end(ctx, task, _lost()), ()
    return await _go_on(ctx, task, seen, sight), ()


def _count_failure(ctx: Context, task: Task, seen: Observation) -> None:
    channel = ctx.channels.get(task.channel_id or "")
    code = Code.UPSTREAM_FAILED if seen.error is None else seen.error.code
    meter.upstream_error("removed" if channel is None else channel.name, code, "job")


def _is_lost(ctx: Context, seen: Observation, sight: Sight) -> bool:
    if not seen.lost:
        if seen.trouble is None:
            sight.lost = 0
        return False
    now = ctx.clock.monotonic()
    if now - sight.lost_at >= LOST_APART_S:
        sight.lost += 1
        sight.lost_at = now
    return sight.lost >= LOST_TIMES


async def _go_on(ctx: Context, task: Task, seen: Observation, sight: Sight) -> Task:
    if task.deadline_at is not None and ctx.clock.now_ms() >= task.deadline_at:
        return await _end(ctx, task, _too_late(), disputed=True)
    changes = _news(ctx, task, seen)
    now = ctx.clock.monotonic()
    if not changes or (now - sight.wrote_at < PROGRESS_EVERY_S and "overdue_at" not in changes):
        return task
    sight.wrote_at = now
    changes["polls"] = task.polls
    updated = msgspec.structs.replace(task, **changes)

    def work(conn: Connection) -> None:
        took = task_rows.move(
            conn,
            task.id,
            epoch=task.lease_epoch,
            before=frozenset({Status.RUNNING}),
            changes=changes,
            now=ctx.clock.now_ms(),
        )
        if not took:
            raise LeaseLost(task.id)
        if "overdue_at" in changes:
            tell(conn, ctx, task.id, EventType.OVERDUE, {"status": Status.RUNNING.value})
        if "progress" in changes or "phase" in changes:
            tell(conn, ctx, task.id, EventType.PROGRESS, shown(updated))

    await ctx.backend.write(work)
    ctx.hub.wake()
    if (updated.progress or 0) // TENTH > (task.progress or 0) // TENTH:
        log.info("task_progress", task=task.id, percent=updated.progress)
    return updated


def _news(ctx: Context, task: Task, seen: Observation) -> dict[str, object]:
    changes: dict[str, object] = {}
    if seen.progress is not None and seen.progress > (task.progress if task.progress is not None else -1):
        changes["progress"] = seen.progress
    if seen.phase is not None and seen.phase.value != task.phase:
        changes["phase"] = seen.phase.value
    if seen.word is not None and seen.word != task.word:
        changes["word"] = seen.word
    if task.overdue_at is None and _is_overdue(ctx, task):
        changes["overdue_at"] = ctx.clock.now_ms()
    return changes


def _is_overdue(ctx: Context, task: Task) -> bool:
    served = ctx.channels.find(task.served_model)
    if served is None or task.started_at is None:
        return False
    usual_ms = served.profile.usual_seconds * 1000
    return ctx.clock.now_ms() - task.started_at > max(60_000, OVERDUE_FACTOR * usual_ms)


def shown(task: Task) -> dict[str, object]:
    """What an event says about a task that goes on."""
    return {"status": task.status.value, "progress": task.progress, "phase": task.phase}


async def _to_archiving(ctx: Context, task: Task, seen: Observation) -> Task:
    changes: dict[str, object] = {"phase": Phase.COMPLETED.value, "word": seen.word, "polls": task.polls}
    now = ctx.clock.now_ms()

    def work(conn: Connection) -> None:
        move(conn, ctx, task, Status.ARCHIVING, changes=changes)
        _note_cost(conn, task, seen.cost)

    await ctx.backend.write(work)
    ctx.hub.wake()
    return msgspec.structs.replace(task, status=Status.ARCHIVING, updated_at=now, **changes)


def _note_cost(conn: Connection, task: Task, cost: Micro | None) -> None:
    if cost is not None and task.attempt_id is not None:
        attempt_rows.update(conn, task.attempt_id, epoch=task.lease_epoch, changes={"cost": cost})


async def _end(
    ctx: Context,
    task: Task,
    failure: Failure,
    *,
    status: Status = Status.FAILED,
    disputed: bool = False,
    word: str | None = None,
    cost: Micro | None = None,
) -> Task:
    if task.cancel_requested_at is not None and not disputed:
        status = Status.CANCELLED
        failure = _cancelled_upstream()
    changes: dict[str, object] = {"polls": task.polls}
    if word is not None:
        changes["word"] = word

    def work(conn: Connection) -> None:
        _note_cost(conn, task, cost)
        finish(conn, ctx, task, status, error=failure, disputed=disputed, changes=changes)

    await ctx.backend.write(work)
    ctx.hub.wake()
    log.info("task_ended", task=task.id, status=status.value, code=failure.code.value)
    return msgspec.structs.replace(task, status=status, error=failure, disputed=disputed)


def _no_output() -> Failure:
    return Failure(code=Code.NO_OUTPUT, message="The upstream said completed and gave no clip.")


def _unexplained() -> Failure:
    return Failure(code=Code.UPSTREAM_FAILED, message="The upstream failed and gave no reason.")


def _cancelled_upstream() -> Failure:
    return Failure(code=Code.CANCELLED, message="Cancelled. The upstream stopped; the hold was released.")


def _lost() -> Failure:
    return Failure(code=Code.UPSTREAM_LOST, message="The upstream accepted the job and no longer knows it.")


def _too_late() -> Failure:
    return Failure(
        code=Code.DEADLINE_EXCEEDED,
        message="The deadline passed. The hold stays until the upstream's answer is known; a late clip is kept.",
    )


def _channel_gone() -> Failure:
    return Failure(
        code=Code.UPSTREAM_LOST, message="The channel this task ran on was removed, so nobody can be asked."
    )
