"""Several workers on one PostgreSQL: limits hold over all of them, work changes hands, nobody undoes another's."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from sqlalchemy import text

from reelgate.core.lifecycle import Status
from reelgate.store import jobs
from reelgate.store.backend import Connection
from reelgate.store.postgres import PostgresBackend
from tests.worker.conftest import Rig, until


async def test_a_limit_of_twenty_is_kept_over_two_workers(shared: Rig) -> None:
    shared.slots["a"] = 20
    names = [f"t{n}" for n in range(60)]
    async with shared.open() as one, shared.open() as two:
        for name in names:
            await shared.wake(one, name, "a")
        await until(lambda: len(shared.work.running) == 20)
        shared.work.let_go(*names)
        await until(lambda: len(shared.work.started) == 60 and not shared.work.running)
        assert two.active == 0

    assert shared.work.most == 20
    assert sorted(shared.work.started) == sorted(names)


async def test_a_wake_up_is_seen_only_once_its_transaction_is_kept(
    shared: Rig, backend: PostgresBackend
) -> None:
    shared.slots["a"] = 5
    async with shared.open() as runner:

        def fails(conn: Connection) -> None:
            runner.enqueue("ghost", "a", connection=conn)
            raise LookupError

        with pytest.raises(LookupError):
            await backend.write(fails)
        await shared.wake(runner, "real", "a")
        await until(lambda: bool(shared.work.started))
        shared.work.let_go("real")
        await until(lambda: not shared.work.running)

    assert shared.work.started == ["real"]


async def test_the_tasks_of_a_worker_that_stops_are_taken_over_at_once_in_a_full_lane(shared: Rig) -> None:
    shared.slots["a"] = 2
    stopping = shared.open(heartbeat_s=600)
    runner = await stopping.__aenter__()
    for name in ("t0", "t1"):
        await shared.wake(runner, name, "a")
    await until(lambda: len(shared.work.running) == 2)
    await shared.wake(runner, "queued", "a", priority=9)
    async with shared.open(heartbeat_s=600) as survivor:
        await stopping.__aexit__(None, None, None)
        await until(lambda: survivor.active == 2)

        assert sorted(shared.work.running) == ["t0", "t1"]
        assert "queued" not in shared.work.started


async def test_the_tasks_of_a_worker_that_died_are_taken_over_when_it_was_silent_long_enough(
    shared: Rig, backend: PostgresBackend
) -> None:
    shared.slots["a"] = 1
    dead = uuid.uuid4()

    def die(conn: Connection) -> None:
        jobs.put(conn, jobs.Wake(task_id="t", lane="a"))
        picked = text("UPDATE pgqueuer SET status = 'picked', queue_manager_id = :dead, slot = 0")
        conn.execute(picked, {"dead": dead})

    await backend.write(die)
    async with shared.open(heartbeat_s=1.0):
        await until(lambda: shared.work.running == ["t"])
        shared.work.let_go("t")
        await until(lambda: not shared.work.running)


async def test_a_worker_whose_jobs_were_taken_looks_again_and_leaves_the_rows_alone(
    shared: Rig, backend: PostgresBackend
) -> None:
    shared.slots["a"] = 1
    other = uuid.uuid4()
    async with shared.open(heartbeat_s=1.0) as runner:
        await shared.wake(runner, "t", "a")
        await until(lambda: shared.work.running == ["t"])
        takes = text("UPDATE pgqueuer SET queue_manager_id = :other, heartbeat = now() + interval '1 hour'")
        await backend.write(lambda conn: conn.execute(takes, {"other": other}))
        await until(lambda: bool(shared.lost))
        shared.work.let_go("t")
        await until(lambda: runner.active == 0)

    rows = await backend.read(
        lambda conn: conn.execute(text("SELECT status::text, queue_manager_id FROM pgqueuer")).all()
    )
    assert [tuple(row) for row in rows] == [("picked", other)]
    assert set(shared.lost) == {"t"}


async def test_a_task_that_breaks_at_its_upstream_is_watched_again_though_the_lane_is_full(
    shared: Rig,
) -> None:
    shared.slots["a"] = 1
    shared.work.surprises["t"] = 1
    shared.statuses["t"] = Status.RUNNING
    async with shared.open() as runner:
        await shared.wake(runner, "t", "a")
        await shared.wake(runner, "other", "a")
        await until(lambda: shared.work.running == ["other"])
        await until(lambda: sorted(shared.work.running) == ["other", "t"])


async def test_a_worker_lives_through_a_restart_of_every_connection(
    shared: Rig, backend: PostgresBackend
) -> None:
    shared.slots["a"] = 2
    cut = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    async with shared.open() as runner:
        await shared.wake(runner, "t0", "a")
        await until(lambda: shared.work.running == ["t0"])
        for _ in range(5):
            await backend.write(lambda conn: conn.execute(cut))
            await asyncio.sleep(0.05)
        await shared.wake(runner, "t1", "a")
        await until(lambda: sorted(shared.work.running) == ["t0", "t1"])
        shared.work.let_go("t0", "t1")
        await until(lambda: not shared.work.running)

    assert shared.work.started == ["t0", "t1"]


async def test_a_shut_lane_keeps_what_slips_in_until_it_opens(shared: Rig, backend: PostgresBackend) -> None:
    shared.slots["a"] = 0
    async with shared.open():
        await backend.write(lambda conn: jobs.put(conn, jobs.Wake(task_id="t", lane="a")))
        await until_parked(backend)
        assert shared.work.started == []

        shared.slots["a"] = 1
        await until(lambda: shared.work.running == ["t"])
        shared.work.let_go("t")


async def until_parked(backend: PostgresBackend) -> None:
    for _ in range(3_000):
        found = await backend.read(jobs.counts)
        if found == {jobs.paused("a"): (1, 0)}:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(found)
