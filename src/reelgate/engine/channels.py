"""The channels, aliases and profiles of this installation as one snapshot, reloaded when rows change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from reelgate.core.dialect import Channel
from reelgate.core.errors import Code, refuse
from reelgate.core.profile import Profile, Profiles
from reelgate.core.retire import ends_at
from reelgate.store import channels as channel_rows
from reelgate.store.backend import Backend
from reelgate.telemetry import hide


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


class ChannelTable:
    """Answers which channel serves what. A name served directly wins over an alias of the same name."""

    def __init__(self, profiles: Mapping[str, Profiles]) -> None:
        self._profiles = profiles
        self._channels: dict[str, Channel] = {}
        self._aliases: dict[str, str] = {}
        self._learned: Mapping[tuple[str, str], Profile] = {}
        self._by_model: dict[str, tuple[Channel, ...]] = {}
        self._found: dict[str, Served] = {}
        self.version = 0
        """Grows when something changed."""

    async def reload(self, backend: Backend) -> None:
        """Read channels and aliases anew."""
        rows = await backend.point(channel_rows.all_channels)
        aliases = await backend.point(channel_rows.all_aliases)
        learned = await backend.point(channel_rows.learned)
        if rows != self.all() or aliases != self._aliases or learned != self._learned:
            self._learned = learned
            self.replace(rows, aliases)

    def replace(self, rows: Iterable[Channel], aliases: Mapping[str, str]) -> None:
        """Take over a new set of channels and aliases."""
        self._channels = {c.id: c for c in rows}
        hide(channel.secret for channel in self._channels.values())
        self._aliases = dict(aliases)
        self.version += 1
        by_model: dict[str, list[Channel]] = {}
        for channel in self._channels.values():
            if channel.enabled and channel.dialect in self._profiles:
                for model in channel.models:
                    by_model.setdefault(model, []).append(channel)
        self._found = {}
        self._by_model = {
            model: tuple(sorted(group, key=lambda c: (-c.priority, -c.weight, c.name)))
            for model, group in by_model.items()
        }

    def get(self, channel_id: str) -> Channel | None:
        """Give a channel by id, enabled or not."""
        return self._channels.get(channel_id)

    def all(self) -> list[Channel]:
        """List every channel."""
        return list(self._channels.values())

    def usable(self, channel_id: str) -> bool:
        """Tell whether a task may be sent on a channel now."""
        channel = self._channels.get(channel_id)
        return channel is not None and channel.enabled

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
        return None if upstream is None else self._facts(channel, upstream)

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
