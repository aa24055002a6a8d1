"""MiniMax v1 (Hailuo): `/video_generation`, a query, and a third call for the address of the file.

The base address ends in `/v1`; the international and the Chinese host take different keys. Settings:

    group_id      sent as `GroupId` when files are fetched; only old keys need it
    callback_url  where the upstream posts each change; it tries the address first

Errors arrive with HTTP 200 in `base_resp.status_code`. The address of a finished file lives an hour or
so and every poll asks for a fresh one. A callback address must echo a `challenge` within 3 s; callbacks
carry no signature, so only their id is believed. There is no list, no cancel, no progress and no name
a client could give a job: an unclear submit stays unclear.

Facts: platform.minimax.io documentation and ArcReel's client. Codes 1001-1042 and 2045-2056 are from
the same documentation's error table. Not tried on an account.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from reelgate.core.base_resp import CODES, challenge_in, said_in, trouble_in
from reelgate.core.channel_settings import CalledBack, Text
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Callback,
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
    Look,
    conclude,
    first_of,
    good,
    id_in,
    lines_of,
    looked,
    outputs_in,
    own_failure,
    question,
    submit,
    unlearned,
    unwanted_role,
    word_in,
)
from reelgate.core.openai_call import (
    bearer,
    callback_url,
    data_url,
    json_call,
    only_create,
    refusal,
    with_extra,
)
from reelgate.core.task import Role
from reelgate.core.words import as_object, job_failure, nothing_learned

_VERDICTS: Final = frozenset({"1026", "1027"})
"""Codes that speak of the job and not of the question."""


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    group_id: Annotated[
        Text | None, Meta(description="Sent as `GroupId` when files are fetched; only old keys need it.")
    ] = None


class MiniMaxV1:
    """Speaks MiniMax's first video API."""

    name = "minimax_v1"
    settings = Settings
    recorded = Recorded(ops={"files_retrieve": "retrieved", "callback": "answer_callback"}, base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        call = _paid_call(submission, channel)
        return submit(call, submission, channel, lambda body: _verdict(body, channel))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing and, once it is done, where its file is now."""
        answer = yield question("/query/video_generation", channel, [("task_id", ref)])
        body = good(answer)
        seen = _observed(body, channel) if body is not None else None
        if seen is None:
            return unlearned(answer, channel)
        file_id = id_in((body or {}).get("file_id"))
        if seen.phase is not Phase.COMPLETED or file_id is None:
            return seen
        group = channel.settings.get("group_id")
        query = [("file_id", file_id), *([("GroupId", group)] if isinstance(group, str) else [])]
        asked = question("/files/retrieve", channel, query)
        return self.retrieved((yield msgspec.structs.replace(asked, seen=seen)), channel)

    def retrieved(self, reply: Answer, channel: Channel) -> Observation:
        """Read the answer to the third call: where the file of a finished job is."""
        body = good(reply)
        trouble = _trouble(body, channel) if body is not None else None
        if body is None or trouble is not None:
            seen = nothing_learned(trouble) if trouble else unlearned(reply, channel)
            # The file being gone says nothing about the job's own record.
            return msgspec.structs.replace(seen, lost=False)
        file = as_object(body.get("file")) or {}
        outputs = outputs_in(file.get("download_url"))
        return conclude(Look(word="Success", phase=Phase.COMPLETED, outputs=outputs))

    def answer_callback(self, reply: Callback | Reply) -> dict[str, str] | None:
        """Give what must be answered within 3 s when the address is first tried; None for a real callback."""
        return challenge_in(reply)


DIALECT: Final = MiniMaxV1()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    wrong = only_create(submission) or unwanted_role(
        request, Role.FIRST_FRAME, Role.LAST_FRAME, Role.REFERENCE
    )
    if wrong is not None:
        return wrong
    resolution = _resolution(lines_of(request.size))
    if resolution == "1080P" and request.seconds > 6:
        return refusal("seconds", "This upstream makes 1080P clips of 6 seconds only.")
    subjects = [data_url(i) for i in request.inputs_of(Role.REFERENCE)]
    if subjects and len(subjects) != len(request.inputs):
        return refusal("input_reference", "This upstream takes either frames or a subject, not both.")
    fields = {
        "model": submission.upstream_model,
        "prompt": request.prompt,
        "duration": request.seconds,
        "resolution": resolution,
        "first_frame_image": first_of(request, Role.FIRST_FRAME),
        "last_frame_image": first_of(request, Role.LAST_FRAME),
        "subject_reference": [{"type": "character", "image": subjects}] if subjects else None,
        "aigc_watermark": request.watermark,
        "callback_url": callback_url(channel),
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return json_call("/video_generation", bearer(channel), with_extra(given, request))


def _resolution(lines: int) -> str:
    return "1080P" if lines > 768 else "768P" if lines > 512 else "512P"


# Reading.


def _trouble(body: Mapping[str, Any], channel: Channel) -> Failure | None:
    said = said_in(body)
    return None if said is None else trouble_in(said, channel.secret)


def _verdict(body: Mapping[str, Any], channel: Channel) -> SubmitOutcome | None:
    said, ref = said_in(body), id_in(body.get("task_id"))
    if said is None:
        return Accepted(ref=ref) if ref is not None else None
    failure = own_failure(said, CODES, channel.secret)
    return Refused(failure=failure) if failure is not None and ref is None else None


def _observed(body: Mapping[str, Any], channel: Channel) -> Observation | None:
    """Read a job; None when the answer is about something else, with a trouble's own observation for an error."""
    said, word = said_in(body), word_in(body, "status", "task_id", "file_id", "base_resp")
    if word is None and (said is None or said.code not in _VERDICTS):
        return None if said is None else nothing_learned(_trouble(body, channel))
    phase = Phase.FAILED if word is None else looked(word)
    failure = own_failure(said, CODES, channel.secret) or (
        job_failure(said, secret=channel.secret) if said is not None else None
    )
    if phase is Phase.COMPLETED and id_in(body.get("file_id")) is not None:
        failure = None
    return conclude(Look(word=word, phase=phase, failure=failure))
