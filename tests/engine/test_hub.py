"""Live readers: every event once and in order, whether it was written before or after they came."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from reelgate.core.events import Event, EventType
from reelgate.engine.hub import QUEUE_MAX, TooSlow
from reelgate.engine.tell import tell
from tests.engine.conftest import WHO, Bench


async def _say(bench: Bench, task_id: str, times: int) -> None:
    for n in range(times):
        await bench.ctx.backend.write(
            lambda conn, n=n: tell(conn, bench.ctx, task_id, EventType.PROGRESS, {"progress": n})
        )
        bench.ctx.hub.wake()


async def _read(bench: Bench, count: int, **which: object) -> list[Event]:
    seen: list[Event] = []
    async for event in bench.ctx.hub.follow(**which):  # pyright: ignore[reportArgumentType]
        if event is not None:
            seen.append(event)
        if len(seen) == count:
            break
    return seen


async def test_a_reader_sees_old_and_new_events_without_gap_or_repeat(bench: Bench) -> None:
    task = await _queued(bench)
    await _say(bench, task, 5)

    reading = asyncio.create_task(_read(bench, 11, cursor=0, task_id=task))
    await _say(bench, task, 5)
    seen = await asyncio.wait_for(reading, 10)

    assert [e.seq for e in seen] == list(range(1, 12))


async def test_a_reader_of_one_project_sees_nothing_of_another(bench: Bench) -> None:
    task = await _queued(bench)
    strangers = asyncio.create_task(_read(bench, 1, cursor=0, project_id="proj_other"))
    await _say(bench, task, 20)
    await bench.settle_down()

    assert not strangers.done()
    strangers.cancel()
    assert len(await asyncio.wait_for(_read(bench, 5, cursor=0, project_id=WHO.project_id), 10)) == 5


async def test_a_reader_that_falls_behind_is_told_so_and_harms_no_other(bench: Bench) -> None:
    task = await _queued(bench)
    slow = bench.ctx.hub.follow(cursor=0, task_id=task)
    first = await anext(slow)
    quick = asyncio.create_task(_read(bench, QUEUE_MAX + 40, cursor=0, task_id=task))
    await _say(bench, task, QUEUE_MAX + 60)

    assert len(await asyncio.wait_for(quick, 20)) == QUEUE_MAX + 40
    assert first is not None
    seen = [first.seq]
    with pytest.raises(TooSlow):
        await _read_all(slow, seen)
    assert seen == list(range(1, len(seen) + 1))


async def _read_all(events: AsyncIterator[Event | None], seen: list[int]) -> None:
    async for event in events:
        assert event is not None
        seen.append(event.seq)


async def test_readers_end_when_the_hub_closes(bench: Bench) -> None:
    reading = asyncio.create_task(_read(bench, 1))
    await bench.settle_down()

    bench.ctx.hub.close()

    assert await asyncio.wait_for(reading, 5) == []


async def _queued(bench: Bench) -> str:
    """Make a task nobody works on, so that only the test writes its events."""
    import msgspec

    from reelgate.store import channels as channel_rows

    rows = await bench.ctx.backend.point(channel_rows.all_channels)
    bench.ctx.channels.replace([msgspec.structs.replace(c, concurrency=0) for c in rows], {})
    return (await bench.create()).id
