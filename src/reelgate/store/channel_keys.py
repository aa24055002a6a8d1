"""Keys of channels: sealed credentials at upstreams, several of one channel taking turns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.envelope import Place, Sealed
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import channel_keys, channels


class ChannelKey(msgspec.Struct, frozen=True, kw_only=True):
    """One credential of a channel, as it lies in its row."""

    id: str
    channel_id: str
    name: str
    secret: Sealed
    enabled: bool = True
    created_at: int

    @property
    def place(self) -> Place:
        """What its secret is bound to."""
        return place_of(self.id)


def place_of(key_id: str) -> Place:
    """Give what the secret of a key is bound to."""
    return Place(channel_keys.name, key_id)


_FIELDS: Final = names_of(ChannelKey)
_living = channel_keys.c.deleted_at.is_(None)
_INSERT: Final = insert_into(channel_keys)
_ALL: Final = (
    select(*columns_of(channel_keys, ChannelKey))
    .join(channels, channels.c.id == channel_keys.c.channel_id)
    .where(_living, channels.c.deleted_at.is_(None))
    .order_by(channel_keys.c.channel_id, channel_keys.c.created_at, channel_keys.c.id)
)
_UPDATE: Final = (
    update(channel_keys)
    .where(channel_keys.c.id == bindparam("b_id"), _living)
    .values(
        name=bindparam("v_name"),
        secret=bindparam("v_secret"),
        enabled=bindparam("v_enabled"),
        updated_at=bindparam("now"),
    )
)
_WIPE: Final[Mapping[str, Any]] = {
    "secret": "",
    "deleted_at": bindparam("now"),
    "updated_at": bindparam("now"),
}
_REMOVE: Final = update(channel_keys).where(channel_keys.c.id == bindparam("b_id"), _living).values(_WIPE)
_REMOVE_ALL: Final = (
    update(channel_keys).where(channel_keys.c.channel_id == bindparam("b_channel_id"), _living).values(_WIPE)
)


def insert(conn: Connection, key: ChannelKey) -> None:
    """Write a new key."""
    conn.execute(_INSERT, {**values_of(key), "updated_at": key.created_at, "deleted_at": None})


def all_keys(conn: Connection) -> list[ChannelKey]:
    """List the living keys of living channels, the oldest of each first."""
    return [ChannelKey(**named(_FIELDS, row)) for row in conn.execute(_ALL)]


def of_channel(conn: Connection, channel_id: str) -> list[ChannelKey]:
    """List the living keys of a channel, oldest first."""
    found = conn.execute(_ALL.where(channel_keys.c.channel_id == channel_id))
    return [ChannelKey(**named(_FIELDS, row)) for row in found]


def change(conn: Connection, key: ChannelKey, now: int) -> bool:
    """Give a key another name, secret or switch; False when it is gone."""
    values: dict[str, Any] = {"b_id": key.id, "now": now}
    values |= {"v_name": key.name, "v_secret": key.secret, "v_enabled": key.enabled}
    return conn.execute(_UPDATE, values).rowcount == 1


def remove(conn: Connection, key_id: str, now: int) -> bool:
    """Take a key away and wipe its secret; False when it is gone already."""
    return conn.execute(_REMOVE, {"b_id": key_id, "now": now}).rowcount == 1


def remove_all(conn: Connection, channel_id: str, now: int) -> int:
    """Take every key of a channel away and wipe their secrets; count them."""
    return conn.execute(_REMOVE_ALL, {"b_channel_id": channel_id, "now": now}).rowcount
