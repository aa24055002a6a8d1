"""Calls go where the channel is, with what the dialect wrote, and their answers are bounded."""

from __future__ import annotations

import asyncio
import base64
import gzip
import hashlib
import json
import os
import zlib
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from reelgate.core.dialect import Call, Embedded, File, NoReply, Reply, Text
from reelgate.net.client import Client, Limits
from tests.net.loopback import (
    Served,
    answering,
    channel,
    http,
    no_blob,
    open_guard,
    read_request,
    serve,
)

SECRETS = {
    "Authorization": "Bearer canary",
    "X-Api-Key": "canary",
    "x-goog-api-key": "canary",
    "Cookie": "canary",
}


class Echo:
    """Keeps each request and answers 200."""

    def __init__(self) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []

    async def __call__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served
    ) -> None:
        while True:
            head, body = await read_request(reader, served)
            self.heads.append(head)
            self.bodies.append(body)
            writer.write(http(b'{"ok":true}', Content_Type="application/json", X_Mixed="Case"))
            await writer.drain()

    @property
    def line(self) -> str:
        return self.heads[-1].split(b"\r\n", 1)[0].decode()


async def send(call: Call, base: str, blobs: Any = no_blob, **limits: Any) -> Reply | NoReply:
    client = Client(open_guard(), limits=Limits(**limits))
    try:
        return await client.send(call, channel(base), blobs)
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("base", "path", "query", "line"),
    [
        ("", "videos", (), "GET /videos HTTP/1.1"),
        ("/", "/videos", (), "GET /videos HTTP/1.1"),
        ("/v1", "videos/x", (), "GET /v1/videos/x HTTP/1.1"),
        ("/v1/", "/videos/x", (), "GET /v1/videos/x HTTP/1.1"),
        ("/v1?k=1", "videos", (), "GET /v1/videos HTTP/1.1"),
        ("/v1", "videos", (("a", "b c"), ("a", "&")), "GET /v1/videos?a=b+c&a=%26 HTTP/1.1"),
        ("/v1", "videos?x=1", (("y", "2"),), "GET /v1/videos?x=1&y=2 HTTP/1.1"),
        ("/v1", "v/a%2Fb", (), "GET /v1/v/a%2Fb HTTP/1.1"),
        ("/v1", "models/veo:predict", (), "GET /v1/models/veo:predict HTTP/1.1"),
        ("/v1", "//other.example/x", (), "GET /v1/other.example/x HTTP/1.1"),
        ("/v1", "ü", (), "GET /v1/%C3%BC HTTP/1.1"),
    ],
)
async def test_a_path_is_joined_below_the_base_address(
    base: str, path: str, query: tuple[tuple[str, str], ...], line: str
) -> None:
    echo = Echo()
    async with serve(echo) as upstream:
        reply = await send(
            Call(method="GET", path=path, query=query, headers=SECRETS), upstream.url("") + base
        )

    assert isinstance(reply, Reply)
    assert echo.line == line
    assert b"Bearer canary" in echo.heads[0]


async def test_an_answer_is_handed_over_whole_with_lower_case_header_names() -> None:
    async with serve(Echo()) as upstream:
        reply = await send(Call(method="GET", path="x"), upstream.url())

    assert isinstance(reply, Reply)
    assert reply.headers["x-mixed"] == "Case"
    assert reply.media_type == "application/json"
    assert reply.object() == {"ok": True}


async def test_a_redirect_is_an_answer_like_any_other() -> None:
    async with serve(answering(http(status="302 Found", Location="/x"))) as upstream:
        reply = await send(Call(method="GET", path="x"), upstream.url())

    assert isinstance(reply, Reply)
    assert reply.status == 302
    assert len(upstream.requests) == 1


async def test_an_absolute_address_of_the_channel_itself_carries_its_credentials() -> None:
    echo = Echo()
    async with serve(echo) as upstream:
        reply = await send(
            Call(method="GET", path=upstream.url("/abs?x=1"), headers=SECRETS), upstream.url("/v1")
        )

    assert isinstance(reply, Reply)
    assert echo.line == "GET /abs?x=1 HTTP/1.1"
    assert echo.heads[0].count(b"canary") == len(SECRETS)


async def test_an_absolute_address_elsewhere_carries_nothing_personal() -> None:
    echo = Echo()
    async with serve(Echo()) as upstream, serve(echo) as other:
        call = Call(
            method="GET",
            path=other.url("/abs"),
            headers={**SECRETS, "Accept": "video/mp4"},
            query=(("key", "sk-canary"), ("page", "2")),
        )
        reply = await send(call, upstream.url())

    assert isinstance(reply, Reply)
    assert upstream.connections == 0
    assert b"canary" not in echo.heads[0]
    assert b"Accept: video/mp4" in echo.heads[0]
    assert echo.line == "GET /abs?page=2 HTTP/1.1"


async def test_a_dialect_does_not_write_the_connections_own_headers() -> None:
    echo = Echo()
    async with serve(echo) as upstream:
        headers = {
            "Host": "evil.example",
            "Content-Length": "1",
            "Transfer-Encoding": "chunked",
            "X-Own": "1",
        }
        await send(Call(method="POST", path="x", json={"a": 1}, headers=headers), upstream.url())

    head = echo.heads[0].lower()
    assert b"evil" not in head
    assert b"transfer-encoding" not in head
    assert b"x-own: 1" in head
    assert echo.bodies == [b'{"a":1}']


async def test_cookies_an_upstream_sets_are_never_sent_back() -> None:
    async with serve(answering(http(b"{}", Set_Cookie="canary=1"))) as upstream:
        client = Client(open_guard())
        for _ in range(2):
            await client.send(Call(method="GET", path="x"), channel(upstream.url()), no_blob)
        await client.close()

    assert b"canary" not in upstream.requests[1]


class Blobs:
    def __init__(self, folder: Path, *contents: bytes) -> None:
        self.folder = folder
        self.names = [hashlib.sha256(content).hexdigest() for content in contents]
        for name, content in zip(self.names, contents, strict=True):
            (folder / name).write_bytes(content)

    def __call__(self, sha256: str) -> Path:
        return self.folder / sha256


async def test_files_in_json_are_written_as_base64_wherever_they_stand(tmp_path: Path) -> None:
    """Shows 001-23."""

    echo = Echo()
    small, large = b"\x89PNG", bytes(range(256)) * 2500 + b"x"
    blobs = Blobs(tmp_path, small, large)
    body = {
        "prompt": 'a "quoted" 你 \x00',
        "images": [
            Embedded(blobs.names[0], "image/png"),
            {"raw": Embedded(blobs.names[1], "image/jpeg", data_url=False)},
        ],
        "pair": (1, None),
    }
    async with serve(echo) as upstream:
        reply = await send(Call(method="POST", path="x", json=body), upstream.url(), blobs)

    assert isinstance(reply, Reply)
    got = json.loads(echo.bodies[0])
    assert got["prompt"] == body["prompt"]
    assert got["images"][0] == "data:image/png;base64," + base64.b64encode(small).decode()
    assert base64.b64decode(got["images"][1]["raw"]) == large
    assert got["pair"] == [1, None]
    assert b"application/json" in echo.heads[0]


async def test_a_form_streams_its_files_and_no_name_escapes_its_quotes(tmp_path: Path) -> None:
    """Shows 001-23, 003-07."""

    echo = Echo()
    clip = bytes(range(256)) * 2000
    blobs = Blobs(tmp_path, clip)
    form = (
        Text("prompt", "line\r\nbreak 你"),
        Text('na"me\r\nX: y', "v"),
        File("input_reference", blobs.names[0], 'cl"ip\r\nX-Evil: 1.mp4', "video/mp4\r\nX-Evil: 2"),
    )
    async with serve(echo) as upstream:
        reply = await send(Call(method="POST", path="x", form=form), upstream.url(), blobs)

    assert isinstance(reply, Reply)
    kind = next(line for line in echo.heads[0].split(b"\r\n") if line.lower().startswith(b"content-type"))
    message = message_from_bytes(kind + b"\r\n\r\n" + echo.bodies[0], policy=policy.HTTP)
    parts = list(message.iter_parts())
    assert [part.get_payload(decode=True) for part in parts] == ["line\r\nbreak 你".encode(), b"v", clip]
    assert all("x-evil" not in part and "x" not in part for part in parts)
    assert parts[2].get_filename() == "cl%22ip%0D%0AX-Evil: 1.mp4"


async def test_a_file_that_shrinks_on_the_way_is_unclear_and_not_padded(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"x" * 10)

    class Shrinking(type(path)):
        def stat(self, **_: Any) -> Any:
            real = os.stat(path)
            return os.stat_result((*real[:6], 1000, *real[7:]))

    async with serve(Echo()) as upstream:
        form = (File("f", "0" * 64, "f", "image/png"),)
        outcome = await send(
            Call(method="POST", path="x", form=form), upstream.url(), lambda _: Shrinking(path)
        )

    assert isinstance(outcome, NoReply)
    assert outcome.sent
    assert upstream.requests == []


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b'{"a":1}', mtime=0)),
        ("GZIP", gzip.compress(b'{"a"', mtime=0) + gzip.compress(b":1}", mtime=0)),
        ("deflate", zlib.compress(b'{"a":1}')),
        ("identity", b'{"a":1}'),
    ],
)
async def test_a_packed_answer_is_unpacked(coding: str, packed: bytes) -> None:
    async with serve(answering(http(packed, Content_Encoding=coding))) as upstream:
        reply = await send(Call(method="GET", path="x"), upstream.url())

    assert isinstance(reply, Reply)
    assert reply.object() == {"a": 1}


@pytest.mark.parametrize("members", [1, 1000])
async def test_an_answer_that_unpacks_beyond_its_limit_is_refused(members: int) -> None:
    bomb = gzip.compress(b"\0" * (50_000_000 // members)) * members
    async with serve(answering(http(bomb, Content_Encoding="gzip"))) as upstream:
        outcome = await send(Call(method="GET", path="x"), upstream.url(), body_bytes=1_000_000)

    assert outcome == NoReply(sent=True, reason="The answer is larger than its limit.")


async def test_a_packed_answer_that_ends_early_is_refused() -> None:
    async with serve(answering(http(gzip.compress(b"{}" * 99)[:-9], Content_Encoding="gzip"))) as upstream:
        outcome = await send(Call(method="GET", path="x"), upstream.url())

    assert isinstance(outcome, NoReply)


@pytest.mark.parametrize(("size", "fits"), [(100_000, True), (100_001, False)])
async def test_the_limit_of_an_answer_is_exact(size: int, fits: bool) -> None:
    async with serve(answering(http(b"x" * size))) as upstream:
        outcome = await send(Call(method="GET", path="x"), upstream.url(), body_bytes=100_000)

    assert isinstance(outcome, Reply) is fits
