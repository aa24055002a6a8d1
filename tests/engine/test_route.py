"""Where a task goes: only to a channel that can do it, to the best of those, and it is written down why."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reelgate.core.dialect import Channel, Refused, Unclear
from reelgate.core.errors import CallerError, Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.profile import Span
from reelgate.core.task import AttemptState, Size
from reelgate.engine import route
from reelgate.engine.explain import explain
from reelgate.store import channels as channel_rows
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished
from tests.engine.conftest import Bench, open_bench


@pytest.fixture
async def bench(tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, upstream, clock) as opened:
        opened.renders.put("clip", clip)
        yield opened


async def add(bench: Bench, name: str, *, facts: dict[str, Any] | None = None, **more: Any) -> None:
    """Add a channel for `demo` whose model differs from the usual one in `facts`."""
    model = f"{name}-model" if facts else "scripted-1"
    channel = Channel(
        id=f"chan_{name}",
        name=name,
        dialect="scripted",
        base_url="",
        **{"models": {"demo": model}, "poll_policy": "fixed:10", **more},
    )
    now = bench.clock.now_ms()
    usual = bench.upstream.profiles.exact("scripted-1")
    assert usual is not None
    await bench.ctx.backend.write(lambda conn: channel_rows.insert(conn, channel, now))
    if facts:
        profile = msgspec.structs.replace(usual, name=model, **facts)
        await bench.ctx.backend.write(lambda conn: channel_rows.learn(conn, channel.id, profile, now))
    await bench.ctx.channels.reload(bench.ctx.backend)


async def said(bench: Bench, task_id: str) -> list[dict[str, str]]:
    """Give for each attempt what was said of each channel."""
    card = await explain(bench.ctx, task_id)
    return [{c.channel: c.reason.value for c in attempt.why} for attempt in card.attempts]


async def test_a_request_goes_only_where_the_model_can_do_it(bench: Bench):
    """Shows 001-06."""

    await add(bench, "short", facts={"seconds_range": Span(1, 5)}, priority=9)
    bench.upstream.sights["job-1"].append(finished())

    task = await bench.create(seconds=10)
    await bench.until(task.id)

    assert await said(bench, task.id) == [{"one": "chosen", "short": "cannot"}]
    card = await explain(bench.ctx, task.id)
    detail = next(c.detail for c in card.attempts[0].why if c.channel == "short")
    assert detail is not None
    assert "1 to 5" in detail


async def test_what_no_channel_can_do_is_refused_with_what_is_allowed(bench: Bench):
    await add(bench, "short", facts={"seconds_range": Span(1, 5)})

    with pytest.raises(CallerError) as refused:
        await bench.create(seconds=90)

    assert refused.value.failure.param == "seconds"
    assert "takes" in refused.value.failure.message


async def test_of_several_that_cannot_the_one_with_the_fewest_changes_is_adapted_to(bench: Bench):
    await add(bench, "strict", facts={"seconds_range": Span(1, 5), "sizes": ("128x128",), "size_range": None})

    task = await bench.create(seconds=90, adapt=True)

    assert (task.request.seconds, task.channel_id) == (60, "chan_one")
    assert task.adapted is not None


async def test_a_refusal_without_effect_goes_on_to_the_next_channel_and_both_are_explained(bench: Bench):
    await add(bench, "two")
    bench.upstream.outcomes.append(Refused(failure=Failure(code=Code.QUOTA_EXHAUSTED, message="empty")))
    bench.upstream.sights["job-2"].append(finished())

    task = await bench.create()
    done = await bench.until(task.id)

    assert done.status is Status.COMPLETED
    first, second = await said(bench, task.id)
    assert sorted(first.values()) == ["behind", "chosen"]
    assert second == {name: "tried" if word == "chosen" else "chosen" for name, word in first.items()}
    card = await explain(bench.ctx, task.id)
    assert [a.state for a in card.attempts] == ["refused", "ended"]
    assert "quota_exhausted" in {c.detail for c in card.attempts[1].why}


async def test_a_doubtful_submission_goes_nowhere_else(bench: Bench):
    await add(bench, "two")
    bench.upstream.outcomes.append(Unclear(reason="the line broke"))

    task = await bench.create()
    await bench.at_once(task.id, Status.UNCONFIRMED)
    await bench.clock.advance(60)
    await bench.settle_down()

    attempts = await bench.attempts(task.id)
    assert [a.state for a in attempts] == [AttemptState.UNCLEAR]
    assert len(bench.upstream.submitted) == 1


async def test_a_channel_that_cannot_do_it_is_not_given_a_waiting_task_either(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path
):
    async with open_bench(tmp_path, upstream, clock) as bench:
        bench.renders.put("clip", clip)
        one = bench.ctx.channels.get("chan_one")
        assert one is not None
        narrow = msgspec.structs.replace(one, concurrency=1)
        await bench.ctx.backend.write(lambda conn: channel_rows.update_channel(conn, narrow, clock.now_ms()))
        await add(bench, "short", facts={"seconds_range": Span(1, 5)})
        first = await bench.create(seconds=10)
        second = await bench.create(seconds=10)
        await bench.at_once(first.id, Status.RUNNING)
        await bench.ctx.engine.even_out()
        await bench.settle_down()

        assert (await bench.task(second.id)).channel_id == "chan_one"
        assert (await bench.task(second.id)).status is Status.QUEUED
        assert not await route.rebind(bench.ctx, second.id, "chan_short")
        bench.upstream.sights["job-1"].append(finished())
        bench.upstream.sights["job-2"].append(finished("second"))
        bench.renders.put("second", clip)
        done = await bench.until(second.id)
        assert (done.status, done.channel_id) == (Status.COMPLETED, "chan_one")


async def test_priority_goes_before_price_and_price_before_weight(bench: Bench):
    await add(bench, "cheap", facts={"price_per_second": Micro(1)}, weight=1)
    await add(bench, "heavy", weight=50)

    by_price = await bench.create()
    await add(bench, "first", facts={"price_per_second": Micro(900_000)}, priority=5)
    by_priority = await bench.create()

    assert by_price.channel_id == "chan_cheap"
    assert by_price.quote == 4
    assert by_priority.channel_id == "chan_first"
    assert by_priority.quote == 3_600_000


async def test_equal_channels_share_the_work_as_their_weights_say(bench: Bench):
    for name, weight in (("a", 3), ("b", 1)):
        await add(bench, name, weight=weight, concurrency=100, priority=1)

    # Each is bound when it is made, so that nothing needs to run to see where they go.
    tasks = [await bench.create(prompt=f"kite {n}") for n in range(16)]

    assert Counter(task.channel_id for task in tasks) == {"chan_a": 12, "chan_b": 4}


async def test_a_channel_without_weight_is_a_last_resort(bench: Bench):
    await add(bench, "spare", weight=0, concurrency=100)

    tasks = [await bench.create(prompt=f"kite {n}") for n in range(5)]

    assert {task.channel_id for task in tasks} == {"chan_one"}


async def test_switched_off_channels_are_named_among_the_reasons(bench: Bench):
    await add(bench, "off", enabled=False)

    task = await bench.create(size=Size(64, 64))
    await bench.at_once(task.id, Status.RUNNING)

    assert await said(bench, task.id) == [{"one": "chosen", "off": "shut"}]


async def test_what_was_asked_is_kept_as_it_was_shown(bench: Bench):
    task = await bench.create(seconds=None)
    card = await explain(bench.ctx, task.id)

    assert card.effective is not None
    assert card.effective.defaults == ("seconds",)
    assert card.effective.seconds == task.request.seconds


async def test_an_upstreams_own_words_count_where_no_profile_file_knows_the_model(bench: Bench):
    await add(bench, "new", facts={"title": "Brand new"}, models={"fresh": "new-model"})
    await add(bench, "named", models={"known": "scripted-1"})
    usual = bench.upstream.profiles.exact("scripted-1")
    assert usual is not None
    other = msgspec.structs.replace(usual, title="Something else")
    now = bench.clock.now_ms()
    await bench.ctx.backend.write(lambda conn: channel_rows.learn(conn, "chan_named", other, now))
    await bench.ctx.channels.reload(bench.ctx.backend)

    assert route.resolve(bench.ctx, "fresh").profile.title == "Brand new"
    assert route.resolve(bench.ctx, "known").profile.title == "Scripted"
