"""Events: immutable rows with a per-task sequence number; every live surface and webhook is a reader of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class EventType(StrEnum):
    """What happened to a task."""

    QUEUED = "video.queued"
    """It was accepted and waits; also when a refusal that left no trace sent it back."""
    SUBMITTING = "video.submitting"
    """Its paid call is on its way."""
    UNCONFIRMED = "video.unconfirmed"
    """Its paid call may or may not have been accepted."""
    RUNNING = "video.running"
    """The upstream accepted it."""
    PROGRESS = "video.progress"
    """The upstream reported a percentage or another phase."""
    ARCHIVING = "video.archiving"
    """The upstream finished; the clip is being brought home."""
    COMPLETED = "video.completed"
    """The clip is stored and verified."""
    FAILED = "video.failed"
    """It ended without a clip; `error_code` says why."""
    CANCELLED = "video.cancelled"
    """A person ended it."""
    OVERDUE = "video.overdue"
    """It takes longer than usual; a mark, not an end."""
    LATE_OUTPUT = "video.late_output"
    """A clip came in after the task had ended, and was attached without a second charge."""
    DELETED = "video.deleted"
    """Its owner deleted it."""


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened. `cursor` orders all events of an installation, `seq` those of one task."""

    cursor: int
    id: str
    task_id: str
    user_id: str
    project_id: str
    seq: int
    type: EventType
    created_at: int
    data: dict[str, Any]
    """`{status, progress, phase, error_code}` as far as known: never an upstream's address or text."""


class Alert(StrEnum):
    """What receivers can be told of beside the ends of videos."""

    BUDGET_LOW = "budget.low"
    """Little is left of a project's balance."""
    WEBHOOK_DISABLED = "webhook_endpoint.disabled"
    """An endpoint failed for so long that it was switched off."""
    CHANNEL_DOWN = "channel.down"
    """A channel is refused or does not answer; for operators."""
    QUOTA_LOW = "channel.quota_low"
    """A channel's quota at its upstream is used up; for operators."""


WEBHOOK_TYPES: dict[EventType, str] = {
    EventType.COMPLETED: "video.completed",
    EventType.FAILED: "video.failed",
    EventType.CANCELLED: "video.failed",
    EventType.LATE_OUTPUT: "video.late_output",
}
"""What webhook receivers are told; a cancelled task is `video.failed` there."""
