"""Files: pictures and clips kept to be named by `file_id`."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api import files as bytes_over_http
from reelgate.api.answers import Deleted, Json, listed
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import Fields, FilePart, as_integer, structured
from reelgate.api.openai.schemas import object_schema
from reelgate.api.queries import missing, paging, path_id
from reelgate.core.errors import Code, refuse
from reelgate.core.task import Upload
from reelgate.engine import uploads
from reelgate.store import uploads as upload_rows

_PURPOSES: Final = frozenset({"assistants", "batch", "evals", "fine-tune", "user_data", "vision", "video"})
_SHORTEST_S: Final = 3_600
_LONGEST_S: Final = 30 * 86_400


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is shown. Times are Unix seconds."""

    id: str
    object: str
    bytes: int
    created_at: int
    expires_at: int | None
    filename: str
    purpose: str
    status: str
    status_details: str | None


def _shown(upload: Upload) -> Shown:
    return Shown(
        id=upload.id,
        object="file",
        bytes=upload.bytes,
        created_at=upload.created_at // 1000,
        expires_at=None if upload.expires_at is None else upload.expires_at // 1000,
        filename=upload.filename,
        purpose=upload.purpose,
        status="processed",
        status_details=None,
    )


async def create(asked: Asked) -> Response:
    """Keep a picture or a clip."""
    limits = asked.ctx.limits
    files = {"file": limits.video_max_bytes}
    async with asked.door.bodies.read(asked.request, files=files) as fields:
        purpose = fields.text("purpose") or "vision"
        if purpose not in _PURPOSES:
            raise refuse(
                Code.INVALID_REQUEST,
                f"`purpose` must be one of {', '.join(sorted(_PURPOSES))}.",
                param="purpose",
            )
        expires_at = _expiry(fields, asked.ctx.clock.now_ms())
        part = fields.take("file")
        if not isinstance(part, FilePart):
            raise refuse(Code.INVALID_REQUEST, "`file` must be a file.", param="file")
        name = _filename(part.filename)
        kept = await uploads.keep(asked.ctx, asked.who, part.path, name, purpose, expires_at)
    return Json(_shown(kept))


def _filename(given: str) -> str:
    """Keep the last part of a name, without anything that is not to be printed."""
    last = given.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in last if c.isprintable())[:200] or "upload"


def _expiry(fields: Fields, now_ms: int) -> int | None:
    """Read `expires_after: {anchor, seconds}`."""
    value = structured(fields.take("expires_after"))
    if value is None:
        return None
    match value:
        case {"anchor": "created_at", "seconds": seconds}:
            lifetime = as_integer(seconds, "expires_after.seconds")
        case _:
            raise refuse(
                Code.INVALID_REQUEST,
                "`expires_after` must hold `anchor` = `created_at` and `seconds`.",
                param="expires_after",
            )
    if not _SHORTEST_S <= lifetime <= _LONGEST_S:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`expires_after.seconds` must be from {_SHORTEST_S} to {_LONGEST_S}.",
            param="expires_after.seconds",
        )
    return now_ms + lifetime * 1000


async def page(asked: Asked) -> Response:
    """List the asker's files, newest first."""
    at, project_id = paging(asked.request), asked.project_id
    found = await asked.ctx.backend.read(
        lambda conn: upload_rows.page(
            conn, project_id, limit=at.limit, after=at.after, ascending=at.ascending
        )
    )
    items: list[Any] = [_shown(upload) for upload in found.items]
    return listed(items, [upload.id for upload in found.items], has_more=found.has_more)


async def _find(asked: Asked) -> Upload:
    file_id = path_id(asked.request, "file_id", "file", "file")
    project_id = asked.project_id
    found = await asked.ctx.backend.point(lambda conn: upload_rows.get(conn, file_id, project_id))
    expired = (
        found is not None and found.expires_at is not None and found.expires_at <= asked.ctx.clock.now_ms()
    )
    if found is None or expired:
        raise missing("file", file_id)
    return found


async def retrieve(asked: Asked) -> Response:
    """Give one file's facts."""
    return Json(_shown(await _find(asked)))


async def content(asked: Asked) -> Response:
    """Give a file's bytes."""
    upload = await _find(asked)
    stored = bytes_over_http.Stored(
        sha256=upload.sha256,
        media_type=upload.media_type,
        bytes=upload.bytes,
        filename=upload.filename,
        attachment=True,
    )
    return await bytes_over_http.serve(
        asked.ctx.blobs, stored, asked.request.headers, method=asked.request.method
    )


async def delete(asked: Asked) -> Response:
    """Delete a file; videos made from it stay."""
    file_id = path_id(asked.request, "file_id", "file", "file")
    if not await uploads.remove(asked.ctx, asked.who, file_id):
        raise missing("file", file_id)
    return Json(Deleted(id=file_id, object="file"))


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/v1/files",
        handler=create,
        summary="Upload a file",
        tag="files",
        body={
            "multipart/form-data": object_schema(
                ["file", "purpose"],
                file={"type": "string", "format": "binary"},
                purpose={"type": "string", "enum": sorted(_PURPOSES)},
            )
        },
    ),
    Operation(
        method="GET",
        path="/v1/files",
        handler=page,
        summary="List files",
        tag="files",
        query=("limit", "after", "order"),
    ),
    Operation(
        method="GET",
        path="/v1/files/{file_id}",
        handler=retrieve,
        summary="Retrieve a file",
        tag="files",
    ),
    Operation(
        method="GET",
        path="/v1/files/{file_id}/content",
        handler=content,
        summary="Download a file",
        tag="files",
        answers="application/octet-stream",
    ),
    Operation(
        method="DELETE",
        path="/v1/files/{file_id}",
        handler=delete,
        summary="Delete a file",
        tag="files",
    ),
)
