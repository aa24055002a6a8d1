"""The models of this installation as a caller may ask for them, and how they compare with their upstreams' lists."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Final, Literal

import msgspec

from reelgate.core.catalogue import Difference, Kind, compare
from reelgate.core.dialect import CatalogueModel, Channel, Discovers
from reelgate.core.profile import Profile
from reelgate.core.retire import Heir, Sunset, heirs, sunset_of
from reelgate.engine import route
from reelgate.engine.channels import Served
from reelgate.engine.context import Context
from reelgate.engine.drive import drive
from reelgate.store import channels as channel_rows
from reelgate.store import durations as duration_rows
from reelgate.telemetry import log

ENOUGH: Final = 5
"""How many finished clips of a model it takes to speak of how long they take here."""
ASKED_AT_ONCE: Final = 4


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One public name: what serves it and what that can do."""

    id: str
    alias_of: str | None
    channels: tuple[str, ...]
    """Names of the channels, for operators."""
    provider: str
    profile: Profile
    sunset: Sunset | None = None
    """When its last channel loses it; None while one of them is not known to."""


class UsualTime(msgspec.Struct, frozen=True, kw_only=True):
    """How many seconds a model takes from asking to the finished clip."""

    p50: float
    p90: float | None
    """None where only the profile's one figure is known."""
    source: Literal["measured", "profile"]
    """Whether it was measured on this installation."""
    clips: int
    """How many finished clips it was measured on."""


def catalogue(ctx: Context) -> list[ModelCard]:
    """List every name that can be asked for now."""
    cards = (card(ctx, name) for name, _ in ctx.channels.names())
    return [c for c in cards if c is not None]


def card(ctx: Context, name: str) -> ModelCard | None:
    """Give one public name's card; None when nothing serves it any more."""
    served = ctx.channels.find(name)
    living = None if served is None else route.alive(ctx, served)
    if living is None:
        living = route.heir(ctx, name)
    return None if living is None else _card(ctx, name, living)


def _card(ctx: Context, name: str, served: Served) -> ModelCard:
    return ModelCard(
        id=name,
        alias_of=served.alias_of,
        channels=tuple(o.channel.name for o in served.offers),
        provider=served.profile.provider,
        profile=served.profile,
        sunset=_sunset(ctx, served),
    )


def _sunset(ctx: Context, served: Served) -> Sunset | None:
    """Say when a model is gone: with the last of its channels."""
    days = [offer.profile.sunset for offer in served.offers if offer.ends_at is not None]
    if not days or len(days) < len(served.offers):
        return None
    return sunset_of(max(day for day in days if day is not None), ctx.clock.now_ms())


def sunset_of_name(ctx: Context, name: str) -> Sunset | None:
    """Say when a name that is asked for ends; costs next to nothing for one that has no end."""
    served = ctx.channels.find(name)
    if served is None or served.ends_at is None:
        return None
    found = card(ctx, name)
    return None if found is None else found.sunset


async def usual_times(ctx: Context, cards: Iterable[ModelCard]) -> dict[str, UsualTime]:
    """Give by public name how long each model takes: as measured here, else what its profile says."""
    models = {c.id: c.alias_of or c.id for c in cards}
    profiles = {c.id: c.profile for c in cards}
    took = await ctx.backend.read(
        lambda conn: {model: duration_rows.took(conn, model) for model in set(models.values())}
    )
    return {name: _usual(took[model], profiles[name]) for name, model in models.items()}


def _usual(took_ms: list[int], profile: Profile) -> UsualTime:
    p50, p90 = duration_rows.quantile(took_ms, 0.5), duration_rows.quantile(took_ms, 0.9)
    if len(took_ms) < ENOUGH or p50 is None or p90 is None:
        return UsualTime(p50=float(profile.usual_seconds), p90=None, source="profile", clips=len(took_ms))
    return UsualTime(p50=p50 / 1000, p90=p90 / 1000, source="measured", clips=len(took_ms))


# What ends, and what could follow it.


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """A model on a channel that ends or has ended."""

    model: str
    upstream_model: str
    channel: str
    sunset: Sunset
    alias: str | None
    """The model an operator's alias leads to from then on."""
    heirs: tuple[Heir, ...]
    """Living models that could take its place, the best first."""


def endings(ctx: Context) -> list[Ending]:
    """List every model whose end is known, the soonest first."""
    now = ctx.clock.now_ms()
    living = [(c.id, c.profile) for c in catalogue(ctx) if c.alias_of is None]
    found: list[Ending] = []
    for name, model in ctx.channels.names():
        served = ctx.channels.find(name) if name == model else None
        for offer in () if served is None else served.offers:
            sunset = sunset_of(offer.profile.sunset, now)
            if sunset is None:
                continue
            following = route.heir(ctx, name)
            others = [(n, p) for n, p in living if n != name and p.sunset is None]
            found.append(
                Ending(
                    model=name,
                    upstream_model=offer.channel.models[model],
                    channel=offer.channel.name,
                    sunset=sunset,
                    alias=None if following is None else following.model,
                    heirs=tuple(heirs(offer.profile, others)[: route.SUGGESTED]),
                )
            )
    return sorted(found, key=lambda e: (e.sunset.ends_at, e.model, e.channel))


async def warn_of_endings(ctx: Context) -> None:
    """Log every model that ends soon or has ended, with what could follow it."""
    for one in endings(ctx):
        if one.sunset.state != "announced":
            log.warning(
                "model_ended" if one.sunset.state == "ended" else "model_ending",
                model=one.model,
                channel=one.channel,
                day=one.sunset.day,
                days_left=one.sunset.days_left,
                instead=one.alias or ", ".join(heir.model for heir in one.heirs) or None,
            )


# What the upstreams say.


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """How one channel's models compare with its upstream's own list."""

    channel: str
    dialect: str
    state: Literal["compared", "no_list", "nothing_usable", "broke"]
    """`no_list`: this upstream offers none. `nothing_usable`: it answered nothing that could be read."""
    listed: int = 0
    """How many models the upstream lists."""
    differences: tuple[Difference, ...] = ()
    learned: tuple[str, ...] = ()
    """Models whose facts were taken over from the upstream."""

    @property
    def sound(self) -> bool:
        """Whether nothing a caller would notice is wrong."""
        return self.state != "broke" and all(d.kind is Kind.NEW for d in self.differences)


async def diagnose(ctx: Context, channels: Sequence[Channel], *, learn: bool = False) -> list[Diagnosis]:
    """Compare channels with their upstreams' lists of models; with `learn`, keep what no profile file says.

    Costs nothing: only lists are read.
    """
    turns = asyncio.Semaphore(ASKED_AT_ONCE)

    async def one(channel: Channel) -> Diagnosis:
        async with turns:
            return await _diagnose(ctx, channel, learn=learn)

    found = list(await asyncio.gather(*(one(channel) for channel in channels)))
    if any(diagnosis.learned for diagnosis in found):
        await ctx.channels.reload(ctx.backend)
    return found


async def _diagnose(ctx: Context, channel: Channel, *, learn: bool) -> Diagnosis:
    dialect = ctx.dialects.get(channel.dialect)
    if not isinstance(dialect, Discovers):
        return Diagnosis(channel=channel.name, dialect=channel.dialect, state="no_list")
    try:
        listed = await drive(ctx, dialect.discover(channel), channel)
    except Exception:  # noqa: BLE001 - a look at one upstream must not keep the others from being looked at
        log.exception("discover_broke", channel=channel.name)
        return Diagnosis(channel=channel.name, dialect=channel.dialect, state="broke")
    if not listed:
        return Diagnosis(channel=channel.name, dialect=channel.dialect, state="nothing_usable")
    known = {public: ctx.channels.profile(channel, public) for public in channel.models}
    exact = ctx.profiles[channel.dialect].exact
    return Diagnosis(
        channel=channel.name,
        dialect=channel.dialect,
        state="compared",
        listed=len(listed),
        differences=tuple(compare(channel.models, known, listed, lambda name: exact(name) is not None)),
        learned=await _learn(ctx, channel, listed) if learn else (),
    )


async def _learn(ctx: Context, channel: Channel, listed: Sequence[CatalogueModel]) -> tuple[str, ...]:
    """Keep what the upstream says of the channel's models that no profile file names."""
    exact = ctx.profiles[channel.dialect].exact
    served = set(channel.models.values())
    new = [m.profile for m in listed if m.profile is not None and m.name in served and exact(m.name) is None]
    now = ctx.clock.now_ms()
    for profile in new:
        await ctx.backend.write(lambda conn, p=profile: channel_rows.learn(conn, channel.id, p, now))
    return tuple(profile.name for profile in new)
