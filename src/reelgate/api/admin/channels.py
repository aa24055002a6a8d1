"""Channels for their operator: what there is, how it stands, and changing it. Secrets come in here and never out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType
from starlette.responses import Response

from reelgate.api import noting
from reelgate.api.answers import Deleted, Json
from reelgate.api.door import Asked, Operation
from reelgate.api.queries import missing, path_id
from reelgate.api.shapes import body_of, shape_of
from reelgate.core import money
from reelgate.core.dialect import Channel, Price
from reelgate.core.envelope import CannotOpen
from reelgate.core.errors import Code, refuse
from reelgate.engine import operate, probe, standing
from reelgate.engine.operate import Switch
from reelgate.engine.standing import ChannelCard
from reelgate.store import channels as channel_rows

Name = Annotated[str, Meta(min_length=1, max_length=80, pattern=r"^\S(.*\S)?$")]
Models = Annotated[
    dict[str, str],
    Meta(min_length=1, max_length=500, description="Public model name to the upstream's name for it."),
]
Amount = Annotated[
    str, Meta(max_length=20, description="Such as `0.10`, in the currency of the model's profile.")
]
Secret = Annotated[str, Meta(max_length=100_000, description="Written once and never shown.")]
Address = Annotated[str, Meta(max_length=2_048)]
AtOnce = Annotated[int, Meta(ge=1, le=10_000)]
Seconds = Annotated[float, Meta(ge=0.1, le=3_600)]
Rank = Annotated[int, Meta(ge=-1_000_000, le=1_000_000)]
Weight = Annotated[int, Meta(ge=0, le=1_000_000)]


class OwnPrice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a model costs here, where that is not what its profile says."""

    per_second: Amount | None = None
    per_clip: Amount | None = None


class NewChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A channel to connect."""

    name: Name
    dialect: str
    models: Models
    base_url: Address = ""
    secret: Secret = ""
    settings: dict[str, Any] = {}
    concurrency: AtOnce = 4
    poll_policy: str | None = None
    poll_seconds: Seconds | None = None
    self_hosted: bool = False
    priority: Rank = 0
    weight: Weight = 1
    prices: dict[str, OwnPrice] = {}
    enabled: bool = True


class ChangedChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes about a channel; what is not named stays, and objects are taken whole."""

    name: Name | UnsetType = UNSET
    base_url: Address | UnsetType = UNSET
    models: Models | UnsetType = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    concurrency: AtOnce | UnsetType = UNSET
    poll_policy: str | UnsetType | None = UNSET
    poll_seconds: Seconds | UnsetType | None = UNSET
    self_hosted: bool | UnsetType = UNSET
    priority: Rank | UnsetType = UNSET
    weight: Weight | UnsetType = UNSET
    prices: dict[str, OwnPrice] | UnsetType = UNSET
    secret: Secret | UnsetType = UNSET
    """Takes the place of the first key."""


class ShownChannel(ChannelCard, frozen=True, kw_only=True):
    """A channel as it is shown; prices are texts, as everywhere outside."""

    prices: Mapping[str, OwnPrice]  # pyright: ignore[reportIncompatibleVariableOverride]
    object: str = "channel"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Every channel, by name."""

    data: list[ShownChannel]
    object: str = "list"


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What a test came to; nothing was paid for."""

    works: bool
    report: probe.Report
    clip: Offered | None
    """What a paid test would make; `reelgate channels test --paid` makes it, once its price was confirmed."""


class Offered(msgspec.Struct, frozen=True, kw_only=True):
    """A clip that a paid test would make, and what it would cost."""

    model: str
    seconds: int
    cost: str
    currency: str


def _shown(card: ChannelCard) -> ShownChannel:
    told = {name: getattr(card, name) for name in ChannelCard.__struct_fields__}
    told["prices"] = {
        model: OwnPrice(
            per_second=None if price.per_second is None else money.show(price.per_second),
            per_clip=None if price.per_clip is None else money.show(price.per_clip),
        )
        for model, price in card.prices.items()
    }
    return ShownChannel(**told)


def _prices(given: Mapping[str, OwnPrice]) -> dict[str, Price]:
    found: dict[str, Price] = {}
    for model, price in given.items():
        amounts = {name: getattr(price, name) for name in ("per_second", "per_clip")}
        read = {name: None if text is None else money.read(text) for name, text in amounts.items()}
        for name, text in amounts.items():
            if text is not None and read[name] is None:
                at = f"prices.{model}.{name}"
                raise refuse(Code.INVALID_REQUEST, f"`{at}` must be an amount such as `0.10`.", param=at)
        found[model] = Price(**read)
    return found


async def found(asked: Asked) -> Channel:
    """Give the channel that the address names.

    Raises CallerError `not_found` when there is none.
    """
    channel_id = path_id(asked.request, "channel_id", "chan", "channel")
    for channel in await asked.ctx.backend.read(channel_rows.all_channels):
        if channel.id == channel_id:
            return channel
    raise missing("channel", channel_id)


def sealed(reason: CannotOpen) -> Exception:
    """Build the refusal of a secret that cannot be kept, because the master key is not here."""
    return refuse(
        Code.PERMISSION_OR_CHANNEL, f"Secrets cannot be kept now: {reason}. Put the master key back."
    )


async def page(asked: Asked) -> Response:
    """List every channel."""
    channels = await asked.ctx.backend.read(channel_rows.all_channels)
    return Json(Page(data=[_shown(card) for card in await standing.cards(asked.ctx, channels)]))


async def create(asked: Asked) -> Response:
    """Connect an account."""
    given = await asked.door.bodies.typed(asked.request, NewChannel)
    ctx = asked.ctx
    fields = {name: getattr(given, name) for name in NewChannel.__struct_fields__ if name != "secret"}
    fields["prices"] = _prices(given.prices)
    channel = Channel(id=ctx.ids.new("chan"), **fields)
    try:
        await operate.connect(ctx, channel, given.secret.strip())
    except CannotOpen as reason:
        raise sealed(reason) from reason
    return Json(_shown(await standing.card(ctx, channel)), status_code=201)


async def retrieve(asked: Asked) -> Response:
    """Give one channel."""
    return Json(_shown(await standing.card(asked.ctx, await found(asked))))


async def change(asked: Asked) -> Response:
    """Change a channel."""
    given = await asked.door.bodies.typed(asked.request, ChangedChannel)
    ctx, channel = asked.ctx, await found(asked)
    changes = {name: getattr(given, name) for name in ChangedChannel.__struct_fields__}
    changes = {name: value for name, value in changes.items() if value is not UNSET}
    secret = changes.pop("secret", None)
    if "prices" in changes:
        changes["prices"] = _prices(changes["prices"])
    noting.before(asked, {name: msgspec.to_builtins(getattr(channel, name)) for name in changes})
    changed = msgspec.structs.replace(channel, **changes)
    if not await operate.change(ctx, changed):
        raise missing("channel", channel.id)
    if secret:
        try:
            await operate.give_secret(ctx, channel.id, secret.strip())
        except CannotOpen as reason:
            raise sealed(reason) from reason
    return Json(_shown(await standing.card(ctx, changed)))


async def remove(asked: Asked) -> Response:
    """Forget a channel and wipe its keys; refused while unfinished tasks go there."""
    ctx, channel = asked.ctx, await found(asked)
    busy = (await standing.card(ctx, channel)).open_tasks
    if busy:
        raise refuse(
            Code.NOT_READY, f"`{channel.name}` has {busy} unfinished task(s). Drain it and wait for them."
        )
    await operate.remove(ctx, channel.id)
    return Json(Deleted(id=channel.id, object="channel"))


async def _switched(asked: Asked, to: Switch) -> Response:
    changed = await operate.switch(asked.ctx, await found(asked), to)
    return Json(_shown(await standing.card(asked.ctx, changed)))


async def drain(asked: Asked) -> Response:
    """Give a channel nothing new, and follow what it has to its end."""
    return await _switched(asked, Switch.DRAINING)


async def pause(asked: Asked) -> Response:
    """Have no call made on a channel until it is resumed."""
    return await _switched(asked, Switch.DISABLED)


async def resume(asked: Asked) -> Response:
    """Let a channel take tasks, and forget what kept it from them."""
    return await _switched(asked, Switch.ENABLED)


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel and its keys stand."""

    usable: bool
    switch: Switch
    health: standing.HealthCard
    quota: standing.QuotaCard | None
    keys: tuple[standing.KeyCard, ...]
    open_tasks: int


async def health(asked: Asked) -> Response:
    """Say how a channel and each of its keys stand."""
    card = await standing.card(asked.ctx, await found(asked))
    return Json(Health(**{name: getattr(card, name) for name in Health.__struct_fields__}))


async def test(asked: Asked) -> Response:
    """Try a channel: its address, each key, its list of models; nothing is paid for."""
    ctx, channel = asked.ctx, await found(asked)
    await ctx.channels.reload(ctx.backend)
    report = await probe.probe(ctx, channel)
    one = probe.offer(ctx, channel)
    clip = None
    if one is not None:
        cost = money.show(one.cost)
        clip = Offered(model=one.model, seconds=one.request.seconds, cost=cost, currency=one.currency)
    return Json(Trial(works=report.works, report=report, clip=clip))


_ALL: Final = "/api/admin/channels"
_ONE: Final = f"{_ALL}/{{channel_id}}"
_CHANNEL: Final = shape_of(ShownChannel)


def _switch(word: str, handler: Any, summary: str) -> Operation:
    return Operation(
        method="POST", path=f"{_ONE}/{word}", handler=handler, summary=summary, tag="admin", shape=_CHANNEL
    )


OPERATIONS: Final = (
    Operation(
        method="GET", path=_ALL, handler=page, summary="List channels", tag="admin", shape=shape_of(Page)
    ),
    Operation(
        method="POST",
        path=_ALL,
        handler=create,
        summary="Connect a channel",
        tag="admin",
        body=body_of(NewChannel),
        shape=_CHANNEL,
        status=201,
    ),
    Operation(
        method="GET", path=_ONE, handler=retrieve, summary="Retrieve a channel", tag="admin", shape=_CHANNEL
    ),
    Operation(
        method="PATCH",
        path=_ONE,
        handler=change,
        summary="Change a channel",
        tag="admin",
        body=body_of(ChangedChannel),
        shape=_CHANNEL,
    ),
    Operation(
        method="DELETE",
        path=_ONE,
        handler=remove,
        summary="Remove a channel",
        tag="admin",
        shape=shape_of(Deleted),
    ),
    _switch("drain", drain, "Give a channel nothing new"),
    _switch("pause", pause, "Have no call made on a channel"),
    _switch("resume", resume, "Let a channel take tasks"),
    Operation(
        method="GET",
        path=f"{_ONE}/health",
        handler=health,
        summary="Say how a channel stands",
        tag="admin",
        shape=shape_of(Health),
    ),
    Operation(
        method="POST",
        path=f"{_ONE}/test",
        handler=test,
        summary="Try a channel without paying",
        tag="admin",
        shape=shape_of(Trial),
    ),
)
