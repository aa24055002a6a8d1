"""Limits and turns in the engine, on SQLite and on PostgreSQL: refusing at the door, waiting in a fair order behind it."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reelgate.core.dialect import Observation, Phase, Refused
from reelgate.core.errors import CallerError, Code, Failure
from reelgate.core.fairness import BEGINNING, HEAD_START, TURN
from reelgate.core.lifecycle import Status
from reelgate.core.limits import Allowance, Subject
from reelgate.core.task import Size
from reelgate.engine import cancel, limits, sweep
from reelgate.engine.context import Draft, Who
from reelgate.engine.create import Created, IdempotencyClaim, create
from reelgate.store import channels as channel_rows
from reelgate.store import keys as key_rows
from reelgate.store import limits as limit_rows
from reelgate.store import projects as project_rows
from reelgate.store import tasks as task_rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection, open_backend
from reelgate.store.keys import Key
from reelgate.store.migrate import upgrade
from reelgate.store.projects import Project
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.store.users import User
from reelgate.testing.clock import FakeClock
from reelgate.testing.postgres import fresh_database, postgres_server
from reelgate.testing.scripted import Scripted
from tests.engine.conftest import Bench, open_bench

ANN = Who(user_id=DEFAULT_USER, project_id=DEFAULT_PROJECT, key_id="key_ann")
ENDED = Observation(phase=Phase.FAILED, error=Failure(code=Code.UPSTREAM_FAILED, message="no"), word="failed")
BOB = Who(user_id="user_bob", project_id="proj_bob", key_id="key_bob")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def pattern(server: str) -> Iterator[str]:
    """A PostgreSQL database that has been upgraded, to be copied."""
    with fresh_database(server) as url:
        upgrade(url)
        yield url


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if getattr(request, "param", "sqlite") == "sqlite":
        yield f"sqlite:///{tmp_path / 'reelgate.db'}"
        return
    server, pattern = request.getfixturevalue("server"), request.getfixturevalue("pattern")
    with fresh_database(server, like=pattern) as fresh:
        yield fresh


on_both = pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
async def bench(
    tmp_path: Path, url: str, upstream: Scripted, clock: FakeClock, clip: Path
) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, upstream, clock, url=url) as opened:
        opened.renders.put("clip", clip)
        await opened.ctx.backend.write(_people)
        yield opened


def _people(conn: Connection) -> None:
    user_rows.insert(conn, User(id=BOB.user_id, name="bob", created_at=1))
    project_rows.insert(conn, Project(id=BOB.project_id, user_id=BOB.user_id, name="bob", created_at=1))
    for who in (ANN, BOB):
        assert who.key_id is not None
        key = Key(
            id=who.key_id,
            user_id=who.user_id,
            project_id=who.project_id,
            name=who.key_id,
            digest=who.key_id,
            hint="",
            scopes=(),
            created_at=1,
            expires_at=None,
            revoked_at=None,
            last_used_at=None,
        )
        key_rows.insert(conn, key)


async def allow(bench: Bench, subject: Subject, subject_id: str, **values: Any) -> None:
    await limits.set_allowance(bench.ctx, Allowance(subject=subject, id=subject_id, **values))


async def make(
    bench: Bench, who: Who = ANN, prompt: str = "", key: str | None = None, **more: Any
) -> Created:
    draft = Draft(model="demo", prompt=prompt or who.user_id, seconds=4, size=Size(64, 64), **more)
    claim = None if key is None else IdempotencyClaim(kind="explicit", fingerprint="same", key=key)
    return await create(bench.ctx, who, draft, claim)


async def narrow(bench: Bench, slots: int) -> None:
    """Give the one channel this many slots."""
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None
    fewer = msgspec.structs.replace(channel, concurrency=slots)
    await bench.ctx.backend.write(lambda conn: channel_rows.update_channel(conn, fewer, 1))
    await bench.ctx.channels.reload(bench.ctx.backend)


async def sent(bench: Bench, count: int) -> list[str]:
    """Let time pass until so many tasks were sent; gives their prompts in the order of sending."""
    for _ in range(400):
        await bench.settle_down(8)
        if len(bench.upstream.submitted) >= count:
            return [submission.request.prompt for submission in bench.upstream.submitted]
        await bench.clock.advance(5.0)
    raise AssertionError(f"only {len(bench.upstream.submitted)} of {count} tasks were sent")


async def sent_by_now(bench: Bench, count: int) -> None:
    """Wait until so many tasks were sent while the clock stands still."""
    for _ in range(4_000):
        if len(bench.upstream.submitted) >= count:
            break
        await bench.settle_down(5)
    assert len(bench.upstream.submitted) == count


async def still_sent(bench: Bench) -> int:
    """Count what was sent once nothing more happens without time passing."""
    await bench.settle_down(60)
    return len(bench.upstream.submitted)


def end_at_first_look(bench: Bench) -> None:
    for n in range(1, 60):
        bench.upstream.sights[f"job-{n}"].append(ENDED)


async def test_without_limits_nothing_is_counted(bench: Bench) -> None:
    made = await make(bench)

    table = bench.ctx.allowances
    assert made.standing is None
    assert not any((table.creates, table.calls, table.lanes, table.polls, table.ranked))


@on_both
async def test_a_caller_over_its_rate_is_refused_and_told_when_to_come_back(bench: Bench) -> None:
    await allow(bench, Subject.KEY, "key_ann", requests_per_minute=2)

    first, second = await make(bench), await make(bench)
    with pytest.raises(limits.Limited) as over:
        await make(bench)

    assert first.standing is not None
    assert second.standing is not None
    assert [first.standing.remaining, second.standing.remaining] == [1, 0]
    assert over.value.failure.code is Code.RATE_LIMITED
    assert over.value.failure.retry_after_s == 30.0
    assert over.value.standing is not None
    assert over.value.standing.limit == 2
    counts = await bench.ctx.backend.point(task_rows.counts)
    assert sum(counts.values()) == 2

    await bench.clock.advance(30)
    assert not (await make(bench)).replayed


async def test_another_key_of_another_user_is_not_held_to_it(bench: Bench) -> None:
    await allow(bench, Subject.KEY, "key_ann", requests_per_minute=1)
    await make(bench)

    assert (await make(bench, BOB)).standing is None


@on_both
async def test_a_repeated_create_is_counted_once_and_a_refused_one_not_at_all(bench: Bench) -> None:
    await allow(bench, Subject.KEY, "key_ann", requests_per_minute=1)

    first = await make(bench, key="k1")
    again = await make(bench, key="k1")
    with pytest.raises(limits.Limited):
        await make(bench, key="k2")
    with pytest.raises(limits.Limited):
        await make(bench, key="k2")
    await bench.clock.advance(60)
    later = await make(bench, key="k2")

    assert again.replayed
    assert again.task.id == first.task.id
    assert not later.replayed


async def test_the_users_refusal_gives_the_keys_share_back(bench: Bench) -> None:
    await allow(bench, Subject.KEY, "key_ann", requests_per_minute=2)
    await allow(bench, Subject.USER, DEFAULT_USER, requests_per_minute=1)
    await make(bench)
    for _ in range(3):
        with pytest.raises(limits.Limited):
            await make(bench)

    await allow(bench, Subject.USER, DEFAULT_USER)
    assert not (await make(bench)).replayed


async def test_defaults_hold_for_whoever_has_no_limit_of_their_own(bench: Bench) -> None:
    table = limits.AllowanceTable(limits.Defaults(key_requests_per_minute=1))
    ctx = dataclasses.replace(bench.ctx, allowances=table)
    strict = dataclasses.replace(bench, ctx=ctx)
    await make(strict)
    with pytest.raises(limits.Limited):
        await make(strict)

    await allow(strict, Subject.KEY, "key_ann", requests_per_minute=0)
    assert not (await make(strict)).replayed


@on_both
async def test_a_caller_with_too_many_unfinished_videos_is_refused_until_one_ends(bench: Bench) -> None:
    await allow(bench, Subject.KEY, "key_ann", concurrency=2)
    first = await make(bench)
    await make(bench)

    with pytest.raises(limits.Limited) as over:
        await make(bench)
    assert over.value.failure.code is Code.CONCURRENCY_LIMITED
    assert over.value.failure.retryable

    await make(bench, BOB)
    await bench.until(first.task.id, Status.RUNNING)
    await cancel.delete(bench.ctx, ANN, first.task.id)
    await sweep.notice_cancels(bench.ctx)
    await bench.until(first.task.id)
    assert not (await make(bench)).replayed


@on_both
async def test_two_processes_do_not_let_more_in_than_one(bench: Bench, url: str) -> None:
    await allow(bench, Subject.KEY, "key_ann", requests_per_minute=7)
    await allow(bench, Subject.USER, BOB.user_id, concurrency=5)
    backend = await open_backend(url)
    peer = dataclasses.replace(bench, ctx=dataclasses.replace(bench.ctx, backend=backend))
    try:
        calls = [make(one, who) for _ in range(8) for one in (bench, peer) for who in (ANN, BOB)]
        ended = await asyncio.gather(*calls, return_exceptions=True)
    finally:
        await backend.close()

    made = [e.task.user_id for e in ended if isinstance(e, Created)]
    refused = [e for e in ended if isinstance(e, limits.Limited)]
    assert (made.count(ANN.user_id), made.count(BOB.user_id)) == (7, 5)
    assert len(made) + len(refused) == len(ended)


@on_both
async def test_a_backlog_does_not_delay_another_users_first_video(bench: Bench) -> None:
    await narrow(bench, 1)
    for _ in range(12):
        await make(bench, ANN)
    await make(bench, BOB)
    await make(bench, BOB)
    end_at_first_look(bench)

    order = await sent(bench, 6)

    assert BOB.user_id in order[:2]
    assert order[:6].count(BOB.user_id) == 2


async def test_a_heavier_user_gets_a_larger_share(bench: Bench) -> None:
    await allow(bench, Subject.USER, BOB.user_id, weight=3)
    await narrow(bench, 1)
    for _ in range(9):
        await make(bench, ANN)
    for _ in range(9):
        await make(bench, BOB)
    end_at_first_look(bench)

    order = await sent(bench, 9)

    # Three in four, give or take what was on its way already; half would be four or five.
    assert 5 <= order.count(BOB.user_id) <= 8


@on_both
async def test_the_order_of_a_lane_outlives_a_restart(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path, url: str
) -> None:
    async with open_bench(tmp_path, upstream, clock, url=url) as before:
        await before.ctx.backend.write(_people)
        await narrow(before, 1)
        await make(before, ANN)
        await sent(before, 1)
        for _ in range(5):
            await make(before, ANN)
        await make(before, BOB)
    end_at_first_look(before)

    async with open_bench(tmp_path, upstream, clock, url=url) as after:
        after.renders.put("clip", clip)
        await sweep.wake_open_tasks(after.ctx)
        order = await sent(after, 7)

    assert order[1] == BOB.user_id


async def test_a_key_of_higher_priority_goes_first_and_its_requests_may_ask_within_bounds(
    bench: Bench,
) -> None:
    """Shows 001-39."""

    await allow(bench, Subject.KEY, "key_bob", priority=1, max_priority=4)
    await narrow(bench, 1)
    await make(bench, ANN, "begun")
    await sent(bench, 1)
    await make(bench, BOB, "late", priority=-3)
    for n in range(3):
        await make(bench, ANN, f"plain {n}")
    await make(bench, BOB, "urgent", priority=4)
    await make(bench, BOB, "usual")
    end_at_first_look(bench)

    order = await sent(bench, 7)

    assert order == ["begun", "urgent", "usual", "plain 0", "plain 1", "plain 2", "late"]
    with pytest.raises(CallerError, match="-100 to 4"):
        await make(bench, BOB, priority=5)
    with pytest.raises(CallerError, match="may not choose"):
        await make(bench, ANN, priority=1)


@on_both
async def test_a_lane_sends_no_faster_than_its_limit_and_fails_nothing(bench: Bench) -> None:
    await allow(bench, Subject.CHANNEL, "chan_one", requests_per_minute=2)
    made = [(await make(bench, prompt=str(n))).task for n in range(5)]

    began = bench.clock.now_ms()
    await sent(bench, 5)

    for n, submission in enumerate(bench.upstream.submitted):
        assert submission.submitted_at_ms - began >= n * 29_990
    assert [s.request.prompt for s in bench.upstream.submitted] == ["0", "1", "2", "3", "4"]
    for task in made:
        assert (await bench.task(task.id)).error is None


async def test_a_newcomer_is_next_on_a_lane_that_waits_for_its_channel(bench: Bench) -> None:
    await allow(bench, Subject.CHANNEL, "chan_one", requests_per_minute=2)
    for _ in range(6):
        await make(bench, ANN)
    await sent_by_now(bench, 1)
    await make(bench, BOB)

    order = await sent(bench, 3)

    assert BOB.user_id in order[:2]


@on_both
async def test_what_was_sent_before_a_restart_still_counts(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, url: str
) -> None:
    async with open_bench(tmp_path, upstream, clock, url=url) as before:
        await before.ctx.backend.write(_people)
        await allow(before, Subject.CHANNEL, "chan_one", requests_per_minute=1)
        await make(before)
        await sent(before, 1)
        await make(before)

    async with open_bench(tmp_path, upstream, clock, url=url) as after:
        await after.ctx.allowances.reload(after.ctx.backend)
        await sweep.wake_open_tasks(after.ctx)
        assert await still_sent(after) == 1
        await sent(after, 2)


async def test_a_channel_is_asked_no_faster_than_its_limit(bench: Bench) -> None:
    await allow(bench, Subject.CHANNEL, "chan_one", calls_per_minute=4)
    for _ in range(6):
        await make(bench)
    await sent(bench, 6)

    before = bench.upstream.polls
    for _ in range(24):
        await bench.clock.advance(5)
        await bench.settle_down(4)

    assert 1 <= bench.upstream.polls - before <= 9


async def test_a_scheduled_video_waits_as_queued_and_starts_when_it_is_due(bench: Bench) -> None:
    due = bench.clock.now_ms() + 3_600_000
    task = (await make(bench, start_after=due)).task
    await bench.clock.advance(3_590)
    await sweep.wake_open_tasks(bench.ctx)

    assert await still_sent(bench) == 0
    assert (await bench.task(task.id)).status is Status.QUEUED

    await bench.clock.advance(10)
    await sent(bench, 1)
    begun = await bench.until(task.id, Status.RUNNING)
    assert begun.start_after == due
    assert begun.deadline_at is not None
    assert begun.deadline_at >= due + 2_700_000


@on_both
async def test_a_scheduled_video_outlives_a_restart(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, url: str
) -> None:
    async with open_bench(tmp_path, upstream, clock, url=url) as before:
        await before.ctx.backend.write(_people)
        await make(before, start_after=clock.now_ms() + 600_000)

    async with open_bench(tmp_path, upstream, clock, url=url) as after:
        await sweep.wake_open_tasks(after.ctx)
        await clock.advance(590)
        assert await still_sent(after) == 0
        await clock.advance(10)
        await sent(after, 1)


@on_both
async def test_videos_scheduled_for_the_same_moment_do_not_crowd_others_out(bench: Bench) -> None:
    await narrow(bench, 1)
    await make(bench, ANN, "begun")
    await sent(bench, 1)
    due = bench.clock.now_ms() + 5_000
    for n in range(4):
        await make(bench, ANN, f"scheduled {n}", start_after=due)
    await bench.clock.advance(6)
    await bench.settle_down(120)
    await make(bench, BOB, "newcomer")
    end_at_first_look(bench)

    order = await sent(bench, 6)

    assert order[:2] == ["begun", "newcomer"]
    assert sorted(order[2:]) == [f"scheduled {n}" for n in range(4)]


async def test_a_start_in_the_past_is_now_and_one_too_far_ahead_is_refused(bench: Bench) -> None:
    now = bench.clock.now_ms()

    assert (await make(bench, start_after=now - 1)).task.start_after is None
    with pytest.raises(CallerError, match="up to 30 days"):
        await make(bench, start_after=now + 31 * 86_400_000)


async def test_a_scheduled_video_can_be_cancelled_before_it_starts(bench: Bench) -> None:
    task = (await make(bench, start_after=bench.clock.now_ms() + 60_000)).task

    ended = await cancel.cancel(bench.ctx, ANN, task.id)
    await bench.clock.advance(61)

    assert ended.status is Status.CANCELLED
    assert await still_sent(bench) == 0
    assert await bench.violations() == []


@on_both
async def test_a_video_that_moves_takes_its_turn_on_the_other_lane(bench: Bench) -> None:
    for _ in range(8):
        await bench.ctx.backend.write(lambda conn: limit_rows.join(conn, "chan_two", BOB.user_id, 1))
    await allow(bench, Subject.KEY, "key_bob", priority=2)
    task = (await make(bench, BOB, start_after=None)).task
    changes = await bench.ctx.backend.write(lambda conn: limits.moved(conn, bench.ctx, task, "chan_two"))

    assert task.turn == BEGINNING
    assert changes["turn"] == BEGINNING + 8 * TURN
    assert changes["priority"] == 2 * HEAD_START - changes["turn"]


async def test_waiting_for_a_turn_does_not_use_the_deadline_up(bench: Bench) -> None:
    await narrow(bench, 1)
    first = (await make(bench)).task
    await bench.until(first.id, Status.RUNNING)
    task = (await make(bench)).task
    await bench.clock.advance(2_600)
    bench.upstream.sights["job-1"].append(ENDED)
    await sent(bench, 2)

    begun = await bench.until(task.id, Status.RUNNING)

    assert begun.deadline_at is not None
    assert begun.deadline_at >= bench.clock.now_ms() + 2_400_000


async def test_a_refusal_elsewhere_keeps_priority_on_the_next_lane(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, url: str
) -> None:
    async with open_bench(tmp_path, upstream, clock, url=url, second=True) as two:
        await two.ctx.backend.write(_people)
        await allow(two, Subject.KEY, "key_ann", priority=3)
        upstream.outcomes.append(Refused(failure=Failure(code=Code.QUOTA_EXHAUSTED, message="empty")))
        task = (await make(two)).task
        moved = await two.until(task.id, Status.RUNNING)

    assert len(upstream.submitted) == 2
    assert moved.channel_id != task.channel_id
    assert moved.turn is not None
    assert moved.priority == 3 * HEAD_START - moved.turn
