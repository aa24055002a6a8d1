"""Downloads: one clip with its recipe inside, many as one ZIP, everything as one more; and recipes read back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import Final

import msgspec
from starlette.responses import Response, StreamingResponse

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import FilePart
from reelgate.api.files import disposition
from reelgate.api.library import bodies
from reelgate.api.library.schemas import LibraryIds, LibraryRecipe, LibraryTicket
from reelgate.core import recipe as recipes
from reelgate.core.errors import Code, refuse
from reelgate.core.task import Variant
from reelgate.engine.library import find, parcel, tickets
from reelgate.store import library_items as item_rows

IDS_MAX: Final = 2_000
_SAFE: Final = {
    "cache-control": "private, no-store",
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; sandbox",
}


async def download(asked: Asked) -> Response:
    """Give a clip with the recipe it was made by inside."""
    whole = await find.whole(asked.ctx, asked.path("item_id"), asked.project_id)
    video = whole.seen.asset(Variant.VIDEO)
    if video is None:
        raise refuse(Code.NOT_READY, "There is no clip to download.")
    length = await asked.ctx.blobs.size(video.sha256)
    if length is None:
        raise refuse(Code.ASSET_EXPIRED, "The file is gone.")
    behind = parcel.behind(whole.task, video.media_type)

    async def pieces() -> AsyncIterator[bytes]:
        async with aclosing(asked.ctx.blobs.read_range(video.sha256, 0, length)) as read:
            async for piece in read:
                yield piece
        yield behind

    name = parcel.name_of(whole.seen, video.media_type)
    headers = {
        **_SAFE,
        "content-length": str(length + len(behind)),
        "content-disposition": disposition(name, attachment=True),
    }
    return StreamingResponse(pieces(), headers=headers, media_type=video.media_type)


async def ticket(asked: Asked) -> Response:
    """Say where the clips of some items can be fetched as one ZIP, for a while."""
    wish = await bodies.read(asked, LibraryIds)
    if not 1 <= len(wish.ids) <= IDS_MAX:
        raise refuse(Code.INVALID_REQUEST, f"`ids` must name 1 to {IDS_MAX} items.", param="ids")
    made = await tickets.make(asked.ctx, asked.project_id, wish.ids)
    return Json(LibraryTicket(url=f"/api/library/zip/{made.id}", expires_at=made.expires_at))


async def fetch(asked: Asked) -> Response:
    """Give a parcel, written while it is sent."""
    found = await tickets.find(asked.ctx, asked.path("ticket"), asked.project_id)
    return _parcel(asked, found.ids, "clips.zip")


async def export(asked: Asked) -> Response:
    """Give everything there is in a project's library as one ZIP."""
    ids = await parcel.everything(asked.ctx, asked.project_id)
    return _parcel(asked, ids, "library.zip")


def _parcel(asked: Asked, ids: list[str], name: str) -> Response:
    headers = {**_SAFE, "content-disposition": disposition(name, attachment=True)}
    pieces = parcel.pack(asked.ctx, asked.project_id, ids)
    return StreamingResponse(pieces, headers=headers, media_type="application/zip")


async def read(asked: Asked) -> Response:
    """Read the recipe out of a clip."""
    limit = asked.ctx.limits.video_max_bytes
    async with asked.door.bodies.read(asked.request, files={"file": limit}) as fields:
        part = fields.take("file")
        if not isinstance(part, FilePart):
            raise refuse(Code.INVALID_REQUEST, "Send a clip as `file`.", param="file")
        found = await asyncio.to_thread(_read, part.path, part.bytes)
    if found is None:
        return Json(LibraryRecipe(found=False))
    named = str(found.get("id") or "")
    item = await asked.ctx.backend.point(lambda conn: item_rows.get(conn, named, asked.project_id))
    return Json(LibraryRecipe(found=True, recipe=found, item_id=None if item is None else item.id))


def _read(path: Path, length: int) -> dict[str, object] | None:
    with path.open("rb") as opened:

        def piece(start: int, size: int) -> bytes:
            opened.seek(start)
            return opened.read(size)

        return recipes.read(length, piece)


_DOWNLOAD: Final = Operation(
    method="GET",
    path="/api/library/items/{item_id}/download",
    handler=download,
    summary="Download a clip with its recipe inside",
    tag="library",
    answers="video/mp4",
    head=False,
)

OPERATIONS: Final = (
    _DOWNLOAD,
    Operation(
        method="POST",
        path="/api/library/zip",
        handler=ticket,
        summary="Prepare a ZIP of many items",
        tag="library",
        takes=LibraryIds,
        gives=LibraryTicket,
    ),
    msgspec.structs.replace(
        _DOWNLOAD,
        path="/api/library/zip/{ticket}",
        handler=fetch,
        summary="Download a ZIP that was prepared",
        answers="application/zip",
    ),
    msgspec.structs.replace(
        _DOWNLOAD,
        path="/api/library/export",
        handler=export,
        summary="Download everything",
        answers="application/zip",
    ),
    Operation(
        method="POST",
        path="/api/library/recipes/read",
        handler=read,
        summary="Read the recipe inside a clip",
        tag="library",
        body={
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        gives=LibraryRecipe,
    ),
)
