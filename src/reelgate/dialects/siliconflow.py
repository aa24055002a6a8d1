"""SiliconFlow: open models behind a submit and a status that is asked with POST.

The base address ends in `/v1`; the international and the Chinese host take different keys. A clip has
the length its model makes; nothing on the wire asks for another. One picture goes along as a data URL.
Addresses live ten minutes to an hour, so clips are fetched at once. Errors are `{code, message, data}`.
There is no list, no cancel, no callback and no progress: an unclear submit stays unclear.

Facts: docs.siliconflow.cn, read 2026-11-22. Not tried on an account.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, Final

from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Accepted,
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
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import (
    Job,
    Look,
    conclude,
    first_of,
    good,
    id_in,
    looked,
    outputs_in,
    question,
    submit,
    text_in,
    unlearned,
    unwanted_role,
    word_in,
)
from reelgate.core.openai_call import bearer, json_call, only_create, with_extra
from reelgate.core.openai_shape import listed
from reelgate.core.task import Role
from reelgate.core.words import as_object, error_in, job_failure

CODES: Final[Mapping[str, Code]] = {
    "20012": Code.INVALID_REQUEST,
    "20015": Code.INVALID_REQUEST,
    "30001": Code.QUOTA_EXHAUSTED,
    "30003": Code.MODEL_RETIRED,
    "50505": Code.OVERLOADED,
}
"""What the codes of refusals mean."""


class SiliconFlow:
    """Speaks SiliconFlow's video calls."""

    name = "siliconflow"
    settings = ChannelSettings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return submit(_paid_call(submission, channel), submission, channel, _accepted, CODES)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield Call(
            method="POST",
            path="/video/status",
            headers=bearer(channel),
            json={"requestId": ref},
            timeout_s=30.0,
        )
        body = good(answer)
        seen = _observed(body, channel) if body is not None else None
        return seen or unlearned(answer, channel)

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the upstream's video models."""
        answer = yield question("/models", channel, [("type", "video")])
        names = [text_in(item.get("id")) for item in listed(answer)]
        return [CatalogueModel(name=name) for name in names if name]


DIALECT: Final = SiliconFlow()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    wrong = only_create(submission) or unwanted_role(request, Role.FIRST_FRAME)
    if wrong is not None:
        return wrong
    fields = {
        "model": submission.upstream_model,
        "prompt": request.prompt,
        "image_size": str(request.size),
        "image": first_of(request, Role.FIRST_FRAME),
        "negative_prompt": request.negative_prompt,
        "seed": request.seed,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return json_call("/video/submit", bearer(channel), with_extra(given, request))


def _accepted(body: Mapping[str, Any]) -> Accepted | None:
    ref = id_in(body.get("requestId"))
    return Accepted(ref=ref) if ref is not None and error_in(body) is None else None


def _observed(body: Job, channel: Channel) -> Observation | None:
    word = word_in(body, "status", "results", "reason")
    if word is None:
        return None
    reason = text_in(body.get("reason")).strip()
    said = error_in({"error": reason}) if reason else None
    results = as_object(body.get("results")) or {}
    phase, outputs = looked(word), outputs_in(results.get("videos"))
    failure = job_failure(said, word=word, secret=channel.secret) if said is not None else None
    return conclude(Look(word=word, phase=phase, outputs=outputs, failure=failure))
