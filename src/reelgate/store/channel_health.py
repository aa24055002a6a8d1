"""How channels and their keys stand, for every process on the database."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, select, update

from reelgate.core.errors import Code
from reelgate.core.health import Health, State
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import channel_health
from reelgate.store.upsert import Upsert

_FIELDS: Final = names_of(Health)
_ALL: Final = select(*columns_of(channel_health, Health)).order_by(channel_health.c.id)
_GET: Final = select(*columns_of(channel_health, Health)).where(channel_health.c.id == bindparam("b_id"))
_PUT: Final = Upsert(
    channel_health,
    ("id",),
    change=lambda new: {name: getattr(new, name) for name in _FIELDS if name not in ("id", "channel_id")},
)
_FORGET: Final = delete(channel_health).where(channel_health.c.id == bindparam("b_id"))
_FORGET_ALL: Final = delete(channel_health).where(channel_health.c.channel_id == bindparam("b_channel_id"))
_CLAIM: Final = (
    update(channel_health)
    .where(channel_health.c.id == bindparam("b_id"), channel_health.c.next_at == bindparam("b_before"))
    .values(next_at=bindparam("v_next_at"))
)


def _health(row: Any) -> Health:
    fields = named(_FIELDS, row)
    fields["state"] = State(fields["state"])
    fields["code"] = None if fields["code"] is None else Code(fields["code"])
    return Health(**fields)


def all_health(conn: Connection) -> list[Health]:
    """List how everything stands that is not simply well."""
    return [_health(row) for row in conn.execute(_ALL)]


def get(conn: Connection, subject_id: str, channel_id: str) -> Health:
    """Give how a channel or a key stands; one that nothing is known of is well.

    On PostgreSQL the row is locked until the transaction ends, so that two outcomes are both counted.
    """
    row = conn.execute(_GET.with_for_update(), {"b_id": subject_id}).first()
    return Health(id=subject_id, channel_id=channel_id) if row is None else _health(row)


def put(conn: Connection, health: Health, now: int) -> None:
    """Write how a channel or a key stands."""
    code = None if health.code is None else health.code.value
    _PUT.run(conn, {**values_of(health), "state": health.state.value, "code": code, "created_at": now})


def forget(conn: Connection, subject_id: str) -> bool:
    """Take a channel or a key for well again; False when it was."""
    return conn.execute(_FORGET, {"b_id": subject_id}).rowcount == 1


def forget_all(conn: Connection, channel_id: str) -> None:
    """Take a channel and all its keys for well again."""
    conn.execute(_FORGET_ALL, {"b_channel_id": channel_id})


def claim(conn: Connection, health: Health, next_at: int) -> bool:
    """Be the one who tries it now; False when somebody else is."""
    values = {"b_id": health.id, "b_before": health.next_at, "v_next_at": next_at}
    return conn.execute(_CLAIM, values).rowcount == 1
