from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy.exc import IntegrityError

from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import OPEN, TRANSITIONS, Status
from reelgate.core.task import Input, Role, Task, Verb
from reelgate.store import blobs, projects, tasks
from reelgate.store.backend import Backend, Connection
from reelgate.store.sqlite import connect, engine_on
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from tests.store.samples import NOW, REQUEST, a_blob, a_task

FAILURE = Failure(code=Code.UPSTREAM_FAILED, message="The job failed.", detail="for operators")


async def test_a_task_comes_back_as_it_went_in(backend: Backend) -> None:
    """Shows 001-01."""

    task = a_task(
        priority=2**40,
        progress=50,
        error=FAILURE,
        deadline_at=NOW + 1,
        disputed=True,
        request=replace(REQUEST, seed=7, negative_prompt="rain", audio=False),
    )
    await backend.write(lambda conn: tasks.insert(conn, task))
    assert await backend.point(lambda conn: tasks.get(conn, task.id)) == task


async def test_a_task_remembers_the_files_it_works_from(backend: Backend) -> None:
    blob = a_blob()
    reference = Input(role=Role.REFERENCE, sha256=blob.sha256, media_type="image/png", bytes=10)
    task = a_task(request=replace(REQUEST, inputs=(reference, reference)))

    def work(conn: Connection) -> list[str]:
        blobs.put(conn, blob)
        tasks.insert(conn, task)
        return blobs.unused(conn, NOW + 1)

    assert await backend.write(work) == []
    found = await backend.point(lambda conn: tasks.get(conn, task.id))
    assert found == task


async def test_a_task_whose_input_is_not_stored_is_refused(backend: Backend) -> None:
    lost = Input(role=Role.REFERENCE, sha256="00" * 32, media_type="image/png", bytes=10)
    task = a_task(request=replace(REQUEST, inputs=(lost,)))
    with pytest.raises(IntegrityError):
        await backend.write(lambda conn: tasks.insert(conn, task))
    assert await backend.point(lambda conn: tasks.get(conn, task.id)) is None


async def test_a_status_word_outside_the_lifecycle_is_refused_by_the_database(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        tasks.insert(conn, a_task())
        conn.exec_driver_sql("UPDATE tasks SET status = 'processing'")

    with pytest.raises(IntegrityError, match="ck_tasks_status_word"):
        await backend.write(work)


async def test_a_deleted_or_foreign_task_is_not_visible(backend: Backend) -> None:
    await backend.write(lambda conn: tasks.insert(conn, a_task()))
    look = [tasks.get_visible, tasks.status_row]
    for function in look:
        assert await backend.point(lambda conn, f=function: f(conn, "video_1", DEFAULT_PROJECT))
        assert await backend.point(lambda conn, f=function: f(conn, "video_1", "proj_other")) is None
    assert await backend.write(lambda conn: tasks.mark_deleted(conn, "video_1", NOW + 1))
    assert not await backend.write(lambda conn: tasks.mark_deleted(conn, "video_1", NOW + 2))
    for function in look:
        assert await backend.point(lambda conn, f=function: f(conn, "video_1", DEFAULT_PROJECT)) is None
    kept = await backend.point(lambda conn: tasks.get(conn, "video_1"))
    assert kept is not None
    assert kept.deleted_at == NOW + 1


async def test_a_status_row_tells_what_the_task_tells(backend: Backend) -> None:
    remix = replace(REQUEST, verb=Verb.REMIX, parent_id="video_0")
    extension = replace(REQUEST, verb=Verb.EXTEND, parent_id="video_0", parent_seconds=8)

    def work(conn: Connection) -> None:
        tasks.insert(conn, a_task("video_1", request=remix, error=FAILURE, progress=3))
        tasks.insert(conn, a_task("video_2", request=extension))

    await backend.write(work)
    row = await backend.point(lambda conn: tasks.status_row(conn, "video_1", DEFAULT_PROJECT))
    assert row is not None
    assert (row.prompt, row.size, row.seconds_total) == (REQUEST.prompt, "720x1280", 4)
    assert (row.remixed_from, row.error, row.progress) == ("video_0", FAILURE, 3)
    assert (row.status, row.model, row.served_model) == (Status.QUEUED, "sora-2", "animatic-1")
    other = await backend.point(lambda conn: tasks.status_row(conn, "video_2", DEFAULT_PROJECT))
    assert other is not None
    assert (other.seconds_total, other.remixed_from, other.parent_id) == (12, None, "video_0")


async def test_a_lease_raises_the_epoch_and_gives_the_fresh_row(backend: Backend) -> None:
    await backend.write(lambda conn: tasks.insert(conn, a_task()))
    first = await backend.write(lambda conn: tasks.lease(conn, "video_1", NOW))
    second = await backend.write(lambda conn: tasks.lease(conn, "video_1", NOW + 1))
    assert first == a_task(lease_epoch=1)
    assert second == a_task(lease_epoch=2)
    assert await backend.write(lambda conn: tasks.lease(conn, "video_none", NOW)) is None


async def test_an_owner_whose_lease_was_taken_over_writes_nothing(backend: Backend) -> None:
    await backend.write(lambda conn: tasks.insert(conn, a_task()))
    await backend.write(lambda conn: tasks.lease(conn, "video_1", NOW))
    await backend.write(lambda conn: tasks.lease(conn, "video_1", NOW))

    def move(conn: Connection, epoch: int) -> bool:
        return tasks.move(
            conn,
            "video_1",
            epoch=epoch,
            before=frozenset({Status.QUEUED}),
            changes={"status": Status.SUBMITTING, "attempts": 1},
            now=NOW + 5,
        )

    assert not await backend.write(lambda conn: move(conn, 1))
    unchanged = await backend.point(lambda conn: tasks.get(conn, "video_1"))
    assert unchanged == a_task(lease_epoch=2)
    assert await backend.write(lambda conn: move(conn, 2))
    assert not await backend.write(lambda conn: move(conn, 2))
    moved = await backend.point(lambda conn: tasks.get(conn, "video_1"))
    assert moved == a_task(lease_epoch=2, status=Status.SUBMITTING, attempts=1, updated_at=NOW + 5)


@pytest.mark.parametrize(
    ("before", "after"),
    [(before, after) for before in Status for after in Status if after not in TRANSITIONS[before]],
)
async def test_a_move_without_an_edge_is_refused_before_it_is_tried(
    sqlite_backend: Backend, before: Status, after: Status
) -> None:
    def work(conn: Connection) -> bool:
        return tasks.move(
            conn, "video_1", epoch=0, before=frozenset({before}), changes={"status": after}, now=NOW
        )

    with pytest.raises(ValueError, match="no edge"):
        await sqlite_backend.write(work)


@pytest.mark.parametrize("name", ["id", "request", "lease_epoch", "event_seq", "prompt", "nonsense"])
async def test_a_move_does_not_change_what_a_task_is(sqlite_backend: Backend, name: str) -> None:
    def work(conn: Connection) -> bool:
        return tasks.move(conn, "video_1", epoch=0, before=OPEN, changes={name: 1}, now=NOW)

    with pytest.raises(ValueError, match=name):
        await sqlite_backend.write(work)


async def test_open_tasks_are_the_unfinished_ones_oldest_first(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        for number, status in enumerate(Status):
            tasks.insert(conn, a_task(f"video_{status}", status=status, created_at=NOW - number))

    await backend.write(work)
    found = await backend.read(tasks.open_tasks)
    assert {task.status for task in found} == OPEN
    assert [task.created_at for task in found] == sorted(task.created_at for task in found)
    assert await backend.read(tasks.counts) == dict.fromkeys(Status, 1)


async def test_a_cancel_is_noted_once_and_only_before_the_end(backend: Backend) -> None:
    def work(conn: Connection) -> list[bool]:
        tasks.insert(conn, a_task("video_open"))
        tasks.insert(conn, a_task("video_over", status=Status.COMPLETED))
        return [
            tasks.request_cancel(conn, "video_open", NOW + 1),
            tasks.request_cancel(conn, "video_open", NOW + 2),
            tasks.request_cancel(conn, "video_over", NOW + 1),
        ]

    assert await backend.write(work) == [True, False, False]


async def test_unconfirmed_tasks_are_due_after_their_time(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        waiting = {"status": Status.UNCONFIRMED}
        tasks.insert(conn, a_task("video_new", unconfirmed_at=NOW + 10, **waiting))
        tasks.insert(conn, a_task("video_old", unconfirmed_at=NOW + 5, **waiting))
        tasks.insert(conn, a_task("video_done", unconfirmed_at=NOW, status=Status.FAILED))

    await backend.write(work)
    assert await backend.read(lambda conn: tasks.unconfirmed_due(conn, NOW + 9)) == ["video_old"]


async def test_a_dispute_is_settled_by_one_caller(backend: Backend) -> None:
    await backend.write(
        lambda conn: tasks.insert(conn, a_task(status=Status.FAILED, finished_at=NOW, disputed=True))
    )
    assert [task.id for task in await backend.read(tasks.disputed)] == ["video_1"]
    answers = [await backend.write(lambda conn: tasks.settle_dispute(conn, "video_1", NOW)) for _ in range(2)]
    assert answers == [True, False]
    assert await backend.read(tasks.disputed) == []


async def test_an_unknown_or_foreign_cursor_has_nothing_behind_it(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        projects.insert(conn, projects.Project(id="proj_2", user_id=DEFAULT_USER, name="two", created_at=NOW))
        tasks.insert(conn, a_task("video_1"))
        tasks.insert(conn, a_task("video_2", project_id="proj_2"))

    await backend.write(work)
    for after in ("after", "", "video_2"):
        page = await backend.read(
            lambda conn, a=after: tasks.page(conn, DEFAULT_PROJECT, limit=10, after=a, ascending=True)
        )
        assert page == tasks.Page((), has_more=False)


async def test_a_page_of_nothing_is_legal(backend: Backend) -> None:
    await backend.write(lambda conn: tasks.insert(conn, a_task()))
    page = await backend.read(
        lambda conn: tasks.page(conn, DEFAULT_PROJECT, limit=0, after=None, ascending=False)
    )
    assert page == tasks.Page((), has_more=False)


async def test_paging_goes_on_from_a_task_that_was_deleted_meanwhile(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        for number in range(4):
            tasks.insert(conn, a_task(f"video_{number}", created_at=NOW + number))
        tasks.mark_deleted(conn, "video_2", NOW)

    await backend.write(work)
    page = await backend.read(
        lambda conn: tasks.page(conn, DEFAULT_PROJECT, limit=1, after="video_2", ascending=False)
    )
    assert [task.id for task in page.items] == ["video_1"]
    assert page.has_more


@contextmanager
def _scratch(pattern: Path) -> Iterator[Connection]:
    """A database that forgets everything afterwards."""
    raw = connect(pattern, writes=True)
    with engine_on(raw).connect() as conn:
        raw.execute("BEGIN")
        yield conn
        raw.execute("ROLLBACK")
    raw.close()


_made = st.lists(st.tuples(st.integers(NOW, NOW + 3), st.booleans()), min_size=0, max_size=25)


def _walk(conn: Connection, limit: int, *, ascending: bool) -> list[Task]:
    seen: list[Task] = []
    after: str | None = None
    while True:
        page = tasks.page(conn, DEFAULT_PROJECT, limit=limit, after=after, ascending=ascending)
        rows = tasks.status_page(conn, DEFAULT_PROJECT, limit=limit, after=after, ascending=ascending)
        assert [row.id for row in rows.items] == [task.id for task in page.items]
        assert rows.has_more == page.has_more
        assert len(page.items) <= limit
        seen += page.items
        if not page.has_more:
            return seen
        assert page.items
        after = page.items[-1].id


@given(made=_made, limit=st.integers(1, 9), ascending=st.booleans())
@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
def test_pages_together_are_every_visible_task_once_in_order(
    pattern_file: Path, made: list[tuple[int, bool]], limit: int, ascending: bool
) -> None:
    """Shows 001-05."""

    with _scratch(pattern_file) as conn:
        for number, (created_at, deleted) in enumerate(made):
            gone = NOW if deleted else None
            tasks.insert(conn, a_task(f"video_{number:02}", created_at=created_at, deleted_at=gone))
        expected = sorted(
            (at, f"video_{number:02}") for number, (at, deleted) in enumerate(made) if not deleted
        )
        if not ascending:
            expected.reverse()
        walked = _walk(conn, limit, ascending=ascending)
        assert [(task.created_at, task.id) for task in walked] == expected


def _plans(raw: sqlite3.Connection, conn: Connection, query: Callable[[Connection], Any]) -> list[str]:
    """How SQLite goes about every statement a query function runs."""
    statements: list[str] = []
    raw.set_trace_callback(statements.append)
    query(conn)
    raw.set_trace_callback(None)
    return [
        " / ".join(row[3] for row in raw.execute(f"EXPLAIN QUERY PLAN {statement}"))
        for statement in statements
    ]


def _pages(conn: Connection) -> None:
    for ascending in (False, True):
        for after in (None, "video_1"):
            tasks.page(conn, DEFAULT_PROJECT, limit=5, after=after, ascending=ascending)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (_pages, "ix_tasks_page"),
        (lambda conn: tasks.status_row(conn, "video_1", DEFAULT_PROJECT), "sqlite_autoindex_tasks_1"),
        (tasks.open_tasks, "ix_tasks_status"),
        (lambda conn: tasks.unconfirmed_due(conn, NOW), "ix_tasks_status"),
        (tasks.disputed, "ix_tasks_disputed"),
        (tasks.cancels_wanted, "ix_tasks_cancel"),
    ],
)
def test_a_query_asked_all_the_time_never_reads_the_whole_table(
    pattern_file: Path, query: Callable[[Connection], Any], index: str
) -> None:
    """Shows 001-04."""

    with _scratch(pattern_file) as conn:
        tasks.insert(conn, a_task())
        raw: Any = conn.connection.dbapi_connection
        plans = _plans(raw, conn, query)
        assert any(index in plan for plan in plans), plans
        assert not any("SCAN tasks" in plan and "USING INDEX" not in plan for plan in plans), plans
        if query is _pages:
            assert not any("TEMP B-TREE" in plan for plan in plans), plans
