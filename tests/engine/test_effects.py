"""What flows may ask for besides calls and drawings, and files that come inside an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelgate.core.dialect import Moment, Now, Observation, Output, Phase
from reelgate.core.lifecycle import Status
from reelgate.engine.drive import drive
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted
from tests.engine.conftest import Bench, open_bench


@pytest.fixture
async def bench(tmp_path: Path, upstream: Scripted, clock: FakeClock) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, upstream, clock) as opened:
        yield opened


async def test_a_flow_that_asks_for_the_time_is_told_the_clocks(bench: Bench, clock: FakeClock) -> None:
    def flow():
        first = yield Now()
        second = yield Now()
        return first, second

    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None

    told = Moment(clock.now_ms())
    assert await drive(bench.ctx, flow(), channel) == (told, told)


async def test_a_file_inside_an_answer_is_archived_like_any_other(
    bench: Bench, upstream: Scripted, clip: Path
) -> None:
    output = Output(data=clip.read_bytes())
    upstream.sights["job-1"].append(Observation(phase=Phase.COMPLETED, outputs=(output,)))
    task = await bench.create()

    assert (await bench.until(task.id)).status is Status.COMPLETED
    assert await bench.violations() == []


async def test_a_file_inside_an_answer_that_is_no_clip_completes_nothing(
    bench: Bench, upstream: Scripted
) -> None:
    upstream.sights["job-1"].append(Observation(phase=Phase.COMPLETED, outputs=(Output(data=b"no clip"),)))
    task = await bench.create()

    assert (await bench.until(task.id)).status is Status.FAILED
    assert await bench.violations() == []
