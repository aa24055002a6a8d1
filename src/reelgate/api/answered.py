"""What answers about videos and models look like, so that clients can be generated from the OpenAPI document.

Answers are put together by their surfaces; a test holds each of them against its shape here.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from reelgate.api.shapes import shape_of
from reelgate.core.effective import Change, Effective
from reelgate.core.lifecycle import VideoStatus


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A range of whole numbers, both ends included."""

    min: int
    max: int


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model costs, as decimal text."""

    per_second: str
    per_clip: str
    currency: str


class Usual(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many seconds a model takes, and how that is known."""

    p50: float
    p90: float | None
    source: Literal["measured", "profile"]
    clips: int


class Ends(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a model ends."""

    day: str
    at: str
    days_left: int
    state: Literal["announced", "ending", "ended"]


class Abilities(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model can do; null stands for what nobody knows."""

    title: str
    generative: bool
    verbs: list[str]
    seconds: list[int] | Span | None
    seconds_default: int
    sizes: list[str] | Span | None
    size_default: str
    aspect_ratios: list[str] | None
    inputs: dict[str, int]
    characters: int
    audio: bool | None
    audio_switch: bool
    seed: bool
    negative_prompt: bool
    watermark: bool
    private: bool
    prompt_max: int
    price: Price | None
    usual_seconds: int
    usual: Usual | None


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model with what it can do."""

    id: str
    object: str
    created: int
    owned_by: str
    alias_of: str | None
    shutdown_date: str | None
    sunset: Ends | None
    video: Abilities


class Models(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every model that can be asked for."""

    success: bool
    data: list[Model]


class Reason(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why a video failed."""

    code: str
    message: str


class VideoObject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One video; times are Unix seconds."""

    id: str
    object: Literal["video"]
    model: str
    status: VideoStatus
    progress: int
    created_at: int
    completed_at: int | None
    expires_at: int | None
    prompt: str | None
    size: str
    seconds: str
    remixed_from_video_id: str | None
    error: Reason | None
    served_by: str | msgspec.UnsetType = msgspec.UNSET
    start_after: int | msgspec.UnsetType = msgspec.UNSET
    adapted: list[Change] | msgspec.UnsetType = msgspec.UNSET


class VideoPage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A page of videos, newest first."""

    object: str
    data: list[VideoObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


class Gone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Says that something is gone."""

    id: str
    object: str
    deleted: Literal[True]


class Amount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Money as decimal text."""

    amount: str
    currency: str


class ChannelSaid(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was said of a channel; who it is only administrators are told."""

    accepted: bool
    reason: str
    detail: str | None
    id: str | msgspec.UnsetType = msgspec.UNSET
    name: str | msgspec.UnsetType = msgspec.UNSET


class Looked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a create would come to."""

    object: Literal["video.effective"]
    effective: Effective
    adapted: list[Change]
    quote: Amount
    usual: Usual | None
    sunset: Ends | None
    channels: list[ChannelSaid]


class Fixed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a video was asked to be in the end."""

    object: str
    id: str
    effective: Effective | None
    adapted: list[Change]
    quote: Amount


CREATED: Final[dict[str, Any]] = {"anyOf": [shape_of(VideoObject), shape_of(Looked)]}
"""What a create gives: the video, or with `dry_run` what it would come to."""
