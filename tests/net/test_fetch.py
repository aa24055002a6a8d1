"""Files come whole, go on from where they were, and never larger than asked for."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest

from reelgate.core.dialect import Call
from reelgate.core.errors import Code
from reelgate.net.client import Client
from reelgate.net.fetch import Fetched, FetchFailed, fetch
from reelgate.net.resume import note_path
from tests.net.loopback import (
    CANARY,
    HOME,
    Handler,
    Served,
    answering,
    channel,
    http,
    open_guard,
    read_request,
    serve,
)

CLIP = bytes(range(256)) * 40
TAG = '"v1"'


def _field(head: bytes, name: str) -> str:
    found = re.search(rf"\r\n{name}: ([^\r]*)".encode(), head, re.IGNORECASE)
    return found[1].decode() if found else ""


async def received() -> None:
    # The client's reader drops what it has not handed out yet when the connection is cut.
    for _ in range(20):
        await asyncio.sleep(0)


class Shelf:
    """A file server with a habit: cut each answer after `cut` bytes, ignore ranges, forget tags."""

    def __init__(
        self,
        body: bytes = CLIP,
        *,
        tag: str = TAG,
        cut: int = 10**9,
        ranges: bool = True,
        honest: bool = True,
        kept_at: Path | None = None,
    ) -> None:
        self.body, self.tag, self.cut, self.ranges, self.honest = body, tag, cut, ranges, honest
        self.kept_at = kept_at

    async def __call__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
    ) -> None:
        head, _ = await read_request(reader, served)
        asked = re.fullmatch(r"bytes=(\d+)-", _field(head, "Range"))
        start = int(asked[1]) if asked and self.ranges else 0
        if self.honest and start and _field(head, "If-Range") != self.tag:
            start = 0
        total = len(self.body)
        lines = ["HTTP/1.1 206 Partial Content" if start else "HTTP/1.1 200 OK"]
        if start >= total > 0:
            lines = ["HTTP/1.1 416 Range Not Satisfiable"]
            lines.append(f"Content-Range: bytes */{total}")
        elif start:
            lines.append(f"Content-Range: bytes {start}-{total - 1}/{total}")
        part = self.body[start:]
        lines += [f"Content-Length: {len(part)}", f"ETag: {self.tag}", "Content-Type: video/mp4"]
        writer.write("\r\n".join([*lines, "", ""]).encode() + part[: self.cut])
        await writer.drain()
        await received()
        if self.kept_at is not None and self.cut < len(part):
            await grown(self.kept_at, beyond=start)


async def grown(sink: Path, *, beyond: int) -> None:
    """Wait until a first block of the answer is on disk, so that cutting it off loses less than all of it."""
    for _ in range(6000):
        if sink.exists() and sink.stat().st_size > beyond:
            return
        await asyncio.sleep(0.005)


async def get(
    served: Served, sink: Path, *, path: str = "/clip.mp4", limit: int = 10**6
) -> Fetched | FetchFailed:
    client = Client(open_guard())
    try:
        return await fetch(client, served.url(path), sink, limit_bytes=limit, deadline_s=20)
    finally:
        await client.close()


async def test_a_file_comes_whole_and_as_it_is(tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    async with serve(Shelf()) as shelf:
        got = await get(shelf, sink)

    assert isinstance(got, Fetched)
    assert (got.bytes, got.media_type, got.etag) == (len(CLIP), "video/mp4", TAG)
    assert sink.read_bytes() == CLIP
    assert not note_path(sink).exists()
    assert _field(shelf.requests[0], "Accept-Encoding") == "identity"


async def test_a_cut_file_is_gone_on_from_where_it_was(tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    clip, cut = CLIP * 450, 1_200_000
    outcomes: list[Fetched | FetchFailed] = []
    async with serve(Shelf(clip, cut=cut, kept_at=sink)) as shelf:
        while len(outcomes) < 10 and not any(isinstance(each, Fetched) for each in outcomes):
            path = f"/clip.mp4?sig={len(outcomes)}"
            outcomes.append(await get(shelf, sink, path=path, limit=10**7))

    starts = [int(_field(head, "Range")[6:-1] or 0) for head in shelf.requests]
    assert isinstance(outcomes[-1], Fetched)
    assert all(each.retryable for each in outcomes if isinstance(each, FetchFailed))
    assert len(outcomes) >= 4
    assert starts == sorted(set(starts))
    assert starts[-1] >= len(clip) - cut
    assert sink.read_bytes() == clip


async def test_a_server_that_ignores_ranges_starts_the_file_again(tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    async with serve(Shelf(cut=3000)) as shelf:
        await get(shelf, sink)
    async with serve(Shelf(ranges=False), port=shelf.port) as shelf:
        got = await get(shelf, sink)

    assert isinstance(got, Fetched)
    assert sink.read_bytes() == CLIP


@pytest.mark.parametrize(
    "honest", [True, False], ids=("restarts by itself", "sends the tail of another file")
)
async def test_a_file_that_changed_meanwhile_is_never_stitched_from_two(honest: bool, tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    other = CLIP[::-1]
    async with serve(Shelf(cut=3000)) as shelf:
        await get(shelf, sink)
    async with serve(Shelf(other, tag='"v2"', honest=honest), port=shelf.port) as shelf:
        outcomes = [await get(shelf, sink) for _ in range(2)]

    assert isinstance(outcomes[-1], Fetched)
    assert sink.read_bytes() == other


async def test_bytes_of_unknown_origin_are_never_gone_on_from(tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    sink.write_bytes(b"something else")
    async with serve(Shelf()) as shelf:
        got = await get(shelf, sink)

    assert isinstance(got, Fetched)
    assert sink.read_bytes() == CLIP
    assert _field(shelf.requests[0], "Range") == ""


@pytest.mark.parametrize("habit", ["weak", "none", "broken note", "other source"])
async def test_without_a_firm_tag_a_cut_file_starts_again(habit: str, tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    head = "" if habit == "none" else f"ETag: {'W/' if habit == 'weak' else ''}{TAG}\r\n"

    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {len(CLIP)}\r\n{head}\r\n".encode() + CLIP[:99])

    async with serve(cut) as shelf:
        assert isinstance(await get(shelf, sink), FetchFailed)
        if habit == "broken note":
            note_path(sink).write_bytes(b"{")
        await get(shelf, sink, path="/other.mp4" if habit == "other source" else "/clip.mp4")

    assert [_field(request, "Range") for request in shelf.requests] == ["", ""]


async def test_a_last_modified_date_is_enough_to_go_on(tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    date = "Sun, 01 Nov 2026 10:00:00 GMT"
    clip, cut = CLIP * 150, 1_200_000

    async def dated(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        head, _ = await read_request(reader, served)
        same = f"Last-Modified: {date}\r\nContent-Type: video/mp4\r\n"
        if _field(head, "If-Range") == date:
            start = int(_field(head, "Range")[6:-1])
            span = f"Content-Range: bytes {start}-{len(clip) - 1}/{len(clip)}\r\nContent-Length: {len(clip) - start}"
            writer.write(f"HTTP/1.1 206 Partial Content\r\n{same}{span}\r\n\r\n".encode() + clip[start:])
            await writer.drain()
            await received()
        else:
            writer.write(
                f"HTTP/1.1 200 OK\r\n{same}Content-Length: {len(clip)}\r\n\r\n".encode() + clip[:cut]
            )
            await writer.drain()
            await grown(sink, beyond=0)

    async with serve(dated) as shelf:
        first = await get(shelf, sink, limit=10**7)
        second = await get(shelf, sink, limit=10**7)

    assert isinstance(first, FetchFailed)
    assert isinstance(second, Fetched)
    assert sink.read_bytes() == clip
    assert _field(shelf.requests[-1], "If-Range") == date


async def test_a_file_that_was_whole_already_is_taken_as_it_is(tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    async with serve(Shelf(cut=3000)) as shelf:
        await get(shelf, sink)
        sink.write_bytes(CLIP)
        got = await get(shelf, sink)

    assert isinstance(got, Fetched)
    assert (got.bytes, got.media_type, got.etag) == (len(CLIP), "video/mp4", TAG)
    assert not note_path(sink).exists()


@pytest.mark.parametrize("announced", [True, False])
async def test_a_file_larger_than_its_limit_leaves_nothing_behind(announced: bool, tmp_path: Path) -> None:
    sink = tmp_path / "clip"

    async def large(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        length = f"Content-Length: {len(CLIP)}\r\n" if announced else ""
        writer.write(f"HTTP/1.1 200 OK\r\n{length}ETag: {TAG}\r\n\r\n".encode() + CLIP)
        await writer.drain()

    async with serve(large) as shelf:
        got = await get(shelf, sink, limit=len(CLIP) - 1)
        fits = await get(shelf, sink, limit=len(CLIP))

    assert isinstance(got, FetchFailed)
    assert (got.failure.code, got.retryable) == (Code.PAYLOAD_TOO_LARGE, False)
    assert isinstance(fits, Fetched)


@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        ("401 Unauthorized", Code.UNAUTHORIZED, False),
        ("403 Forbidden", Code.ASSET_EXPIRED, False),
        ("404 Not Found", Code.ASSET_EXPIRED, False),
        ("410 Gone", Code.ASSET_EXPIRED, False),
        ("202 Accepted", Code.NOT_READY, True),
        ("204 No Content", Code.NO_OUTPUT, True),
        ("400 Bad Request", Code.BAD_GATEWAY_PAYLOAD, False),
        ("408 Request Timeout", Code.OVERLOADED, True),
        ("409 Conflict", Code.NOT_READY, True),
        ("425 Too Early", Code.NOT_READY, True),
        ("429 Too Many Requests", Code.RATE_LIMITED, True),
        ("500 Internal Server Error", Code.UPSTREAM_INTERNAL, True),
        ("502 Bad Gateway", Code.UPSTREAM_INTERNAL, True),
        ("503 Service Unavailable", Code.OVERLOADED, True),
        ("206 Partial Content", Code.UPSTREAM_INTERNAL, True),
        ("416 Range Not Satisfiable", Code.UPSTREAM_INTERNAL, True),
        ("304 Not Modified", Code.BAD_GATEWAY_PAYLOAD, False),
    ],
)
async def test_each_status_has_its_meaning(status: str, code: Code, retryable: bool, tmp_path: Path) -> None:
    async with serve(answering(http(status=status, Retry_After="7"))) as shelf:
        got = await get(shelf, tmp_path / "clip")

    assert isinstance(got, FetchFailed)
    assert (got.failure.code, got.retryable, got.status) == (code, retryable, int(status[:3]))
    assert HOME not in got.failure.message
    if code is Code.RATE_LIMITED:
        assert got.failure.retry_after_s == 7


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (http(b"<html>", Content_Type="text/html; charset=utf-8"), Code.BAD_GATEWAY_PAYLOAD),
        (http(b'{"error":1}', Content_Type="application/json"), Code.BAD_GATEWAY_PAYLOAD),
        (http(b" \n<!doctype html>", Content_Type="video/mp4"), Code.BAD_GATEWAY_PAYLOAD),
        (http(b'{"error":1}'), Code.BAD_GATEWAY_PAYLOAD),
        (http(b"zip", Content_Encoding="gzip", Content_Type="video/mp4"), Code.BAD_GATEWAY_PAYLOAD),
        (http(b"", Content_Type="video/mp4"), Code.NO_OUTPUT),
    ],
)
async def test_what_is_no_file_is_not_kept_as_one(answer: bytes, code: Code, tmp_path: Path) -> None:
    async with serve(answering(answer)) as shelf:
        got = await get(shelf, tmp_path / "clip")

    assert isinstance(got, FetchFailed)
    assert got.failure.code is code
    assert got.retryable is (code is Code.NO_OUTPUT)


async def test_the_caller_may_name_the_kinds_it_takes(tmp_path: Path) -> None:
    async with serve(
        answering(http(CLIP, Content_Type="IMAGE/png; x=1"), http(CLIP, Content_Type="audio/wav"))
    ) as shelf:
        client = Client(open_guard())
        outcomes = [
            await fetch(
                client,
                shelf.url(),
                tmp_path / "picture",
                limit_bytes=10**6,
                deadline_s=20,
                accept=lambda kind: kind.startswith("image/"),
            )
            for _ in range(2)
        ]
        await client.close()

    good, bad = outcomes
    assert isinstance(good, Fetched)
    assert isinstance(bad, FetchFailed) or len(shelf.requests) == 1


async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
    await read_request(reader, served)
    writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\nETag: {TAG}\r\n\r\n".encode())
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def test_the_deadline_ends_a_fetch_and_keeps_what_came(tmp_path: Path) -> None:
    sink = tmp_path / "clip"
    async with serve(drips) as shelf:
        client = Client(open_guard())
        got = await fetch(client, shelf.url(), sink, limit_bytes=10**6, deadline_s=0.3)
        await client.close()

    assert isinstance(got, FetchFailed)
    assert got.retryable
    assert 0 < sink.stat().st_size < 99999
    assert note_path(sink).exists()


SECRETS = {
    "Authorization": "Bearer canary-a",
    "X-Api-Key": "canary-b",
    "api-key": "canary-c",
    "x-goog-api-key": "canary-d",
    "X-Key": "canary-e",
    "Cookie": "canary=f",
    "X-Anything-Else": "canary-g",
}


def moving(to: list[str]) -> Handler:
    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        if to:
            writer.write(http(status="302 Found", Location=to.pop(0), Set_Cookie="canary=set"))
        else:
            writer.write(http(CLIP, Content_Type="video/mp4"))
        await writer.drain()

    return handler


async def test_no_credential_crosses_to_another_origin_nor_comes_back(tmp_path: Path) -> None:
    back: list[str] = []
    away: list[str] = []
    async with serve(moving(away)) as upstream, serve(moving(back)) as cdn:
        away += ["/moved", cdn.url("/clip")]
        back += [upstream.url("/final")]
        client = Client(open_guard())
        call = Call(method="GET", path="content", headers=SECRETS)
        got = await fetch(
            client, call, tmp_path / "c", channel=channel(upstream.url()), limit_bytes=10**6, deadline_s=20
        )
        await client.close()

    assert isinstance(got, Fetched)
    assert len(upstream.requests) == 3
    assert all(b"canary-a" in head for head in upstream.requests[:2])
    assert b"canary" not in upstream.requests[2]
    assert all(b"canary" not in head for head in cdn.requests)


@pytest.mark.parametrize(("hops", "comes"), [(0, True), (5, True), (6, False)])
async def test_five_redirects_are_followed_and_no_more(hops: int, comes: bool, tmp_path: Path) -> None:
    async with serve(moving([f"/{n}" for n in range(hops)])) as shelf:
        got = await get(shelf, tmp_path / "clip")

    assert isinstance(got, Fetched) is comes
    assert len(shelf.requests) == min(hops, 5) + 1


async def test_a_call_that_is_no_question_does_not_follow_redirects(tmp_path: Path) -> None:
    async with serve(moving(["/x"])) as upstream:
        client = Client(open_guard())
        call = Call(method="POST", path="content", json={})
        got = await fetch(
            client, call, tmp_path / "c", channel=channel(upstream.url()), limit_bytes=10**6, deadline_s=20
        )
        await client.close()

    assert isinstance(got, FetchFailed)
    assert len(upstream.requests) == 1


async def test_a_self_hosted_upstream_hands_out_its_own_files(tmp_path: Path) -> None:
    async with serve(Shelf(), CANARY) as upstream:
        base = f"http://{CANARY}:{upstream.port}"
        client = Client(open_guard())
        own = await fetch(
            client,
            f"{base}/clip",
            tmp_path / "a",
            channel=channel(base, self_hosted=True),
            limit_bytes=10**6,
            deadline_s=20,
        )
        strange = await fetch(
            client, f"{base}/clip", tmp_path / "b", channel=channel(base), limit_bytes=10**6, deadline_s=20
        )
        await client.close()

    assert isinstance(own, Fetched)
    assert isinstance(strange, FetchFailed)
    assert strange.failure.code is Code.BLOCKED_ADDRESS


async def test_a_redirect_from_outside_does_not_open_the_self_hosted_address(tmp_path: Path) -> None:
    async with serve(Shelf(), CANARY) as inner:
        base = f"http://{CANARY}:{inner.port}"
        async with serve(moving([f"{base}/clip"])) as cdn:
            client = Client(open_guard())
            got = await fetch(
                client,
                cdn.url("/clip"),
                tmp_path / "a",
                channel=channel(base, self_hosted=True),
                limit_bytes=10**6,
                deadline_s=20,
            )
            await client.close()

    assert isinstance(got, FetchFailed)
    assert inner.connections == 0
