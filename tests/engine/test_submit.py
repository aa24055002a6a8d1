"""The paid call: committed before it is made, recorded once, never repeated in doubt."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec
import pytest

from reelgate.core.dialect import Accepted, Found, NotFound, Refused, Unclear
from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.task import AttemptState
from reelgate.engine import sweep
from reelgate.engine.context import Rules
from reelgate.engine.submit import record
from reelgate.engine.tell import LeaseLost
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished, running
from tests.engine.conftest import Bench, open_bench


def refusal(code: Code, retry_after_s: float | None = None) -> Refused:
    return Refused(failure=Failure(code=code, message="no", retry_after_s=retry_after_s))


async def test_an_accepted_task_is_watched_archived_and_paid_for_once(bench: Bench) -> None:
    """Shows 003-09, 001-09."""

    bench.upstream.sights["job-1"].extend([running(10), running(60), finished()])

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED
    assert bench.upstream.bill == ["job-1"]
    assert await bench.ledger(task.id) == {"hold": 400_000, "capture": 400_000}
    kinds = await bench.kinds(task.id)
    assert kinds[:3] == ["queued", "submitting", "running"]
    assert kinds[-2:] == ["archiving", "completed"]
    assert await bench.violations() == []


async def test_a_refusal_of_the_callers_making_fails_and_gives_the_money_back(bench: Bench) -> None:
    bench.upstream.outcomes.append(refusal(Code.CONTENT_POLICY))

    task = await bench.create()
    ended = await bench.until(task.id)

    assert ended.status is Status.FAILED
    assert ended.error is not None
    assert ended.error.code is Code.CONTENT_POLICY
    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}
    assert len(bench.upstream.submitted) == 1


async def test_a_busy_upstream_is_asked_again_after_the_time_it_named(bench: Bench) -> None:
    """Shows 000-21."""

    bench.upstream.outcomes.append(refusal(Code.RATE_LIMITED, retry_after_s=30))
    bench.upstream.sights["job-2"].append(finished())

    task = await bench.create()
    await bench.until(task.id, Status.QUEUED)
    await bench.clock.advance(20)
    await bench.settle_down()
    assert len(bench.upstream.submitted) == 1

    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED
    assert [a.state for a in await bench.attempts(task.id)] == [AttemptState.REFUSED, AttemptState.ENDED]
    assert bench.upstream.bill == ["job-2"]


async def test_a_task_refused_too_often_fails_with_the_last_reason(
    tmp_path: Path, upstream: Scripted, clock: FakeClock
) -> None:
    """Shows 001-10, 002-03."""

    upstream.outcomes.extend([refusal(Code.OVERLOADED)] * 9)
    async with open_bench(
        tmp_path, upstream, clock, rules=Rules(default_model="demo", breaker_after=0)
    ) as bench:
        task = await bench.create()
        ended = await bench.until(task.id)

        assert ended.status is Status.FAILED
        assert ended.error is not None
        assert ended.error.code is Code.OVERLOADED
        assert len(upstream.submitted) == bench.ctx.rules.submit_attempts


async def test_a_refused_task_goes_to_the_next_channel(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path
) -> None:
    upstream.outcomes.append(refusal(Code.QUOTA_EXHAUSTED))
    upstream.sights["job-2"].append(finished())
    async with open_bench(tmp_path, upstream, clock, second=True) as bench:
        bench.renders.put("clip", clip)

        task = await bench.create()
        done = await bench.until(task.id)

        assert done.status is Status.COMPLETED
        assert len({a.channel_id for a in await bench.attempts(task.id)}) == 2


@pytest.mark.parametrize("doubt", [Unclear(reason="no answer"), RuntimeError("the driver broke")])
async def test_a_doubtful_submission_is_unconfirmed_and_never_sent_again(
    bench: Bench, doubt: Unclear | Exception
) -> None:
    bench.upstream.outcomes.append(doubt)

    task = await bench.create()
    await bench.until(task.id, Status.UNCONFIRMED)
    ended = await bench.until(task.id)

    assert ended.status is Status.FAILED
    assert ended.error is not None
    assert ended.error.code is Code.SUBMISSION_UNKNOWN
    assert ended.disputed
    assert len(bench.upstream.submitted) == 1
    assert await bench.ledger(task.id) == {"hold": 400_000}
    waited = (ended.finished_at or 0) - task.created_at
    assert waited >= bench.ctx.rules.unconfirmed_timeout_s * 1000


async def test_a_doubtful_submission_that_is_found_goes_on_and_is_paid_once(bench: Bench) -> None:
    bench.upstream.outcomes.append(Unclear(reason="no answer"))
    bench.upstream.found = Found(ref="job-x")
    bench.upstream.sights["job-x"].append(finished())

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED
    assert len(bench.upstream.submitted) == 1
    assert await bench.ledger(task.id) == {"hold": 400_000, "capture": 400_000}


async def test_only_a_certain_absence_sends_a_doubtful_submission_again(bench: Bench) -> None:
    bench.upstream.outcomes.append(Unclear(reason="no answer"))
    bench.upstream.found = NotFound(certain=True, reason="the upstream keeps every token")
    bench.upstream.sights["job-2"].append(finished())

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED
    assert bench.upstream.bill == ["job-2"]
    tokens = [s.token for s in bench.upstream.submitted]
    assert len(set(tokens)) == 2


async def test_a_task_caught_mid_submit_by_a_stop_is_unconfirmed_after_the_restart(
    tmp_path: Path, upstream: Scripted, clock: FakeClock
) -> None:
    async with open_bench(tmp_path, upstream, clock) as bench:
        task = await bench.create()
        await bench.until(task.id, Status.RUNNING)
    with sqlite3.connect(tmp_path / "reelgate.db") as rows:
        rows.execute("UPDATE tasks SET status = 'submitting'")
        rows.execute("UPDATE attempts SET state = 'submitting', ref = NULL")

    async with open_bench(tmp_path, upstream, clock) as bench:
        await sweep.wake_open_tasks(bench.ctx)
        found = await bench.until(task.id, Status.UNCONFIRMED)

        assert found.error is None
        assert len(upstream.submitted) == 1


async def test_whoever_lost_the_lease_while_sending_leaves_the_ref_for_its_successor(bench: Bench) -> None:
    task = await bench.create()
    running = await bench.until(task.id, Status.RUNNING)
    attempt = (await bench.attempts(task.id))[0]
    stale = msgspec.structs.replace(attempt, lease_epoch=running.lease_epoch - 1)
    await bench.runner.drain(0)

    with pytest.raises(LeaseLost):
        await record(bench.ctx, task.id, stale, Accepted(ref="job-late"))

    assert (await bench.task(task.id)).status is Status.RUNNING
    assert (await bench.attempts(task.id))[0].ref == "job-1"


async def test_an_upstream_that_breaks_every_time_without_a_trace_is_not_asked_for_ever(bench: Bench) -> None:
    bench.upstream.outcomes.extend([Unclear(reason="500")] * 20)
    bench.upstream.found = NotFound(certain=True, reason="the upstream keeps every token")

    task = await bench.create()
    ended = await bench.until(task.id)

    assert ended.status is Status.FAILED
    assert ended.error is not None
    assert ended.error.code is Code.UPSTREAM_INTERNAL
    assert len(bench.upstream.submitted) == bench.ctx.rules.submit_attempts
    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}
