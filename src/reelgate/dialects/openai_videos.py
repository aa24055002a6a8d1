"""The OpenAI Videos shape: `/videos` as OpenAI spoke it and as relays and local servers still do.

The base address is used as given, so it normally ends in `/v1`. Channel settings:

    auth           "bearer" (default) or "api-key", the header that carries the key
    encoding       "auto" (default: a form when there is a file, else JSON), "multipart" or "json"
    content        "call" (default: `/videos/{ref}/content` with the key) or "url" (an address in the answer)
    cancel         "delete" when deleting a job really stops it; most upstreams only forget the record
    list_complete  true when the list shows every job of the key at once; makes "not found" certain

Facts from openai-python @e43b422 and from what relays and local servers of this shape send; not known:
whether any upstream honours `Idempotency-Key`, so it is sent and never relied upon.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Final, Literal

from msgspec import Meta

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
    Observation,
    Output,
    Recorded,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Failure
from reelgate.core.openai_call import (
    api_key,
    attached,
    bearer,
    bracketed,
    content,
    data_url,
    fields_of,
    form_call,
    json_call,
    media_type_of,
    refusal,
    verb_path,
    web_address,
)
from reelgate.core.openai_shape import Job, Wire
from reelgate.core.words import as_object, timestamp_ms


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    auth: Annotated[Literal["bearer", "api-key"], Meta(description="Which header carries the key.")] = (
        "bearer"
    )
    encoding: Annotated[
        Literal["auto", "multipart", "json"],
        Meta(
            description="How a request is written: a form when there is a file, else JSON; or always one of them."
        ),
    ] = "auto"
    content: Annotated[
        Literal["call", "url"],
        Meta(description="Where a clip is: at its own path with the key, or at an address in the answer."),
    ] = "call"
    cancel: Annotated[
        Literal["delete"] | None, Meta(description="`delete` where deleting a job really stops it.")
    ] = None
    list_complete: Annotated[
        bool,
        Meta(
            description="The list shows every job of the key at once, so that one missing from it never existed."
        ),
    ] = False


class OpenAIVideos:
    """Speaks `/videos`."""

    name = "openai_videos"
    settings = Settings
    recorded = Recorded(base="/v1", settings={"cancel": "delete"})

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return shape.submit(_paid_call(submission, channel), submission, channel, WIRE)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return shape.poll(ref, channel, WIRE)

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """Ask about many jobs through the list; empty when the upstream has no usable list."""
        return shape.poll_many(refs, channel, WIRE)

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look through the list for the one job that can be this submission."""
        complete = channel.settings.get("list_complete") is True
        return shape.find(submission, channel, taken, WIRE, complete=complete)

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Delete the job where the channel says that deleting stops it."""
        if channel.settings.get("cancel") != "delete":
            return CancelOutcome(ended=False, reason="This upstream does not offer to stop a job.")
        return (yield from shape.delete(ref, channel, WIRE))

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the models the upstream says it has."""
        return shape.discover(channel, WIRE)


DIALECT: Final = OpenAIVideos()


def _headers(channel: Channel) -> dict[str, str]:
    return api_key(channel) if channel.settings.get("auth") == "api-key" else bearer(channel)


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    path = verb_path(submission)
    if isinstance(path, Failure):
        return path
    file = attached(submission)
    if isinstance(file, Failure):
        return file
    encoding = channel.settings.get("encoding", "auto")
    fields = fields_of(submission)
    headers = {**_headers(channel), "Idempotency-Key": submission.token}
    if encoding != "json" and (encoding == "multipart" or file is not None):
        return form_call(path, headers, bracketed(fields), file)
    if file is not None and file[0] == "video":
        return refusal("video", "This channel takes a clip of its own only, not an uploaded one.")
    given = {} if file is None else {file[0]: {"image_url": data_url(file[1])}}
    return json_call(path, headers, fields | given)


def _outputs(job: Job, ref: str, channel: Channel) -> tuple[Output, ...]:
    media_type, expires = media_type_of(job), timestamp_ms(job.get("expires_at"))
    if channel.settings.get("content") != "url":
        call = content(ref, _headers(channel))
        return (Output(call=call, media_type=media_type, expires_at_ms=expires),)
    metadata = as_object(job.get("metadata")) or {}
    for value in (metadata.get("url"), job.get("url"), job.get("video_url")):
        url = web_address(value)
        if url is not None:
            return (Output(url=url, media_type=media_type, expires_at_ms=expires),)
    return ()


WIRE: Final = Wire(headers=_headers, outputs=_outputs)
