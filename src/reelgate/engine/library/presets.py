"""Presets: kept, changed and forgotten by whoever made them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from reelgate.core.errors import Code, refuse
from reelgate.engine.context import Context, Who
from reelgate.engine.library.order import plain
from reelgate.store import library_shares as rows
from reelgate.store.backend import Connection
from reelgate.store.library_shares import Preset

BODY_MAX: Final = 64 * 1024
MOST: Final = 500


async def put(
    ctx: Context, who: Who, preset_id: str | None, name: str, body: dict[str, Any], shared: bool
) -> Preset:
    """Keep parameters under a name, or change those that are kept.

    Raises CallerError naming the field, or `not_found` for one that is not the asker's own.
    """
    if len(msgspec.json.encode(body)) > BODY_MAX:
        raise refuse(Code.INVALID_REQUEST, f"`body` has more than {BODY_MAX} bytes.", param="body")
    now = ctx.clock.now_ms()
    called = plain(name)

    def work(conn: Connection) -> Preset:
        if preset_id is None and len(rows.presets(conn, who.project_id, who.user_id)) >= MOST:
            raise refuse(Code.INVALID_REQUEST, f"At most {MOST} presets are kept.")
        before = None if preset_id is None else _own(conn, who, preset_id)
        kept = Preset(
            id=ctx.ids.new("preset") if before is None else before.id,
            project_id=who.project_id,
            user_id=who.user_id,
            name=called,
            shared=shared,
            body=body,
            created_at=now if before is None else before.created_at,
            updated_at=now,
        )
        rows.put_preset(conn, kept)
        return kept

    return await ctx.backend.write(work)


async def remove(ctx: Context, who: Who, preset_id: str) -> None:
    """Forget a preset.

    Raises CallerError `not_found` for one that is not the asker's own.
    """

    def work(conn: Connection) -> None:
        rows.remove_preset(conn, _own(conn, who, preset_id).id)

    await ctx.backend.write(work)


def _own(conn: Connection, who: Who, preset_id: str) -> Preset:
    found = rows.preset(conn, preset_id, who.project_id, who.user_id)
    if found is None or found.user_id != who.user_id:
        raise refuse(Code.NOT_FOUND, f"There is no preset `{preset_id[:80]}` of yours.")
    return found
