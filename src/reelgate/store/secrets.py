"""Sealed columns: every place in the rows where a secret lies, and the master key they are sealed under."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from sqlalchemy import Column, Connection, Table, bindparam, func, literal, select, update

from reelgate.core.envelope import Place, Sealed
from reelgate.store import settings as setting_rows
from reelgate.store.tables import callback_keys, channel_keys, settings, signing_keys, webhook_endpoints

_KEY: Final = "master_key"
_COLUMNS: Final = (
    channel_keys.c.secret,
    signing_keys.c.secret,
    webhook_endpoints.c.secret,
    webhook_endpoints.c.old_secret,
    signing_keys.c.secret,
    callback_keys.c.secret,
)
"""Every column that holds an envelope; whoever adds one names it here, so that it is rotated, too."""
# The lock keeps PostgreSQL from changing the key while somebody seals under it.
_CURRENT: Final = select(settings.c.value).where(settings.c.key == _KEY).with_for_update(read=True)


class Lying(msgspec.Struct, frozen=True):
    """One envelope and where it lies."""

    place: Place
    sealed: Sealed


def current_key(conn: Connection) -> str | None:
    """Name the master key that secrets are sealed under; it stays that while the transaction lasts."""
    text = conn.execute(_CURRENT).scalar()
    return None if text is None else msgspec.json.decode(text, type=str)


def noted_key(conn: Connection) -> str | None:
    """Name the same key, to look at."""
    return setting_rows.get(conn, _KEY)


def claim_key(conn: Connection, key_id: str, now: int) -> str:
    """Name the master key unless one is named already, and give the one that is."""
    setting_rows.claim(conn, _KEY, key_id, now)
    return setting_rows.get(conn, _KEY)


def use_key(conn: Connection, key_id: str, now: int) -> None:
    """Have everything sealed under another master key from now on."""
    setting_rows.put(conn, _KEY, key_id, now)


def sealed_otherwise(conn: Connection, key_id: str, limit: int) -> list[Lying]:
    """Give envelopes that are sealed under another master key than this one."""
    found: list[Lying] = []
    for column in _COLUMNS:
        left = limit - len(found)
        if left > 0:
            found += _otherwise(conn, column, key_id, left)
    return found


def _otherwise(conn: Connection, column: Column[str], key_id: str, limit: int) -> Iterator[Lying]:
    table = _table(column)
    head = f"rg1.{key_id}."
    query = (
        select(table.c.id, column)
        .where(column.is_not(None), column != "", func.substr(column, 1, len(head)) != literal(head))
        .order_by(table.c.id)
        .limit(limit)
    )
    for row_id, text in conn.execute(query):
        yield Lying(Place(table.name, row_id, column.name), Sealed(text))


def replace(conn: Connection, lying: Lying, sealed: Sealed) -> bool:
    """Put another envelope in the place of one, if that is still there."""
    column = next(c for c in _COLUMNS if (_table(c).name, c.name) == (lying.place.table, lying.place.column))
    statement = (
        update(_table(column))
        .where(_table(column).c.id == bindparam("b_id"), column == bindparam("b_before"))
        .values({column.name: bindparam("v_after")})
    )
    values = {"b_id": lying.place.row, "b_before": lying.sealed, "v_after": sealed}
    return conn.execute(statement, values).rowcount == 1


def count(conn: Connection) -> dict[str, int]:
    """Count the envelopes sealed under each master key."""
    found: dict[str, int] = {}
    for column in _COLUMNS:
        query = select(column).where(column.is_not(None), column != "")
        for text in conn.execute(query).scalars():
            key_id = str(text).split(".")[1] if str(text).count(".") else ""
            found[key_id] = found.get(key_id, 0) + 1
    return found


def _table(column: Column[str]) -> Table:
    table = column.table
    assert isinstance(table, Table)  # noqa: S101 - `_COLUMNS` are columns of tables
    return table


def columns() -> Sequence[str]:
    """Name every sealed column, `table.column`."""
    return [f"{_table(column).name}.{column.name}" for column in _COLUMNS]
