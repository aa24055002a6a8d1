"""Servers on loopback for these tests, and a recorder of every connect this process attempts."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from reelgate.core.dialect import Channel
from reelgate.net.guard import Guard

HOME = "127.0.0.1"
"""Open to the tests' guard; stands for a public address."""
CANARY = "127.0.0.2"
"""Closed to it; stands for everything an attacker wants to reach."""


class Recorder:
    """Notes the address of each connect while it is on; audit hooks can not be taken out again."""

    def __init__(self) -> None:
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, args: tuple[object, ...]) -> None:
        if self.on and event == "socket.connect":
            self.seen.append(str(args[1]))

    def __enter__(self) -> list[str]:
        self.seen = []
        self.on = True
        return self.seen

    def __exit__(self, *_: object) -> None:
        self.on = False


CONNECTS = Recorder()


@dataclass
class Served:
    """What a server saw."""

    port: int = 0
    connections: int = 0
    received: bytearray = field(default_factory=bytearray)
    requests: list[bytes] = field(default_factory=list)

    def url(self, path: str = "/") -> str:
        return f"http://{HOME}:{self.port}{path}"


Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Served], Awaitable[None]]


@asynccontextmanager
async def serve(handler: Handler, host: str = HOME, port: int = 0) -> AsyncIterator[Served]:
    served = Served()
    tasks: set[asyncio.Task[None]] = set()

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        served.connections += 1
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await handler(reader, writer, served)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            tasks.discard(task)
            writer.close()

    server = await asyncio.start_server(run, host, port)
    served.port = server.sockets[0].getsockname()[1]
    try:
        yield served
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.sleep(0)


async def read_request(reader: asyncio.StreamReader, served: Served) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    served.received += head
    length = 0
    for line in head.split(b"\r\n"):
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    body = await reader.readexactly(length)
    served.received += body
    served.requests.append(head)
    return head, body


def http(body: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def answering(*answers: bytes) -> Handler:
    """Answer each request with the next of `answers`, the last one for ever."""

    async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, served: Served) -> None:
        while True:
            await read_request(reader, served)
            writer.write(answers[min(len(served.requests), len(answers)) - 1])
            await writer.drain()

    return handler


def channel(base_url: str, *, self_hosted: bool = False, secret: str = "sk-canary") -> Channel:
    return Channel(id="c1", name="c", dialect="d", base_url=base_url, secret=secret, self_hosted=self_hosted)


def open_guard() -> Guard:
    return Guard(allow=(f"{HOME}/32",))


def no_blob(sha256: str) -> Path:
    raise KeyError(sha256)


def names(**table: Sequence[str]) -> Callable[[str, int], Awaitable[Sequence[str]]]:
    """A resolver that knows these names (dots written as `_`)."""

    async def lookup(host: str, port: int) -> Sequence[str]:
        found = table.get(host.replace(".", "_"))
        if found is None:
            raise OSError("no such name")
        return found

    return lookup
