"""Seedance on Volcengine Ark (China) and BytePlus ModelArk (elsewhere): `/contents/generations/tasks`.

The base address ends in `/api/v3`; the model is a name (`doubao-seedance-…` in China,
`dreamina-seedance-…` elsewhere) or the id of an endpoint (`ep-…`). Channel settings:

    callback_url   where the upstream posts each change; unsigned, so it only hurries the next poll
    list_complete  true when nobody but this channel uses the key; makes "not found" certain

Facts from volcengine-python-sdk @b5be43b and volcengine.com/docs/82379. Deleting a task stops it only
while it is queued, and forgets it once it is over, so it is looked at first. The list shows no prompts:
a submission is recognised by its seed or not at all.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from reelgate.core.channel_settings import CalledBack
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    Channel,
    Effect,
    FindOutcome,
    Found,
    Moment,
    NotFound,
    Now,
    Observation,
    Output,
    Phase,
    Recorded,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
    Unclear,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import (
    CLOCK_SKEW_MS,
    LATEST_BIRTH_MS,
    Look,
    addresses,
    conclude,
    good,
    id_in,
    looked,
    own_failure,
    question,
    ratio_of,
    stopped,
    text_in,
    word_in,
)
from reelgate.core.openai_call import SUBMIT_TIMEOUT_S, bearer, callback_url, data_url, refusal, with_extra
from reelgate.core.openai_shape import objects
from reelgate.core.size_class import class_of
from reelgate.core.task import Input, Request, Role, Verb
from reelgate.core.words import (
    Said,
    as_object,
    classify_submit,
    error_in,
    fold,
    job_failure,
    nothing_learned,
    path_segment,
    raw_word,
    timestamp_ms,
    trouble_of,
)

TASKS: Final = "/contents/generations/tasks"
BATCH: Final = 50
"""Ids in one list call; more make the address too long for some servers."""
PAGE: Final = 100
MOST_PAGES: Final = 20
SETTLED_MS: Final = 120_000
"""A task that the list does not show this long after its submission was never made."""
LINK_MS: Final = 86_400_000

_OWN: Final[Mapping[str, Code]] = {
    "internalserviceerror": Code.UPSTREAM_INTERNAL,
    "modelnotopen": Code.PERMISSION_OR_CHANNEL,
    "invalidendpoint.closedendpoint": Code.PERMISSION_OR_CHANNEL,
    "serveroverloaded": Code.OVERLOADED,
}
_ROLES: Final[Mapping[Role, tuple[str, str]]] = {
    Role.FIRST_FRAME: ("image_url", "first_frame"),
    Role.LAST_FRAME: ("image_url", "last_frame"),
    Role.REFERENCE: ("image_url", "reference_image"),
    Role.AUDIO: ("audio_url", "reference_audio"),
}


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    list_complete: Annotated[
        bool,
        Meta(
            description="Nobody but this channel uses the key, so that a job missing from its list never existed."
        ),
    ] = False


class Ark:
    """Speaks `/contents/generations/tasks`."""

    name = "ark"
    settings = Settings
    recorded = Recorded(ops={"callback": "heard"}, base="/api/v3")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        source = None
        if submission.request.verb is not Verb.CREATE:
            source = yield from _source(submission, channel)
            if isinstance(source, Refused):
                return source
        body = _body(submission, channel, source)
        if isinstance(body, Failure):
            return Refused(failure=body)
        answer = yield Call(
            method="POST", path=TASKS, headers=bearer(channel), json=body, timeout_s=SUBMIT_TIMEOUT_S
        )
        job = good(answer) or {}
        ref = id_in(job.get("id"))
        if ref is not None and error_in({"error": job.get("error")}) is None:
            seen = _observation(job, channel)
            return Accepted(ref=ref, observation=seen if seen is not None and seen.phase else None)
        return _verdict(answer, submission, channel)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return _observed((yield question(f"{TASKS}/{path_segment(ref)}", channel)), channel)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs by their ids, in lists of fifty."""
        seen: dict[str, Observation] = {}
        for start in range(0, len(refs), BATCH):
            batch = refs[start : start + BATCH]
            query = [("page_num", "1"), ("page_size", str(BATCH)), *(("filter.task_ids", r) for r in batch)]
            answer = yield question(TASKS, channel, query)
            body = good(answer)
            if body is None or not isinstance(body.get("items"), list):
                return seen | _trouble_for(answer, refs[start:], channel)
            for item in objects(body.get("items")):
                ref, found = id_in(item.get("id")), _observation(item, channel)
                if ref in batch and found is not None and ref is not None:
                    seen[ref] = found
        return seen

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look for the one task with the submission's seed; without a seed no task is recognised."""
        moment = yield Now()
        age_ms = (moment.ms if isinstance(moment, Moment) else 0) - submission.submitted_at_ms
        born: list[Mapping[str, Any]] = []
        for number in range(1, MOST_PAGES + 1):
            query = (("page_num", str(number)), ("page_size", str(PAGE)))
            body = good((yield question(TASKS, channel, query))) or {}
            if not isinstance(body.get("items"), list):
                return Unclear(reason="The upstream's list could not be read.")
            items = objects(body.get("items"))
            born += [item for item in items if _could_be(item, submission, taken)]
            if len(items) < PAGE or _reaches_before(items, submission):
                settled = age_ms >= SETTLED_MS and channel.settings.get("list_complete") is True
                return _found(born, submission, channel, settled=settled)
        return Unclear(reason="The upstream's list is too long to look through.")

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Take a queued task out of the queue; any other task is left alone."""
        path = f"{TASKS}/{path_segment(ref)}"
        seen = _observed((yield question(path, channel)), channel)
        if seen.phase is Phase.CANCELLED:
            return CancelOutcome(ended=True)
        if seen.phase is not Phase.QUEUED:
            return CancelOutcome(ended=False, reason="The upstream stops only jobs that still wait.")
        answer = yield Call(method="DELETE", path=path, headers=bearer(channel), timeout_s=30.0)
        return stopped(answer, channel)

    def heard(self, reply: Reply, channel: Channel) -> Observation:
        """Read a callback's body, which is a task as asked for; a hint only, for the upstream is always asked."""
        return _observed(reply, channel)


DIALECT: Final = Ark()


# The paid call.


def _body(submission: Submission, channel: Channel, source: str | None) -> dict[str, Any] | Failure:
    request = submission.request
    if request.inputs_of(Role.SOURCE_VIDEO):
        return refusal("video", "This channel takes a clip of its own only, not an uploaded one.")
    if request.inputs_of(Role.REFERENCE) and request.inputs_of(Role.FIRST_FRAME):
        return refusal("input_reference", "This model takes frames or references, not both.")
    content: list[dict[str, Any]] = [{"type": "text", "text": request.prompt}]
    content += [_content(given) for given in request.inputs]
    if source is not None:
        content.append({"type": "video_url", "video_url": {"url": source}, "role": "reference_video"})
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "content": content,
        "resolution": class_of(request.size),
        "ratio": ratio_of(request.size),
        "duration": request.seconds,
    }
    return with_extra(fields | _switches(request, channel), request)


def _content(given: Input) -> dict[str, Any]:
    kind, role = _ROLES[given.role]
    return {"type": kind, kind: {"url": data_url(given)}, "role": role}


def _switches(request: Request, channel: Channel) -> dict[str, Any]:
    given = {
        "seed": request.seed,
        "watermark": request.watermark,
        "generate_audio": request.audio,
        "callback_url": callback_url(channel),
    }
    return {name: value for name, value in given.items() if value is not None}


def _source(submission: Submission, channel: Channel) -> Generator[Effect, Answer, str | Refused]:
    """Ask for the link of the source clip, which lives for a day; nothing is paid for yet."""
    if submission.parent_ref is None:
        return Refused(failure=refusal("video", "This channel works on clips it made itself."))
    answer = yield question(f"{TASKS}/{path_segment(submission.parent_ref)}", channel)
    seen = _observed(answer, channel)
    for output in seen.outputs:
        if output.url is not None:
            return output.url
    if seen.phase is None and seen.trouble is not None and not seen.lost:
        return Refused(failure=seen.trouble)
    return Refused(failure=refusal("video", "The upstream no longer has the source clip."))


def _verdict(answer: Answer, submission: Submission, channel: Channel) -> SubmitOutcome:
    verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
    if isinstance(verdict, Refused):
        return Refused(failure=_own_words(answer, verdict.failure, channel))
    return verdict or Unclear(reason="The upstream answered without an id.")


def _own_words(answer: Answer, failure: Failure, channel: Channel) -> Failure:
    """Translate by the upstream's own codes; a 429 about a quota is a wait, whatever its words say."""
    body = answer.object() if isinstance(answer, Reply) else None
    said = error_in(body, answer.status) if body is not None and isinstance(answer, Reply) else None
    if said is None or not isinstance(answer, Reply):
        return failure
    if answer.status == 429 and failure.code is Code.QUOTA_EXHAUSTED and "overdue" not in said.code.lower():
        said = msgspec.structs.replace(said, code="ratelimit")
        return own_failure(said, {"ratelimit": Code.RATE_LIMITED}, channel.secret) or failure
    known = own_failure(said, _OWN, channel.secret)
    if known is None or known.code is failure.code:
        return failure
    return msgspec.structs.replace(known, retry_after_s=failure.retry_after_s)


# Polls.


def _observed(answer: Answer, channel: Channel) -> Observation:
    job = good(answer)
    seen = _observation(job, channel) if job is not None else None
    if seen is not None:
        return seen
    trouble = trouble_of(answer, secret=channel.secret)
    if trouble is not None and trouble.code is not Code.UPSTREAM_LOST:
        trouble = _own_words(answer, trouble, channel)
    return nothing_learned(trouble)


def _observation(job: Mapping[str, Any], channel: Channel) -> Observation | None:
    word = word_in(job, "status", "id", "model", "content", "usage")
    if word is None:
        return None
    said = error_in({"error": job.get("error")})
    phase = looked(word)
    if phase is Phase.COMPLETED and "content" in job and job["content"] is None and said is None:
        # Seen a day after the end: the record outlives the clip.
        return Observation(phase=Phase.FAILED, error=_expired_clip(), word=raw_word(word))
    failure = None
    if phase is Phase.FAILED or (phase is Phase.COMPLETED and said is not None):
        failure = _why(said, word, channel)
    return conclude(Look(word=word, phase=phase, outputs=_outputs(job), failure=failure))


def _why(said: Said | None, word: str, channel: Channel) -> Failure:
    own = own_failure(said, _OWN, channel.secret) if fold(word) == "failed" else None
    return own or job_failure(said, word=word, secret=channel.secret)


def _expired_clip() -> Failure:
    return Failure(code=Code.ASSET_EXPIRED, message="The upstream made the clip and no longer keeps it.")


def _outputs(job: Mapping[str, Any]) -> tuple[Output, ...]:
    content = as_object(job.get("content")) or {}
    ended = timestamp_ms(job.get("updated_at"))
    expires = None if ended is None else ended + LINK_MS
    for name in ("video_url", "file_url"):
        for url in addresses(content.get(name)):
            return (Output(url=url, expires_at_ms=expires),)
    return ()


def _trouble_for(answer: Answer, refs: Sequence[str], channel: Channel) -> dict[str, Observation]:
    """Report a channel in trouble for every ref; nothing where the upstream has no such list."""
    seen = _observed(answer, channel)
    code = None if seen.trouble is None else seen.trouble.code
    no_list = isinstance(answer, Reply) and answer.status in {400, 404, 405, 501}
    if no_list or code in {None, Code.BAD_GATEWAY_PAYLOAD, Code.UPSTREAM_LOST}:
        return {}
    return dict.fromkeys(refs, seen)


# Finding.


def _could_be(item: Mapping[str, Any], submission: Submission, taken: frozenset[str]) -> bool:
    request, ref = submission.request, id_in(item.get("id"))
    if ref is None or ref in taken:
        return False
    born, start = timestamp_ms(item.get("created_at")), submission.submitted_at_ms
    if born is not None and not start - CLOCK_SKEW_MS <= born <= start + LATEST_BIRTH_MS:
        return False
    wanted = {
        "resolution": class_of(request.size),
        "ratio": ratio_of(request.size),
        "duration": request.seconds,
    }
    given = {name: item[name] for name in wanted if item.get(name) is not None}
    if request.seed is not None and item.get("seed") not in (None, request.seed):
        return False
    return all(wanted[name] == value for name, value in given.items())


def _reaches_before(items: Sequence[Mapping[str, Any]], submission: Submission) -> bool:
    births = [born for item in items if (born := timestamp_ms(item.get("created_at"))) is not None]
    return bool(births) and min(births) < submission.submitted_at_ms - CLOCK_SKEW_MS


def _found(
    born: Sequence[Mapping[str, Any]], submission: Submission, channel: Channel, *, settled: bool
) -> FindOutcome:
    seed = submission.request.seed
    exact = [item for item in born if seed is not None and item.get("seed") == seed]
    if len(exact) == 1 and len(born) == 1:
        ref = text_in(exact[0].get("id")) or str(exact[0].get("id"))
        seen = _observation(exact[0], channel)
        return Found(ref=ref, observation=seen if seen is not None and seen.phase is not None else None)
    if born:
        return Unclear(reason=f"{len(born)} jobs in the upstream's list could be this one.")
    return NotFound(certain=settled, reason="The upstream's list has no such job.")
