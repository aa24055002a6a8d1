"""Likenesses: characters kept from one to three seconds of a finished task or of a clip at an address."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.core.lifecycle import Status
from reelgate.core.task import Character, Variant
from reelgate.engine import characters
from reelgate.engine.context import Context, Who
from reelgate.engine.intake import FETCH_S, UNLIMITED, store_clip
from reelgate.engine.intake import keep as keep_blob
from reelgate.media import derive
from reelgate.net.fetch import Fetched, fetch
from reelgate.store import assets as asset_rows
from reelgate.store import tasks as task_rows

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 3.0
_SLACK_S: Final = 0.1
"""A clip of three seconds may be a frame short of them."""


class Span(NamedTuple):
    """From when to when a figure is seen, in seconds of the clip."""

    start_s: float
    end_s: float


async def keep_from_task(
    ctx: Context, who: Who, task_id: str, span: Span, *, name: str | None = None, param: str = "from_task"
) -> Character:
    """Keep a character from a finished task's clip; without a name it is given one that is nobody else's.

    Raises CallerError naming `param`, or `timestamps` for a span the clip does not have.
    """
    task = await ctx.backend.point(lambda conn: task_rows.get_visible(conn, task_id, who.project_id))
    if task is None:
        raise refuse(Code.NOT_FOUND, f"There is no task `{task_id}`.", param=param)
    if task.status is not Status.COMPLETED:
        raise refuse(
            Code.NOT_READY,
            f"Task `{task_id}` is {task.status.value}; a character is made from a completed one.",
            param=param,
        )
    asset = await ctx.backend.point(lambda conn: asset_rows.get(conn, task_id, Variant.VIDEO))
    if asset is None:
        raise refuse(Code.ASSET_EXPIRED, f"The clip of task `{task_id}` is gone.", param=param)
    _check(span, asset.seconds)
    return await _keep(ctx, who, name, asset.sha256, asset.media_type, span)


async def keep_from_url(
    ctx: Context, who: Who, url: str, span: Span, *, name: str | None = None, param: str = "url"
) -> Character:
    """Keep a character from a clip that is fetched through the guard.

    Raises CallerError naming `param`, or `timestamps` for a span the clip does not have.
    """
    _check(span, None)
    spooled = ctx.blobs.spool()
    try:
        await _fetch(ctx, url, spooled, param)
        clip = await store_clip(ctx, spooled, param=param)
    finally:
        spooled.unlink(missing_ok=True)
    _check(span, clip.seconds)
    return await _keep(ctx, who, name, clip.sha256, clip.media_type, span)


async def _fetch(ctx: Context, url: str, spooled: Path, param: str) -> None:
    limit = ctx.limits.video_max_bytes or UNLIMITED
    got = await fetch(ctx.client, url, spooled, limit_bytes=limit, deadline_s=FETCH_S)
    if not isinstance(got, Fetched):
        code = got.failure.code
        if code not in (Code.BLOCKED_ADDRESS, Code.PAYLOAD_TOO_LARGE):
            code = Code.INVALID_REQUEST
        message = f"{got.failure.message} A clip made here is better named by its task."
        raise CallerError(Failure(code=code, message=message, param=param))


def _check(span: Span, seconds: float | None) -> None:
    length = span.end_s - span.start_s
    if not SHORTEST_S <= length <= LONGEST_S:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`timestamps` span {length:g} s; a character is made from {SHORTEST_S:g} to {LONGEST_S:g} s.",
            param="timestamps",
        )
    if seconds is not None and span.end_s > seconds + _SLACK_S:
        raise refuse(
            Code.INVALID_REQUEST,
            f"`timestamps` end at {span.end_s:g} s; the clip has {seconds:g} s.",
            param="timestamps",
        )


async def _keep(
    ctx: Context, who: Who, name: str | None, sha256: str, media_type: str, span: Span
) -> Character:
    picture = ctx.blobs.spool()
    async with ctx.blobs.local(sha256) as stored:
        await derive.moment(stored, picture, (span.start_s + span.end_s) / 2)
    portrait = await keep_blob(ctx, picture, "image/png")
    character_id = ctx.ids.new("char")
    character = Character(
        id=character_id,
        user_id=who.user_id,
        project_id=who.project_id,
        name=name or character_id.rpartition("_")[2][-12:],
        sha256=sha256,
        portrait_sha256=portrait.sha256,
        media_type=media_type,
        seconds=span.end_s - span.start_s,
        created_at=ctx.clock.now_ms(),
    )
    await ctx.backend.write(lambda conn: characters.write(conn, character))
    return character
