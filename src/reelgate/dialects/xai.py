"""xAI's Grok Imagine: clips from text, a picture or references, and edits and extensions of clips.

The base address ends in `/v1`. `pending` covers waiting and running alike, so once a poll has been
answered with it the job counts as in progress; polls answer 202 until then. A clip withheld by the
moderation is `done` without an address and is billed all the same. A job refused while it runs may also
show as a 4xx to the poll. An address lives 24 hours. An edit keeps length and shape of its source
(8.7 s at most); an extension adds 2 to 10 s.

There is no list, no cancel, no callback and no name a client could give a job: an unclear submit stays
unclear. Not known: whether clips are taken as data URLs as pictures are; a refusal would say so.

Facts: xai-sdk-python @4dab6a4, docs.x.ai. Not tried on an account.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

import msgspec

from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CatalogueModel,
    Channel,
    Effect,
    Observation,
    Phase,
    Recorded,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import (
    Job,
    Look,
    conclude,
    good,
    id_in,
    lines_of,
    looked,
    outputs_in,
    question,
    ratio_of,
    submit,
    text_in,
    unlearned,
    unwanted_role,
    word_in,
)
from reelgate.core.money import Micro
from reelgate.core.openai_call import bearer, data_url, json_call, refusal, with_extra
from reelgate.core.openai_shape import listed
from reelgate.core.task import Request, Role, Verb
from reelgate.core.words import (
    as_object,
    code_of,
    error_in,
    failure_of,
    job_failure,
    nothing_learned,
    path_segment,
    percent,
)

TICKS_PER_MICRO: Final = 10_000
"""One US dollar is 10^10 ticks."""
_WORDS: Final[Mapping[str, Phase]] = {"pending": Phase.IN_PROGRESS}


class XAI:
    """Speaks xAI's videos."""

    name = "xai"
    settings = ChannelSettings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return submit(_paid_call(submission, channel), submission, channel, _accepted)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield question(f"/videos/{path_segment(ref)}", channel)
        body = good(answer)
        seen = _observed(body, channel) if body is not None else None
        if seen is not None:
            return seen
        if isinstance(answer, Reply) and answer.status == 202 and _only_accepted(answer, body):
            return Observation(phase=Phase.IN_PROGRESS)
        return _refused_late(answer, channel) or unlearned(answer, channel)

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List those of the key's models that make clips."""
        answer = yield question("/models", channel)
        names = [text_in(item.get("id")) for item in listed(answer)]
        return [CatalogueModel(name=name) for name in names if "video" in name]


DIALECT: Final = XAI()


# The paid call.


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    wrong = unwanted_role(request, Role.FIRST_FRAME, Role.REFERENCE, Role.SOURCE_VIDEO)
    if wrong is not None:
        return wrong
    fields: dict[str, Any] = {"model": submission.upstream_model, "prompt": request.prompt}
    path = _media(request, fields)
    if isinstance(path, Failure):
        return path
    return json_call(path, bearer(channel), with_extra(fields, request))


def _media(request: Request, fields: dict[str, Any]) -> str | Failure:
    """Put in what the verb takes and give its path."""
    frames, references = request.inputs_of(Role.FIRST_FRAME), request.inputs_of(Role.REFERENCE)
    clips = request.inputs_of(Role.SOURCE_VIDEO)
    if request.verb in {Verb.EDIT, Verb.EXTEND}:
        if not clips:
            return refusal("video", "The source clip is missing.")
        fields["video"] = {"url": data_url(clips[0])}
        if request.verb is Verb.EDIT:
            return "/videos/edits"
        fields["duration"] = request.seconds
        return "/videos/extensions"
    if request.verb is Verb.REMIX:
        return refusal("model", "This channel does not offer remix.")
    if frames and references:
        return refusal("input_reference", "This upstream takes either a first frame or references, not both.")
    fields |= {
        "duration": request.seconds,
        "aspect_ratio": ratio_of(request.size),
        "resolution": f"{lines_of(request.size)}p",
    }
    if frames:
        fields["image"] = {"url": data_url(frames[0])}
    if references:
        fields["reference_images"] = [{"url": data_url(i)} for i in references]
    return "/videos/generations"


# Reading.


def _accepted(body: Mapping[str, Any]) -> Accepted | None:
    ref = id_in(body.get("request_id"))
    return Accepted(ref=ref) if ref is not None and error_in({"error": body.get("error")}) is None else None


def _only_accepted(answer: Reply, body: Mapping[str, Any] | None) -> bool:
    """Tell the 202 of a job that goes on, with or without a body, from one that says something else."""
    if body is None:
        return not answer.body.strip()
    return "status" not in body and error_in(body, answer.status) is None


def _refused_late(answer: Answer, channel: Channel) -> Observation | None:
    """Read a refusal for content in a 4xx to a poll, which speaks of the job and not of the question."""
    body = answer.object() if isinstance(answer, Reply) and answer.status in {400, 403, 422} else None
    said = error_in(body, 400) if body is not None else None
    if said is None or code_of(said, 400) is not Code.CONTENT_POLICY:
        return None
    failure = failure_of(said, Code.CONTENT_POLICY, secret=channel.secret)
    return conclude(Look(word="failed", phase=Phase.FAILED, failure=failure))


def _observed(body: Job, channel: Channel) -> Observation | None:
    word = word_in(body, "status", "video", "model", "usage", "request_id")
    if word is None:
        said = error_in(body)
        return nothing_learned(failure_of(said, code_of(said, 200))) if said and "status" in body else None
    phase = looked(word, _WORDS)
    video = as_object(body.get("video")) or {}
    outputs = outputs_in(video.get("url")) if video.get("respect_moderation") is not False else ()
    return conclude(
        Look(
            word=word,
            phase=phase,
            outputs=outputs,
            failure=None if outputs else _failure(body, word, phase, channel),
            progress=percent(body.get("progress")),
            cost=_cost(body),
        )
    )


def _failure(body: Job, word: str, phase: Phase | None, channel: Channel) -> Failure | None:
    said = error_in({"error": body.get("error"), "code": body.get("code")})
    if phase is Phase.COMPLETED:
        withheld = Failure(
            code=Code.CONTENT_FILTERED, message="The clip was made and withheld by the upstream's moderation."
        )
        heard = job_failure(said, secret=channel.secret) if said is not None else None
        if heard is None or heard.code is Code.CONTENT_POLICY:
            return msgspec.structs.replace(withheld, detail=heard.detail if heard else None)
        return heard
    return job_failure(said, word=word, secret=channel.secret) if said is not None else None


def _cost(body: Job) -> Micro | None:
    ticks = (as_object(body.get("usage")) or {}).get("cost_in_usd_ticks")
    if isinstance(ticks, bool) or not isinstance(ticks, int) or not 0 <= ticks < 10**18:
        return None
    return Micro(-(-ticks // TICKS_PER_MICRO))
