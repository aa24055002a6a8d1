"""A load generator for machines without wrk, in a process of its own; it says the same things as load.lua."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from itertools import count
from typing import cast

import httptools
import uvloop


class Tally:
    """What came of the requests so far."""

    def __init__(self) -> None:
        self.spent: list[float] = []
        self.bytes = 0
        self.failed = 0


class Client(asyncio.Protocol):
    """One kept-alive connection with one request under way."""

    def __init__(self, ask: Asker, tally: Tally, until: float) -> None:
        self._ask, self._tally, self._until = ask, tally, until
        self.closed = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        # uvloop has transports of its own kind.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._parser = httptools.HttpResponseParser(self)
        self._began = time.perf_counter()
        self._transport.write(self._ask.next())

    def data_received(self, data: bytes) -> None:
        """Take bytes in."""
        self._tally.bytes += len(data)
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Count the answer and send the next request while there is time."""
        self._tally.spent.append(time.perf_counter() - self._began)
        self._tally.failed += self._parser.get_status_code() >= 400
        if time.perf_counter() >= self._until:
            self._transport.close()
        else:
            asyncio.get_running_loop().call_soon(self._send)

    def connection_lost(self, exc: Exception | None) -> None:
        """Count a connection that broke as a failure."""
        if time.perf_counter() < self._until:
            self._tally.failed += 1
        self.closed.set_result(None)


class Asker:
    """Writes requests."""

    def __init__(self, host: str, method: str, paths: list[str], key: str, mark: str) -> None:
        self._host, self._method, self._paths, self._key, self._mark = host, method, paths, key, mark
        self._number = count(1)

    def next(self) -> bytes:
        """Give the bytes of the next request."""
        number = next(self._number)
        head = (
            f"{self._method} {self._paths[number % len(self._paths)]} HTTP/1.1\r\n"
            f"Host: {self._host}\r\nAuthorization: Bearer {self._key}\r\n"
        )
        if self._method != "POST":
            return f"{head}\r\n".encode()
        prompt = f"A boat on a lake at dawn, run {self._mark}, take {number}"
        body = json.dumps({"model": "bench-video", "prompt": prompt, "seconds": "4", "size": "720x1280"})
        return f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


async def _drive(asker: Asker, host: str, port: int, connections: int, seconds: float) -> Tally:
    tally = Tally()
    until = time.perf_counter() + seconds
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Client(asker, tally, until), host, port)
        for _ in range(connections)
    ]
    await asyncio.wait([client.closed for _, client in made], timeout=seconds + 30)
    return tally


def main() -> None:
    """Take the place of `wrk -c C -d S URL -s load.lua -- METHOD PATHS KEY MARK`."""
    connections, seconds, address, method, paths, key, mark = sys.argv[1:]
    host, _, port = address.rpartition(":")
    asker = Asker(address, method, paths.split(","), key, mark)
    began = time.perf_counter()
    tally = uvloop.run(_drive(asker, host, int(port), int(connections), float(seconds)))
    spent = sorted(tally.spent) or [0.0]
    facts = {
        "requests": len(tally.spent),
        "seconds": time.perf_counter() - began,
        "bytes": tally.bytes,
        "failed": tally.failed,
        "p50_ms": spent[len(spent) // 2] * 1000,
        "p99_ms": spent[int(len(spent) * 0.99)] * 1000,
        "max_ms": spent[-1] * 1000,
    }
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
