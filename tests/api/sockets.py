"""A WebSocket client that speaks to the application in process, message by message."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from tests.api.harness import Bench

PATIENCE_S = 60


@dataclass
class Line:
    """One connection."""

    told: asyncio.Queue[dict[str, Any]]
    says: asyncio.Queue[dict[str, Any]]
    task: asyncio.Task[None]

    async def message(self) -> dict[str, Any]:
        """Give the next thing the server does, as ASGI has it."""
        async with asyncio.timeout(PATIENCE_S):
            return await self.told.get()

    async def next(self) -> dict[str, Any]:
        """Give the next message, past heartbeats."""
        while True:
            message = await self.message()
            assert message["type"] == "websocket.send", message
            found = json.loads(message["text"])
            if found["type"] != "heartbeat":
                return found

    async def until(self, **wanted: Any) -> dict[str, Any]:
        """Read on to the message that has all of this in it."""
        while True:
            found = await self.next()
            if wanted.items() <= found.items():
                return found

    async def closed(self) -> int:
        """Read on to the end; gives its code."""
        while True:
            message = await self.message()
            if message["type"] == "websocket.close":
                return message["code"]

    def say(self, **message: Any) -> None:
        self.says.put_nowait({"type": "websocket.receive", "text": json.dumps(message)})

    async def leave(self) -> None:
        self.says.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(PATIENCE_S):
            await self.task


def scope_of(target: str, headers: dict[str, str]) -> dict[str, Any]:
    path, _, query = target.partition("?")
    return {
        "type": "websocket",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "scheme": "ws",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(k.lower().encode(), v.encode("latin-1")) for k, v in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 80),
        "subprotocols": [],
        "extensions": {"websocket.http.response": {}},
    }


def dial(
    bench: Bench,
    target: str = "/ws",
    *,
    key: str | None = "",
    take: asyncio.Event | None = None,
    more: Mapping[str, str] | None = None,
) -> Line:
    """Connect, with `more` headers; with `take`, the client takes nothing before it."""
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    says: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    headers = {"host": "gate.test", **(more or {})}
    if key is not None:
        headers["authorization"] = f"Bearer {key or bench.key}"
    says.put_nowait({"type": "websocket.connect"})

    async def send(message: Any) -> None:
        if take is not None and message["type"] == "websocket.send":
            await take.wait()
        await told.put(dict(message))

    run = bench.app(scope_of(target, headers), says.get, send)
    return Line(told, says, asyncio.ensure_future(run))


async def signed_in(bench: Bench, **more: Any) -> Line:
    """Connect with a key and read past the greetings."""
    line = dial(bench, **more)
    assert (await line.message())["type"] == "websocket.accept"
    assert (await line.next())["type"] == "connected"
    assert (await line.next())["type"] == "authenticated"
    return line


async def following(bench: Bench, *, key: str = "", **what: Any) -> Line:
    """Connect and subscribe."""
    line = await signed_in(bench, key=key)
    line.say(type="subscribe", **what)
    assert (await line.next())["type"] == "subscribed"
    return line
