"""MiniMax v2 (H3): `/video_generation` with a list of contents, a query that carries the address, a list and a delete.

The base address ends in `/v2`; the international and the Chinese host take different keys. Frames and
references cannot be mixed in one request. Records are kept for 7 days and every query gives a fresh
address. Deleting a running job is documented as cancelling it, yet nobody has tried that, so a job is
looked at before and after: only a living job is deleted, and only one that is gone or cancelled
afterwards counts as stopped.

Errors may arrive with HTTP 200, in `base_resp.status_code` as in v1 or in `error`. A callback address
(the setting `callback_url`) must echo a `challenge` within 3 s; callbacks carry no signature. Not known: how the list names its
array, so the usual names are tried; it tells no prompts, so it cannot find a job.

Facts: platform.minimax.io, read 2026-10-24. Not tried on an account.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from reelgate.core.base_resp import CODES, challenge_in, said_in, trouble_in
from reelgate.core.channel_settings import CalledBack
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Callback,
    CancelOutcome,
    Channel,
    Effect,
    Observation,
    Phase,
    Recorded,
    Refused,
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
    conclude,
    good,
    id_in,
    is_over,
    lines_of,
    looked,
    outputs_in,
    own_failure,
    poll_listed,
    question,
    ratio_of,
    stopped,
    submit,
    unlearned,
    word_in,
)
from reelgate.core.openai_call import bearer, callback_url, data_url, json_call, refusal, with_extra
from reelgate.core.openai_shape import objects
from reelgate.core.task import Request, Role, Verb
from reelgate.core.words import (
    Said,
    as_object,
    error_in,
    job_failure,
    nothing_learned,
    path_segment,
)

_PARTS: Final[Mapping[Role, tuple[str, str]]] = {
    Role.FIRST_FRAME: ("image_url", "first_frame"),
    Role.LAST_FRAME: ("image_url", "last_frame"),
    Role.REFERENCE: ("image_url", "reference_image"),
    Role.SOURCE_VIDEO: ("video_url", "reference_video"),
    Role.AUDIO: ("audio_url", "reference_audio"),
}
_FRAMES: Final = frozenset({Role.FIRST_FRAME, Role.LAST_FRAME})
PAGE: Final = 50


class MiniMaxV2:
    """Speaks MiniMax's second video API."""

    name = "minimax_v2"
    settings = CalledBack
    recorded = Recorded(ops={"cancel": "deleted", "callback": "answer_callback"}, base="/v2")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        call = _paid_call(submission, channel)
        return submit(call, submission, channel, lambda body: _verdict(body, channel))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield question(f"/query/video_generation/{path_segment(ref)}", channel)
        body = good(answer)
        seen = _observed(_task(body), channel) if body is not None else None
        if seen is not None:
            return seen
        said = _said(body) if body is not None else None
        return (
            unlearned(answer, channel) if said is None else nothing_learned(trouble_in(said, channel.secret))
        )

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs through the list, which goes back 7 days."""

        def page(body: dict[str, Any], call: Call) -> Page | None:
            if _said(body) is not None:
                return None
            items = next((objects(body[n]) for n in ("tasks", "items", "list", "data") if n in body), None)
            number = int(dict(call.query)["page_num"])
            more = items is not None and len(items) >= PAGE
            return None if items is None else Page(items, _list_call(number + 1, channel) if more else None)

        return poll_listed(
            refs,
            channel,
            Listing(
                first=_list_call(1, channel),
                page=page,
                ref=lambda job: id_in(_task(job).get("id") or _task(job).get("task_id")),
                observe=lambda job: _observed(_task(job), channel) or Observation(phase=None),
            ),
        )

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Delete the job if it is alive, and say that it stopped only when it is cancelled or gone afterwards."""
        over = is_over((yield from self.poll(ref, channel)))
        if over is not None:
            return over
        answer = yield Call(
            method="DELETE",
            path=f"/video_generation/{path_segment(ref)}",
            headers=bearer(channel),
            timeout_s=30.0,
        )
        done = self.deleted(answer, channel)
        if not done.ended:
            return done
        after = yield from self.poll(ref, channel)
        if after.lost or after.phase is Phase.CANCELLED:
            return CancelOutcome(ended=True)
        return CancelOutcome(ended=False, reason="The upstream took the cancel and did not confirm it.")

    def deleted(self, reply: Answer, channel: Channel) -> CancelOutcome:
        """Read the answer to a delete."""
        body = good(reply)
        said = _said(body) if body is not None else None
        if said is not None:
            return CancelOutcome(ended=False, reason=trouble_in(said, channel.secret).message)
        return stopped(reply, channel)

    def answer_callback(self, reply: Callback | Reply) -> dict[str, str] | None:
        """Give what must be answered within 3 s when the address is first tried; None for a real callback."""
        return challenge_in(reply)


DIALECT: Final = MiniMaxV2()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    if request.verb not in {Verb.CREATE, Verb.EDIT}:
        return refusal("model", f"This channel does not offer {request.verb.value}.")
    roles = {given.role for given in request.inputs}
    if roles & _FRAMES and roles - _FRAMES:
        return refusal("input_reference", "This upstream takes either frames or references, not both.")
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "content": _content(request),
        "duration": request.seconds,
        "resolution": "2K" if lines_of(request.size) > 1080 else "768P",
        # A picture brings its own shape along; text alone must name one.
        "ratio": "adaptive" if roles & _FRAMES else ratio_of(request.size),
    }
    given = {"aigc_watermark": request.watermark, "callback_url": callback_url(channel)}
    fields |= {name: value for name, value in given.items() if value is not None}
    return json_call("/video_generation", bearer(channel), with_extra(fields, request))


def _content(request: Request) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = [{"type": "text", "text": request.prompt}]
    for given in request.inputs:
        kind, role = _PARTS[given.role]
        parts.append({"type": kind, kind: {"url": data_url(given)}, "role": role})
    return parts


def _list_call(number: int, channel: Channel) -> Call:
    query = [("page_num", str(number)), ("page_size", str(PAGE))]
    return question("/query/video_generation", channel, query)


# Reading.


def _task(body: Job) -> dict[str, Any]:
    return as_object(body.get("task")) or dict(body)


def _said(body: Mapping[str, Any]) -> Said | None:
    """Find the error of an answer in `base_resp`, else in the usual places."""
    return said_in(body) or error_in(body)


def _verdict(body: Mapping[str, Any], channel: Channel) -> SubmitOutcome | None:
    said, task = _said(body), _task(body)
    ref = id_in(body.get("task_id")) or id_in(task.get("task_id")) or id_in(task.get("id"))
    if said is None and ref is not None:
        seen = _observed(task, channel)
        return Accepted(ref=ref, observation=seen if seen is not None and seen.phase is not None else None)
    failure = own_failure(said, CODES, channel.secret)
    return Refused(failure=failure) if failure is not None and ref is None else None


def _observed(task: Job, channel: Channel) -> Observation | None:
    word = word_in(task, "status", "id", "task_id", "content", "task_type")
    if word is None:
        return None
    said = error_in({"error": task.get("error")})
    failure = None
    if said is not None:
        failure = own_failure(said, CODES, channel.secret) or job_failure(
            said, word=word, secret=channel.secret
        )
    content = as_object(task.get("content")) or {}
    outputs = outputs_in(content.get("url")) if failure is None else ()
    return conclude(Look(word=word, phase=looked(word), outputs=outputs, failure=failure))
