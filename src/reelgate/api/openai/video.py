"""The Video object: exactly the fields SDKs check, every nullable one present."""

from __future__ import annotations

from typing import Final

import msgspec

from reelgate.core.errors import Failure
from reelgate.core.lifecycle import OUTWARD, Status, VideoStatus
from reelgate.core.task import Task, Verb
from reelgate.engine.context import Context
from reelgate.engine.models import card
from reelgate.store.tasks import StatusRow

POLL_AFTER: Final = "openai-poll-after-ms"
_SOONEST_MS: Final = 500
_LATEST_MS: Final = 20_000
_POLLS_A_CLIP: Final = 20


class VideoError(msgspec.Struct, frozen=True):
    """Why a video failed."""

    code: str
    message: str


class Video(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One video as `/v1/videos` shows it. Times are Unix seconds."""

    id: str
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
    error: VideoError | None
    object: str
    served_by: str | None = None
    """The model behind an alias; left out when the name asked for is the model itself."""
    start_after: int | None = None
    """When its start was scheduled for; left out when it was not."""
    adapted: msgspec.Raw | None = None
    """What was moved to the nearest possible because the caller allowed it; left out when nothing was."""


def of_row(row: StatusRow) -> Video:
    """Show a task by its status row."""
    return Video(
        id=row.id,
        object="video",
        model=row.model,
        status=OUTWARD[row.status],
        progress=_progress(row.status, row.progress),
        created_at=row.created_at // 1000,
        completed_at=_seconds(row.completed_at),
        expires_at=_seconds(row.expires_at),
        prompt=row.prompt,
        size=row.size,
        seconds=str(row.seconds_total),
        remixed_from_video_id=row.remixed_from,
        error=_error(row.status, row.error),
        served_by=row.served_model if row.served_model != row.model else None,
        start_after=_seconds(row.start_after),
        adapted=_raw(row.adapted),
    )


def of_task(task: Task) -> Video:
    """Show a task."""
    request = task.request
    return Video(
        id=task.id,
        object="video",
        model=task.model,
        status=OUTWARD[task.status],
        progress=_progress(task.status, task.progress),
        created_at=task.created_at // 1000,
        completed_at=_seconds(task.completed_at),
        expires_at=_seconds(task.expires_at),
        prompt=request.prompt,
        size=str(request.size),
        seconds=str(request.total_seconds),
        remixed_from_video_id=request.parent_id if request.verb is Verb.REMIX else None,
        error=_error(task.status, task.error),
        served_by=task.served_model if task.served_model != task.model else None,
        start_after=_seconds(task.start_after),
        adapted=_raw(task.adapted),
    )


def poll_after(ctx: Context, model: str) -> str:
    """Say when to look again, from how long the model usually takes: SDKs keep to the first answer."""
    found = card(ctx, model)
    usual_ms = 1000 * (120 if found is None else found.profile.usual_seconds)
    return str(min(_LATEST_MS, max(_SOONEST_MS, usual_ms // _POLLS_A_CLIP)))


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 1000


def _raw(text: str | None) -> msgspec.Raw | None:
    return None if text is None else msgspec.Raw(text.encode())


def _progress(status: Status, reported: int | None) -> int:
    """The schema wants a number: 0 stands for nothing reported yet, and only a finished clip is at 100."""
    if status is Status.COMPLETED:
        return 100
    return min(99, max(0, reported or 0))


def _error(status: Status, failure: Failure | None) -> VideoError | None:
    if status is Status.CANCELLED:
        return VideoError("cancelled", failure.message if failure else "The video was cancelled.")
    if status is not Status.FAILED:
        return None
    if failure is None:
        return VideoError("upstream_failed", "The video failed.")
    return VideoError(failure.code.value, failure.message)
