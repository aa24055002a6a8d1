"""The life of a task as data: eight states, who moves a task between them, and what each surface calls them.

`cancel requested` and `overdue` are wishes and marks (timestamps on the task), not states.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Literal


class Status(StrEnum):
    """Where a task is."""

    QUEUED = "queued"
    """Accepted and durable; nothing was sent. Set by create, or when a refusal left no trace upstream."""
    SUBMITTING = "submitting"
    """An attempt is committed and its paid call is on its way. Set by submit, before the call."""
    UNCONFIRMED = "unconfirmed"
    """The paid call may or may not have been accepted. Set by submit, a restart or a lost lease."""
    RUNNING = "running"
    """The upstream accepted the attempt and gave a ref. Set by submit or reconcile."""
    ARCHIVING = "archiving"
    """The upstream finished; the clip is being brought home. Set by watch."""
    COMPLETED = "completed"
    """The clip is stored, verified and paid for. Set by archive together with settle."""
    FAILED = "failed"
    """Ended without a clip; `error` says why. Set by whoever learns it, together with settle."""
    CANCELLED = "cancelled"
    """Ended by a person. Set by cancel, together with settle."""


TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.QUEUED: frozenset({Status.SUBMITTING, Status.FAILED, Status.CANCELLED}),
    Status.SUBMITTING: frozenset(
        {Status.RUNNING, Status.QUEUED, Status.UNCONFIRMED, Status.FAILED, Status.CANCELLED}
    ),
    Status.UNCONFIRMED: frozenset({Status.RUNNING, Status.QUEUED, Status.FAILED}),
    Status.RUNNING: frozenset({Status.ARCHIVING, Status.FAILED, Status.CANCELLED}),
    Status.ARCHIVING: frozenset({Status.COMPLETED, Status.FAILED, Status.CANCELLED}),
    Status.COMPLETED: frozenset(),
    Status.FAILED: frozenset(),
    Status.CANCELLED: frozenset(),
}

TERMINAL: frozenset[Status] = frozenset(s for s, nexts in TRANSITIONS.items() if not nexts)
OPEN: frozenset[Status] = frozenset(Status) - TERMINAL

VideoStatus = Literal["queued", "in_progress", "completed", "failed"]

OUTWARD: dict[Status, VideoStatus] = {
    Status.QUEUED: "queued",
    Status.SUBMITTING: "queued",
    Status.UNCONFIRMED: "queued",
    Status.RUNNING: "in_progress",
    Status.ARCHIVING: "in_progress",
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "failed",
}
"""The four words of `/v1/videos`; a cancelled task is `failed` there with `error.code = "cancelled"`."""

OUTWARD_RANK: dict[VideoStatus, int] = {"queued": 0, "in_progress": 1, "completed": 2, "failed": 2}


def may_move(before: Status, after: Status) -> bool:
    """Tell whether the lifecycle has an edge from `before` to `after`."""
    return after in TRANSITIONS[before]
