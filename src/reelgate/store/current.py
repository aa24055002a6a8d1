"""Keeps the schema current, and costs nothing when it is: migrations are loaded only when they are needed."""

from __future__ import annotations

from reelgate.store import sqlite
from reelgate.store.tables import HEAD


def ensure(url: str) -> None:
    """Bring the database at `url` to this program's schema unless it is there already.

    Raises SchemaMismatch when a newer program made it, ValueError for an address of another kind.
    """
    if url.startswith("sqlite") and sqlite.schema(sqlite.path_of(url)).revision == HEAD:
        return
    # Every command opens the database; few of them meet an old one.
    from reelgate.store import migrate  # noqa: PLC0415

    migrate.upgrade(url)
