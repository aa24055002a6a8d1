"""Remix, edit and extend: new videos made from earlier ones."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api.answered import CREATED
from reelgate.api.door import Asked, Operation
from reelgate.api.openai.drafts import edit_draft, extension_draft, picture_limits, remix_draft
from reelgate.api.openai.schemas import body_schema
from reelgate.api.openai.videos import make
from reelgate.api.queries import path_id


async def remix(asked: Asked) -> Response:
    """Make a video again with another prompt."""
    video_id = path_id(asked.request, "video_id", "video", "video")
    files = picture_limits(asked.ctx.limits.picture_max_bytes)
    async with asked.door.bodies.read(asked.request, files=files) as fields:
        return await make(asked, "remix", await remix_draft(asked, fields, video_id))


async def edit(asked: Asked) -> Response:
    """Change a clip as a prompt says."""
    files = {"video": asked.ctx.limits.video_max_bytes}
    async with asked.door.bodies.read(asked.request, files=files) as fields:
        return await make(asked, "edit", await edit_draft(asked, fields))


async def extend(asked: Asked) -> Response:
    """Append to a clip."""
    files = {"video": asked.ctx.limits.video_max_bytes}
    async with asked.door.bodies.read(asked.request, files=files) as fields:
        return await make(asked, "extend", await extension_draft(asked, fields))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/v1/videos/edits",
        handler=edit,
        summary="Edit a video",
        tag="videos",
        body=body_schema("edit"),
        shape=CREATED,
    ),
    Operation(
        method="POST",
        path="/v1/videos/extensions",
        handler=extend,
        summary="Extend a video",
        tag="videos",
        body=body_schema("extend"),
        shape=CREATED,
    ),
    Operation(
        method="POST",
        path="/v1/videos/{video_id}/remix",
        handler=remix,
        summary="Remix a video",
        tag="videos",
        body=body_schema("remix"),
        shape=CREATED,
    ),
)
