"""Likenesses: characters kept from one to three seconds of a finished task or of a clip at an address."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from reelgate.core.dialect import Channel, KeepsCharacters, Kept, Likeness, Refused, Unclear
from reelgate.core.errors import CallerError, Code, Failure, UpstreamError, refuse
from reelgate.core.lifecycle import Status
from reelgate.core.task import Character, Task, Variant
from reelgate.engine.context import Context, Who
from reelgate.engine.drive import drive
from reelgate.engine.intake import FETCH_S, UNLIMITED, store_clip
from reelgate.engine.intake import keep as keep_blob
from reelgate.engine.library import follow
from reelgate.media import derive
from reelgate.net.fetch import Fetched, fetch
from reelgate.store import assets as asset_rows
from reelgate.store import attempts as attempt_rows
from reelgate.store import characters as character_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection

SHORTEST_S: Final = 1.0
LONGEST_S: Final = 3.0
_SLACK_S: Final = 0.1
"""A clip of three seconds may be a frame short of them."""


class Span(NamedTuple):
    """From when to when a figure is seen, in seconds of the clip."""

    start_s: float
    end_s: float


class Wanted(NamedTuple):
    """What a character is to be called and which relay it is for; None leaves it open."""

    name: str | None = None
    platform: str | None = None


ANY: Final = Wanted()


class _Source(NamedTuple):
    """What a character is kept from."""

    sha256: str
    media_type: str
    task: Task | None = None
    url: str | None = None


async def keep_from_task(
    ctx: Context, who: Who, task_id: str, span: Span, wanted: Wanted = ANY, *, param: str = "from_task"
) -> Character:
    """Keep a character from a finished task's clip, here and, where its channel does so, at its upstream.

    Without a name it is given one that is nobody else's; the same span of the same clip is the same
    character. Raises CallerError naming `param`, or `timestamps` for a span the clip does not have.
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
    return await _keep(ctx, who, wanted, _Source(asset.sha256, asset.media_type, task=task), span)


async def keep_from_url(
    ctx: Context, who: Who, url: str, span: Span, wanted: Wanted = ANY, *, param: str = "url"
) -> Character:
    """Keep a character from a clip that is fetched through the guard.

    The same span of the same address is the same character. Raises CallerError naming `param`, or
    `timestamps` for a span the clip does not have.
    """
    _check(span, None)
    spooled = ctx.blobs.spool()
    try:
        await _fetch(ctx, url, spooled, param)
        clip = await store_clip(ctx, spooled, param=param)
    finally:
        spooled.unlink(missing_ok=True)
    _check(span, clip.seconds)
    return await _keep(ctx, who, wanted, _Source(clip.sha256, clip.media_type, url=url), span)


async def known_from_url(ctx: Context, who: Who, url: str, span: Span) -> Character | None:
    """Give the character that was kept from this span of the clip at an address before; None where there is none."""
    return await ctx.backend.point(
        lambda conn: character_rows.of_address(conn, who.project_id, url, span.start_s, span.end_s)
    )


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


async def _keep(ctx: Context, who: Who, wanted: Wanted, source: _Source, span: Span) -> Character:
    picture = ctx.blobs.spool()
    async with ctx.blobs.local(source.sha256) as stored:
        await derive.moment(stored, picture, (span.start_s + span.end_s) / 2)
    portrait = await keep_blob(ctx, picture, "image/png")
    outside = await _keep_upstream(ctx, source, span, wanted)
    character_id = ctx.ids.new("char")
    now = ctx.clock.now_ms()
    character = Character(
        id=character_id,
        user_id=who.user_id,
        project_id=who.project_id,
        name=wanted.name or (outside.name if outside else character_id.rpartition("_")[2][-12:]),
        sha256=source.sha256,
        portrait_sha256=portrait.sha256,
        media_type=source.media_type,
        seconds=span.end_s - span.start_s,
        created_at=now,
        platform=wanted.platform,
        source_url=source.url,
        from_task=None if source.task is None else source.task.id,
        start_s=span.start_s,
        end_s=span.end_s,
        outside_id=None if outside is None else outside.ref,
        updated_at=now,
    )
    return await ctx.backend.write(lambda conn: _upsert(conn, character, renamed=wanted.name is not None))


def _upsert(conn: Connection, character: Character, *, renamed: bool) -> Character:
    """Write a character, over the one that was kept from the same span of the same source."""
    before = character_rows.same(conn, character)
    if before is None:
        character_rows.insert(conn, character)
        follow.show_character(conn, character, character.created_at)
        return character
    merged = msgspec.structs.replace(
        character,
        id=before.id,
        name=character.name if renamed or character.outside_id else before.name,
        created_at=before.created_at,
    )
    character_rows.replace(conn, merged)
    follow.show_character(conn, merged, merged.updated_at or merged.created_at)
    return merged


async def _keep_upstream(ctx: Context, source: _Source, span: Span, wanted: Wanted) -> Kept | None:
    """Have the upstream keep the character as well, where a channel that can is named or made the clip.

    Raises UpstreamError when it did not.
    """
    found = await _channel(ctx, source, wanted)
    if found is None:
        return None
    channel, ref = found
    dialect = ctx.dialects[channel.dialect]
    assert isinstance(dialect, KeepsCharacters)  # noqa: S101 - `_channel` looked
    likeness = Likeness(
        start_s=int(span.start_s),
        end_s=int(span.start_s) + round(span.end_s - span.start_s),
        ref=ref,
        url=None if ref else source.url,
    )
    match await drive(ctx, dialect.keep_character(likeness, channel), channel):
        case Kept() as kept:
            return kept
        case Refused(failure=failure):
            raise UpstreamError(failure)
        case Unclear():
            raise UpstreamError(
                Failure(
                    code=Code.SERVER_ERROR, message="The upstream did not say whether it kept the character."
                )
            )


async def _channel(ctx: Context, source: _Source, wanted: Wanted) -> tuple[Channel, str | None] | None:
    """Find the channel that keeps this character beside us, and the job's id there; None where none does."""
    attempt = None
    if source.task is not None and source.task.attempt_id is not None:
        attempt_id = source.task.attempt_id
        attempt = await ctx.backend.point(lambda conn: attempt_rows.get(conn, attempt_id))
    if attempt is not None and attempt.ref is not None:
        made_by = ctx.channels.get(attempt.channel_id, attempt.key_id)
        if made_by is not None and _keeps(ctx, made_by):
            return made_by, attempt.ref
    label = (wanted.platform or "").strip().lower()
    for channel in ctx.channels.all() if label and source.url else ():
        named = label in (channel.name.lower(), channel.dialect, channel.dialect.partition("_")[0])
        if named and _keeps(ctx, channel):
            return channel, None
    return None


def _keeps(ctx: Context, channel: Channel) -> bool:
    return isinstance(ctx.dialects.get(channel.dialect), KeepsCharacters)
