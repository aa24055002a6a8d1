"""Task, attempt, request and what hangs on them: frozen records that are replaced, never edited."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from reelgate.core.errors import Failure
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro


class Verb(StrEnum):
    """What kind of generation was asked for; also the verb of a lineage edge."""

    CREATE = "create"
    REMIX = "remix"
    EDIT = "edit"
    EXTEND = "extend"


class Role(StrEnum):
    """What an input is for."""

    FIRST_FRAME = "first_frame"
    LAST_FRAME = "last_frame"
    REFERENCE = "reference"
    SOURCE_VIDEO = "source_video"
    AUDIO = "audio"


class Size(msgspec.Struct, frozen=True):
    """A picture size in pixels, written `WxH`."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def parse_size(text: str) -> Size | None:
    """Read `WxH` (also `W*H`); None when it is not one."""
    head, cross, tail = text.strip().lower().replace("*", "x").partition("x")
    if not cross or not head.isascii() or not tail.isascii() or not head.isdigit() or not tail.isdigit():
        return None
    if len(head) > 5 or len(tail) > 5 or int(head) == 0 or int(tail) == 0:
        return None
    return Size(int(head), int(tail))


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """One stored file a request works from."""

    role: Role
    sha256: str
    media_type: str
    bytes: int
    width: int | None = None
    height: int | None = None
    seconds: float | None = None
    character_id: str | None = None
    character_name: str | None = None


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller asked for, in our words, after folding and validation."""

    verb: Verb
    model: str
    prompt: str
    seconds: int
    """Length to generate; for an extension the length to append."""
    size: Size
    inputs: tuple[Input, ...] = ()
    parent_id: str | None = None
    """The task remixed, edited or extended."""
    parent_seconds: int | None = None
    """Length of the parent's clip, for extensions."""
    seed: int | None = None
    negative_prompt: str | None = None
    audio: bool | None = None
    watermark: bool | None = None
    private: bool | None = None
    extra: dict[str, Any] = {}
    """Vendor options we do not know, passed to dialects that pass them on."""

    def inputs_of(self, role: Role) -> tuple[Input, ...]:
        """Give the inputs that play `role`, in order."""
        return tuple(i for i in self.inputs if i.role is role)

    @property
    def total_seconds(self) -> int:
        """Length of the finished clip: for an extension the stitched total."""
        if self.verb is Verb.EXTEND:
            return self.seconds + (self.parent_seconds or 0)
        return self.seconds


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One requested generation. Times are milliseconds since 1970."""

    id: str
    user_id: str
    project_id: str
    key_id: str | None
    surface: str
    status: Status
    model: str
    """The name the caller asked for; the name answered on every surface."""
    served_model: str
    """The model the name resolves to; differs from `model` when that is an alias."""
    request: Request
    quote: Micro
    currency: str
    priority: int
    channel_id: str | None
    """The channel it is bound to; may change while it is queued."""
    attempt_id: str | None
    attempts: int
    progress: int | None
    """What the upstream reported, 0 to 100; None when it reported nothing."""
    phase: str | None
    word: str | None
    """The upstream's own last status word, for operators."""
    error: Failure | None
    lease_epoch: int
    event_seq: int
    created_at: int
    updated_at: int
    started_at: int | None
    finished_at: int | None
    completed_at: int | None
    expires_at: int | None
    deadline_at: int | None
    overdue_at: int | None
    unconfirmed_at: int | None
    cancel_requested_at: int | None
    deleted_at: int | None
    disputed: bool
    """Money stays held after the end until somebody decides."""
    turn: int | None = None
    """Its place in its lane's virtual time (`core.fairness`); None when it took none, or not yet."""
    start_after: int | None = None
    """Nothing is sent before this moment."""
    request_id: str | None = None
    """The request that made it, so that every line logged about it can be found by that."""
    traceparent: str | None = None
    """Its place in the trace of whoever asked for it, when traces were on."""
    effective: str | None = None
    """What will really be made (`core.effective.Effective`), as JSON, as it was shown before paying."""
    adapted: str | None = None
    """What was changed because the caller allowed it (`core.effective.Change`), as a JSON list."""
    notify_url: str | None = None
    """Whom the caller wants to be told of its end, beside the webhook endpoints."""
    polls: int | None = None
    """How often its upstream was asked how it is; None before the first time."""


class AttemptState(StrEnum):
    """How one paid submission stands."""

    SUBMITTING = "submitting"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    ENDED = "ended"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One paid submission of a task to one channel, written down before it is sent."""

    id: str
    task_id: str
    number: int
    channel_id: str
    upstream_model: str
    client_token: str
    state: AttemptState
    ref: str | None
    error: Failure | None
    lease_epoch: int
    created_at: int
    submitted_at: int | None
    ended_at: int | None
    key_id: str | None = None
    """Which of the channel's keys it was sent with, and must be asked about with."""
    upstream_id: str | None = None
    """The upstream's own id of the job, where the ref holds more than that."""
    cost: Micro | None = None
    """What the upstream says it charged, in its own currency."""
    nudged_at: int | None = None
    """When a callback last hinted that the job moved."""
    why: str | None = None
    """Every channel that was looked at and what was said of it (`engine.route.Candidate`), as a JSON list."""


class Variant(StrEnum):
    """Which rendition of a finished task's output a file is."""

    VIDEO = "video"
    THUMBNAIL = "thumbnail"
    SPRITESHEET = "spritesheet"


class Asset(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file that belongs to a task, in one variant."""

    id: str
    task_id: str
    variant: Variant
    sha256: str
    media_type: str
    bytes: int
    width: int | None
    height: int | None
    seconds: float | None
    created_at: int


class Blob(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes known by their SHA-256."""

    sha256: str
    bytes: int
    media_type: str
    created_at: int


class Character(msgspec.Struct, frozen=True, kw_only=True):
    """A named figure kept from a clip, to be used in later requests."""

    id: str
    user_id: str
    project_id: str
    name: str
    sha256: str
    """The clip."""
    portrait_sha256: str
    """One picture of it."""
    media_type: str
    seconds: float | None
    created_at: int
    platform: str | None = None
    """What its owner called the relay it is for."""
    source_url: str | None = None
    from_task: str | None = None
    start_s: float | None = None
    """From where to where in its source the figure is seen, in seconds."""
    end_s: float | None = None
    outside_id: str | None = None
    """The upstream's own id, where an upstream keeps it as well."""
    updated_at: int | None = None


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file kept under `/v1/files`."""

    id: str
    user_id: str
    project_id: str
    filename: str
    purpose: str
    sha256: str
    media_type: str
    bytes: int
    created_at: int
    expires_at: int | None
