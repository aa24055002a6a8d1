"""OpenRouter's video API: `/videos` with a shape of its own.

The base address is `https://openrouter.ai/api/v1`. Settings:

    geometry       "size" (default: `size` as WxH) or "ratio" (`resolution` and `aspect_ratio`)
    callback_url   an https address that is told when a job ends; deliveries are signed

- A job is asked about under its id; the `polling_url` of the answer is the same place, and may be relative.
- `unsigned_urls` need the key and are on OpenRouter's own host; `urls` are signed and expire.
- `frame_images` (first and last frame) make `input_references` be ignored without a word, so a request with
  both is refused here, before it costs anything.
- `usage.cost` says in US dollars what the job cost.
- Deliveries carry `X-OpenRouter-Signature: t=<s>,v1=<hex>` over `<t>,<raw body>`, good for five minutes.
- `GET /key` gives what is left of the key's limit in US dollars (`limit_remaining`), null for a key without one.
- There is no list and no documented cancel. `previous_job_id` continues a finished job.

Facts: OpenRouterTeam/docs @179baa8, OpenRouterTeam/skills @1c6d7ef, openrouter.ai/docs/api_reference/videos.
Not tried: needs an account.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from msgspec import Meta

from reelgate.core import openai_shape as shape
from reelgate.core.channel_settings import CalledBack, QuotaLow
from reelgate.core.dialect import (
    Answer,
    Call,
    Callback,
    CatalogueModel,
    Channel,
    Effect,
    Observation,
    Output,
    Quota,
    Recorded,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Failure
from reelgate.core.money import Micro, measured
from reelgate.core.openai_call import bearer, callback_url, data_url, json_call, link, refusal, with_extra
from reelgate.core.openai_shape import Job, Wire, elements
from reelgate.core.profile import Profile
from reelgate.core.signature import is_fresh
from reelgate.core.task import Request, Role, Size, Verb, parse_size
from reelgate.core.words import as_object, nothing_learned


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    geometry: Annotated[
        Literal["size", "ratio"],
        Meta(description="How a size is written: as WxH, or as a resolution and an aspect ratio."),
    ] = "size"
    quota_low: QuotaLow = None


class OpenRouter:
    """Speaks OpenRouter's `/videos`."""

    name = "openrouter"
    settings = Settings
    recorded = Recorded(ops={"callback": "heard"}, base="/api/v1")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        return shape.submit(_paid_call(submission, channel), submission, channel, WIRE)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        return shape.poll(ref, channel, WIRE)

    def discover(self, channel: Channel) -> Generator[Effect, Answer, Sequence[CatalogueModel]]:
        """List the video models with what each can do and costs."""
        answer = yield shape.get("/videos/models", channel, WIRE)
        return [_model(item) for item in shape.listed(answer) if _name(item)]

    def verify(self, callback: Callback, secret: str, now_ms: int) -> str | None:
        """Give the ref of the job a genuine, fresh callback speaks of; None for any other."""
        if not secret or not _signed(callback, secret, now_ms):
            return None
        event = Reply(status=200, headers={}, body=callback.body).object() or {}
        if not str(event.get("type")).startswith("video.generation."):
            return None
        return shape.ref_of(as_object(event.get("data")) or {})

    def heard(self, reply: Reply, channel: Channel) -> Observation:
        """Read a delivery's body; a hint only, for the upstream is always asked."""
        job = as_object((reply.object() or {}).get("data")) or {}
        ref = shape.ref_of(job)
        return nothing_learned(None) if ref is None else shape.observation(job, ref, channel, WIRE)

    def quota(self, channel: Channel) -> Generator[Effect, Answer, Quota | None]:
        """Ask what is left of the key's limit; a key may have none."""
        answer = yield shape.get("/key", channel, WIRE)
        body = answer.object() if isinstance(answer, Reply) and answer.status < 300 else None
        key = as_object((body or {}).get("data"))
        if key is None or "limit_remaining" not in key:
            return None
        left = measured(key["limit_remaining"])
        return None if left is None and key["limit_remaining"] is not None else Quota(left=left, unit="USD")


DIALECT: Final = OpenRouter()


# The paid call.


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    pictures = _continued(submission) or _pictures(request)
    if isinstance(pictures, Failure):
        return pictures
    fields: dict[str, Any] = {
        "model": submission.upstream_model,
        "prompt": request.prompt,
        "duration": request.seconds,
    }
    fields |= _geometry(request.size, channel) | pictures
    given = {
        "seed": request.seed,
        "generate_audio": request.audio,
        "previous_job_id": submission.parent_ref if request.verb is Verb.REMIX else None,
        "callback_url": _callback(channel),
    }
    fields |= {name: value for name, value in given.items() if value is not None}
    return json_call("/videos", bearer(channel), with_extra(fields, request))


def _continued(submission: Submission) -> Failure | None:
    match submission.request.verb:
        case Verb.CREATE:
            return None
        case Verb.REMIX if submission.parent_ref is not None:
            return None
        case Verb.REMIX:
            return refusal("video_id", "This channel continues only jobs it made itself.")
        case verb:
            return refusal("model", f"This channel does not offer {verb.value}.")


def _pictures(request: Request) -> dict[str, Any] | Failure:
    frames: list[dict[str, Any]] = []
    references: list[dict[str, Any]] = []
    for given in request.inputs:
        picture: dict[str, Any] = {"type": "image_url", "image_url": {"url": data_url(given)}}
        match given.role:
            case Role.FIRST_FRAME | Role.LAST_FRAME if given.character_id is None:
                frames.append(picture | {"frame_type": given.role.value})
            case Role.REFERENCE if given.character_id is None:
                references.append(picture)
            case _:
                return refusal("input_reference", f"This channel takes no such input: {given.role.value}.")
    if frames and references:
        return refusal(
            "input_reference", "This channel takes first and last frame, or references, not both at once."
        )
    named = {"frame_images": frames, "input_references": references}
    return {name: pictures for name, pictures in named.items() if pictures}


def _geometry(size: Size, channel: Channel) -> dict[str, str]:
    if channel.settings.get("geometry") != "ratio":
        return {"size": str(size)}
    share = math.gcd(size.width, size.height)
    return {
        "resolution": f"{min(size.width, size.height)}p",
        "aspect_ratio": f"{size.width // share}:{size.height // share}",
    }


def _callback(channel: Channel) -> str | None:
    address = callback_url(channel)
    return address if address is not None and address.startswith("https://") else None


# Reading jobs.


def _outputs(job: Job, _ref: str, channel: Channel) -> tuple[Output, ...]:
    for name in ("unsigned_urls", "urls"):
        for url in elements(job.get(name)):
            found = link(url, channel, bearer(channel))
            if found is not None:
                return (found,)
    return ()


def _dollars(value: object) -> Micro | None:
    """Read an amount such as `0.4`, `"0.50"` or `"$0.10"`; None for what is none."""
    text = str(value).strip().removeprefix("$")
    if isinstance(value, bool) or not re.fullmatch(r"\d{1,6}(?:\.\d{1,18})?(?:e-\d{1,2})?", text):
        return None
    return Micro(math.ceil(round(float(text) * 1_000_000, 6)))


def _cost(job: Job) -> Micro | None:
    return _dollars((as_object(job.get("usage")) or {}).get("cost"))


WIRE: Final = Wire(outputs=_outputs, cost=_cost)


# Callbacks.


def _signed(callback: Callback, secret: str, now_ms: int) -> bool:
    parts = [
        part.strip().partition("=") for part in callback.headers.get("x-openrouter-signature", "").split(",")
    ]
    times = [value for name, _, value in parts if name == "t"]
    if len(times) != 1 or not is_fresh(times[0], now_ms):
        return False
    due = hmac.new(secret.encode(), times[0].encode() + b"," + callback.body, hashlib.sha256).hexdigest()
    # While a secret is rotated there are two signatures.
    return any(
        hmac.compare_digest(due.encode(), value.lower().encode()) for name, _, value in parts if name == "v1"
    )


# What the models can do.


def _name(item: Mapping[str, Any]) -> str:
    name = item.get("id")
    return name if isinstance(name, str) and len(name) <= 200 and name.isprintable() else ""


def _model(item: Mapping[str, Any]) -> CatalogueModel:
    name, title = _name(item), item.get("name")
    title = title if isinstance(title, str) and title else name
    return CatalogueModel(name=name, title=title, profile=_profile(item, name, title))


def _profile(item: Mapping[str, Any], name: str, title: str) -> Profile:
    sizes = tuple(text for text in _texts(item.get("supported_sizes")) if parse_size(text) is not None)
    seconds = tuple(n for n in elements(item.get("supported_durations")) if type(n) is int and 0 < n <= 3_600)
    frames = _texts(item.get("supported_frame_images"))
    per_second, per_clip = _prices(as_object(item.get("pricing_skus")) or {})
    inputs = {role: 1 for role in (Role.FIRST_FRAME, Role.LAST_FRAME) if role.value in frames}
    return Profile(
        name=name,
        title=title,
        provider="OpenRouter",
        seconds=seconds,
        seconds_default=seconds[0] if seconds else 4,
        sizes=sizes,
        size_default=sizes[0] if sizes else "1280x720",
        # How many references a model takes is not said; the upstream refuses too many.
        inputs={**inputs, Role.REFERENCE: 4},
        audio=item.get("generate_audio") is True,
        audio_switch=item.get("generate_audio") is True,
        seed=item.get("seed") is True,
        passthrough=bool(_texts(item.get("allowed_passthrough_parameters"))),
        price_per_second=per_second,
        price_per_clip=per_clip,
        usual_seconds=120,
        poll_seconds=15.0,
        source="the upstream's own list of models",
        confidence="as the upstream says",
    )


def _prices(skus: Mapping[str, Any]) -> tuple[Micro, Micro]:
    """Take the dearest price per second, else per clip: a quote may be too high, never too low."""
    seconds, clips = [0], [0]
    for name, value in skus.items():
        amount = _dollars(value)
        if amount is not None and "token" not in name and "cent" not in name:
            (seconds if "second" in name else clips).append(amount)
    return (Micro(max(seconds)), Micro(0)) if max(seconds) else (Micro(0), Micro(max(clips)))


def _texts(value: object) -> list[str]:
    return [text for text in elements(value) if isinstance(text, str)]
