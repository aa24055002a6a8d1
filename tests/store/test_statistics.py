"""Statistics on both databases agree with counting by hand, and look at their stretch alone (001-05)."""

from __future__ import annotations

import random

from msgspec.structs import replace
from sqlalchemy import text

from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.task import AttemptState, Task
from reelgate.store import attempts, statistics, tasks
from reelgate.store.backend import Backend, Connection
from reelgate.store.statistics import DAY_MS, Quantile, Trouble
from tests.store.samples import NOW, a_task, an_attempt

FIRST_DAY = NOW // DAY_MS


def history(seed: int) -> list[Task]:
    """Make tasks of three days and two models, some of them timed."""
    rng = random.Random(seed)
    made: list[Task] = []
    for number in range(60):
        created = (FIRST_DAY + number % 3) * DAY_MS + rng.randrange(DAY_MS)
        status = rng.choice([Status.COMPLETED, Status.COMPLETED, Status.FAILED, Status.QUEUED])
        started = created + rng.randrange(100_000) if status is not Status.QUEUED else None
        ended = (
            None if status is not Status.COMPLETED or started is None else started + rng.randrange(900_000)
        )
        made.append(
            a_task(
                f"video_{number}",
                created_at=created,
                status=status,
                served_model=rng.choice(["a", "b"]),
                channel_id=rng.choice(["chan_1", None]),
                started_at=started,
                completed_at=ended,
                polls=rng.choice([None, 3, 7]) if started is not None else None,
            )
        )
    return made


def nearest(values: list[int], percent: int) -> int:
    """Give the smallest value that at least so many percent do not exceed."""
    ordered = sorted(values)
    return ordered[-(-len(ordered) * percent // 100) - 1]


async def test_counts_and_quantiles_are_those_of_counting_by_hand(backend: Backend) -> None:
    made = history(7)

    def work(conn: Connection) -> None:
        for task in made:
            tasks.insert(conn, task)

    await backend.write(work)
    since, until = FIRST_DAY * DAY_MS, (FIRST_DAY + 2) * DAY_MS
    inside = [t for t in made if since <= t.created_at < until]

    found = await backend.read(lambda conn: statistics.counts(conn, since, until))
    assert sum(one.tasks for one in found) == len(inside)
    assert {one.day for one in found} == {FIRST_DAY, FIRST_DAY + 1}
    assert sum(one.polls for one in found) == sum(t.polls or 0 for t in inside)
    for one in found:
        assert one.tasks == sum(
            1
            for t in inside
            if (t.created_at // DAY_MS, t.served_model, t.channel_id, t.status.value)
            == (one.day, one.model, one.channel_id, one.status)
        )
    rendered = [
        (t.served_model, t.completed_at - t.started_at) for t in inside if t.completed_at and t.started_at
    ]
    whole = await backend.read(lambda conn: statistics.took(conn, "rendering", since, until, by_model=False))
    assert {q.percent: q.took_ms for q in whole} == {
        p: nearest([ms for _, ms in rendered], p) for p in (50, 90)
    }
    each = await backend.read(lambda conn: statistics.took(conn, "rendering", since, until, by_model=True))
    for model in ("a", "b"):
        own = [ms for name, ms in rendered if name == model]
        for percent in (50, 90):
            assert Quantile(model, percent, nearest(own, percent)) in each


async def test_errors_of_attempts_are_counted_by_channel_and_code(backend: Backend) -> None:
    failure = Failure(code=Code.RATE_LIMITED, message='a "quoted" 灯塔')

    def work(conn: Connection) -> None:
        for number in range(3):
            tasks.insert(conn, a_task(f"video_{number}"))
            attempt = an_attempt(f"att_{number}", task_id=f"video_{number}")
            attempts.insert(
                conn, replace(attempt, state=AttemptState.REFUSED, error=failure if number else None)
            )

    await backend.write(work)
    found = await backend.read(lambda conn: statistics.troubles(conn, NOW, NOW + 1))
    assert found == [Trouble("chan_1", "rate_limited", 2)]
    assert await backend.read(lambda conn: statistics.troubles(conn, NOW + 1, NOW + 2)) == []


async def test_an_empty_stretch_has_no_figures(backend: Backend) -> None:
    assert await backend.read(lambda conn: statistics.counts(conn, 0, 1)) == []
    assert await backend.read(lambda conn: statistics.took(conn, "waiting", 0, 1, by_model=True)) == []


async def test_a_stretch_is_found_by_index(backend: Backend) -> None:
    if backend.kind != "sqlite":
        return
    plan = await backend.read(
        lambda conn: [
            str(row)
            for row in conn.execute(
                text(
                    "EXPLAIN QUERY PLAN SELECT count(*) FROM tasks WHERE status IN ('completed', 'failed')"
                    " AND created_at >= 1 AND created_at < 2"
                )
            )
        ]
    )
    assert any("ix_tasks_status" in line for line in plan)
