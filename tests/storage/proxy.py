"""Stands between Reelgate and an S3 server, sees every request, and makes trouble where a test asks for it."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")


@dataclass
class Seen:
    """One request as it came."""

    method: str
    target: str
    headers: str


@dataclass
class Proxy:
    """What is seen and what is done about it; fields may be changed while it runs."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list[Seen])
    answer: Callable[[Seen], bytes | None] = lambda _: None
    """Gives an answer instead of the server's."""
    cut_after: list[int] = field(default_factory=list[int])
    """After how many bytes of an answer to a GET to cut the connection, once for each entry."""
    hold_puts_after: int | None = None
    """How many uploads are let through before one is never answered."""
    held: threading.Event = field(default_factory=threading.Event)
    silent: bool = False
    """Whether requests are taken and never answered."""
    let_go: bool = False
    """Whether connections whose requests are not answered are closed."""
    _puts: int = 0

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def takes(self, seen: Seen) -> bool:
        """Note a request; False for one that is never answered."""
        self.seen.append(seen)
        if seen.method != "PUT" or self.silent:
            return not self.silent
        self._puts += 1
        if self.hold_puts_after is not None and self._puts > self.hold_puts_after:
            self.held.set()
            return False
        return True


@contextmanager
def proxy_to(endpoint: str) -> Generator[Proxy]:
    """Run a proxy in a thread of its own, so that a test may block."""
    proxy, ready, ended = Proxy(), threading.Event(), threading.Event()

    async def main() -> None:
        open_ones: set[asyncio.Task[None]] = set()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(_serve(proxy, endpoint, reader, writer))
            open_ones.add(task)
            task.add_done_callback(open_ones.discard)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        proxy.port = server.sockets[0].getsockname()[1]
        ready.set()
        await asyncio.to_thread(ended.wait)
        server.close()
        for task in (left := list(open_ones)):
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    ready.wait(30)
    try:
        yield proxy
    finally:
        ended.set()
        thread.join(30)


async def _serve(
    proxy: Proxy, endpoint: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Serve one connection: one request after another, each over a connection of its own to the server."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = _LENGTH.search(head)
            body = await reader.readexactly(int(length[1])) if length else b""
            line, _, headers = head.decode("latin-1").partition("\r\n")
            method, target, _ = line.split(" ", 2)
            seen = Seen(method, target, headers.lower())
            if not proxy.takes(seen):
                # It is let go from another thread, which has no event of this loop to set.
                while not proxy.let_go:  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
                return
            own = proxy.answer(seen)
            if own is not None:
                writer.write(own)
                await writer.drain()
                continue
            if not await _forward(proxy, endpoint, method, head + body, writer):
                return
    except (asyncio.IncompleteReadError, OSError):
        pass
    finally:
        writer.close()


async def _forward(
    proxy: Proxy, endpoint: str, method: str, request: bytes, writer: asyncio.StreamWriter
) -> bool:
    """Pass one exchange on; False when the connection is to be cut."""
    parts = urlsplit(endpoint)
    back, forth = await asyncio.open_connection(parts.hostname, parts.port)
    try:
        forth.write(request)
        head = await back.readuntil(b"\r\n\r\n")
        writer.write(head)
        length = _LENGTH.search(head)
        left = 0 if method == "HEAD" or length is None else int(length[1])
        room = proxy.cut_after.pop(0) if method == "GET" and left and proxy.cut_after else left
        while left and room:
            piece = await back.read(min(65_536, left, room))
            if not piece:
                return False
            writer.write(piece)
            await writer.drain()
            left, room = left - len(piece), room - len(piece)
        await writer.drain()
        return left == 0
    finally:
        forth.close()
