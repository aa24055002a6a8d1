"""vLLM-Omni: a video model on your own GPU behind `/v1/videos`.

The base address ends in `/v1`; the channel is normally `self_hosted`. One server serves one model. Setting:

    cancel   "delete" on servers that stop a running job when it is deleted (0.30.0 does); before PR #6759
             (end of August 2026) deleting forgot the record and the GPU went on, so nothing is deleted
             unless the setting says so

What differs from the shape: creating takes forms only and no bracket names (structures go as JSON text);
a failed job is served as an HTTP 4xx or 5xx that carries the job, with the HTTP number for its error code;
jobs live in memory, so that after a restart a ref is a 404; old servers never say "queued".
There is one picture at most, no remix, edit or extension.

Facts: docs/serving/videos_api.md @b82abf6, protocol/videos.py @48e6026, PR #6759, issue #6403. Not tried on a GPU.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

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
    Recorded,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Failure
from reelgate.core.openai_call import bearer, fields_of, form_call, one_picture, only_create, spelled
from reelgate.core.openai_shape import Wire

WIRE: Final = Wire()


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    cancel: Annotated[
        Literal["delete"] | None,
        Meta(description="`delete` on servers that stop a running job when it is deleted."),
    ] = None


class VllmOmni:
    """Speaks vLLM-Omni's `/videos`."""

    name = "vllm_omni"
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
        """Ask about many jobs through the list."""
        return shape.poll_many(refs, channel, WIRE)

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Look through the list for the one job that can be this submission; never certain, for a restart empties it."""
        return shape.find(submission, channel, taken, WIRE)

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Delete the job where the channel says that this server then stops."""
        if channel.settings.get("cancel") != "delete":
            return CancelOutcome(
                ended=False, reason="This server is not known to stop a job that is deleted."
            )
        return (yield from shape.delete(ref, channel, WIRE))

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the model the server serves."""
        return shape.discover(channel, WIRE)


DIALECT: Final = VllmOmni()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    picture = only_create(submission) or one_picture(request)
    if isinstance(picture, Failure):
        return picture
    fields: dict[str, Any] = fields_of(submission)
    if request.audio is not None:
        fields["generate_sound"] = request.audio
    return form_call("/videos", bearer(channel), spelled(fields), picture)
