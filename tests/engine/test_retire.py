"""A model's last day: it leaves the routes by itself, what waits for it is looked after, what runs goes on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reelgate.core.dialect import Channel
from reelgate.core.errors import CallerError, Code
from reelgate.core.lifecycle import Status
from reelgate.core.task import Task
from reelgate.engine import models, retire, route
from reelgate.store import channels as channel_rows
from reelgate.testing.scripted import finished
from tests.engine.conftest import Bench

DAY_S = 86_400


def day(bench: Bench, days: int) -> str:
    now = datetime.fromtimestamp(bench.clock.now_ms() / 1000, tz=UTC)
    return (now + timedelta(days=days)).date().isoformat()


async def old_model(bench: Bench, ends: str, *, alias: str | None = None) -> None:
    """Add a channel whose model `old` ends on a day."""
    channel = Channel(
        id="chan_old",
        name="old",
        dialect="scripted",
        base_url="",
        models={"old": "scripted-1"},
        settings={"sunset": {"scripted-1": ends}},
        poll_policy="fixed:10",
    )
    now = bench.clock.now_ms()
    await bench.ctx.backend.write(lambda conn: channel_rows.insert(conn, channel, now))
    if alias is not None:
        await bench.ctx.backend.write(lambda conn: channel_rows.put_alias(conn, "old", alias, now))
    await bench.ctx.channels.reload(bench.ctx.backend)


async def scheduled(bench: Bench, seconds: int) -> Task:
    """Create a task of the old model that starts in so many seconds."""
    return await bench.create(model="old", start_after=bench.clock.now_ms() + seconds * 1000)


async def test_nothing_of_an_ended_model_is_created_and_what_can_do_the_same_is_named(bench: Bench):
    await old_model(bench, day(bench, 1))
    await bench.create(model="old")
    await bench.clock.advance(DAY_S)

    with pytest.raises(CallerError) as refused:
        await bench.create(model="old")

    assert refused.value.failure.code is Code.MODEL_RETIRED
    assert "`demo`" in refused.value.failure.message
    assert models.card(bench.ctx, "old") is None
    assert [c.id for c in models.catalogue(bench.ctx)] == ["demo"]


async def test_a_channel_that_loses_a_model_leaves_the_others_to_it(bench: Bench):
    now = bench.clock.now_ms()
    twin = Channel(
        id="chan_twin",
        name="twin",
        dialect="scripted",
        base_url="",
        models={"demo": "scripted-1"},
        settings={"sunset": {"scripted-1": day(bench, 1)}},
        priority=9,
    )
    await bench.ctx.backend.write(lambda conn: channel_rows.insert(conn, twin, now))
    await bench.ctx.channels.reload(bench.ctx.backend)

    before = await bench.create()
    await bench.clock.advance(DAY_S)
    after = await bench.create()

    assert (before.channel_id, after.channel_id) == ("chan_twin", "chan_one")
    assert retire.ended_models(bench.ctx) == []


async def test_a_queued_task_of_an_ended_model_goes_to_its_alias(bench: Bench):
    await old_model(bench, day(bench, 1), alias="demo")
    task = await scheduled(bench, 2 * DAY_S)
    bench.upstream.sights["job-1"].append(finished())
    await bench.clock.advance(DAY_S)

    count = await retire.let_go(bench.ctx)
    moved = await bench.task(task.id)
    await bench.clock.advance(DAY_S)
    done = await bench.until(task.id)

    assert count == 1
    assert (moved.status, moved.served_model, moved.channel_id) == (Status.QUEUED, "demo", "chan_one")
    assert (moved.model, moved.quote) == ("old", task.quote)
    assert done.status is Status.COMPLETED
    assert await bench.violations() == []


async def test_a_queued_task_of_an_ended_model_without_an_heir_ends_and_its_money_goes_back(bench: Bench):
    await old_model(bench, day(bench, 1))
    task = await scheduled(bench, 20 * DAY_S)
    await bench.clock.advance(DAY_S)

    assert await retire.let_go(bench.ctx) == 1
    ended = await bench.task(task.id)

    assert ended.status is Status.FAILED
    assert ended.error is not None
    assert ended.error.code is Code.MODEL_RETIRED
    assert "`demo`" in ended.error.message
    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}
    assert await retire.let_go(bench.ctx) == 0
    assert bench.upstream.submitted == []
    assert await bench.violations() == []


async def test_a_task_whose_turn_comes_first_is_looked_after_in_the_same_way(bench: Bench):
    await old_model(bench, day(bench, 1))
    task = await scheduled(bench, DAY_S + 60)
    await bench.clock.advance(DAY_S)

    ended = await bench.until(task.id)

    assert ended.error is not None
    assert (ended.status, ended.error.code) == (Status.FAILED, Code.MODEL_RETIRED)
    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}
    assert bench.upstream.submitted == []


async def test_a_running_task_of_an_ended_model_is_watched_to_its_end(bench: Bench):
    await bench.clock.advance(DAY_S - bench.clock.now_ms() / 1000 % DAY_S - 30)
    await old_model(bench, day(bench, 1))
    task = await bench.create(model="old")
    await bench.at_once(task.id, Status.RUNNING)
    await bench.clock.advance(60)
    assert retire.ended_models(bench.ctx) == ["old"]
    await retire.let_go(bench.ctx)

    bench.upstream.sights["job-1"].append(finished())
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED
    assert await bench.ledger(task.id) == {"hold": 400_000, "capture": 400_000}


async def test_what_ends_is_listed_with_what_could_follow(bench: Bench):
    await old_model(bench, day(bench, 30))

    (ending,) = models.endings(bench.ctx)

    assert (ending.model, ending.sunset.state, ending.alias) == ("old", "ending", None)
    assert [heir.model for heir in ending.heirs] == ["demo"]
    assert route.suggestions(bench.ctx, "old") == ["demo"]


async def test_a_list_of_the_upstream_that_says_an_end_counts_like_a_file(bench: Bench):
    await old_model(bench, "never")

    assert models.sunset_of_name(bench.ctx, "old") is None
    assert models.endings(bench.ctx) == []
