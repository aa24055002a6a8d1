"""Keys of a channel and what its callbacks are signed with: written here, never shown."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from reelgate.api.admin.channels import Name, Secret, found, sealed
from reelgate.api.answers import Deleted, Json
from reelgate.api.door import Asked, Operation
from reelgate.api.queries import missing, path_id
from reelgate.api.shapes import body_of, shape_of
from reelgate.core.dialect import Channel, Verifies
from reelgate.core.envelope import CannotOpen
from reelgate.core.errors import Code, refuse
from reelgate.engine import callbacks, operate, standing
from reelgate.engine.standing import KeyCard
from reelgate.store import callbacks as callback_rows
from reelgate.store.channel_keys import ChannelKey

SecretGiven = Annotated[Secret, Meta(min_length=1)]


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One more key of a channel."""

    name: Name
    secret: SecretGiven


class ChangedKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What changes about a key; either forgets what the upstream held against it."""

    secret: SecretGiven | None = None
    enabled: bool | None = None


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """Every key of a channel."""

    data: tuple[KeyCard, ...]
    object: str = "list"


class Callbacks(msgspec.Struct, frozen=True, kw_only=True):
    """Where a channel's upstream may call back."""

    address: str | None
    """None while nobody outside can reach this installation: `public_url` is not set."""
    upstream_signs: bool
    signature_checked: bool


class SigningSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a channel's callbacks are signed with; null checks signatures no more."""

    secret: Secret | None


async def _keys(asked: Asked, channel: Channel) -> tuple[KeyCard, ...]:
    return (await standing.card(asked.ctx, channel)).keys


async def page(asked: Asked) -> Response:
    """List a channel's keys and how each stands."""
    return Json(Keys(data=await _keys(asked, await found(asked))))


async def add(asked: Asked) -> Response:
    """Give a channel one more key."""
    given = await asked.door.bodies.typed(asked.request, NewKey)
    channel = await found(asked)
    try:
        key = await operate.add_key(asked.ctx, channel.id, given.name, given.secret.strip())
    except CannotOpen as reason:
        raise sealed(reason) from reason
    return Json(await _card(asked, channel, key), status_code=201)


async def change(asked: Asked) -> Response:
    """Give a key another secret, or switch it on or off."""
    given = await asked.door.bodies.typed(asked.request, ChangedKey)
    channel, key = await _key(asked)
    secret = None if given.secret is None else given.secret.strip()
    try:
        await operate.change_key(asked.ctx, key, secret=secret, enabled=given.enabled)
    except CannotOpen as reason:
        raise sealed(reason) from reason
    return Json(await _card(asked, channel, key))


async def remove(asked: Asked) -> Response:
    """Wipe a key; refused while unfinished tasks were sent with it, unless `force` says so."""
    _, key = await _key(asked)
    force = asked.request.query_params.get("force") in ("true", "1")
    using = await operate.remove_key(asked.ctx, key, force=force)
    if using and not force:
        raise refuse(
            Code.NOT_READY,
            f"{using} unfinished task(s) were sent with key `{key.name}`. Switch it off and wait, or use `force=true`.",
            param="force",
        )
    return Json(Deleted(id=key.id, object="channel.key"))


async def _key(asked: Asked) -> tuple[Channel, ChannelKey]:
    channel = await found(asked)
    key_id = path_id(asked.request, "key_id", "ckey", "key")
    for key in await operate.keys_of(asked.ctx, channel.id):
        if key.id == key_id:
            return channel, key
    raise missing("key", key_id)


async def _card(asked: Asked, channel: Channel, key: ChannelKey) -> KeyCard:
    return next(card for card in await _keys(asked, channel) if card.id == key.id)


async def heard(asked: Asked) -> Response:
    """Say where a channel's upstream may call back."""
    return Json(await _callbacks(asked, await found(asked)))


async def sign(asked: Asked) -> Response:
    """Keep what a channel's callbacks are signed with."""
    given = await asked.door.bodies.typed(asked.request, SigningSecret)
    channel = await found(asked)
    try:
        await callbacks.sign_with(asked.ctx, channel.id, (given.secret or "").strip())
    except CannotOpen as reason:
        raise sealed(reason) from reason
    return Json(await _callbacks(asked, channel))


async def _callbacks(asked: Asked, channel: Channel) -> Callbacks:
    ctx = asked.ctx
    signs = isinstance(ctx.dialects.get(channel.dialect), Verifies)
    kept = await ctx.backend.point(lambda conn: callback_rows.secret_of(conn, channel.id))
    return Callbacks(
        address=ctx.callbacks.address(channel),
        upstream_signs=signs,
        signature_checked=signs and kept is not None,
    )


_ALL: Final = "/api/admin/channels/{channel_id}/keys"
_ONE: Final = f"{_ALL}/{{key_id}}"
_HEARD: Final = "/api/admin/channels/{channel_id}/callbacks"
_KEY: Final = shape_of(KeyCard)

OPERATIONS: Final = (
    Operation(
        method="GET",
        path=_ALL,
        handler=page,
        summary="List a channel's keys",
        tag="admin",
        shape=shape_of(Keys),
    ),
    Operation(
        method="POST",
        path=_ALL,
        handler=add,
        summary="Give a channel one more key",
        tag="admin",
        body=body_of(NewKey),
        shape=_KEY,
        status=201,
    ),
    Operation(
        method="PATCH",
        path=_ONE,
        handler=change,
        summary="Change a channel's key",
        tag="admin",
        body=body_of(ChangedKey),
        shape=_KEY,
    ),
    Operation(
        method="DELETE",
        path=_ONE,
        handler=remove,
        summary="Wipe a channel's key",
        tag="admin",
        query=("force",),
        shape=shape_of(Deleted),
    ),
    Operation(
        method="GET",
        path=_HEARD,
        handler=heard,
        summary="Say where a channel's upstream may call back",
        tag="admin",
        shape=shape_of(Callbacks),
    ),
    Operation(
        method="PUT",
        path=_HEARD,
        handler=sign,
        summary="Keep what a channel's callbacks are signed with",
        tag="admin",
        body=body_of(SigningSecret),
        shape=shape_of(Callbacks),
    ),
)
