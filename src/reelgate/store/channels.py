"""Channels and aliases: where a model's tasks may go. What a channel's keys are lies in `channel_keys`."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.dialect import Channel, Price
from reelgate.core.profile import Profile
from reelgate.store import channel_health, channel_keys, channel_quotas, jsontext
from reelgate.store.rows import named, names_of
from reelgate.store.tables import aliases, channels, learned_profiles
from reelgate.store.upsert import Upsert

_FIELDS: Final = tuple(name for name in names_of(Channel) if name not in ("secret", "key_id"))
_COLUMNS: Final = tuple(channels.c[name] for name in _FIELDS)
_models = msgspec.json.Decoder(dict[str, str])
_prices = msgspec.json.Decoder(dict[str, Price])
_settings = msgspec.json.Decoder(dict[str, Any])
_profiles = msgspec.json.Decoder(Profile)

_living = channels.c.deleted_at.is_(None)
_INSERT: Final = insert_into(channels)
_ALL: Final = select(*_COLUMNS).where(_living).order_by(channels.c.name)
_BY_NAME: Final = select(*_COLUMNS).where(_living, channels.c.name == bindparam("name"))
_GET: Final = select(*_COLUMNS).where(channels.c.id == bindparam("channel_id"))
_UPDATE: Final = (
    update(channels)
    .where(channels.c.id == bindparam("b_id"), _living)
    .values({name: bindparam(f"v_{name}") for name in (*_FIELDS, "updated_at") if name != "id"})
)
_REMOVE: Final = (
    update(channels)
    .where(channels.c.id == bindparam("b_id"), _living)
    .values(deleted_at=bindparam("now"), updated_at=bindparam("now"), enabled=False)
)
_ALIASES: Final = select(aliases.c.name, aliases.c.model).order_by(aliases.c.name)
_PUT_ALIAS: Final = Upsert(aliases, ("name",), change=lambda new: {"model": new.model})
_REMOVE_ALIAS: Final = delete(aliases).where(aliases.c.name == bindparam("b_name"))
_LEARNED: Final = (
    select(learned_profiles.c.channel_id, learned_profiles.c.model, learned_profiles.c.profile)
    .join(channels, channels.c.id == learned_profiles.c.channel_id)
    .where(_living)
)
_PUT_LEARNED: Final = Upsert(
    learned_profiles,
    ("channel_id", "model"),
    change=lambda new: {"profile": new.profile, "updated_at": new.updated_at},
)


def _channel(row: Row[Any]) -> Channel:
    fields = named(_FIELDS, row)
    fields["models"] = _models.decode(fields["models"])
    fields["settings"] = _settings.decode(fields["settings"])
    fields["prices"] = _prices.decode(fields["prices"])
    return Channel(**fields)


def _values(channel: Channel) -> dict[str, Any]:
    values = {name: getattr(channel, name) for name in _FIELDS}
    values["models"] = jsontext.dump(channel.models)
    values["settings"] = jsontext.dump(channel.settings)
    values["prices"] = jsontext.dump(channel.prices)
    return values


def insert(conn: Connection, channel: Channel, now: int) -> None:
    """Write a new channel."""
    conn.execute(_INSERT, {**_values(channel), "created_at": now, "updated_at": now, "deleted_at": None})


def update_channel(conn: Connection, channel: Channel, now: int) -> bool:
    """Replace a channel by its new state; False when it is deleted or unknown."""
    values = {f"v_{name}": value for name, value in _values(channel).items() if name != "id"}
    result = conn.execute(_UPDATE, {**values, "v_updated_at": now, "b_id": channel.id})
    return result.rowcount == 1


def remove(conn: Connection, channel_id: str, now: int) -> bool:
    """Take a channel out of service and wipe its keys; False when it is deleted already or unknown."""
    channel_keys.remove_all(conn, channel_id, now)
    channel_health.forget_all(conn, channel_id)
    channel_quotas.forget_all(conn, channel_id)
    return conn.execute(_REMOVE, {"b_id": channel_id, "now": now}).rowcount == 1


def get(conn: Connection, channel_id: str) -> Channel | None:
    """Give a channel, deleted or not: a running task still needs to be asked after."""
    row = conn.execute(_GET, {"channel_id": channel_id}).first()
    return None if row is None else _channel(row)


def by_name(conn: Connection, name: str) -> Channel | None:
    """Give the living channel of that name."""
    row = conn.execute(_BY_NAME, {"name": name}).first()
    return None if row is None else _channel(row)


def all_channels(conn: Connection) -> list[Channel]:
    """List the living channels by name."""
    return [_channel(row) for row in conn.execute(_ALL)]


def all_aliases(conn: Connection) -> dict[str, str]:
    """Give every alias and the model it stands for."""
    return {row.name: row.model for row in conn.execute(_ALIASES)}


def put_alias(conn: Connection, name: str, model: str, now: int) -> None:
    """Let a name stand for a model."""
    _PUT_ALIAS.run(conn, {"name": name, "model": model, "created_at": now})


def remove_alias(conn: Connection, name: str) -> bool:
    """Forget an alias; False when there is none of that name."""
    return conn.execute(_REMOVE_ALIAS, {"b_name": name}).rowcount == 1


def learned(conn: Connection) -> dict[tuple[str, str], Profile]:
    """Give what upstreams said of their models, by channel and upstream model."""
    return {(row.channel_id, row.model): _profiles.decode(row.profile) for row in conn.execute(_LEARNED)}


def learn(conn: Connection, channel_id: str, profile: Profile, now: int) -> None:
    """Keep what an upstream says of one of its models."""
    values = {"channel_id": channel_id, "model": profile.name, "profile": jsontext.dump(profile)}
    _PUT_LEARNED.run(conn, {**values, "created_at": now, "updated_at": now})
