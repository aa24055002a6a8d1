"""The unified relay format: `/v1/video/create`, `/v1/video/query`, `/v1/video/storyboard`, and its file host."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.compat.refusals import bilingual, said
from reelgate.api.compat.shots import shots_of
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import FilePart
from reelgate.api.jobs import Job, find, start
from reelgate.api.links import origin
from reelgate.api.wishes import (
    check_length,
    model_of,
    pictures_of,
    plain_wish,
    profile_of,
    seconds_of,
    shape_of,
    size_of,
    switches,
    wish_of,
)
from reelgate.core.errors import Code, refuse
from reelgate.core.lifecycle import VideoStatus
from reelgate.engine import uploads

WORDS: Final[dict[VideoStatus, str]] = {
    "queued": "pending",
    "in_progress": "processing",
    "completed": "completed",
    "failed": "failed",
}
_TEXT: Final = {"type": "string"}
_BODY: Final[dict[str, Any]] = {
    "model": _TEXT,
    "prompt": _TEXT,
    "orientation": {"type": "string", "enum": ["landscape", "portrait"]},
    "duration": {"type": "integer"},
    "size": {"type": "string", "description": "`small`, `large` (also `hd`), or width x height."},
    "watermark": {"type": "boolean"},
    "private": {"type": "boolean"},
    "images": {"type": "array", "items": _TEXT, "description": "Addresses or data URLs."},
}
_SHOT: Final = {
    "type": "object",
    "properties": {"scene": _TEXT, "duration": {"type": "number"}, "image": _TEXT},
}


async def create(asked: Asked) -> Response:
    """Make a video from a prompt and, optionally, pictures."""
    async with asked.door.bodies.read(asked.request) as fields:
        wish = await plain_wish(asked, fields, "images")
    job, headers = await start(asked, "create", wish, _NAMES)
    return Json(seen(job), headers=headers)


async def storyboard(asked: Asked) -> Response:
    """Make one video whose prompt is cut into shots; the pictures of all shots go with it."""
    async with asked.door.bodies.read(asked.request) as fields:
        model = model_of(fields)
        profile = profile_of(asked, model)
        shots = shots_of(fields)
        given = await pictures_of(asked, shots.pictures(fields), profile, "images")
        prompt = shots.written(fields.text("prompt") or "")
        check_length(asked, prompt, "shots")
        wish = await wish_of(
            asked,
            fields,
            given,
            model=model,
            prompt=prompt,
            seconds=seconds_of(fields, "duration", "seconds") or shots.seconds,
            size=size_of(shape_of(fields), profile),
            **switches(fields, profile),
        )
    job, headers = await start(asked, "storyboard", wish, _NAMES)
    return Json(seen(job), headers=headers)


async def query(asked: Asked) -> Response:
    """Say how a video stands; the id comes in the query."""
    wanted = asked.request.query_params.get("id") or asked.request.query_params.get("task_id")
    if not wanted:
        raise refuse(Code.INVALID_REQUEST, "`id` is missing: `/v1/video/query?id=…`.", param="id")
    return Json(seen(await find(asked, wanted)))


async def upload(asked: Asked) -> Response:
    """Keep a file for a later create and give its address, which is good for that alone without a key."""
    files = {"file": asked.ctx.limits.video_max_bytes}
    async with asked.door.bodies.read(asked.request, files=files) as fields:
        part = fields.take("file")
        if not isinstance(part, FilePart):
            raise refuse(Code.INVALID_REQUEST, "`file` must be a file.", param="file")
        name = "".join(c for c in part.filename if c.isprintable() and c not in "/\\")[:200] or "upload"
        kept = await uploads.keep(asked.ctx, asked.who, part.path, name, "vision")
    url = f"{origin(asked.ctx, asked.request)}/v1/files/{kept.id}/content"
    return Json({"id": kept.id, "url": url, "data": {"url": url}, "bytes": kept.bytes})


# The answer.


def seen(job: Job) -> dict[str, Any]:
    """Write a job in both forms this format is met in: the short one, and the OpenAI object with a link."""
    failed = job.failure is not None
    body: dict[str, Any] = {
        "id": job.id,
        "object": "video",
        "model": job.model,
        "status": WORDS[job.status],
        "progress": job.progress or 0,
        "video_url": job.url,
        "thumbnail_url": job.thumbnail_url,
        "width": job.size.width,
        "height": job.size.height,
        "seconds": str(job.seconds),
        "size": str(job.size),
        "created_at": job.created_at // 1000,
        "completed_at": None if job.finished_at is None else job.finished_at // 1000,
        "status_update_time": job.updated_at,
        "detail": _detail(job),
    }
    if job.failure is not None and failed:
        body["fail_reason"] = job.failure.message
        body["error"] = {"code": job.failure.code.value, "message": job.failure.message}
    return body


def _detail(job: Job) -> dict[str, Any]:
    if job.url is not None:
        draft = {"id": job.id, "url": job.url, "downloadable_url": job.url}
        return {
            "id": job.id,
            "status": WORDS[job.status],
            "url": job.url,
            "thumbnail_url": job.thumbnail_url,
            "draft_info": draft,
        }
    filtered = job.failure is not None and job.failure.code is Code.CONTENT_FILTERED
    return {
        "id": job.id,
        "status": WORDS[job.status],
        "input": {"prompt": job.prompt, "model": job.model},
        "pending_info": {
            "status": WORDS[job.status],
            "progress_pct": None if job.progress is None else job.progress / 100,
            "failure_reason": None if job.failure is None else job.failure.message,
            "queue_status_message": None,
            "moderation_result": {
                "type": "blocked" if filtered else "passed",
                "is_output_rejection": filtered,
            },
        },
    }


_NAMES: Final = {"seconds": "duration", "input_reference": "images", "inputs": "images"}


def _schema(required: list[str], **more: Any) -> dict[str, Any]:
    return {"application/json": {"type": "object", "required": required, "properties": _BODY | more}}


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/v1/video/create",
        handler=said(create, bilingual),
        summary="Create a video (unified relay format)",
        tag="videos",
        body=_schema(["prompt"]),
    ),
    Operation(
        method="GET",
        path="/v1/video/query",
        handler=said(query, bilingual),
        summary="Query a video (unified relay format)",
        tag="videos",
        query=("id",),
    ),
    Operation(
        method="POST",
        path="/v1/video/storyboard",
        handler=said(storyboard, bilingual),
        summary="Create a video from shots (unified relay format)",
        tag="videos",
        body=_schema(["shots"], shots={"type": "array", "items": _SHOT}),
    ),
    Operation(
        method="POST",
        path="/api/upload",
        handler=said(upload, bilingual),
        summary="Keep a file for a later create (unified relay format)",
        tag="files",
        body={
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
    ),
)
