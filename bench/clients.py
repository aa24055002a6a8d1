"""Ten thousand browsers in one process: each follows one video, or everything, and notes when it was told what.

A connection costs a socket and a small object. Its first line says that everybody is connected; when it is
told to stop on its input it writes what came, `cursor time` a line, to the file it was given, and how many
were cut off. Some clients may be slow: they ask and never read.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import resource
import socket
import sys
import time
from array import array
from pathlib import Path
from typing import cast

import uvloop

CONNECT_AT_ONCE = 32
SMALLEST_BUFFER = 4096


class Told:
    """What all clients were told."""

    def __init__(self) -> None:
        self.cursors: array[int] = array("q")
        self.times: array[float] = array("d")
        self.open = 0
        self.cut = 0
        self.slow_cut = 0
        self.refused = 0
        self.why = "the connection was closed"


class Client(asyncio.Protocol):
    """One browser."""

    def __init__(self, told: Told, ask: bytes, hello: bytes, mark: bytes, slow: bool) -> None:
        self._told = told
        self._ask = ask
        self._hello = hello
        self._mark = mark
        self._slow = slow
        self._rest = b""
        self.opened = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        # uvloop has transports of its own kind.
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._ask)

    def data_received(self, data: bytes) -> None:
        """Note every event that has come whole."""
        now = time.monotonic()
        if not self.opened.done():
            data = self._begin(data)
        self._rest += data
        while (at := self._rest.find(self._mark)) >= 0:
            start = at + len(self._mark)
            end = start
            while end < len(self._rest) and 48 <= self._rest[end] <= 57:
                end += 1
            if end == len(self._rest):
                self._rest = self._rest[at:]
                return
            self._told.cursors.append(int(self._rest[start:end]))
            self._told.times.append(now)
            self._rest = self._rest[end:]
        self._rest = self._rest[-len(self._mark) :]

    def _begin(self, data: bytes) -> bytes:
        head, _, rest = (self._rest + data).partition(b"\r\n\r\n")
        self._rest = b""
        good = head.split(b" ", 2)[1] in (b"200", b"101")
        self._told.open += good
        if not good:
            self._told.refused += 1
            self._told.why = head.decode("latin-1")
        self.opened.set_result(good)
        if self._hello:
            self._transport.write(self._hello)
        if self._slow:
            self._transport.pause_reading()
        return rest

    def connection_lost(self, exc: Exception | None) -> None:
        """Count being cut off."""
        if not self.opened.done():
            self._told.refused += 1
            self.opened.set_result(False)
        elif self._slow:
            self._told.slow_cut += 1
        else:
            self._told.cut += 1

    def read_on(self) -> None:
        """Read after all, to find out whether the server is still there."""
        self._transport.resume_reading()


def masked(text: str) -> bytes:
    """Write a short text as a frame of a WebSocket client."""
    body, key = text.encode(), os.urandom(4)
    size = bytes([0x80 | len(body)]) if len(body) < 126 else b"\xfe" + len(body).to_bytes(2)
    return b"\x81" + size + key + bytes(byte ^ key[n % 4] for n, byte in enumerate(body))


def _request(given: argparse.Namespace, path: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: {given.host}:{given.port}\r\nAuthorization: Bearer {given.key}\r\n"
    if given.websocket:
        head += "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        head += f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}\r\n"
    return f"{head}\r\n".encode()


def _client(given: argparse.Namespace, told: Told, video: str | None, *, slow: bool) -> Client:
    if given.websocket:
        say = given.follow_all if video is None else given.follow_one.replace("{id}", video)
        return Client(told, _request(given, given.websocket), masked(say), b'"cursor":', slow)
    path = "/api/events" if video is None else f"/v1/videos/{video}/events"
    return Client(told, _request(given, path), b"", b"id: ", slow)


async def _connect(given: argparse.Namespace, client: Client, *, slow: bool) -> Client:
    place = socket.socket()
    place.setblocking(False)
    if slow:
        place.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALLEST_BUFFER)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(place, (given.host, given.port))
    await loop.create_connection(lambda: client, sock=place)
    await client.opened
    return client


async def _crowd(given: argparse.Namespace, told: Told, videos: list[str]) -> list[Client]:
    gate = asyncio.Semaphore(CONNECT_AT_ONCE)

    async def one(video: str | None, *, slow: bool = False) -> Client:
        async with gate:
            return await _connect(given, _client(given, told, video, slow=slow), slow=slow)

    ones = [one(videos[n % len(videos)]) for n in range(given.count)]
    ones += [one(None) for _ in range(given.wide)]
    await asyncio.gather(*ones)
    return list(await asyncio.gather(*(one(None, slow=True) for _ in range(given.slow))))


async def _run(given: argparse.Namespace) -> None:
    told = Told()
    began = time.monotonic()
    slow = await _crowd(given, told, given.videos.read_text("ascii").split())
    _say({"open": told.open, "refused": told.refused, "why": told.why, "seconds": time.monotonic() - began})
    await asyncio.to_thread(sys.stdin.readline)
    came, healthy_cut = len(told.cursors), told.cut
    for client in slow:
        client.read_on()
    # What was sent before the cut still comes, then the end does.
    await asyncio.sleep(2.0)
    pairs = zip(told.cursors[:came], told.times[:came], strict=True)
    given.out.write_text("".join(f"{cursor} {at!r}\n" for cursor, at in pairs), "ascii")
    _say({"came": came, "cut": healthy_cut, "slow_cut": told.slow_cut})


def _say(facts: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Read the options and connect everybody."""
    options = argparse.ArgumentParser(prog="python -m bench.clients", description=__doc__)
    options.add_argument("host")
    options.add_argument("port", type=int)
    options.add_argument("key")
    options.add_argument("videos", type=Path, help="a file of ids; clients take them in turn")
    options.add_argument("out", type=Path)
    options.add_argument("--count", type=int, default=10_000, help="clients that follow one video each")
    options.add_argument("--wide", type=int, default=10, help="clients that follow everything")
    options.add_argument("--slow", type=int, default=0, help="clients that ask for everything and never read")
    options.add_argument("--websocket", metavar="PATH", help="upgrade there instead of reading a stream")
    options.add_argument("--follow-one", default='{"type":"subscribe","taskId":"{id}"}', metavar="JSON")
    options.add_argument("--follow-all", default='{"type":"subscribe"}', metavar="JSON")
    given = options.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    uvloop.run(_run(given))


if __name__ == "__main__":
    main()
