"""First rows: what an installation has before anybody touched it. No default secret exists."""

from __future__ import annotations

from reelgate.core.dialect import Channel
from reelgate.engine.context import Context
from reelgate.store import channels as channel_rows
from reelgate.store import settings as setting_rows
from reelgate.store.backend import Connection

BUILT_IN = "animatic"
MODEL = "animatic-1"
ALIASES = ("sora-2", "sora-2-pro")
"""Names that old client code asks for; answered by the built-in renderer until a channel serves them."""
_DONE = "bootstrapped"


async def first_rows(ctx: Context) -> None:
    """Write the built-in channel and its aliases, once."""
    await ctx.backend.write(lambda conn: _first_rows(conn, ctx))


def _first_rows(conn: Connection, ctx: Context) -> None:
    now = ctx.clock.now_ms()
    if setting_rows.get(conn, _DONE) is not None or not setting_rows.claim(conn, _DONE, now, now):
        return
    channel = Channel(
        id=ctx.ids.new("chan"),
        name=BUILT_IN,
        dialect=BUILT_IN,
        base_url="",
        models={MODEL: MODEL},
        concurrency=4,
    )
    channel_rows.insert(conn, channel, now)
    for alias in ALIASES:
        channel_rows.put_alias(conn, alias, MODEL, now)
