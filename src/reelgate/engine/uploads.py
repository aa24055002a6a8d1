"""Uploads: files kept under `/v1/files`, to be named by id in later requests."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from reelgate.core.errors import CallerError, Code, Failure
from reelgate.core.task import Input, Role, Upload
from reelgate.engine.context import Context, Who
from reelgate.engine.intake import store_clip, store_picture
from reelgate.engine.library import follow
from reelgate.media.intake import sniff
from reelgate.store import library_items as item_rows
from reelgate.store import uploads as upload_rows
from reelgate.store.backend import Connection

HEAD = 64
_TOGETHER: Final = 500


async def keep(
    ctx: Context, who: Who, path: Path, filename: str, purpose: str, expires_at: int | None = None
) -> Upload:
    """Check, store and name an uploaded picture or clip.

    Raises CallerError naming `file` when it is neither.
    """
    stored = await _store(ctx, path)
    upload = named(ctx, who, stored, filename, purpose, expires_at)
    await ctx.backend.write(lambda conn: write(conn, upload))
    return upload


def named(
    ctx: Context,
    who: Who,
    stored: Input,
    filename: str,
    purpose: str = "vision",
    expires_at: int | None = None,
) -> Upload:
    """Give a stored file a name; its row is the caller's to write."""
    return Upload(
        id=ctx.ids.new("file"),
        user_id=who.user_id,
        project_id=who.project_id,
        filename=filename,
        purpose=purpose,
        sha256=stored.sha256,
        media_type=stored.media_type,
        bytes=stored.bytes,
        created_at=ctx.clock.now_ms(),
        expires_at=expires_at,
    )


def write(conn: Connection, upload: Upload) -> None:
    """Write an upload, and what the library shows of it."""
    upload_rows.insert(conn, upload)
    follow.show_upload(conn, upload, upload.created_at)


async def _store(ctx: Context, path: Path) -> Input:
    with path.open("rb") as opened:
        kind = sniff(opened.read(HEAD))
    if kind is None:
        raise CallerError(
            Failure(
                code=Code.UNSUPPORTED_MEDIA,
                message="`file` is neither a JPEG, PNG or WebP picture nor an MP4, MOV or WebM clip.",
                param="file",
            )
        )
    if kind.startswith("image/"):
        return await store_picture(ctx, path, role=Role.REFERENCE, param="file")
    return await store_clip(ctx, path, param="file")


def drop_expired(conn: Connection, now: int) -> None:
    """Forget every upload whose time has passed, and what the library shows of it."""
    gone = upload_rows.drop_expired(conn, now)
    for start in range(0, len(gone), _TOGETHER):
        item_rows.forget(conn, gone[start : start + _TOGETHER])


async def remove(ctx: Context, who: Who, upload_id: str) -> bool:
    """Forget an upload; its bytes go when nothing else refers to them."""

    def work(conn: Connection) -> bool:
        if not upload_rows.remove(conn, upload_id, who.project_id):
            return False
        item_rows.forget(conn, [upload_id])
        return True

    return await ctx.backend.write(work)
