"""Events: immutable rows with a per-task sequence number; every live surface and webhook is a reader of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class EventType(StrEnum):
    """What happened to a task."""

    QUEUED = "video.queued"
    SUBMITTING = "video.submitting"
    UNCONFIRMED = "video.unconfirmed"
    RUNNING = "video.running"
    PROGRESS = "video.progress"
    ARCHIVING = "video.archiving"
    COMPLETED = "video.completed"
    FAILED = "video.failed"
    CANCELLED = "video.cancelled"
    OVERDUE = "video.overdue"
    LATE_OUTPUT = "video.late_output"
    DELETED = "video.deleted"


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


WEBHOOK_TYPES: dict[EventType, str] = {
    EventType.COMPLETED: "video.completed",
    EventType.FAILED: "video.failed",
    EventType.CANCELLED: "video.failed",
}
"""What webhook receivers are told; a cancelled task is `video.failed` there."""
