"""The channels, aliases and profiles of this installation as one snapshot, reloaded when rows change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import msgspec

from reelgate.core.clock import Clock
from reelgate.core.dialect import Channel, Price
from reelgate.core.envelope import CannotOpen, Vault
from reelgate.core.errors import Code, refuse
from reelgate.core.health import Health
from reelgate.core.profile import Profile, Profiles
from reelgate.core.retire import ends_at
from reelgate.store import channel_health as health_rows
from reelgate.store import channel_keys as key_rows
from reelgate.store import channels as channel_rows
from reelgate.store.backend import Backend, Connection
from reelgate.store.channel_keys import ChannelKey
from reelgate.telemetry import hide, log


@dataclass(frozen=True, slots=True)
class Offer:
    """One channel that serves a model, with what is known of the model there."""

    channel: Channel
    profile: Profile
    ends_at: int | None = None
    """When the upstream takes the model away, in milliseconds since 1970."""


@dataclass(frozen=True, slots=True)
class Served:
    """A public model and the channels that serve it."""

    asked: str
    model: str
    channels: tuple[Channel, ...]
    profile: Profile
    offers: tuple[Offer, ...] = ()
    ends_at: int | None = None
    """When the first of the offers ends."""

    @property
    def alias_of(self) -> str | None:
        """The model behind the asked name, when the name is an alias."""
        return None if self.asked == self.model else self.model


@dataclass(frozen=True, slots=True)
class Rows:
    """What the table was read from, to see whether it has changed."""

    channels: tuple[Channel, ...] = ()
    keys: tuple[ChannelKey, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    health: tuple[Health, ...] = ()
    learned: Mapping[tuple[str, str], Profile] = field(default_factory=dict[tuple[str, str], Profile])


@dataclass(slots=True)
class Keyring:
    """The keys of one channel as they may be used here."""

    keys: list[ChannelKey] = field(default_factory=list[ChannelKey])
    """Those that are switched on and could be read."""
    sealed: dict[str, str] = field(default_factory=dict[str, str])
    """Keys that could not be read, and why."""
    off: int = 0
    """How many are switched off."""

    @property
    def wanted(self) -> bool:
        """Whether the channel has keys at all, so that nothing is sent without one."""
        return bool(self.keys or self.sealed or self.off)


class ChannelTable:
    """Answers which channel serves what, and with which key. A name served directly wins over an alias of the same name.

    Secrets are in the clear here and nowhere else.
    """

    def __init__(self, profiles: Mapping[str, Profiles], vault: Vault, clock: Clock) -> None:
        self._profiles = profiles
        self._vault = vault
        self._clock = clock
        self._rows = Rows()
        self._opened: dict[ChannelKey, str] = {}
        self._channels: dict[str, Channel] = {}
        self._with_key: dict[str, Channel] = {}
        self._rings: dict[str, Keyring] = {}
        self._health: dict[str, Health] = {}
        self._last_used: dict[str, int] = {}
        self._uses = count(1)
        self._looked_at = 0
        self._aliases: dict[str, str] = {}
        self._learned: Mapping[tuple[str, str], Profile] = {}
        self._by_model: dict[str, tuple[Channel, ...]] = {}
        self._found: dict[str, Served] = {}
        self.version = 0
        """Grows when something changed."""

    async def reload(self, backend: Backend) -> None:
        """Read channels, their keys and how they stand, and aliases anew."""

        def read(conn: Connection) -> Rows:
            return Rows(
                tuple(channel_rows.all_channels(conn)),
                tuple(key_rows.all_keys(conn)),
                channel_rows.all_aliases(conn),
                tuple(health_rows.all_health(conn)),
                channel_rows.learned(conn),
            )

        rows = await backend.point(read)
        if rows != self._rows or self._opens_more():
            self._take_over(rows)

    def _opens_more(self) -> bool:
        """Tell whether a key could be read now that could not before: somebody may have put the master key back."""
        sealed = {key_id for ring in self._rings.values() for key_id in ring.sealed}
        for key in self._rows.keys if sealed else ():
            if key.id in sealed:
                try:
                    self._vault.open(key.secret, key.place)
                except CannotOpen:
                    continue
                return True
        return False

    def replace(self, rows: Iterable[Channel], aliases: Mapping[str, str]) -> None:
        """Take over a new set of channels and aliases; what is known of keys and health stays."""
        self._take_over(
            Rows(tuple(rows), self._rows.keys, dict(aliases), self._rows.health, self._rows.learned)
        )

    def _take_over(self, rows: Rows) -> None:
        self._rows = rows
        self._aliases = dict(rows.aliases)
        self._learned = rows.learned
        self._health = {one.id: one for one in rows.health}
        self._open_keys(rows)
        self._channels = {c.id: self._keyed(c) for c in rows.channels}
        self.version += 1
        by_model: dict[str, list[Channel]] = {}
        for channel in self._channels.values():
            if channel.enabled and not channel.draining and channel.dialect in self._profiles:
                for model in channel.models:
                    by_model.setdefault(model, []).append(channel)
        self._found = {}
        self._by_model = {
            model: tuple(sorted(group, key=lambda c: (-c.priority, -c.weight, c.name)))
            for model, group in by_model.items()
        }

    def _open_keys(self, rows: Rows) -> None:
        opened: dict[ChannelKey, str] = {}
        self._rings = {channel.id: Keyring() for channel in rows.channels}
        self._with_key = {}
        channels = {channel.id: channel for channel in rows.channels}
        for key in rows.keys:
            channel = channels.get(key.channel_id)
            if channel is None:
                continue
            ring = self._rings[key.channel_id]
            try:
                secret = self._opened.get(key) or self._vault.open(key.secret, key.place)
            except CannotOpen as closed:
                ring.sealed[key.id] = str(closed)
                log.error("channel_key_sealed", channel=channel.name, key=key.name, reason=str(closed))
                continue
            opened[key] = secret
            self._with_key[key.id] = msgspec.structs.replace(channel, secret=secret, key_id=key.id)
            if key.enabled:
                ring.keys.append(key)
            else:
                ring.off += 1
        self._opened = opened
        hide(opened.values())

    def _keyed(self, channel: Channel) -> Channel:
        """Give a channel with the key that is used where any of them will do."""
        ring = self._rings[channel.id]
        now = self._clock.now_ms()
        ready = [key for key in ring.keys if self.health(key.id, channel.id).usable(now)]
        for key in (*ready, *ring.keys):
            return self._with_key[key.id]
        return next((c for c in self._with_key.values() if c.id == channel.id), channel)

    def get(self, channel_id: str, key_id: str | None = None) -> Channel | None:
        """Give a channel by id, enabled or not: with the key that was used, or with one that is well."""
        if key_id is not None:
            keyed = self._with_key.get(key_id)
            if keyed is not None:
                return keyed
        return self._channels.get(channel_id)

    def all(self) -> list[Channel]:
        """List every channel."""
        return list(self._channels.values())

    # How channels and keys stand.

    def health(self, subject_id: str, channel_id: str) -> Health:
        """Give how a channel or a key stands; one that nothing is known of is well."""
        return self._health.get(subject_id) or Health(id=subject_id, channel_id=channel_id)

    def note(self, health: Health) -> None:
        """Take over how a channel or a key stands, without waiting for the rows to be read again."""
        self._health[health.id] = health
        channel = self._channels.get(health.channel_id)
        if channel is not None:
            self._channels[channel.id] = self._keyed(channel)
        self.version += 1

    def due(self) -> bool:
        """Tell whether something may be tried again now that could not when this was last asked."""
        now, last = self._clock.now_ms(), self._looked_at
        self._looked_at = now
        found = any(last < one.next_at <= now for one in self._health.values() if one.next_at is not None)
        if found:
            self.version += 1
        return found

    def keyring(self, channel_id: str) -> Keyring:
        """Give the keys of a channel."""
        return self._rings.get(channel_id) or Keyring()

    def usable(self, channel_id: str) -> bool:
        """Tell whether a task may be sent on a channel now: it is on, it answers, and one of its keys may be used."""
        channel = self._channels.get(channel_id)
        if channel is None or not channel.enabled or channel.draining:
            return False
        now = self._clock.now_ms()
        if not self.health(channel_id, channel_id).usable(now):
            return False
        ring = self._rings[channel_id]
        return not ring.wanted or any(self.health(key.id, channel_id).usable(now) for key in ring.keys)

    def slots(self, channel_id: str) -> int | None:
        """Tell how many tasks a channel's lane takes now; None when there is no such channel any more."""
        channel = self._channels.get(channel_id)
        if channel is None:
            return None
        return channel.concurrency if self.usable(channel_id) else 0

    def next_try(self, channel_id: str) -> int | None:
        """Give when a channel that may not be used is tried again, in milliseconds since 1970; None when nobody knows."""
        own = self.health(channel_id, channel_id)
        now = self._clock.now_ms()
        if not own.usable(now):
            return own.next_at
        moments = [self.health(key.id, channel_id).next_at for key in self.keyring(channel_id).keys]
        return min((moment for moment in moments if moment is not None), default=None)

    def pick(self, channel_id: str) -> Channel | None:
        """Give a channel with the key whose turn it is; None when none may be used.

        A key that is due to be tried again goes first, then the one that was used, and throttled, least lately.
        """
        channel = self._channels.get(channel_id)
        ring = self.keyring(channel_id)
        if channel is None or not ring.wanted:
            return channel
        now = self._clock.now_ms()
        ready = [key for key in ring.keys if self.health(key.id, channel_id).usable(now)]
        if not ready:
            return None
        best = min(ready, key=lambda key: self._turn(key, now))
        self._last_used[best.id] = next(self._uses)
        return self._with_key[best.id]

    def _turn(self, key: ChannelKey, now: int) -> tuple[bool, int, int]:
        health = self.health(key.id, key.channel_id)
        return not health.on_trial(now), self._last_used.get(key.id, 0), health.cooled_at or 0

    # Names.

    def names(self) -> list[tuple[str, str]]:
        """List every public name that can be asked for, with the model that serves it."""
        named = [(model, model) for model in self._by_model]
        named += [
            (alias, model)
            for alias, model in self._aliases.items()
            if alias not in self._by_model and model in self._by_model
        ]
        return sorted(named)

    def profile(self, channel: Channel, model: str) -> Profile | None:
        """Give the facts about a public model on a channel."""
        upstream = channel.models.get(model)
        profile = None if upstream is None else self._facts(channel, upstream)
        own = channel.prices.get(model)
        return profile if profile is None or own is None else _priced(profile, own)

    def _facts(self, channel: Channel, upstream: str) -> Profile | None:
        """Give what is known of an upstream model: from its profile file, from its upstream, or in general."""
        facts = self._profiles.get(channel.dialect)
        if facts is None:
            return None
        profile = facts.exact(upstream) or self._learned.get((channel.id, upstream)) or facts.find(upstream)
        own: Any = channel.settings.get("sunset")
        if profile is None or not isinstance(own, dict) or upstream not in own:
            return profile
        # The operator knows better: a relay may keep a name alive, or end it sooner.
        day = own[upstream]  # pyright: ignore[reportUnknownVariableType]
        return msgspec.structs.replace(profile, sunset=day if isinstance(day, str) else None)

    def heir(self, name: str) -> Served | None:
        """Give what an alias of a name leads to, though the name itself is served as well."""
        model = self._aliases.get(name)
        return None if model is None or model == name else self._serving(name, model)

    def known(self, name: str) -> Profile | None:
        """Give what any profile file says of a model of that name, served here or not."""
        found = (facts.exact(name) for facts in self._profiles.values())
        return next((profile for profile in found if profile is not None), None)

    def aliases(self) -> Mapping[str, str]:
        """Give every alias and the model it stands for."""
        return self._aliases

    def find(self, name: str) -> Served | None:
        """Resolve a public name; None when nothing here serves it."""
        # Asked several times for every request; only names that are served are remembered.
        served = self._found.get(name) or self._find(name)
        if served is not None:
            self._found[name] = served
        return served

    def _find(self, name: str) -> Served | None:
        model = name if name in self._by_model else self._aliases.get(name, name)
        return self._serving(name, model)

    def _serving(self, name: str, model: str) -> Served | None:
        offers: list[Offer] = []
        for channel in self._by_model.get(model, ()):
            profile = self.profile(channel, model)
            if profile is not None:
                offers.append(Offer(channel, profile, ends_at(profile.sunset)))
        if not offers:
            return None
        ends = min((offer.ends_at for offer in offers if offer.ends_at is not None), default=None)
        return Served(name, model, self._by_model[model], offers[0].profile, tuple(offers), ends)

    def resolve(self, name: str) -> Served:
        """Resolve a public name.

        Raises CallerError `not_found` naming `model` when nothing here serves it.
        """
        served = self.find(name)
        if served is None:
            known = ", ".join(f"`{n}`" for n, _ in self.names()) or "none"
            raise refuse(
                Code.NOT_FOUND, f"The model `{name}` does not exist here. Models: {known}.", param="model"
            )
        return served


def _priced(profile: Profile, own: Price) -> Profile:
    """Give a profile with what the channel's operator really pays."""
    per_second = profile.price_per_second if own.per_second is None else own.per_second
    per_clip = profile.price_per_clip if own.per_clip is None else own.per_clip
    return msgspec.structs.replace(profile, price_per_second=per_second, price_per_clip=per_clip)
