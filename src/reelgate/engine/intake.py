"""Intake: pictures and clips people give us, checked, re-encoded and stored before anything refers to them."""

from __future__ import annotations

from pathlib import Path

import msgspec

from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.core.task import Blob, Input, Role
from reelgate.engine.context import Context
from reelgate.media import intake as media_intake
from reelgate.net.fetch import Fetched, fetch
from reelgate.store import blobs as blob_rows
from reelgate.store.backend import Connection

FETCH_S = 60.0
UNLIMITED = 1 << 62


async def store_picture(ctx: Context, path: Path, *, role: Role, param: str) -> Input:
    """Check and re-encode a spooled picture and store it.

    Raises CallerError naming `param` when it is too large or not a picture we take.
    """
    _refuse_large(path, ctx.limits.picture_max_bytes, param)
    picture = await media_intake.picture(path, param=param)
    blob = await keep(ctx, picture.path, picture.media_type)
    return Input(
        role=role,
        sha256=blob.sha256,
        media_type=blob.media_type,
        bytes=blob.bytes,
        width=picture.width,
        height=picture.height,
    )


async def store_clip(ctx: Context, path: Path, *, param: str) -> Input:
    """Check a spooled clip and store it as it is.

    Raises CallerError naming `param` when it is too large or not a clip we take.
    """
    _refuse_large(path, ctx.limits.video_max_bytes, param)
    clip = await media_intake.probe(path, param=param)
    blob = await keep(ctx, path, clip.media_type)
    return Input(
        role=Role.SOURCE_VIDEO,
        sha256=blob.sha256,
        media_type=blob.media_type,
        bytes=blob.bytes,
        width=clip.width,
        height=clip.height,
        seconds=clip.seconds,
    )


async def fetch_picture(ctx: Context, url: str, *, role: Role, param: str) -> Input:
    """Fetch a picture through the guard, then treat it like an uploaded one.

    Raises CallerError naming `param`.
    """
    spooled = ctx.blobs.spool()
    limit = ctx.limits.picture_max_bytes or UNLIMITED
    got = await fetch(ctx.client, url, spooled, limit_bytes=limit, deadline_s=FETCH_S)
    if not isinstance(got, Fetched):
        code = got.failure.code
        if code not in (Code.BLOCKED_ADDRESS, Code.PAYLOAD_TOO_LARGE):
            code = Code.INVALID_REQUEST
        raise CallerError(Failure(code=code, message=got.failure.message, param=param))
    return await store_picture(ctx, spooled, role=role, param=param)


async def keep(ctx: Context, path: Path, media_type: str) -> Blob:
    """Move a spooled file into storage and write its row."""
    blob = await put(ctx, path, media_type)
    await write_down(ctx, blob)
    return blob


async def write_down(ctx: Context, *blobs: Blob) -> None:
    """Write the rows of stored files, and look at each file once more: from then on nothing deletes it.

    Raises OperatorError when one was deleted at that moment, as bytes that nobody needed before; its
    row is struck out again.
    """

    def rows(conn: Connection) -> None:
        for blob in blobs:
            blob_rows.put(conn, blob)

    await ctx.backend.write(rows)
    for blob in blobs:
        if await ctx.blobs.size(blob.sha256) is None:
            await ctx.backend.write(lambda conn, b=blob: blob_rows.forget(conn, b.sha256, b.created_at + 1))
            raise blob_rows.BeingDeleted(blob.sha256)


async def put(ctx: Context, path: Path, media_type: str) -> Blob:
    """Move a spooled file into storage; its row is the caller's to write, or the file is swept as an orphan."""
    stored = await ctx.blobs.put_file(path, media_type)
    return msgspec.structs.replace(stored, created_at=ctx.clock.now_ms())


def _refuse_large(path: Path, limit: int, param: str) -> None:
    size = path.stat().st_size
    if limit and size > limit:
        raise refuse(
            Code.PAYLOAD_TOO_LARGE,
            f"`{param}` has {size} bytes; at most {limit} are taken.",
            param=param,
        )
