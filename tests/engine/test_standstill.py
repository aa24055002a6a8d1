"""A process that stood still does not make the paid call that somebody else has taken over since."""

from __future__ import annotations

from collections.abc import Generator

import pytest

from reelgate.core.dialect import Answer, Call, Channel, Effect
from reelgate.engine.drive import drive
from reelgate.engine.submit import Fresh, TakenOver
from reelgate.store import tasks as task_rows
from tests.engine.conftest import Bench


async def test_a_lease_is_looked_up_again_only_after_a_standstill(bench: Bench) -> None:
    task = await bench.task((await bench.create()).id)
    fresh = Fresh(bench.ctx, task)
    await bench.ctx.backend.write(lambda conn: task_rows.lease(conn, task.id, 0))
    await fresh()

    bench.clock.jump_wall(2)

    with pytest.raises(TakenOver):
        await fresh()


async def test_a_standstill_of_the_process_or_a_clock_set_back_is_noticed_too(bench: Bench) -> None:
    task = await bench.task((await bench.create()).id)
    slept, set_back = Fresh(bench.ctx, task), Fresh(bench.ctx, task)
    await bench.ctx.backend.write(lambda conn: task_rows.lease(conn, task.id, 0))

    bench.clock.jump_wall(-60)
    with pytest.raises(TakenOver):
        await set_back()
    bench.clock.jump_wall(60)
    await bench.clock.advance(2)
    with pytest.raises(TakenOver):
        await slept()


async def test_a_task_that_is_still_ours_goes_on_after_a_standstill(bench: Bench) -> None:
    task = await bench.task((await bench.create()).id)
    await bench.until(task.id)
    task = await bench.task(task.id)
    fresh = Fresh(bench.ctx, task)

    bench.clock.jump_wall(3_600)

    await fresh()


async def test_a_call_that_may_not_be_made_is_not_made(bench: Bench) -> None:
    answered: list[Answer] = []

    def flow() -> Generator[Effect, Answer, None]:
        answered.append((yield Call(method="POST", path="/v1/videos")))

    async def no() -> None:
        raise TakenOver("video_x")

    channel = Channel(id="chan_x", name="x", dialect="scripted", base_url="http://127.0.0.1:9", models={})
    with pytest.raises(TakenOver):
        await drive(bench.ctx, flow(), channel, may_call=no)

    assert answered == []
