"""LiteLLM's proxy as an upstream, behind `/videos`.

The base address ends in `/v1`. What differs from the shape:

- the proxy keeps no jobs: everything is in the id (`video_` and base64 text), and the id in the answer to a
  poll is often another one than the submit gave. The first one stays the ref; ids in polls are not compared;
- its list shows one provider's jobs, other people's among them, and there is no delete: nothing can be
  looked for and nothing stopped;
- statuses are the provider's in part: `processing`, `cancelled`;
- a provider's refusal often comes as a 500 that names the exception. On a submit that proves nothing, for
  the proxy may have tried another deployment after it: such a submission is unclear. On a poll the words
  still tell a bad key from a limit;
- form parts with bracket names are not folded, so structures go as JSON, and only a picture makes a form.

Facts: LiteLLM 1.109.1 in part run, in part read; docs.litellm.ai.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Final

from reelgate.core import openai_shape as shape
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Answer,
    Call,
    CatalogueModel,
    Channel,
    Effect,
    Observation,
    Recorded,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Failure
from reelgate.core.openai_call import (
    attached,
    bearer,
    fields_of,
    form_call,
    json_call,
    refusal,
    spelled,
    verb_path,
)
from reelgate.core.openai_shape import Wire

WIRE: Final = Wire()


class LiteLLM:
    """Speaks the `/videos` of LiteLLM's proxy."""

    name = "litellm"
    settings = ChannelSettings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return shape.submit(_paid_call(submission, channel), submission, channel, WIRE)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return shape.poll(ref, channel, WIRE)

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the models the proxy says it has; not only those for video."""
        return shape.discover(channel, WIRE)


DIALECT: Final = LiteLLM()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    path = verb_path(submission)
    if isinstance(path, Failure):
        return path
    file = attached(submission)
    if isinstance(file, Failure):
        return file
    if file is not None and file[0] == "video":
        return refusal("video", "This channel takes a clip of its own only, not an uploaded one.")
    fields = fields_of(submission)
    if file is None:
        return json_call(path, bearer(channel), fields)
    return form_call(path, bearer(channel), spelled(fields), file)
