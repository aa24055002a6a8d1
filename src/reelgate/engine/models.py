"""The models of this installation as a caller may ask for them."""

from __future__ import annotations

import msgspec

from reelgate.core.profile import Profile
from reelgate.engine.context import Context


class ModelCard(msgspec.Struct, frozen=True, kw_only=True):
    """One public name: what serves it and what that can do."""

    id: str
    alias_of: str | None
    channels: tuple[str, ...]
    """Names of the channels, for operators."""
    provider: str
    profile: Profile


def catalogue(ctx: Context) -> list[ModelCard]:
    """List every name that can be asked for."""
    cards = (card(ctx, name) for name, _ in ctx.channels.names())
    return [c for c in cards if c is not None]


def card(ctx: Context, name: str) -> ModelCard | None:
    """Give one public name's card; None when nothing serves it."""
    served = ctx.channels.find(name)
    if served is None:
        return None
    return ModelCard(
        id=name,
        alias_of=served.alias_of,
        channels=tuple(c.name for c in served.channels),
        provider=served.profile.provider,
        profile=served.profile,
    )
