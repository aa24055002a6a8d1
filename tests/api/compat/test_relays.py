"""What code written for a relay sends and reads, field by field; every refusal in its relay's envelope."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from reelgate.core.errors import CallerError, Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.limits import Allowance, Subject
from reelgate.engine.context import Who
from reelgate.engine.likenesses import Span, keep_from_url
from reelgate.engine.limits import set_allowance
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.store import tasks as task_rows
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.testing.upstream.clip import clip
from tests.api.harness import Bench, png

CREATES = ("/v1/video/create", "/v2/videos/generations", "/v1/video/generations")
ABSENT = "video_" + "0" * 26


def polled(path: str, task_id: str) -> str:
    return {
        "/v1/video/create": f"/v1/video/query?id={task_id}",
        "/v2/videos/generations": f"/v2/videos/generations/{task_id}",
        "/v1/video/generations": f"/v1/video/generations/{task_id}",
    }[path]


async def started(bench: Bench, path: str = "/v1/video/create", **fields: Any) -> str:
    answer = await bench.post(path, {"model": "demo", "prompt": "a red kite", **fields})
    assert answer.status == 200, answer.body
    body = answer.json()
    return body.get("task_id") or body["id"]


async def request_of(bench: Bench, task_id: str) -> Any:
    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, task_id))
    assert task is not None
    assert task.surface == "compat"
    return task.request


def without_origin(url: str) -> str:
    return "/" + url.split("/", 3)[3]


async def test_the_unified_create_takes_every_field_of_the_sources(bench: Bench):
    """Rows 000-03, 000-04, 000-17 and 000-18."""
    body = {
        "model": "sora-2",
        "prompt": "a red kite",
        "orientation": "landscape",
        "duration": 10,
        "size": "small",
        "watermark": False,
        "private": True,
        "images": [],
    }

    answer = await bench.post("/v1/video/create", body)

    assert answer.status == 200
    assert (answer.json()["status"], answer.json()["progress"]) == ("pending", 0)
    request = await request_of(bench, answer.json()["id"])
    assert (request.seconds, str(request.size)) == (10, "1280x720")


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ({"orientation": "portrait", "size": "small"}, "720x1280"),
        ({"orientation": "portrait", "size": "hd"}, "1080x1920"),
        ({"orientation": "landscape", "size": "large"}, "1920x1080"),
        ({"aspect_ratio": "16:9", "hd": True}, "1920x1080"),
        ({"aspect_ratio": "9:16", "hd": False}, "720x1280"),
        ({"ratio": "1:1", "resolution": "480P"}, "480x480"),
        ({"size": "16x9"}, "1280x720"),
        ({"size": "640x360", "orientation": "portrait"}, "640x360"),
        ({"width": 320, "height": 180}, "320x180"),
    ],
)
async def test_words_for_a_format_become_a_size(bench: Bench, words: dict[str, Any], size: str):
    """Rows 000-17 and 000-18."""
    for path in CREATES:
        assert str((await request_of(bench, await started(bench, path, **words))).size) == size


async def test_the_unified_query_has_its_four_keys_on_top(bench: Bench):
    """Rows 000-05 and 000-29."""
    task_id = await started(bench)
    await bench.run(task_id)

    running = (await bench.ask("GET", f"/v1/video/query?id={task_id}")).json()
    assert (running["id"], running["status"], running["progress"]) == (task_id, "processing", 10)
    assert running["video_url"] is None
    assert running["detail"]["pending_info"]["progress_pct"] == 0.1


async def test_the_clips_address_needs_no_key_and_is_ours(bench: Bench):
    """Rows 000-29, 000-30 and 000-31."""
    for path in CREATES:
        task_id = await started(bench, path)
        await bench.complete(task_id, b"the clip")
        body = (await bench.ask("GET", polled(path, task_id), headers={"host": "gate.test:81"})).json()
        url = body.get("video_url") or body.get("url") or body["data"]["output"]

        assert url.startswith(f"http://gate.test:81/v1/videos/{task_id}/content?")
        got = await bench.ask("GET", without_origin(url), key=None)
        assert (got.status, got.body) == (200, b"the clip")


async def test_v2_has_the_unified_task_shape(bench: Bench):
    """Rows 000-06, 000-07, 000-08 and 000-09."""
    task_id = await started(bench, "/v2/videos/generations")

    born = (await bench.ask("GET", f"/v2/videos/generations/{task_id}")).json()
    assert set(born) == {
        *("task_id", "platform", "action", "status", "fail_reason"),
        *("submit_time", "start_time", "finish_time", "progress", "data"),
    }
    assert (born["platform"], born["action"], born["status"]) == ("openai", "sora-video", "NOT_START")
    assert (born["fail_reason"], born["data"], born["progress"]) == ("", None, "0%")
    assert born["submit_time"] == born["start_time"] == bench.clock.now_ms() // 1000

    await bench.complete(task_id)
    done = (await bench.ask("GET", f"/v2/videos/generations/{task_id}")).json()
    assert (done["status"], done["progress"]) == ("SUCCESS", "100%")
    assert done["finish_time"] == bench.clock.now_ms() // 1000
    failed = await started(bench, "/v2/videos/generations")
    await bench.fail(failed, error=Failure(code=Code.UPSTREAM_FAILED, message="It broke."))
    lost = (await bench.ask("GET", f"/v2/videos/generations/{failed}")).json()
    assert (lost["status"], lost["fail_reason"], lost["data"]) == ("FAILURE", "It broke.", None)


async def test_the_generic_answer_is_plain_and_wrapped_at_once(bench: Bench):
    task_id = await started(bench, "/v1/video/generations", width=320, height=180, duration=5, n=1)
    await bench.run(task_id)

    body = (await bench.ask("GET", f"/v1/video/generations/{task_id}")).json()

    assert (body["task_id"], body["status"], body["code"]) == (task_id, "in_progress", "success")
    assert body["metadata"] == {"duration": 5, "width": 320, "height": 180}
    assert (body["data"]["status"], body["data"]["progress"]) == ("IN_PROGRESS", "10%")


async def test_every_form_of_an_id_finds_its_task(bench: Bench):
    task_id = await started(bench)
    tail = task_id.removeprefix("video_")

    for form in (task_id, f"task_{tail}", f"sora-2:task_{tail}", f"demo:video_{tail}"):
        for path in CREATES:
            assert (await bench.ask("GET", polled(path, form))).status == 200, (path, form)


@pytest.mark.parametrize("path", CREATES)
async def test_foreign_and_absent_tasks_look_the_same(bench: Bench, path: str):
    task_id = await started(bench, path)
    stranger = await bench.stranger()

    for key, wanted in ((stranger, task_id), ("", ABSENT), ("", "x"), ("", "task_"), ("", "a" * 400)):
        answer = await bench.ask("GET", polled(path, wanted), key=key)
        body = answer.json()
        assert answer.status == 404
        assert "detail" not in body
        code = body["error"]["code"] if path == "/v1/video/create" else body["code"]
        assert code == ("not_found" if path == "/v1/video/create" else "task_not_exist")


@pytest.mark.parametrize("path", CREATES)
@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": 7}, "prompt"),
        ({"duration": "long"}, "duration"),
        ({"duration": 61}, "duration"),
        ({"duration": 0}, "duration"),
        ({"aspect_ratio": "wide"}, "aspect_ratio"),
        ({"orientation": "upwards"}, "orientation"),
        ({"size": "vast"}, "size"),
        ({"hd": "perhaps"}, "hd"),
        ({"resolution": "much"}, "resolution"),
        ({"images": ["no address"]}, "images"),
        ({"images": [{"image_url": 5}]}, "images"),
        ({"model": "nobody"}, "model"),
        ({"frobnicate": 1}, "frobnicate"),
    ],
)
async def test_a_refusal_names_the_relays_field_in_the_relays_envelope(
    bench: Bench, path: str, fields: dict[str, Any], param: str
):
    answer = await bench.post(path, {"model": "demo", "prompt": "a red kite", **fields})

    body = answer.json()
    assert answer.status in (400, 404)
    if path == "/v1/video/create":
        assert set(body["error"]) == {"message", "message_zh", "type", "param", "code"}
        assert body["error"]["param"] == param
        assert f"`{param}`" in body["error"]["message"] or param == "model"
    else:
        assert set(body) == {"code", "message", "data", "param"}
        assert (body["data"], body["param"]) == (None, param)


@pytest.mark.parametrize(
    "path", [*CREATES, "/v1/video/storyboard", "/sora/v1/characters", "/v1/chat/completions"]
)
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null", b"\xff", b'{"prompt":{}}', b'{"images":{}}'])
async def test_bad_bodies_are_refused_and_nothing_is_made(bench: Bench, path: str, body: bytes):
    answer = await bench.ask("POST", path, body=body, headers={"content-type": "application/json"})

    assert answer.status == 400
    assert "detail" not in answer.json()
    assert bench.runner.enqueued.empty()


async def test_the_same_create_twice_is_one_task(bench: Bench):
    for path in CREATES:
        fields = {"model": "demo", "prompt": "a red kite"}
        key = {"idempotency-key": f"k{path}"}
        one, two = [await bench.post(path, fields, headers=key) for _ in range(2)]
        other = await bench.post(path, {**fields, "prompt": "a blue kite"}, headers=key)

        assert one.json().get("task_id") == two.json().get("task_id")
        assert one.json().get("id") == two.json().get("id")
        assert two.headers["idempotent-replayed"] == "true"
        assert other.status == 400


async def test_pictures_are_taken_from_the_relays_own_file_host(bench: Bench):
    for host in ("/api/upload", "/v1/files/upload"):
        kept = await bench.form(host, [("file", "a.png", "image/png", png())], headers={"host": "gate.test"})
        url = kept.json()["url"]
        answer = await bench.post(
            "/v1/video/create",
            {"model": "demo", "prompt": "a red kite", "images": [url, url]},
            headers={"host": "gate.test"},
        )

        assert answer.status == 200, answer.body
        request = await request_of(bench, answer.json()["id"])
        assert [i.role.value for i in request.inputs] == ["reference", "reference"]


async def test_a_storyboard_is_one_task_with_its_shots_in_the_prompt(bench: Bench):
    """Row 000-33."""
    shots = [{"scene": "a kite rises", "duration": 2}, {"scene": "it falls", "duration": 2.5}]

    answer = await bench.post("/v1/video/storyboard", {"model": "demo", "prompt": "Windy.", "shots": shots})

    request = await request_of(bench, answer.json()["id"])
    assert request.prompt == (
        "Windy.\n\nShot 1:\nduration: 2sec\nScene: a kite rises\n\nShot 2:\nduration: 2.5sec\nScene: it falls"
    )
    assert request.seconds == 5


@pytest.mark.parametrize(
    "shots", [None, [], [{}], [{"scene": " "}], [3], [{"scene": "x", "duration": "long"}], ["x"] * 51]
)
async def test_a_storyboard_without_usable_shots_is_refused(bench: Bench, shots: Any):
    answer = await bench.post("/v1/video/storyboard", {"model": "demo", "shots": shots})

    assert answer.status == 400
    assert answer.json()["error"]["param"].startswith("shots")


# Characters.


async def test_a_character_has_the_fields_of_the_sources(bench: Bench):
    """Rows 000-13 and 000-16."""
    task_id = await started(bench)
    await bench.complete(task_id, clip())

    answer = await bench.post("/sora/v1/characters", {"from_task": task_id, "timestamps": "0,1"})

    assert answer.status == 200, answer.body
    body = answer.json()
    assert set(body) == {"id", "username", "display_name", "permalink", "profile_picture_url"}
    assert (await bench.ask("GET", f"/v1/videos/characters/{body['id']}")).json()["name"] == body["username"]


@pytest.mark.parametrize(
    ("fields", "status", "param"),
    [
        ({"model": "sora-2"}, 404, "model"),
        ({"timestamps": "0,0.5"}, 400, "timestamps"),
        ({"timestamps": "0,4"}, 400, "timestamps"),
        ({"timestamps": "3,1"}, 400, "timestamps"),
        ({"timestamps": "600,602"}, 400, "timestamps"),
        ({"timestamps": "soon"}, 400, "timestamps"),
        ({"name": "a" * 81}, 400, "name"),
        ({"timestamps": None}, 400, "timestamps"),
        ({"url": "https://clips.test/a.mp4"}, 400, "url"),
        ({"from_task": None}, 400, "url"),
        ({"from_task": None, "url": "http://127.0.0.1/a.mp4"}, 400, "url"),
        ({"from_task": ABSENT}, 404, None),
    ],
)
async def test_a_character_that_cannot_be_made_is_refused_by_its_field(
    bench: Bench, fields: dict[str, Any], status: int, param: str | None
):
    """Rows 000-11, 000-12, 000-25 and 000-53."""
    task_id = await started(bench)
    await bench.complete(task_id, clip())

    answer = await bench.post("/sora/v1/characters", {"from_task": task_id, "timestamps": "0,1", **fields})

    assert (answer.status, answer.json()["error"]["param"]) == (status, param)


async def test_a_character_may_be_named_and_stands_in_the_library(bench: Bench):
    task_id = await started(bench)
    await bench.complete(task_id, clip())

    answer = await bench.post(
        "/sora/v1/characters", {"from_task": task_id, "timestamps": "0,1", "name": " Ada "}
    )
    shown = (await bench.ask("GET", "/api/library/items?kind=character")).json()["data"]

    assert answer.json()["username"] == "Ada"
    assert [(one["id"], one["name"]) for one in shown] == [(answer.json()["id"], "Ada")]


async def test_a_character_waits_for_its_task(bench: Bench):
    """Rows 000-15 and 000-52."""
    task_id = await started(bench)

    answer = await bench.post("/sora/v1/characters", {"from_task": task_id, "timestamps": "0,1"})

    assert (answer.status, answer.json()["error"]["code"]) == (409, "not_ready")


# The chat.


def asking(**more: Any) -> bytes:
    body = {"model": "demo", "messages": [{"role": "user", "content": "a red kite"}], **more}
    return json.dumps(body).encode()


JSON = {"content-type": "application/json"}


async def test_a_chat_streams_progress_and_ends_with_the_clip(bench: Bench):
    """Row 002-14."""
    stream = bench.open(
        "POST", "/v1/chat/completions", body=asking(stream=True, temperature=0.3), headers=JSON
    )
    start = await stream.next()
    assert start["status"] == 200
    async with asyncio.timeout(60):
        video_id = await bench.runner.enqueued.get()
    await stream.until(b"is queued")
    await bench.run(video_id)
    await stream.until(b"10%")
    await bench.move(video_id, Status.ARCHIVING)
    await bench.move(video_id, Status.COMPLETED, completed_at=bench.clock.now_ms(), progress=100)

    text = (await stream.rest()).decode()

    chunks = [json.loads(line[6:]) for line in text.split("\n") if line.startswith("data: {")]
    assert f"/v1/videos/{video_id}/content?sig=" in chunks[-2]["choices"][0]["delta"]["content"]
    assert chunks[-1]["choices"][0]["finish_reason"] == "stop"
    assert text.endswith("data: [DONE]\n\n")


async def test_a_chat_without_a_stream_answers_with_the_clip(bench: Bench):
    asked = asyncio.create_task(
        bench.ask("POST", "/v1/chat/completions", body=asking(), headers={**JSON, "host": "gate.test"})
    )
    async with asyncio.timeout(60):
        video_id = await bench.runner.enqueued.get()
    await bench.complete(video_id, b"the clip")
    async with asyncio.timeout(60):
        answer = await asked

    body = answer.json()
    assert (answer.status, body["object"]) == (200, "chat.completion")
    assert body["video_url"] in body["choices"][0]["message"]["content"]
    assert (await bench.ask("GET", without_origin(body["video_url"]), key=None)).body == b"the clip"


@pytest.mark.parametrize(
    "messages",
    [
        None,
        [],
        "x",
        [{"role": "assistant", "content": "x"}],
        [{"role": "user"}],
        [{"role": "user", "content": " "}],
    ],
)
async def test_a_chat_that_says_nothing_is_refused(bench: Bench, messages: Any):
    answer = await bench.ask("POST", "/v1/chat/completions", body=asking(messages=messages), headers=JSON)

    assert (answer.status, answer.error["param"]) == (400, "messages")


async def test_a_chat_takes_pictures_beside_the_text(bench: Bench):
    kept = await bench.form(
        "/api/upload", [("file", "a.png", "image/png", png())], headers={"host": "gate.test"}
    )
    parts = [
        {"type": "text", "text": "a red kite"},
        {"type": "image_url", "image_url": {"url": kept.json()["url"]}},
    ]
    body = asking(messages=[{"role": "user", "content": parts}], stream=True)
    stream = bench.open("POST", "/v1/chat/completions", body=body, headers={**JSON, "host": "gate.test"})
    assert (await stream.next())["status"] == 200
    async with asyncio.timeout(60):
        video_id = await bench.runner.enqueued.get()

    assert len((await request_of(bench, video_id)).inputs) == 1
    await stream.leave()


# Limits, and clips from elsewhere.


@pytest.mark.parametrize("path", CREATES)
async def test_one_create_too_many_says_when_to_come_back(bench: Bench, path: str):
    """Row 000-28."""
    await set_allowance(bench.ctx, Allowance(subject=Subject.USER, id=DEFAULT_USER, requests_per_minute=1))
    await started(bench, path)

    refused = await bench.post(path, {"model": "demo", "prompt": "a red kite"})

    assert refused.status == 429
    assert (refused.headers["retry-after"], refused.headers["x-should-retry"]) == ("60", "true")
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"


@pytest.mark.parametrize("path", CREATES)
@pytest.mark.parametrize("name", ["notify_hook", "callback_url"])
async def test_whom_to_tell_of_the_end_is_taken_and_judged(bench: Bench, path: str, name: str):
    fields = {"model": "demo", "prompt": "a red kite"}

    inside = await bench.post(path, {**fields, name: "http://169.254.169.254/hook"})

    assert inside.status == 400
    assert bench.runner.enqueued.empty()


class _Files(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "video/mp4")
        self.send_header("content-length", str(len(clip())))
        self.end_headers()
        self.wfile.write(clip())

    def log_message(self, format: str, *args: Any) -> None:
        return


async def test_a_character_is_kept_from_an_address(bench: Bench):
    """Row 000-11: fetched through the guard, and the same address again is the same character."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    client = Client(Guard(allow=("127.0.0.1",)))
    ctx = dataclasses.replace(bench.ctx, client=client)
    who = Who(user_id=DEFAULT_USER, project_id=DEFAULT_PROJECT)
    url = f"http://127.0.0.1:{server.server_port}/a.mp4"
    try:
        one = await keep_from_url(ctx, who, url, Span(0, 1))
        two = await keep_from_url(ctx, who, url, Span(0, 1))
        with pytest.raises(CallerError, match="timestamps"):
            await keep_from_url(ctx, who, url, Span(600, 602))
    finally:
        await client.close()
        await asyncio.to_thread(server.shutdown)
        server.server_close()

    assert (one.source_url, one.from_task, one.start_s, one.end_s) == (url, None, 0, 1)
    assert one.id == two.id
    found = await bench.ask("GET", f"/v1/videos/characters/{one.id}")
    assert found.json()["name"] == one.name
