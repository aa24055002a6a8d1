"""`INSERT … ON CONFLICT`, which both databases have and SQLAlchemy spells once for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table

from reelgate.store.prepared import Prepared


class Upsert:
    """An insert that gives way to a row that is already there, or changes it."""

    def __init__(
        self,
        table: Table,
        key: tuple[str, ...],
        change: Callable[[Any], Mapping[str, Any]] | None = None,
        when: Callable[[Any], ColumnElement[bool]] | None = None,
    ) -> None:
        """Conflict on `key`; `change` and `when` are given the row that was to be inserted."""
        self._table = table
        self._key = key
        self._change = change
        self._when = when
        self._by_dialect: dict[str, Prepared] = {}

    def run(self, conn: Connection, values: Mapping[str, Any]) -> bool:
        """Insert or change one row; False when a row that is there was left as it is."""
        name = conn.dialect.name
        prepared = self._by_dialect.get(name)
        if prepared is None:
            prepared = self._by_dialect[name] = self._prepare(insert_on(name)(self._table))
        return prepared.run(conn, values) == 1

    def _prepare(self, statement: Any) -> Prepared:
        if self._change is None:
            statement = statement.on_conflict_do_nothing(index_elements=self._key)
        else:
            statement = statement.on_conflict_do_update(
                index_elements=self._key,
                set_=self._change(statement.excluded),
                where=None if self._when is None else self._when(statement.excluded),
            )
        return Prepared(statement, columns=tuple(column.name for column in self._table.columns))


def insert_on(name: str) -> Callable[[Table], Any]:
    """Give the insert of a database by SQLAlchemy's name for it."""
    # Only the database in use is loaded: PostgreSQL's part of SQLAlchemy takes a quarter of a second.
    if name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as on_postgresql  # noqa: PLC0415

        return on_postgresql
    from sqlalchemy.dialects.sqlite import insert as on_sqlite  # noqa: PLC0415

    return on_sqlite
