"""Quotas: what is left of accounts at upstreams that say so, asked now and then, and told before it is used up."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from reelgate.core.dialect import Channel, Quota, TellsQuota
from reelgate.core.money import Micro, measured
from reelgate.engine import alerts
from reelgate.engine.context import Context
from reelgate.engine.drive import drive
from reelgate.store import channel_quotas as quota_rows
from reelgate.store.backend import Connection
from reelgate.store.channel_quotas import Left
from reelgate.telemetry import log


async def check(ctx: Context) -> int:
    """Ask about every account whose last answer is old; operators are told of each that came to be low, once.

    Gives how many were asked about.
    """
    good_ms = ctx.rules.upstream_quota_every_s * 1000
    if not good_ms:
        return 0
    known = await ctx.backend.read(quota_rows.all_quotas)
    asked = 0
    for channel in list(_accounts(ctx)):
        last = known.get(channel.key_id or channel.id)
        if last is None or ctx.clock.now_ms() - last.asked_at >= good_ms:
            await _ask(ctx, channel)
            asked += 1
    return asked


def _accounts(ctx: Context) -> Iterator[Channel]:
    """Give each channel that is on and can be asked, once with each of its keys."""
    for channel in ctx.channels.all():
        if not channel.enabled or not isinstance(ctx.dialects.get(channel.dialect), TellsQuota):
            continue
        ring = ctx.channels.keyring(channel.id)
        keyed = (ctx.channels.get(channel.id, key.id) for key in ring.keys)
        yield from (one for one in keyed if one is not None)
        if not ring.keys and not ring.wanted:
            yield channel


async def _ask(ctx: Context, channel: Channel) -> None:
    dialect = ctx.dialects[channel.dialect]
    assert isinstance(dialect, TellsQuota)  # noqa: S101 - `_accounts` looked
    seen: Quota | None = None
    try:
        seen = await drive(ctx, dialect.quota(channel), channel)
    except Exception:  # noqa: BLE001 - a dialect of strangers that breaks must not keep the others from being asked
        log.exception("quota_surprise", channel=channel.name)
    await ctx.backend.write(lambda conn: _note(conn, ctx, channel, seen))


def _note(conn: Connection, ctx: Context, channel: Channel, seen: Quota | None) -> None:
    now = ctx.clock.now_ms()
    before = quota_rows.get(conn, channel.key_id or channel.id, channel.id)
    then = msgspec.structs.replace(before, asked_at=now)
    if seen is not None:
        low = is_low(ctx, channel, seen.left)
        then = msgspec.structs.replace(then, left=seen.left, unit=seen.unit[:40], seen_at=now, low=low)
    quota_rows.put(conn, then, now)
    if then.low and not before.low:
        alerts.quota_low(conn, ctx, channel, _key_name(ctx, channel), then)
        log.warning("upstream_quota_low", channel=channel.name, left=then.left, unit=then.unit)


def is_low(ctx: Context, channel: Channel, left: Micro | None) -> bool:
    """Tell whether so little is left of an account that its operators want to know."""
    own = measured(channel.settings.get("quota_low"))
    least = Micro(ctx.rules.upstream_quota_low * 1_000_000) if own is None else own
    return left is not None and left < least


def _key_name(ctx: Context, channel: Channel) -> str | None:
    names = {key.id: key.name for key in ctx.channels.keyring(channel.id).keys}
    return None if channel.key_id is None else names.get(channel.key_id)


def scarcest(found: Iterator[Left]) -> Left | None:
    """Give the account of a channel that has least left; one without a limit only where no other is known."""
    said = [one for one in found if one.seen_at is not None]
    return min(said, key=lambda one: (one.left is None, one.left or 0, one.id), default=None)
