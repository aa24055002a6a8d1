"""What cannot be known at once is found out later, or by a person; nobody pays twice and nobody waits for ever."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reelgate.core.dialect import Channel, Found, NotFound, Observation, Refused, Unclear
from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.task import Task, Variant
from reelgate.engine import sweep
from reelgate.engine.context import Rules
from reelgate.engine.webhooks import create as register
from reelgate.store import assets as asset_rows
from reelgate.store import channels as channel_rows
from reelgate.store import webhooks as webhook_rows
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished, running
from tests.engine.conftest import WHO, Bench, open_bench

HELD = {"hold": 400_000}
PAID = {"hold": 400_000, "capture": 400_000}
GIVEN_BACK = {"hold": 400_000, "release": 400_000}
DEADLINE_S = 2_700
UNCLEAR = Unclear(reason="The connection broke.")


def trouble(code: Code) -> Observation:
    return Observation(phase=None, trouble=Failure(code=code, message="no"))


def sees(bench: Bench, *sights: Observation) -> None:
    """Have the polls of the one job see this from now on."""
    bench.upstream.sights["job-1"].clear()
    bench.upstream.sights["job-1"].extend(sights)


async def disputed(bench: Bench) -> Task:
    """Make a task whose upstream finished and whose clip could not be fetched in time."""
    sees(bench, finished("dead link"))
    return await bench.until((await bench.create()).id)


async def clips(bench: Bench, task_id: str) -> int:
    found = await bench.ctx.backend.point(lambda conn: asset_rows.get(conn, task_id, Variant.VIDEO))
    return 0 if found is None else 1


async def test_an_outage_of_a_day_ends_the_task_in_time_and_its_clip_comes_late_and_is_paid_once(
    bench: Bench,
) -> None:
    sees(bench, running(10), trouble(Code.UPSTREAM_INTERNAL))
    task = await bench.create()
    began = bench.clock.now_ms()

    ended = await bench.until(task.id)
    asked = bench.upstream.polls
    for _ in range(23):
        bench.clock.jump_wall(3_600)
        await sweep.settle_disputes(bench.ctx)
    held = await bench.ledger(task.id)
    sees(bench, finished())
    await sweep.settle_disputes(bench.ctx)

    assert (ended.status, ended.disputed) == (Status.FAILED, True)
    assert ((ended.finished_at or 0) - began) / 1000 <= DEADLINE_S + 60
    assert asked <= DEADLINE_S / 10 * 1.1, "an upstream that is away was asked more often than one that works"
    assert held == HELD
    assert bench.upstream.bill == ["job-1"]
    assert await bench.ledger(task.id) == PAID
    assert await clips(bench, task.id) == 1
    assert (await bench.task(task.id)).status is Status.FAILED
    assert await bench.violations() == []


async def test_a_dispute_nobody_learned_about_for_longer_than_is_looked_waits_for_a_person(
    bench: Bench,
) -> None:
    task = await disputed(bench)
    bench.clock.jump_wall(bench.ctx.rules.late_watch_s + 1)
    polls = bench.upstream.polls

    await sweep.settle_disputes(bench.ctx)

    assert bench.upstream.polls == polls
    assert await bench.ledger(task.id) == HELD
    assert (await bench.task(task.id)).disputed


async def test_a_key_that_is_revoked_while_a_job_runs_fails_nobody_before_the_deadline(bench: Bench) -> None:
    sees(bench, running(10), trouble(Code.UNAUTHORIZED))
    task = await bench.create()
    for _ in range(20):
        await bench.clock.advance(60)
        await bench.settle_down(8)
    waiting = await bench.task(task.id)

    sees(bench, finished())
    ended = await bench.until(task.id)

    assert waiting.status is Status.RUNNING
    assert ended.status is Status.COMPLETED
    assert await bench.ledger(task.id) == PAID


async def test_a_model_whose_channel_is_gone_when_its_turn_comes_costs_nothing(bench: Bench) -> None:
    channel = bench.ctx.channels.get("chan_one")
    assert channel is not None
    bench.upstream.outcomes.append(
        Refused(failure=Failure(code=Code.OVERLOADED, message="later", retry_after_s=30))
    )
    task = await bench.create()
    await bench.at_once(task.id, Status.QUEUED)
    await until_refused(bench, task.id)
    await _retire(bench, channel)

    ended = await bench.until(task.id)

    assert ended.error is not None
    assert ended.error.code is Code.MODEL_RETIRED
    assert bench.upstream.bill == []
    assert await bench.ledger(task.id) == GIVEN_BACK


async def until_refused(bench: Bench, task_id: str) -> None:
    for _ in range(2_000):
        attempts = await bench.attempts(task_id)
        if attempts and attempts[0].error is not None:
            return
        await bench.settle_down(5)
    raise AssertionError("nothing was refused")


async def _retire(bench: Bench, channel: Channel) -> None:
    bare = msgspec.structs.replace(channel, models={})
    await bench.ctx.backend.write(lambda conn: channel_rows.update_channel(conn, bare, bench.clock.now_ms()))
    await bench.ctx.channels.reload(bench.ctx.backend)


async def test_a_storm_of_refusals_is_waited_out_and_the_one_that_gets_through_is_paid_once(
    bench: Bench,
) -> None:
    storm = Refused(failure=Failure(code=Code.RATE_LIMITED, message="slow", retry_after_s=20))
    bench.upstream.outcomes.extend([storm] * 4)
    sees(bench, finished())
    bench.upstream.sights["job-5"].append(finished())
    began = bench.clock.now_ms()
    task = await bench.create()

    ended = await bench.until(task.id)

    assert ended.status is Status.COMPLETED
    assert (bench.clock.now_ms() - began) / 1000 >= 4 * 20
    assert len(bench.upstream.submitted) == 5
    assert bench.upstream.bill == ["job-5"]
    assert await bench.ledger(task.id) == PAID


async def test_a_late_clip_that_cannot_be_fetched_is_not_paid_for_until_it_can(bench: Bench) -> None:
    task = await disputed(bench)

    await sweep.settle_disputes(bench.ctx)
    unpaid = (await bench.ledger(task.id), await bench.kinds(task.id))
    sees(bench, finished())
    await sweep.settle_disputes(bench.ctx)
    await sweep.settle_disputes(bench.ctx)

    assert unpaid[0] == HELD
    assert "late_output" not in unpaid[1]
    assert await bench.ledger(task.id) == PAID
    assert await clips(bench, task.id) == 1
    assert (await bench.kinds(task.id)).count("late_output") == 1


async def test_whoever_asks_to_be_told_of_late_clips_is_told_once_after_the_failure(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path
) -> None:
    async with open_bench(tmp_path, upstream, clock) as bench:
        bench.renders.put("clip", clip)
        types = ("video.failed", "video.late_output")
        made = await register(
            bench.ctx, WHO, name="here", url="https://93.184.216.34/hook", event_types=types
        )
        await disputed(bench)
        sees(bench, finished())

        await sweep.settle_disputes(bench.ctx)
        await sweep.settle_disputes(bench.ctx)

        owed = await bench.ctx.backend.read(lambda conn: webhook_rows.deliveries_of(conn, made.endpoint.id))
        told = [msgspec.json.decode(each.body)["type"] for each in owed]
        assert sorted(told) == ["video.failed", "video.late_output"]


async def test_a_submission_found_after_its_task_was_given_up_is_settled_by_its_end(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path
) -> None:
    rules = Rules(default_model="demo", unconfirmed_timeout_s=30)
    upstream.outcomes.append(UNCLEAR)
    upstream.found = NotFound(certain=False, reason="not listed yet")
    async with open_bench(tmp_path, upstream, clock, rules=rules) as bench:
        bench.renders.put("clip", clip)
        task = await bench.create()
        given_up = await bench.until(task.id)
        upstream.found = Found(ref="job-found")
        upstream.sights["job-found"].append(finished())

        await sweep.settle_disputes(bench.ctx)

        assert (given_up.status, given_up.disputed) == (Status.FAILED, True)
        assert len(upstream.submitted) == 1
        assert await bench.ledger(task.id) == PAID
        assert await clips(bench, task.id) == 1
        assert [a.ref for a in await bench.attempts(task.id)] == ["job-found"]
