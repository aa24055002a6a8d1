"""What a ComfyUI server's answers say about jobs: `/api/jobs`, `/history`, `/queue`, `/ws` and the answer to `/prompt`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import msgspec

from reelgate.core.dialect import Answer, Call, Channel, Observation, Output, Phase, Reply
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import Job, text_in, word_in
from reelgate.core.openai_call import CONTENT_TIMEOUT_S, bearer
from reelgate.core.words import Said, as_object, failure_of, percent, phase_of, raw_word
from reelgate.dialects.comfyui.workflow import Workflow

_CLIPS: Final[Mapping[str, str]] = {
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "avi": "video/x-msvideo",
}
_MOVING_PICTURES: Final[Mapping[str, str]] = {"webp": "image/webp", "gif": "image/gif"}
ENDINGS: Final = frozenset({"execution_success", "execution_error", "execution_interrupted"})
_BEGUN: Final = frozenset(
    {"execution_start", "execution_cached", "executing", "executed", "progress", "progress_state"}
)


# Jobs.


def job_seen(job: Job, channel: Channel, workflow: Workflow | None) -> Observation | None:
    """Read one job of `/api/jobs`; None when the answer names no job's status."""
    word = word_in(job, "status", "id", "create_time", "execution_status")
    if word is None:
        return None
    match phase_of(word):
        case Phase.COMPLETED:
            return _completed(job.get("outputs"), word, channel, workflow)
        case Phase.FAILED:
            raised = as_object(job.get("execution_error")) or _told(job.get("execution_status"))[1]
            return Observation(phase=Phase.FAILED, error=_raised(raised, channel), word=raw_word(word))
        case phase:
            return Observation(phase=phase, word=raw_word(word))


def entry_seen(entry: Job, channel: Channel, workflow: Workflow | None) -> Observation:
    """Read one entry of `/history`, where only ended jobs are."""
    status = as_object(entry.get("status"))
    word = "success" if entry.get("status") is None else text_in((status or {}).get("status_str"))
    event, raised = _told(status)
    match phase_of(word):
        case Phase.COMPLETED:
            return _completed(entry.get("outputs"), word, channel, workflow)
        case Phase.FAILED if event == "execution_interrupted":
            return Observation(phase=Phase.CANCELLED, word="interrupted")
        case Phase.FAILED:
            return Observation(phase=Phase.FAILED, error=_raised(raised, channel), word=raw_word(word))
        case _:
            return Observation(phase=None, word=raw_word(word) or "unnamed")


def _told(status: object) -> tuple[str, dict[str, Any]]:
    """Give the event that ended a job and its data, out of the messages of a status."""
    messages = (as_object(status) or {}).get("messages")
    for message in reversed(_list(messages)):
        pair = _list(message)
        if len(pair) == 2 and text_in(pair[0]) in ENDINGS:
            return text_in(pair[0]), as_object(pair[1]) or {}
    return "", {}


def _raised(error: Mapping[str, Any], channel: Channel) -> Failure:
    """Say which node raised what. The traceback and the node's inputs stay behind: they hold paths and prompts.

    Always the one code: these are exceptions of programs, whose words mean nothing in our vocabulary.
    """
    node, text = text_in(error.get("node_type")), text_in(error.get("exception_message")).strip()
    text = re.sub(r"\b[A-Za-z]:\\\S+", "[path]", text[:2_000])
    said = Said(
        kind=text_in(error.get("exception_type"))[:80],
        message=f"{node[:80]}: {text}" if node and text else text or node[:80],
    )
    return failure_of(said, Code.UPSTREAM_FAILED, secret=channel.secret)


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []


# Files.


def _completed(outputs: object, word: str, channel: Channel, workflow: Workflow | None) -> Observation:
    nodes = as_object(outputs)
    files = _files(nodes or {}, channel, workflow)
    if files:
        return Observation(phase=Phase.COMPLETED, progress=100, outputs=tuple(files), word=raw_word(word))
    if nodes is None or any(as_object(node) is None for node in nodes.values()):
        return Observation(phase=Phase.COMPLETED, word=raw_word(word))
    # The record is written once, with its files: asking again cannot bring one.
    failure = Failure(code=Code.NO_OUTPUT, message="The workflow ended without saving a clip.")
    return Observation(phase=Phase.FAILED, error=failure, word=raw_word(word))


def _files(nodes: Mapping[str, Any], channel: Channel, workflow: Workflow | None) -> list[Output]:
    """Give the saved clips, the best first: by the chosen node, then clips before moving pictures, kept before temporary."""
    chosen = workflow.output if workflow is not None else None
    ranked: list[tuple[tuple[bool, bool, bool], Output]] = []
    for name, value in nodes.items():
        for item in _items(as_object(value) or {}):
            ending = text_in(item.get("filename")).rpartition(".")[2].lower()
            kind = _CLIPS.get(ending) or _MOVING_PICTURES.get(ending)
            folder = text_in(item.get("type")) or "output"
            if kind is not None:
                rank = (chosen is not None and name != chosen, ending not in _CLIPS, folder != "output")
                ranked.append((rank, Output(call=_view(item, folder, channel), media_type=kind)))
    return [output for _, output in sorted(ranked, key=lambda pair: pair[0])]


def _items(node: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Give the files a node saved, under whatever key: `images`, `gifs`, `video`, …; a still picture is none."""
    for key, value in node.items():
        for item in map(as_object, _list(value)):
            name = text_in(item.get("filename")) if item is not None else ""
            still = name.lower().endswith(".webp") and not (key == "gifs" or _moves(node))
            if item is not None and name and not still:
                yield item


def _moves(node: Mapping[str, Any]) -> bool:
    return any(flag is True for flag in _list(node.get("animated")))


def _view(item: Mapping[str, Any], folder: str, channel: Channel) -> Call:
    query = (
        ("filename", text_in(item.get("filename"))),
        ("subfolder", text_in(item.get("subfolder"))),
        ("type", folder),
    )
    return Call(method="GET", path="/view", query=query, headers=bearer(channel), timeout_s=CONTENT_TIMEOUT_S)


# The queue.


class Queued(msgspec.Struct, frozen=True, kw_only=True):
    """One living job in `/queue`."""

    id: str
    client_id: str
    observation: Observation


def queue_in(body: Mapping[str, Any] | None) -> list[Queued] | None:
    """Read `/queue`, running jobs first; None when it is not one, so that nothing follows from what is not in it."""
    if body is None:
        return None
    running, pending = body.get("queue_running"), body.get("queue_pending")
    if not isinstance(running, list) or not isinstance(pending, list):
        return None
    found = [_queued(item, Phase.IN_PROGRESS, "running") for item in _list(cast("object", running))]
    found += [_queued(item, Phase.QUEUED, "pending") for item in _list(cast("object", pending))]
    return None if None in found else [each for each in found if each is not None]


def _queued(item: object, phase: Phase, word: str) -> Queued | None:
    fields = _list(item)
    if len(fields) < 2 or not isinstance(fields[1], str):
        return None
    extra = as_object(fields[3]) if len(fields) > 3 else None
    client = text_in((extra or {}).get("client_id"))
    return Queued(id=fields[1], client_id=client, observation=Observation(phase=phase, word=word))


# Messages of the socket.


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What one message says about a job."""

    ended: bool = False
    """It is over; its record says how."""
    observation: Observation | None = None


def heard_in(text: str, job_id: str, node: str | None) -> Heard | None:
    """Read one message; None for previews, for other jobs, and for what says nothing.

    `node` is the node whose progress counts. A whole `progress_state` is no percentage: it lists
    only the nodes begun so far.
    """
    try:
        event = as_object(msgspec.json.decode(text))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    data = as_object((event or {}).get("data"))
    if event is None or data is None or data.get("prompt_id") != job_id:
        return None
    kind = text_in(event.get("type"))
    if kind in ENDINGS or (kind == "executing" and "node" in data and data["node"] is None):
        return Heard(ended=True)
    if kind not in _BEGUN:
        return None
    progress = _progress(data, node) if kind == "progress" else _progress(_node_state(data, node), node)
    return Heard(observation=Observation(phase=Phase.IN_PROGRESS, progress=progress, word="running"))


def _node_state(data: Mapping[str, Any], node: str | None) -> Mapping[str, Any]:
    nodes = as_object(data.get("nodes")) or {}
    state = as_object(nodes.get(node)) if node is not None else None
    return {**state, "node": node} if state else {}


def _progress(data: Mapping[str, Any], node: str | None) -> int | None:
    if node is not None and data.get("node") != node:
        return None
    value, most = data.get("value"), data.get("max")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(most, bool) or not isinstance(most, int | float) or not 0 < most < 10**9:
        return None
    return percent(value / most * 100) if abs(value) < 10**9 else None


# What the server says to a submit.


def refused_in(answer: Answer, channel: Channel, workflow: Workflow) -> Failure | None:
    """Read a refusal of the graph: nothing was queued. None for any other answer."""
    if not isinstance(answer, Reply):
        return None
    if answer.status == 413:
        message = "The workflow with its inputs is larger than the server takes."
        return Failure(code=Code.PAYLOAD_TOO_LARGE, message=message)
    body = answer.object()
    errors = as_object((body or {}).get("node_errors"))
    named = body is not None and body.get("prompt_id")
    if body is None or errors is None or named or not (200 <= answer.status < 300 or answer.status == 400):
        return None
    return _node_refusal(errors, channel, workflow) or _graph_refusal(body.get("error"), channel)


def _node_refusal(errors: Mapping[str, Any], channel: Channel, workflow: Workflow) -> Failure | None:
    for name, value in errors.items():
        node = as_object(value) or {}
        first = next((found for each in _list(node.get("errors")) if (found := as_object(each))), None)
        if first is not None:
            about = as_object(first.get("extra_info")) or {}
            what, details = text_in(first.get("message")), text_in(first.get("details"))
            text = f"Node {name} ({text_in(node.get('class_type'))}): {what}" + (
                f" ({details})" if details else ""
            )
            param = workflow.param_at(f"{name}.{text_in(about.get('input_name'))}")
            said = Said(kind=text_in(first.get("type"))[:80], message=text[:2_000], param=param)
            return failure_of(said, Code.INVALID_REQUEST, secret=channel.secret)
    return None


def _graph_refusal(error: object, channel: Channel) -> Failure | None:
    told = as_object(error)
    if not told:
        return None
    said = Said(kind=text_in(told.get("type"))[:80], message=text_in(told.get("message"))[:2_000])
    return failure_of(said, Code.INVALID_REQUEST, secret=channel.secret)
