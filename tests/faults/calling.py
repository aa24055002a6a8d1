"""A real server whose channels lead to vendors' simulators in the test's own process."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec

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

    def status(self, video_id: str) -> str:
        """Look at the row, which says more than clients are told."""
        with contextlib.closing(sqlite3.connect(self.server.data / "reelgate.db")) as conn:
            return conn.execute("SELECT status FROM tasks WHERE id = ?", (video_id,)).fetchone()[0]

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait for something that has to happen."""
        async with asyncio.timeout(PATIENCE_S):
            while not await asyncio.to_thread(condition):  # noqa: ASYNC110 - another process changes it
                await asyncio.sleep(0.05)

    async def completed(self, video_id: str) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while (video := await self.video(video_id))["status"] != "completed":
                assert video["status"] != "failed", video
                await asyncio.sleep(0.1)


@asynccontextmanager
async def called(folder: Path, *names: str, run_s: float = 1.0) -> AsyncIterator[Called]:
    data, port = folder / "data", free_port()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        simulators: dict[str, Simulator] = {}
        settings = load(data, {"public_url": url, "net_allow": ("127.0.0.0/8",)})
        async with open_gateway(settings, engine=False) as gateway:
            key = (await add_key(gateway, name="caller")).token
            for name in names:
                family = families()[name]
                script = Script(queue_s=0.2, run_s=run_s, key=family.key, callback_secret=SECRET)
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
