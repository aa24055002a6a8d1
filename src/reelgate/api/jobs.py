"""A task as relays and the native surface know it: made by a body, looked up by any form of its id, shown with an address of its clip."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from reelgate.api.claims import Wish, claim
from reelgate.api.door import Asked
from reelgate.api.errors import renamed
from reelgate.api.limits import headers_of
from reelgate.api.links import clip_address
from reelgate.api.queries import is_id, missing
from reelgate.api.waiting import status
from reelgate.core.errors import CallerError, Code, Failure
from reelgate.core.lifecycle import OUTWARD, Status, VideoStatus
from reelgate.core.task import Size, Variant, parse_size
from reelgate.engine import create
from reelgate.engine.limits import Limited
from reelgate.store.tasks import StatusRow

_OWN: Final = re.compile(r"(?:[^\s/]{1,200}:)?(?:video_|task_)([0-9a-z]{26})", re.ASCII)


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One task as it is shown. Times are milliseconds since 1970."""

    id: str
    model: str
    status: VideoStatus
    progress: int | None
    """What the upstream reported; None when it reported nothing."""
    prompt: str
    seconds: int
    size: Size
    created_at: int
    updated_at: int
    finished_at: int | None
    url: str | None
    """Where the clip is fetched without a key for a while; None while there is none."""
    thumbnail_url: str | None
    failure: Failure | None


async def start(
    asked: Asked, operation: str, wish: Wish, names: Mapping[str, str]
) -> tuple[Job, dict[str, str]]:
    """Make a task and show it; also gives the headers of the answer. `names` are the relay's words for our fields.

    Raises CallerError when it cannot be made, Limited when its asker is over a limit.
    """
    same = claim(asked.request, f"{asked.surface}:{operation}", wish)
    try:
        made = await create.create(asked.ctx, asked.who, wish.draft, same)
    except Limited:
        raise
    except CallerError as error:
        raise CallerError(renamed(error.failure, names)) from error
    headers: dict[str, str] = {}
    if made.standing is not None:
        headers.update(headers_of(made.standing))
    if made.replayed:
        headers["idempotent-replayed"] = "true"
    return await find(asked, made.task.id), headers


async def find(asked: Asked, text: str) -> Job:
    """Show a task by any form of its id: `video_…`, `task_…`, and either after a model's name and a colon.

    Raises CallerError `not_found` for one that nobody has, or somebody else.
    """
    found = _OWN.fullmatch(text.strip()) if len(text) <= 300 else None
    video_id = f"video_{found[1]}" if found else ""
    row = await status(asked.ctx, video_id, asked.project_id) if is_id(video_id, "video") else None
    if row is None:
        raise missing("task", text)
    return shown(asked, row)


def shown(asked: Asked, row: StatusRow) -> Job:
    """Show a task by its status row."""
    done = row.status is Status.COMPLETED
    return Job(
        id=row.id,
        model=row.model,
        status=OUTWARD[row.status],
        progress=100 if done else None if row.progress is None else min(99, row.progress),
        prompt=row.prompt,
        seconds=row.seconds_total,
        size=parse_size(row.size) or Size(0, 0),
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.completed_at or row.finished_at,
        url=_address(asked, row.id, Variant.VIDEO) if done else None,
        thumbnail_url=_address(asked, row.id, Variant.THUMBNAIL) if done else None,
        failure=_failure(row),
    )


def _address(asked: Asked, video_id: str, variant: Variant) -> str:
    return clip_address(asked.ctx, asked.door.links, asked.request, video_id, variant)


def _failure(row: StatusRow) -> Failure | None:
    match row.status:
        case Status.CANCELLED:
            return Failure(code=Code.CANCELLED, message="The video was cancelled.")
        case Status.FAILED:
            return row.error or Failure(code=Code.UPSTREAM_FAILED, message="The video failed.")
        case _:
            return None


SHOUTED: Final[dict[VideoStatus, str]] = {
    "queued": "NOT_START",
    "in_progress": "IN_PROGRESS",
    "completed": "SUCCESS",
    "failed": "FAILURE",
}
PLATFORM: Final = "openai"
ACTION: Final = "sora-video"


def unified(job: Job) -> dict[str, Any]:
    """Write a job in the unified shape: no reason is an empty text, and `data` is null until there is a clip."""
    born = job.created_at // 1000
    return {
        "task_id": job.id,
        "platform": PLATFORM,
        "action": ACTION,
        "status": SHOUTED[job.status],
        "fail_reason": "" if job.failure is None else job.failure.message,
        "submit_time": born,
        "start_time": born,
        "finish_time": 0 if job.finished_at is None else job.finished_at // 1000,
        "progress": f"{job.progress or 0}%",
        "data": None if job.url is None else {"output": job.url},
    }
