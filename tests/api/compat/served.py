"""A bench that listens on a port, and our own dialects speaking to it as to a relay."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, assert_never

import uvicorn

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Channel,
    Closed,
    Dialect,
    Effect,
    Follow,
    Moment,
    Now,
    Observation,
    Output,
    Render,
    Submission,
)
from reelgate.core.task import Input, Request, Role, Size, Verb
from reelgate.net.client import Client
from reelgate.net.fetch import Fetched, fetch
from reelgate.net.guard import Guard
from tests.api.harness import Bench

T = TypeVar("T")
TOKEN = "00000000-0000-4000-8000-000000000001"


@asynccontextmanager
async def listening(bench: Bench) -> AsyncIterator[str]:
    """Serve the bench on a free port of loopback; gives its origin."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        config = uvicorn.Config(bench.app, log_config=None, lifespan="off", access_log=False)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([door]))
        try:
            yield f"http://127.0.0.1:{door.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@dataclass
class Relay:
    """One of our dialects with the gateway as its relay."""

    dialect: Dialect
    channel: Channel
    client: Client
    folder: Path

    async def submit(self, **asked: Any) -> Any:
        fields = {"prompt": "a red kite", "seconds": 4, "size": Size(1280, 720), **asked}
        request = Request(verb=Verb.CREATE, model="demo", **fields)
        upstream = self.channel.models["demo"]
        submission = Submission(request=request, upstream_model=upstream, token=TOKEN, submitted_at_ms=0)
        return await self.drive(self.dialect.submit(submission, self.channel))

    async def accepted(self, **asked: Any) -> str:
        outcome = await self.submit(**asked)
        assert isinstance(outcome, Accepted), outcome
        return outcome.ref

    async def poll(self, ref: str) -> Observation:
        return await self.drive(self.dialect.poll(ref, self.channel))

    async def fetch(self, output: Output) -> bytes:
        source: Any = output.url if output.call is None else output.call
        sink = self.folder / "clip"
        got = await fetch(
            self.client, source, sink, channel=self.channel, limit_bytes=1 << 20, deadline_s=60.0
        )
        assert isinstance(got, Fetched), got
        data = await asyncio.to_thread(sink.read_bytes)
        sink.unlink()
        return data

    def picture(self, data: bytes) -> Input:
        """Lay a picture where the client looks for files."""
        sha256 = hashlib.sha256(data).hexdigest()
        (self.folder / sha256).write_bytes(data)
        return Input(role=Role.FIRST_FRAME, sha256=sha256, media_type="image/png", bytes=len(data))

    async def drive(self, flow: Generator[Effect, Answer, T]) -> T:
        """Carry out a flow with the real client."""
        said: list[Any] = []
        try:
            effect = next(flow)
            while True:
                effect = flow.send(await self._carry_out(effect, said))
        except StopIteration as end:
            return end.value
        finally:
            for stream in said:
                await stream.aclose()

    async def _carry_out(self, effect: Effect, streams: list[Any]) -> Answer:
        match effect:
            case Call(stream=True):
                streams.append(self.client.stream(effect, self.channel, self.folder.__truediv__))
                return await anext(streams[-1])
            case Call():
                return await self.client.send(effect, self.channel, self.folder.__truediv__)
            case Follow():
                return await anext(streams[-1], Closed(clean=True))
            case Now():
                return Moment(0)
            case Render():
                raise AssertionError(effect)
            case _:
                assert_never(effect)


@asynccontextmanager
async def relayed(
    bench: Bench, origin: str, dialect: Dialect, folder: Path, *, base: str = "", model: str = "demo"
) -> AsyncIterator[Relay]:
    """Give a dialect of ours that speaks to the bench."""
    folder.mkdir(exist_ok=True)
    client = Client(Guard(allow=("127.0.0.1",)))
    channel = Channel(
        id="chan_relay",
        name="relay",
        dialect=dialect.name,
        base_url=f"{origin}{base}",
        secret=bench.key,
        models={"demo": model},
        self_hosted=True,
    )
    try:
        yield Relay(dialect, channel, client, folder)
    finally:
        await client.close()
