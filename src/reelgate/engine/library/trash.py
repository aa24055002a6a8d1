"""Trash: what was thrown away can be taken back for a while, and is then deleted for good."""

from __future__ import annotations

from typing import Final

from reelgate.core.library import Shelf
from reelgate.engine import cancel
from reelgate.engine.context import Context, Who
from reelgate.engine.library import marks
from reelgate.engine.library.follow import catch_up
from reelgate.store import characters as character_rows
from reelgate.store import library_items as item_rows
from reelgate.store import uploads as upload_rows
from reelgate.store.backend import Connection
from reelgate.store.library_items import Item
from reelgate.telemetry import log

TOGETHER: Final = 200
"""Items of one transaction."""


def purge_at(ctx: Context, trashed_at: int | None) -> int | None:
    """Say when something thrown away is deleted for good, in milliseconds since 1970."""
    return None if trashed_at is None else trashed_at + ctx.rules.trash_keep_s * 1000


async def trash_all(ctx: Context, who: Who) -> int:
    """Throw everything in a project's library away; tells how many items that were."""
    await catch_up(ctx)
    gone = 0
    while True:
        some = await ctx.backend.write(lambda conn: _trash_some(conn, ctx, who))
        gone += some
        if some < TOGETHER:
            return gone


def _trash_some(conn: Connection, ctx: Context, who: Who) -> int:
    found = item_rows.on_shelf(conn, who.project_id, Shelf.OPEN, TOGETHER)
    return sum(marks.shelve(conn, item, Shelf.TRASH, ctx.clock.now_ms()) for item in found)


async def empty(ctx: Context, who: Who) -> int:
    """Delete everything in a project's trash for good; tells how many items that were."""
    gone = 0
    while found := await ctx.backend.read(
        lambda conn: item_rows.on_shelf(conn, who.project_id, Shelf.TRASH, TOGETHER)
    ):
        for item in found:
            await remove(ctx, item)
        gone += len(found)
    return gone


async def purge(ctx: Context) -> None:
    """Delete for good what has been in the trash for too long."""
    before = ctx.clock.now_ms() - ctx.rules.trash_keep_s * 1000
    gone = 0
    while found := await ctx.backend.read(lambda conn: item_rows.trashed_before(conn, before, TOGETHER)):
        for item in found:
            await remove(ctx, item)
        gone += len(found)
    if gone:
        log.info("trash_emptied", items=gone)


async def remove(ctx: Context, item: Item) -> None:
    """Delete an item for good, with its files; one that is still being made is cancelled first."""
    who = Who(user_id=item.user_id, project_id=item.project_id)
    await cancel.delete(ctx, who, item.id)

    def work(conn: Connection) -> None:
        upload_rows.remove(conn, item.id, item.project_id)
        character_rows.remove(conn, item.id, item.project_id)
        item_rows.forget(conn, [item.id])

    await ctx.backend.write(work)
