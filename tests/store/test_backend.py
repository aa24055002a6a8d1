from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from reelgate.store import settings, tasks
from reelgate.store.backend import Backend, CommitFailed, Connection, StoreError, open_backend
from reelgate.store.sqlite import BATCH, SqliteBackend, backup, connect, path_of, verify
from tests.store.samples import NOW, a_task


def _put(key: str, value: object = 1):
    return lambda conn: settings.put(conn, key, value, NOW)


def _seen(path: Path) -> set[str]:
    """What a connection of nobody's sees."""
    raw = sqlite3.connect(path)
    try:
        return {row[0] for row in raw.execute("SELECT key FROM settings")}
    finally:
        raw.close()


async def test_a_write_is_on_disk_when_it_returns(sqlite_backend: Backend, sqlite_url: str) -> None:
    path = path_of(sqlite_url)

    async def write(key: str) -> None:
        await sqlite_backend.write(_put(key))
        assert key in _seen(path)

    await asyncio.gather(*(write(f"key {number}") for number in range(30)))


async def test_a_write_of_a_stranger_is_seen_by_every_kind_of_read(backend: Backend, url: str) -> None:
    other = await open_backend(url)
    await other.write(_put("theirs", [1, "灯"]))
    await other.close()
    for read in (backend.point, backend.read, backend.write):
        assert await read(lambda conn: settings.get(conn, "theirs")) == [1, "灯"]


async def test_work_that_fails_undoes_itself_and_not_its_neighbours(backend: Backend) -> None:
    def half(conn: Connection) -> None:
        settings.put(conn, "half", 1, NOW)
        raise LookupError("on purpose")

    def twice(conn: Connection) -> None:
        settings.put(conn, "twice", 1, NOW)
        tasks.insert(conn, a_task())
        tasks.insert(conn, a_task())

    works = [_put("before"), half, _put("between"), twice, _put("after")]
    results = await asyncio.gather(*(backend.write(work) for work in works), return_exceptions=True)
    assert [type(result) for result in results] == [
        type(None),
        LookupError,
        type(None),
        IntegrityError,
        type(None),
    ]
    kept = await backend.read(settings.all_settings)
    assert kept == {"before": 1, "between": 1, "after": 1}
    assert await backend.point(lambda conn: tasks.get(conn, "video_1")) is None


async def test_works_that_wait_together_share_a_commit_and_are_bounded(sqlite_backend: Backend) -> None:
    held = threading.Event()
    seen: list[int] = []

    def first(conn: Connection) -> None:
        held.wait()

    def count(conn: Connection) -> None:
        raw: sqlite3.Connection = conn.connection.dbapi_connection  # pyright: ignore[reportAssignmentType]
        seen.append(raw.total_changes)
        settings.put(conn, "count", len(seen), NOW)

    commits: list[str] = []

    def listen(conn: Connection) -> None:
        raw: sqlite3.Connection = conn.connection.dbapi_connection  # pyright: ignore[reportAssignmentType]
        raw.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)

    await sqlite_backend.write(listen)
    writes = [asyncio.ensure_future(sqlite_backend.write(first))]
    await asyncio.sleep(0)
    writes += [asyncio.ensure_future(sqlite_backend.write(count)) for _ in range(3 * BATCH)]
    await asyncio.sleep(0)
    held.set()
    await asyncio.gather(*writes)
    assert len(seen) == 3 * BATCH
    # `listen` itself, `first` with whatever came at once, and the rest in full batches.
    assert 3 <= len(commits) <= 5


async def test_work_that_is_run_again_for_anothers_fault_counts_once(sqlite_backend: Backend) -> None:
    held = threading.Event()

    def add(conn: Connection) -> int:
        before = settings.all_settings(conn).get("sum", 0)
        assert isinstance(before, int)
        settings.put(conn, "sum", before + 1, NOW)
        return before + 1

    def fail(conn: Connection) -> int:
        settings.put(conn, "sum", 1_000, NOW)
        raise LookupError

    first = asyncio.ensure_future(sqlite_backend.write(lambda _: held.wait()))
    await asyncio.sleep(0)
    writes = [asyncio.ensure_future(sqlite_backend.write(work)) for work in (add, add, fail, add)]
    await asyncio.sleep(0)
    held.set()
    results = await asyncio.gather(first, *writes, return_exceptions=True)

    assert results[1:3] + results[4:] == [1, 2, 3]
    assert isinstance(results[3], LookupError)
    assert (await sqlite_backend.read(settings.all_settings)) == {"sum": 3}


async def test_a_commit_that_fails_fails_everybody_in_it(sqlite_backend: Backend) -> None:
    def end_the_transaction(conn: Connection) -> None:
        conn.exec_driver_sql("ROLLBACK")

    results = await asyncio.gather(
        *(sqlite_backend.write(work) for work in (_put("one"), end_the_transaction, _put("two"))),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [CommitFailed] * 3
    assert len({id(result) for result in results}) == 3
    await sqlite_backend.write(_put("three"))
    assert await sqlite_backend.read(settings.all_settings) == {"three": 1}


async def test_a_reference_that_leads_nowhere_does_not_commit(backend: Backend) -> None:
    with pytest.raises(IntegrityError):
        await backend.write(lambda conn: tasks.insert(conn, a_task(project_id="proj_none")))


async def test_a_read_cannot_write(backend: Backend) -> None:
    for read in (backend.point, backend.read):
        with pytest.raises(DBAPIError, match=r"readonly|read-only"):
            await read(_put("sneaky"))
    assert await backend.read(settings.all_settings) == {}


async def test_a_long_read_sees_one_moment_and_holds_nobody_up(sqlite_backend: Backend) -> None:
    started, go_on = threading.Event(), threading.Event()

    def twice(conn: Connection) -> tuple[int, int]:
        before = len(settings.all_settings(conn))
        started.set()
        go_on.wait()
        return before, len(settings.all_settings(conn))

    reading = asyncio.ensure_future(sqlite_backend.read(twice))
    await asyncio.to_thread(started.wait)
    await sqlite_backend.write(_put("new"))
    assert len(await sqlite_backend.point(settings.all_settings)) == 1
    go_on.set()
    assert await reading == (0, 0)
    assert len(await sqlite_backend.read(settings.all_settings)) == 1


async def test_many_long_reads_wait_for_a_thread_and_all_end(backend: Backend) -> None:
    counts = await asyncio.gather(*(backend.read(tasks.counts) for _ in range(60)))
    assert len(counts) == 60


async def test_closing_commits_what_was_submitted_and_refuses_more(sqlite_url: str) -> None:
    backend = await open_backend(sqlite_url)
    writes = [asyncio.ensure_future(backend.write(_put(f"key {number}"))) for number in range(300)]
    await asyncio.sleep(0)
    await backend.close()
    await backend.close()
    await asyncio.gather(*writes)
    assert len(_seen(path_of(sqlite_url))) == 300
    for use in (backend.write, backend.read, backend.point):
        with pytest.raises(StoreError, match="closed"):
            await use(settings.all_settings)


async def test_work_whose_caller_has_gone_before_it_began_is_not_begun(sqlite_backend: Backend) -> None:
    held = threading.Event()
    blocking = asyncio.ensure_future(sqlite_backend.write(lambda conn: held.wait()))
    await asyncio.sleep(0.05)
    given_up = asyncio.ensure_future(sqlite_backend.write(_put("given up")))
    await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    held.set()
    await blocking
    await sqlite_backend.write(_put("next"))
    assert await sqlite_backend.read(settings.all_settings) == {"next": 1}


async def test_another_process_s_commit_is_noticed_and_ours_are_not(
    sqlite_backend: Backend, sqlite_url: str
) -> None:
    await sqlite_backend.changed_elsewhere()
    assert not await sqlite_backend.changed_elsewhere()
    await sqlite_backend.write(_put("ours"))
    assert not await sqlite_backend.changed_elsewhere()
    stranger = connect(path_of(sqlite_url), writes=True)
    stranger.execute("UPDATE users SET name = 'theirs'")
    stranger.close()
    assert await sqlite_backend.changed_elsewhere()
    assert not await sqlite_backend.changed_elsewhere()


async def test_on_a_server_others_may_always_have_committed(postgres_backend: Backend) -> None:
    assert await postgres_backend.changed_elsewhere()


_WRITER = textwrap.dedent(
    """
    import asyncio, sys
    from reelgate.store import settings
    from reelgate.store.backend import open_backend

    async def main(url, name, count):
        backend = await open_backend(url)
        print("ready", flush=True)
        sys.stdin.readline()
        def put(n):
            return lambda conn: settings.put(conn, f"{name} {n}", n, 1)
        await asyncio.gather(*(backend.write(put(n)) for n in range(count)))
        await backend.close()

    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
    """
)


async def test_a_hundred_writers_in_two_processes_never_see_a_locked_database(
    backend: Backend, url: str
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WRITER, url, "theirs", "100",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdin is not None
    assert await process.stdout.readline() == b"ready\n"
    process.stdin.write(b"go\n")
    await process.stdin.drain()
    for number in range(20):
        await asyncio.gather(*(backend.write(_put(f"ours {number} {n}", n)) for n in range(100)))
    _, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    assert len(await backend.read(settings.all_settings)) == 2_100


async def test_writers_wait_for_a_transaction_of_another_process(
    sqlite_backend: Backend, sqlite_url: str
) -> None:
    stranger = connect(path_of(sqlite_url), writes=True)
    stranger.execute("BEGIN IMMEDIATE")
    writing = asyncio.ensure_future(sqlite_backend.write(_put("patient")))
    await asyncio.sleep(0.2)
    assert not writing.done()
    assert await sqlite_backend.point(settings.all_settings) == {}
    stranger.execute("COMMIT")
    stranger.close()
    await writing


@pytest.mark.parametrize(
    ("pragma", "value"),
    [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1), ("busy_timeout", 15_000)],
)
async def test_the_writer_is_set_up_to_lose_nothing(
    sqlite_backend: Backend, pragma: str, value: object
) -> None:
    def ask(conn: Connection) -> object:
        return conn.exec_driver_sql(f"PRAGMA {pragma}").scalar()

    assert await sqlite_backend.write(ask) == value


async def test_the_server_is_asked_to_lose_nothing(postgres_backend: Backend) -> None:
    def ask(conn: Connection) -> object:
        return conn.execute(text("SHOW synchronous_commit")).scalar()

    assert await postgres_backend.write(ask) == "on"


async def test_a_backup_taken_under_load_is_whole(sqlite_backend: Backend, sqlite_url: str) -> None:
    await asyncio.gather(*(sqlite_backend.write(_put(f"before {number}")) for number in range(50)))
    target = path_of(sqlite_url).with_name("copy.db")
    writes = [asyncio.ensure_future(sqlite_backend.write(_put(f"during {n}"))) for n in range(200)]
    await asyncio.to_thread(backup, path_of(sqlite_url), target)
    await asyncio.gather(*writes)
    assert {key for key in _seen(target) if key.startswith("before")} == {
        f"before {number}" for number in range(50)
    }
    restored = await open_backend(f"sqlite:///{target}")
    assert isinstance(restored, SqliteBackend)
    await restored.close()


async def test_a_backup_never_overwrites(sqlite_backend: Backend, sqlite_url: str) -> None:
    target = path_of(sqlite_url).with_name("copy.db")
    target.write_text("mine")
    with pytest.raises(FileExistsError):
        backup(path_of(sqlite_url), target)
    assert target.read_text() == "mine"


def test_a_dangling_reference_is_found_by_verifying(sqlite_url: str) -> None:
    raw = connect(path_of(sqlite_url), writes=True)
    raw.execute("PRAGMA foreign_keys=OFF")
    raw.execute("DELETE FROM users")
    with pytest.raises(StoreError, match="projects"):
        verify(raw)
    raw.close()
