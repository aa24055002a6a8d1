"""A socket is listened to as a stream of lines: bounded, guarded, and left when nothing comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

from aiohttp import web

from reelgate.core.dialect import Call, Closed, Line, NoReply, Reply
from reelgate.net.client import Client, Limits
from tests.net.loopback import CANARY, HOME, answering, channel, http, no_blob, open_guard, serve

Speak = Callable[[web.WebSocketResponse, web.Request], Awaitable[None]]


@asynccontextmanager
async def speaking(speak: Speak) -> AsyncIterator[str]:
    async def handler(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await speak(socket, request)
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/ws", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, HOME, 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        yield f"http://{HOME}:{port}"
    finally:
        await runner.cleanup()


async def listen(base: str, *, limits: Limits | None = None, timeout_s: float = 5.0) -> list[object]:
    call = Call(
        method="GET",
        path="/ws",
        query=(("clientId", "a b"),),
        headers={"Authorization": "Bearer canary", "X-Api-Key": "canary"},
        stream=True,
        websocket=True,
        timeout_s=timeout_s,
    )
    client = Client(open_guard(), limits=limits)
    heard: list[object] = []
    try:
        async with aclosing(client.stream(call, channel(base), no_blob)) as stream:
            async for item in stream:
                heard.append(item)
    finally:
        await client.close()
    return heard


async def test_text_messages_are_lines_and_binary_ones_are_passed_over():
    asked: list[web.Request] = []

    async def speak(socket: web.WebSocketResponse, request: web.Request) -> None:
        asked.append(request)
        await socket.send_str('{"a": 1}')
        await socket.send_bytes(b"\x00\x01preview")
        await socket.send_str("two\nlines")

    async with speaking(speak) as base:
        heard = await listen(base)

    assert heard == [
        Reply(status=101, headers={}, body=b""),
        Line('{"a": 1}'),
        Line("two\nlines"),
        Closed(clean=True),
    ]
    assert asked[0].query["clientId"] == "a b"
    assert asked[0].headers["Authorization"] == "Bearer canary"
    assert "X-Api-Key" not in asked[0].headers


async def test_a_silent_socket_is_left():
    async def speak(socket: web.WebSocketResponse, _: web.Request) -> None:
        await asyncio.wait_for(socket.receive(), 10)

    async with speaking(speak) as base:
        heard = await listen(base, timeout_s=0.05)

    assert isinstance(heard[-1], Closed)
    assert not heard[-1].clean


async def test_a_message_longer_than_its_limit_ends_the_listening():
    async def speak(socket: web.WebSocketResponse, _: web.Request) -> None:
        await socket.send_str("x" * 10_000)

    async with speaking(speak) as base:
        heard = await listen(base, limits=Limits(line_bytes=1_000))

    assert [type(item) for item in heard] == [Reply, Closed]
    assert not heard[-1].clean  # type: ignore[attr-defined]


async def test_an_upstream_without_a_socket_is_no_reply():
    async with serve(answering(http(b"{}"))) as upstream:
        (only,) = await listen(upstream.url(""))

    assert isinstance(only, NoReply)


async def test_a_socket_at_a_closed_address_is_never_opened():
    (only,) = await listen(f"http://{CANARY}:9")

    assert isinstance(only, NoReply)
    assert only.blocked


async def test_a_handshake_that_is_sent_elsewhere_meets_the_guard_there():
    away = f"http://{CANARY}:9/ws"
    async with serve(answering(http(status="302 Found", Location=away))) as upstream:
        (only,) = await listen(upstream.url(""))

    assert isinstance(only, NoReply)
    assert only.blocked
