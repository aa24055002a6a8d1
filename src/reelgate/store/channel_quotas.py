"""What upstreams say is left of accounts, for every process on the database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from reelgate.core.money import Micro
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import channel_quotas
from reelgate.store.upsert import Upsert


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of one account. Times are milliseconds since 1970."""

    id: str
    """The key, or the channel without keys, it is asked about with."""
    channel_id: str
    left: Micro | None = None
    """In millionths of the unit; None when it has no limit, or nothing is known."""
    unit: str = ""
    low: bool = False
    """Whether operators were told that it is low."""
    seen_at: int | None = None
    """When its upstream said so; None when it never did."""
    asked_at: int = 0


_FIELDS: Final = names_of(Left)
_ALL: Final = select(*columns_of(channel_quotas, Left)).order_by(channel_quotas.c.id)
_GET: Final = select(*columns_of(channel_quotas, Left)).where(channel_quotas.c.id == bindparam("b_id"))
_PUT: Final = Upsert(
    channel_quotas,
    ("id",),
    change=lambda new: {name: getattr(new, name) for name in _FIELDS if name not in ("id", "channel_id")},
)
_FORGET: Final = delete(channel_quotas).where(channel_quotas.c.id == bindparam("b_id"))
_FORGET_ALL: Final = delete(channel_quotas).where(channel_quotas.c.channel_id == bindparam("b_channel_id"))


def _left(row: Iterable[Any]) -> Left:
    return Left(**named(_FIELDS, row))


def all_quotas(conn: Connection) -> dict[str, Left]:
    """Give what is known of every account, by key or channel."""
    found = (_left(row) for row in conn.execute(_ALL))
    return {one.id: one for one in found}


def get(conn: Connection, subject_id: str, channel_id: str) -> Left:
    """Give what is known of one account.

    On PostgreSQL the row is locked until the transaction ends, so that nobody is told twice.
    """
    row = conn.execute(_GET.with_for_update(), {"b_id": subject_id}).first()
    return Left(id=subject_id, channel_id=channel_id) if row is None else _left(row)


def put(conn: Connection, left: Left, now: int) -> None:
    """Write what is known of an account."""
    _PUT.run(conn, {**values_of(left), "created_at": now})


def forget(conn: Connection, subject_id: str) -> None:
    """Forget what was known of an account, because it may be another one."""
    conn.execute(_FORGET, {"b_id": subject_id})


def forget_all(conn: Connection, channel_id: str) -> None:
    """Forget what was known of every account of a channel."""
    conn.execute(_FORGET_ALL, {"b_channel_id": channel_id})
