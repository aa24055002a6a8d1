"""Video models on the Gemini Interactions API: `/interactions`, run in the background and kept.

The base address ends in `/v1beta`; the key goes in `x-goog-api-key`. A clip made here is edited or
extended by naming its interaction; another clip is sent along whole. Channel settings:

    api_revision   value of the `Api-Revision` header; left out by default
    callback_url   where the upstream posts when a job ends, signed

Facts from ai.google.dev/gemini-api/docs/omni and python-genai @6680718. Interactions cannot be listed,
and nothing names a submission, so an unclear one stays unclear.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Generator, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from reelgate.core.channel_settings import CalledBack, Text
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Callback,
    CancelOutcome,
    Channel,
    Effect,
    Embedded,
    Observation,
    Output,
    Phase,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Failure
from reelgate.core.job_shape import (
    Look,
    conclude,
    good,
    id_in,
    looked,
    ratio_of,
    text_in,
    unwanted_role,
    word_in,
)
from reelgate.core.openai_call import (
    CONTENT_TIMEOUT_S,
    SUBMIT_TIMEOUT_S,
    callback_url,
    link,
    refusal,
    with_extra,
)
from reelgate.core.openai_shape import objects
from reelgate.core.rpc_status import job_error, poll_trouble, submit_verdict
from reelgate.core.signature import is_standard_webhook
from reelgate.core.size_class import class_of
from reelgate.core.task import Input, Request, Role, Verb
from reelgate.core.words import Said, as_object, error_in, job_failure, path_segment, trouble_of

_FILE: Final = re.compile(r"/?(files/[A-Za-z0-9_-]{1,200})")


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    api_revision: Annotated[Text | None, Meta(description="Value of the `Api-Revision` header.")] = None


class GeminiInteractions:
    """Speaks `/interactions`."""

    name = "gemini_interactions"
    settings = Settings
    recorded = Recorded(base="/v1beta")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        body = _body(submission, channel)
        if isinstance(body, Failure):
            return Refused(failure=body)
        answer = yield Call(
            method="POST",
            path="/interactions",
            headers=_headers(channel),
            json=body,
            timeout_s=SUBMIT_TIMEOUT_S,
        )
        job = good(answer) or {}
        ref = id_in(job.get("id"))
        if ref is not None and (isinstance(job.get("status"), str) or error_in(job) is None):
            seen = _observed(answer, channel)
            return Accepted(ref=ref, observation=seen if seen.phase is not None else None)
        return submit_verdict(answer, submission.submitted_at_ms, channel.secret)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield Call(
            method="GET",
            path=f"/interactions/{path_segment(ref)}",
            headers=_headers(channel),
            timeout_s=60.0,
        )
        return _observed(answer, channel)

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Cancel an interaction that runs in the background; ended when the answer says so."""
        answer = yield Call(
            method="POST",
            path=f"/interactions/{path_segment(ref)}/cancel",
            headers=_headers(channel),
            json={},
            timeout_s=30.0,
        )
        seen = _observed(answer, channel)
        if seen.phase is Phase.CANCELLED:
            return CancelOutcome(ended=True)
        trouble = trouble_of(answer, secret=channel.secret) if isinstance(answer, Reply) else seen.trouble
        default = "The upstream did not confirm that the job stopped."
        return CancelOutcome(ended=False, reason=default if trouble is None else trouble.message)

    def verify(self, callback: Callback, secret: str, now_ms: int) -> str | None:
        """Give the interaction a genuine Standard Webhooks callback speaks of; None for any other."""
        if not is_standard_webhook(callback, secret, now_ms):
            return None
        try:
            event = as_object(msgspec.json.decode(callback.body)) or {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        data = as_object(event.get("data")) or {}
        return id_in(data.get("id")) or id_in(data.get("interaction_id"))


DIALECT: Final = GeminiInteractions()


def _headers(channel: Channel) -> dict[str, str]:
    headers = {"x-goog-api-key": channel.secret} if channel.secret else {}
    revision = channel.settings.get("api_revision")
    return headers | ({"Api-Revision": revision} if isinstance(revision, str) else {})


# The paid call.


def _body(submission: Submission, channel: Channel) -> dict[str, Any] | Failure:
    request = submission.request
    task = _task(request)
    refused = unwanted_role(request, Role.FIRST_FRAME, Role.REFERENCE, Role.SOURCE_VIDEO) or _objection(
        submission
    )
    if refused is not None:
        return refused
    parts = [_part(given) for given in request.inputs]
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "input": [*parts, {"type": "text", "text": request.prompt}] if parts else request.prompt,
        "background": True,
        "store": True,
        "response_format": _format(request),
        "generation_config": {"video_config": {"task": task}},
    }
    if request.verb is not Verb.CREATE and submission.parent_ref is not None:
        fields["previous_interaction_id"] = submission.parent_ref
    hook = callback_url(channel)
    if hook is not None:
        fields["webhook_config"] = {"uris": [hook]}
    return with_extra(fields, request)


def _objection(submission: Submission) -> Failure | None:
    request = submission.request
    frames, references = request.inputs_of(Role.FIRST_FRAME), request.inputs_of(Role.REFERENCE)
    clips = request.inputs_of(Role.SOURCE_VIDEO)
    if frames and references:
        return refusal("input_reference", "This model takes a first frame or references, not both.")
    if request.verb is Verb.CREATE and clips:
        return refusal("video", "A clip is taken for edits and extensions only.")
    if request.verb is not Verb.CREATE and submission.parent_ref is None and not clips:
        return refusal("video", "The source clip is neither on this channel nor attached.")
    return None


def _task(request: Request) -> str:
    match request.verb:
        case Verb.EDIT | Verb.REMIX:
            return "edit"
        case Verb.EXTEND:
            return "extend"
        case Verb.CREATE if request.inputs_of(Role.FIRST_FRAME):
            return "image_to_video"
        case Verb.CREATE if request.inputs_of(Role.REFERENCE):
            return "reference_to_video"
        case Verb.CREATE:
            return "text_to_video"


def _format(request: Request) -> dict[str, Any]:
    # Above 4 MB a clip comes by address anyway.
    chosen: dict[str, Any] = {"type": "video", "delivery": "uri"}
    if request.verb is Verb.CREATE:
        chosen |= {"aspect_ratio": ratio_of(request.size), "resolution": class_of(request.size)}
    if request.verb in {Verb.CREATE, Verb.EXTEND}:
        chosen["duration"] = f"{request.seconds}s"
    return chosen


def _part(given: Input) -> dict[str, Any]:
    return {
        "type": given.media_type.partition("/")[0],
        "mime_type": given.media_type,
        "data": Embedded(given.sha256, given.media_type, data_url=False),
    }


# Polls.


def _observed(answer: Answer, channel: Channel) -> Observation:
    job = good(answer)
    word = word_in(job, "status", "id", "object", "steps", "output_video") if job is not None else None
    if job is None or word is None:
        return poll_trouble(answer, channel.secret)
    phase = looked(word)
    said = _said(job)
    failure = None
    if phase is Phase.FAILED:
        failure = job_failure(said, word=word, secret=channel.secret)
        if said is not None and word.strip().lower() == "failed":
            failure = job_error(said, channel.secret)
    elif phase is Phase.COMPLETED and said is not None:
        failure = job_error(said, channel.secret)
    return conclude(Look(word=word, phase=phase, outputs=_outputs(job, channel), failure=failure))


def _said(job: Mapping[str, Any]) -> Said | None:
    for error in (*objects(job.get("errors")), job.get("error")):
        said = error_in({"error": error})
        if said is not None:
            return said
    return None


def _outputs(job: Mapping[str, Any], channel: Channel) -> tuple[Output, ...]:
    parts = [as_object(job.get("output_video")) or {}]
    for step in (*objects(job.get("steps")), *objects(job.get("outputs"))):
        if step.get("type") != "user_input":
            parts += [part for part in (step, *objects(step.get("content"))) if part.get("type") == "video"]
    found = (_output(part, channel) for part in parts)
    first = next((output for output in found if output is not None), None)
    return () if first is None else (first,)


def _output(part: Mapping[str, Any], channel: Channel) -> Output | None:
    media_type = text_in(part.get("mime_type")) or "video/mp4"
    uri = text_in(part.get("uri"))
    file = _FILE.fullmatch(uri)
    if file is not None:
        call = Call(
            method="GET",
            path=f"/{file.group(1)}:download",
            headers=_headers(channel),
            query=(("alt", "media"),),
            timeout_s=CONTENT_TIMEOUT_S,
        )
        return Output(call=call, media_type=media_type)
    there = link(uri, channel, _headers(channel))
    if there is not None:
        return msgspec.structs.replace(there, media_type=media_type)
    try:
        data = base64.b64decode(text_in(part.get("data")), validate=True)
    except (binascii.Error, ValueError):
        return None
    return Output(data=data, media_type=media_type) if data else None
