"""Watch: ask the upstream how an attempt is doing and write down what it said.

Nothing here decides that a task has failed because we could not ask. `overdue` is a mark, not an end.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from reelgate.core.dialect import Channel, Observation, Output, Phase
from reelgate.core.errors import Code, Failure
from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.core.profile import Profile
from reelgate.core.task import Attempt, Task
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


@step("watch")
async def watch(ctx: Context, task: Task) -> tuple[Task, tuple[Output, ...]]:
    """Follow a running task until it is archiving or over; gives the task as it then is and where its files are.

    Raises LeaseLost when another holder took the task over.
    """
    attempt = await attempt_of(ctx, task)
    sight = Sight()
    after = 0.0
    while True:
        channel = ctx.channels.get(attempt.channel_id)
        if channel is None:
            return await _end(ctx, task, _channel_gone()), ()
        interval = _interval(ctx, task, channel)
        wait = min(after, _until_deadline(ctx, task))
        seen = await ctx.rounds.next(ctx, channel, attempt.ref or "", after_s=wait, interval_s=interval)
        if seen.trouble is not None:
            meter.upstream_error(channel.name, seen.trouble.code, "poll")
        task, outputs = await take_in(ctx, task, seen, sight)
        if task.status is not Status.RUNNING:
            return task, outputs
        after = _next_poll(ctx, seen, sight, interval)


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


def _interval(ctx: Context, task: Task, channel: Channel) -> float:
    if channel.poll_seconds is not None:
        return channel.poll_seconds
    profile = _profile(ctx, task, channel)
    return 10.0 if profile is None else profile.poll_seconds


def _profile(ctx: Context, task: Task, channel: Channel) -> Profile | None:
    return ctx.channels.profile(channel, task.served_model)


def _until_deadline(ctx: Context, task: Task) -> float:
    if task.deadline_at is None:
        return float("inf")
    return max(0.0, (task.deadline_at - ctx.clock.now_ms()) / 1000)


def _next_poll(ctx: Context, seen: Observation, sight: Sight, interval: float) -> float:
    if seen.retry_after_s is not None:
        return max(seen.retry_after_s, interval)
    if seen.trouble is not None:
        return min(TROUBLE_MAX_S, interval * 2 ** min(sight.troubles, 6))
    return interval * ctx.random.uniform(0.95, 1.05)


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
                return await _end(ctx, task, seen.error or _no_output(), disputed=True), ()
        case Phase.FAILED:
            _count_failure(ctx, task, seen)
            return await _end(ctx, task, seen.error or _unexplained(), word=seen.word), ()
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
    changes: dict[str, object] = {"phase": Phase.COMPLETED.value, "word": seen.word}
    await ctx.backend.write(lambda conn: move(conn, ctx, task, Status.ARCHIVING, changes=changes))
    ctx.hub.wake()
    return msgspec.structs.replace(task, status=Status.ARCHIVING, **changes)


async def _end(
    ctx: Context,
    task: Task,
    failure: Failure,
    *,
    status: Status = Status.FAILED,
    disputed: bool = False,
    word: str | None = None,
) -> Task:
    if task.cancel_requested_at is not None and not disputed:
        status = Status.CANCELLED
        failure = _cancelled_upstream()
    changes = {} if word is None else {"word": word}
    await ctx.backend.write(
        lambda conn: finish(conn, ctx, task, status, error=failure, disputed=disputed, changes=changes)
    )
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
