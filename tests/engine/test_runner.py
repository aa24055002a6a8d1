"""The embedded runner: bounded lanes, no task waiting beside a free slot, nothing lost to a surprise."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from reelgate.testing.clock import FakeClock
from reelgate.worker.embedded import EmbeddedRunner
from reelgate.worker.housekeeping import every


class Work:
    """An advance that runs until it is let go."""

    def __init__(self) -> None:
        self.running: set[str] = set()
        self.started: list[str] = []
        self.most = 0
        self.gates: dict[str, asyncio.Event] = {}
        self.surprises: dict[str, int] = {}

    async def __call__(self, task_id: str) -> None:
        self.started.append(task_id)
        self.running.add(task_id)
        self.most = max(self.most, len(self.running))
        try:
            if self.surprises.get(task_id, 0) > 0:
                self.surprises[task_id] -= 1
                raise RuntimeError(task_id)
            await self.gates.setdefault(task_id, asyncio.Event()).wait()
        finally:
            self.running.discard(task_id)

    def let_go(self, task_id: str) -> None:
        self.gates.setdefault(task_id, asyncio.Event()).set()


@asynccontextmanager
async def running(
    clock: FakeClock, work: Work, slots: dict[str, int], models: dict[str, list[str]] | None = None
) -> AsyncIterator[EmbeddedRunner]:
    async def rebind(task_id: str, channel_id: str) -> bool:
        return True

    runner = EmbeddedRunner(
        clock,
        slots_of=lambda c: slots.get(c, 0),
        channels_for=lambda m: (models or {}).get(m, []),
        rebind=rebind,
    )
    loop = asyncio.create_task(runner.run(work))
    await asyncio.sleep(0)
    yield runner
    await runner.drain(0)
    loop.cancel()
    with suppress(asyncio.CancelledError):
        await loop


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_lane_never_runs_more_than_its_slots(clock: FakeClock) -> None:
    """Shows 002-02."""

    work = Work()
    async with running(clock, work, {"a": 3}) as runner:
        for n in range(10):
            runner.enqueue(f"t{n}", "a")()
        await turns()
        assert len(work.running) == 3

        for n in range(10):
            work.let_go(f"t{n}")
        await turns(60)

        assert work.most == 3
        assert work.started == [f"t{n}" for n in range(10)]


async def test_a_wake_up_given_twice_runs_once(clock: FakeClock) -> None:
    work = Work()
    async with running(clock, work, {"a": 5}) as runner:
        runner.enqueue("t", "a")()
        runner.enqueue("t", "a")()
        await turns()

        assert work.started == ["t"]


async def test_urgent_tasks_go_first_and_what_the_upstream_already_has_needs_no_slot(
    clock: FakeClock,
) -> None:
    work = Work()
    async with running(clock, work, {"a": 1}) as runner:
        runner.enqueue("first", "a")()
        runner.enqueue("plain", "a")()
        runner.enqueue("urgent", "a", priority=5)()
        runner.enqueue("resumed", "a", holds_slot=True)()
        await turns()
        assert work.started == ["first", "resumed"]

        work.let_go("first")
        work.let_go("resumed")
        await turns()

        assert work.started[2] == "urgent"


async def test_no_task_waits_while_another_channel_has_a_free_slot(clock: FakeClock) -> None:
    work = Work()
    slots = {"a": 1, "b": 1}
    async with running(clock, work, slots, {"m": ["a", "b"]}) as runner:
        for n in range(3):
            runner.enqueue(f"t{n}", "a", model="m")()
        await turns()
        assert sorted(work.running) == ["t0", "t1"]

        work.let_go("t1")
        await turns()

        assert sorted(work.running) == ["t0", "t2"]


async def test_a_delayed_wake_up_waits_for_its_time(clock: FakeClock) -> None:
    work = Work()
    async with running(clock, work, {"a": 1}) as runner:
        runner.enqueue("t", "a", delay_s=30)()
        await clock.advance(29)
        assert work.started == []
        assert runner.knows("t")

        await clock.advance(2)

        assert work.started == ["t"]


async def test_a_task_that_breaks_is_woken_again_later_and_harms_no_other(clock: FakeClock) -> None:
    work = Work()
    work.surprises["bad"] = 1
    async with running(clock, work, {"a": 2}) as runner:
        runner.enqueue("bad", "a")()
        runner.enqueue("good", "a")()
        await turns()
        assert work.running == {"good"}

        await clock.advance(6)
        await turns()

        assert work.running == {"good", "bad"}


async def test_housekeeping_that_breaks_goes_on(clock: FakeClock) -> None:
    seen: list[int] = []

    async def chore() -> None:
        seen.append(len(seen))
        if len(seen) == 1:
            raise RuntimeError

    loop = asyncio.create_task(every(clock, 10, "chore", chore))
    await turns()
    await clock.advance(25)
    loop.cancel()

    assert len(seen) == 3
