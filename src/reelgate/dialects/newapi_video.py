"""new-api, and relays grown from it, on their OpenAI-shaped route `/videos`.

The base address ends in `/v1`. There is no list, no delete and no cancel, so an unclear submission cannot
be looked for. What differs from the shape:

- task routes wrap errors as `{code, message, data}`; an unknown id is a 400 `task_not_exist`;
- `status` "unknown" stands for a job that was just taken, so it reads as queued;
- `progress` may be text (`"54%"`); for Veo it is a constant 50 while the job runs, which nobody measured,
  so it is dropped where the answer names a Veo model;
- the clip is at `metadata.url`, often on the vendor's own host; where that is the relay itself, it needs
  the key; where there is none, `/videos/{ref}/content` streams it, within one minute.

Facts: QuantumNous/new-api dto/openai_video.go @705748d, relay/channel/task/sora/adaptor.go @05393ff,
relay/channel/task/gemini/adaptor.go @14639a7. Not tried: needs an account.
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
    Output,
    Phase,
    Recorded,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Failure
from reelgate.core.openai_call import (
    attached,
    bearer,
    bracketed,
    fields_of,
    form_call,
    json_call,
    link,
    refusal,
    verb_path,
)
from reelgate.core.openai_shape import Job, Wire, by_content, enveloped, reported
from reelgate.core.task import Verb
from reelgate.core.words import as_object


class NewApiVideo:
    """Speaks new-api's `/videos`."""

    name = "newapi_video"
    settings = ChannelSettings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return shape.submit(_paid_call(submission, channel), submission, channel, WIRE)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return shape.poll(ref, channel, WIRE)

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the models the relay says it has."""
        return shape.discover(channel, WIRE)


DIALECT: Final = NewApiVideo()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    if submission.request.verb in {Verb.EDIT, Verb.EXTEND}:
        return refusal("model", "This channel offers neither edits nor extensions.")
    path = verb_path(submission)
    if isinstance(path, Failure):
        return path
    file = attached(submission)
    if isinstance(file, Failure):
        return file
    fields = fields_of(submission)
    if file is None:
        return json_call(path, bearer(channel), fields)
    return form_call(path, bearer(channel), bracketed(fields), file)


def _progress(job: Job) -> int | None:
    percent, model = reported(job), job.get("model")
    invented = percent == 50 and isinstance(model, str) and "veo" in model.lower()
    return None if invented else percent


def _outputs(job: Job, ref: str, channel: Channel) -> tuple[Output, ...]:
    metadata = as_object(job.get("metadata")) or {}
    for value in (metadata.get("url"), job.get("video_url"), job.get("url")):
        found = link(value, channel, bearer(channel))
        if found is not None:
            return (found,)
    return by_content(job, ref, channel)


WIRE: Final = Wire(job=enveloped, outputs=_outputs, progress=_progress, words={"unknown": Phase.QUEUED})
