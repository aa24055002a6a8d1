"""What a running submit says about its job is shown while it runs, and decides nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator
from pathlib import Path

import pytest

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Channel,
    Closed,
    Effect,
    Follow,
    Line,
    Observation,
    Phase,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.lifecycle import Status
from reelgate.engine.drive import drive
from reelgate.engine.hear import Ear
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished
from tests.engine.conftest import Bench, open_bench


class Wire(Client):
    """A way out whose stream has the lines a test lets through one by one."""

    def __init__(self) -> None:
        super().__init__(Guard(allow=()))
        self.lines: asyncio.Queue[str | None] = asyncio.Queue()

    async def stream(
        self, call: Call, channel: Channel, open_blob: object
    ) -> AsyncGenerator[Reply | Line | Closed, None]:
        yield Reply(status=200, headers={}, body=b"")
        while (line := await self.lines.get()) is not None:
            yield Line(line)
        yield Closed(clean=True)


def streaming(upstream: Scripted):
    def submit(submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        upstream.submitted.append(submission)
        yield Call(method="POST", path="/chat", stream=True)
        seen = None
        while isinstance(line := (yield Follow(seen=seen)), Line):
            seen = Observation(phase=Phase.IN_PROGRESS, progress=int(line.text))
        return Accepted(ref="job-1")

    return submit


async def say(bench: Bench, wire: Wire, line: str | None) -> None:
    await wire.lines.put(line)
    await bench.settle_down()
    await bench.clock.advance(2)
    await bench.settle_down()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
async def bench(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path, wire: Wire
) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, upstream, clock, client=wire) as opened:
        opened.renders.put("clip", clip)
        yield opened


async def test_progress_of_a_running_submit_is_shown_and_only_rises(
    bench: Bench, upstream: Scripted, wire: Wire
) -> None:
    upstream.submit = streaming(upstream)
    upstream.sights["job-1"].append(finished())
    task = await bench.create()

    progress: list[int | None] = []
    for line in ("9", "54", "36"):
        await say(bench, wire, line)
        seen = await bench.task(task.id)
        assert seen.status is Status.SUBMITTING
        progress.append(seen.progress)
    await say(bench, wire, None)
    done = await bench.until(task.id)

    assert progress == [9, 54, 54]
    assert done.status is Status.COMPLETED
    assert (await bench.kinds(task.id)).count("progress") == 2
    assert len(upstream.submitted) == 1
    assert await bench.violations() == []


async def test_progress_of_a_task_that_moved_on_changes_nothing(bench: Bench) -> None:
    task = await bench.create()
    await bench.until(task.id)
    over = await bench.task(task.id)

    await Ear(bench.ctx, over)(Observation(phase=Phase.IN_PROGRESS, progress=50))

    assert await bench.task(task.id) == over


async def test_a_flow_is_driven_without_a_listener_too(bench: Bench, upstream: Scripted, wire: Wire) -> None:
    for line in ("9", None):
        await wire.lines.put(line)
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None
    submission = Submission(
        request=(await bench.create()).request, upstream_model="m", token="t", submitted_at_ms=0
    )

    assert await drive(bench.ctx, streaming(upstream)(submission, channel), channel) == Accepted(ref="job-1")
