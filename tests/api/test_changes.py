from __future__ import annotations

import json

import pytest

from reelgate.core.task import Task
from reelgate.store import tasks as task_rows
from reelgate.testing.upstream.clip import clip
from tests.api.harness import Bench

CLIP = ("video", "clip.mp4", "application/octet-stream", clip())


async def stored(bench: Bench, video_id: str) -> Task:
    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, video_id))
    assert task is not None
    return task


@pytest.fixture
async def source(bench: Bench) -> str:
    made = await bench.made(seconds="8")
    await bench.complete(made, clip())
    return made


async def test_a_remix_names_what_it_was_made_from(bench: Bench, source: str):
    answer = await bench.post(f"/v1/videos/{source}/remix", {"prompt": "at night"})

    video = answer.json()
    assert answer.status == 200, answer.body
    assert video["remixed_from_video_id"] == source
    assert (video["prompt"], video["seconds"], video["size"]) == ("at night", "8", "64x64")


@pytest.mark.parametrize(
    "parts",
    [
        lambda v: {"video": {"id": v}},
        lambda v: {"video": v},
        lambda v: {"video": json.dumps({"id": v})},
    ],
)
@pytest.mark.parametrize("form", [True, False])
async def test_every_way_to_name_the_source_of_an_edit_is_read(bench: Bench, source: str, parts, form: bool):
    fields = {"prompt": "bluer", **parts(source)}
    if form:
        flat = [
            ("video[id]", value["id"]) if isinstance(value, dict) else (name, value)
            for name, value in fields.items()
        ]
        answer = await bench.form("/v1/videos/edits", [*flat, ("prompt", "bluer")][1:])
    else:
        answer = await bench.post("/v1/videos/edits", fields)

    assert answer.status == 200, answer.body
    assert answer.json()["remixed_from_video_id"] is None
    assert (await stored(bench, answer.json()["id"])).request.parent_id == source


async def test_an_edit_of_an_uploaded_clip_needs_no_earlier_video(bench: Bench):
    answer = await bench.form("/v1/videos/edits", [("prompt", "bluer"), ("model", "demo"), CLIP])

    task = await stored(bench, answer.json()["id"])
    assert (task.request.parent_id, task.request.inputs[0].role.value) == (None, "source_video")


async def test_an_extension_answers_with_the_stitched_length(bench: Bench, source: str):
    answer = await bench.post(
        "/v1/videos/extensions", {"prompt": "on", "seconds": "4", "video": {"id": source}}
    )

    assert answer.json()["seconds"] == "12"


@pytest.mark.parametrize("path", ["/v1/videos/edits", "/v1/videos/extensions"])
@pytest.mark.parametrize(
    "video", [None, 7, {}, {"id": 3}, "video_" + "0" * 26, {"id": "nobody"}, {"file_id": "file_" + "0" * 26}]
)
async def test_a_source_that_is_none_is_refused_by_name(bench: Bench, path: str, video: object):
    answer = await bench.post(path, {"prompt": "x", "seconds": "4", "video": video})

    assert answer.status in (400, 404)
    assert (answer.error["param"] or "").partition(".")[0] == "video"


async def test_a_source_that_is_not_finished_is_a_conflict_no_sdk_repeats(bench: Bench):
    """Shows 000-52, 004-03."""

    answer = await bench.post("/v1/videos/edits", {"prompt": "x", "video": {"id": await bench.made()}})

    assert (answer.status, answer.headers["x-should-retry"]) == (409, "false")


async def test_a_character_is_kept_and_used(bench: Bench):
    made = await bench.form("/v1/videos/characters", [("name", "Ada"), CLIP])
    character = made.json()
    assert set(character) == {"id", "name", "created_at"}
    assert isinstance(character["created_at"], int)
    assert (await bench.ask("GET", f"/v1/videos/characters/{character['id']}")).json() == character
    other = await bench.stranger()
    assert (await bench.ask("GET", f"/v1/videos/characters/{character['id']}", key=other)).status == 404

    fields = [("prompt", "Ada waves"), ("size", "64x64"), ("characters[][id]", character["id"])]
    used = await bench.form("/v1/videos", fields)

    assert used.status == 200, used.body
    names = [i.character_name for i in (await stored(bench, used.json()["id"])).request.inputs]
    assert names == ["Ada"]


@pytest.mark.parametrize(
    ("parts", "param"),
    [
        ([CLIP], "name"),
        ([("name", "x" * 81), CLIP], "name"),
        ([("name", "x")], "video"),
        ([("name", "x"), ("video", "y")], "video"),
    ],
)
async def test_a_character_that_is_not_whole_is_refused_by_name(bench: Bench, parts, param: str):
    answer = await bench.form("/v1/videos/characters", parts)

    assert (answer.status, answer.error["param"]) == (400, param)
