"""Kie.ai: a relay with one call for Veo and one, with an `input` of its own, for every other model.

The base address ends in `/api/v1`. Upstream models that begin with `veo` go to `/veo/generate`, all
others to `/jobs/createTask`; the ref keeps which (`veo/<id>` or `jobs/<id>`; an id alone is taken for
the latter, or for Veo when it says so itself). The body's `code` tells success and error whatever the
HTTP status says. `resultUrls` comes as an array, as JSON text, or as text in brackets that is no JSON.

Files go by public address only: stored ones are refused, and a caller who has an address gives
`imageUrls` or the model's own field, which is passed on. Their upload service is on another host, where
a channel's key does not go. Settings:

    fields   names of inputs of job models where they differ, such as {"duration": "n_seconds"}; an
             empty name leaves a field out
    callback_url  where the upstream posts when a job ends

Clips are kept for 14 days. Callbacks are a hint only, for they carry no signature that is documented
for every model. There is no list and no cancel: an unclear submit stays unclear.

`GET /chat/credit` gives the credits that are left.

Facts: docs.kie.ai, read 2026-11-22. Not tried on an account.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from typing import Annotated, Any, Final, cast

import msgspec
from msgspec import Meta

from reelgate.core.channel_settings import CalledBack, Names, QuotaLow
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Channel,
    Effect,
    Observation,
    Output,
    Phase,
    Quota,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import (
    Job,
    Look,
    addresses,
    conclude,
    good,
    id_in,
    lines_of,
    looked,
    own_failure,
    question,
    ratio_of,
    submit,
    text_in,
    unlearned,
)
from reelgate.core.money import measured
from reelgate.core.openai_call import (
    bearer,
    callback_url,
    json_call,
    only_create,
    refusal,
    web_address,
    with_extra,
)
from reelgate.core.words import (
    Said,
    as_object,
    code_of,
    failure_of,
    job_failure,
    nothing_learned,
    percent,
)

CODES: Final[Mapping[str, Code]] = {
    "400": Code.INVALID_REQUEST,
    "401": Code.UNAUTHORIZED,
    "402": Code.QUOTA_EXHAUSTED,
    "404": Code.NOT_FOUND,
    "422": Code.INVALID_REQUEST,
    "429": Code.RATE_LIMITED,
    "433": Code.QUOTA_EXHAUSTED,
    "451": Code.INVALID_REQUEST,
    "455": Code.OVERLOADED,
    "505": Code.PERMISSION_OR_CHANNEL,
}
"""What the body's code means on a submit; 451 is a picture that could not be fetched. Any other proves nothing."""

_WORDS: Final[Mapping[str, Phase]] = {"waiting": Phase.QUEUED, "queuing": Phase.QUEUED}
_FLAGS: Final[Mapping[object, tuple[str, Phase]]] = {
    "0": ("generating", Phase.IN_PROGRESS),
    "1": ("success", Phase.COMPLETED),
    "2": ("failed", Phase.FAILED),
    "3": ("failed", Phase.FAILED),
}
NAMES: Final[Mapping[str, str]] = {
    "duration": "duration",
    "aspect_ratio": "aspect_ratio",
    "resolution": "resolution",
    "seed": "seed",
    "negative_prompt": "negative_prompt",
    "sound": "sound",
}
"""What most job models call their inputs."""


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    fields: Annotated[
        Names,
        Meta(description="Names of inputs of job models where they differ; an empty one leaves a field out."),
    ] = {}
    quota_low: QuotaLow = None


class KieVeo:
    """Speaks Kie's Veo calls and its jobs."""

    name = "kie_veo"
    settings = Settings
    recorded = Recorded(
        names=("kie", "kie_jobs", "kie_market"), ops={"callback": "heard"}, base="/api/v1", ref="jobs/{id}"
    )

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        kind = "veo" if _is_veo(submission.upstream_model) else "jobs"
        call = _paid_call(submission, channel)
        return submit(call, submission, channel, lambda body: _verdict(body, kind, channel))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        kind, _, name = ref.partition("/")
        if kind not in {"veo", "jobs"} or not name:
            kind, name = ("veo" if _is_veo(ref) else "jobs"), ref
        path = "/veo/record-info" if kind == "veo" else "/jobs/recordInfo"
        answer = yield question(path, channel, [("taskId", name)])
        body = good(answer)
        seen = _observed(body, channel) if body is not None else None
        return seen or unlearned(answer, channel)

    def heard(self, reply: Reply, channel: Channel) -> Observation:
        """Read a callback's body; a hint only, for the upstream is always asked."""
        body = reply.object() or {}
        job, said = as_object(body.get("data")) or {}, _said(body)
        if id_in(job.get("taskId")) is None or "state" in job or "successFlag" in job:
            return _observed(body, channel) or unlearned(reply, channel)
        if said is not None:
            failure = job_failure(said, secret=channel.secret)
            return conclude(Look(word="failed", phase=Phase.FAILED, failure=failure))
        return conclude(Look(word="success", phase=Phase.COMPLETED, outputs=_outputs(job)))

    def quota(self, channel: Channel) -> Generator[Effect, Answer, Quota | None]:
        """Ask how many credits the account has left."""
        answer = yield question("/chat/credit", channel)
        body = good(answer) or {}
        left = measured(body.get("data")) if _said(body) is None else None
        return None if left is None else Quota(left=left, unit="credits")


DIALECT: Final = KieVeo()


def _is_veo(text: str) -> bool:
    return text.lower().startswith("veo")


# The paid call.


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request, model = submission.request, submission.upstream_model
    wrong = only_create(submission)
    if wrong is not None:
        return wrong
    if request.inputs:
        return refusal(
            "input_reference", "This upstream takes files by public address only: give `imageUrls`."
        )
    if _is_veo(model):
        fields = {
            "model": model,
            "prompt": request.prompt,
            "aspectRatio": ratio_of(request.size),
            "seeds": request.seed,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        return json_call("/veo/generate", bearer(channel), with_extra(given | _hook(channel), request))
    asked: dict[str, Any] = {
        "duration": str(request.seconds),
        "aspect_ratio": ratio_of(request.size),
        "resolution": f"{lines_of(request.size)}p",
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "sound": request.audio,
    }
    names = {**NAMES, **_texts(channel.settings.get("fields"))}
    named = {names[key]: value for key, value in asked.items() if value is not None and names.get(key)}
    given = with_extra({"prompt": request.prompt, **named}, request)
    return json_call("/jobs/createTask", bearer(channel), {"model": model, "input": given} | _hook(channel))


def _hook(channel: Channel) -> dict[str, Any]:
    hook = callback_url(channel)
    return {"callBackUrl": hook} if hook else {}


def _texts(value: object) -> dict[str, str]:
    items = cast("dict[object, object]", value).items() if isinstance(value, dict) else ()
    return {k: v for k, v in items if isinstance(k, str) and isinstance(v, str)}


# Reading.


def _said(body: Job) -> Said | None:
    """Find the error in `code`; 200 is none, and neither is anything that is no code."""
    code = body.get("code")
    if isinstance(code, bool) or not isinstance(code, int | str) or str(code).strip() in {"", "0", "200"}:
        return None
    return Said(code=str(code).strip()[:20], message=text_in(body.get("msg")) or text_in(body.get("message")))


def _failure(said: Said, channel: Channel) -> Failure | None:
    by_words = code_of(Said(message=said.message), 200)
    if by_words is Code.CONTENT_POLICY:
        return failure_of(said, by_words, secret=channel.secret)
    return own_failure(said, CODES, channel.secret)


def _verdict(body: Job, kind: str, channel: Channel) -> SubmitOutcome | None:
    said, job = _said(body), as_object(body.get("data")) or {}
    name = id_in(job.get("taskId"))
    if said is None:
        return Accepted(ref=f"{kind}/{name}", upstream_id=name) if name is not None else None
    failure = _failure(said, channel) if name is None else None
    return Refused(failure=failure) if failure is not None else None


def _observed(body: Job, channel: Channel) -> Observation | None:
    """Read a job of either kind; None when the answer is about something else."""
    job, said = as_object(body.get("data")) or {}, _said(body)
    word, phase = _state(job)
    if word is None:
        return None if said is None else _about_the_question(said, channel)
    failure = _reason(job, said, word, channel) if phase is Phase.FAILED else None
    outputs = _outputs(job)
    return conclude(
        Look(word=word, phase=phase, outputs=outputs, failure=failure, progress=percent(job.get("progress")))
    )


def _state(job: Job) -> tuple[str | None, Phase | None]:
    word = job.get("state")
    if isinstance(word, str) and word.strip():
        return word, looked(word, _WORDS)
    flag = job.get("successFlag")
    if isinstance(flag, bool) or not isinstance(flag, int | str):
        return None, None
    return _FLAGS.get(str(flag).strip(), (f"successFlag {flag}"[:40], None))


def _about_the_question(said: Said, channel: Channel) -> Observation:
    code = Code.UPSTREAM_LOST if said.code == "404" else CODES.get(said.code, Code.OVERLOADED)
    return nothing_learned(failure_of(said, code, secret=channel.secret))


def _reason(job: Job, outer: Said | None, word: str, channel: Channel) -> Failure:
    code = job.get("failCode") or job.get("errorCode")
    text = text_in(job.get("failMsg")) or text_in(job.get("errorMessage"))
    named = isinstance(code, int | str) and not isinstance(code, bool)
    said = Said(code=str(code)[:100] if named else "", message=text)
    if not said.code and not said.message and outer is not None:
        said = outer
    return job_failure(said, word=word, secret=channel.secret)


def _outputs(job: Job) -> tuple[Output, ...]:
    """Find the addresses in whichever of its places and spellings the relay put them."""
    packed = _unpacked(job.get("resultJson"))
    for holder in (packed, job.get("response"), job.get("info"), job):
        inner = as_object(holder) or {}
        for name in ("resultUrls", "videoUrl", "video_url"):
            found = _listed_in(inner.get(name))
            if found:
                return tuple(Output(url=url) for url in found[:1])
    return ()


def _unpacked(value: object) -> object:
    if not isinstance(value, str) or len(value) > 200_000:
        return value
    try:
        return msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return None


def _listed_in(value: object) -> list[str]:
    if not isinstance(value, str):
        return addresses(value)
    decoded = _unpacked(value)
    if isinstance(decoded, list):
        return addresses(cast("list[object]", decoded))
    pieces = re.split(r",\s*(?=https?://)", value.strip().removeprefix("[").removesuffix("]"))[:64]
    found = (web_address(piece.strip().strip("\"'")) for piece in pieces)
    return [url for url in found if url is not None]
