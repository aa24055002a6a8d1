from __future__ import annotations

import asyncio

import pytest

from reelgate.api.files import disposition
from reelgate.core.lifecycle import Status
from tests.api.harness import Bench

CLIP = bytes(range(256)) * 4_000


@pytest.fixture
async def video_id(bench: Bench) -> str:
    made = await bench.made()
    await bench.complete(made, CLIP)
    return made


async def test_a_clip_comes_whole_with_its_validators(bench: Bench, video_id: str):
    got = await bench.ask("GET", f"/v1/videos/{video_id}/content", headers={"accept": "application/binary"})

    assert (got.status, got.body) == (200, CLIP)
    assert got.headers["content-type"] == "video/mp4"
    assert got.headers["content-length"] == str(len(CLIP))
    assert got.headers["accept-ranges"] == "bytes"
    assert got.headers["etag"].strip('"')
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-disposition"] == f'inline; filename="{video_id}.mp4"'


async def test_head_gives_the_same_headers_and_no_bytes(bench: Bench, video_id: str):
    got = await bench.ask("GET", f"/v1/videos/{video_id}/content")
    head = await bench.ask("HEAD", f"/v1/videos/{video_id}/content")

    moving = {"x-request-id", "openai-processing-ms"}
    assert head.body == b""
    assert {k: v for k, v in head.headers.items() if k not in moving} == {
        k: v for k, v in got.headers.items() if k not in moving
    }


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=1000-500000", 1000, 500_001),
        ("bytes=-7", len(CLIP) - 7, len(CLIP)),
        ("bytes=1023999-", 1_023_999, 1_024_000),
    ],
)
async def test_one_range_is_served(bench: Bench, video_id: str, asked: str, start: int, end: int):
    got = await bench.ask("GET", f"/v1/videos/{video_id}/content", headers={"range": asked})

    assert (got.status, got.body) == (206, CLIP[start:end])
    assert got.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CLIP)}"
    assert got.headers["content-length"] == str(end - start)


async def test_a_range_outside_is_an_envelope_with_the_size(bench: Bench, video_id: str):
    got = await bench.ask("GET", f"/v1/videos/{video_id}/content", headers={"range": "bytes=9999999-"})

    assert (got.status, got.error["param"]) == (416, "Range")
    assert got.headers["content-range"] == f"bytes */{len(CLIP)}"


async def test_a_range_of_another_version_gives_the_whole(bench: Bench, video_id: str):
    path = f"/v1/videos/{video_id}/content"
    etag = (await bench.ask("HEAD", path)).headers["etag"]

    same = await bench.ask("GET", path, headers={"range": "bytes=0-3", "if-range": etag})
    other = await bench.ask("GET", path, headers={"range": "bytes=0-3", "if-range": '"other"'})

    assert (same.status, other.status) == (206, 200)


async def test_what_a_client_has_is_not_sent_again(bench: Bench, video_id: str):
    path = f"/v1/videos/{video_id}/content"
    etag = (await bench.ask("HEAD", path)).headers["etag"]

    for tag in (etag, f'"x", W/{etag}', "*"):
        got = await bench.ask("GET", path, headers={"if-none-match": tag})
        assert (got.status, got.body) == (304, b"")


@pytest.mark.parametrize(
    ("variant", "kind", "data"),
    [("thumbnail", "image/webp", b"thumb"), ("spritesheet", "image/jpeg", b"sheet")],
)
async def test_every_variant_is_served(bench: Bench, video_id: str, variant: str, kind: str, data: bytes):
    got = await bench.ask("GET", f"/v1/videos/{video_id}/content?variant={variant}")

    assert (got.body, got.headers["content-type"]) == (data, kind)


async def test_an_unknown_variant_is_refused_by_name(bench: Bench, video_id: str):
    got = await bench.ask("GET", f"/v1/videos/{video_id}/content?variant=poster")

    assert (got.status, got.error["param"]) == (400, "variant")


async def test_content_that_is_not_ready_is_a_conflict_no_sdk_repeats(bench: Bench):
    got = await bench.ask("GET", f"/v1/videos/{await bench.made()}/content")

    assert (got.status, got.error["code"]) == (409, "not_ready")
    assert got.headers["x-should-retry"] == "false"


async def test_a_failed_video_has_no_content(bench: Bench):
    made = await bench.made()
    await bench.fail(made, Status.FAILED)

    got = await bench.ask("GET", f"/v1/videos/{made}/content")

    assert (got.status, got.error["code"]) == (404, "not_found")


async def test_expired_content_is_gone(bench: Bench):
    made = await bench.made()
    await bench.complete(made, expires_at=bench.clock.now_ms() + 1_000)
    assert (await bench.ask("GET", f"/v1/videos/{made}/content")).status == 200

    await bench.clock.advance(2)

    got = await bench.ask("GET", f"/v1/videos/{made}/content")
    assert (got.status, got.error["code"]) == (404, "asset_expired")


async def test_bytes_that_are_missing_on_disk_are_an_envelope(bench: Bench):
    made = await bench.made()
    await bench.ctx.blobs.delete(await bench.complete(made))

    got = await bench.ask("GET", f"/v1/videos/{made}/content")
    assert (got.status, got.error["code"]) == (404, "asset_expired")


async def test_a_client_that_leaves_ends_the_reading(bench: Bench, video_id: str):
    take = asyncio.Event()
    stream = bench.open("GET", f"/v1/videos/{video_id}/content", take=take)
    await stream.next()
    stream.gone.set()
    await asyncio.sleep(0)
    take.set()
    async with asyncio.timeout(5):
        await stream.task

    sent = 0
    while not stream.sent.empty():
        sent += len(stream.sent.get_nowait()["body"])
    assert sent < len(CLIP)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.mp4", 'attachment; filename="a.mp4"'),
        (
            'a"; evil="1.mp4',
            "attachment; filename=\"a__ evil__1.mp4\"; filename*=UTF-8''a%22%3B%20evil%3D%221.mp4",
        ),
        (
            "a\r\nSet-Cookie: x",
            "attachment; filename=\"a Set-Cookie_ x\"; filename*=UTF-8''a%20Set-Cookie%3A%20x",
        ),
        ("../../etc/passwd", 'attachment; filename="passwd"'),
        ("影.mp4", "attachment; filename=\"_.mp4\"; filename*=UTF-8''%E5%BD%B1.mp4"),
        ("", 'attachment; filename="file"'),
    ],
)
def test_no_file_name_breaks_out_of_its_header(name: str, written: str):
    value = disposition(name, attachment=True)

    assert value == written
    assert value.isascii()
    assert value.isprintable()
