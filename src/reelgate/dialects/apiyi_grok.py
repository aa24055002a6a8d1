"""Grok Imagine behind APIYI's `/videos`.

The base address ends in `/v1`. Size and length are always sent: left out, they silently mean 480 lines and 8 s,
and are billed so. A clip withheld by moderation ends as `completed` with an error and no video, and is billed all
the same. A model the key's group does not grant is answered 503, which looks like an outage and is none.
1080 lines on the base model are refused with 400.

Facts: docs.apiyi.com (grok-imagine-video overview and reference), read 2026-11-22.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from msgspec.structs import replace

from reelgate.core import openai_shape as shape
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Answer,
    Call,
    Channel,
    Effect,
    Observation,
    Phase,
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
    one_picture,
    only_create,
    spelled,
)
from reelgate.core.openai_shape import Wire
from reelgate.core.words import phase_of


class ApiyiGrok:
    """Speaks APIYI's `/videos` for Grok."""

    name = "apiyi_grok"
    settings = ChannelSettings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return shape.submit(_paid_call(submission, channel), submission, channel, WIRE)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        seen = yield from shape.poll(ref, channel, WIRE)
        withheld = seen.phase is Phase.FAILED and phase_of(seen.word) is Phase.COMPLETED
        if not withheld or seen.error is None:
            return seen
        said = f"Billed by the upstream all the same. {seen.error.detail or ''}".strip()
        return replace(seen, error=replace(seen.error, detail=said))


DIALECT: Final = ApiyiGrok()
WIRE: Final = Wire()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    objection = only_create(submission)
    if objection is not None:
        return objection
    file = one_picture(submission.request)
    if isinstance(file, Failure):
        return file
    fields = fields_of(submission)
    if file is None:
        return json_call("/videos", bearer(channel), fields)
    return form_call("/videos", bearer(channel), spelled(fields), file)
