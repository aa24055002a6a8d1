"""A create that brings its figure along: `character_url` or `character_from_task`, and a span of 1 to 3 seconds."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec
import pytest

from reelgate.engine.context import Who
from reelgate.engine.likenesses import Span, keep_from_url
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.store import tasks as task_rows
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.testing.upstream.clip import clip
from tests.api.harness import Answer, Bench

CREATES = (
    "/v1/video/create",
    "/v2/videos/generations",
    "/v1/video/generations",
    "/relay/v1/videos",
    "/v1/videos",
    "/api/video/tasks",
)
ELSEWHERE = "https://clips.test/a.mp4"


async def asked(bench: Bench, path: str, **fields: Any) -> Answer:
    return await bench.post(
        path, {"model": "demo", "prompt": "a red kite", **fields}, headers={"host": "gate.test"}
    )


async def made(bench: Bench, path: str, **fields: Any) -> Any:
    answer = await asked(bench, path, **fields)
    assert answer.status == 200, answer.body
    body = answer.json()
    found = body.get("task_id") or body.get("id") or body["data"]["videoId"]
    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, found))
    assert task is not None
    return task.request


async def characters(bench: Bench) -> list[str]:
    found = (await bench.ask("GET", "/api/character/list")).json()["data"]["characters"]
    return [one["id"] for one in found]


async def test_every_create_makes_the_figure_of_a_finished_clip_once_and_uses_it(bench: Bench):
    """Rows 000-11, 000-13 and 000-37: by the address of a clip of ours, and by its task."""
    task_id = await bench.made()
    await bench.complete(task_id, clip())
    link = f"http://gate.test/v1/videos/{task_id}/content?sig=x"

    for path in CREATES:
        by_address = await made(bench, path, character_url=link, character_timestamps="0,1")
        by_task = await made(bench, path, character_from_task=task_id, character_timestamps="0,1")

        kept = await characters(bench)
        assert [i.character_id for r in (by_address, by_task) for i in r.inputs] == kept * 2
        assert len(kept) == 1, path


class _Files(BaseHTTPRequestHandler):
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        self.send_response(200)
        self.send_header("content-type", "video/mp4")
        self.send_header("content-length", str(len(clip())))
        self.end_headers()
        self.wfile.write(clip())

    def log_message(self, format: str, *args: Any) -> None:
        return


async def test_a_figure_that_was_kept_before_is_not_fetched_again(bench: Bench):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = Client(Guard(allow=("127.0.0.1",)))
    url = f"http://127.0.0.1:{server.server_port}/a.mp4"
    try:
        who = Who(user_id=DEFAULT_USER, project_id=DEFAULT_PROJECT)
        kept = await keep_from_url(dataclasses.replace(bench.ctx, client=client), who, url, Span(0, 1))
    finally:
        await client.close()
        await asyncio.to_thread(server.shutdown)
        server.server_close()

    request = await made(bench, "/v1/video/create", character_url=url, character_timestamps="0,1")

    assert [i.character_id for i in request.inputs] == [kept.id]
    assert _Files.asked == 1


@pytest.mark.parametrize("path", CREATES)
async def test_an_address_inside_is_refused_by_its_field(bench: Bench, path: str):
    """The guard says no before anything is asked, and nothing is made."""
    for url in ("http://169.254.169.254/a.mp4", "http://127.0.0.1:9/a.mp4"):
        answer = await asked(bench, path, character_url=url, character_timestamps="0,1")

        assert answer.status == 400, answer.body
        param = answer.json().get("param") or answer.json()["error"]["param"]
        assert param == "character_url"
    assert await characters(bench) == []
    assert bench.runner.enqueued.empty()


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"character_url": ELSEWHERE}, "character_timestamps"),
        ({"character_url": ELSEWHERE, "character_timestamps": "soon"}, "character_timestamps"),
        ({"character_url": ELSEWHERE, "character_timestamps": "0,4"}, "character_timestamps"),
        ({"character_timestamps": "0,1"}, "character_timestamps"),
        ({"character_url": 7, "character_timestamps": "0,1"}, "character_url"),
        (
            {"character_url": ELSEWHERE, "character_from_task": "video_1", "character_timestamps": "0,1"},
            "character_url",
        ),
    ],
)
async def test_a_figure_that_cannot_be_made_is_refused_by_its_field(
    bench: Bench, fields: dict[str, Any], param: str
):
    answer = await asked(bench, "/v1/video/create", **fields)

    assert (answer.status, answer.json()["error"]["param"]) == (400, param), answer.body


async def test_a_model_that_takes_no_figures_says_so_before_anything_is_fetched(bench: Bench):
    plain = {"characters": 0}
    profiles: Any = bench.ctx.profiles
    known = profiles["scripted"]
    changed = [msgspec.structs.replace(one, **plain) for one in known.model]
    profiles["scripted"] = msgspec.structs.replace(known, model=tuple(changed))
    await bench.ctx.channels.reload(bench.ctx.backend)

    answer = await asked(
        bench, "/v1/video/create", character_url="http://127.0.0.1:9/a.mp4", character_timestamps="0,1"
    )

    assert (answer.status, answer.json()["error"]["param"]) == (400, "character_url")
    assert "takes none" in answer.json()["error"]["message"]


async def test_a_dry_run_keeps_no_figure(bench: Bench):
    task_id = await bench.made()
    await bench.complete(task_id, clip())

    answer = await asked(
        bench, "/v1/videos?dry_run=true", character_from_task=task_id, character_timestamps="0,1"
    )

    assert answer.status == 200, answer.body
    assert await characters(bench) == []
