"""A process that stood still does not make the paid call that somebody else has taken over since."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Generator
from typing import Any

import pytest

from reelgate.core.dialect import Accepted, Answer, Call, Channel, Effect
from reelgate.core.lifecycle import Status
from reelgate.core.task import Attempt, Task
from reelgate.engine.drive import drive
from reelgate.engine.submit import Fresh, TakenOver, keep
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Backend, Connection, StoreError
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


class Away:
    """A database that is away for the next so many looks and writes."""

    def __init__(self, real: Backend, *, after_writes: bool = False) -> None:
        self._real = real
        self._after_writes = after_writes
        self.times = 0

    async def point(self, work: Any) -> Any:
        if not self._after_writes:
            self._meet()
        return await self._real.point(work)

    async def write(self, work: Any) -> Any:
        if self._after_writes:
            done = await self._real.write(work)
            self._meet()
            return done
        self._meet()
        return await self._real.write(work)

    def _meet(self) -> None:
        if self.times > 0:
            self.times -= 1
            msg = "the server closed the connection"
            raise StoreError(msg)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


async def test_a_call_waits_for_a_database_that_cannot_say_whose_the_task_is(bench: Bench) -> None:
    task = await bench.until((await bench.create()).id)
    away = Away(bench.ctx.backend)
    fresh = Fresh(dataclasses.replace(bench.ctx, backend=away), task)
    bench.clock.jump_wall(2)
    away.times = 3

    waiting = asyncio.create_task(fresh())
    await _through(bench, waiting)

    assert away.times == 0


async def test_what_an_upstream_said_is_kept_until_the_database_is_back(bench: Bench) -> None:
    task, attempt = await _sent(bench)
    away = Away(bench.ctx.backend)
    ctx = dataclasses.replace(bench.ctx, backend=away)
    away.times = 3

    keeping = asyncio.create_task(keep(ctx, task.id, attempt, Accepted(ref="job-9")))
    await _through(bench, keeping)

    assert (await bench.task(task.id)).status is Status.RUNNING
    assert [kept.ref for kept in await bench.attempts(task.id)] == ["job-9"]


async def test_what_was_written_though_the_commit_seemed_to_fail_is_not_written_again(bench: Bench) -> None:
    task, attempt = await _sent(bench)
    before = (await bench.kinds(task.id)).count("running")
    away = Away(bench.ctx.backend, after_writes=True)
    away.times = 1

    keeping = asyncio.create_task(
        keep(dataclasses.replace(bench.ctx, backend=away), task.id, attempt, Accepted(ref="job-9"))
    )
    await _through(bench, keeping)

    assert (await bench.kinds(task.id)).count("running") == before + 1


async def _through(bench: Bench, work: asyncio.Task[Any]) -> None:
    """Let time pass until this is done."""
    for _ in range(2_000):
        if work.done():
            break
        await bench.settle_down(2)
        await bench.clock.advance(1)
    await asyncio.wait_for(work, 10)


async def _sent(bench: Bench) -> tuple[Task, Attempt]:
    """Make a task whose attempt is under way, and whose answer nobody has written down yet."""
    task_id = (await bench.create()).id
    await bench.until(task_id, Status.RUNNING)
    await bench.runner.drain(0)

    def undo(conn: Connection) -> None:
        conn.exec_driver_sql("UPDATE tasks SET status = 'submitting'")
        conn.exec_driver_sql("UPDATE attempts SET state = 'submitting', ref = NULL")

    await bench.ctx.backend.write(undo)
    return await bench.task(task_id), (await bench.attempts(task_id))[0]


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
