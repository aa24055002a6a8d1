"""Bringing clips home: through links that die, files that are cut, and addresses that move; paid for once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from reelgate.core.dialect import Call, Channel, Observation, Output, Phase
from reelgate.core.errors import Code
from reelgate.core.lifecycle import Status
from reelgate.core.task import Size, Task, Variant
from reelgate.engine import create
from reelgate.engine.context import Draft
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.store import assets as asset_rows
from reelgate.store import channels as channel_rows
from reelgate.testing.clock import FakeClock
from reelgate.testing.scripted import Scripted
from reelgate.testing.upstream.clip import clip as tiny_clip
from reelgate.testing.upstream.content import content
from tests.engine.conftest import WHO, Bench, open_bench

PAID = {"hold": 400_000, "capture": 400_000}
HELD = {"hold": 400_000}


class Shelf:
    """A place with clips: `/FAULT/NAME.mp4` serves one as spoilt as its first part says; counts what was asked of it."""

    def __init__(self) -> None:
        self.asked: list[web.Request] = []
        self.gone: set[str] = set()
        self.address = ""
        self.moved_to = ""
        self.clip = tiny_clip()
        self.fetches = 0
        self.faults: Mapping[str, str] = {}

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(request)
        fault = request.match_info["fault"]
        if request.path in self.gone:
            return web.Response(status=int(fault))
        if fault == "moved":
            return web.Response(status=302, headers={"Location": self.moved_to})
        self.fetches += 1
        self.faults = {} if fault == "whole" or fault.isdigit() else {fault: ""}
        return await content(request, self, self.clip)

    def link(self, fault: str = "whole", name: str = "clip") -> str:
        return f"{self.address}/{fault}/{name}.mp4"


@asynccontextmanager
async def shelf() -> AsyncIterator[Shelf]:
    """Open a shelf on a free port."""
    made, app = Shelf(), web.Application()
    app.router.add_get("/{fault}/{name}", made._answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        made.address = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield made
    finally:
        await runner.cleanup()


@pytest.fixture
async def away() -> AsyncIterator[Shelf]:
    async with shelf() as made:
        yield made


@pytest.fixture
async def bench(tmp_path: Path, upstream: Scripted, clock: FakeClock) -> AsyncIterator[Bench]:
    client = Client(Guard(allow=("127.0.0.0/8",)))
    async with open_bench(tmp_path, upstream, clock, client=client) as opened:
        yield opened


def done(*outputs: Output) -> Observation:
    return Observation(phase=Phase.COMPLETED, outputs=outputs, word="done")


def at(*urls: str) -> Observation:
    return done(*(Output(url=url) for url in urls))


async def kept(bench: Bench, task: Task) -> bytes | None:
    asset = await bench.ctx.backend.point(lambda conn: asset_rows.get(conn, task.id, Variant.VIDEO))
    if asset is None:
        return None
    async with bench.ctx.blobs.local(asset.sha256) as path:
        return path.read_bytes()


@pytest.mark.parametrize("status", ["401", "403", "404", "410"])
async def test_a_link_that_has_died_is_asked_for_anew_and_nothing_is_sent_again(
    bench: Bench, away: Shelf, status: str
) -> None:
    away.gone.add(f"/{status}/old.mp4")
    bench.upstream.sights["job-1"].extend([at(away.link(status, "old")), at(away.link(status, "new"))])

    task = await bench.create()
    ended = await bench.until(task.id)

    assert ended.status is Status.COMPLETED
    assert [request.path for request in away.asked] == [f"/{status}/old.mp4", f"/{status}/new.mp4"]
    assert bench.upstream.bill == ["job-1"]
    assert await bench.ledger(task.id) == PAID
    assert await kept(bench, task) == away.clip


async def test_a_second_link_in_the_same_answer_is_taken_where_the_first_is_dead(
    bench: Bench, away: Shelf
) -> None:
    away.gone.add("/410/first.mp4")
    bench.upstream.sights["job-1"].append(at(away.link("410", "first"), away.link("whole", "second")))

    task = await bench.create()
    ended = await bench.at_once(task.id, Status.COMPLETED)

    assert ended.status is Status.COMPLETED
    assert bench.upstream.polls == 1


@pytest.mark.parametrize("fault", ["truncated", "range_ignored", "content_error", "changed_etag"])
async def test_a_clip_that_comes_in_pieces_comes_whole_in_the_end(
    bench: Bench, away: Shelf, fault: str
) -> None:
    bench.upstream.sights["job-1"].append(at(away.link(fault)))

    task = await bench.create()
    ended = await bench.until(task.id)

    assert ended.status is Status.COMPLETED
    assert await kept(bench, task) == away.clip
    assert bench.upstream.bill == ["job-1"]
    assert await bench.ledger(task.id) == PAID


async def test_a_cut_clip_goes_on_where_it_stopped_without_asking_the_upstream_again(
    bench: Bench, away: Shelf
) -> None:
    bench.upstream.sights["job-1"].append(at(away.link("truncated")))

    await bench.at_once((await bench.create()).id, Status.COMPLETED)

    assert [request.headers.get("Range") for request in away.asked] == [None, f"bytes={len(away.clip) // 2}-"]
    assert bench.upstream.polls == 1


@pytest.mark.parametrize("fault", ["always_truncated", "shorter_file", "html_content", "redirect_private"])
async def test_a_clip_that_never_comes_whole_is_never_shown_as_one_and_its_money_stays_held(
    bench: Bench, away: Shelf, fault: str
) -> None:
    bench.upstream.sights["job-1"].append(at(away.link(fault)))

    task = await bench.create()
    ended = await bench.until(task.id)

    assert (ended.status, ended.disputed) == (Status.FAILED, True)
    assert bench.upstream.bill == ["job-1"]
    assert await bench.ledger(task.id) == HELD
    assert await kept(bench, task) is None
    assert await bench.violations() == []


async def test_bytes_beyond_the_length_told_are_not_taken_for_part_of_the_clip(
    bench: Bench, away: Shelf
) -> None:
    bench.upstream.sights["job-1"].append(at(away.link("longer")))

    task = await bench.create()
    await bench.until(task.id)

    assert await kept(bench, task) in (away.clip, None)


async def test_a_key_does_not_follow_its_clip_to_another_host(bench: Bench, away: Shelf) -> None:
    async with shelf() as home:
        home.moved_to = away.link()
        channel = Channel(
            id="chan_home",
            name="home",
            dialect="scripted",
            base_url=home.address,
            models={"home": "scripted-1"},
        )
        await bench.ctx.backend.write(lambda conn: channel_rows.insert(conn, channel, bench.clock.now_ms()))
        await bench.ctx.channels.reload(bench.ctx.backend)
        secrets = {"Authorization": "Bearer canary", "X-Api-Key": "canary", "Cookie": "canary=1"}
        call = Call(method="GET", path="/moved/clip.mp4", headers=secrets)
        bench.upstream.sights["job-1"].append(done(Output(call=call)))

        draft = Draft(model="home", prompt="a red kite over a bay", seconds=4, size=Size(64, 64))
        task = (await create.create(bench.ctx, WHO, draft)).task
        ended = await bench.until(task.id)

        assert ended.status is Status.COMPLETED
        assert "canary" in str(home.asked[0].headers)
        assert "canary" not in str(away.asked[0].headers)
        assert await kept(bench, task) == away.clip


async def test_a_cut_download_is_gone_on_with_after_a_restart_from_nothing_but_the_rows(
    tmp_path: Path, upstream: Scripted, clock: FakeClock, away: Shelf
) -> None:
    allow = Guard(allow=("127.0.0.0/8",))
    upstream.sights["job-1"].append(at(away.link("always_truncated")))
    async with open_bench(tmp_path, upstream, clock, client=Client(allow)) as first:
        task = await first.create()
        await first.until(task.id, Status.ARCHIVING)
    upstream.sights["job-1"].clear()
    upstream.sights["job-1"].append(at(away.link("whole")))

    async with open_bench(tmp_path, upstream, clock, client=Client(allow)) as second:
        second.ctx.engine.enqueue(task.id, task.channel_id or "", holds_slot=True)()
        ended = await second.until(task.id)

        assert ended.status is Status.COMPLETED
        assert await kept(second, task) == away.clip
        assert upstream.bill == ["job-1"]
        assert await second.ledger(task.id) == PAID


async def test_a_file_that_is_gone_says_so_in_its_failure(bench: Bench, away: Shelf) -> None:
    away.gone.add("/403/clip.mp4")
    bench.upstream.sights["job-1"].append(at(away.link("403")))

    ended = await bench.until((await bench.create()).id)

    assert ended.error is not None
    assert ended.error.code is Code.ASSET_EXPIRED
    assert away.address not in ended.error.message
