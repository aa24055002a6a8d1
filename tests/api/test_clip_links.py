"""Signed addresses of clips: one video, for a while, without a key (000-29, 000-31)."""

from __future__ import annotations

import pytest

from reelgate.auth.clip_links import ClipLinks
from tests.api.harness import PEPPER, Bench

LINKS = ClipLinks(PEPPER)


def content(video_id: str, sig: str, more: str = "") -> str:
    return f"/v1/videos/{video_id}/content?sig={sig}{more}"


def soon(bench: Bench, seconds: int = 60) -> int:
    return bench.clock.now_ms() // 1000 + seconds


async def test_a_signed_link_opens_its_video_without_a_key_and_can_be_shown_elsewhere(bench: Bench):
    video_id = await bench.made()
    await bench.complete(video_id, b"the clip")
    sig = LINKS.sign(video_id, soon(bench))

    got = await bench.ask("GET", content(video_id, sig), key=None)
    part = await bench.ask("GET", content(video_id, sig), key=None, headers={"range": "bytes=4-7"})
    still = await bench.ask("GET", content(video_id, sig, "&variant=thumbnail"), key=None)

    assert (got.status, got.body, got.headers["content-type"]) == (200, b"the clip", "video/mp4")
    assert got.headers["cross-origin-resource-policy"] == "cross-origin"
    assert (part.status, part.body) == (206, b"clip")
    assert (still.status, still.body) == (200, b"thumb")


async def test_a_signed_link_opens_nothing_else(bench: Bench):
    video_id, other = await bench.made("one"), await bench.made("two")
    await bench.complete(video_id)
    await bench.complete(other)
    sig = LINKS.sign(video_id, soon(bench))

    for method, target in (
        ("GET", content(other, sig)),
        ("GET", f"/v1/videos/{video_id}?sig={sig}"),
        ("GET", f"/v1/videos?sig={sig}"),
        ("DELETE", f"/v1/videos/{video_id}?sig={sig}"),
        ("GET", f"/v1/videos/{video_id}/events?sig={sig}"),
    ):
        assert (await bench.ask(method, target, key=None)).status == 401, target


@pytest.mark.parametrize(
    "bend", ["", "x", "{until}.", ".{mac}", "{later}.{mac}", "{until}.{turned}", "-1.{mac}", "٣.{mac}"]
)
async def test_a_bent_signature_opens_nothing(bench: Bench, bend: str):
    video_id = await bench.made()
    await bench.complete(video_id)
    until, mac = LINKS.sign(video_id, soon(bench)).split(".")
    sig = bend.format(until=until, mac=mac, later=int(until) + 1, turned=mac[::-1])

    assert (await bench.ask("GET", content(video_id, sig), key=None)).status == 401


async def test_a_signed_link_ends_with_its_time_with_its_video_and_with_the_secret(bench: Bench):
    video_id = await bench.made()
    await bench.complete(video_id)
    sig = LINKS.sign(video_id, soon(bench, 60))

    foreign = ClipLinks(b"q" * 32).sign(video_id, soon(bench))
    assert (await bench.ask("GET", content(video_id, foreign), key=None)).status == 401
    await bench.clock.advance(59)
    assert (await bench.ask("GET", content(video_id, sig), key=None)).status == 200
    await bench.clock.advance(1)
    assert (await bench.ask("GET", content(video_id, sig), key=None)).status == 401
    fresh = LINKS.sign(video_id, soon(bench))
    assert (await bench.ask("DELETE", f"/v1/videos/{video_id}")).status == 200
    assert (await bench.ask("GET", content(video_id, fresh), key=None)).status == 401
