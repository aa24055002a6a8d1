"""Create, retrieve, list and delete."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api.answered import CREATED, Gone, VideoObject, VideoPage
from reelgate.api.answers import Deleted, Json, listed
from reelgate.api.cards import ending_headers
from reelgate.api.claims import Wish, claim
from reelgate.api.door import Asked, Operation
from reelgate.api.limits import headers_of
from reelgate.api.openai.drafts import create_draft, picture_limits
from reelgate.api.openai.effective import asks_only, look
from reelgate.api.openai.schemas import body_schema
from reelgate.api.openai.video import POLL_AFTER, of_row, of_task, poll_after
from reelgate.api.queries import missing, paging, path_id, preferred_wait, wait_of
from reelgate.api.shapes import shape_of
from reelgate.api.waiting import changed, ended, status, wait
from reelgate.engine import cancel, create
from reelgate.store import tasks as task_rows


async def make(asked: Asked, operation: str, wish: Wish) -> Response:
    """Create a task from a draft and answer with its video, at once or when it has ended."""
    if asks_only(asked):
        return await look(asked, wish)
    ctx = asked.ctx
    created = await create.create(ctx, asked.who, wish.draft, claim(asked.request, operation, wish))
    headers = {POLL_AFTER: poll_after(ctx, created.task.model), **ending_headers(ctx, created.task.model)}
    if created.standing is not None:
        headers.update(headers_of(created.standing))
    if created.replayed:
        headers["idempotent-replayed"] = "true"
    seconds = preferred_wait(asked.request)
    if not seconds:
        return Json(of_task(created.task), headers=headers)
    headers["preference-applied"] = f"wait={int(seconds)}"
    row = await status(ctx, created.task.id, asked.project_id)
    if row is None:
        return Json(of_task(created.task), headers=headers)
    return Json(of_row(await wait(ctx, row, asked.project_id, seconds, ended)), headers=headers)


async def create_video(asked: Asked) -> Response:
    """Create a video from a prompt and, optionally, a picture."""
    files = picture_limits(asked.ctx.limits.picture_max_bytes)
    async with asked.door.bodies.read(asked.request, files=files) as fields:
        return await make(asked, "create", await create_draft(asked, fields))


async def retrieve(asked: Asked) -> Response:
    """Give one video; with `wait`, when it has changed."""
    ctx = asked.ctx
    video_id = path_id(asked.request, "video_id", "video", "video")
    seconds = wait_of(asked.request)
    row = await status(ctx, video_id, asked.project_id)
    if row is None:
        raise missing("video", video_id)
    if seconds:
        row = await wait(ctx, row, asked.project_id, seconds, changed)
    return Json(
        of_row(row), headers={POLL_AFTER: poll_after(ctx, row.model), **ending_headers(ctx, row.model)}
    )


async def page(asked: Asked) -> Response:
    """List the asker's videos, newest first; with `idempotency_key`, the one that a request with this key made."""
    key = asked.request.query_params.get("idempotency_key")
    if key is not None:
        return await _made_with(asked, key)
    at = paging(asked.request)
    project_id = asked.project_id
    found = await asked.ctx.backend.read(
        lambda conn: task_rows.status_page(
            conn, project_id, limit=at.limit, after=at.after, ascending=at.ascending
        )
    )
    items: list[Any] = [of_row(row) for row in found.items]
    return listed(items, [row.id for row in found.items], has_more=found.has_more)


async def _made_with(asked: Asked, key: str) -> Response:
    # The key comes back with the video: an answer of a server that does not know the question is not taken for one.
    task_id = await create.made_with(asked.ctx, asked.who, key)
    row = None if task_id is None else await status(asked.ctx, task_id, asked.project_id)
    found = [] if row is None else [row]
    items: list[Any] = [msgspec.to_builtins(of_row(row)) | {"idempotency_key": key} for row in found]
    return listed(items, [row.id for row in found], has_more=False)


async def delete(asked: Asked) -> Response:
    """Delete a video and its files; one that is still being made is cancelled first."""
    video_id = path_id(asked.request, "video_id", "video", "video")
    if not await cancel.delete(asked.ctx, asked.who, video_id):
        raise missing("video", video_id)
    return Json(Deleted(id=video_id, object="video.deleted"))


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/v1/videos/{video_id}",
        handler=retrieve,
        summary="Retrieve a video",
        tag="videos",
        query=("wait",),
        shape=shape_of(VideoObject),
    ),
    Operation(
        method="POST",
        path="/v1/videos",
        handler=create_video,
        summary="Create a video",
        tag="videos",
        body=body_schema("create"),
        query=("dry_run",),
        shape=CREATED,
    ),
    Operation(
        method="GET",
        path="/v1/videos",
        handler=page,
        summary="List videos",
        tag="videos",
        query=("limit", "after", "order", "idempotency_key"),
        shape=shape_of(VideoPage),
    ),
    Operation(
        method="DELETE",
        path="/v1/videos/{video_id}",
        handler=delete,
        summary="Delete a video",
        tag="videos",
        shape=shape_of(Gone),
    ),
)
