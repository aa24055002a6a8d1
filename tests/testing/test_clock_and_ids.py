"""Time and chance as arguments."""

from __future__ import annotations

import asyncio

from reelgate.testing.clock import FakeClock
from reelgate.testing.ids import SeededIds


async def test_sleepers_wake_in_order_each_at_its_own_time():
    clock, woken = FakeClock(), []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.monotonic()))

    tasks = [asyncio.create_task(sleep(seconds)) for seconds in (5, 1, 3)]
    await clock.advance(2)
    assert woken == [(1, 1)]
    await clock.advance(10)

    assert woken == [(1, 1), (3, 3), (5, 5)]
    assert clock.monotonic() == 12
    assert all(task.done() for task in tasks)


async def test_a_sleeper_that_sleeps_again_wakes_as_often_as_the_time_allows():
    clock, beats = FakeClock(), []

    async def beat() -> None:
        while True:
            await clock.sleep(10)
            beats.append(clock.monotonic())

    task = asyncio.create_task(beat())
    await clock.advance(35)
    task.cancel()

    assert beats == [10, 20, 30]


async def test_both_clocks_move_together_and_only_the_wall_jumps():
    clock = FakeClock(now_ms=1_000)
    await clock.advance(1.5)
    assert clock.now_ms() == 2_500

    clock.jump_wall(-2)

    assert (clock.now_ms(), clock.monotonic()) == (500, 1.5)


async def test_a_cancelled_sleeper_is_not_waited_for():
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(5))
    await clock.settle()
    assert clock.sleepers == 1

    task.cancel()
    await clock.settle()

    assert clock.sleepers == 0
    await clock.advance(10)


def test_ids_repeat_with_their_seed_and_sort_in_order_of_asking():
    one, two, other = SeededIds(1), SeededIds(1), SeededIds(2)
    ids = [one.new("video") for _ in range(50)]

    assert ids == [two.new("video") for _ in range(50)] == sorted(ids)
    assert len(set(ids)) == 50
    assert other.new("video") != ids[0]
    assert len(one.token()) == 52
    assert one.token() != one.token()
