"""What tests of simulated vendors share: a stand at the door, a picture, an ear for callbacks."""

from __future__ import annotations

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp
import av
import msgspec
from aiohttp import web
from PIL import Image

from reelgate.app import load_dialects
from reelgate.core.dialect import Accepted, Callback, Observation, SubmitOutcome
from reelgate.core.task import Input, Role
from reelgate.testing.round_trip import Route, Traveller, travelling
from reelgate.testing.simulators import families

PATIENCE_S = 60.0
loaded = cache(load_dialects)


@cache
def png() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (64, 36), (20, 90, 160)).save(file, "PNG")
    return file.getvalue()


def route(name: str, folder: Path, **changes: Any) -> Route:
    dialects, profiles = loaded()
    family = msgspec.structs.replace(families()[name], **changes)
    profile = profiles[name].find(family.model)
    assert profile is not None
    (folder / hashlib.sha256(png()).hexdigest()).write_bytes(png())
    return Route(dialect=dialects[name], family=family, profile=profile, folder=folder)


def at(name: str, folder: Path, *faults: str, **changes: Any) -> AbstractAsyncContextManager[Traveller]:
    """Stand at the door of a family's simulator; `changes` are of the family."""
    return travelling(route(name, folder, **changes), *faults)


def picture(role: Role = Role.FIRST_FRAME) -> Input:
    data = png()
    return Input(role=role, sha256=hashlib.sha256(data).hexdigest(), media_type="image/png", bytes=len(data))


async def submit(
    on: Traveller, *inputs: Input, prompt: str = "a paper boat", parent: str | None = None, **changes: Any
) -> SubmitOutcome:
    given = on.submission(prompt)
    model = changes.pop("model", given.upstream_model)
    request = msgspec.structs.replace(given.request, inputs=inputs, **changes)
    given = msgspec.structs.replace(given, request=request, upstream_model=model, parent_ref=parent)
    return await on.drive(on.dialect.submit(given, on.channel))


async def accepted(on: Traveller, *inputs: Input, **changes: Any) -> str:
    outcome = await submit(on, *inputs, **changes)
    assert isinstance(outcome, Accepted), outcome
    return outcome.ref


async def ended(on: Traveller, prompt: str = "a paper boat", **changes: Any) -> Observation:
    ref = await accepted(on, prompt=prompt, **changes)
    on.finish()
    return await on.poll(ref)


async def brought_home(on: Traveller, ref: str) -> bytes:
    on.finish()
    seen = await on.poll(ref)
    assert seen.outputs, seen
    data = await on.fetch(seen.outputs[0])
    assert isinstance(data, bytes), data
    return data


def frames(data: bytes) -> int:
    with av.open(io.BytesIO(data), "r") as clip:
        return sum(1 for _ in clip.decode(video=0))


def headers_of(on: Traveller) -> dict[str, str]:
    """The key, in every way a vendor takes one."""
    secret = on.channel.secret
    key = f"Key {secret}" if on.channel.dialect == "fal_queue" else f"Bearer {secret}"
    return {"Authorization": key, "x-goog-api-key": secret}


async def ask(on: Traveller, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """Call the simulator as any client could; an answer that is no JSON is given as bytes."""
    url = f"{on.simulator.origin}{path}"
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(PATIENCE_S)) as http,
        http.request(method, url, json=body, headers=headers_of(on) | headers) as answer,
    ):
        raw = await answer.read()
        try:
            return answer.status, msgspec.json.decode(raw)
        except msgspec.DecodeError:
            return answer.status, raw


class Ear:
    """Listens for callbacks."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.heard: list[Callback] = []
        self._came = asyncio.Event()

    def hear(self, callback: Callback) -> None:
        self.heard.append(callback)
        self._came.set()

    @property
    def bodies(self) -> list[Any]:
        return [msgspec.json.decode(each.body) for each in self.heard]

    async def until(self, holds: Callable[[list[Any]], bool]) -> list[Any]:
        async with asyncio.timeout(PATIENCE_S):
            while not holds(self.bodies):
                self._came.clear()
                await self._came.wait()
        return self.bodies


@asynccontextmanager
async def listening(*, echo: bool = True) -> AsyncIterator[Ear]:
    """Open an address for callbacks; with `echo` a challenge is answered as it should be."""
    ear = Ear("")

    async def hear(request: web.Request) -> web.Response:
        body = await request.read()
        told = msgspec.json.decode(body)
        if "challenge" in told:
            return web.json_response({"challenge": told["challenge"] if echo else "something else"})
        named = {name.lower(): value for name, value in request.headers.items()}
        ear.hear(Callback(headers=named, body=body))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    ear.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield ear
    finally:
        await runner.cleanup()
