"""Words of the native surface and of live messages: how they call a task's status."""

from __future__ import annotations

from typing import Final, Literal

from reelgate.core.lifecycle import Status

TaskStatus = Literal["QUEUED", "PROCESSING", "COMPLETED", "FAILED", "CANCELLED"]
JobStatus = Literal["pending", "processing", "completed", "failed"]

TASK_WORDS: Final[dict[Status, TaskStatus]] = {
    Status.QUEUED: "QUEUED",
    Status.SUBMITTING: "QUEUED",
    Status.UNCONFIRMED: "QUEUED",
    Status.RUNNING: "PROCESSING",
    Status.ARCHIVING: "PROCESSING",
    Status.COMPLETED: "COMPLETED",
    Status.FAILED: "FAILED",
    Status.CANCELLED: "CANCELLED",
}
JOB_WORDS: Final[dict[Status, JobStatus]] = {
    Status.QUEUED: "pending",
    Status.SUBMITTING: "pending",
    Status.UNCONFIRMED: "pending",
    Status.RUNNING: "processing",
    Status.ARCHIVING: "processing",
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
}


def percent(status: Status, reported: int | None) -> int | None:
    """Give the progress to show: 100 only for a finished clip, and None where nobody reported any."""
    if status is Status.COMPLETED:
        return 100
    return None if reported is None else min(99, max(0, reported))
