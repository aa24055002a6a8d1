"""Wake-ups as rows: one for each task, in its own transaction, and nobody touches another's."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from reelgate.store import duties, jobs
from reelgate.store.backend import Backend, Connection
from reelgate.store.jobs import Wake


async def rows(backend: Backend) -> list[dict[str, Any]]:
    def read(conn: Connection) -> list[dict[str, Any]]:
        found = conn.execute(text("SELECT *, execute_after > now() AS later FROM pgqueuer ORDER BY id"))
        return [dict(row) for row in found.mappings()]

    return await backend.read(read)


async def pick(backend: Backend, owner: uuid.UUID) -> list[int]:
    """Pick everything that waits, as a worker does."""

    def work(conn: Connection) -> list[int]:
        statement = text(
            "UPDATE pgqueuer SET status = 'picked', queue_manager_id = :owner WHERE status = 'queued' RETURNING id"
        )
        return list(conn.execute(statement, {"owner": owner}).scalars())

    return await backend.write(work)


async def test_a_wake_up_is_undone_with_the_transaction_it_was_written_in(postgres_backend: Backend) -> None:
    def fails(conn: Connection) -> None:
        jobs.put(conn, Wake(task_id="t", lane="a"))
        raise LookupError

    with pytest.raises(LookupError):
        await postgres_backend.write(fails)

    assert await rows(postgres_backend) == []


async def test_a_task_has_one_row_at_most_and_the_earlier_time_wins(postgres_backend: Backend) -> None:
    await postgres_backend.write(lambda conn: jobs.put(conn, Wake(task_id="t", lane="a", delay_s=60)))
    assert [row["later"] for row in await rows(postgres_backend)] == [True]

    await postgres_backend.write(lambda conn: jobs.put(conn, Wake(task_id="t", lane="a")))

    assert [row["later"] for row in await rows(postgres_backend)] == [False]


async def test_a_wake_up_during_the_work_is_remembered_until_it_is_done(postgres_backend: Backend) -> None:
    owner = uuid.uuid4()
    await postgres_backend.write(lambda conn: jobs.put(conn, Wake(task_id="t", lane="a")))
    picked = await pick(postgres_backend, owner)
    await postgres_backend.write(
        lambda conn: jobs.put(conn, Wake(task_id="t", lane="b", priority=7, delay_s=30))
    )

    await postgres_backend.write(lambda conn: jobs.finish(conn, owner, picked, {}))

    [row] = await rows(postgres_backend)
    assert (row["status"], row["entrypoint"], row["priority"], row["later"]) == ("queued", "b", 7, True)
    assert row["queue_manager_id"] is None
    again = await pick(postgres_backend, owner)
    await postgres_backend.write(lambda conn: jobs.finish(conn, owner, again, {}))
    assert await rows(postgres_backend) == []


async def test_operators_see_who_has_tasks_in_hand_and_since_when_they_are_silent(
    postgres_backend: Backend,
) -> None:
    owner = uuid.uuid4()
    for name in ("one", "two"):
        await postgres_backend.write(lambda conn, n=name: jobs.put(conn, Wake(task_id=n, lane="a")))
    assert await postgres_backend.read(jobs.holders) == []

    picked = await pick(postgres_backend, owner)
    await postgres_backend.write(lambda conn: jobs.beat(conn, owner, picked))

    ((name, count, silent),) = await postgres_backend.read(jobs.holders)
    assert (name, count) == (str(owner), 2)
    assert 0 <= silent < 3_600


async def test_a_worker_that_lost_a_job_neither_ends_nor_keeps_it(postgres_backend: Backend) -> None:
    lost, owner = uuid.uuid4(), uuid.uuid4()
    await postgres_backend.write(lambda conn: jobs.put(conn, Wake(task_id="t", lane="a")))
    picked = await pick(postgres_backend, owner)

    still = await postgres_backend.write(lambda conn: jobs.beat(conn, lost, picked))
    await postgres_backend.write(lambda conn: jobs.finish(conn, lost, picked, {}))
    await postgres_backend.write(
        lambda conn: jobs.finish(conn, lost, picked, {picked[0]: Wake(task_id="t", lane="b")})
    )

    assert still == set()
    assert [(row["status"], row["entrypoint"]) for row in await rows(postgres_backend)] == [("picked", "a")]
    assert await postgres_backend.write(lambda conn: jobs.beat(conn, owner, picked)) == set(picked)


async def test_jobs_follow_their_channels_when_these_close_open_or_go(postgres_backend: Backend) -> None:
    for name in ("one", "two", "three"):
        await postgres_backend.write(lambda conn, n=name: jobs.put(conn, Wake(task_id=n, lane=n)))

    async def lanes(slots: dict[str, int]) -> list[str]:
        await postgres_backend.write(lambda conn: jobs.place(conn, slots))
        return [row["entrypoint"] for row in await rows(postgres_backend)]

    assert await lanes({"one": 1, "two": 0}) == ["one", jobs.paused("two"), jobs.HOMELESS]
    assert await lanes({"one": 0, "two": 2}) == [jobs.paused("one"), "two", jobs.HOMELESS]
    assert await lanes({}) == [jobs.HOMELESS] * 3


async def test_pgqueuer_finds_its_tables_as_it_would_have_made_them(postgres_backend: Backend) -> None:
    from pgqueuer.adapters.persistence.queries import Queries

    class Reader:
        async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
            return await postgres_backend.read(lambda conn: jobs.run_raw(conn, query, args))

    queries = Queries(Reader())  # pyright: ignore[reportArgumentType]
    queries.qbe.settings = jobs.names()

    assert (await queries.plan_upgrade()).statements == ()


async def test_one_process_takes_a_duty_until_it_is_due_again(backend: Backend) -> None:
    def take(now: int) -> Callable[[Connection], bool]:
        return lambda conn: duties.take(conn, "forget_old", now, 1_000)

    assert await backend.write(take(10_000))
    assert not await backend.write(take(10_999))
    assert await backend.write(take(11_000))
    assert not await backend.write(take(11_000))
