"""SGLang Diffusion: a video model on your own GPU behind `/v1/videos`.

The base address ends in `/v1` (default port 30000); the channel is normally `self_hosted`.

What differs from the shape: `seconds` is a whole number; a prompt alone goes as JSON, a picture as a form
without bracket names; a job stays "queued" while it runs and then jumps to its end; an error has a
`message` and no code, and refusals are `{"detail": …}`; in cloud mode the clip is at `url` and `/content`
refuses. Deleting answers "deleted" and the GPU goes on, so there is no cancel. An answer also tells where on
the server's disk the clip lies (`file_path`): that never leaves this module, and options that name such
paths (`output_path`, `video_path` and their like) are refused, for they would let a caller write and read there.

Facts: docs/diffusion/api/openai_api.md, video_api.py. Not tried on a GPU.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from reelgate.core import openai_shape as shape
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Answer,
    Call,
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
    bearer,
    fields_of,
    form_call,
    json_call,
    link,
    one_picture,
    only_create,
    refusal,
    spelled,
)
from reelgate.core.openai_shape import Job, Wire, by_content


class Sglang:
    """Speaks SGLang Diffusion's `/videos`."""

    name = "sglang"
    settings = ChannelSettings
    # A deletion answers with the job as it then is.
    recorded = Recorded(ops={"cancel": "poll"}, base="/v1")

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
        """Look through the list; its jobs name no prompt, so at best it is doubtful, and it says when nothing is there."""
        return shape.find(submission, channel, taken, WIRE)

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the model the server serves."""
        return shape.discover(channel, WIRE)


DIALECT: Final = Sglang()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    picture = only_create(submission) or _path_option(request.extra) or one_picture(request)
    if isinstance(picture, Failure):
        return picture
    fields: dict[str, Any] = fields_of(submission) | {"seconds": request.seconds}
    if picture is None:
        return json_call("/videos", bearer(channel), fields)
    return form_call("/videos", bearer(channel), spelled(fields), picture)


def _path_option(extra: Mapping[str, Any]) -> Failure | None:
    for name, value in extra.items():
        if name.lower().endswith(("_path", "_paths", "_dir", "_folder")):
            return refusal(name, f"`{name}` names a place on the server's disk; it is not passed on.")
        if name == "extra_body" and isinstance(value, dict):
            found = _path_option(value)  # pyright: ignore[reportUnknownArgumentType]
            if found is not None:
                return found
    return None


def _outputs(job: Job, ref: str, channel: Channel) -> tuple[Output, ...]:
    elsewhere = link(job.get("url"), channel, bearer(channel))
    return (elsewhere,) if elsewhere is not None else by_content(job, ref, channel)


WIRE: Final = Wire(outputs=_outputs)
