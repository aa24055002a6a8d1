"""Zhenzhen's unified relay format: `/v2/videos/generations`, characters.

The base address is the relay's host, without a path. There is no list, no cancel and no client id. What is peculiar:

- fields change with the model inside one endpoint: Sora takes `duration` as text, `aspect_ratio` and `hd` (not
  together with 25 s); Veo takes `enable_upsample` and no length; Grok takes `ratio`, `duration` as a number,
  `resolution` and pictures by address, which are put on the relay's file host first;
- status words are upper case, progress is text with `%`, and FAILURE says `"100%"` too;
- `data` is null until the clip is there; then `data.output`, else `data.outputs[0]`;
- policy refusals arrive late, as FAILURE with a reason in Chinese.

Channel settings:

    callback_url  address the relay may call on changes (`notify_hook`); such a call is a hint to poll, never believed

Vendor options such as `enhance_prompt`, `character_url` and `character_timestamps` are passed on. Not known: how
long links live, what `notify_hook` sends and how it is signed.

Facts: gpt-best.apifox.cn as mirrored in leon30083/dify-sora2-zhenzhen @a736e86, T8mars/Comfyui-zhenzhen @356f9d7.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Final, cast

from reelgate.core import openai_shape as shape
from reelgate.core import relay
from reelgate.core.channel_settings import CalledBack
from reelgate.core.dialect import (
    Answer,
    Call,
    Channel,
    Effect,
    KeepOutcome,
    Likeness,
    Observation,
    Output,
    Recorded,
    Refused,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Failure
from reelgate.core.openai_call import (
    bearer,
    callback_url,
    data_url,
    json_call,
    link,
    only_create,
    options,
    refusal,
    with_extra,
)
from reelgate.core.openai_shape import Job, Wire
from reelgate.core.task import Role
from reelgate.core.words import as_object, path_segment

PATH: Final = "/v2/videos/generations"
UPLOADS: Final = "/v1/files/upload"


class ZhenzhenV2:
    """Speaks `/v2/videos/generations`."""

    name = "zhenzhen_v2"
    settings = CalledBack
    recorded = Recorded()

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it; for Grok, put its pictures on the relay first."""
        objection = _objection(submission)
        if objection is not None:
            return Refused(failure=objection)
        images: list[Any] = [data_url(given) for given in submission.request.inputs]
        if _is(submission, "grok"):
            stored = yield from relay.upload(submission.request.inputs, UPLOADS, channel)
            if isinstance(stored, Refused):
                return stored
            images = list(stored)
        call = json_call(PATH, bearer(channel), _fields(submission, images, channel))
        return (yield from shape.submit(call, submission, channel, WIRE))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        answer = yield Call(
            method="GET", path=f"{PATH}/{path_segment(ref)}", headers=bearer(channel), timeout_s=30.0
        )
        return shape.observed(answer, ref, channel, WIRE)

    def keep_character(self, likeness: Likeness, channel: Channel) -> Generator[Effect, Answer, KeepOutcome]:
        """Have a character made from a finished job or an address."""
        return relay.keep_character(likeness, channel, "/sora/v1/characters")


DIALECT: Final = ZhenzhenV2()

_ROLES: Final = frozenset({Role.FIRST_FRAME, Role.REFERENCE})


def _is(submission: Submission, family: str) -> bool:
    return submission.upstream_model.lower().startswith(family)


def _objection(submission: Submission) -> Failure | None:
    request = submission.request
    if any(given.role not in _ROLES or given.character_id is not None for given in request.inputs):
        return refusal("input_reference", "This channel takes first frames and reference pictures only.")
    if _is(submission, "sora") and request.seconds == 25 and relay.is_large(request.size):
        return refusal("size", "This channel makes clips of 25 s in 720 lines only.")
    return only_create(submission)


def _fields(submission: Submission, images: list[Any], channel: Channel) -> dict[str, Any]:
    request = submission.request
    fields: dict[str, Any] = {"model": submission.upstream_model, "prompt": relay.prompt_of(request)}
    if images:
        fields["images"] = images
    hook = callback_url(channel)
    if hook is not None:
        fields["notify_hook"] = hook
    fields = with_extra(fields | _format(submission) | options(request), request)
    return {name: value for name, value in fields.items() if name != relay.SHOTS}


def _format(submission: Submission) -> dict[str, Any]:
    request, large = submission.request, relay.is_large(submission.request.size)
    wide_or_tall = relay.wide_or_tall(request.size)
    if _is(submission, "grok"):
        resolution = relay.lines(request.size)
        return {"ratio": wide_or_tall, "duration": request.seconds, "resolution": resolution}
    if _is(submission, "veo"):
        return {"aspect_ratio": wide_or_tall, "enable_upsample": large}
    return {"aspect_ratio": wide_or_tall, "duration": str(request.seconds), "hd": large}


def _outputs(job: Job, _ref: str, channel: Channel) -> tuple[Output, ...]:
    data = as_object(job.get("data")) or {}
    more = data.get("outputs")
    several = cast("list[object]", more) if isinstance(more, list) else []
    for value in (data.get("output"), *several):
        found = link(value, channel, bearer(channel))
        if found is not None:
            return (found,)
    return ()


WIRE: Final = Wire(outputs=_outputs)
