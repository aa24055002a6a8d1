"""Rows in every table, whatever tables there are, with values that are easily lost on the way."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Float,
    Integer,
    Table,
    UniqueConstraint,
    insert,
)

from reelgate.store.copying import TABLES

TEXTS = ("A lighthouse, 灯塔 🎬", "", 'it\'s "quoted" \\ and\nbroken\r\n\tup', "Ä < z < ä", "%s :x $1")
FLOATS = (0.1, 1e300, -2.5, 1 / 3, 3.0)
BIG = 9_007_199_254_740_993
"""The first whole number that a float cannot hold."""


def furnish(conn: Connection, rows: int) -> int:
    """Put so many rows into every table and give the number of all."""
    for table in TABLES:
        conn.execute(insert(table), [_row(table, number) for number in range(rows)])
    return rows * len(TABLES)


def _row(table: Table, number: int) -> dict[str, Any]:
    words = _words(table)
    return {column.name: words.get(column.name) or _value(table, column, number) for column in table.columns}


def _value(table: Table, column: Column[Any], number: int) -> Any:
    for key in column.foreign_keys:
        return _value(key.column.table, key.column, number)
    unique = column.primary_key or any(column.name in names for names in _unique(table))
    if column.nullable and not unique and number % 2:
        return None
    match column.type:
        case Boolean():
            return bool(number % 2)
        case Float():
            return FLOATS[number % len(FLOATS)]
        case Integer() if not isinstance(column.type, BigInteger):
            return number + 1
        case Integer():
            return number + 1 if column.primary_key else BIG + number
        case _:
            # Keys whose order differs between languages.
            return f"{'aZä_'[number % 4]}{number}" if unique else TEXTS[number % len(TEXTS)]


def _unique(table: Table) -> list[list[str]]:
    unique = [one for one in table.constraints if isinstance(one, UniqueConstraint)]
    indexes = [one for one in table.indexes if one.unique]
    return [[column.name for column in one.columns] for one in (*unique, *indexes)]


def _words(table: Table) -> dict[str, str]:
    """Give a word that the database accepts for each column with a closed vocabulary."""
    found: dict[str, str] = {}
    for check in table.constraints:
        if isinstance(check, CheckConstraint) and str(check.name).endswith("_word"):
            clause: Any = check.sqltext
            found[clause.left.name] = clause.right.value[0]
    return found
