"""Juxin's OpenAI-shaped relay format: `/videos` with a form, and remixes.

The base address ends in `/v1`. There is no list, no cancel and no client id. What differs from the shape: every
paid call but a remix is a form; `seconds` is text; of `size` only "wider than tall" matters; `created_at`
was seen in milliseconds; ids of the unified format are known here too. `character_url`, `character_timestamps`,
`character_from_task`, `character_create` and `metadata` are passed on as vendor options. A clip made with
`private` cannot be remixed. Finished clips come by address where the answer has one, else from `/content`.

Facts: juxinapi.apifox.cn as mirrored in leon30083/juxin-Sora-MCP @9cfd41a and leon30083/wenjing-aigc @8b688f8.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Final

from reelgate.core import openai_shape as shape
from reelgate.core import relay
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Answer,
    Call,
    Channel,
    Effect,
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
    refusal,
    spelled,
    verb_path,
)
from reelgate.core.openai_shape import Job, Wire, by_content
from reelgate.core.task import Verb
from reelgate.core.words import as_object


class JuxinOpenAI:
    """Speaks Juxin's `/videos`."""

    name = "juxin_openai"
    settings = ChannelSettings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return shape.submit(_paid_call(submission, channel), submission, channel, WIRE)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return shape.poll(ref, channel, WIRE)


DIALECT: Final = JuxinOpenAI()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    if request.verb not in {Verb.CREATE, Verb.REMIX}:
        return refusal("model", f"This channel does not offer {request.verb.value}.")
    path = verb_path(submission)
    if isinstance(path, Failure):
        return path
    if request.verb is Verb.REMIX:
        return json_call(path, bearer(channel), {"prompt": request.prompt})
    file = one_picture(request)
    if isinstance(file, Failure):
        return file
    fields = fields_of(submission) | {"prompt": relay.prompt_of(request)}
    fields.pop(relay.SHOTS, None)
    return form_call(path, bearer(channel), spelled(fields), file)


def _outputs(job: Job, ref: str, channel: Channel) -> tuple[Output, ...]:
    metadata = as_object(job.get("metadata")) or {}
    for value in (job.get("video_url"), metadata.get("url"), job.get("url")):
        found = link(value, channel, bearer(channel))
        if found is not None:
            return (found,)
    return by_content(job, ref, channel)


WIRE: Final = Wire(outputs=_outputs)
