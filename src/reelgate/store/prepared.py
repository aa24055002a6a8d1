"""Statements that run many times a second: compiled once for each database, then handed to its driver.

SQLAlchemy writes the SQL; running it through SQLAlchemy each time costs four times what SQLite
itself takes for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Connection, exc, literal
from sqlalchemy.sql.base import Executable
from sqlalchemy.sql.dml import ReturningDelete, ReturningInsert, ReturningUpdate
from sqlalchemy.sql.selectable import Select

_ERRORS: Final[Mapping[type[sqlite3.Error], type[exc.DBAPIError]]] = {
    sqlite3.IntegrityError: exc.IntegrityError,
    sqlite3.OperationalError: exc.OperationalError,
}

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class _Compiled:
    sql: str
    constants: Mapping[str, Any]
    """Values that are part of the statement itself."""
    arrange: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    """Puts values in the order of the question marks."""
    flags: tuple[int, ...]
    """Where a row has a boolean, which SQLite keeps as a number."""


class Prepared:
    """A constant statement with named values."""

    def __init__(self, statement: Executable, *, columns: Sequence[str] | None = None) -> None:
        """Take a statement; `columns` are those an insert fills."""
        self._statement = statement
        self._columns = columns
        self._by_dialect: dict[str, _Compiled] = {}

    def all(self, conn: Connection, values: Mapping[str, Any] = {}) -> Rows:
        """Run it and give every row."""
        return self._execute(conn, values)[0]

    def first(self, conn: Connection, values: Mapping[str, Any] = {}) -> tuple[Any, ...] | None:
        """Run it and give the first row, if there is one."""
        rows = self._execute(conn, values)[0]
        return rows[0] if rows else None

    def run(self, conn: Connection, values: Mapping[str, Any] = {}) -> int:
        """Run it and count the rows it changed."""
        return self._execute(conn, values)[1]

    def _execute(self, conn: Connection, values: Mapping[str, Any]) -> tuple[Rows, int]:
        compiled = self._by_dialect.get(conn.dialect.name) or self._compile(conn)
        merged = {**compiled.constants, **values} if compiled.constants else values
        if conn.dialect.name == "sqlite":
            return _on_sqlite(conn, compiled, merged)
        result = conn.exec_driver_sql(compiled.sql, dict(merged))
        rows = [tuple(row) for row in result] if result.returns_rows else []
        return rows, result.rowcount

    def _compile(self, conn: Connection) -> _Compiled:
        name = conn.dialect.name
        statement: Any = self._statement
        done: Any = statement.compile(dialect=conn.dialect, column_keys=self._columns)
        binds: Mapping[Any, str] = done.bind_names
        constants = {key: bind.value for bind, key in binds.items() if not bind.required}
        order: Sequence[str] = done.positiontup or ()
        compiled = _Compiled(str(done), constants, _arranger(order), _flags(statement))
        self._by_dialect[name] = compiled
        return compiled


def one_of(column: ColumnElement[str], words: Iterable[str]) -> ColumnElement[bool]:
    """Compare with a fixed list of words, which is part of the statement."""
    return column.in_([literal(word) for word in words])


def _on_sqlite(conn: Connection, compiled: _Compiled, values: Mapping[str, Any]) -> tuple[Rows, int]:
    raw: Any = conn.connection.dbapi_connection
    try:
        cursor = raw.execute(compiled.sql, compiled.arrange(values))
        rows: Rows = cursor.fetchall() if cursor.description is not None else []
    except sqlite3.Error as error:
        raise _ERRORS.get(type(error), exc.DBAPIError)(compiled.sql, None, error) from error
    if compiled.flags:
        rows = [_with_flags(row, compiled.flags) for row in rows]
    return rows, cursor.rowcount


def _with_flags(row: tuple[Any, ...], flags: tuple[int, ...]) -> tuple[Any, ...]:
    return tuple(bool(value) if at in flags and value is not None else value for at, value in enumerate(row))


def _arranger(names: Sequence[str]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple(values[name] for name in names)


def _flags(statement: Any) -> tuple[int, ...]:
    match statement:
        case Select():
            columns = list(statement.selected_columns)
        case ReturningInsert() | ReturningUpdate() | ReturningDelete():
            columns = list(statement.exported_columns)
        case _:
            return ()
    return tuple(at for at, column in enumerate(columns) if isinstance(column.type, Boolean))
