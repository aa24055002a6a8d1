"""The flows over real HTTP, against a server that answers as the recorded one did."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from reelgate.core.dialect import Accepted, Answer, Call, Channel, Effect, Found, Phase
from reelgate.core.task import Input, Role
from reelgate.dialects.comfyui import DIALECT
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from tests.dialects.comfyui.case import ID, INPUTS, RECORDED, submission, using, workflow

PNG = b"\x89PNG not really"


class Server:
    """Holds one job, and speaks of its progress on the socket of its client alone."""

    def __init__(self) -> None:
        self.uploads: dict[str, bytes] = {}
        self.prompts: list[dict[str, Any]] = []
        self.ended = False

    async def upload(self, request: web.Request) -> web.Response:
        form = await request.post()
        file = form["image"]
        assert isinstance(file, web.FileField)
        self.uploads[file.filename] = file.file.read()
        return web.json_response({"name": file.filename, "subfolder": "", "type": form["type"]})

    async def prompt(self, request: web.Request) -> web.Response:
        assert "Origin" not in request.headers
        body = await request.json()
        self.prompts.append(body)
        return web.json_response({"prompt_id": body["prompt_id"], "number": 1, "node_errors": {}})

    async def job(self, request: web.Request) -> web.Response:
        job_id = request.match_info["id"]
        if job_id not in [p["prompt_id"] for p in self.prompts]:
            return web.json_response({"error": "Job not found"}, status=404)
        recorded = RECORDED["R-UPL-10" if self.ended else "R-DUP-03"]["body"]
        return web.json_response(recorded | {"id": job_id})

    async def queue(self, _: web.Request) -> web.Response:
        living = [[1, p["prompt_id"], {}, {"client_id": p["client_id"]}, ["10"]] for p in self.prompts]
        return web.json_response({"queue_running": living, "queue_pending": []})

    async def socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_json({"type": "status", "data": {"status": {"exec_info": {"queue_remaining": 1}}}})
        await socket.send_bytes(bytes.fromhex(RECORDED["R-WS-13"]["bytes"]["head_hex"]))
        if request.query["clientId"] == ID:
            data = {"value": 7, "max": 20, "prompt_id": ID, "node": "3"}
            await socket.send_json({"type": "progress", "data": data})
        await socket.receive()
        return socket

    async def view(self, request: web.Request) -> web.Response:
        assert dict(request.query) == {
            "filename": "heldout_i2v_00001_.mp4",
            "subfolder": "video",
            "type": "output",
        }
        return web.Response(body=b"clip", content_type="video/mp4")


@asynccontextmanager
async def running(server: Server) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/upload/image", server.upload)
    app.router.add_post("/prompt", server.prompt)
    app.router.add_get("/api/jobs/{id}", server.job)
    app.router.add_get("/queue", server.queue)
    app.router.add_get("/ws", server.socket)
    app.router.add_get("/view", server.view)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def drive(flow: Generator[Effect, Answer, Any], client: Client, on: Channel, files: Path) -> Any:
    """Carry a flow out through the real way out."""
    lines: Any = None
    try:
        effect = next(flow)
        while True:
            if isinstance(effect, Call) and not effect.stream:
                answer: Any = await client.send(effect, on, lambda sha256: files / sha256)
            else:
                if isinstance(effect, Call):
                    lines = client.stream(effect, on, lambda sha256: files / sha256)
                answer = await anext(lines)
            effect = flow.send(answer)
    except StopIteration as end:
        return end.value
    finally:
        if lines is not None:
            async with aclosing(lines):
                pass


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    made = Client(Guard([]))
    yield made
    await made.close()


async def test_a_picture_becomes_a_clip(client: Client, tmp_path: Path):
    (tmp_path / ("a" * 64)).write_bytes(PNG)
    server = Server()
    first = Input(role=Role.FIRST_FRAME, sha256="a" * 64, media_type="image/png", bytes=len(PNG))
    given = submission(inputs=(first,))
    async with running(server) as base:
        settings = using(inputs=INPUTS | {"first_frame": "12.image"}, progress_node="3").settings
        on = Channel(id="c", name="c", dialect="comfyui", base_url=base, self_hosted=True, settings=settings)

        accepted = await drive(DIALECT.submit(given, on), client, on, tmp_path)
        found = await drive(DIALECT.find(given, on, frozenset()), client, on, tmp_path)
        seen = await drive(DIALECT.poll(ID, on), client, on, tmp_path)
        server.ended = True
        done = await drive(DIALECT.poll(ID, on), client, on, tmp_path)
        clip = await client.send(done.outputs[0].call, on, lambda sha256: tmp_path / sha256)

    assert isinstance(accepted, Accepted)
    assert isinstance(found, Found)
    assert accepted.ref == found.ref == ID
    (name,) = server.uploads
    assert server.uploads[name] == PNG
    assert server.prompts[0]["prompt"]["12"]["inputs"]["image"] == name
    assert (seen.phase, seen.progress) == (Phase.IN_PROGRESS, 35)
    assert clip.body == b"clip"  # type: ignore[union-attr]
    assert workflow()["inputs"] == INPUTS
