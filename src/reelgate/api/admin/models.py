"""Models as their operator sees them: by whom each is served, which end, what stands for what."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from reelgate.api import cards, noting
from reelgate.api.answered import Ends, Model
from reelgate.api.answers import Deleted, Json
from reelgate.api.door import Asked, Operation
from reelgate.api.queries import missing
from reelgate.api.shapes import body_of, shape_of
from reelgate.core.dialect import Channel
from reelgate.core.errors import Code, refuse
from reelgate.core.retire import Heir, Sunset
from reelgate.engine import aliases
from reelgate.engine.models import (
    Diagnosis,
    Ending,
    card,
    catalogue,
    diagnose,
    endings,
    sunset_of_name,
    usual_times,
)
from reelgate.engine.route import fitting, suggestions

_NAME_MAX: Final = 200


class OperatedModel(Model, frozen=True):
    """A model as its operator sees it."""

    channels: list[str]
    """Names of the channels that serve it."""


class ShownEnding(msgspec.Struct, frozen=True, kw_only=True):
    """A model on a channel that ends or has ended."""

    model: str
    upstream_model: str
    channel: str
    sunset: Ends
    alias: str | None
    """The model an alias leads to from then on."""
    heirs: tuple[Heir, ...]


class OperatedModels(msgspec.Struct, frozen=True, kw_only=True):
    """Every model, and everything that ends, the soonest first."""

    data: list[OperatedModel]
    endings: list[ShownEnding]


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A name that stands for a model."""

    name: str
    model: str
    served: bool
    """Whether anything serves it now."""
    own: bool
    """Whether a model of that very name is served here, which goes first until it has ended."""
    sunset: Sunset | None
    """When the model it stands for ends."""
    object: str = "alias"


class Aliases(msgspec.Struct, frozen=True, kw_only=True):
    """Every alias, by name."""

    data: list[Alias]
    object: str = "list"


class NewAlias(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a name stands for from now on."""

    model: Annotated[str, Meta(min_length=1, max_length=_NAME_MAX)]


class Suggested(msgspec.Struct, frozen=True, kw_only=True):
    """Which living models could stand in for a name, the best first."""

    name: str
    alias_of: str | None
    suggestions: list[str]
    heirs: list[Heir]
    """The same with how much each can do of what is wanted, and what it cannot."""


class Asking(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which channels' upstreams are asked for their models."""

    channels: list[str] | None = None
    """Ids; none names all."""
    learn: bool = False
    """Whether to keep what upstreams say of models that no profile file knows."""


class Doctor(msgspec.Struct, frozen=True, kw_only=True):
    """How the models here compare with what their upstreams list, and what ends."""

    sound: bool
    channels: list[Diagnosis]
    endings: list[Ending]


async def page(asked: Asked) -> Response:
    """List every model, its channels, and everything that ends."""
    found = catalogue(asked.ctx)
    usual = await usual_times(asked.ctx, found)
    data = [{**cards.model(one, usual[one.id]), "channels": list(one.channels)} for one in found]
    return Json({"data": data, "endings": [_ending(one) for one in endings(asked.ctx)]})


def _ending(one: Ending) -> dict[str, Any]:
    return {
        "model": one.model,
        "upstream_model": one.upstream_model,
        "channel": one.channel,
        "sunset": cards.sunset(one.sunset),
        "alias": one.alias,
        "heirs": msgspec.to_builtins(one.heirs),
    }


async def doctor(asked: Asked) -> Response:
    """Compare models with what their upstreams list; only lists are read."""
    given = await asked.door.bodies.typed(asked.request, Asking)
    found = await diagnose(asked.ctx, _channels(asked, given.channels), learn=given.learn)
    sound = all(one.sound for one in found)
    return Json(Doctor(sound=sound, channels=found, endings=endings(asked.ctx)))


def _channels(asked: Asked, wanted: list[str] | None) -> list[Channel]:
    every = {channel.id: channel for channel in asked.ctx.channels.all()}
    for channel_id in wanted or ():
        if channel_id not in every:
            raise missing("channel", channel_id)
    return list(every.values()) if wanted is None else [every[channel_id] for channel_id in wanted]


def _alias(asked: Asked, name: str, model: str) -> Alias:
    direct = asked.ctx.channels.find(name)
    return Alias(
        name=name,
        model=model,
        served=card(asked.ctx, name) is not None,
        own=direct is not None and direct.alias_of is None,
        sunset=sunset_of_name(asked.ctx, model),
    )


def _name(asked: Asked) -> str:
    name = asked.path("name")
    if not name.strip() or len(name) > _NAME_MAX:
        raise refuse(Code.INVALID_REQUEST, f"`name` must have 1 to {_NAME_MAX} characters.", param="name")
    return name


async def alias_page(asked: Asked) -> Response:
    """List every alias."""
    found = asked.ctx.channels.aliases()
    return Json(Aliases(data=[_alias(asked, name, model) for name, model in sorted(found.items())]))


async def put_alias(asked: Asked) -> Response:
    """Let a name stand for a living model."""
    given = await asked.door.bodies.typed(asked.request, NewAlias)
    name = _name(asked)
    known = asked.ctx.channels.aliases().get(name)
    if known is not None:
        noting.before(asked, {"model": known})
    await aliases.put(asked.ctx, name, given.model)
    return Json(_alias(asked, name, asked.ctx.channels.aliases()[name]))


async def remove_alias(asked: Asked) -> Response:
    """Forget an alias."""
    name = _name(asked)
    if not await aliases.remove(asked.ctx, name):
        raise missing("alias", name)
    return Json(Deleted(id=name, object="alias"))


async def suggest(asked: Asked) -> Response:
    """Say which living models could stand in for a name."""
    name = _name(asked)
    known = asked.ctx.channels.aliases().get(name)
    return Json(
        Suggested(
            name=name,
            alias_of=known,
            suggestions=suggestions(asked.ctx, name),
            heirs=fitting(asked.ctx, name),
        )
    )


_ALIASES: Final = "/api/admin/aliases"
_ALIAS: Final = f"{_ALIASES}/{{name}}"

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/admin/models",
        handler=page,
        summary="List models with their channels and what ends",
        tag="admin",
        shape=shape_of(OperatedModels),
    ),
    Operation(
        method="POST",
        path="/api/admin/models/doctor",
        handler=doctor,
        summary="Compare models with what their upstreams list",
        tag="admin",
        body=body_of(Asking),
        shape=shape_of(Doctor),
    ),
    Operation(
        method="GET",
        path=_ALIASES,
        handler=alias_page,
        summary="List aliases",
        tag="admin",
        shape=shape_of(Aliases),
    ),
    Operation(
        method="PUT",
        path=_ALIAS,
        handler=put_alias,
        summary="Let a name stand for a model",
        tag="admin",
        body=body_of(NewAlias),
        shape=shape_of(Alias),
    ),
    Operation(
        method="DELETE",
        path=_ALIAS,
        handler=remove_alias,
        summary="Forget an alias",
        tag="admin",
        shape=shape_of(Deleted),
    ),
    Operation(
        method="GET",
        path=f"{_ALIAS}/suggestions",
        handler=suggest,
        summary="Say which models could stand in for a name",
        tag="admin",
        shape=shape_of(Suggested),
    ),
)
