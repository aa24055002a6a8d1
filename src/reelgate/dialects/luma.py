"""Luma's Dream Machine: generations from text, from keyframes and from earlier generations.

The base address ends in `/dream-machine/v1`. A keyframe is a public address or an earlier generation;
files cannot be sent, so stored pictures are refused and a caller who has a public address gives
`keyframes` in Luma's own spelling, which is passed on. An extension continues a generation this same
channel made. Deleting a generation removes its record and is not known to stop it, so no cancel is
offered. The list tells prompt, model and time of birth, so an unclear submit can be found again.
Callbacks go to the setting `callback_url` and carry no signature.

Facts: lumaai-python @c00ac17. The newer agents API (`ray-3.2`) has a shape of its own and is not spoken
here. Not tried on an account.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from reelgate.core.channel_settings import CalledBack
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Channel,
    Effect,
    FindOutcome,
    Observation,
    Recorded,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Failure
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
    unwanted_role,
    word_in,
)
from reelgate.core.openai_call import bearer, callback_url, json_call, refusal, with_extra
from reelgate.core.openai_shape import objects
from reelgate.core.task import Role, Verb
from reelgate.core.words import as_object, error_in, job_failure, path_segment, timestamp_ms

PAGE: Final = 100


class Luma:
    """Speaks Luma's Dream Machine."""

    name = "luma"
    settings = CalledBack
    recorded = Recorded(ops={"callback": "heard"}, base="/dream-machine/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        call = _paid_call(submission, channel)
        return submit(call, submission, channel, lambda body: _accepted(body, channel))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield question(f"/generations/{path_segment(ref)}", channel)
        body = good(answer)
        seen = _observed(body, channel) if body is not None else None
        return seen or unlearned(answer, channel)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs through the list."""
        return poll_listed(refs, channel, _listing(channel))

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look through the list for the one job with this prompt and model, born when it was sent."""
        return find_listed(submission, taken, _listing(channel), _traits)

    def heard(self, reply: Reply, channel: Channel) -> Observation:
        """Read a callback's body; a hint only, for the upstream is always asked."""
        return _observed(reply.object() or {}, channel) or unlearned(reply, channel)


DIALECT: Final = Luma()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request, parent = submission.request, submission.parent_ref
    wrong = unwanted_role(request, Role.SOURCE_VIDEO)
    if wrong is not None:
        return refusal(
            "input_reference", "This upstream takes pictures by public address only: give `keyframes`."
        )
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "prompt": request.prompt,
        "aspect_ratio": ratio_of(request.size),
        "duration": f"{request.seconds}s",
        "resolution": _resolution(lines_of(request.size)),
    }
    hook = callback_url(channel)
    if hook is not None:
        fields["callback_url"] = hook
    match request.verb:
        case Verb.CREATE:
            pass
        case Verb.EXTEND if parent is not None:
            fields["keyframes"] = {"frame0": {"type": "generation", "id": parent}}
        case Verb.EXTEND:
            return refusal("video", "This channel extends only clips it made itself.")
        case _:
            return refusal("model", f"This channel does not offer {request.verb.value}.")
    return json_call("/generations/video", bearer(channel), with_extra(fields, request))


def _resolution(lines: int) -> str:
    return "4k" if lines >= 2_160 else f"{lines}p"


# Reading.


def _accepted(body: Mapping[str, Any], channel: Channel) -> Accepted | None:
    ref = id_in(body.get("id"))
    if ref is None or error_in({"error": body.get("error")}) is not None:
        return None
    seen = _observed(body, channel)
    return Accepted(ref=ref, observation=seen if seen is not None and seen.phase is not None else None)


def _observed(body: Job, channel: Channel) -> Observation | None:
    word = word_in(body, "state", "id", "assets", "failure_reason")
    if word is None:
        return None
    reason = text_in(body.get("failure_reason")).strip()
    said = error_in({"error": reason}) if reason else None
    failure = job_failure(said, word=word, secret=channel.secret) if said is not None else None
    assets = as_object(body.get("assets")) or {}
    outputs = outputs_in(assets.get("video"))
    return conclude(Look(word=word, phase=looked(word), outputs=outputs, failure=failure))


def _list_call(offset: int, channel: Channel) -> Call:
    return question("/generations", channel, [("limit", str(PAGE)), ("offset", str(offset))])


def _listing(channel: Channel) -> Listing:
    def page(body: dict[str, Any], call: Call) -> Page | None:
        if not isinstance(body.get("generations"), list):
            return None
        items = objects(body.get("generations"))
        offset = int(dict(call.query)["offset"])
        more = body.get("has_more") is True
        return Page(items, _list_call(offset + len(items), channel) if more and items else None)

    return Listing(
        first=_list_call(0, channel),
        page=page,
        ref=lambda job: id_in(job.get("id")),
        observe=lambda job: _observed(job, channel) or Observation(phase=None),
    )


def _traits(job: Job) -> Traits:
    request = as_object(job.get("request")) or {}
    prompt = request.get("prompt")
    return Traits(
        prompt=prompt if isinstance(prompt, str) else None,
        model=text_in(job.get("model")) or text_in(request.get("model")) or None,
        born_ms=timestamp_ms(job.get("created_at")),
    )
