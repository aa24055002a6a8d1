from __future__ import annotations

import asyncio
from itertools import count

import pytest
from sqlalchemy import text

from reelgate.core.events import Event, EventType
from reelgate.core.lifecycle import Status
from reelgate.store import events, projects, tasks
from reelgate.store.backend import Backend, Connection
from reelgate.store.postgres import engine_for
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from tests.store.samples import NOW, a_task

_numbers = count(1)


def _tell(conn: Connection, task_id: str = "video_1", now: int = NOW) -> Event:
    number = next(_numbers)
    return events.append(conn, task_id, EventType.PROGRESS, {"progress": number}, now, f"evt_{number}")


async def test_an_event_is_numbered_within_its_task_and_within_the_log(backend: Backend) -> None:
    def work(conn: Connection) -> list[Event]:
        tasks.insert(conn, a_task("video_1"))
        tasks.insert(conn, a_task("video_2"))
        return [_tell(conn, task_id) for task_id in ("video_1", "video_2", "video_1")]

    told = await backend.write(work)
    assert [event.seq for event in told] == [1, 1, 2]
    assert [event.cursor for event in told] == sorted(event.cursor for event in told)
    assert {(event.user_id, event.project_id) for event in told} == {(DEFAULT_USER, DEFAULT_PROJECT)}
    assert await backend.read(lambda conn: events.after(conn, 0, limit=9)) == told
    assert await backend.read(lambda conn: events.of_task(conn, "video_1")) == [told[0], told[2]]
    assert await backend.read(lambda conn: events.of_task(conn, "video_1", beyond=1)) == [told[2]]
    assert await backend.point(lambda conn: events.get(conn, told[1].id)) == told[1]
    task = await backend.point(lambda conn: tasks.get(conn, "video_1"))
    assert task is not None
    assert task.event_seq == 2


async def test_an_event_of_nothing_is_refused(backend: Backend) -> None:
    with pytest.raises(LookupError, match="video_none"):
        await backend.write(lambda conn: _tell(conn, "video_none"))


async def test_an_event_is_gone_with_the_change_it_told_of(backend: Backend) -> None:
    await backend.write(lambda conn: tasks.insert(conn, a_task()))

    def work(conn: Connection) -> None:
        _tell(conn)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await backend.write(work)
    assert await backend.read(lambda conn: events.after(conn, 0, limit=9)) == []
    task = await backend.point(lambda conn: tasks.get(conn, "video_1"))
    assert task is not None
    assert task.event_seq == 0


async def test_a_reader_asks_for_a_project_or_a_task_and_goes_on_from_its_cursor(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        projects.insert(conn, projects.Project(id="proj_2", user_id=DEFAULT_USER, name="two", created_at=NOW))
        tasks.insert(conn, a_task("video_1"))
        tasks.insert(conn, a_task("video_2", project_id="proj_2"))
        for task_id in ("video_1", "video_2", "video_1", "video_2"):
            _tell(conn, task_id)

    await backend.write(work)
    all_of_them = await backend.read(lambda conn: events.after(conn, 0, limit=9))
    first, second, third, fourth = all_of_them

    async def ask(cursor: int, project_id: str | None = None, task_id: str | None = None) -> list[Event]:
        return await backend.read(
            lambda conn: events.after(conn, cursor, project_id=project_id, task_id=task_id, limit=9)
        )

    assert await ask(0, project_id="proj_2") == [second, fourth]
    assert await ask(0, task_id="video_1") == [first, third]
    assert await ask(first.cursor, project_id=DEFAULT_PROJECT, task_id="video_1") == [third]
    assert await ask(0, project_id="proj_2", task_id="video_1") == []
    assert await ask(third.cursor) == [fourth]
    assert await backend.read(lambda conn: events.after(conn, 0, limit=2)) == [first, second]
    assert await ask(await backend.read(events.latest_cursor)) == []


async def test_a_whole_history_is_forgotten_once_its_task_ended_and_fell_silent(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        for task_id, status in (
            ("video_over", Status.COMPLETED),
            ("video_open", Status.RUNNING),
            ("video_late", Status.FAILED),
        ):
            tasks.insert(conn, a_task(task_id, status=status))
            _tell(conn, task_id, NOW)
            _tell(conn, task_id, NOW + 1)
        _tell(conn, "video_late", NOW + 100)

    await backend.write(work)
    newest = await backend.read(events.latest_cursor)
    assert await backend.write(lambda conn: events.prune(conn, NOW + 50)) == 2
    left = await backend.read(lambda conn: events.after(conn, 0, limit=99))
    assert [event.task_id for event in left] == ["video_open"] * 2 + ["video_late"] * 3
    assert await backend.read(events.oldest_cursor) == left[0].cursor
    assert await backend.write(lambda conn: events.prune(conn, NOW + 200)) == 3
    await backend.write(lambda conn: tasks.insert(conn, a_task("video_new")))
    fresh = await backend.write(lambda conn: _tell(conn, "video_new"))
    assert fresh.cursor > newest


async def test_a_cursor_is_never_given_twice_even_when_the_newest_were_pruned(backend: Backend) -> None:
    await backend.write(lambda conn: tasks.insert(conn, a_task("video_1", status=Status.FAILED)))
    told = await backend.write(_tell)
    assert await backend.write(lambda conn: events.prune(conn, NOW + 1)) == 1
    again = await backend.write(_tell)
    assert again.cursor > told.cursor


async def test_an_event_committed_late_is_not_stepped_over(
    postgres_backend: Backend, postgres_url: str
) -> None:
    for number in (1, 2, 3):
        await postgres_backend.write(lambda conn, n=number: tasks.insert(conn, a_task(f"video_{n}")))
    engine = engine_for(postgres_url)
    earlier = await engine.connect()
    later = await engine.connect()

    async def read(cursor: int) -> list[Event]:
        return await postgres_backend.read(lambda conn: events.after(conn, cursor, limit=9))

    low = await earlier.run_sync(lambda conn: _tell(conn, "video_1"))
    high = await later.run_sync(lambda conn: _tell(conn, "video_2"))
    assert low.cursor < high.cursor
    await later.commit()
    # The higher number is committed, the lower is not: nobody may be told of the higher yet.
    assert await read(0) == []
    assert await postgres_backend.read(events.latest_cursor) == low.cursor - 1
    await earlier.commit()
    assert await read(0) == [low, high]

    low = await earlier.run_sync(lambda conn: _tell(conn, "video_1"))
    high = await later.run_sync(lambda conn: _tell(conn, "video_2"))
    await later.commit()
    await earlier.rollback()
    # The lower number will never be used: it holds nobody up.
    assert (await read(0))[-1] == high
    for connection in (earlier, later):
        await connection.close()
    await engine.dispose()


async def _follow(backend: Backend, over: asyncio.Event) -> list[Event]:
    seen: list[Event] = []
    while True:
        done = over.is_set()
        cursor = seen[-1].cursor if seen else 0
        batch = await backend.read(lambda conn, c=cursor: events.after(conn, c, limit=7))
        seen += batch
        if done and not batch:
            return seen
        await asyncio.sleep(0)


async def _tell_often(backend: Backend, task_id: str, times: int) -> None:
    for _ in range(times):
        await backend.write(lambda conn: _tell(conn, task_id))


async def test_readers_following_many_writers_see_every_event_once_in_order(backend: Backend) -> None:
    ids = [f"video_{number}" for number in range(8)]
    for task_id in ids:
        await backend.write(lambda conn, i=task_id: tasks.insert(conn, a_task(i)))
    over = asyncio.Event()
    readers = [asyncio.ensure_future(_follow(backend, over)) for _ in range(3)]
    await asyncio.gather(*(_tell_often(backend, task_id, 15) for task_id in ids))
    over.set()
    for seen in await asyncio.gather(*readers):
        assert len(seen) == 120
        assert [event.cursor for event in seen] == sorted({event.cursor for event in seen})
        for task_id in ids:
            assert [event.seq for event in seen if event.task_id == task_id] == list(range(1, 16))


async def test_reading_the_log_under_one_lasting_view_is_refused(postgres_backend: Backend) -> None:
    def work(conn: Connection) -> None:
        conn.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        events.after(conn, 0, limit=1)

    with pytest.raises(RuntimeError, match="repeatable read"):
        await postgres_backend.write(work)
