"""Sample requests and answers of a ComfyUI server, valid by default."""

from __future__ import annotations

import json
import pathlib
from typing import Any

from reelgate.core.dialect import Channel, Submission
from reelgate.core.task import Input, Request, Role, Size, Verb
from reelgate.dialects.comfyui import DIALECT
from reelgate.testing.conformance import Case
from reelgate.testing.play import reply

SECRET = "canary-secret-7f3a9c51"
NOW_MS = 1_762_000_000_000
ID = "00000000-0000-4000-8000-000000000001"
"""A token that is a UUID already is the job's id."""

CONTRACTS = pathlib.Path(__file__).parents[2] / "contracts"
RECORDED: dict[str, dict[str, Any]] = {
    each["id"]: each
    for name in ("comfyui-recorded.json", "vectors.json")
    for each in json.loads((CONTRACTS / name).read_text("utf-8"))
    if each["dialect"] == "comfyui"
}

GRAPH: dict[str, Any] = {
    "3": {"class_type": "KSampler", "inputs": {"seed": 0, "model": ["4", 0]}, "_meta": {"title": "Sampler"}},
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "a.safetensors"}},
    "5": {"class_type": "EmptyLatentVideo", "inputs": {"width": 512, "height": 512, "length": 81}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "blurry", "clip": ["4", 1]}},
    "9": {"class_type": "CreateVideo", "inputs": {"images": ["3", 0], "fps": 8}},
    "10": {"class_type": "SaveVideo", "inputs": {"filename_prefix": "clip", "format.codec": "h264"}},
    "12": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
    "13": {"class_type": "LoadImage", "inputs": {"image": "example.png"}},
}
INPUTS: dict[str, Any] = {
    "prompt": "6.text",
    "negative_prompt": "7.text",
    "seed": "3.seed",
    "width": "5.width",
    "height": "5.height",
    "frames": "5.length",
    "fps": "9.fps",
    "model": "4.ckpt_name",
    "file_prefix": "10.filename_prefix",
    "codec": "10.format.codec",
}


def workflow(**changes: Any) -> dict[str, Any]:
    return {"graph": GRAPH, "inputs": INPUTS, "fps": 16, "frame_step": 4, "frame_offset": 1} | changes


def channel(**settings: Any) -> Channel:
    return Channel(
        id="chan_1",
        name="local",
        dialect="comfyui",
        base_url="http://comfy.example:8188",
        secret=SECRET,
        settings={"workflows": {"*": workflow()}} | settings,
    )


def using(name: str = "*", **changes: Any) -> Channel:
    return channel(workflows={name: workflow(**changes)})


def picture(role: Role = Role.FIRST_FRAME, mark: str = "a", media_type: str = "image/png") -> Input:
    return Input(role=role, sha256=mark * 64, media_type=media_type, bytes=10)


def submission(
    verb: Verb = Verb.CREATE, model: str = "wan.safetensors", token: str = ID, **fields: Any
) -> Submission:
    request = Request(
        verb=verb, model="public", **{"prompt": "a paper boat", "seconds": 5, "size": Size(832, 480)} | fields
    )
    return Submission(request=request, upstream_model=model, token=token, submitted_at_ms=NOW_MS)


def saved(filename: str = "clip_00001_.mp4", **changes: Any) -> dict[str, Any]:
    return {"filename": filename, "subfolder": "video", "type": "output"} | changes


def job(status: str = "in_progress", **changes: Any) -> dict[str, Any]:
    return {"id": ID, "status": status, "priority": 1, "create_time": NOW_MS, "outputs_count": 0} | changes


def done(*files: dict[str, Any], key: str = "images", animated: bool = True) -> dict[str, Any]:
    node = {key: list(files or (saved(),))} | ({"animated": [True]} if animated else {})
    return job("completed", outputs={"10": node})


def failed(message: str = "CUDA out of memory", **changes: Any) -> dict[str, Any]:
    error = {
        "node_type": "KSampler",
        "exception_type": "RuntimeError",
        "exception_message": message,
    } | changes
    return job("failed", execution_error=error)


def entry(status: dict[str, Any] | None, **outputs: Any) -> dict[str, Any]:
    return {ID: {"prompt": [1, ID, {}, {"client_id": ID}, ["10"]], "outputs": outputs, "status": status}}


def history_of(word: str, event: str, **data: Any) -> dict[str, Any]:
    messages = [["execution_start", {"prompt_id": ID}], [event, {"prompt_id": ID} | data]]
    return {"status_str": word, "completed": word == "success", "messages": messages}


def queue(running: tuple[str, ...] = (), pending: tuple[str, ...] = (), client: str = "") -> dict[str, Any]:
    def item(job_id: str) -> list[Any]:
        return [1, job_id, {}, {"client_id": client or job_id}, ["10"]]

    return {"queue_running": [item(i) for i in running], "queue_pending": [item(i) for i in pending]}


def version(text: str) -> dict[str, Any]:
    return {"system": {"comfyui_version": text}, "devices": []}


CASE = Case(
    dialect=DIALECT,
    channel=channel(),
    submission=submission(),
    ref=ID,
    accepted=(reply({"prompt_id": ID, "number": 1, "node_errors": {}}),),
    refused=(reply(RECORDED["R-SUB-08"]["body"], 400),),
    running=(reply(job()),),
    completed=(reply(done()),),
    failed=(reply(failed()),),
    # A record is written once, with its files: one without is at once what the engine would find at last.
    empty_completed=None,
    unknown_word=(reply(job("pondering")),),
    error_in_200=(reply({"error": {"message": "broke", "type": "t"}, "node_errors": {}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)
OLD_CASE = Case(
    dialect=DIALECT,
    channel=channel(api="history"),
    submission=submission(),
    ref=ID,
    accepted=CASE.accepted,
    refused=CASE.refused,
    running=(reply({}), reply(queue(running=(ID,)))),
    completed=(reply(entry(history_of("success", "execution_success"), **{"10": {"images": [saved()]}})),),
    failed=(reply(entry(history_of("error", "execution_error", exception_message="boom"))),),
    unknown_word=(reply(entry(history_of("pondering", "x"))),),
)
