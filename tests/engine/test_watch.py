"""Watching: what an upstream says is written down; what it does not say never ends a task by itself."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from pathlib import Path

import msgspec

from reelgate.core.dialect import Answer, Channel, Effect, Observation, Phase
from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.engine import sweep
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished, running
from tests.engine.conftest import Bench, open_bench

UNHEARD = Observation(phase=None, trouble=Failure(code=Code.BAD_GATEWAY_PAYLOAD, message="HTML"))
LOST = Observation(phase=None, lost=True, trouble=Failure(code=Code.UPSTREAM_LOST, message="404"))


async def test_unknown_words_and_broken_answers_keep_a_task_running(bench: Bench) -> None:
    unknown = Observation(phase=None, word="percolating")
    bench.upstream.sights["job-1"].extend([running(5), unknown, UNHEARD, UNHEARD, running(50), finished()])

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED


async def test_progress_never_goes_backwards(bench: Bench) -> None:
    bench.upstream.sights["job-1"].extend([running(40), running(20), running(None), running(60)])

    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)
    seen: list[int] = []
    for _ in range(60):
        await bench.clock.advance(1)
        await bench.settle_down(3)
        progress = (await bench.task(task.id)).progress
        if progress is not None:
            seen.append(progress)

    assert seen == sorted(seen)
    assert seen[-1] == 60


async def test_progress_nobody_reported_stays_unknown(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(running(None))

    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)
    await bench.clock.advance(30)
    await bench.settle_down()

    assert (await bench.task(task.id)).progress is None


async def test_polls_are_counted_and_written_with_what_is_written_anyway(bench: Bench) -> None:
    bench.upstream.sights["job-1"].extend([running(5), running(5), running(5), running(50), finished()])

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.polls == 5
    assert bench.upstream.polls == 5


async def test_polls_on_which_nothing_is_written_are_not_written_either(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(running(None))
    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)
    while not (await bench.task(task.id)).polls:
        await bench.clock.advance(1)
        await bench.settle_down(3)
    before = await bench.task(task.id)

    while bench.upstream.polls < 5:
        await bench.clock.advance(1)
        await bench.settle_down(3)

    assert (await bench.task(task.id)).updated_at == before.updated_at
    bench.upstream.sights["job-1"].append(finished())
    assert (await bench.until(task.id)).polls == bench.upstream.polls


async def test_a_missing_job_ends_a_task_only_after_repeated_evidence(bench: Bench) -> None:
    bench.upstream.sights["job-1"].extend([LOST, running(5)])

    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)
    await bench.clock.advance(60)
    await bench.settle_down()
    assert (await bench.task(task.id)).status is Status.RUNNING

    bench.upstream.sights["job-1"].clear()
    bench.upstream.sights["job-1"].append(LOST)
    ended = await bench.until(task.id)

    assert ended.error is not None
    assert ended.error.code is Code.UPSTREAM_LOST
    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}


async def test_completed_without_a_clip_is_asked_again_before_it_is_believed(bench: Bench) -> None:
    empty = Observation(phase=Phase.COMPLETED, word="done")
    bench.upstream.sights["job-1"].extend([empty, empty, finished()])

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED


async def test_a_job_that_never_ends_is_ended_by_its_deadline_with_the_hold_kept(bench: Bench) -> None:
    """Shows 000-20."""

    bench.upstream.sights["job-1"].append(running(98))

    task = await bench.create()
    ended = await bench.until(task.id)

    assert ended.error is not None
    assert ended.error.code is Code.DEADLINE_EXCEEDED
    assert ended.overdue_at is not None
    assert (ended.finished_at or 0) - task.created_at <= (2_700 + 60) * 1000
    assert await bench.ledger(task.id) == {"hold": 400_000}


async def test_a_late_success_is_attached_and_paid_once_without_changing_the_status(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(running(98))
    task = await bench.create()
    await bench.until(task.id)
    bench.upstream.sights["job-1"].clear()
    bench.upstream.sights["job-1"].append(finished())

    await sweep.settle_disputes(bench.ctx)
    await sweep.settle_disputes(bench.ctx)

    after = await bench.task(task.id)
    assert after.status is Status.FAILED
    assert not after.disputed
    assert await bench.ledger(task.id) == {"hold": 400_000, "capture": 400_000}
    assert (await bench.kinds(task.id)).count("late_output") == 1
    assert await bench.violations() == []


async def test_a_late_failure_gives_the_money_back(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(running(98))
    task = await bench.create()
    await bench.until(task.id)
    bench.upstream.sights["job-1"].clear()
    bench.upstream.sights["job-1"].append(Observation(phase=Phase.FAILED, word="failed"))

    await sweep.settle_disputes(bench.ctx)

    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}


async def test_a_restart_goes_on_watching_without_a_new_submission(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path
) -> None:
    """Shows 002-05."""

    async with open_bench(tmp_path, upstream, clock) as bench:
        task = await bench.create()
        await bench.until(task.id, Status.RUNNING)

    upstream.sights["job-1"].append(finished())
    async with open_bench(tmp_path, upstream, clock) as bench:
        bench.renders.put("clip", clip)
        await sweep.wake_open_tasks(bench.ctx)
        done = await bench.until(task.id)

        assert done.status is Status.COMPLETED
        assert len(upstream.submitted) == 1


async def test_many_jobs_of_one_channel_are_polled_in_company(bench: Bench) -> None:
    tasks = [await bench.create(f"clip {n}") for n in range(40)]
    for task in tasks:
        await bench.until(task.id, Status.RUNNING)
    await bench.clock.advance(10)
    await bench.settle_down()
    before = bench.upstream.polls

    await bench.clock.advance(10.5)
    await bench.settle_down()

    assert bench.upstream.polls - before <= 3


class Noting(Scripted):
    """Notes about which jobs each list call asked."""

    def __init__(self) -> None:
        super().__init__()
        self.lists: list[set[str]] = []

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        self.lists.append(set(refs))
        return (yield from super().poll_many(refs, channel))


async def test_a_newcomer_is_no_reason_to_ask_about_everybody_again(tmp_path: Path) -> None:
    upstream = Noting()
    async with open_bench(tmp_path, upstream, FakeClock()) as bench:
        for n in range(20):
            await bench.at_once((await bench.create(f"clip {n}")).id, Status.RUNNING)
        for seconds in (0.5, 11):
            await bench.clock.advance(seconds)
            await bench.settle_down()
        before, polls = len(upstream.lists), upstream.polls
        assert before

        await bench.at_once((await bench.create("one more")).id, Status.RUNNING)
        await bench.settle_down()
        assert upstream.polls == polls
        await bench.clock.advance(0.3)
        await bench.settle_down()

        assert upstream.lists[before:] == []
        assert upstream.polls - polls == 1


async def test_after_a_start_one_list_answers_for_every_job(tmp_path: Path, clock: FakeClock) -> None:
    upstream = Noting()
    async with open_bench(tmp_path, upstream, clock) as bench:
        for n in range(40):
            await bench.at_once((await bench.create(f"clip {n}")).id, Status.RUNNING)
    upstream.lists.clear()
    upstream.polls = 0

    async with open_bench(tmp_path, upstream, clock) as bench:
        await sweep.wake_open_tasks(bench.ctx)
        await bench.settle_down()
        await bench.clock.advance(0.3)
        await bench.settle_down()

    assert [len(asked) for asked in upstream.lists] == [40]
    assert upstream.polls == 1


async def test_a_job_told_to_wait_longer_is_not_asked_about_in_company(tmp_path: Path) -> None:
    upstream = Noting()
    upstream.sights["job-1"].extend([msgspec.structs.replace(UNHEARD, retry_after_s=45.0), running(5)])
    async with open_bench(tmp_path, upstream, FakeClock()) as bench:
        for n in range(20):
            await bench.until((await bench.create(f"clip {n}")).id, Status.RUNNING)
        upstream.lists.clear()

        for _ in range(30):
            await bench.clock.advance(1)
            await bench.settle_down(5)

        assert upstream.lists
        assert all("job-1" not in asked for asked in upstream.lists)


async def test_a_stop_does_not_wait_for_jobs_that_go_on_upstream(bench: Bench) -> None:
    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)
    await bench.settle_down()

    await bench.ctx.rounds.close()
    await bench.settle_down()

    assert bench.runner.active == 0
    assert (await bench.task(task.id)).status is Status.RUNNING
