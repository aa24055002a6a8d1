"""Limits and turns in rows: on both databases exactly what the pure rules say, whoever asks at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from reelgate.core.fairness import BEGINNING, REWIND_AT, TURN, cost
from reelgate.core.fairness import join as pure_join
from reelgate.core.fairness import serve as pure_serve
from reelgate.core.lifecycle import Status
from reelgate.core.limits import MINUTE_US, PATIENCE_US, SKEW_US, Allowance, Subject, inbound, judge, upstream
from reelgate.store import limits as rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Backend, Connection, open_backend
from reelgate.store.tables import DEFAULT_USER
from reelgate.store.users import User
from reelgate.store.users import insert as insert_user
from tests.store.samples import a_task

NOW = 1_800_000_000_000_000


@pytest.fixture
async def peer(url: str) -> AsyncIterator[Backend]:
    """A second process, as far as the database can tell."""
    opened = await open_backend(url)
    yield opened
    await opened.close()


@pytest.mark.parametrize("patience", [0, PATIENCE_US])
async def test_a_bucket_row_does_what_the_rule_says(backend: Backend, patience: int) -> None:
    dice = random.Random(7)
    rates = [inbound(1), inbound(3), inbound(600), upstream(1), upstream(10), upstream(90)]
    now, full_at = NOW, dict[str, int | None]()
    for _ in range(300):
        name, rate = dice.choice("ab"), dice.choice(rates)
        now += dice.choice([0, 1, 1_000, MINUTE_US // 7, MINUTE_US, -SKEW_US - 2 * MINUTE_US])
        full_at[name], wanted = judge(full_at.get(name), rate, now, patience)

        seen = await backend.write(
            lambda conn, n=name, r=rate, at=now: rows.take(conn, n, r, at, patience=patience)
        )

        assert seen == wanted


async def test_two_processes_share_one_bucket(backend: Backend, peer: Backend) -> None:
    rate = inbound(20)
    seen = await asyncio.gather(
        *(
            one.write(lambda conn: rows.take(conn, "key", rate, NOW))
            for _ in range(30)
            for one in (backend, peer)
        )
    )

    assert sum(s.allowed for s in seen) == 20
    assert sorted(s.remaining for s in seen if s.allowed) == list(range(20))


async def test_what_is_given_back_can_be_taken_again(backend: Backend) -> None:
    rate = inbound(1)
    await backend.write(lambda conn: rows.take(conn, "key", rate, NOW))
    await backend.write(lambda conn: rows.give_back(conn, "key", rate))

    assert (await backend.write(lambda conn: rows.take(conn, "key", rate, NOW))).allowed


async def test_only_buckets_nobody_used_lately_are_forgotten(backend: Backend) -> None:
    rate = inbound(1)
    await backend.write(lambda conn: rows.take(conn, "old", rate, NOW - 10 * MINUTE_US))
    await backend.write(lambda conn: rows.take(conn, "new", rate, NOW))

    assert await backend.write(lambda conn: rows.prune(conn, NOW)) == 1
    assert not (await backend.write(lambda conn: rows.take(conn, "new", rate, NOW))).allowed


async def test_a_lane_row_does_what_the_rule_says(backend: Backend) -> None:
    dice = random.Random(11)
    virtual: dict[str, int | None] = {}
    following: dict[tuple[str, str], int] = {}
    for _ in range(300):
        lane, user, weight = dice.choice("xy"), dice.choice("abc"), dice.choice([1, 2, 3, 20])
        wanted, following[lane, user] = pure_join(virtual.get(lane), following.get((lane, user)), weight)
        turn = await backend.write(lambda conn, a=(lane, user, weight): rows.join(conn, *a))
        assert turn == wanted
        if dice.random() < 0.7:
            served = dice.choice([turn, turn - cost(weight), BEGINNING])
            virtual[lane] = pure_serve(virtual.get(lane), served)
            await backend.write(lambda conn, at=lane, s=served: rows.serve(conn, at, s))


async def test_no_turn_is_given_to_two_tasks_of_one_user(backend: Backend, peer: Backend) -> None:
    turns = await asyncio.gather(
        *(
            one.write(lambda conn: rows.join(conn, "lane", "user", 1))
            for _ in range(20)
            for one in (backend, peer)
        )
    )

    assert sorted(turns) == [BEGINNING + n * TURN for n in range(40)]


async def test_two_processes_cannot_exceed_the_number_of_unfinished_tasks(
    backend: Backend, peer: Backend
) -> None:
    def create(conn: Connection, task_id: str) -> bool:
        rows.lock_user(conn, DEFAULT_USER)
        if rows.unfinished(conn, DEFAULT_USER) >= 5:
            return False
        task_rows.insert(conn, a_task(task_id))
        return True

    made = await asyncio.gather(
        *(
            one.write(lambda conn, i=f"video_{n}_{which}": create(conn, i))
            for n in range(10)
            for which, one in enumerate((backend, peer))
        )
    )

    assert sum(made) == 5


async def test_only_unfinished_tasks_count(backend: Backend) -> None:
    await backend.write(lambda conn: task_rows.insert(conn, a_task("video_1")))
    await backend.write(lambda conn: task_rows.insert(conn, a_task("video_2", status=Status.RUNNING)))
    done = a_task("video_3", status=Status.FAILED, finished_at=5)
    await backend.write(lambda conn: task_rows.insert(conn, done))

    assert await backend.point(lambda conn: rows.unfinished(conn, DEFAULT_USER)) == 2
    assert await backend.point(lambda conn: rows.unfinished(conn, DEFAULT_USER, "key_1")) == 0
    assert await backend.point(lambda conn: rows.unfinished(conn, "user_other")) == 0


async def test_the_count_looks_at_unfinished_rows_alone(sqlite_backend: Backend) -> None:
    plan = await sqlite_backend.read(
        lambda conn: conn.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT count(*) FROM tasks WHERE user_id = 'u' AND finished_at IS NULL"
        ).fetchall()
    )

    assert "ix_tasks_unfinished" in str(plan)


async def test_an_allowance_is_kept_changed_and_lifted(backend: Backend) -> None:
    first = Allowance(subject=Subject.KEY, id="key_1", requests_per_minute=60, concurrency=0)
    second = Allowance(subject=Subject.USER, id="user_1", weight=3, priority=-5, max_priority=10)
    third = Allowance(subject=Subject.KEY, id="key_1", calls_per_minute=600)
    for allowance in (first, second, third):
        await backend.write(lambda conn, a=allowance: rows.put(conn, a, 1))

    assert await backend.point(rows.all_allowances) == [third, second]

    await backend.write(lambda conn: rows.put(conn, Allowance(subject=Subject.KEY, id="key_1"), 2))
    assert await backend.write(lambda conn: rows.remove(conn, Subject.USER, "user_1"))
    assert not await backend.write(lambda conn: rows.remove(conn, Subject.USER, "user_1"))
    assert await backend.point(rows.all_allowances) == []


async def test_turns_matter_once_there_is_a_second_user_or_somebody_took_one(backend: Backend) -> None:
    assert not await backend.point(rows.shared)
    await backend.write(lambda conn: rows.join(conn, "lane", DEFAULT_USER, 1))
    assert await backend.point(rows.shared)


async def test_turns_matter_with_a_second_user(backend: Backend) -> None:
    await backend.write(lambda conn: insert_user(conn, User(id="user_2", name="two", created_at=1)))

    assert await backend.point(rows.shared)


async def test_a_lane_that_came_far_begins_anew_when_nobody_waits(backend: Backend) -> None:
    waiting = a_task("video_1", channel_id="busy", turn=REWIND_AT)
    await backend.write(lambda conn: task_rows.insert(conn, waiting))
    for lane, reached in (("busy", REWIND_AT), ("idle", REWIND_AT), ("young", REWIND_AT - 1)):
        await backend.write(lambda conn, at=lane, turn=reached: rows.serve(conn, at, turn))

    assert await backend.write(rows.rewind) == ["idle"]

    turns = [
        await backend.write(lambda conn, at=lane: rows.join(conn, at, "user", 1))
        for lane in ("busy", "idle", "young")
    ]
    assert turns == [REWIND_AT, BEGINNING, REWIND_AT - 1]
