"""Characters: named figures kept from a clip."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import FilePart
from reelgate.api.openai.schemas import object_schema
from reelgate.api.queries import missing, path_id
from reelgate.core.errors import Code, refuse
from reelgate.core.task import Character
from reelgate.engine import characters
from reelgate.store import characters as character_rows

_NAME_MAX: Final = 80


class Shown(msgspec.Struct, frozen=True):
    """A character as it is shown; it has no `object` key."""

    id: str
    name: str
    created_at: int


def _shown(character: Character) -> Json:
    return Json(Shown(character.id, character.name, character.created_at // 1000))


async def create(asked: Asked) -> Response:
    """Keep a character from a clip."""
    files = {"video": asked.ctx.limits.video_max_bytes}
    async with asked.door.bodies.read(asked.request, files=files) as fields:
        name = fields.required_text("name").strip()
        if len(name) > _NAME_MAX:
            raise refuse(Code.INVALID_REQUEST, f"`name` must have 1 to {_NAME_MAX} characters.", param="name")
        clip = fields.take("video")
        if not isinstance(clip, FilePart):
            raise refuse(Code.INVALID_REQUEST, "`video` must be a file.", param="video")
        kept = await characters.keep(asked.ctx, asked.who, name, clip.path, param="video")
    return _shown(kept)


async def retrieve(asked: Asked) -> Response:
    """Give one character."""
    character_id = path_id(asked.request, "character_id", "char", "character")
    project_id = asked.project_id
    found = await asked.ctx.backend.point(lambda conn: character_rows.get(conn, character_id, project_id))
    if found is None:
        raise missing("character", character_id)
    return _shown(found)


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/v1/videos/characters",
        handler=create,
        summary="Create a character",
        tag="videos",
        body={
            "multipart/form-data": object_schema(
                ["name", "video"],
                name={"type": "string", "minLength": 1, "maxLength": _NAME_MAX},
                video={"type": "string", "format": "binary"},
            )
        },
    ),
    Operation(
        method="GET",
        path="/v1/videos/characters/{character_id}",
        handler=retrieve,
        summary="Retrieve a character",
        tag="videos",
    ),
)
