"""Runs of a ComfyUI server: what is kept about each, and how queue, history, jobs and socket show it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from io import BytesIO
from typing import Any, Final

import msgspec
from PIL import Image

from reelgate.core.dialect import Phase
from reelgate.testing.simulators.book import Job, Sight
from reelgate.testing.simulators.families.comfyui.graph import inputs_of, running_order

WORDS: Final = {
    Phase.QUEUED: "pending",
    Phase.IN_PROGRESS: "in_progress",
    Phase.COMPLETED: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
_ENDINGS: Final = {
    Phase.COMPLETED: "execution_success",
    Phase.FAILED: "execution_error",
    Phase.CANCELLED: "execution_interrupted",
}
_PREVIEW: Final = bytes.fromhex("0000000100000002")
"""In front of a preview: event 1, picture type 2."""


class Server(msgspec.Struct, kw_only=True):
    """What the server remembers."""

    runs: list[Job] = []
    """In the order they came; one id may be there twice."""
    inputs: dict[str, str] = {}
    """Uploaded files by folder and name, with the hash of their bytes."""
    files: dict[tuple[str, str, str], Job | bytes] = {}
    """What runs saved, by type, subfolder and name."""
    numbers: dict[str, int] = {}
    """The last number given to a file, by its prefix."""
    forgotten: set[int] = set()
    """Runs taken out of the history, by their number."""


@lru_cache(maxsize=1)
def picture() -> bytes:
    """Draw a small picture."""
    file = BytesIO()
    Image.new("RGB", (16, 9), (110, 110, 110)).save(file, "PNG")
    return file.getvalue()


def graph_of(job: Job) -> dict[str, Any]:
    """Give the graph of a run."""
    return job.order.fields["prompt"]


def same_graph(one: Job, other: Mapping[str, Any]) -> bool:
    """Tell whether a run had this very graph, titles of nodes aside."""

    def bare(graph: Mapping[str, Any]) -> dict[str, Any]:
        return {name: (node["class_type"], node.get("inputs")) for name, node in graph.items()}

    return bare(graph_of(one)) == bare(other)


def name_files(server: Server, job: Job, outputs: tuple[str, ...]) -> dict[str, Any]:
    """Name the files that the outputs of a run will save, and keep them."""
    shown: dict[str, Any] = {}
    for node in outputs:
        kind, given = graph_of(job)[node]["class_type"], inputs_of(graph_of(job), node)
        match kind:
            case "SaveVideo":
                item = _named(server, str(given.get("filename_prefix")), "mp4", "output", job)
                shown[node] = {"images": [item], "animated": [True]}
            case "SaveImage":
                item = _named(server, str(given.get("filename_prefix")), "png", "output", picture())
                shown[node] = {"images": [item]}
            case "PreviewImage":
                item = _named(server, "ComfyUI_temp_sim", "png", "temp", picture())
                shown[node] = {"images": [item]}
            case _:
                shown[node] = {"text": [str(given.get("source"))]}
    return shown


def _named(server: Server, prefix: str, ending: str, kind: str, content: Job | bytes) -> dict[str, str]:
    folder, _, stem = prefix.rpartition("/")
    number = server.numbers[prefix] = server.numbers.get(prefix, 0) + 1
    name = f"{stem}_{number:05d}_.{ending}"
    server.files[kind, folder, name] = content
    return {"filename": name, "subfolder": folder, "type": kind}


# What a run looks like.


def outputs_of(sight: Sight) -> dict[str, Any]:
    """Give what a run saved; nothing before it ended well, and clips only where there is one."""
    saved = sight.job.order.facts["saved"]
    if sight.phase is not Phase.COMPLETED:
        return {}
    return {node: out for node, out in saved.items() if sight.has_clip or "animated" not in out}


def job_view(sight: Sight, *, whole: bool = False) -> dict[str, Any]:
    """Show a run as `/api/jobs` does; files and errors in a single answer only."""
    job = sight.job
    saved = outputs_of(sight)
    items = [(node, item) for node, out in saved.items() for item in out.get("images", [])]
    body: dict[str, Any] = {
        "id": sight.ref,
        "status": sight.word(WORDS),
        "priority": job.number,
        "create_time": job.created_ms,
        "outputs_count": len(items),
        "previewable_outputs_count": len(items),
    }
    if items:
        node, item = items[0]
        body["preview_output"] = {**item, "nodeId": node, "mediaType": "images"}
    if not sight.ended:
        return body
    body |= {"execution_start_time": job.created_ms, "execution_end_time": sight.ended_ms}
    if not whole:
        return body
    if sight.phase is Phase.FAILED:
        body["execution_error"] = _raised(sight)
    extra = {"prompt": graph_of(job), "extra_data": _extra(job)}
    return body | {"outputs": saved, "execution_status": status_of(sight), "workflow": extra}


def queue_item(job: Job) -> list[Any]:
    """Show a run as `/queue` and `/history` do."""
    return [job.number, job.ref, graph_of(job), _extra(job), list(job.order.facts["saved"])]


def _extra(job: Job) -> dict[str, Any]:
    return {"client_id": job.order.facts["client_id"], "create_time": job.created_ms}


def entry_of(sight: Sight) -> dict[str, Any]:
    """Show an ended run as `/history` does."""
    saved = outputs_of(sight)
    meta = {n: {"node_id": n, "display_node": n, "parent_node": None, "real_node_id": n} for n in saved}
    item = queue_item(sight.job)
    return {"prompt": item, "outputs": saved, "status": status_of(sight), "meta": meta}


def status_of(sight: Sight) -> dict[str, Any]:
    """Tell how a run ended, by its messages."""
    done = sight.phase is Phase.COMPLETED
    data: dict[str, Any] = {"prompt_id": sight.ref, "timestamp": sight.ended_ms}
    if sight.phase is Phase.FAILED:
        data = _raised(sight)
    if sight.phase is Phase.CANCELLED:
        data |= {"node_id": slow_node(sight.job), "node_type": _type(sight.job), "executed": []}
    begun = {"prompt_id": sight.ref, "timestamp": sight.job.created_ms}
    messages: list[list[Any]] = [
        ["execution_start", begun],
        ["execution_cached", {"nodes": [], **begun}],
        [_ENDINGS[sight.phase], data],
    ]
    return {"status_str": "success" if done else "error", "completed": done, "messages": messages}


def _raised(sight: Sight) -> dict[str, Any]:
    """Tell what a node raised, with a traceback and inputs that nobody should pass on."""
    node = slow_node(sight.job)
    return {
        "prompt_id": sight.ref,
        "node_id": node,
        "node_type": _type(sight.job),
        "executed": [],
        "exception_message": f"{sight.message()}\n",
        "exception_type": "RuntimeError",
        "traceback": ['  File "/srv/simulated/execution.py", line 1, in execute'],
        "current_inputs": {k: [v] for k, v in inputs_of(graph_of(sight.job), node).items()},
        "current_outputs": [],
        "timestamp": sight.ended_ms,
    }


def slow_node(job: Job) -> str:
    """Give the node that takes the time: a sampler where there is one."""
    order = running_order(graph_of(job), tuple(job.order.facts["saved"]))
    samplers = [name for name in order if re.search("Sampler|Noise", graph_of(job)[name]["class_type"])]
    return samplers[0] if samplers else order[0]


def _type(job: Job) -> str:
    return graph_of(job)[slow_node(job)]["class_type"]


# The socket.


def _message(kind: str, **data: Any) -> str:
    return msgspec.json.encode({"type": kind, "data": data}).decode()


def status_message(remaining: int, client: str) -> str:
    """Tell everybody how many runs wait."""
    return _message("status", status={"exec_info": {"queue_remaining": remaining}}, sid=client)


def messages_of(sight: Sight, *, first: bool) -> Iterator[str | bytes]:
    """Tell the client of a run where it is now."""
    ref, node = sight.ref, slow_node(sight.job)
    if sight.phase is Phase.QUEUED:
        return
    if first:
        yield _message("execution_start", prompt_id=ref, timestamp=sight.now_ms)
        yield _message("execution_cached", nodes=[], prompt_id=ref, timestamp=sight.now_ms)
        yield _message("executing", node=node, display_node=node, prompt_id=ref)
    if not sight.ended:
        state = {"value": sight.percent, "max": 100, "prompt_id": ref}
        named = {"state": "running", "node_id": node, "display_node_id": node, "real_node_id": node}
        yield _message("progress_state", prompt_id=ref, nodes={node: state | named})
        yield _PREVIEW + picture()
        yield _message("progress", **state, node=node)
        return
    for name, saved in outputs_of(sight).items():
        yield _message("executed", node=name, display_node=name, output=saved, prompt_id=ref)
    kind, data = status_of(sight)["messages"][-1]
    yield _message(kind, **data)
    yield _message("executing", node=None, prompt_id=ref)
