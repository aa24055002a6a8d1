"""LocalAI: a video model on your own machine behind `POST /video`, which answers once the clip is done.

The base address is the server's root, without `/v1`; the channel is normally `self_hosted`. Setting:

    fps   frames per second; with it the length is also sent as `num_frames`, which older servers need

There is no job: the one call takes as long as the clip, and its answer says where the file is. That place is
the ref, and polling asks for its first byte. A call cut off on the way leaves nothing to look for, so it is
unclear; it cannot be stopped. A 500 that says `rpc error` comes from the model's own process inside this very
call, so nothing is left running and it is a refusal. Pictures and sound go as plain base64, without a
`data:` prefix.

Servers that speak the jobs of OpenAI's shape under LocalAI's name are served by the dialect of that shape.

Facts: localai.io/docs/features/video-generation; mudler/LocalAI core/http/endpoints/localai/video.go @01fdfa6.
Not tried on a GPU.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from reelgate.core import openai_shape as shape
from reelgate.core.channel_settings import ChannelSettings
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    CatalogueModel,
    Channel,
    Effect,
    Embedded,
    Observation,
    Output,
    Phase,
    Refused,
    Reply,
    Submission,
    SubmitOutcome,
    Unclear,
)
from reelgate.core.errors import Failure
from reelgate.core.openai_call import bearer, link, only_create, refusal, with_extra
from reelgate.core.openai_shape import Wire
from reelgate.core.task import Request, Role
from reelgate.core.words import classify_submit, error_in, job_failure, nothing_learned, trouble_of

LONGEST_S: Final = 3_600.0
"""How long the one call may take."""

WIRE: Final = Wire()


class Settings(ChannelSettings, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    fps: Annotated[
        Annotated[int, Meta(ge=1, le=240)] | None,
        Meta(
            description="Frames a second; with it the length is also sent as `num_frames`, which older servers need."
        ),
    ] = None


class LocalAI:
    """Speaks LocalAI's `/video`."""

    name = "localai"
    settings = Settings

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Have the clip made, and say what is certain when that is cut off."""
        call = _paid_call(submission, channel)
        if isinstance(call, Failure):
            return Refused(failure=call)
        answer = yield call
        place = _place(answer)
        output = link(place, channel, bearer(channel)) if place is not None else None
        if place is not None and output is not None:
            return Accepted(ref=place, observation=_done(output))
        broken = _broken(answer, channel)
        verdict = classify_submit(answer, now_ms=submission.submitted_at_ms, secret=channel.secret)
        return broken or verdict or Unclear(reason="The upstream answered without a clip.")

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask whether the clip is still there."""
        output = link(ref, channel, bearer(channel))
        if output is None:
            return nothing_learned(None)
        asked = output.call or Call(method="GET", path=output.url or "")
        answer = yield Call(
            method="GET", path=asked.path, headers={**asked.headers, "Range": "bytes=0-0"}, timeout_s=30.0
        )
        if isinstance(answer, Reply) and answer.status in {200, 206} and _is_clip(answer):
            return _done(output)
        return nothing_learned(trouble_of(answer, secret=channel.secret))

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the models the server has; not only those for video."""
        return shape.discover(channel, WIRE, path="/v1/models")


DIALECT: Final = LocalAI()


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    files = only_create(submission) or _files(request)
    if isinstance(files, Failure):
        return files
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "prompt": request.prompt,
        "width": request.size.width,
        "height": request.size.height,
        "seconds": str(request.seconds),
        "response_format": "url",
    } | files
    fps = channel.settings.get("fps")
    if type(fps) is int and fps > 0:
        fields |= {"fps": fps, "num_frames": fps * request.seconds}
    given = {"seed": request.seed, "negative_prompt": request.negative_prompt}
    fields |= {name: value for name, value in given.items() if value is not None}
    body = with_extra(fields, request)
    return Call(method="POST", path="/video", headers=bearer(channel), json=body, timeout_s=LONGEST_S)


_FIELDS: Final = {Role.FIRST_FRAME: "start_image", Role.LAST_FRAME: "end_image", Role.AUDIO: "audio"}


def _files(request: Request) -> dict[str, Embedded] | Failure:
    files: dict[str, Embedded] = {}
    for given in request.inputs:
        field = _FIELDS.get(given.role)
        if field is None or field in files or given.character_id is not None:
            return refusal("input_reference", f"This channel takes no such input: {given.role.value}.")
        files[field] = Embedded(given.sha256, given.media_type, data_url=False)
    return files


def _place(answer: Answer) -> str | None:
    """Give where the finished file is, as the server wrote it."""
    for item in shape.listed(answer):
        url = item.get("url")
        if isinstance(url, str) and 0 < len(url.strip()) <= 512 and url.strip().isprintable():
            return url.strip()
    return None


def _broken(answer: Answer, channel: Channel) -> Refused | None:
    body = answer.object() if isinstance(answer, Reply) and answer.status == 500 else None
    said = error_in(body, 500) if body is not None else None
    if said is None or not said.message.startswith("rpc error"):
        return None
    # Its code is the HTTP number again; a model that broke on this request is not asked the same once more.
    return Refused(failure=job_failure(msgspec.structs.replace(said, code=""), secret=channel.secret))


def _is_clip(reply: Reply) -> bool:
    return reply.media_type.startswith("video/") or reply.media_type == "application/octet-stream"


def _done(output: Output) -> Observation:
    return Observation(phase=Phase.COMPLETED, progress=100, outputs=(output,))
