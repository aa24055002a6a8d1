"""Standing: a channel as its operator sees it: what it is, how it and its keys stand, what ends. Never a secret."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from reelgate.core.dialect import Channel, Price
from reelgate.core.errors import Code
from reelgate.core.health import Health, State
from reelgate.core.money import show
from reelgate.core.retire import Sunset, sunset_of
from reelgate.engine.context import Context
from reelgate.engine.operate import Switch, switch_of
from reelgate.engine.quotas import scarcest
from reelgate.store import channel_keys as key_rows
from reelgate.store import channel_quotas as quota_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.channel_keys import ChannelKey
from reelgate.store.channel_quotas import Left


class HealthCard(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel or a key stands. Times are Unix seconds."""

    state: State
    code: Code | None
    why: str | None
    since: int | None
    next_try: int | None
    failures: int


class QuotaCard(msgspec.Struct, frozen=True, kw_only=True):
    """What an upstream says is left of an account."""

    left: str | None
    """None when the account has no limit."""
    unit: str
    low: bool
    """Whether that is so little that operators were told."""
    seen_at: int
    """Unix seconds."""


class KeyCard(msgspec.Struct, frozen=True, kw_only=True):
    """One key of a channel."""

    id: str
    name: str
    enabled: bool
    readable: bool
    """Whether the master key opens it."""
    health: HealthCard
    quota: QuotaCard | None
    """None when the upstream does not say, or has not been asked yet."""
    created_at: int
    """Unix seconds."""


class ChannelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One channel."""

    id: str
    name: str
    dialect: str
    base_url: str
    models: Mapping[str, str]
    settings: Mapping[str, Any]
    concurrency: int
    poll_seconds: float | None
    poll_policy: str | None
    self_hosted: bool
    enabled: bool
    switch: Switch
    priority: int
    weight: int
    prices: Mapping[str, Price]
    usable: bool
    """Whether a task may be sent on it now."""
    health: HealthCard
    quota: QuotaCard | None
    """Of its accounts the one with least left; None when the upstream does not say, or has not been asked yet."""
    has_secret: bool
    keys: tuple[KeyCard, ...]
    open_tasks: int
    """Unfinished tasks that go there."""
    endings: Mapping[str, Sunset]
    """Its models whose end is known."""


async def card(ctx: Context, channel: Channel) -> ChannelCard:
    """Show one channel."""
    return (await cards(ctx, [channel]))[0]


async def cards(ctx: Context, channels: Sequence[Channel]) -> list[ChannelCard]:
    """Show channels, as their rows are now."""
    await ctx.channels.reload(ctx.backend)

    def look(conn: Connection) -> _Seen:
        busy = Counter(task.channel_id for task in task_rows.open_tasks(conn))
        return _Seen(key_rows.all_keys(conn), busy, quota_rows.all_quotas(conn))

    seen = await ctx.backend.read(look)
    return [_card(ctx, one, seen) for one in channels]


class _Seen(NamedTuple):
    keys: list[ChannelKey]
    busy: Counter[str | None]
    quotas: dict[str, Left]


def _card(ctx: Context, channel: Channel, seen: _Seen) -> ChannelCard:
    keys = [key for key in seen.keys if key.channel_id == channel.id]
    return ChannelCard(
        id=channel.id,
        name=channel.name,
        dialect=channel.dialect,
        base_url=channel.base_url,
        models=channel.models,
        settings=channel.settings,
        concurrency=channel.concurrency,
        poll_seconds=channel.poll_seconds,
        poll_policy=channel.poll_policy,
        self_hosted=channel.self_hosted,
        enabled=channel.enabled,
        switch=switch_of(channel),
        priority=channel.priority,
        weight=channel.weight,
        prices=channel.prices,
        usable=ctx.channels.usable(channel.id),
        health=health_card(ctx.channels.health(channel.id, channel.id)),
        quota=_quota(scarcest(one for one in seen.quotas.values() if one.channel_id == channel.id)),
        has_secret=bool(keys),
        keys=tuple(_key(ctx, key, seen.quotas.get(key.id)) for key in keys),
        open_tasks=seen.busy[channel.id],
        endings=_endings(ctx, channel),
    )


def _quota(account: Left | None) -> QuotaCard | None:
    if account is None or account.seen_at is None:
        return None
    return QuotaCard(
        left=None if account.left is None else show(account.left),
        unit=account.unit,
        low=account.low,
        seen_at=account.seen_at // 1000,
    )


def _key(ctx: Context, key: ChannelKey, account: Left | None) -> KeyCard:
    return KeyCard(
        id=key.id,
        name=key.name,
        enabled=key.enabled,
        readable=key.id not in ctx.channels.keyring(key.channel_id).sealed,
        health=health_card(ctx.channels.health(key.id, key.channel_id)),
        quota=_quota(account),
        created_at=key.created_at // 1000,
    )


def health_card(health: Health) -> HealthCard:
    """Show how something stands."""
    return HealthCard(
        state=health.state,
        code=health.code,
        why=health.why or None,
        since=health.since // 1000 if health.why else None,
        next_try=None if health.next_at is None else health.next_at // 1000,
        failures=health.failures,
    )


def _endings(ctx: Context, channel: Channel) -> dict[str, Sunset]:
    profiles = {name: ctx.channels.profile(channel, name) for name in channel.models}
    now = ctx.clock.now_ms()
    found = {
        name: sunset_of(profile.sunset, now) for name, profile in profiles.items() if profile is not None
    }
    return {name: sunset for name, sunset in found.items() if sunset is not None}
