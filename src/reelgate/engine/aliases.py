"""Aliases: names that stand for models, and never for one that is gone."""

from __future__ import annotations

from reelgate.core.errors import Code, refuse
from reelgate.core.retire import sunset_of
from reelgate.engine.context import Context
from reelgate.engine.route import alive
from reelgate.store import channels as channel_rows


async def put(ctx: Context, name: str, model: str) -> None:
    """Let a name stand for a model; a model served under that very name goes first until it has ended.

    Raises CallerError naming `model` when nothing here serves it, it has ended, or it is but another alias of `name`.
    """
    served = ctx.channels.find(model)
    if served is None:
        raise refuse(Code.NOT_FOUND, f"No channel serves `{model[:200]}`.", param="model")
    if name in (model, served.model):
        raise refuse(Code.INVALID_REQUEST, f"`{name[:200]}` would stand for itself.", param="model")
    if alive(ctx, served) is None:
        ended = sunset_of(served.profile.sunset, ctx.clock.now_ms())
        day = "" if ended is None else f" on {ended.day}"
        raise refuse(Code.MODEL_RETIRED, f"`{model[:200]}` has ended{day}.", param="model")
    await ctx.backend.write(lambda conn: channel_rows.put_alias(conn, name, served.model, ctx.clock.now_ms()))
    await ctx.channels.reload(ctx.backend)


async def remove(ctx: Context, name: str) -> bool:
    """Forget an alias; False when there is none of that name."""
    gone = await ctx.backend.write(lambda conn: channel_rows.remove_alias(conn, name))
    await ctx.channels.reload(ctx.backend)
    return gone
