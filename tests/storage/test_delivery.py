"""Clips out of a bucket over HTTP: the same answers as from a disk, and a redirect where the operator wants one."""

from __future__ import annotations

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import msgspec
import pytest
from starlette.requests import HTTPConnection

from reelgate.api import build_app, links
from reelgate.api.studio import POLICY
from reelgate.engine.context import Context, Limits
from reelgate.media.blobs import BlobStore, open_place
from reelgate.store.migrate import upgrade
from reelgate.testing.s3 import S3Server
from tests.api.browser import Browser, first_admin
from tests.api.harness import PEPPER, Bench, open_bench
from tests.storage.conftest import HURRIED, WHO
from tests.storage.proxy import proxy_to
from tests.storage.test_objects import fetched

CLIP = bytes(range(256)) * 4_000
SCOPE = {"type": "http", "scheme": "http", "headers": [(b"host", b"reel.example")]}


@asynccontextmanager
async def bench_on(
    folder: Path, address: str, delivery: Literal["proxy", "redirect"] = "proxy"
) -> AsyncIterator[Bench]:
    """An application whose files are in a bucket."""
    empty = folder / "empty.db"
    await asyncio.to_thread(upgrade, f"sqlite:///{empty}")
    async with open_bench(folder, empty, Limits()) as bench:
        rules = msgspec.structs.replace(bench.ctx.rules, delivery=delivery, delivery_link_s=60)
        blobs = BlobStore(folder, open_place(address, folder, WHO))
        yield over(bench, dataclasses.replace(bench.ctx, blobs=blobs, rules=rules))


def over(bench: Bench, ctx: Context) -> Bench:
    """Give an application on another composition."""
    return dataclasses.replace(bench, app=build_app(ctx, PEPPER), ctx=ctx)


@pytest.fixture
async def bench(tmp_path: Path, bucket: str) -> AsyncIterator[Bench]:
    async with bench_on(tmp_path, bucket) as made:
        yield made


async def content(bench: Bench) -> str:
    video_id = await bench.made()
    await bench.complete(video_id, CLIP)
    return f"/v1/videos/{video_id}/content"


async def test_a_clip_comes_whole_in_part_and_not_again(bench: Bench) -> None:
    path = await content(bench)

    whole = await bench.ask("GET", path)
    head = await bench.ask("HEAD", path)
    part = await bench.ask("GET", path, headers={"range": "bytes=1000-500000"})
    outside = await bench.ask("GET", path, headers={"range": "bytes=9999999-"})
    known = await bench.ask("GET", path, headers={"if-none-match": whole.headers["etag"]})

    assert (whole.status, whole.body) == (200, CLIP)
    assert whole.headers["etag"] == f'"{hashlib.sha256(CLIP).hexdigest()}"'
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(CLIP)))
    assert (part.status, part.body) == (206, CLIP[1000:500_001])
    assert part.headers["content-range"] == f"bytes 1000-500000/{len(CLIP)}"
    assert (outside.status, outside.headers["content-range"]) == (416, f"bytes */{len(CLIP)}")
    assert (known.status, known.body) == (304, b"")


async def test_bytes_that_are_gone_from_the_bucket_are_an_envelope(bench: Bench) -> None:
    path = await content(bench)
    await bench.ctx.blobs.delete(hashlib.sha256(CLIP).hexdigest())

    for method in ("GET", "HEAD"):
        assert (await bench.ask(method, path)).status == 404


async def test_while_the_store_is_away_every_answer_is_a_503_that_says_when_to_come_back(
    s3: S3Server, tmp_path: Path
) -> None:
    with proxy_to(s3.endpoint) as proxy:
        address = f"s3://{s3.bucket()}?endpoint={proxy.endpoint}"
        async with bench_on(tmp_path, address, "redirect") as bench:
            path = await content(bench)
            impatient = BlobStore(tmp_path, open_place(address, tmp_path, WHO, HURRIED))
            hurried = over(bench, dataclasses.replace(bench.ctx, blobs=impatient))
            proxy.silent = True
            for method, headers in (("GET", {"api-key": bench.key}), ("HEAD", {}), ("GET", {})):
                got = await hurried.ask(method, path, headers=headers)
                assert got.status == 503
                assert int(got.headers["retry-after"]) >= 1
            proxy.silent = False

            assert (await bench.ask("HEAD", path)).status == 200


async def test_a_redirect_leads_to_the_bytes_with_their_type_and_name(bucket: str, tmp_path: Path) -> None:
    async with bench_on(tmp_path, bucket, "redirect") as bench:
        path = await content(bench)

        got = await bench.ask("GET", f"{path}?download=1")

        assert (got.status, got.body) == (302, b"")
        assert got.headers["cache-control"] == "no-store"
        assert bench.key not in got.headers["location"]
        status, headers, body = await asyncio.to_thread(fetched, got.headers["location"])
        assert (status, body) == (200, CLIP)
        assert headers["content-type"] == "video/mp4"
        assert headers["content-disposition"].startswith("attachment; filename=")
        assert headers["content-disposition"].endswith('.mp4"')


async def test_only_a_get_with_a_key_that_stays_at_home_is_redirected(bucket: str, tmp_path: Path) -> None:
    async with bench_on(tmp_path, bucket, "redirect") as bench:
        path = await content(bench)
        etag = f'"{hashlib.sha256(CLIP).hexdigest()}"'

        head = await bench.ask("HEAD", path)
        known = await bench.ask("GET", path, headers={"if-none-match": etag})
        # Clients send `api-key` along to wherever they are led.
        other = await bench.ask("GET", path, headers={"api-key": bench.key, "authorization": ""})

        assert [head.status, known.status, other.status] == [200, 304, 200]
        assert other.body == CLIP


async def test_the_studio_plays_what_this_host_serves_whatever_the_mode(bucket: str, tmp_path: Path) -> None:
    """Its policy lets pages play clips of this host alone, and a still is only taken from such a clip."""
    async with bench_on(tmp_path, bucket, "redirect") as bench:
        path = await content(bench)
        await first_admin(bench)
        page = Browser(bench)
        await page.sign_in("root")
        link = links.clip_address(
            bench.ctx, bench.app.state.door.links, HTTPConnection({**SCOPE}), path.split("/")[3]
        )

        by_cookie = await page.ask("GET", path, sec_fetch_dest="video", range="bytes=0-9")
        by_link = await bench.ask("GET", link.removeprefix("http://reel.example"), key=None)

    assert (by_cookie.status, by_cookie.body) == (206, CLIP[:10])
    assert (by_link.status, by_link.body) == (200, CLIP)
    assert "media-src 'self' blob:" in POLICY


async def test_a_disk_has_nothing_to_redirect_to(tmp_path: Path) -> None:
    async with bench_on(tmp_path, "disk", "redirect") as bench:
        got = await bench.ask("GET", await content(bench))

        assert (got.status, got.body) == (200, CLIP)
