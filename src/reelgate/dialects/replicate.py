"""Replicate: predictions of any public or private model, each with an input of its own.

The base address ends in `/v1`. The upstream model is `owner/name`, `owner/name:version` or a bare
version. Settings:

    fields     names of inputs where a model calls them otherwise, such as {"first_frame": "start_image"};
               an empty name leaves a field out
    size       "ratio" (default: `aspect_ratio` and `resolution`), "pixels" (`size`, "1280*720") or "none"
    callback_url  where the upstream posts when a job ends

A file above 256 KiB is uploaded to `/files` before the paid call, a smaller one goes along as a data
URL. Output files are deleted one hour after the end, so they are fetched at once; a job runs 30 minutes
at most. The list tells prompt and time of birth, so an unclear submit can be found again. The list
omits nothing we know of, yet "not in the list" is never taken for certain. Callbacks follow Standard
Webhooks; the same `webhook-id` on a resend is the same callback.

Facts: replicate.com/docs (rate limits, input files, webhooks), replicate-python @0110c2c. Not tried on an account.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import Meta

from reelgate.core.channel_settings import CalledBack, Names
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Callback,
    CancelOutcome,
    CatalogueModel,
    Channel,
    Effect,
    FindOutcome,
    NoReply,
    Observation,
    Phase,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import (
    Job,
    Listing,
    Look,
    Page,
    Traits,
    conclude,
    find_listed,
    good,
    id_in,
    lines_of,
    looked,
    outputs_in,
    poll_listed,
    question,
    ratio_of,
    submit,
    text_in,
    unlearned,
    word_in,
)
from reelgate.core.openai_call import (
    bearer,
    callback_url,
    data_url,
    file_part,
    json_call,
    refusal,
    web_address,
    with_extra,
)
from reelgate.core.openai_shape import objects
from reelgate.core.signature import is_standard_webhook
from reelgate.core.task import Input, Request, Role, Verb
from reelgate.core.words import (
    Said,
    as_object,
    error_in,
    fold,
    job_failure,
    path_segment,
    timestamp_ms,
    trouble_of,
)

INLINE_MAX_BYTES: Final = 262_144
"""Larger files are uploaded first."""
COLLECTIONS: Final = ("text-to-video", "image-to-video")
NAMES: Final[Mapping[str, str]] = {
    Role.FIRST_FRAME: "image",
    Role.LAST_FRAME: "last_frame",
    Role.REFERENCE: "reference_images",
    Role.SOURCE_VIDEO: "video",
    Role.AUDIO: "audio",
    "duration": "duration",
    "seed": "seed",
    "negative_prompt": "negative_prompt",
    "generate_audio": "generate_audio",
}
"""What most models call their inputs."""
_OWN_NAMES: Final[tuple[tuple[str, Mapping[str, str]], ...]] = (
    ("bytedance/seedance", {Role.LAST_FRAME.value: "last_frame_image"}),
)


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    fields: Annotated[
        Names,
        Meta(
            description="Names of inputs where a model calls them otherwise; an empty one leaves a field out."
        ),
    ] = {}
    size: Annotated[
        Literal["ratio", "pixels", "none"],
        Meta(
            description="How a size is written: as an aspect ratio and a resolution, in pixels, or not at all."
        ),
    ] = "ratio"


class Replicate:
    """Speaks Replicate's predictions."""

    name = "replicate"
    settings = Settings
    recorded = Recorded(ops={"callback": "heard"}, base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Upload large files, send the paid call once, and say what is certain about it."""
        path = _path(submission.upstream_model)
        if isinstance(path, Failure):
            return Refused(failure=path)
        if submission.request.verb is Verb.REMIX:
            return Refused(failure=refusal("model", "This channel does not offer remix."))
        files: dict[str, Any] = {}
        for given in submission.request.inputs:
            files[given.sha256] = where = yield from _hand_over(given, channel)
            if isinstance(where, Failure):
                return Refused(failure=where)
        fields = {"input": _input(submission, channel, files), **_version(submission.upstream_model)}
        call = json_call(path, bearer(channel), fields | _hook(channel))
        return (yield from submit(call, submission, channel, lambda body: _accepted(body, channel)))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield question(f"/predictions/{path_segment(ref)}", channel)
        body = good(answer)
        seen = _observed(body, channel) if body is not None else None
        return seen or unlearned(answer, channel)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs through the list, newest first."""
        return poll_listed(refs, channel, _listing(channel))

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look through the list for the one job with this prompt and model, born when it was sent."""
        model = submission.upstream_model.partition(":")[0]
        plain = msgspec.structs.replace(submission, upstream_model=model)
        return find_listed(plain, taken, _listing(channel), _traits)

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Ask the upstream to stop the job."""
        answer = yield Call(
            method="POST",
            path=f"/predictions/{path_segment(ref)}/cancel",
            headers=bearer(channel),
            timeout_s=30.0,
        )
        trouble = trouble_of(answer, secret=channel.secret)
        if trouble is not None:
            return CancelOutcome(ended=False, reason=trouble.message)
        if looked((good(answer) or {}).get("status")) is Phase.CANCELLED:
            return CancelOutcome(ended=True)
        return CancelOutcome(ended=False, reason="The upstream did not confirm that the job stopped.")

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the models in the upstream's own collections of video models."""
        found: dict[str, CatalogueModel] = {}
        for collection in COLLECTIONS:
            body = good((yield question(f"/collections/{collection}", channel))) or {}
            for item in objects(body.get("models")):
                owner, name = text_in(item.get("owner")), text_in(item.get("name"))
                if owner and name:
                    found[f"{owner}/{name}"] = CatalogueModel(name=f"{owner}/{name}", title=name)
        return list(found.values())

    def verify(self, callback: Callback, secret: str, now_ms: int) -> str | None:
        """Give the id of the job a genuine, fresh callback speaks of."""
        if not is_standard_webhook(callback, secret, now_ms):
            return None
        return id_in((Reply(status=200, headers={}, body=callback.body).object() or {}).get("id"))

    def heard(self, reply: Reply, channel: Channel) -> Observation:
        """Read a callback's body; a hint only, for the upstream is always asked."""
        return _observed(reply.object() or {}, channel) or unlearned(reply, channel)


DIALECT: Final = Replicate()


# The paid call.


def _path(model: str) -> str | Failure:
    if re.fullmatch(r"[\w.-]+/[\w.-]+", model) and ".." not in model:
        return f"/models/{model}/predictions"
    if re.fullmatch(r"(?:[\w.-]+/[\w.-]+:)?[\w-]{1,64}", model):
        return "/predictions"
    return refusal("model", "The upstream model is neither `owner/name` nor a version.")


def _version(model: str) -> dict[str, str]:
    version = model.rpartition(":")[2]
    return {} if "/" in version else {"version": version}


def _hand_over(given: Input, channel: Channel) -> Generator[Effect, Answer, Any]:
    """Give the value that stands for a file in the input; an upload costs nothing, so a failed one is a refusal."""
    # A size of 0 is one nobody told.
    if 0 < given.bytes <= INLINE_MAX_BYTES:
        return data_url(given)
    answer = yield Call(
        method="POST",
        path="/files",
        headers=bearer(channel),
        form=[file_part(("content", given))],
        timeout_s=300.0,
    )
    place = web_address((as_object((good(answer) or {}).get("urls")) or {}).get("get"))
    if place is not None:
        return place
    if isinstance(answer, NoReply) and answer.blocked:
        return Failure(code=Code.BLOCKED_ADDRESS, message=answer.reason)
    trouble = trouble_of(answer, secret=channel.secret)
    if trouble is not None and trouble.code not in {Code.BAD_GATEWAY_PAYLOAD, Code.UPSTREAM_LOST}:
        return trouble
    return Failure(code=Code.OVERLOADED, message="The upstream did not take the file.")


def _hook(channel: Channel) -> dict[str, Any]:
    hook = callback_url(channel)
    return {"webhook": hook, "webhook_events_filter": ["completed"]} if hook else {}


def _input(submission: Submission, channel: Channel, files: Mapping[str, Any]) -> dict[str, Any]:
    request = submission.request
    names = {**NAMES, **_own_names(submission.upstream_model), **_texts(channel.settings.get("fields"))}
    given: dict[str, Any] = {
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "generate_audio": request.audio,
    }
    if request.verb is not Verb.EDIT:
        given["duration"] = request.seconds
    for role in Role:
        values = [files[i.sha256] for i in request.inputs_of(role)]
        if values:
            given[role.value] = values if role is Role.REFERENCE else values[0]
    named = {names[key]: value for key, value in given.items() if value is not None and names.get(key)}
    return with_extra({"prompt": request.prompt, **named, **_size(request, channel)}, request)


def _size(request: Request, channel: Channel) -> dict[str, str]:
    match channel.settings.get("size"):
        case "none":
            return {}
        case "pixels":
            return {"size": f"{request.size.width}*{request.size.height}"}
        case _ if request.verb is Verb.EDIT:
            return {}
        case _:
            return {"aspect_ratio": ratio_of(request.size), "resolution": f"{lines_of(request.size)}p"}


def _own_names(model: str) -> Mapping[str, str]:
    for prefix, names in _OWN_NAMES:
        if model.startswith(prefix):
            return names
    return {}


def _texts(value: object) -> dict[str, str]:
    items = cast("dict[object, object]", value).items() if isinstance(value, dict) else ()
    return {k: v for k, v in items if isinstance(k, str) and isinstance(v, str)}


# Reading.


def _accepted(body: Mapping[str, Any], channel: Channel) -> Accepted | None:
    ref = id_in(body.get("id"))
    seen = _observed(body, channel)
    if ref is None or (seen is None and error_in(body) is not None):
        return None
    return Accepted(ref=ref, observation=seen if seen is not None and seen.phase is not None else None)


def _observed(body: Job, channel: Channel) -> Observation | None:
    word = word_in(body, "status", "id", "output", "urls")
    if word is None:
        return None
    said = error_in({"error": body.get("error")})
    phase = looked(word)
    failure = _failure(said, word, channel) if said is not None else None
    outputs = outputs_in(body.get("output")) if failure is None else ()
    return conclude(Look(word=word, phase=phase, outputs=outputs, failure=failure))


def _failure(said: Said, word: str, channel: Channel) -> Failure:
    # Models prefix a code of theirs in the text: "... (E005)" is the moderation's.
    if re.search(r"\(E005\)", said.message):
        return job_failure(msgspec.structs.replace(said, code="content_policy"), secret=channel.secret)
    return job_failure(said, word=word, secret=channel.secret)


def _listing(channel: Channel) -> Listing:
    def page(body: dict[str, Any], call: Call) -> Page | None:
        if not isinstance(body.get("results"), list):
            return None
        # Only the cursor of `next` is taken, never its address.
        found = re.search(r"[?&]cursor=([^&#\s]{1,2000})", text_in(body.get("next")))
        after = None
        if found is not None and ("cursor", _unquoted(found.group(1))) not in call.query:
            after = question("/predictions", channel, [("cursor", _unquoted(found.group(1)))])
        return Page(objects(body.get("results")), after)

    return Listing(
        first=question("/predictions", channel),
        page=page,
        ref=lambda job: id_in(job.get("id")),
        observe=lambda job: _observed(job, channel) or Observation(phase=None),
    )


def _unquoted(text: str) -> str:
    raw = re.sub(r"%([0-9A-Fa-f]{2})", lambda m: chr(int(m.group(1), 16)), text)
    return raw.encode("latin-1", "replace").decode("utf-8", "replace")


def _traits(job: Job) -> Traits:
    prompt = (as_object(job.get("input")) or {}).get("prompt")
    model = text_in(job.get("model")).partition(":")[0] or None
    if model is not None and fold(model) == "hidden":
        model = None
    return Traits(
        prompt=prompt if isinstance(prompt, str) else None,
        model=model,
        born_ms=timestamp_ms(job.get("created_at")),
    )
