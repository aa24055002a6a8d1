"""Reelgate itself: a gateway behind a gateway.

The base address ends in `/v1`; the key is one of the other installation's. Its vocabulary is ours, so every
switch, role and error code goes through by name.

- Every creating call carries the attempt's token as `Idempotency-Key`, which the other side honours: the
  same call never becomes two videos there, whoever in between sends it again.
- All the same, an unclear submission is never sent again by this dialect. A repeat with the same key tells
  what became of the first one only while the other side remembers the key, and only if the address still
  leads to the same installation; otherwise it would be a second paid call. It would also *be* the first call
  where that one never arrived. So `find` only reads: it asks which video the key made
  (`GET /videos?idempotency_key=…`; the answer repeats the key, so that a server which does not know the
  question is not believed), and else goes through the list, which names prompt, model, length, size and
  birth of every video of the key's project, and takes the one that matches and is nobody else's. Finding
  nothing is never certain, for a call may still be under way behind a proxy.
- Deleting a video ends it there, at its upstream too where that can be stopped, so `cancel` deletes.
- `progress` 0 stands for "nothing reported" there and is dropped. A cancelled video is "failed" with the
  code `cancelled`, and reads as cancelled.
- One `input_reference` is taken for a first frame by models that have one; several are references.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from reelgate.core import openai_shape as shape
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Answer,
    Call,
    CancelOutcome,
    CatalogueModel,
    Channel,
    Effect,
    FindOutcome,
    Found,
    Observation,
    Recorded,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.openai_call import (
    Attached,
    bearer,
    bracketed,
    fields_of,
    form_call,
    json_call,
    refusal,
    verb_path,
)
from reelgate.core.openai_shape import Job, Wire, elements, reported
from reelgate.core.profile import Profile, Span
from reelgate.core.task import Role, Verb, parse_size
from reelgate.core.words import as_object


class Reelgate:
    """Speaks another installation's `/videos`."""

    name = "reelgate"
    settings = ChannelSettings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return shape.submit(_paid_call(submission, channel), submission, channel, WIRE)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return shape.poll(ref, channel, WIRE)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs through the list."""
        return shape.poll_many(refs, channel, WIRE)

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Ask which video the submission's key made, and else look for it in the list; nothing is sent again."""
        query = [("idempotency_key", submission.token), ("limit", "1")]
        for item in shape.listed((yield shape.get("/videos", channel, WIRE, query))):
            ref = shape.ref_of(item)
            if ref is not None and item.get("idempotency_key") == submission.token:
                seen = shape.observation(item, ref, channel, WIRE)
                return Found(ref=ref, observation=seen if seen.phase is not None else None)
        return (yield from shape.find(submission, channel, taken, WIRE))

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Delete the video, which ends it."""
        return shape.delete(ref, channel, WIRE)

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the other side's models with what each can do; it does not tell prices."""
        answer = yield shape.get("/models", channel, WIRE)
        return [_model(item) for item in shape.listed(answer) if isinstance(item.get("id"), str)]


DIALECT: Final = Reelgate()


# The paid call.


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    path = verb_path(submission)
    if isinstance(path, Failure):
        return path
    files = _files(submission)
    if isinstance(files, Failure):
        return files
    fields = fields_of(submission)
    if request.audio is not None:
        fields["audio"] = request.audio
    headers = {**bearer(channel), "Idempotency-Key": submission.token}
    if files:
        return form_call(path, headers, bracketed(fields), *files)
    return json_call(path, headers, fields)


_FIELDS: Final = {
    Role.FIRST_FRAME: "first_frame",
    Role.LAST_FRAME: "last_frame",
    Role.SOURCE_VIDEO: "video",
}


def _files(submission: Submission) -> list[Attached] | Failure:
    request = submission.request
    named = any(given.character_id is not None for given in request.inputs)
    if named:
        return refusal("characters", "Characters live on one installation; this channel is another.")
    if request.inputs_of(Role.AUDIO):
        return refusal("input_reference", "This channel takes no audio.")
    references = request.inputs_of(Role.REFERENCE)
    name = "input_reference" if len(references) == 1 else "input_reference[]"
    files = [(name, given) for given in references]
    own = submission.parent_ref is not None
    return files + [
        (_FIELDS[given.role], given)
        for given in request.inputs
        if given.role in _FIELDS and not (own and given.role is Role.SOURCE_VIDEO)
    ]


# Reading jobs.


def _job(body: dict[str, Any]) -> dict[str, Any]:
    error = as_object(body.get("error")) or {}
    ended = body.get("status") == "failed" and error.get("code") == Code.CANCELLED.value
    return body | {"status": "cancelled"} if ended else body


def _progress(job: Job) -> int | None:
    return reported(job) or None


_CODES: Final = {
    code.value: code
    for code in Code
    if code not in {Code.CANCELLED, Code.NOT_READY, Code.BAD_GATEWAY_PAYLOAD}
} | {
    # The other side's credit is a prepaid balance of ours.
    Code.INSUFFICIENT_CREDIT.value: Code.QUOTA_EXHAUSTED
}

WIRE: Final = Wire(
    job=_job,
    progress=_progress,
    codes=_CODES,
)


# What the models can do.


def _model(item: Mapping[str, Any]) -> CatalogueModel:
    name = str(item.get("id"))
    video = as_object(item.get("video"))
    title = video.get("title") if video is not None else None
    title = title if isinstance(title, str) and title else name
    profile = _profile(item, video, name, title) if video is not None else None
    return CatalogueModel(name=name, title=title, profile=profile)


def _profile(item: Mapping[str, Any], video: Mapping[str, Any], name: str, title: str) -> Profile:
    default, usual = _count(video.get("seconds_default")), _count(video.get("usual_seconds"))
    size = video.get("size_default")
    sizes = [text for text in elements(video.get("sizes")) if isinstance(text, str) and parse_size(text)]
    verbs = tuple(verb for verb in Verb if verb.value in elements(video.get("verbs")))
    inputs = as_object(video.get("inputs")) or {}
    owner, sunset = item.get("owned_by"), item.get("shutdown_date")
    return Profile(
        name=name,
        title=title,
        provider=owner if isinstance(owner, str) and owner else "Reelgate",
        generative=video.get("generative") is not False,
        seconds=tuple(n for n in (_count(each) for each in elements(video.get("seconds"))) if n is not None),
        seconds_range=_span(video.get("seconds")),
        seconds_default=default or 4,
        sizes=tuple(sizes),
        size_range=_span(video.get("sizes")),
        size_default=size if isinstance(size, str) and parse_size(size) else "720x1280",
        prompt_max=_count(video.get("prompt_max")) or 32_000,
        inputs={role: n for role in Role if (n := _count(inputs.get(role.value))) is not None},
        verbs=verbs or (Verb.CREATE,),
        audio=video.get("audio") is True,
        usual_seconds=usual or 120,
        sunset=sunset if isinstance(sunset, str) else None,
        source="the upstream's own list of models",
        confidence="as the upstream says; it tells neither switches nor prices",
    )


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**6 else None


def _span(value: object) -> Span | None:
    limits = as_object(value) or {}
    least, most = _count(limits.get("min")), _count(limits.get("max"))
    return None if least is None or most is None else Span(least, most)
