"""Vendors' simulators call a real server back over HTTP: signed, unsigned, tried first, repeated and forged."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reelgate.app import open_gateway
from reelgate.cli.local import add_key
from reelgate.engine import callbacks, operate
from reelgate.settings import load
from reelgate.testing.simulators import Script, Simulator, families
from reelgate.testing.simulators.sample import channel_of
from reelgate.testing.simulators.signing import jwks, webhook_secret
from tests.faults.conftest import Server

PATIENCE_S = 90.0
SECRET = "what-the-vendor-signs-with"
SIGNED = {
    "fal_queue": msgspec.json.encode(jwks(SECRET)).decode(),
    "gemini_interactions": webhook_secret(SECRET),
    "replicate": webhook_secret(SECRET),
    "veo_lro": webhook_secret(SECRET),
}
UNSIGNED = ("ark", "kie_veo", "kling", "luma", "minimax_v1", "minimax_v2", "zhenzhen_v2")
NEVER_AGAIN = "fixed:3600"
"""Asked once when it was sent, and once an hour after that: what ends sooner was ended by a callback."""


def free_port() -> int:
    """Give a free port below those the system hands out, so that nobody gets it before the server does."""
    for port in random.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no free port")


class Called:
    """A server whose channels lead to simulators, and what a test asks of it."""

    def __init__(self, server: Server, key: str, simulators: dict[str, Simulator]) -> None:
        self.server = server
        self.key = key
        self.simulators = simulators

    async def create(self, name: str, prompt: str) -> str:
        body = {"model": f"simulated-{name}", "prompt": prompt}
        answer = await asyncio.to_thread(self.server.call, "POST", "/v1/videos", self.key, body)
        assert "id" in answer, answer
        return answer["id"]

    async def video(self, video_id: str) -> dict[str, Any]:
        return await asyncio.to_thread(self.server.call, "GET", f"/v1/videos/{video_id}", self.key)

    async def completed(self, video_id: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while (video := await self.video(video_id))["status"] != "completed":
                assert video["status"] != "failed", video
                await asyncio.sleep(0.1)


@asynccontextmanager
async def called(folder: Path, *names: str) -> AsyncIterator[Called]:
    data, port = folder / "data", free_port()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        simulators: dict[str, Simulator] = {}
        settings = load(data, {"public_url": url, "net_allow": ("127.0.0.0/8",)})
        async with open_gateway(settings, engine=False) as gateway:
            key = (await add_key(gateway, name="caller")).token
            for name in names:
                family = families()[name]
                script = Script(queue_s=0.2, run_s=1.0, key=family.key, callback_secret=SECRET)
                simulator = await stack.enter_async_context(Simulator(family, script))
                simulators[name] = simulator
                channel = msgspec.structs.replace(
                    channel_of(simulator), id=f"chan_{name}", poll_policy=NEVER_AGAIN
                )
                secret = channel.secret
                bare = msgspec.structs.replace(channel, secret="")
                await operate.connect(gateway.ctx, bare, secret)
                if name in SIGNED:
                    await callbacks.sign_with(gateway.ctx, channel.id, SIGNED[name])
        env = {"REELGATE_PUBLIC_URL": url, "REELGATE_NET_ALLOW": "127.0.0.0/8"}
        server = Server(data, env, port)
        await asyncio.to_thread(server.start)
        stack.callback(server.__exit__)
        yield Called(server, key, simulators)


def test_every_vendor_that_calls_back_is_tried_here() -> None:
    """One takes https addresses alone; one is a proxy that only passes callbacks on."""
    ours = {name for name, family in families().items() if family.tell is not None}

    assert ours - {"openrouter", "litellm"} == {*SIGNED, *UNSIGNED}


async def test_callbacks_end_what_nobody_would_have_asked_about_for_an_hour(tmp_path: Path) -> None:
    names = (*SIGNED, *UNSIGNED)
    async with called(tmp_path, *names) as on:
        videos = [await on.create(name, "a boat [fault:duplicate_callback]") for name in names]
        for video_id in videos:
            await on.completed(video_id)

        told = {
            name: [one for one in sim.caller.told if not one.forged] for name, sim in on.simulators.items()
        }
        bills = {name: len(sim.bill) for name, sim in on.simulators.items()}

    assert bills == dict.fromkeys(names, 1)
    assert all(one.taken for each in told.values() for one in each), told
    assert all(told.values())


@pytest.mark.parametrize("name", ["replicate", "kling"])
async def test_a_forged_ending_is_never_believed(tmp_path: Path, name: str) -> None:
    """Where callbacks are signed it is refused; where they are not it costs one more question."""
    async with called(tmp_path, name) as on:
        simulator = on.simulators[name]
        video_id = await on.create(name, "a boat [fault:forged_callback]")
        await on.completed(video_id)
        forged = [one for one in simulator.caller.told if one.forged]

    assert forged
    assert all(one.taken is (name == "kling") for one in forged)
    assert len(simulator.bill) == 1
