"""APIYI's asynchronous `/videos`, and the `sora_video2` relay of the same shape.

The base address ends in `/v1`. A request without a picture goes as JSON, one with a picture as a form (PNG or JPEG,
under 10 MB; no addresses). There is no list, no cancel and no client id; a finished clip comes from
`/videos/{ref}/content` with the key and is kept for a day. Failed jobs are not charged. A model the key's group
does not grant is answered 503, which looks like an outage and is none.

Channel settings:

    length  "seconds" (default), "duration" or "both": what the length is called; older relays say `duration`

Facts: docs.apiyi.com (sora-2-video-async, API manual), docs.laozhang.ai, read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from reelgate.core import openai_shape as shape
from reelgate.core import relay
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Answer,
    Call,
    Channel,
    Effect,
    Observation,
    Recorded,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.openai_call import (
    bearer,
    fields_of,
    form_call,
    json_call,
    one_picture,
    refusal,
    spelled,
    verb_path,
)
from reelgate.core.openai_shape import Wire
from reelgate.core.task import Input, Verb

PICTURE_MAX: Final = 10_000_000


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    length: Annotated[
        Literal["seconds", "duration", "both"],
        Meta(description="What the length is called; older relays say `duration`."),
    ] = "seconds"


class ApiyiAsync:
    """Speaks APIYI's `/videos`."""

    name = "apiyi_async"
    settings = Settings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return shape.submit(_paid_call(submission, channel), submission, channel, WIRE)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return shape.poll(ref, channel, WIRE)


DIALECT: Final = ApiyiAsync()
WIRE: Final = Wire()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    if request.verb not in {Verb.CREATE, Verb.REMIX}:
        return refusal("model", f"This channel does not offer {request.verb.value}.")
    path = verb_path(submission)
    if isinstance(path, Failure):
        return path
    if request.verb is Verb.REMIX:
        remix = {"prompt": request.prompt, "model": submission.upstream_model}
        return json_call(path, bearer(channel), remix)
    file = one_picture(request)
    if isinstance(file, Failure):
        return file
    fields = _fields(submission, channel)
    if file is None:
        return json_call(path, bearer(channel), fields)
    objection = _objection(file[1])
    return objection or form_call(path, bearer(channel), spelled(fields), file)


def _objection(picture: Input) -> Failure | None:
    if picture.media_type not in {"image/png", "image/jpeg"}:
        return Failure(
            code=Code.UNSUPPORTED_MEDIA,
            message="This channel takes PNG and JPEG pictures only.",
            param="input_reference",
        )
    if picture.bytes >= PICTURE_MAX:
        return Failure(
            code=Code.PAYLOAD_TOO_LARGE,
            message="This channel takes pictures under 10 MB only.",
            param="input_reference",
        )
    return None


def _fields(submission: Submission, channel: Channel) -> dict[str, Any]:
    fields = fields_of(submission) | {"prompt": relay.prompt_of(submission.request)}
    fields.pop(relay.SHOTS, None)
    called = channel.settings.get("length", "seconds")
    if called in {"duration", "both"}:
        fields["duration"] = submission.request.seconds
    if called == "duration":
        del fields["seconds"]
    return fields
