"""The engine on PostgreSQL: the same verbs, the same rows, the same money."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import NullPool, create_engine, text

from reelgate.core.dialect import Found, Unclear
from reelgate.core.lifecycle import Status
from reelgate.engine import cancel, sweep
from reelgate.store import events as event_rows
from reelgate.store.postgres import driver_url
from reelgate.testing.clock import FakeClock
from reelgate.testing.postgres import fresh_database, postgres_server
from reelgate.testing.scripted import Scripted, finished, running
from tests.engine.conftest import WHO, Bench, open_bench


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def url(server: str) -> Iterator[str]:
    with fresh_database(server) as fresh:
        yield fresh


@pytest.fixture
async def bench(
    tmp_path: Path, url: str, upstream: Scripted, clock: FakeClock, clip: Path
) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, upstream, clock, url=url) as opened:
        opened.renders.put("clip", clip)
        yield opened


async def test_a_task_is_watched_archived_and_paid_for_once(bench: Bench) -> None:
    bench.upstream.sights["job-1"].extend([running(10), running(60), finished()])

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED
    assert await bench.ledger(task.id) == {"hold": 400_000, "capture": 400_000}
    assert await bench.violations() == []


async def test_a_doubtful_submission_that_is_found_goes_on(bench: Bench) -> None:
    bench.upstream.outcomes.append(Unclear(reason="no answer"))
    bench.upstream.found = Found(ref="job-x")
    bench.upstream.sights["job-x"].append(finished())

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED
    assert len(bench.upstream.submitted) == 1


async def test_a_cancel_and_a_late_success_settle_once(bench: Bench) -> None:
    bench.upstream.stops = False
    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)

    await cancel.cancel(bench.ctx, WHO, task.id)
    await sweep.notice_cancels(bench.ctx)
    ended = await bench.until(task.id)
    bench.upstream.sights["job-1"].append(finished())
    await asyncio.gather(*(sweep.settle_disputes(bench.ctx) for _ in range(4)))

    assert ended.status is Status.CANCELLED
    assert await bench.ledger(task.id) == {"hold": 400_000, "capture": 400_000}
    assert await bench.violations() == []


async def test_a_reader_that_comes_late_misses_nothing_another_reader_was_given_already(
    bench: Bench, url: str
) -> None:
    task = await bench.create()
    await bench.until(task.id)
    end = await bench.ctx.backend.point(event_rows.latest_cursor)
    first = bench.ctx.hub.follow(cursor=end, idle_s=0.05)
    assert await anext(first) is None, "it has caught up and is given what comes live"
    later = await bench.create()
    while await asyncio.wait_for(anext(first), 60) is None:
        pass

    # A writer that read the newest cursor long ago makes its promise only now.
    promise = text("SELECT pg_advisory_xact_lock_shared((21063::bigint << 48) + :cursor)")
    with create_engine(driver_url(url), poolclass=NullPool).begin() as slow:
        slow.execute(promise, {"cursor": end})
        second = bench.ctx.hub.follow(cursor=end)
        seen = await asyncio.wait_for(anext(second), 60)
        await second.aclose()
    await first.aclose()

    assert seen is not None
    assert (seen.task_id, seen.seq) == (later.id, 1)


async def test_old_rows_and_orphans_are_swept(bench: Bench) -> None:
    """Shows 001-05."""

    bench.upstream.sights["job-1"].append(finished())
    task = await bench.create()
    await bench.until(task.id)
    await cancel.delete(bench.ctx, WHO, task.id)
    bench.clock.jump_wall(86_400 * 3_650)  # files carry the machine's own time

    await sweep.forget_old(bench.ctx)
    gone = await sweep.collect_orphans(bench.ctx)

    assert gone == 3
    assert [found async for found in bench.ctx.blobs.listed()] == []
