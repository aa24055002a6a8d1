"""`INSERT … ON CONFLICT`, which both databases have and SQLAlchemy spells once for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table
from sqlalchemy.dialects import postgresql, sqlite

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
        columns = tuple(column.name for column in table.columns)
        self._by_dialect: dict[str, Prepared] = {}
        for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert)):
            statement: Any = insert(table)
            self._by_dialect[name] = Prepared(
                statement.on_conflict_do_nothing(index_elements=key)
                if change is None
                else statement.on_conflict_do_update(
                    index_elements=key,
                    set_=change(statement.excluded),
                    where=None if when is None else when(statement.excluded),
                ),
                columns=columns,
            )

    def run(self, conn: Connection, values: Mapping[str, Any]) -> bool:
        """Insert or change one row; False when a row that is there was left as it is."""
        return self._by_dialect[conn.dialect.name].run(conn, values) == 1
