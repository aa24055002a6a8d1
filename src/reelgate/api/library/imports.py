"""Bringing clips and characters in."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import Fields, FilePart, as_text, items_of, structured
from reelgate.api.library import bodies
from reelgate.api.library.schemas import (
    LibraryBrought,
    LibraryCharacterWish,
    LibraryOldCharacter,
    LibraryOldClip,
    LibraryOldList,
)
from reelgate.core import legacy
from reelgate.core.errors import Code, refuse
from reelgate.core.library import RATING_MAX
from reelgate.engine.library import bring
from reelgate.engine.library.bring import Said

LIST_MAX: Final = 16 * 1024 * 1024
"""Bytes of a list an earlier program kept."""
_KINDS: Final = ("history", "characters")
_TEXTS: Final = ("prompt", "name", "model", "notes", "folder_id")


async def bring_clip(asked: Asked) -> Response:
    """Keep a clip from elsewhere as an item."""
    limit = asked.ctx.limits.video_max_bytes
    async with asked.door.bodies.read(asked.request, files={"file": limit}) as fields:
        part = fields.take("file")
        if not isinstance(part, FilePart):
            raise refuse(Code.INVALID_REQUEST, "Send a clip as `file`.", param="file")
        brought = await bring.bring(asked.ctx, asked.who, part.path, _said(fields))
    return Json(LibraryBrought(id=brought.id, known=brought.known))


def _said(fields: Fields) -> Said:
    texts = {name: fields.text(name) or None for name in _TEXTS}
    rating = fields.integer("rating") or 0
    if not 0 <= rating <= RATING_MAX:
        raise refuse(
            Code.INVALID_REQUEST, f"`rating` must be a whole number from 0 to {RATING_MAX}.", param="rating"
        )
    tags: Any = structured(fields.take("tags"))
    return Said(
        **texts,
        tags=() if tags is None else tuple(as_text(one, "tags") for one in items_of(tags)),
        favourite=fields.boolean("favourite") or False,
        rating=rating,
        created_at=fields.integer("created_at"),
    )


async def bring_character(asked: Asked) -> Response:
    """Keep a figure from a stretch of an item, under the name it had."""
    wish = await bodies.read(asked, LibraryCharacterWish)
    made = await bring.figure(
        asked.ctx, asked.who, wish.item_id, wish.name, wish.start_seconds, wish.end_seconds
    )
    return Json(LibraryBrought(id=made.id, known=False))


async def read_list(asked: Asked) -> Response:
    """Read what an earlier program kept in `history.json` or `characters.json`."""
    async with asked.door.bodies.read(asked.request, files={"file": LIST_MAX}) as fields:
        kind = fields.required_text("kind")
        if kind not in _KINDS:
            raise refuse(Code.INVALID_REQUEST, f"`kind` is one of {', '.join(_KINDS)}.", param="kind")
        part = fields.take("file")
        if not isinstance(part, FilePart):
            raise refuse(Code.INVALID_REQUEST, "Send a list as `file`.", param="file")
        document = await asyncio.to_thread(_document, part.path)
    return Json(await asyncio.to_thread(_understood, kind, document))


def _document(path: Path) -> Any:
    try:
        return msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, RecursionError) as bad:
        raise refuse(Code.INVALID_REQUEST, "`file` is not valid JSON.", param="file") from bad


def _understood(kind: str, document: Any) -> LibraryOldList:
    clips = legacy.history(document) if kind == "history" else []
    figures = legacy.characters(document) if kind == "characters" else []
    return LibraryOldList(
        clips=[msgspec.convert(one, LibraryOldClip, from_attributes=True) for one in clips],
        characters=[msgspec.convert(one, LibraryOldCharacter, from_attributes=True) for one in figures],
    )


_TEXT: Final = {"type": "string"}

OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/api/library/import",
        handler=bring_clip,
        summary="Bring a clip in from elsewhere",
        tag="library",
        body={
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    **dict.fromkeys(_TEXTS, _TEXT),
                    "tags": {"type": "array", "items": _TEXT},
                    "favourite": {"type": "boolean"},
                    "rating": {"type": "integer", "minimum": 0, "maximum": RATING_MAX},
                    "created_at": {"type": "integer", "description": "Milliseconds since 1970."},
                },
            }
        },
        gives=LibraryBrought,
    ),
    Operation(
        method="POST",
        path="/api/library/characters",
        handler=bring_character,
        summary="Keep a character from a stretch of an item",
        tag="library",
        takes=LibraryCharacterWish,
        gives=LibraryBrought,
    ),
    Operation(
        method="POST",
        path="/api/library/legacy/read",
        handler=read_list,
        summary="Read a list an earlier program kept",
        tag="library",
        body={
            "multipart/form-data": {
                "type": "object",
                "required": ["kind", "file"],
                "properties": {
                    "kind": {"type": "string", "enum": list(_KINDS)},
                    "file": {"type": "string", "format": "binary"},
                },
            }
        },
        gives=LibraryOldList,
    ),
)
