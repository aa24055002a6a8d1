"""The simulated ComfyUI server keeps to what was recorded on a real one."""

from __future__ import annotations

import asyncio
import uuid
from typing import Any

import aiohttp
import msgspec
import pytest

from reelgate.core.dialect import Accepted, Phase, Refused
from reelgate.core.errors import Code
from reelgate.testing.round_trip import QUEUE_S, RUN_S, Traveller
from reelgate.testing.simulators import families
from tests.dialects.comfyui.case import RECORDED
from tests.testing.simulators.vendors import (
    PATIENCE_S,
    accepted,
    ask,
    at,
    brought_home,
    ended,
    frames,
    picture,
    submit,
)

BLANK: dict[str, Any] = {
    "1": {
        "class_type": "EmptyImage",
        "inputs": {"width": 64, "height": 64, "batch_size": 4, "color": 0},
    },
    "2": {
        "class_type": "ImageAddNoise",
        "inputs": {"image": ["1", 0], "seed": 1, "strength": 0.5},
    },
    "9": {"class_type": "CreateVideo", "inputs": {"images": ["2", 0], "fps": 8.0}},
    "10": {
        "class_type": "SaveVideo",
        "inputs": {"video": ["9", 0], "filename_prefix": "video/heldout", "format": "mp4"},
    },
}


def graph(**changes: dict[str, Any]) -> dict[str, Any]:
    return {
        name: node | {"inputs": node["inputs"] | changes.get(f"n{name}", {})} for name, node in BLANK.items()
    }


async def queued(on: Traveller, given: dict[str, Any], **fields: Any) -> str:
    status, told = await ask(on, "POST", "/prompt", {"prompt": given} | fields)
    assert status == 200, told
    return told["prompt_id"]


async def job(on: Traveller, ref: str) -> Any:
    return (await ask(on, "GET", f"/api/jobs/{ref}"))[1]


def name() -> str:
    return str(uuid.uuid4())


# Submitting.


@pytest.mark.parametrize("path", ["/prompt", "/api/prompt"])
async def test_a_graph_runs_and_saves_a_clip_that_plays(path, tmp_path):
    async with at("comfyui", tmp_path) as on:
        _, told = await ask(on, "POST", path, {"prompt": graph()})
        on.finish()
        shown = await job(on, told["prompt_id"])
        (file,) = shown["outputs"]["10"]["images"]
        place = f"/view?filename={file['filename']}&subfolder={file['subfolder']}&type={file['type']}"
        status, data = await ask(on, "GET", place)

    assert (file["filename"], file["subfolder"]) == ("heldout_00001_.mp4", "video")
    assert status == 200
    assert frames(data) == 8


@pytest.mark.parametrize(
    ("recorded", "changed"),
    [
        ("R-SUB-05", {"prompt_id": 7}),
        ("R-SUB-07", {"prompt": BLANK | {"10": {"class_type": "VHS_VideoCombine", "inputs": {}}}}),
        ("R-SUB-08", {"prompt": graph(n1={"width": 100_000})}),
        ("R-SUB-10", {"prompt": graph() | {"1": {"class_type": "LoadImage", "inputs": {"image": "absent"}}}}),
    ],
)
async def test_a_graph_is_refused_as_recorded(recorded, changed, tmp_path):
    async with at("comfyui", tmp_path) as on:
        status, told = await ask(on, "POST", "/prompt", {"prompt": graph()} | changed)

    expected = RECORDED[recorded]["body"]
    assert (status, told["error"]["type"]) == (400, expected["error"]["type"])
    kinds = [n["errors"][0]["type"] for n in told["node_errors"].values()]
    assert kinds == [n["errors"][0]["type"] for n in expected["node_errors"].values()]
    assert len(on.simulator.bill) == 0


async def test_a_bad_output_beside_a_good_one_is_told_and_the_good_one_runs(tmp_path):
    bad = {"class_type": "SaveVideo", "inputs": {"video": ["9", 0], "format": "mp4"}}
    async with at("comfyui", tmp_path) as on:
        _, told = await ask(on, "POST", "/prompt", {"prompt": graph() | {"11": bad}})
        on.finish()
        shown = await job(on, told["prompt_id"])

    assert list(told["node_errors"]) == ["11"]
    assert list(shown["outputs"]) == ["10"]


@pytest.mark.parametrize("given", ["not a graph", None, 7])
async def test_what_is_no_graph_is_a_500_of_text(given, tmp_path):
    async with at("comfyui", tmp_path) as on:
        status, told = await ask(on, "POST", "/prompt", {"prompt": given})

    assert (status, told) == (500, RECORDED["R-SUB-15"]["body"].encode())


async def test_a_browsers_origin_is_an_empty_403(tmp_path):
    async with at("comfyui", tmp_path) as on:
        answer = await ask(on, "POST", "/prompt", {"prompt": graph()}, Origin="http://studio.example")

    assert answer == (403, b"")


async def test_an_odd_container_is_taken_and_fails_while_it_runs(tmp_path):
    async with at("comfyui", tmp_path) as on:
        ref = await queued(on, graph(n10={"format": "flipbook"}))
        on.finish()
        shown = await job(on, ref)

    assert shown["status"] == "failed"
    assert shown["execution_error"]["exception_message"].endswith("\n")


async def test_the_same_graph_again_runs_nothing_and_gives_the_first_file(tmp_path):
    async with at("comfyui", tmp_path) as on:
        first = await queued(on, graph())
        on.finish()
        second = await queued(on, graph())
        third = await queued(on, graph(n2={"seed": 2}))
        on.clock.advance(QUEUE_S)
        shown = [await job(on, ref) for ref in (first, second, third)]

    assert shown[1]["outputs"] == shown[0]["outputs"]
    assert [each["status"] for each in shown] == ["completed", "completed", "in_progress"]


async def test_an_id_sent_twice_runs_twice_and_history_wins_over_the_queue(tmp_path):
    ref = name()
    async with at("comfyui", tmp_path) as on:
        await queued(on, graph(), prompt_id=ref)
        on.clock.advance(QUEUE_S + 1)
        await queued(on, graph(n2={"seed": 2}), prompt_id=ref)
        _, queue = await ask(on, "GET", "/queue")
        on.clock.advance(RUN_S)
        shown = await job(on, ref)
        _, later = await ask(on, "GET", "/queue")

    assert [len(queue[part]) for part in ("queue_running", "queue_pending")] == [1, 1]
    assert shown["status"] == "completed"
    assert len(later["queue_running"]) == 1
    assert len(on.simulator.bill) == 2


# Cancelling.


async def test_a_job_cancelled_while_it_waits_leaves_no_trace(tmp_path):
    async with at("comfyui", tmp_path) as on:
        ref = await queued(on, graph())
        _, told = await ask(on, "POST", f"/api/jobs/{ref}/cancel")
        status, shown = await ask(on, "GET", f"/api/jobs/{ref}")
        _, history = await ask(on, "GET", f"/history/{ref}")
        _, again = await ask(on, "POST", f"/api/jobs/{ref}/cancel")

    assert (told, again) == ({"cancelled": True}, {"cancelled": False})
    assert (status, shown, history) == (404, {"error": "Job not found"}, {})


async def test_a_job_cancelled_while_it_runs_stays_as_cancelled_unless_it_writes_its_file(tmp_path):
    async with at("comfyui", tmp_path) as on:
        early, late = await queued(on, graph()), await queued(on, graph(n2={"seed": 2}))
        on.clock.advance(QUEUE_S + RUN_S / 2)
        one = await ask(on, "POST", f"/api/jobs/{early}/cancel")
        on.clock.advance(RUN_S * 0.46)
        two = await ask(on, "POST", f"/api/jobs/{late}/cancel")
        on.finish()
        shown = [(await job(on, ref))["status"] for ref in (early, late)]
        _, history = await ask(on, "GET", f"/history/{early}")

    assert one == two == (200, {"cancelled": True})
    assert shown == ["cancelled", "completed"]
    assert history[early]["status"]["status_str"] == "error"
    assert history[early]["status"]["messages"][-1][0] == "execution_interrupted"


async def test_one_malformed_id_stops_a_batch(tmp_path):
    async with at("comfyui", tmp_path) as on:
        ref = await queued(on, graph())
        status, told = await ask(on, "POST", "/api/jobs/cancel", {"job_ids": [ref, "not-an-id"]})
        shown = await job(on, ref)

    assert (status, told["invalid_ids"]) == (400, ["not-an-id"])
    assert shown["status"] == "pending"


async def test_an_interrupt_without_an_id_stops_whatever_runs(tmp_path):
    async with at("comfyui", tmp_path) as on:
        refs = [await queued(on, graph(n2={"seed": seed})) for seed in range(2)]
        on.clock.advance(QUEUE_S + 1)
        none = await ask(on, "POST", "/interrupt", {"prompt_id": name()})
        before = [(await job(on, ref))["status"] for ref in refs]
        await ask(on, "POST", "/interrupt", {})
        after = [(await job(on, ref))["status"] for ref in refs]

    assert none == (200, b"")
    assert (before, after) == (["in_progress"] * 2, ["cancelled"] * 2)


# Lists and files.


async def test_a_word_the_list_does_not_know_is_refused_as_recorded(tmp_path):
    async with at("comfyui", tmp_path) as on:
        answer = await ask(on, "GET", "/api/jobs?status=running")

    assert answer == (400, RECORDED["R-LIST-03"]["body"])


async def test_the_list_pages_and_sorts(tmp_path):
    async with at("comfyui", tmp_path) as on:
        refs = [await queued(on, graph(n2={"seed": seed})) for seed in range(3)]
        _, page = await ask(on, "GET", "/api/jobs?status=pending,in_progress&sort_order=asc&limit=2")
        _, newest = await ask(on, "GET", "/api/jobs")

    assert [each["id"] for each in page["jobs"]] == refs[:2]
    assert page["pagination"] == {"offset": 0, "limit": 2, "total": 3, "has_more": True}
    assert newest["jobs"][0]["id"] == refs[2]


async def test_a_forgotten_jobs_file_is_still_there(tmp_path):
    async with at("comfyui", tmp_path) as on:
        ref = await queued(on, graph())
        on.finish()
        await ask(on, "POST", "/history", {"delete": [ref]})
        status, _ = await ask(on, "GET", f"/api/jobs/{ref}")
        file, _ = await ask(on, "GET", "/view?filename=heldout_00001_.mp4&subfolder=video&type=output")

    assert (status, file) == (404, 200)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("filename=..%2Fsecret&type=output", 400),
        ("filename=a.mp4&subfolder=..%2F..&type=output", 403),
        ("filename=absent.mp4", 404),
    ],
)
async def test_a_file_that_is_not_there_is_nothing(query, status, tmp_path):
    async with at("comfyui", tmp_path) as on:
        answer = await ask(on, "GET", f"/view?{query}")

    assert answer == (status, b"")


async def test_other_bytes_under_a_taken_name_get_another_name(tmp_path):
    names: list[str] = []
    async with at("comfyui", tmp_path) as on, aiohttp.ClientSession() as http:
        for data in (b"one", b"one", b"two"):
            form = aiohttp.FormData({"type": "input"})
            form.add_field("image", data, filename="first.png", content_type="image/png")
            async with http.post(f"{on.simulator.origin}/upload/image", data=form) as answer:
                names.append((await answer.json())["name"])

    assert names == ["first.png", "first.png", "first (1).png"]


async def test_wrong_paths_answer_as_static_files_do_and_the_simulator_keeps_its_own(tmp_path):
    async with at("comfyui", tmp_path) as on:
        got = await ask(on, "GET", "/api/wrong")
        posted = await ask(on, "POST", "/api/wrong", {})
        bill, _ = await ask(on, "GET", "/simulator/bill")
        _, info = await ask(on, "GET", "/object_info/SaveVideo")

    assert got == (404, b"")
    assert posted[0] == 405
    assert bill == 200
    assert info["SaveVideo"]["output_node"] is True


# The socket.


async def test_the_socket_tells_a_client_of_its_own_jobs_with_previews_in_between(tmp_path):
    async with at("comfyui", tmp_path) as on, aiohttp.ClientSession() as http:
        mine = await queued(on, graph(), client_id="me")
        await queued(on, graph(n2={"seed": 2}), client_id="somebody")
        url = f"{on.simulator.origin}/ws?clientId=me"
        kinds: list[str] = []
        told: list[Any] = []
        previews = 0
        async with asyncio.timeout(PATIENCE_S), http.ws_connect(url) as socket:
            on.clock.advance(QUEUE_S + RUN_S / 4)
            async for message in socket:
                if message.type is aiohttp.WSMsgType.BINARY:
                    previews += message.data.startswith(bytes.fromhex("0000000100000002"))
                    continue
                event = msgspec.json.decode(message.data)
                kinds.append(event["type"])
                told.append(event["data"])
                if event["type"] == "progress":
                    on.clock.advance(RUN_S)
                if event["type"] == "execution_success":
                    break

    assert kinds[0] == "status"
    assert [k for k in kinds[1:] if k != "status"] == [
        *("execution_start", "execution_cached", "executing", "progress_state", "progress"),
        *("executed", "execution_success"),
    ]
    assert {data["prompt_id"] for data in told[1:]} == {mine}
    assert previews == 1


# Through the dialect.


async def test_a_running_job_tells_its_samplers_progress(tmp_path):
    async with at("comfyui", tmp_path) as on:
        ref = await accepted(on)
        on.clock.advance(QUEUE_S + RUN_S * 0.35)
        seen = await on.poll(ref)

    assert (seen.phase, seen.progress) == (Phase.IN_PROGRESS, 35)


async def test_a_server_without_jobs_is_asked_for_its_history_and_queue(tmp_path):
    routes = tuple(r for r in families()["comfyui"].routes if not r.path.startswith("/api/jobs"))
    async with at("comfyui", tmp_path, routes=routes) as on:
        ref = await accepted(on, picture(), model="from-image")
        waiting = await on.poll(ref)
        data = await brought_home(on, ref)
        unwanted = await accepted(on)
        on.clock.advance(QUEUE_S + 1)
        dialect: Any = on.dialect
        stopped = await on.drive(dialect.cancel(unwanted, on.channel))

    assert waiting.phase is Phase.QUEUED
    assert frames(data) == 8
    assert stopped.ended


@pytest.mark.parametrize(("fault", "code"), [("fails", Code.UPSTREAM_FAILED), ("no_output", Code.NO_OUTPUT)])
async def test_an_ending_without_a_clip_says_why(fault, code, tmp_path):
    async with at("comfyui", tmp_path) as on:
        seen = await ended(on, f"a boat [fault:{fault}]")

    assert seen.error is not None
    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)
    assert "execution.py" not in f"{seen.error.message}{seen.error.detail}"


async def test_a_file_is_uploaded_once_and_named_by_its_bytes(tmp_path):
    async with at("comfyui", tmp_path) as on:
        for _ in range(2):
            await accepted(on, picture(), model="from-image")
        kept = on.simulator.notes["server"].inputs

    assert len(kept) == 1


async def test_a_value_the_graph_does_not_take_is_refused_by_the_callers_name_for_it(tmp_path):
    async with at("comfyui", tmp_path) as on:
        outcome = await submit(on, seed=-1)
        good = await submit(on, seed=1)

    assert isinstance(outcome, Refused)
    assert (outcome.failure.code, outcome.failure.param) == (Code.INVALID_REQUEST, "seed")
    assert isinstance(good, Accepted)
