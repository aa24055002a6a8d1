"""Operate: what an operator does to channels and their keys. Secrets come in here in the clear and are sealed at once."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from reelgate.core.dialect import Channel
from reelgate.core.envelope import NOTHING
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.engine.context import Context
from reelgate.engine.soundness import objection
from reelgate.store import attempts as attempt_rows
from reelgate.store import channel_health as health_rows
from reelgate.store import channel_keys as key_rows
from reelgate.store import channel_quotas as quota_rows
from reelgate.store import channels as channel_rows
from reelgate.store.backend import Connection
from reelgate.store.channel_keys import ChannelKey

FIRST_KEY = "main"
"""What a channel's first key is called."""


class Switch(StrEnum):
    """Whether a channel takes tasks."""

    ENABLED = "enabled"
    DRAINING = "draining"
    """Nothing new; what it has is followed to its end."""
    DISABLED = "disabled"
    """Nothing new, and nobody asks about what it has until it is enabled again."""


def switch_of(channel: Channel) -> Switch:
    """Tell how a channel is switched."""
    if not channel.enabled:
        return Switch.DISABLED
    return Switch.DRAINING if channel.draining else Switch.ENABLED


async def connect(ctx: Context, channel: Channel, secret: str = "") -> Channel:
    """Write a new channel, with its first key when it has one.

    Raises CallerError naming the field that cannot be so, or `name` when there is one of that name, and CannotOpen
    without the master key.
    """
    _must_be_sound(ctx, channel)

    def work(conn: Connection) -> None:
        if channel_rows.by_name(conn, channel.name) is not None:
            raise _name_taken(channel.name)
        channel_rows.insert(conn, channel, ctx.clock.now_ms())
        if secret:
            _add_key(conn, ctx, channel.id, FIRST_KEY, secret)

    await ctx.backend.write(work)
    await _reloaded(ctx)
    return channel


async def change(ctx: Context, channel: Channel) -> bool:
    """Replace a channel by its new state; False when it is gone.

    Raises CallerError naming the field that cannot be so, or `name` when another one has that name.
    """
    _must_be_sound(ctx, channel)

    def work(conn: Connection) -> bool:
        other = channel_rows.by_name(conn, channel.name)
        if other is not None and other.id != channel.id:
            raise _name_taken(channel.name)
        return channel_rows.update_channel(conn, channel, ctx.clock.now_ms())

    done = await ctx.backend.write(work)
    await _reloaded(ctx)
    return done


def _must_be_sound(ctx: Context, channel: Channel) -> None:
    found = objection(ctx, channel)
    if found is not None:
        raise found.refusal()


def _name_taken(name: str) -> CallerError:
    return refuse(Code.INVALID_REQUEST, f"There is a channel called `{name}` already.", param="name")


async def switch(ctx: Context, channel: Channel, to: Switch) -> Channel:
    """Switch a channel; enabling it forgets what kept it from taking tasks."""
    changed = msgspec.structs.replace(
        channel, enabled=to is not Switch.DISABLED, draining=to is Switch.DRAINING
    )

    def work(conn: Connection) -> None:
        channel_rows.update_channel(conn, changed, ctx.clock.now_ms())
        if to is Switch.ENABLED:
            health_rows.forget_all(conn, channel.id)

    await ctx.backend.write(work)
    await _reloaded(ctx)
    return changed


async def remove(ctx: Context, channel_id: str) -> bool:
    """Forget a channel and wipe its keys; False when it is gone."""
    now = ctx.clock.now_ms()
    done = await ctx.backend.write(lambda conn: channel_rows.remove(conn, channel_id, now))
    await _reloaded(ctx)
    return done


# Keys.


def _add_key(conn: Connection, ctx: Context, channel_id: str, name: str, secret: str) -> ChannelKey:
    key_id = ctx.ids.new("ckey")
    sealed = ctx.vault.seal(conn, secret, key_rows.place_of(key_id))
    now = ctx.clock.now_ms()
    key = ChannelKey(id=key_id, channel_id=channel_id, name=name, secret=sealed, created_at=now)
    key_rows.insert(conn, key)
    return key


async def add_key(ctx: Context, channel_id: str, name: str, secret: str) -> ChannelKey:
    """Give a channel one more key.

    Raises CallerError naming `name` when the channel has one of that name, CannotOpen without the master key.
    """

    def work(conn: Connection) -> ChannelKey:
        if any(key.name == name for key in key_rows.of_channel(conn, channel_id)):
            raise refuse(
                Code.INVALID_REQUEST, f"The channel has a key called `{name}` already.", param="name"
            )
        return _add_key(conn, ctx, channel_id, name, secret)

    key = await ctx.backend.write(work)
    await _reloaded(ctx)
    return key


async def give_secret(ctx: Context, channel_id: str, secret: str) -> None:
    """Put a secret in the place of a channel's first key, or give it one.

    Raises CannotOpen without the master key.
    """
    keys = await keys_of(ctx, channel_id)
    if keys:
        await change_key(ctx, keys[0], secret=secret)
    else:
        await add_key(ctx, channel_id, FIRST_KEY, secret)


async def change_key(
    ctx: Context, key: ChannelKey, *, secret: str | None = None, enabled: bool | None = None
) -> ChannelKey:
    """Give a key another secret or switch it on or off; either forgets what the upstream held against it."""

    def work(conn: Connection) -> ChannelKey:
        sealed = key.secret if secret is None else ctx.vault.seal(conn, secret, key.place)
        changed = msgspec.structs.replace(
            key, secret=sealed, enabled=key.enabled if enabled is None else enabled
        )
        key_rows.change(conn, changed, ctx.clock.now_ms())
        health_rows.forget(conn, key.id)
        if secret is not None:
            quota_rows.forget(conn, key.id)
        return changed

    changed = await ctx.backend.write(work)
    await _reloaded(ctx)
    return changed


async def remove_key(ctx: Context, key: ChannelKey, *, force: bool = False) -> int:
    """Wipe a key; gives how many unfinished tasks were sent with it, which without `force` keep it from going."""

    using = 0

    def work(conn: Connection) -> bool:
        nonlocal using
        using = attempt_rows.unfinished_with_key(conn, key.id)
        if using and not force:
            return False
        key_rows.remove(conn, key.id, ctx.clock.now_ms())
        health_rows.forget(conn, key.id)
        quota_rows.forget(conn, key.id)
        return True

    await ctx.backend.write(work)
    await _reloaded(ctx)
    return using


async def keys_of(ctx: Context, channel_id: str) -> list[ChannelKey]:
    """List the keys of a channel."""
    return await ctx.backend.point(lambda conn: key_rows.of_channel(conn, channel_id))


async def _reloaded(ctx: Context) -> None:
    await ctx.channels.reload(ctx.backend)
    await ctx.engine.even_out()


def unsealed(key: ChannelKey) -> ChannelKey:
    """Give a key as it may be shown: without its envelope."""
    return msgspec.structs.replace(key, secret=NOTHING)
