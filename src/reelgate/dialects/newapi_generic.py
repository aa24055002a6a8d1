"""new-api, and relays grown from it, on their generic route `/video/generations`.

The base address ends in `/v1`. There is no list, no delete and no cancel, so an unclear submission cannot
be looked for. Two forms of an answer are in the wild, and both are read:

- plain: `{task_id, status, url, metadata, error: {code, message}}`, where an error of code 0 is none;
- wrapped: `{code, message, data: {task_id, status, fail_reason, progress: "54%", data: …}}` with words such
  as NOT_START and SUCCESS. There `fail_reason` holds the clip's address once the job is done, and the
  innermost `data` is the vendor's own answer.

An unknown id is a 400 `task_not_exist`. "unknown" stands for a job that was just taken. A constant 50 %
under a Veo model is nobody's measurement and is dropped. Settings of other vendors go into `metadata`.

Facts: docs.newapi.pro; QuantumNous/new-api dto/openai_video.go @705748d. Not tried: needs an account.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from typing import Any, Final, cast

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
from reelgate.core.openai_call import bearer, data_url, json_call, link, only_create, refusal, web_address
from reelgate.core.openai_shape import Job, Wire, elements, enveloped, reported
from reelgate.core.task import Request, Role
from reelgate.core.words import as_object

PATH: Final = "/video/generations"


class NewApiGeneric:
    """Speaks new-api's `/video/generations`."""

    name = "newapi_generic"
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


DIALECT: Final = NewApiGeneric()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    pictures = only_create(submission) or _pictures(request)
    if isinstance(pictures, Failure):
        return pictures
    last = pictures.pop("image_tail", None)
    tail = {"negative_prompt": request.negative_prompt, "image_tail": last}
    metadata = _metadata(request) | {name: value for name, value in tail.items() if value is not None}
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "prompt": request.prompt,
        "duration": request.seconds,
        "width": request.size.width,
        "height": request.size.height,
        # The documentation names width and height, the relay's own source reads this one.
        "size": str(request.size),
    } | pictures
    if request.seed is not None:
        fields["seed"] = request.seed
    if metadata:
        fields["metadata"] = metadata
    return json_call(PATH, bearer(channel), {**request.extra, **fields})


def _metadata(request: Request) -> dict[str, Any]:
    return dict(as_object(request.extra.get("metadata")) or {})


def _pictures(request: Request) -> dict[str, Any] | Failure:
    """Write first frame, last frame and references; the route takes each as a data URL."""
    fields: dict[str, Any] = {}
    references: list[Any] = []
    for given in request.inputs:
        if given.character_id is not None:
            return refusal("characters", "This channel takes no characters.")
        match given.role:
            case Role.FIRST_FRAME if "image" not in fields:
                fields["image"] = data_url(given)
            case Role.LAST_FRAME if "image_tail" not in fields:
                fields["image_tail"] = data_url(given)
            case Role.REFERENCE:
                references.append(data_url(given))
            case _:
                return refusal("input_reference", f"This channel takes no such input: {given.role.value}.")
    return fields | ({"images": references} if references else {})


def _progress(job: Job) -> int | None:
    percent = reported(job)
    named = (
        job.get("model"),
        job.get("action"),
        (as_object(job.get("properties")) or {}).get("origin_model_name"),
    )
    veo = any(isinstance(name, str) and "veo" in name.lower() for name in named)
    return None if percent == 50 and veo else percent


def _addresses(job: Job) -> Iterator[object]:
    metadata = as_object(job.get("metadata")) or {}
    yield from (job.get("url"), job.get("result_url"), job.get("video_url"), metadata.get("url"))
    yield web_address(job.get("fail_reason"))
    yield from _inside(job.get("data"), 6)


_CLIPS: Final = ("video_url", "url", "download_url", "result_url")
_NOT_CLIPS: Final = ("image", "cover", "thumb", "poster", "input", "frame", "gif", "audio", "request")


def _inside(value: object, depth: int) -> Iterator[object]:
    """Give what could be the clip's address in a vendor's own answer; never what is named a picture or an input."""
    if depth == 0:
        return
    for item in elements(value)[:20]:
        yield from _inside(item, depth - 1)
    place = as_object(value) or {}
    yield from (web_address(place.get(name)) for name in _CLIPS)
    for name, inner in place.items():
        if isinstance(inner, dict | list) and not any(word in name.lower() for word in _NOT_CLIPS):
            yield from _inside(cast("object", inner), depth - 1)


def _outputs(job: Job, _ref: str, channel: Channel) -> tuple[Output, ...]:
    for value in _addresses(job):
        found = link(value, channel, bearer(channel))
        if found is not None:
            return (found,)
    return ()


WIRE: Final = Wire(
    path=PATH, job=enveloped, outputs=_outputs, progress=_progress, words={"unknown": Phase.QUEUED}
)
