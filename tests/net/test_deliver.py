"""A delivery ends soon, whatever the receiver does."""

from __future__ import annotations

import asyncio

import pytest

from reelgate.net.client import Client
from reelgate.net.deliver import Delivered, NotDelivered, post_webhook
from tests.net.loopback import CANARY, HOME, Served, answering, http, open_guard, read_request, serve

HEADERS = {"webhook-id": "msg_1", "content-type": "application/json"}


async def post(url: str, timeout_s: float = 5.0) -> Delivered | NotDelivered:
    client = Client(open_guard())
    try:
        return await post_webhook(client, url, b'{"type":"video.completed"}', HEADERS, timeout_s=timeout_s)
    finally:
        await client.close()


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_2xx_is_a_receipt(status: int) -> None:
    async with serve(answering(http(status=f"{status} X"))) as receiver:
        assert await post(receiver.url("/hook")) == Delivered(status)

    head = receiver.requests[0].lower()
    assert head.startswith(b"post /hook ")
    assert b"webhook-id: msg_1" in head
    assert head.count(b"content-type") == 1
    assert receiver.received.endswith(b'{"type":"video.completed"}')


@pytest.mark.parametrize("status", [400, 404, 410, 429, 500, 503])
async def test_any_other_answer_is_none_and_410_means_never_again(status: int) -> None:
    async with serve(answering(http(status=f"{status} X"))) as receiver:
        got = await post(receiver.url())

    assert isinstance(got, NotDelivered)
    assert (got.status, got.gone) == (status, status == 410)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed(status: int) -> None:
    async with (
        serve(answering(http())) as other,
        serve(answering(http(status=f"{status} X", Location=other.url()))) as receiver,
    ):
        got = await post(receiver.url())

    assert isinstance(got, NotDelivered)
    assert got.status == status
    assert other.connections == 0


async def test_a_receiver_that_drips_its_reply_has_taken_the_event() -> None:
    async def drips(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with serve(drips) as receiver:
        assert await post(receiver.url(), timeout_s=0.4) == Delivered(200)


async def test_no_more_than_a_little_of_an_endless_reply_is_read() -> None:
    written = 0

    async def floods(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        nonlocal written
        await read_request(reader, served)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            written += 65536

    async with serve(floods) as receiver:
        assert await post(receiver.url()) == Delivered(200)

    assert written < 32 * 1024 * 1024


async def test_a_receiver_that_never_answers_has_not_taken_it() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        await read_request(reader, served)
        await asyncio.Event().wait()

    async with serve(silent) as receiver:
        got = await post(receiver.url(), timeout_s=0.3)

    assert got == NotDelivered(reason="The answer did not come in time.")


async def test_a_closed_address_is_refused_without_naming_it() -> None:
    got = await post(f"http://{CANARY}:8080/")

    assert isinstance(got, NotDelivered)
    assert got.blocked
    assert CANARY not in got.reason
    assert HOME not in got.reason
