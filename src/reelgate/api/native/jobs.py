"""`/api/videos` with its jobs, as source 002 has them, and `/api/task/:id`, as source 000 does."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.jobs import find, unified
from reelgate.api.native import reading, shapes
from reelgate.api.native.tasks import headers_for, make, row_of, unprocessable
from reelgate.api.queries import path_id
from reelgate.api.tongue import JOB_WORDS, percent
from reelgate.core.lifecycle import Status
from reelgate.store.tasks import StatusRow

_TEXT: Final = {"type": "string"}


async def create(asked: Asked) -> Response:
    """Take a job and answer at once."""
    files = reading.picture_limits(asked.ctx.limits.picture_max_bytes)
    try:
        async with asked.door.bodies.read(asked.request, files=files) as fields:
            wish = await reading.wish(asked, fields)
    except reading.TooLong as long:
        return unprocessable(long)
    created = await make(asked, "job", wish)
    row = await row_of(asked, created.task.id)
    said = shapes.JobBegun(True, "The video is being made.", _job(row))
    return Json(said, 202, headers_for(created))


async def retrieve(asked: Asked) -> Response:
    """Say how a job stands."""
    job = _job(await row_of(asked, path_id(asked.request, "job_id", "video", "job")))
    return Json(
        shapes.JobAnswer(
            success=True,
            job=job,
            id=job.id,
            status=job.status,
            progress=job.progress,
            prompt=job.prompt,
            video_id=job.video_id,
            error_message=job.error_message,
        )
    )


def _job(row: StatusRow) -> shapes.Job:
    word = JOB_WORDS[row.status]
    reason = None if row.error is None else row.error.message
    return shapes.Job(
        id=row.id,
        status=word,
        # A number is due here: 0 stands for nothing reported yet.
        progress=percent(row.status, row.progress) or 0,
        prompt=row.prompt,
        video_id=row.id if row.status is Status.COMPLETED else None,
        error_message=(reason or "The video failed.") if word == "failed" else None,
    )


async def unified_task(asked: Asked) -> Response:
    """Say how a task stands, in the shape both relays are hidden behind; `platform` is taken and makes no difference."""
    return Json(unified(await find(asked, asked.path("task_id"))))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/api/videos",
        handler=create,
        summary="Create a job",
        tag="jobs",
        body={
            "application/json": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "prompt": _TEXT,
                    "orientation": {"type": "string", "enum": ["landscape", "portrait"]},
                },
            }
        },
        gives=shapes.JobBegun,
        status=202,
    ),
    Operation(
        method="GET",
        path="/api/videos/jobs/{job_id}",
        handler=retrieve,
        summary="Get a job",
        tag="jobs",
        gives=shapes.JobAnswer,
    ),
    Operation(
        method="GET",
        path="/api/task/{task_id}",
        handler=unified_task,
        summary="Get a task in the unified shape",
        tag="jobs",
        query=("platform",),
    ),
)
