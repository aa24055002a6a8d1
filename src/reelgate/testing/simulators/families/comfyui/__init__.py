"""A ComfyUI server of one's own: graphs of core nodes, a queue, a history, files, and a socket for progress.

As on the real one: an id may be used twice and runs twice, the same graph again runs nothing, a job cancelled
while it waits leaves no trace, "cancelled" said too late is no promise, a graph with some bad outputs runs the
rest. Other than the real one, which works on one job after another, it runs them all at once. Facts recorded on
0.33.0; a graph may use the nodes in `graph` and any name of a model.
"""

from __future__ import annotations

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.core.words import as_object
from reelgate.testing.simulators import (
    Answer,
    Ask,
    Clip,
    Desk,
    Family,
    Job,
    Order,
    Refusal,
    Route,
    Says,
    Sight,
    Stream,
    Why,
    bearer,
    says,
)
from reelgate.testing.simulators.asked import texts
from reelgate.testing.simulators.families.comfyui.graph import Verdict, inputs_of, judge, object_info
from reelgate.testing.simulators.families.comfyui.runs import (
    WORDS,
    Server,
    entry_of,
    job_view,
    messages_of,
    name_files,
    queue_item,
    same_graph,
    status_message,
)
from reelgate.testing.simulators.families.comfyui.workflows import SETTINGS

VERSION: Final = "0.33.0"
BEAT_S: Final = 0.02
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_NOTHING: Final = Says(body=b"", media_type="application/octet-stream")


def refuse(refusal: Refusal) -> Says:
    """Write an error; what is no refusal of a graph is mostly text or nothing."""
    match refusal.why:
        case Why.UNKNOWN_JOB:
            return says({"error": "Job not found"}, 404)
        case Why.BROKEN:
            words = b"500 Internal Server Error\n\nServer got itself in trouble"
            return Says(body=words, status=500, media_type="text/plain")
        case _:
            return _refused_graph(_error(refusal.why, refusal.message, refusal.param or ""), refusal.status)


def admits(ask: Ask, key: str) -> bool:
    """Take anybody, or a bearer token where a proxy in front wants one."""
    return not key or bearer(ask, key)


def nowhere(_: Desk, ask: Ask) -> Answer:
    """Answer a wrong path as the static files do."""
    if ask.method == "GET":
        return _empty(404)
    return Says(body=b"405: Method Not Allowed", status=405, media_type="text/plain")


def _empty(status: int = 200) -> Says:
    return msgspec.structs.replace(_NOTHING, status=status)


def _server(desk: Desk) -> Server:
    return desk.notes.setdefault("server", Server())


def _is_foreign(ask: Ask) -> bool:
    origin = ask.headers.get("origin", ask.origin)
    return origin != ask.origin or ask.headers.get("sec-fetch-site") == "cross-site"


# Submitting.


def prompt(desk: Desk, ask: Ask) -> Answer:
    """Queue a graph."""
    if _is_foreign(ask):
        return _empty(403)
    graph = as_object(ask.fields.get("prompt"))
    if graph is None:
        raise Refusal(Why.BROKEN)
    ref = ask.fields.get("prompt_id", str(uuid.uuid4()))
    if not isinstance(ref, str) or not _UUID.fullmatch(ref):
        return _refused_graph(_error("invalid_prompt_id", "prompt_id must be a valid UUID"))
    server = _server(desk)
    verdict = judge(graph, lambda name: name in server.inputs)
    if verdict.error is not None:
        return _refused_graph(verdict)
    facts = {"client_id": str(ask.fields.get("client_id") or ""), "saved": dict[str, Any]()}
    order = Order(prompt=_words(graph), model="workflow", fields=ask.fields, ref=ref, facts=facts)
    job = desk.accept(order)
    _start(desk, server, job, verdict)
    return says({"prompt_id": ref, "number": job.number, "node_errors": verdict.node_errors})


def _error(kind: str, message: str, details: str = "") -> Verdict:
    return Verdict(error={"type": kind, "message": message, "details": details, "extra_info": {}})


def _refused_graph(verdict: Verdict, status: int = 400) -> Says:
    return says({"error": verdict.error, "node_errors": verdict.node_errors}, status)


def _words(graph: dict[str, Any]) -> str:
    """Give every text in a graph, so that a prompt can ask for a fault wherever it stands."""
    found = [value for name in graph for value in inputs_of(graph, name).values() if isinstance(value, str)]
    return " ".join(found) or "a graph without words"


def _start(desk: Desk, server: Server, job: Job, verdict: Verdict) -> None:
    """Name the files of a run; a graph that ran before gives its files again, at once."""
    if any(_saves_oddly(job.order.fields["prompt"][name]) for name in verdict.outputs):
        job.faults = {**job.faults, "fails": ""}
    fine = {Phase.QUEUED, Phase.IN_PROGRESS, Phase.COMPLETED}
    again = [r for r in server.runs if same_graph(r, job.order.fields["prompt"])]
    before = next((r for r in again if desk.glance(r).phase in fine), None)
    if before is not None and desk.glance(before).has_clip:
        job.run_s = 0.0
        job.order.facts["saved"].update(before.order.facts["saved"])
    else:
        job.order.facts["saved"].update(name_files(server, job, verdict.outputs))
    server.runs.append(job)


def _saves_oddly(node: dict[str, Any]) -> bool:
    """Tell a container that is taken and then fails: choices are not checked before a graph runs."""
    return node["class_type"] == "SaveVideo" and node["inputs"].get("format") not in {"auto", "mp4"}


# Asking.


def _standing(desk: Desk) -> list[Sight]:
    """Say how every run stands that is still known, in the order they came."""
    server = _server(desk)
    return [desk.glance(run) for run in server.runs if run.number not in server.forgotten]


def _of(desk: Desk, ref: str) -> Sight:
    """Find the run an id stands for: history wins over the queue, running over waiting."""
    runs = [sight for sight in _standing(desk) if sight.ref == ref]
    if not runs:
        raise Refusal(Why.UNKNOWN_JOB)
    order = {Phase.IN_PROGRESS: 1, Phase.QUEUED: 2}
    return min(runs, key=lambda sight: order.get(sight.phase, 0))


def job(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands."""
    ref = ask.params["id"]
    _of(desk, ref)
    desk.look(ref)
    return says(job_view(_of(desk, ref), whole=True))


def jobs(desk: Desk, ask: Ask) -> Answer:
    """List jobs by status."""
    wanted = [word for word in ask.query.get("status", "").split(",") if word]
    odd = [word for word in wanted if word not in WORDS.values()]
    if odd:
        valid = ", ".join(WORDS.values())
        return says({"error": f"Invalid status value(s): {', '.join(odd)}. Valid values: {valid}"}, 400)
    found = [job_view(sight) for sight in _standing(desk)]
    found = [each for each in found if not wanted or each["status"] in wanted]
    if ask.query.get("sort_order", "desc") == "desc":
        found.reverse()
    offset, limit = int(ask.query.get("offset", "0")), int(ask.query.get("limit", "0")) or None
    page = found[offset:][:limit]
    more = offset + len(page) < len(found)
    place = {"offset": offset, "limit": limit, "total": len(found), "has_more": more}
    return says({"jobs": page, "pagination": place})


def queue(desk: Desk, _: Ask) -> Answer:
    """Show what runs and what waits."""
    running = [queue_item(s.job) for s in _standing(desk) if s.phase is Phase.IN_PROGRESS]
    pending = [queue_item(s.job) for s in _standing(desk) if s.phase is Phase.QUEUED]
    return says({"queue_running": running, "queue_pending": pending})


def history(desk: Desk, ask: Ask) -> Answer:
    """Show what ended; an unknown id and a living one give the same, nothing."""
    ref = ask.params.get("id")
    ended = [sight for sight in _standing(desk) if sight.ended and ref in {None, sight.ref}]
    if ref is not None and any(run.ref == ref for run in _server(desk).runs):
        desk.look(ref)
    return says({sight.ref: entry_of(sight) for sight in ended})


# Stopping and forgetting.


def cancel(desk: Desk, ask: Ask) -> Answer:
    """Stop one job, and say whether there was one to stop."""
    return says({"cancelled": _stop(desk, ask.params["id"])})


def cancel_many(desk: Desk, ask: Ask) -> Answer:
    """Stop many jobs; one malformed id stops none."""
    ids = texts(ask.fields.get("job_ids"), "job_ids")
    odd = [each for each in ids if not _UUID.fullmatch(each)]
    if odd:
        return says({"error": "job_ids must be valid UUIDs", "invalid_ids": odd}, 400)
    return says({"cancelled": [each for each in ids if _stop(desk, each)]})


def _stop(desk: Desk, ref: str) -> bool:
    living = [sight for sight in _standing(desk) if sight.ref == ref and not sight.ended]
    if not living:
        return False
    sight = min(living, key=lambda each: each.phase is Phase.QUEUED)
    if sight.phase is Phase.QUEUED:
        _take_out(desk, sight.job)
    elif sight.share < 0.95:
        desk.stop(sight.job)
    # Later the last node is writing its file, and the run ends well whatever was said.
    return True


def _take_out(desk: Desk, run: Job) -> None:
    _server(desk).forgotten.add(run.number)


def change_queue(desk: Desk, ask: Ask) -> Answer:
    """Take waiting jobs out of the queue, as older clients do; nothing is said about it."""
    wanted = set(texts(ask.fields.get("delete"), "delete"))
    for sight in _standing(desk):
        if sight.phase is Phase.QUEUED and (ask.fields.get("clear") is True or sight.ref in wanted):
            _take_out(desk, sight.job)
    return _NOTHING


def interrupt(desk: Desk, ask: Ask) -> Answer:
    """Stop the running job of an id, or without one whatever runs; nothing is said about it."""
    ref = ask.fields.get("prompt_id")
    for sight in _standing(desk):
        if sight.phase is Phase.IN_PROGRESS and ref in {None, sight.ref}:
            desk.stop(sight.job)
    return _NOTHING


def change_history(desk: Desk, ask: Ask) -> Answer:
    """Forget what ended; the files stay."""
    wanted = set(texts(ask.fields.get("delete"), "delete"))
    for sight in _standing(desk):
        if sight.ended and (ask.fields.get("clear") is True or sight.ref in wanted):
            _take_out(desk, sight.job)
    return _NOTHING


# Files.


def upload(desk: Desk, ask: Ask) -> Answer:
    """Keep a file of any kind; other bytes under a taken name get another one."""
    file = next((each for each in ask.files if each.field == "image"), None)
    if file is None or _is_foreign(ask):
        return _empty(400 if file is None else 403)
    server, folder = _server(desk), str(ask.fields.get("subfolder") or "")
    stem, dot, ending = file.filename.rpartition(".")
    name, number = file.filename, 0
    while server.inputs.get(_place(folder, name), file.sha256) != file.sha256:
        number += 1
        name = f"{stem} ({number}){dot}{ending}"
    server.inputs[_place(folder, name)] = file.sha256
    return says({"name": name, "subfolder": folder, "type": str(ask.fields.get("type") or "input")})


def _place(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def view(desk: Desk, ask: Ask) -> Answer:
    """Give what a run saved, whether or not the run is still known."""
    name, folder = ask.query.get("filename", ""), ask.query.get("subfolder", "")
    if not name or ".." in name or name.startswith("/"):
        return _empty(400)
    if ".." in folder or folder.startswith("/"):
        return _empty(403)
    found = _server(desk).files.get((ask.query.get("type", "output"), folder, name))
    if isinstance(found, bytes):
        return Says(body=found, media_type="image/png")
    if found is None or not desk.glance(found).has_clip:
        return _empty(404)
    return Clip(found)


# The rest.


def socket(desk: Desk, ask: Ask) -> Answer:
    """Tell a client of the runs that came with its name, for as long as it listens."""
    return Stream(_messages(desk, ask.query.get("clientId", "")), "websocket")


async def _messages(desk: Desk, client: str) -> AsyncIterator[str | bytes]:
    remaining = sum(not sight.ended for sight in _standing(desk))
    yield status_message(remaining, client)
    told = {sight.job.number: (sight.phase, 0.0) for sight in _standing(desk) if sight.ended}
    while True:
        for sight in _standing(desk):
            run, now = sight.job, (sight.phase, float(sight.percent))
            mine = run.order.facts["client_id"] == client
            known = told.get(run.number)
            if not mine or known == now or (known is not None and known[0] is sight.phase and sight.ended):
                continue
            if sight.phase is not Phase.QUEUED:
                for message in messages_of(sight, first=known is None):
                    yield message
                told[run.number] = now
        # Real time, not the simulator's: listening makes nothing pass.
        await asyncio.sleep(BEAT_S)


def nodes(_: Desk, ask: Ask) -> Answer:
    """Describe the nodes there are."""
    known, name = object_info(), ask.params.get("name")
    return says(known if name is None else {name: known[name]} if name in known else {})


def stats(_: Desk, __: Ask) -> Answer:
    """Describe the server."""
    system = {"os": "simulated", "comfyui_version": VERSION, "python_version": "simulated", "ram_total": 0}
    device = {"name": "cpu", "type": "cpu", "index": None, "vram_total": 0, "vram_free": 0}
    return says({"system": system, "devices": [device]})


_ELSEWHERE: Final = "/{path:(?!simulator/).+}"
_ROUTES: Final = (
    Route("POST", "/prompt", prompt, "create"),
    Route("GET", "/queue", queue, "list"),
    Route("POST", "/queue", change_queue, "cancel"),
    Route("GET", "/history", history, "list"),
    Route("GET", "/history/{id}", history, "poll"),
    Route("POST", "/history", change_history),
    Route("POST", "/interrupt", interrupt, "cancel"),
    Route("POST", "/upload/image", upload),
    Route("GET", "/view", view, "content"),
    Route("GET", "/object_info", nodes),
    Route("GET", "/object_info/{name}", nodes),
    Route("GET", "/system_stats", stats),
    Route("GET", "/ws", socket),
)
_JOBS: Final = (
    Route("GET", "/api/jobs", jobs, "list"),
    Route("POST", "/api/jobs/cancel", cancel_many, "cancel"),
    Route("GET", "/api/jobs/{id}", job, "poll"),
    Route("POST", "/api/jobs/{id}/cancel", cancel, "cancel"),
)

FAMILIES: Final = (
    Family(
        dialect="comfyui",
        title="ComfyUI",
        model="any",
        routes=(
            *_ROUTES,
            *(msgspec.structs.replace(route, path=f"/api{route.path}") for route in _ROUTES),
            *_JOBS,
            Route("GET", _ELSEWHERE, nowhere),
            Route("POST", _ELSEWHERE, nowhere),
        ),
        refuse=refuse,
        admits=admits,
        key="",
        settings=SETTINGS,
        second_micro=0,
        moderates=False,
    ),
)
