"""Zhenzhen's `/videos` of 2026: one JSON body for many vendors, with the particulars in `metadata`.

The base address ends in `/v1`. There is no list, no cancel and no client id. Files go by address, so they are put on
the relay's own host (`/files/upload`) first. Plain pictures stand in `images`; where their roles differ, they stand
in `metadata.content`, each item with its type. The clip is at `metadata.url`, else `url`, else `video_url`; there is no
content route. Vendor options are passed on; `metadata` among them is joined to ours.

A submit answered 429 or 503 in the relay's own words may be sent again; every other doubt is left alone, as the
relay's own client does.

Facts: T8mars/Comfyui-zhenzhen seedance_low_price_nodes.py @356f9d7.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any, Final

from reelgate.core import openai_shape as shape
from reelgate.core import relay
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Answer,
    Channel,
    Effect,
    Observation,
    Output,
    Recorded,
    Refused,
    Submission,
    SubmitOutcome,
)
from reelgate.core.openai_call import bearer, json_call, link, only_create
from reelgate.core.openai_shape import Job, Wire
from reelgate.core.task import Input, Request, Role
from reelgate.core.words import as_object


class ZhenzhenV1Videos:
    """Speaks Zhenzhen's `/videos`."""

    name = "zhenzhen_v1videos"
    settings = ChannelSettings
    recorded = Recorded(base="/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Put the files on the relay's host, then send the paid call once and say what is certain about it."""
        objection = only_create(submission)
        if objection is not None:
            return Refused(failure=objection)
        stored = yield from relay.upload(submission.request.inputs, "/files/upload", channel)
        if isinstance(stored, Refused):
            return stored
        call = json_call("/videos", bearer(channel), _fields(submission, stored))
        return (yield from shape.submit(call, submission, channel, WIRE))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return shape.poll(ref, channel, WIRE)


DIALECT: Final = ZhenzhenV1Videos()

_PICTURES: Final = {
    Role.FIRST_FRAME: "first_frame",
    Role.LAST_FRAME: "last_frame",
    Role.REFERENCE: "reference_image",
}


def _fields(submission: Submission, stored: Sequence[str]) -> dict[str, Any]:
    request = submission.request
    images, files = _placed(request.inputs, stored)
    particulars = {
        "resolution": relay.lines(request.size),
        "ratio": relay.ratio(request.size),
        "seed": request.seed,
        "generate_audio": request.audio,
        "negative_prompt": request.negative_prompt,
        "watermark": request.watermark,
        **files,
    }
    own = {name: value for name, value in particulars.items() if value is not None}
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "prompt": relay.prompt_of(request),
        "seconds": str(request.seconds),
        "metadata": (as_object(request.extra.get("metadata")) or {}) | own,
    }
    if images:
        fields["images"] = images
    return fields | _others(request, fields)


def _others(request: Request, fields: dict[str, Any]) -> dict[str, Any]:
    return {n: v for n, v in request.extra.items() if n not in fields and n != relay.SHOTS}


def _placed(inputs: Sequence[Input], stored: Sequence[str]) -> tuple[list[str], dict[str, Any]]:
    """Say where each address goes: among the plain pictures, or into the particulars with its role."""
    where = list(zip(inputs, stored, strict=True))
    pictures = [(_PICTURES[given.role], url) for given, url in where if given.role in _PICTURES]
    files: dict[str, Any] = {
        "video_url": [url for given, url in where if given.role is Role.SOURCE_VIDEO] or None,
        "audio_url": [url for given, url in where if given.role is Role.AUDIO] or None,
    }
    roles = {role for role, _ in pictures}
    if roles <= {"reference_image"} or (roles == {"first_frame"} and len(pictures) == 1):
        return [url for _, url in pictures], files
    content = [{"type": "image_url", "image_url": {"url": url}, "role": role} for role, url in pictures]
    return [], files | {"content": content}


def _job(body: dict[str, Any]) -> dict[str, Any]:
    """Take the job out of `{code, message, data}` where it is in there."""
    inner = as_object(body.get("data"))
    return inner if inner is not None and "status" not in body and shape.ref_of(inner) else body


def _outputs(job: Job, _ref: str, channel: Channel) -> tuple[Output, ...]:
    metadata = as_object(job.get("metadata")) or {}
    for value in (metadata.get("url"), job.get("url"), job.get("video_url")):
        found = link(value, channel, bearer(channel))
        if found is not None:
            return (found,)
    return ()


WIRE: Final = Wire(job=_job, outputs=_outputs)
