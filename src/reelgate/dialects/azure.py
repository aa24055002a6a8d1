"""Azure OpenAI (Foundry): Sora 2 behind `/openai/v1/videos`.

The base address is `https://RESOURCE.openai.azure.com/openai/v1`; a model's upstream name is the
*deployment's* name. Setting:

    auth   "api-key" (default) or "bearer" for an Entra ID token

What differs from the shape: the `api-key` header; `error.code` is often `user_error` with the reason in
words only; a filtered prompt says so in `innererror`; jobs are kept up to 24 hours, two run at once in
the preview. Deleting a job is not documented to stop it, so there is no cancel. The older job API
(`/video/generations/jobs`) is not spoken.

Facts: learn.microsoft.com Foundry video reference and secondary sources. Not tried: needs an account.
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
    Channel,
    Effect,
    FindOutcome,
    Observation,
    Output,
    Recorded,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.openai_call import (
    api_key,
    attached,
    bearer,
    bracketed,
    content,
    fields_of,
    form_call,
    json_call,
    media_type_of,
    verb_path,
)
from reelgate.core.openai_shape import Job, Wire
from reelgate.core.words import timestamp_ms


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    auth: Annotated[
        Literal["api-key", "bearer"], Meta(description="How the key is sent; `bearer` for an Entra ID token.")
    ] = "api-key"


class Azure:
    """Speaks Azure's `/videos`."""

    name = "azure"
    settings = Settings
    recorded = Recorded(base="/openai/v1")

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
        """Look through the list for the one job that can be this submission."""
        return shape.find(submission, channel, taken, WIRE)


DIALECT: Final = Azure()


def _headers(channel: Channel) -> dict[str, str]:
    return bearer(channel) if channel.settings.get("auth") == "bearer" else api_key(channel)


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    path = verb_path(submission)
    if isinstance(path, Failure):
        return path
    file = attached(submission)
    if isinstance(file, Failure):
        return file
    fields = fields_of(submission)
    if file is None:
        return json_call(path, _headers(channel), fields)
    return form_call(path, _headers(channel), bracketed(fields), file)


def _outputs(job: Job, ref: str, channel: Channel) -> tuple[Output, ...]:
    return (
        Output(
            call=content(ref, _headers(channel)),
            media_type=media_type_of(job),
            expires_at_ms=timestamp_ms(job.get("expires_at")),
        ),
    )


WIRE: Final = Wire(
    headers=_headers,
    outputs=_outputs,
    vague={"user_error": Code.INVALID_REQUEST, "invalid_user_input": Code.INVALID_REQUEST},
)
