"""The planned policy at work: few questions, learned times, and company where an upstream has a list."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from reelgate.core.dialect import Observation
from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.polling import Fixed, Planned, Usual, usual_from_profile
from reelgate.engine import sweep
from reelgate.engine.usual import KEPT_S, UsualTimes
from reelgate.engine.watch import policy_of
from reelgate.store import channels as channel_rows
from reelgate.store import durations as duration_rows
from reelgate.store.durations import Duration
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished, running
from tests.engine.conftest import Bench, open_bench


async def by(bench: Bench, policy: str | None, poll_seconds: float | None = None) -> None:
    """Have the channel asked by a policy."""
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None
    changed = msgspec.structs.replace(channel, poll_policy=policy, poll_seconds=poll_seconds)
    await bench.ctx.backend.write(lambda conn: channel_rows.update_channel(conn, changed, 1))
    await bench.ctx.channels.reload(bench.ctx.backend)


async def took(bench: Bench, seconds: float, times: int, **more: object) -> None:
    """Note that jobs of the model took so long."""
    ms = int(seconds * 1000)
    one = Duration(
        model="demo", channel_id="chan_one", seconds_asked=4, took_ms=ms + 9_000, finished_at=1, ready_ms=ms
    )
    one = msgspec.structs.replace(one, **more)
    for _ in range(times):
        await bench.ctx.backend.write(lambda conn: duration_rows.add(conn, one))


ASLEEP = 2
"""Who waits for the clock while nothing happens: the housekeeping, and the round of the one channel that has jobs."""


async def passing(bench: Bench, seconds: int, meanwhile: Callable[[], bool] = lambda: False) -> None:
    """Let time pass, but never faster than the engine keeps up; ends early once `meanwhile` holds."""
    for _ in range(seconds):
        if meanwhile():
            return
        await bench.clock.advance(1)
        async with asyncio.timeout(60):
            while bench.clock.sleepers < ASLEEP and not meanwhile():  # noqa: ASYNC110 - threads change it
                await asyncio.sleep(0.001)


@pytest.fixture
async def bench(tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, upstream, clock) as opened:
        opened.renders.put("clip", clip)
        await by(opened, None)
        yield opened


async def test_a_channel_without_a_policy_is_asked_by_the_installations(bench: Bench) -> None:
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None

    own = msgspec.structs.replace(channel, poll_policy="fixed:7", poll_seconds=None)
    seconds = msgspec.structs.replace(channel, poll_policy=None, poll_seconds=3.0)

    assert policy_of(bench.ctx, channel, 10.0) == Planned()
    assert policy_of(bench.ctx, own, 10.0) == Fixed(7)
    assert policy_of(bench.ctx, seconds, 10.0) == Fixed(3)


async def test_who_may_be_asked_every_second_is_asked_as_its_profile_says(bench: Bench) -> None:
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None

    assert policy_of(bench.ctx, channel, 0.25) == Fixed(0.25)


async def test_a_long_job_is_asked_about_rarely_until_it_may_end(bench: Bench, upstream: Scripted) -> None:
    await took(bench, 300, 20)
    task = await bench.create()
    await bench.at_once(task.id, Status.RUNNING)

    await passing(bench, 200)
    early = upstream.polls
    await passing(bench, 90)
    late = upstream.polls - early

    assert early <= 6
    assert late > early


async def test_the_end_is_noticed_soon_after_the_usual_time(bench: Bench, upstream: Scripted) -> None:
    await took(bench, 120, 20)
    task = await bench.create()
    await bench.at_once(task.id, Status.RUNNING)

    await passing(bench, 118)
    upstream.sights["job-1"].append(finished())
    asked, before = upstream.polls, bench.clock.monotonic()
    await passing(bench, 60, lambda: upstream.polls > asked)

    assert upstream.polls > asked
    assert bench.clock.monotonic() - before <= 8


async def test_what_was_learned_is_the_upstreams_time_and_not_the_archives(bench: Bench) -> None:
    """A clip that took an hour to fetch was ready when the upstream said so."""
    await by(bench, "fixed:10")
    bench.upstream.sights["job-1"].extend([running(5), running(50), finished()])
    task = await bench.create()
    await bench.until(task.id, Status.COMPLETED)

    (ready,) = await bench.ctx.backend.point(lambda conn: duration_rows.ready(conn, "demo"))

    assert 9_000 <= ready.ready_ms <= 40_000


async def test_jobs_alike_teach_before_others_of_the_channel_and_of_the_model(bench: Bench) -> None:
    task = await bench.create()
    profile = bench.upstream.profiles.find("scripted-1")
    times = UsualTimes()

    async def usual() -> Usual:
        await bench.clock.advance(KEPT_S + 1)
        return await times.of(bench.ctx, task, profile)

    assert await usual() == usual_from_profile(10)
    await took(bench, 500, 8, channel_id="chan_other")
    assert (await usual()).p50 == 500
    await took(bench, 90, 8, seconds_asked=12)
    assert (await usual()).p50 == 90
    await took(bench, 60, 8)
    assert (await usual()).p50 == 60


async def test_the_rows_are_asked_once_a_minute_for_each_kind(bench: Bench) -> None:
    task = await bench.create()
    times = UsualTimes()
    first = await times.of(bench.ctx, task, None)
    await took(bench, 60, 8)

    assert await times.of(bench.ctx, task, None) is first
    await bench.clock.advance(KEPT_S)
    assert (await times.of(bench.ctx, task, None)).p50 == 60


async def test_after_a_start_a_job_is_asked_about_at_once(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path
) -> None:
    """It may have ended while nobody looked."""
    async with open_bench(tmp_path, upstream, clock) as bench:
        await by(bench, None)
        await took(bench, 600, 20)
        task = await bench.create()
        await bench.at_once(task.id, Status.RUNNING)
        await passing(bench, 30)
    upstream.sights["job-1"].append(finished())

    async with open_bench(tmp_path, upstream, clock) as bench:
        bench.renders.put("clip", clip)
        await sweep.wake_open_tasks(bench.ctx)
        await bench.at_once(task.id, Status.COMPLETED)


async def test_trouble_slows_a_plan_down_and_ends_nothing(bench: Bench, upstream: Scripted) -> None:
    broken = Observation(phase=None, trouble=Failure(code=Code.BAD_GATEWAY_PAYLOAD, message="HTML"))
    upstream.sights["job-1"].append(broken)
    task = await bench.create()
    await bench.at_once(task.id, Status.RUNNING)

    await passing(bench, 300)

    assert (await bench.task(task.id)).status is Status.RUNNING
    assert upstream.polls <= 10


async def test_a_list_serves_every_job_of_a_planned_channel(bench: Bench, upstream: Scripted) -> None:
    """Many jobs, each due at a time of its own, cost no more calls than a few do."""
    await took(bench, 120, 20)
    for number in range(40):
        await bench.at_once((await bench.create(f"clip {number}")).id, Status.RUNNING)
    await passing(bench, 20)
    before = upstream.polls

    await passing(bench, 60)

    assert upstream.polls - before <= 20
