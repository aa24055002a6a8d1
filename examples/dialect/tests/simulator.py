"""The example's upstream over real HTTP: a simulator that keeps jobs and a bill, and makes clips that play.

`python simulator.py` prints its address as JSON and serves until it is stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from typing import Any

from aiohttp import web

from reelgate.testing.upstream.clip import clip

KEY = "example-key"
STEPS = ({"status": "WAITING"}, {"status": "RUNNING", "progress": "54%"}, {"status": "SUCCESS"})
"""What a job answers to the first, the second and every later question."""


class Simulator:
    """An upstream on a port of its own; `bill` holds the prompt of every job it took."""

    def __init__(self) -> None:
        self.bill: list[str] = []
        self._asked: dict[str, int] = {}
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Simulator:
        app = web.Application(middlewares=[_marked])
        app.add_routes(
            [
                web.post("/jobs", self._create),
                web.get("/jobs/{id}", self._show),
                web.get("/files/{id}.mp4", self._file),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    @property
    def base_url(self) -> str:
        """The address a channel is given."""
        assert self._runner is not None
        host, port = self._runner.addresses[0][:2]
        return f"http://{host}:{port}"

    async def _create(self, request: web.Request) -> web.Response:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return web.json_response(
                {"error": {"message": "Unknown key.", "code": "unauthorized"}}, status=401
            )
        asked: dict[str, Any] = await request.json()
        self.bill.append(asked["prompt"])
        job = f"j{len(self.bill)}"
        self._asked[job] = 0
        return web.json_response({"id": job, "status": "WAITING"})

    async def _show(self, request: web.Request) -> web.Response:
        job = request.match_info["id"]
        if job not in self._asked:
            return web.json_response({"error": {"message": "No such job.", "code": "not_found"}}, status=404)
        step = STEPS[min(self._asked[job], len(STEPS) - 1)]
        self._asked[job] += 1
        done = {"url": f"{self.base_url}/files/{job}.mp4"} if step is STEPS[-1] else {}
        return web.json_response({"id": job, **step, **done})

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=clip(), content_type="video/mp4")


@web.middleware
async def _marked(request: web.Request, handler: Any) -> web.StreamResponse:
    response = await handler(request)
    response.headers["x-reelgate-simulator"] = "1"
    return response


async def _serve() -> None:
    async with Simulator() as upstream:
        sys.stdout.write(json.dumps({"base_url": upstream.base_url}) + "\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve())
