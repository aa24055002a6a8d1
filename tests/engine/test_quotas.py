"""What is left of accounts at upstreams is asked now and then, shown, and told before it is used up (001-41)."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reelgate.core.dialect import Answer, Channel, Effect, Quota
from reelgate.core.events import Alert
from reelgate.core.money import Micro
from reelgate.engine import operate, quotas, standing, webhooks
from reelgate.engine.standing import ChannelCard
from reelgate.net.client import Client
from reelgate.store import channels as channel_rows
from reelgate.store import webhooks as webhook_rows
from reelgate.store.tables import Audience
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted
from tests.engine.conftest import WHO, Bench, open_bench
from tests.net.loopback import open_guard


class Metered(Scripted):
    """An upstream that says what is left, by the key it is asked with."""

    def __init__(self) -> None:
        super().__init__()
        self.left: dict[str, deque[Quota | Exception | None]] = {}
        self.asked: list[str] = []

    def quota(self, channel: Channel) -> Generator[Effect, Answer, Quota | None]:
        self.asked.append(channel.secret)
        said = self.left[channel.secret]
        found = said.popleft() if len(said) > 1 else said[0]
        if isinstance(found, Exception):
            raise found
        return found
        yield


def dollars(amount: float | None) -> Quota:
    return Quota(left=None if amount is None else Micro(int(amount * 1_000_000)), unit="USD")


@pytest.fixture
def upstream() -> Metered:
    return Metered()


@pytest.fixture
async def bench(tmp_path: Path, upstream: Metered, clock: FakeClock) -> AsyncIterator[Bench]:
    guard = open_guard()
    async with open_bench(tmp_path, upstream, clock, client=Client(guard), guard=guard) as opened:
        yield opened


async def pager(bench: Bench) -> str:
    made = await webhooks.create(
        bench.ctx,
        WHO,
        name="pager",
        url="http://127.0.0.1:9/",
        event_types=(Alert.QUOTA_LOW,),
        audience=Audience.INSTALLATION,
    )
    return made.endpoint.id


async def told(bench: Bench, endpoint_id: str) -> list[dict[str, Any]]:
    rows = await bench.ctx.backend.read(lambda conn: webhook_rows.deliveries_of(conn, endpoint_id))
    return [json.loads(row.body)["data"] for row in rows]


async def the_channel(bench: Bench) -> Channel:
    (channel,) = await bench.ctx.backend.read(channel_rows.all_channels)
    return channel


async def card(bench: Bench) -> ChannelCard:
    return await standing.card(bench.ctx, await the_channel(bench))


async def later(bench: Bench, minutes: int = 15) -> int:
    await bench.clock.advance(minutes * 60)
    return await quotas.check(bench.ctx)


async def test_operators_are_told_once_before_an_account_is_used_up(bench: Bench, upstream: Metered) -> None:
    upstream.left[""] = deque(map(dollars, (12, 9.5, 9, 50, 1)))
    listening = await pager(bench)

    assert await quotas.check(bench.ctx) == 1
    assert await told(bench, listening) == []
    assert await later(bench, minutes=14) == 0
    assert await later(bench, minutes=1) == 1
    assert await told(bench, listening) == [{"channel": "one", "key": None, "left": "9.50", "unit": "USD"}]
    await later(bench)
    assert len(await told(bench, listening)) == 1
    await later(bench)
    await later(bench)

    assert [one["left"] for one in await told(bench, listening)] == ["1.00", "9.50"]


async def test_what_is_left_stands_with_the_channel(bench: Bench, upstream: Metered) -> None:
    upstream.left[""] = deque([dollars(3), None, RuntimeError("strange"), dollars(None)])
    assert (await card(bench)).quota is None

    await quotas.check(bench.ctx)
    first = (await card(bench)).quota
    await later(bench)
    await later(bench)
    silent = (await card(bench)).quota
    await later(bench)
    endless = (await card(bench)).quota

    assert first is not None
    assert (first.left, first.unit, first.low) == ("3.00", "USD", True)
    assert silent == first
    assert endless is not None
    assert (endless.left, endless.low) == (None, False)


async def test_each_key_has_an_account_of_its_own_and_a_new_secret_is_another(
    bench: Bench, upstream: Metered
) -> None:
    upstream.left = {"a": deque([dollars(100)]), "b": deque([dollars(2)]), "c": deque([dollars(50)])}
    channel_id = (await the_channel(bench)).id
    await operate.add_key(bench.ctx, channel_id, "first", "a")
    second = await operate.add_key(bench.ctx, channel_id, "second", "b")

    assert await quotas.check(bench.ctx) == 2
    shown = await card(bench)
    assert {key.name: key.quota.left for key in shown.keys if key.quota} == {
        "first": "100.00",
        "second": "2.00",
    }
    assert shown.quota is not None
    assert shown.quota.left == "2.00"

    await operate.change_key(bench.ctx, second, secret="c")
    assert await quotas.check(bench.ctx) == 1
    assert upstream.asked[-1] == "c"


async def test_what_counts_as_low_and_how_often_is_asked_are_settings(
    bench: Bench, upstream: Metered
) -> None:
    upstream.left[""] = deque([dollars(40)])
    listening = await pager(bench)
    bench.ctx.rules = msgspec.structs.replace(bench.ctx.rules, upstream_quota_every_s=0)
    assert await quotas.check(bench.ctx) == 0

    bench.ctx.rules = msgspec.structs.replace(bench.ctx.rules, upstream_quota_every_s=60)
    assert await quotas.check(bench.ctx) == 1
    assert await told(bench, listening) == []
    picky = msgspec.structs.replace(await the_channel(bench), settings={"quota_low": 40.5})
    now = bench.clock.now_ms()
    await bench.ctx.backend.write(lambda conn: channel_rows.update_channel(conn, picky, now))
    await bench.ctx.channels.reload(bench.ctx.backend)
    await later(bench, minutes=1)

    assert [one["left"] for one in await told(bench, listening)] == ["40.00"]


async def test_nobody_is_asked_on_a_channel_that_is_switched_off_or_whose_upstream_does_not_say(
    bench: Bench, upstream: Metered, tmp_path: Path, clock: FakeClock
) -> None:
    upstream.left[""] = deque([dollars(3)])
    await operate.switch(bench.ctx, await the_channel(bench), operate.Switch.DISABLED)
    assert await quotas.check(bench.ctx) == 0

    (tmp_path / "plain").mkdir()
    async with open_bench(tmp_path / "plain", Scripted(), clock) as plain:
        assert await quotas.check(plain.ctx) == 0
