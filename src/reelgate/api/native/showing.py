"""From rows to the shapes of this surface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from reelgate.api.door import Asked
from reelgate.api.envelopes import moment
from reelgate.api.links import clip_address
from reelgate.api.native import shapes
from reelgate.api.outside import outside_ids
from reelgate.api.tongue import TASK_WORDS, percent
from reelgate.core.lifecycle import Status
from reelgate.core.task import Variant
from reelgate.store.tasks import StatusRow

_BEGUN: Final[dict[Status, Literal["processing", "completed", "failed", "cancelled"]]] = {
    Status.COMPLETED: "completed",
    Status.FAILED: "failed",
    Status.CANCELLED: "cancelled",
}


def begun(status: Status) -> Literal["processing", "completed", "failed", "cancelled"]:
    """Say how a task stands that was just asked for; whatever goes on is `processing`."""
    return _BEGUN.get(status, "processing")


async def tasks(asked: Asked, rows: Sequence[StatusRow]) -> list[shapes.Task]:
    """Show tasks, each with the upstream's id of its own job and of what it was made from."""
    wanted = [row.id for row in rows] + [row.parent_id for row in rows if row.parent_id is not None]
    outside = await outside_ids(asked.ctx, wanted)
    return [_task(asked, row, outside) for row in rows]


async def task(asked: Asked, row: StatusRow) -> shapes.Task:
    """Show one task."""
    (shown,) = await tasks(asked, [row])
    return shown


def _task(asked: Asked, row: StatusRow, outside: Mapping[str, str]) -> shapes.Task:
    done = row.status is Status.COMPLETED
    failed = row.status in (Status.FAILED, Status.CANCELLED)
    error = row.error if failed else None
    return shapes.Task(
        id=row.id,
        video_id=row.id,
        external_task_id=outside.get(row.id),
        user_id=row.user_id,
        status=TASK_WORDS[row.status],
        media_type="VIDEO",
        prompt=row.prompt,
        model=row.model,
        size=row.size,
        duration=row.seconds_total,
        progress=percent(row.status, row.progress),
        video_url=address(asked, row.id) if done else None,
        thumbnail_url=address(asked, row.id, Variant.THUMBNAIL) if done else None,
        error_code=error.code.value if error else "cancelled" if row.status is Status.CANCELLED else None,
        error_message=error.message if error else None,
        metadata=_lineage(row, outside),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
        started_at=moment(row.started_at),
        completed_at=moment(row.completed_at),
    )


def _lineage(row: StatusRow, outside: Mapping[str, str]) -> shapes.Lineage:
    """Mirror where a task comes from, as row 004-05 has it."""
    parent = row.parent_id
    return shapes.Lineage(
        type=row.verb,
        externalTaskId=outside.get(row.id),
        remix_from=parent,
        remix_from_external=None if parent is None else outside.get(parent),
    )


def address(asked: Asked, video_id: str, variant: Variant = Variant.VIDEO) -> str:
    """Write where a file of a video is fetched without a key for a while."""
    return clip_address(asked.ctx, asked.door.links, asked.request, video_id, variant)


def pagination(page: int, limit: int, total: int) -> shapes.Pagination:
    """Say which page this is."""
    return shapes.Pagination(page=page, limit=limit, total=total, total_pages=-(-total // limit))
