"""Runway: tasks made from text, a picture or a clip.

The base address ends in `/v1`; every call names a version of the API (setting `version`, 2024-11-06 by
default). Files go along as data URLs, so a picture has 5 MB at most and a clip 16 MB (base64 included).
Progress is a fraction of one. A task that waits for a free slot of the account is `THROTTLED`, which is
queued. Addresses of outputs live 24 to 48 hours, and asking again gives fresh ones.

Deleting a task cancels a living one and removes a finished one with its clip, so only a task that was
alive a moment before is deleted. There is no list, no callback and no name a client could give a job:
an unclear submit stays unclear.

`GET /organization` gives the credits that are left (`creditBalance`).

Facts: sdk-python @c604e0e, sdk-node src/resources/organization.ts, docs.dev.runwayml.com. Not tried on an account.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from reelgate.core.channel_settings import ChannelSettings, QuotaLow, Text
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CancelOutcome,
    CatalogueModel,
    Channel,
    Effect,
    Observation,
    Quota,
    Recorded,
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
    is_over,
    looked,
    outputs_in,
    question,
    stopped,
    submit,
    text_in,
    unlearned,
    word_in,
)
from reelgate.core.money import measured
from reelgate.core.openai_call import bearer, data_url, json_call, refusal, with_extra
from reelgate.core.task import Role, Verb
from reelgate.core.words import Said, as_object, error_in, failure_of, fraction, job_failure, path_segment

VERSION: Final = "2024-11-06"
PICTURE_MAX_BYTES: Final = 3_700_000
"""A data URL may have 5 MB; base64 makes a file longer by a third."""
CLIP_MAX_BYTES: Final = 11_900_000

_FAMILIES: Final[tuple[tuple[str, Code], ...]] = (
    ("SAFETY.OUTPUT", Code.CONTENT_FILTERED),
    ("SAFETY", Code.CONTENT_POLICY),
    ("INPUT_PREPROCESSING.SAFETY", Code.CONTENT_POLICY),
    ("INPUT_PREPROCESSING.INTERNAL", Code.UPSTREAM_INTERNAL),
    ("INPUT_PREPROCESSING", Code.INVALID_REQUEST),
    ("INTERNAL", Code.UPSTREAM_INTERNAL),
    ("THIRD_PARTY.SAFETY", Code.CONTENT_POLICY),
    ("THIRD_PARTY", Code.UPSTREAM_INTERNAL),
    ("ASSET.INVALID", Code.INVALID_REQUEST),
    ("ASSET", Code.UPSTREAM_FAILED),
)
"""What the first parts of a failure code mean."""


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    version: Annotated[Text | None, Meta(description="Version of the API that every call names.")] = None
    quota_low: QuotaLow = None


class Runway:
    """Speaks Runway's tasks."""

    name = "runway"
    settings = Settings
    recorded = Recorded(ops={"cancel": "deleted"}, base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return submit(_paid_call(submission, channel), submission, channel, _accepted)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield _versioned(question(f"/tasks/{path_segment(ref)}", channel), channel)
        body = good(answer)
        seen = _observed(body, channel) if body is not None else None
        return seen or unlearned(answer, channel)

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Delete the task if it is alive; a finished one would lose its clip."""
        over = is_over((yield from self.poll(ref, channel)))
        if over is not None:
            return over
        call = Call(
            method="DELETE", path=f"/tasks/{path_segment(ref)}", headers=bearer(channel), timeout_s=30.0
        )
        return self.deleted((yield _versioned(call, channel)), channel)

    def deleted(self, reply: Answer, channel: Channel) -> CancelOutcome:
        """Read the answer to a delete, which is empty when all went well."""
        return stopped(reply, channel)

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the models the account's tier has limits for."""
        answer = yield _versioned(question("/organization", channel), channel)
        tier = as_object((good(answer) or {}).get("tier")) or {}
        names = sorted(as_object(tier.get("models")) or {})
        return [CatalogueModel(name=name) for name in names if name]

    def quota(self, channel: Channel) -> Generator[Effect, Answer, Quota | None]:
        """Ask how many credits the organization has left."""
        answer = yield _versioned(question("/organization", channel), channel)
        left = measured((good(answer) or {}).get("creditBalance"))
        return None if left is None else Quota(left=left, unit="credits")


DIALECT: Final = Runway()


# The paid call.


def _versioned(call: Call, channel: Channel) -> Call:
    version = text_in(channel.settings.get("version")) or VERSION
    return msgspec.structs.replace(call, headers={**call.headers, "X-Runway-Version": version})


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    wrong = _too_large(submission)
    if wrong is not None:
        return wrong
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "promptText": request.prompt,
        "ratio": f"{request.size.width}:{request.size.height}",
        "duration": request.seconds,
        "seed": request.seed,
        "audio": request.audio,
    }
    path = _media(submission, fields)
    if isinstance(path, Failure):
        return path
    given = {name: value for name, value in fields.items() if value is not None}
    return _versioned(json_call(path, bearer(channel), with_extra(given, request)), channel)


def _media(submission: Submission, fields: dict[str, Any]) -> str | Failure:
    """Put the files in and give the path that takes them."""
    request = submission.request
    pictures = [{"type": "image", "uri": data_url(i)} for i in request.inputs_of(Role.REFERENCE)]
    if pictures:
        fields["references"] = pictures
    clips = request.inputs_of(Role.SOURCE_VIDEO)
    match request.verb:
        case Verb.EDIT if clips:
            fields["videoUri"] = data_url(clips[0])
            # The clip brings its length along.
            fields["duration"] = None
            return "/video_to_video"
        case Verb.CREATE if not clips:
            pass
        case _:
            return refusal("model", f"This channel does not offer {request.verb.value}.")
    ends = [
        {"uri": data_url(i), "position": position}
        for role, position in ((Role.FIRST_FRAME, "first"), (Role.LAST_FRAME, "last"))
        for i in request.inputs_of(role)
    ]
    if not ends:
        return "/text_to_video"
    only_first = len(ends) == 1 and ends[0]["position"] == "first"
    fields["promptImage"] = ends[0]["uri"] if only_first else ends
    return "/image_to_video"


def _too_large(submission: Submission) -> Failure | None:
    for given in submission.request.inputs:
        if given.role is Role.AUDIO:
            return refusal("input_reference", "This channel takes no input of role audio.")
        most = CLIP_MAX_BYTES if given.role is Role.SOURCE_VIDEO else PICTURE_MAX_BYTES
        if given.bytes > most:
            return Failure(
                code=Code.PAYLOAD_TOO_LARGE,
                message=f"This upstream takes a {given.role.value} of at most {most // 1_000_000} MB.",
                param="video" if given.role is Role.SOURCE_VIDEO else "input_reference",
            )
    return None


# Reading.


def _accepted(body: Mapping[str, Any]) -> Accepted | None:
    ref = id_in(body.get("id"))
    return Accepted(ref=ref) if ref is not None and error_in(body) is None else None


def _observed(body: Job, channel: Channel) -> Observation | None:
    word = word_in(body, "status", "id", "createdAt", "failureCode", "output")
    if word is None:
        return None
    failure = _failure(body, word, channel)
    outputs = outputs_in(body.get("output")) if failure is None else ()
    return conclude(
        Look(
            word=word,
            phase=looked(word),
            outputs=outputs,
            failure=failure,
            progress=fraction(body.get("progress")),
        )
    )


def _failure(body: Job, word: str, channel: Channel) -> Failure | None:
    code, text = text_in(body.get("failureCode")), text_in(body.get("failure"))
    if not code and not text:
        return None
    said = Said(code=code[:200], message=text[:4_000])
    family = f"{code.upper()}."
    known = next((each for prefix, each in _FAMILIES if family.startswith(f"{prefix}.")), None)
    if known is not None:
        return failure_of(said, known, secret=channel.secret)
    return job_failure(said, word=word, secret=channel.secret)
