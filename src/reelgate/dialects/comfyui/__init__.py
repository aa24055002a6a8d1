"""ComfyUI: any workflow on a server of one's own is a model.

The base address is the server's, without a path. The channel's settings hold the workflows (see `workflow`)
and, rarely, `api`. What is peculiar:

- the job's id is ours, so an unclear submit is looked for exactly; nothing is ever sent again under the same
  id, for the server would run it twice;
- a job cancelled before it ran leaves no trace, and one told to stop may still end well: its end is read;
- history and queue live in memory: after a restart nothing is known, though the files are still served;
- the same graph again runs nothing, so a seed of the attempt's own is put in where the caller gave none;
- a failed job may carry finished files, a completed one none: only a completed one's files count;
- servers without `/api/jobs` answer it with an empty 404; then `/history` and `/queue` are asked.

Progress is per node and comes over the socket alone. Where a workflow names its `progress_node`, a poll of a
running job listens there for a moment; otherwise no progress is shown.

Ids of ours are honoured since 2025; before 0.4 "not found" is therefore never certain. No key is needed; a
channel with one sends it as a bearer token, for a proxy in front.

Facts: recorded on 0.33.0 with core nodes, 2026-11-22; Comfy-Org/ComfyUI server.py @002c3fb, jobs.py @172be43.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    Channel,
    Effect,
    FindOutcome,
    Follow,
    Found,
    Line,
    NotFound,
    Observation,
    Phase,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
    Text,
    Unclear,
)
from reelgate.core.dialect import File as FilePart
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import good, id_in, question, text_in, unlearned
from reelgate.core.openai_call import SUBMIT_TIMEOUT_S, bearer, filename
from reelgate.core.task import Input, Role
from reelgate.core.words import (
    as_object,
    classify_submit,
    error_in,
    nothing_learned,
    path_segment,
    trouble_of,
)
from reelgate.dialects.comfyui.jobs import entry_seen, heard_in, job_seen, queue_in, refused_in
from reelgate.dialects.comfyui.workflow import (
    ANY,
    Settings,
    Unusable,
    Workflow,
    filled,
    key_of,
    objection_to,
    prompt_id_of,
    settings_of,
    unmapped,
    workflow_of,
)

UPLOAD_TIMEOUT_S: Final = 300.0
SILENCE_S: Final = 3.0
"""How long a poll waits for the next message of a running job."""
MOST_MESSAGES: Final = 40
HONOURS_IDS: Final = (0, 4)
"""From this version on, a job is certainly known by the id it was sent with."""

Flow = Generator[Effect, Answer, Observation]


class ComfyUI:
    """Speaks to a ComfyUI server."""

    name = "comfyui"
    settings = Settings
    recorded = Recorded(
        ops={
            "query_history": "poll_history",
            "query_queue": "poll_queue",
            "ws": "listen",
            "upload": "read_upload",
        },
        settings={"workflows": {ANY: {"graph": {}}}},
    )

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Upload the files, queue the graph once under an id of ours and say what is certain about it."""
        settings = settings_of(channel.settings)
        if isinstance(settings, Unusable):
            return Refused(failure=settings.failure)
        key = key_of(submission.upstream_model, settings)
        workflow = workflow_of(key, settings)
        if isinstance(workflow, Unusable):
            return Refused(failure=workflow.failure)
        objection = unmapped(submission.request, workflow)
        if objection is not None:
            return Refused(failure=objection)
        files = yield from _upload_all(submission.request.inputs, channel)
        if isinstance(files, Refused):
            return files
        answer = yield _paid_call(submission, channel, filled(submission, workflow, files))
        return _outcome(answer, submission, channel, key, workflow)

    def poll(self, ref: str, channel: Channel) -> Flow:
        """Ask how one job is doing, and listen for its progress where the workflow says whose counts."""
        settings, job_id, workflow = _of(ref, channel)
        if settings.api == "history":
            return (yield from self.poll_history(ref, channel))
        answer = yield _job_call(job_id, channel)
        if _no_such_route(answer) and settings.api == "auto":
            return (yield from self.poll_history(ref, channel))
        seen = _job_seen(answer, channel, workflow)
        return (yield from _with_progress(seen, job_id, channel, workflow))

    def poll_history(self, ref: str, channel: Channel) -> Flow:
        """Ask a server without `/api/jobs`: its history, and for what is not in there its queue."""
        _, job_id, workflow = _of(ref, channel)
        answer = yield _history_call(job_id, channel)
        seen = _entry_seen(answer, job_id, channel, workflow)
        if seen is not None:
            return seen
        answer = yield question("/queue", channel)
        queue = queue_in(good(answer))
        if queue is None:
            return unlearned(answer, channel)
        for item in queue:
            if item.id == job_id:
                return (yield from _with_progress(item.observation, job_id, channel, workflow))
        # It may have ended between the two questions.
        again = _entry_seen((yield _history_call(job_id, channel)), job_id, channel, workflow)
        return again or nothing_learned(_unknown_job())

    def poll_queue(self, channel: Channel) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Read every living job out of the queue; for one id twice in there, the running one counts."""
        answer = yield question("/queue", channel)
        found: dict[str, Observation] = {}
        for item in queue_in(good(answer)) or []:
            found.setdefault(item.id, item.observation)
        return found

    def listen(self, ref: str, channel: Channel) -> Flow:
        """Listen on the job's socket until its progress is heard, it ends, or nothing comes for a while."""
        _, job_id, workflow = _of(ref, channel)
        return _listen(job_id, channel, workflow)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask which jobs still live; the ended ones are left to be asked about singly, for their files."""
        settings = _of("", channel)[0]
        by_id = {ref.partition("@")[0]: ref for ref in refs}
        if settings.api != "history":
            answer = yield question("/api/jobs", channel, _LIVING)
            if not _no_such_route(answer):
                return _listed(answer, by_id, channel)
        answer = yield question("/queue", channel)
        queue = queue_in(good(answer))
        if queue is None:
            return _trouble_for_all(answer, refs, channel)
        living = {item.id: item.observation for item in reversed(queue)}
        return {ref: living[job_id] for job_id, ref in by_id.items() if job_id in living}

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look for the job under the id it was sent with, first among the living, then among the ended."""
        job_id = prompt_id_of(submission.token)
        settings, _, _ = _of("", channel)
        key = key_of(submission.upstream_model, settings)
        answer = yield question("/queue", channel)
        queue = queue_in(good(answer))
        if queue is None:
            return Unclear(reason="The server's queue could not be read.")
        for item in queue:
            # Servers of before 2025 gave ids of their own, and kept ours as the client's.
            if job_id in {item.id, item.client_id}:
                return Found(ref=_ref(item.id, key), observation=item.observation)
        answer = yield _history_call(job_id, channel)
        seen = _entry_seen(answer, job_id, channel, _workflow(key, settings))
        if seen is None:
            version = _version_in((yield question("/system_stats", channel)))
            certain = version is not None and version >= HONOURS_IDS
            return NotFound(
                certain=certain, reason="Neither the server's queue nor its history has this job."
            )
        if seen.trouble is not None:
            return Unclear(reason="The server's history could not be read.")
        return Found(ref=_ref(job_id, key), observation=seen if seen.phase is not None else None)

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Take the job out of the queue or interrupt it, and read from its record whether it has stopped."""
        settings, job_id, _ = _of(ref, channel)
        if settings.api != "history":
            answer = yield Call(
                method="POST",
                path=f"/api/jobs/{path_segment(job_id)}/cancel",
                headers=bearer(channel),
                timeout_s=30.0,
            )
            if not _no_such_route(answer):
                trouble = trouble_of(answer, secret=channel.secret)
                if trouble is not None:
                    return CancelOutcome(ended=False, reason=trouble.message)
                # "cancelled" is no promise either way: the record is what counts.
                answer = yield _job_call(job_id, channel)
                return _stopped(_job_seen(answer, channel, None))
        return (yield from _cancel_in_queue(job_id, channel))

    def objection(self, settings: Mapping[str, Any]) -> str | None:
        """Say what is wrong with a channel's settings, naming the key; None when they can be used."""
        return objection_to(settings)

    def read_upload(self, reply: Reply, channel: Channel) -> str | Refused:
        """Give the name under which the server keeps an uploaded file."""
        return _uploaded(reply, channel)


DIALECT: Final = ComfyUI()

_LIVING: Final = (("status", "pending,in_progress"), ("sort_order", "asc"))


# Refs: the job's id, and after `@` the key of its workflow where that is not `*`.


def _ref(job_id: str, key: str) -> str:
    return job_id if key == ANY else f"{job_id}@{key}"


def _of(ref: str, channel: Channel) -> tuple[Settings, str, Workflow | None]:
    """Give the settings, the job's id and its workflow; a running job outlives a mistake in the settings."""
    read = settings_of(channel.settings)
    settings = Settings() if isinstance(read, Unusable) else read
    job_id, _, key = ref.partition("@")
    return settings, job_id, _workflow(key or ANY, settings)


def _workflow(key: str, settings: Settings) -> Workflow | None:
    found = workflow_of(key, settings)
    return None if isinstance(found, Unusable) else found


# Submitting.


def _upload_all(
    inputs: Sequence[Input], channel: Channel
) -> Generator[Effect, Answer, dict[Role, list[str]] | Refused]:
    names: dict[Role, list[str]] = {}
    for given in inputs:
        # Named by its bytes: the same file again takes no room, and another one never its place.
        part = FilePart("image", given.sha256, f"{given.sha256[:24]}-{filename(given)}", given.media_type)
        answer = yield Call(
            method="POST",
            path="/upload/image",
            headers=bearer(channel),
            form=(part, Text("type", "input")),
            timeout_s=UPLOAD_TIMEOUT_S,
        )
        name = _uploaded(answer, channel)
        if isinstance(name, Refused):
            return name
        names.setdefault(given.role, []).append(name)
    return names


def _uploaded(answer: Answer, channel: Channel) -> str | Refused:
    body = good(answer) or {}
    name, folder = text_in(body.get("name")), text_in(body.get("subfolder"))
    if name:
        return f"{folder}/{name}" if folder else name
    trouble = trouble_of(answer, secret=channel.secret)
    if trouble is not None and isinstance(answer, Reply) and answer.status in {401, 403, 413}:
        return Refused(failure=trouble)
    # Nothing was queued yet, so that doubt is harmless: it may be sent again.
    message = "The server did not take the file; nothing was queued."
    detail = None if trouble is None else trouble.detail
    return Refused(failure=Failure(code=Code.OVERLOADED, message=message, detail=detail))


def _paid_call(submission: Submission, channel: Channel, graph: dict[str, Any]) -> Call:
    job_id = prompt_id_of(submission.token)
    # A client of its own for each job, so that its socket tells of this job alone.
    fields = {"prompt": graph, "prompt_id": job_id, "client_id": job_id}
    return Call(
        method="POST", path="/prompt", headers=bearer(channel), json=fields, timeout_s=SUBMIT_TIMEOUT_S
    )


def _outcome(
    answer: Answer, submission: Submission, channel: Channel, key: str, workflow: Workflow
) -> SubmitOutcome:
    body = good(answer) or {}
    job_id = id_in(body.get("prompt_id"))
    if job_id is not None and error_in({"error": body.get("error")}) is None:
        # Complaints about some nodes beside an id do not unmake the job: the rest of the graph runs.
        queued = Observation(phase=Phase.QUEUED)
        return Accepted(ref=_ref(job_id, key), observation=queued, upstream_id=job_id)
    refused = refused_in(answer, channel, workflow)
    if refused is not None:
        return Refused(failure=refused)
    verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
    return verdict or Unclear(reason="The server answered without an id.")


# Asking.


def _job_call(job_id: str, channel: Channel) -> Call:
    return question(f"/api/jobs/{path_segment(job_id)}", channel)


def _history_call(job_id: str, channel: Channel) -> Call:
    return question(f"/history/{path_segment(job_id)}", channel)


def _no_such_route(answer: Answer) -> bool:
    """Tell a server without the route: its static files answer, with nothing or with a plain refusal of the method."""
    if not isinstance(answer, Reply) or answer.status not in {404, 405}:
        return False
    text = answer.body.strip()
    return not text or text.startswith(b"405")


def _job_seen(answer: Answer, channel: Channel, workflow: Workflow | None) -> Observation:
    job = good(answer)
    seen = job_seen(job, channel, workflow) if job is not None else None
    return seen or unlearned(answer, channel)


def _entry_seen(
    answer: Answer, job_id: str, channel: Channel, workflow: Workflow | None
) -> Observation | None:
    """Read the answer of `/history/{id}`; None for the empty one, which is given until the job has ended."""
    trouble = trouble_of(answer, secret=channel.secret)
    if trouble is not None:
        return nothing_learned(trouble)
    body = good(answer) or {}
    entry = as_object(body.get(job_id))
    if entry is not None:
        return entry_seen(entry, channel, workflow)
    return nothing_learned(None) if body else None


def _unknown_job() -> Failure:
    message = "Neither the server's queue nor its history has this job."
    return Failure(code=Code.UPSTREAM_LOST, message=message)


def _with_progress(seen: Observation, job_id: str, channel: Channel, workflow: Workflow | None) -> Flow:
    """Add what the socket says of a running job to what its record said; the record stays the truth."""
    if seen.phase is not Phase.IN_PROGRESS or workflow is None or workflow.progress_node is None:
        return seen
    heard = yield from _listen(job_id, channel, workflow)
    return seen if heard.phase is None else heard


def _listen(job_id: str, channel: Channel, workflow: Workflow | None) -> Flow:
    seen = Observation(phase=None)
    answer = yield Call(
        method="GET",
        path="/ws",
        query=(("clientId", job_id),),
        headers=bearer(channel),
        timeout_s=SILENCE_S,
        stream=True,
        websocket=True,
    )
    if not isinstance(answer, Reply) or answer.status >= 300:
        return seen
    node = workflow.progress_node if workflow is not None else None
    for _ in range(MOST_MESSAGES):
        answer = yield Follow()
        if not isinstance(answer, Line):
            break
        heard = heard_in(answer.text, job_id, node)
        if heard is not None and heard.ended:
            return _job_seen((yield _job_call(job_id, channel)), channel, workflow)
        if heard is not None and heard.observation is not None:
            seen = heard.observation
            if seen.progress is not None:
                break
    return seen


def _listed(answer: Answer, by_id: Mapping[str, str], channel: Channel) -> Mapping[str, Observation]:
    jobs = (good(answer) or {}).get("jobs")
    if not isinstance(jobs, list):
        return _trouble_for_all(answer, list(by_id.values()), channel)
    found: dict[str, Observation] = {}
    for job in map(as_object, jobs):  # pyright: ignore[reportUnknownArgumentType]
        ref = by_id.get(text_in(job.get("id"))) if job is not None else None
        seen = job_seen(job, channel, None) if job is not None and ref is not None else None
        if ref is not None and seen is not None and seen.phase not in {Phase.COMPLETED, Phase.FAILED}:
            # A list says neither which files a job saved nor why it failed.
            found.setdefault(ref, seen)
    return found


def _trouble_for_all(answer: Answer, refs: Sequence[str], channel: Channel) -> dict[str, Observation]:
    trouble = trouble_of(answer, secret=channel.secret)
    of_the_list = {Code.BAD_GATEWAY_PAYLOAD, Code.UPSTREAM_LOST, Code.INVALID_REQUEST, Code.NOT_FOUND}
    if trouble is None or trouble.code in of_the_list:
        return {}
    return {ref: nothing_learned(trouble) for ref in refs}


def _version_in(answer: Answer) -> tuple[int, ...] | None:
    system = as_object((good(answer) or {}).get("system")) or {}
    found = re.match(r"v?(\d{1,6})\.(\d{1,6})", text_in(system.get("comfyui_version")))
    return None if found is None else (int(found.group(1)), int(found.group(2)))


# Cancelling.


def _stopped(seen: Observation) -> CancelOutcome:
    """Say whether a job has stopped: a job nobody knows any more was taken out of the queue."""
    if seen.lost or seen.phase is Phase.CANCELLED:
        return CancelOutcome(ended=True)
    if seen.phase in {Phase.QUEUED, Phase.IN_PROGRESS}:
        return CancelOutcome(
            ended=False, reason="The server was told to stop the job and has not yet done so."
        )
    if seen.phase is None:
        reason = seen.trouble.message if seen.trouble else "The server says a word nobody knows."
        return CancelOutcome(ended=False, reason=reason)
    return CancelOutcome(ended=False, reason=f"The job is {seen.phase.value} already.")


def _cancel_in_queue(job_id: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
    """Cancel on a server without `/api/jobs`; an interrupt goes out only while our own job runs."""
    answer = yield question("/queue", channel)
    queue = queue_in(good(answer))
    if queue is None:
        return CancelOutcome(ended=False, reason="The server's queue could not be read.")
    mine = next((item for item in queue if item.id == job_id), None)
    if mine is not None:
        running = mine.observation.phase is Phase.IN_PROGRESS
        answer = yield Call(
            method="POST",
            path="/interrupt" if running else "/queue",
            headers=bearer(channel),
            json={"prompt_id": job_id} if running else {"delete": [job_id]},
            timeout_s=30.0,
        )
    seen = yield from DIALECT.poll_history(job_id, channel)
    return _stopped(seen)
