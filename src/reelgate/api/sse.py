"""Server-sent events on the wire: frames, heartbeats, and an end for clients that do not keep up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Any, Final

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reelgate.api.leaving import SlowClient, left
from reelgate.telemetry import meter

SEND_LIMIT_S: Final = 5.0
"""How long one frame may wait for the client to take it."""

HEARTBEAT: Final = b": still here\n\n"
_HEADERS: Final = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    # Reverse proxies that buffer would hold events back.
    (b"x-accel-buffering", b"no"),
]


def frame(cursor: int, kind: str, data: Any) -> bytes:
    """Write one event; its id is the place in the log to resume after."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (cursor, kind.encode(), msgspec.json.encode(data))


class EventStream(Response):
    """Sends frames until they end, the client leaves, or it does not keep up."""

    def __init__(self, frames: AsyncGenerator[bytes, None], *, send_limit_s: float = SEND_LIMIT_S) -> None:
        self.status_code = 200
        self.background = None
        self.body = b""
        self.raw_headers = list(_HEADERS)
        self._frames = frames
        self._send_limit_s = send_limit_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(left(receive))
        live = meter.live.labels("sse")
        live.inc()
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            live.dec()
            for task in (sending, leaving):
                task.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async with aclosing(self._frames) as frames:
            async for part in frames:
                await self._deliver(send, part)
        await send({"type": "http.response.body", "body": b""})

    async def _deliver(self, send: Send, part: bytes) -> None:
        try:
            async with asyncio.timeout(self._send_limit_s):
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except TimeoutError as slow:
            raise SlowClient from slow
