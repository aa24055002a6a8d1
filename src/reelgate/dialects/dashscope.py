"""Wan on Alibaba DashScope (Model Studio): asynchronous `video-synthesis` and `/tasks`.

The base address ends in `/api/v1`; key, region and model must belong together. Up to Wan 2.6 pictures
have fields of their own and the size is `1280*720`; from 2.7 on they are `media` and the size is a
class and a ratio. Clips and sounds are taken by address only, which this channel cannot give.

A record lives for a day and reads `UNKNOWN` afterwards, so a ref is `{task_id}@{submitted, ms}`: the
word means that a job is gone only when it is older than that. The list shows neither prompts nor
clips: it tells which jobs still run, and no unclear submission is recognised in it. Facts from
dashscope-sdk-python @c0d7a0b and help.aliyun.com.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

import msgspec

from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    Channel,
    Effect,
    Moment,
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
    Job,
    Listing,
    Look,
    Page,
    addresses,
    conclude,
    good,
    id_in,
    looked,
    own_failure,
    poll_listed,
    question,
    ratio_of,
    stopped,
    unwanted_role,
)
from reelgate.core.openai_call import SUBMIT_TIMEOUT_S, bearer, data_url, only_create, refusal, with_extra
from reelgate.core.openai_shape import objects
from reelgate.core.size_class import class_of
from reelgate.core.task import Request, Role
from reelgate.core.words import (
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

DAY_MS: Final = 86_400_000
"""How long a record and its link live."""
BEIJING: Final = 8
PAGE: Final = 100

_OWN: Final[Mapping[str, Code]] = {
    "ipinfringementsuspect": Code.CONTENT_POLICY,
    "faqrulehit": Code.CONTENT_POLICY,
}
_MEDIA: Final = (
    (Role.FIRST_FRAME, "first_frame"),
    (Role.LAST_FRAME, "last_frame"),
    (Role.REFERENCE, "reference_image"),
)


class DashScope:
    """Speaks `video-synthesis`."""

    name = "dashscope"
    settings = ChannelSettings
    # Recordings are read long after their day.
    recorded = Recorded(base="/api/v1", ref="{id}@0")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        body = _body(submission)
        if isinstance(body, Failure):
            return Refused(failure=body)
        answer = yield Call(
            method="POST",
            path=_path(submission.upstream_model),
            # Without this header the call is synchronous, or refused.
            headers={**bearer(channel), "X-DashScope-Async": "enable"},
            json=body,
            timeout_s=SUBMIT_TIMEOUT_S,
        )
        output = as_object((good(answer) or {}).get("output")) or {}
        task_id = id_in(output.get("task_id"))
        if task_id is not None:
            seen = _observed(answer, channel)
            return Accepted(
                ref=f"{task_id}@{submission.submitted_at_ms}",
                observation=seen if seen.phase is not None else None,
                upstream_id=task_id,
            )
        return _verdict(answer, submission, channel)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        task_id, submitted_ms = _parts(ref)
        answer = yield question(f"/tasks/{path_segment(task_id)}", channel)
        seen = _observed(answer, channel)
        if seen.word is None or fold(seen.word) != "unknown":
            return seen
        moment = yield Now()
        now_ms = moment.ms if isinstance(moment, Moment) else 0
        if submitted_ms is not None and now_ms - submitted_ms >= DAY_MS:
            return Observation(phase=Phase.FAILED, error=_gone(), word=seen.word)
        return Observation(phase=None, trouble=_gone(), word=seen.word)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Learn from the list which jobs still run; a job that ended is asked about singly, for its clip."""
        by_id = {_parts(ref)[0]: ref for ref in refs}
        listing = Listing(
            first=_page_call(1, channel),
            page=lambda body, call: _page(body, call, channel),
            ref=_living,
            observe=lambda job: Observation(phase=looked(_word(job)), word=raw_word(_word(job))),
        )
        seen = yield from poll_listed(list(by_id), channel, listing)
        return {by_id[task_id]: each for task_id, each in seen.items()}

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Take a pending job out of the queue; the upstream refuses for any other."""
        answer = yield Call(
            method="POST",
            path=f"/tasks/{path_segment(_parts(ref)[0])}/cancel",
            headers=bearer(channel),
            timeout_s=30.0,
        )
        return stopped(answer, channel)


DIALECT: Final = DashScope()


def _parts(ref: str) -> tuple[str, int | None]:
    task_id, at, stamp = ref.rpartition("@")
    if not at or not stamp.isascii() or not stamp.isdigit() or len(stamp) > 15:
        return ref, None
    return task_id, int(stamp)


# The paid call.


def _path(model: str) -> str:
    family = "image2video" if "kf2v" in model else "video-generation"
    return f"/services/aigc/{family}/video-synthesis"


def _is_old(model: str) -> bool:
    """Tell Wan up to 2.6, with fields for pictures and sizes in pixels, from what came later."""
    found = re.search(r"wanx?-?(\d{1,3})\.(\d{1,3})", model.lower())
    return found is not None and (int(found.group(1)), int(found.group(2))) <= (2, 6)


def _body(submission: Submission) -> dict[str, Any] | Failure:
    request = submission.request
    refused = only_create(submission) or unwanted_role(request, *(role for role, _ in _MEDIA))
    if refused is not None:
        return refused
    old = _is_old(submission.upstream_model)
    if old and request.inputs_of(Role.FIRST_FRAME) and request.inputs_of(Role.REFERENCE):
        return refusal("input_reference", "This model takes a first frame or references, not both.")
    given = {"prompt": request.prompt, "negative_prompt": request.negative_prompt}
    asked = {name: value for name, value in given.items() if value is not None}
    pictures, size = (
        (_old_pictures(request), _old_size(request)) if old else (_media(request), _new_size(request))
    )
    parameters = {**size, "duration": request.seconds, **_switches(request)}
    return {
        "model": submission.upstream_model,
        "input": asked | pictures,
        "parameters": with_extra(parameters, request),
    }


def _switches(request: Request) -> dict[str, Any]:
    given = {"seed": request.seed, "watermark": request.watermark, "audio": request.audio}
    return {name: value for name, value in given.items() if value is not None}


def _old_pictures(request: Request) -> dict[str, Any]:
    first, last = request.inputs_of(Role.FIRST_FRAME), request.inputs_of(Role.LAST_FRAME)
    references = request.inputs_of(Role.REFERENCE)
    if last:
        frames = {"first_frame_url": first, "last_frame_url": last}
        return {name: data_url(given[0]) for name, given in frames.items() if given}
    if first:
        return {"img_url": data_url(first[0])}
    return {"reference_urls": [data_url(given) for given in references]} if references else {}


def _old_size(request: Request) -> dict[str, Any]:
    if request.inputs_of(Role.FIRST_FRAME):
        # The picture gives the ratio.
        return {"resolution": class_of(request.size).upper()}
    return {"size": f"{request.size.width}*{request.size.height}"}


def _media(request: Request) -> dict[str, Any]:
    media = [
        {"type": name, "url": data_url(given)} for role, name in _MEDIA for given in request.inputs_of(role)
    ]
    return {"media": media} if media else {}


def _new_size(request: Request) -> dict[str, Any]:
    size = {"resolution": class_of(request.size).upper()}
    return size if request.inputs_of(Role.FIRST_FRAME) else size | {"ratio": ratio_of(request.size)}


def _verdict(answer: Answer, submission: Submission, channel: Channel) -> SubmitOutcome:
    verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
    if isinstance(verdict, Refused):
        body = (answer.object() if isinstance(answer, Reply) else None) or {}
        own = own_failure(error_in(body, 400), _OWN, channel.secret)
        return verdict if own is None else Refused(failure=own)
    return verdict or Unclear(reason="The upstream answered without an id.")


# Polls.


def _word(job: Job) -> object:
    return job.get("task_status") or job.get("status")


def _observed(answer: Answer, channel: Channel) -> Observation:
    output = as_object((good(answer) or {}).get("output")) or {}
    word = output.get("task_status")
    if not isinstance(word, str) or not word.strip():
        return nothing_learned(_again(trouble_of(answer, secret=channel.secret)))
    phase = looked(word)
    said = error_in(output, 400)
    outputs = _outputs(output)
    failure = None
    if phase is Phase.FAILED or (phase is Phase.COMPLETED and said is not None and not outputs):
        own = own_failure(said, _OWN, channel.secret)
        failure = own or job_failure(said, word=word, secret=channel.secret)
    return conclude(Look(word=word, phase=phase, outputs=outputs, failure=failure))


def _again(trouble: Failure | None) -> Failure | None:
    """A question may always be asked again after the upstream broke, unlike a paid call."""
    if trouble is None or trouble.code is not Code.SERVER_ERROR:
        return trouble
    return msgspec.structs.replace(trouble, code=Code.UPSTREAM_INTERNAL)


def _outputs(output: Mapping[str, Any]) -> tuple[Output, ...]:
    results = as_object(output.get("results")) or {}
    ended = timestamp_ms(output.get("end_time"), zone_hours=BEIJING)
    expires = None if ended is None else ended + DAY_MS
    for value in (output.get("video_url"), results.get("video_url"), output.get("results")):
        for url in addresses(value):
            return (Output(url=url, expires_at_ms=expires),)
    return ()


def _gone() -> Failure:
    return Failure(
        code=Code.TASK_NOT_FOUND_OR_EXPIRED, message="The upstream keeps no record of the job any more."
    )


# Lists.


def _page_call(number: int, channel: Channel) -> Call:
    return question("/tasks", channel, (("page_no", str(number)), ("page_size", str(PAGE))))


def _page(body: dict[str, Any], call: Call, channel: Channel) -> Page | None:
    holder = as_object(body.get("output")) or body
    if not isinstance(holder.get("data"), list):
        return None
    items = objects(holder.get("data"))
    number = int(dict(call.query)["page_no"])
    last = holder.get("total_page")
    more = number < last if isinstance(last, int) else len(items) >= PAGE
    return Page(items, _page_call(number + 1, channel) if more else None)


def _living(job: Job) -> str | None:
    return id_in(job.get("task_id")) if looked(_word(job)) in {Phase.QUEUED, Phase.IN_PROGRESS} else None
