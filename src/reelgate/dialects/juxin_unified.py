"""Juxin's unified relay format: `/v1/video/create`, `/v1/video/query`, characters.

The base address is the relay's host, without a path. There is no list, no cancel and no client id, so an
unclear submission cannot be looked for. What is peculiar:

- the status is nested: outer `pending` with an inner `processing` and a fraction means that it runs;
- a submit is answered either by `{id: "sora-2:task_…", status}` or by an OpenAI video object;
- ids hold a colon;
- pictures go by address, so they are put on the relay's own file host (`/api/upload`) first;
- a storyboard is one job whose prompt is cut into shots; a total length beside it was once refused;
- the console's task log `{status: "SUCCESS", progress: "100%", data: {video_url}}` reads the same way;
- a wrong path answers with a web page.

`character_url` and `character_timestamps` are passed on as vendor options. A clip made with `private` cannot be
remixed. Not known: what the file host's answer looks like (`url` and `data.url` are read), limits, prices.

Facts: juxinapi.apifox.cn as mirrored in leon30083/juxin-Sora-MCP @9cfd41a and leon30083/wenjing-aigc @8b688f8.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final

from msgspec.structs import replace

from reelgate.core import openai_shape as shape
from reelgate.core import relay
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Answer,
    Call,
    Channel,
    Effect,
    KeepOutcome,
    Likeness,
    Observation,
    Output,
    Phase,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code
from reelgate.core.openai_call import bearer, json_call, link, only_create, refusal, with_extra
from reelgate.core.openai_shape import Job, Wire, reported
from reelgate.core.task import Request, Role
from reelgate.core.words import as_object, fraction, phase_of


class JuxinUnified:
    """Speaks `/v1/video/create`."""

    name = "juxin_unified"
    settings = ChannelSettings
    recorded = Recorded(
        names=("juxin_any", "juxin_characters", "juxin_console"),
        ops={"juxin_characters/submit": "keep_character"},
    )

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Put the pictures on the relay's host, then send the paid call once and say what is certain about it."""
        request = submission.request
        objection = only_create(submission)
        if objection is None and any(i.role not in _ROLES or i.character_id for i in request.inputs):
            objection = refusal(
                "input_reference", "This channel takes first frames and reference pictures only."
            )
        if objection is not None:
            return Refused(failure=objection)
        images = yield from relay.upload(request.inputs, "/api/upload", channel)
        if isinstance(images, Refused):
            return images
        call = json_call("/v1/video/create", bearer(channel), _fields(submission, images))
        return (yield from shape.submit(call, submission, channel, WIRE))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield Call(
            method="GET",
            path="/v1/video/query",
            query=(("id", ref),),
            headers=bearer(channel),
            timeout_s=30.0,
        )
        return _withheld(answer, shape.observed(answer, ref, channel, WIRE))

    def keep_character(self, likeness: Likeness, channel: Channel) -> Generator[Effect, Answer, KeepOutcome]:
        """Have a character made from a finished job or an address."""
        return relay.keep_character(likeness, channel, "/sora/v1/characters")


DIALECT: Final = JuxinUnified()

_ROLES: Final = frozenset({Role.FIRST_FRAME, Role.REFERENCE})


def _fields(submission: Submission, images: list[str]) -> dict[str, Any]:
    request = submission.request
    prompt = relay.prompt_of(request)
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "prompt": prompt,
        "images": images,
        "orientation": relay.orientation(request.size),
        "size": "large" if relay.is_large(request.size) else "small",
    }
    if not relay.is_storyboard(prompt):
        fields["duration"] = request.seconds
    return _without_shots(with_extra(fields | _switches(request), request))


def _switches(request: Request) -> dict[str, bool]:
    given = {"watermark": request.watermark, "private": request.private}
    return {name: value for name, value in given.items() if value is not None}


def _without_shots(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name != relay.SHOTS}


# Reading jobs.


def _inside(job: Job) -> tuple[dict[str, Any], dict[str, Any]]:
    detail = as_object(job.get("detail")) or {}
    return detail, as_object(detail.get("pending_info")) or {}


def _job(body: dict[str, Any]) -> dict[str, Any]:
    """Bring the status that counts, and the reason beside it, to the outside."""
    detail, pending = _inside(body)
    outer = phase_of(body.get("status"))
    ended = outer in {Phase.FAILED, Phase.CANCELLED} or (outer is Phase.COMPLETED and _url(body) is not None)
    words = [word for word in (pending.get("status"), detail.get("status")) if phase_of(word) is not None]
    job = body | {"status": words[0]} if words and not ended else dict(body)
    if not job.get("fail_reason"):
        job["fail_reason"] = pending.get("failure_reason") or detail.get("failure_reason")
    return job


def _progress(job: Job) -> int | None:
    _, pending = _inside(job)
    inner = fraction(pending.get("progress_pct"))
    return reported(job) if inner is None else inner


def _url(job: Job) -> object:
    detail, _ = _inside(job)
    draft = as_object(detail.get("draft_info")) or {}
    logged = as_object(job.get("data")) or {}
    candidates = (
        job.get("video_url"),
        detail.get("url"),
        draft.get("downloadable_url"),
        draft.get("url"),
        logged.get("video_url"),
    )
    return next((url for url in candidates if isinstance(url, str) and url.strip()), None)


def _outputs(job: Job, _ref: str, channel: Channel) -> tuple[Output, ...]:
    found = link(_url(job), channel, bearer(channel))
    return () if found is None else (found,)


def _withheld(answer: Answer, seen: Observation) -> Observation:
    """Tell a clip that was drawn and then withheld, and may be billed, from a prompt that was refused."""
    body = answer.object() if isinstance(answer, Reply) else None
    if body is None or seen.phase is not Phase.FAILED or seen.error is None:
        return seen
    _, pending = _inside(body)
    verdict = as_object(pending.get("moderation_result")) or {}
    if verdict.get("is_output_rejection") is not True:
        return seen
    return replace(seen, error=replace(seen.error, code=Code.CONTENT_FILTERED))


WIRE: Final = Wire(job=_job, outputs=_outputs, progress=_progress)
