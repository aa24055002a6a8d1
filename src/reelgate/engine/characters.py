"""Characters: named figures kept from a clip."""

from __future__ import annotations

from pathlib import Path

from reelgate.core.errors import Code, refuse
from reelgate.core.task import Character
from reelgate.engine.context import Context, Who
from reelgate.engine.intake import keep as keep_blob
from reelgate.engine.intake import store_clip
from reelgate.engine.library import follow
from reelgate.media import derive
from reelgate.store import characters as character_rows
from reelgate.store.backend import Connection

NAME_MAX = 80


async def keep(ctx: Context, who: Who, name: str, path: Path, *, param: str = "video") -> Character:
    """Keep a character: its clip, and one picture of it for models that take pictures.

    Raises CallerError naming the parameter when the name or the clip cannot be used.
    """
    name = name.strip()
    if not 1 <= len(name) <= NAME_MAX:
        raise refuse(Code.INVALID_REQUEST, f"`name` must have 1 to {NAME_MAX} characters.", param="name")
    clip = await store_clip(ctx, path, param=param)
    picture = ctx.blobs.spool()
    async with ctx.blobs.local(clip.sha256) as stored:
        await derive.portrait(stored, picture)
    portrait = await keep_blob(ctx, picture, "image/png")
    character = Character(
        id=ctx.ids.new("char"),
        user_id=who.user_id,
        project_id=who.project_id,
        name=name,
        sha256=clip.sha256,
        portrait_sha256=portrait.sha256,
        media_type=clip.media_type,
        seconds=clip.seconds,
        created_at=ctx.clock.now_ms(),
    )
    await ctx.backend.write(lambda conn: write(conn, character))
    return character


def write(conn: Connection, character: Character) -> None:
    """Write a character, and what the library shows of it."""
    character_rows.insert(conn, character)
    follow.show_character(conn, character, character.created_at)
