"""How a channel stands, for people and for scripts: its switch, its health, and each of its keys. Never a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reelgate.cli import show
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.core.dialect import Channel
    from reelgate.engine.context import Context


async def find(ctx: Context, name: str) -> Channel:
    """Give a channel by its name or id. Raises Trouble when there is none."""
    from reelgate.store import channels as rows

    for channel in await ctx.backend.read(rows.all_channels):
        if name in (channel.name, channel.id):
            return channel
    raise Trouble(say("channels.unknown", name=name), exit_code=Exit.NOT_FOUND)


async def as_json(ctx: Context, channel: Channel) -> dict[str, Any]:
    """Write a channel for scripts, with how it and its keys stand; times are Unix seconds."""
    import msgspec

    from reelgate.engine.standing import card

    return msgspec.to_builtins(await card(ctx, channel))


def in_words(told: dict[str, Any]) -> str:
    """Say how a channel stands in one line: its switch, what is wrong, since when, and when it is tried again."""
    switch = say(f"channels.{told['switch']}")
    if told["switch"] != "enabled":
        return switch
    bad = [said for key in told["keys"] if (said := key_in_words(key)) is not None]
    own = _unwell(told["health"])
    if own is None and not bad:
        return switch
    if own is None and told["usable"]:
        return say("channels.some_keys", well=len(told["keys"]) - len(bad), all=len(told["keys"]))
    return own or bad[0]


def key_in_words(key: dict[str, Any]) -> str | None:
    """Say what is wrong with a key; None when nothing is."""
    if not key["readable"]:
        return say("channels.sealed")
    if not key["enabled"]:
        return say("channels.disabled")
    return _unwell(key["health"])


def _unwell(health: dict[str, Any]) -> str | None:
    if health["state"] == "well":
        return None
    return say(
        "channels.unwell",
        state=say(f"channels.{health['state']}"),
        why=health["why"] or "-",
        since=show.moment(health["since"]),
        next=show.moment(health["next_try"]),
    )
