"""Keys and channels that fail: tasks wait or go elsewhere, and everything recovers by itself. The clock stands still."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from reelgate.core.dialect import (
    Answer,
    CancelOutcome,
    Channel,
    Effect,
    Observation,
    Refused,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.health import State
from reelgate.core.lifecycle import Status
from reelgate.engine import operate, sweep
from reelgate.engine.context import Rules
from reelgate.engine.operate import Switch
from reelgate.store import channel_health as health_rows
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted, finished, running
from tests.engine.conftest import Bench, open_bench


class Keyed(Scripted):
    """An upstream that looks at the key it is sent."""

    def __init__(self) -> None:
        super().__init__()
        self.refused: dict[str, Failure] = {}
        """What each key, or the whole upstream under `*`, is refused with."""
        self.sent: list[str] = []
        self.polled: Counter[tuple[str, str]] = Counter()
        self.stopped: list[tuple[str, str]] = []
        self.steps = 2

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        self.sent.append(channel.secret)
        failure = self.refused.get(channel.secret) or self.refused.get("*")
        if failure is not None:
            self.submitted.append(submission)
            return Refused(failure=failure)
        outcome = yield from super().submit(submission, channel)
        ref = f"job-{len(self.submitted)}"
        self.sights[ref].extend([*[running()] * self.steps, finished(ref)])
        return outcome

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        self.polled[ref, channel.secret] += 1
        failure = self.refused.get(channel.secret)
        if failure is not None:
            return Observation(phase=None, trouble=failure)
        return (yield from super().poll(ref, channel))

    def poll_many(self, refs: Any, channel: Channel) -> Generator[Effect, Answer, dict[str, Observation]]:
        found: dict[str, Observation] = {}
        for ref in refs:
            found[ref] = yield from self.poll(ref, channel)
        return found

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        self.stopped.append((ref, channel.secret))
        return (yield from super().cancel(ref, channel))


def no(code: Code, after_s: float | None = None) -> Failure:
    return Failure(code=code, message="The upstream said no.", retry_after_s=after_s)


@asynccontextmanager
async def keyed_bench(
    folder: Path,
    upstream: Keyed,
    clock: FakeClock,
    clip: Path,
    *keys: str,
    second: bool = False,
    rules: Rules | None = None,
) -> AsyncIterator[Bench]:
    async with open_bench(folder, upstream, clock, second=second, rules=rules) as bench:
        for number in range(300):
            bench.renders.put(f"job-{number}", clip)
        for key in keys:
            await operate.add_key(bench.ctx, "chan_one", key, key)
        yield bench


async def states(bench: Bench) -> dict[str, State]:
    names = {key.id: key.name for key in await operate.keys_of(bench.ctx, "chan_one")}
    found = await bench.ctx.backend.point(health_rows.all_health)
    return {names.get(one.id, one.id): one.state for one in found if one.state is not State.WELL}


@pytest.fixture
def upstream() -> Keyed:
    return Keyed()


async def test_keys_take_turns_and_each_task_stays_with_its_own(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", "k2", "k3") as bench:
        tasks = [await bench.create() for _ in range(9)]
        for task in tasks:
            assert (await bench.until(task.id)).status is Status.COMPLETED

        assert Counter(upstream.sent) == {"k1": 3, "k2": 3, "k3": 3}
        polled_with = {ref: {k for r, k in upstream.polled if r == ref} for ref, _ in upstream.polled}
        assert all(len(keys) == 1 for keys in polled_with.values()), polled_with
        keys = {key.id: key.name for key in await operate.keys_of(bench.ctx, "chan_one")}
        for task in tasks:
            attempt = (await bench.attempts(task.id))[0]
            assert polled_with[attempt.ref or ""] == {keys[attempt.key_id or ""]}


async def test_a_cancel_uses_the_key_the_job_was_sent_with(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    from reelgate.engine import cancel
    from tests.engine.conftest import WHO

    upstream.steps = 1_000
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", "k2") as bench:
        tasks = [await bench.create() for _ in range(2)]
        for task in tasks:
            await bench.until(task.id, Status.RUNNING)
            await cancel.cancel(bench.ctx, WHO, task.id)
            await bench.until(task.id)

        sent = {(await bench.attempts(t.id))[0].ref: key for t, key in zip(tasks, upstream.sent, strict=True)}
        assert dict(upstream.stopped) == sent
        assert set(sent.values()) == {"k1", "k2"}


async def test_a_429_on_one_of_three_keys_rests_that_key_alone(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    """Shows 000-28."""

    upstream.refused["k1"] = no(Code.RATE_LIMITED, 40)
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", "k2", "k3") as bench:
        began = clock.now_ms()
        # What is sent before the refusal has come may take the key, too.
        tasks = [await bench.create() for _ in range(3)]
        for task in tasks:
            await bench.until(task.id, Status.RUNNING)
        tasks = [await bench.create() for _ in range(3)]
        for task in tasks:
            await bench.until(task.id, Status.RUNNING)

        assert clock.now_ms() - began < 5_000, "a task waited for the throttled key"
        assert upstream.sent.count("k1") == 1
        assert await states(bench) == {"k1": State.COOLING}
        assert bench.ctx.channels.usable("chan_one")

        del upstream.refused["k1"]
        await bench.clock.advance(41)
        later = [await bench.create() for _ in range(4)]
        for task in later:
            assert (await bench.until(task.id)).status is Status.COMPLETED
        assert upstream.sent.count("k1") in (2, 3), "a key that has cooled down has its turn again"


async def test_tasks_wait_while_all_keys_are_throttled_and_none_fails_for_it(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    upstream.refused = {"k1": no(Code.RATE_LIMITED, 600), "k2": no(Code.RATE_LIMITED, 300)}
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", "k2") as bench:
        tasks = [await bench.create() for _ in range(5)]
        for _ in range(29):
            await bench.clock.advance(10)
            await bench.settle_down(5)
        assert {(await bench.task(t.id)).status for t in tasks} == {Status.QUEUED}
        assert sorted(set(upstream.sent)) == ["k1", "k2"]
        sent = len(upstream.sent)

        upstream.refused.clear()
        for task in tasks:
            assert (await bench.until(task.id)).status is Status.COMPLETED
        assert "k2" in upstream.sent[sent:]
        assert len(upstream.bill) == 5


@pytest.mark.parametrize(
    "code", [Code.UNAUTHORIZED, Code.QUOTA_EXHAUSTED, Code.PERMISSION_OR_CHANNEL, Code.ACCOUNT_SUSPENDED]
)
async def test_a_refused_key_pauses_the_channel_its_tasks_wait_and_go_on_by_themselves(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path, code: Code
) -> None:
    upstream.refused["k1"] = no(code)
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1") as bench:
        tasks = [await bench.create() for _ in range(4)]
        for _ in range(5):
            await bench.clock.advance(10)
            await bench.settle_down(10)
        assert {(await bench.task(t.id)).status for t in tasks} == {Status.QUEUED}
        assert await states(bench) == {"k1": State.PAUSED}
        assert len(upstream.sent) <= 4, "nothing is sent with a refused key"

        before = len(upstream.sent)
        while len(upstream.sent) == before:
            await bench.clock.advance(1)
            await bench.settle_down(5)
        await bench.settle_down(100)
        assert len(upstream.sent) == before + 1, "one task alone finds out"
        del upstream.refused["k1"]
        for task in tasks:
            assert (await bench.until(task.id)).status is Status.COMPLETED

        assert await states(bench) == {}
        assert len(upstream.bill) == 4
        assert await bench.violations() == []


async def test_one_refused_key_of_two_leaves_the_channel_open(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    upstream.refused["k1"] = no(Code.QUOTA_EXHAUSTED)
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", "k2") as bench:
        tasks = [await bench.create() for _ in range(4)]
        for task in tasks:
            assert (await bench.until(task.id)).status is Status.COMPLETED

        assert await states(bench) == {"k1": State.PAUSED}
        assert bench.ctx.channels.usable("chan_one")


async def test_another_channel_of_the_model_takes_over(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    upstream.refused["k1"] = no(Code.UNAUTHORIZED)
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", second=True) as bench:
        tasks = [await bench.create() for _ in range(4)]
        for task in tasks:
            assert (await bench.until(task.id)).status is Status.COMPLETED

        last = [(await bench.attempts(t.id))[-1].channel_id for t in tasks]
        assert set(last) == {"chan_two"}
        assert upstream.sent.count("k1") <= 2


async def test_a_key_revoked_while_jobs_run_takes_nothing_new_and_loses_no_job(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", "k2") as bench:
        first, second = [await bench.create() for _ in range(2)]
        await bench.until(first.id, Status.RUNNING)
        await bench.until(second.id, Status.RUNNING)
        upstream.refused["k1"] = no(Code.UNAUTHORIZED)
        for _ in range(6):
            await bench.clock.advance(10)
            await bench.settle_down(10)
        assert await states(bench) == {"k1": State.PAUSED}
        more = [await bench.create() for _ in range(3)]
        for task in more:
            assert (await bench.until(task.id)).status is Status.COMPLETED
        assert upstream.sent[2:] == ["k2"] * 3
        assert (await bench.task(first.id)).status is Status.RUNNING

        key = next(k for k in await operate.keys_of(bench.ctx, "chan_one") if k.name == "k1")
        del upstream.refused["k1"]
        await operate.change_key(bench.ctx, key, enabled=True)
        assert (await bench.until(first.id)).status is Status.COMPLETED
        assert await states(bench) == {}
        assert len(upstream.bill) == 5


async def test_an_outage_of_a_day_costs_few_calls_and_no_task_that_waited(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    upstream.refused["*"] = no(Code.OVERLOADED)
    async with keyed_bench(tmp_path, upstream, clock, clip) as bench:
        tasks = [await bench.create() for _ in range(20)]
        for _ in range(24 * 20):
            await bench.clock.advance(180)
            await bench.settle_down(1)
        assert bench.ctx.channels.health("chan_one", "chan_one").state is State.OUT
        calls = len(upstream.sent)
        assert calls <= 20 + 24 * 6 + 10, calls

        upstream.refused.clear()
        for task in tasks:
            assert (await bench.until(task.id)).status is Status.COMPLETED

        assert len(upstream.bill) == 20
        assert bench.ctx.channels.health("chan_one", "chan_one").state is State.WELL
        assert await bench.violations() == []


async def test_a_task_that_breaks_its_upstream_does_not_keep_others_from_it(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    class Poisoned(Keyed):
        def submit(
            self, submission: Submission, channel: Channel
        ) -> Generator[Effect, Answer, SubmitOutcome]:
            if submission.request.prompt == "poison":
                self.sent.append("poison")
                return Refused(failure=no(Code.UPSTREAM_INTERNAL))
            return (yield from super().submit(submission, channel))

    poisoned = Poisoned()
    poisoned.refused["*"] = no(Code.OVERLOADED)
    async with keyed_bench(tmp_path, poisoned, clock, clip) as bench:
        bad = await bench.create("poison")
        good = [await bench.create() for _ in range(5)]
        await bench.settle_down(50)
        assert bench.ctx.channels.health("chan_one", "chan_one").state is State.OUT
        poisoned.refused.clear()

        for task in good:
            assert (await bench.until(task.id)).status is Status.COMPLETED
        ended = await bench.until(bad.id)

        assert ended.status is Status.FAILED
        assert poisoned.sent.count("poison") <= bench.ctx.rules.submit_attempts + 2
        assert bench.ctx.channels.usable("chan_one")


async def test_whoever_waits_too_long_for_an_upstream_is_told_why(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    upstream.refused["*"] = no(Code.OVERLOADED)
    rules = Rules(default_model="demo", outage_wait_s=3_600)
    async with keyed_bench(tmp_path, upstream, clock, clip, rules=rules) as bench:
        task = await bench.create()
        ended = await bench.until(task.id, limit_s=6_000)

        assert ended.status is Status.FAILED
        assert ended.error is not None
        assert ended.error.code is Code.OVERLOADED
        assert clock.now_ms() - task.created_at >= 3_600_000
        assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}


async def test_a_task_that_is_never_sent_ends_after_a_week_says_why_and_gives_its_money_back(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    """G3: each task ends, whatever its upstream does; waiting is nobody's failure before that."""
    upstream.refused["k1"] = no(Code.UNAUTHORIZED)
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1") as bench:
        task = await bench.create()
        late = await bench.create(start_after=clock.now_ms() + 86_400_000)
        async with asyncio.timeout(60):
            while "k1" not in upstream.sent:
                await bench.settle_down()

        clock.jump_wall(7 * 86_400 - 60)
        early = await sweep.give_up_waiting(bench.ctx)
        clock.jump_wall(120)
        ended = await sweep.give_up_waiting(bench.ctx)

        assert (early, ended) == (0, 1)
        given_up = await bench.task(task.id)
        assert given_up.status is Status.FAILED
        assert given_up.error is not None
        assert given_up.error.code is Code.UNAUTHORIZED
        assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}
        assert (await bench.task(late.id)).status is Status.QUEUED
        assert upstream.bill == []
        assert await bench.violations() == []


async def test_how_things_stand_outlives_a_restart(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    upstream.refused["k1"] = no(Code.QUOTA_EXHAUSTED)
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1") as bench:
        task = await bench.create()
        await bench.settle_down(50)
    sent = len(upstream.sent)

    async with keyed_bench(tmp_path, upstream, clock, clip) as bench:
        assert not bench.ctx.channels.usable("chan_one")
        await bench.ctx.channels.reload(bench.ctx.backend)
        assert await states(bench) == {"k1": State.PAUSED}
        assert len(upstream.sent) == sent
        assert (await bench.task(task.id)).status is Status.QUEUED


async def test_a_drained_channel_takes_nothing_new_and_finishes_what_it_has(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", second=True) as bench:
        first = await bench.create()
        await bench.until(first.id, Status.RUNNING)
        used = (await bench.task(first.id)).channel_id
        channel = bench.ctx.channels.get(used or "")
        assert channel is not None
        await operate.switch(bench.ctx, channel, Switch.DRAINING)

        more = [await bench.create() for _ in range(3)]
        for task in (first, *more):
            assert (await bench.until(task.id)).status is Status.COMPLETED

        assert {(await bench.attempts(t.id))[0].channel_id for t in more} == {"chan_one", "chan_two"} - {used}


async def test_a_disabled_channel_is_not_called_at_all_until_it_is_enabled(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    upstream.steps = 1
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1") as bench:
        task = await bench.create()
        await bench.until(task.id, Status.RUNNING)
        channel = bench.ctx.channels.get("chan_one")
        assert channel is not None
        await operate.switch(bench.ctx, channel, Switch.DISABLED)
        await bench.settle_down(20)
        polls = sum(upstream.polled.values())
        for _ in range(30):
            await bench.clock.advance(10)
            await bench.settle_down(3)
        assert sum(upstream.polled.values()) == polls
        assert (await bench.task(task.id)).status is Status.RUNNING

        await operate.switch(bench.ctx, channel, Switch.ENABLED)
        assert (await bench.until(task.id)).status is Status.COMPLETED


async def test_a_key_that_jobs_were_sent_with_is_not_taken_away_unasked(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", "k2") as bench:
        task = await bench.create()
        await bench.until(task.id, Status.RUNNING)
        key = next(k for k in await operate.keys_of(bench.ctx, "chan_one") if k.name == "k1")

        assert await operate.remove_key(bench.ctx, key) == 1
        assert len(await operate.keys_of(bench.ctx, "chan_one")) == 2
        assert (await bench.until(task.id)).status is Status.COMPLETED
        assert await operate.remove_key(bench.ctx, key) == 0
        assert [k.name for k in await operate.keys_of(bench.ctx, "chan_one")] == ["k2"]


async def test_without_the_master_key_channels_that_need_one_wait_and_nothing_is_sent_in_the_clear(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    async with keyed_bench(tmp_path, upstream, clock, clip, "k1", second=True) as bench:
        await bench.settle_down(1)
    (tmp_path / "master-key").rename(tmp_path / "kept")

    async with keyed_bench(tmp_path, upstream, clock, clip) as bench:
        table = bench.ctx.channels
        assert not table.usable("chan_one")
        assert table.usable("chan_two"), "a channel that needs no key goes on"
        assert len(table.keyring("chan_one").sealed) == 1
        task = await bench.create()
        assert (await bench.until(task.id)).status is Status.COMPLETED
        assert upstream.sent == [""]
        assert (await bench.attempts(task.id))[0].channel_id == "chan_two"

        (tmp_path / "kept").rename(tmp_path / "master-key")
        await table.reload(bench.ctx.backend)
        assert table.usable("chan_one")
        assert table.pick("chan_one") is not None


async def test_an_operators_price_is_quoted_where_it_differs_from_the_profile(
    tmp_path: Path, upstream: Keyed, clock: FakeClock, clip: Path
) -> None:
    import msgspec

    from reelgate.core.dialect import Price
    from reelgate.core.money import Micro

    async with keyed_bench(tmp_path, upstream, clock, clip) as bench:
        usual = await bench.create()
        channel = bench.ctx.channels.get("chan_one")
        assert channel is not None
        own = {"demo": Price(per_second=Micro(30_000), per_clip=Micro(5_000))}
        where = "https://upstream.example"
        await operate.change(bench.ctx, msgspec.structs.replace(channel, prices=own, base_url=where))

        dear = await bench.create()

        assert (usual.quote, dear.quote) == (400_000, 4 * 30_000 + 5_000)
        assert await bench.ledger(dear.id) == {"hold": 125_000}
