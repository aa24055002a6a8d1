"""What runs query functions: one protocol, two databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, InternalError, OperationalError

from reelgate.store.tables import HEAD, KNOWN

__all__ = [
    "AWAY",
    "UNUSABLE",
    "Backend",
    "CommitFailed",
    "Connection",  # what a query function takes first; named here for rooms that write none themselves
    "Schema",
    "SchemaMismatch",
    "StoreError",
    "check_schema",
    "open_backend",
]

T = TypeVar("T")


class StoreError(Exception):
    """Raised when the database cannot do what it is there for; says what its operator can do."""


UNUSABLE: tuple[type[Exception], ...] = (StoreError, DBAPIError, sqlite3.Error)
"""What opening or reading a database raises when it cannot be used: ours, SQLAlchemy's, the driver's."""

AWAY: tuple[type[Exception], ...] = (
    StoreError,
    OperationalError,
    InterfaceError,
    InternalError,
    sqlite3.OperationalError,
)
"""Of these, what comes of a database that is away, full or only answers readers, and not of what it was asked."""


class CommitFailed(StoreError):
    """Raised when a transaction could not be made durable; nothing of it can be relied upon."""


class SchemaMismatch(StoreError):
    """Raised when the database has another schema than this program speaks."""


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database says about its schema."""

    revision: str | None = None
    """None when it has no schema."""
    min_reader: str | None = None
    """The oldest revision whose programs may work on it."""
    copying_from: str | None = None
    """The database it is half a copy of."""


SCHEMA_FACTS: Final = "SELECT name, value FROM database_facts WHERE name IN ('min_reader', 'copying_from')"
"""Reads the facts that `Schema` has fields for; a newer program may have written others."""


class Backend(Protocol):
    """Runs query functions in transactions."""

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return once it is durable.

        What `work` raises undoes `work` alone and is raised here. Cancelling the caller before
        the return leaves open whether the transaction took place.
        """
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read that may take long, away from the event loop where that would matter."""
        ...

    async def point(self, work: Callable[[Connection], T]) -> T:
        """Run a read of a row or two by their keys."""
        ...

    async def changed_elsewhere(self) -> bool:
        """Tell whether another process may have committed something since this was last asked."""
        ...

    async def close(self) -> None:
        """Finish what was begun and let go of the database."""
        ...


async def open_backend(url: str) -> Backend:
    """Open `sqlite:///path` or `postgresql://…`.

    Raises SchemaMismatch when its schema is not the one this program speaks, ValueError for an
    address of another kind.
    """
    scheme = url.partition(":")[0].partition("+")[0]
    match scheme:
        case "sqlite":
            from reelgate.store import sqlite  # noqa: PLC0415 (only the database in use is loaded)

            return await sqlite.open_sqlite(sqlite.path_of(url))
        case "postgresql" | "postgres":
            from reelgate.store import postgres  # noqa: PLC0415

            return await postgres.open_postgres(url)
        case _:
            msg = f"`{scheme}` is no database this program knows; use sqlite:///path or postgresql://…"
            raise ValueError(msg)


def check_schema(found: Schema) -> None:
    """Compare the schema a database has with the ones this program knows.

    A newer one is accepted if it keeps all that this program needs. Raises SchemaMismatch otherwise.
    """
    if found.copying_from is not None:
        msg = (
            f"the database is half a copy of {found.copying_from}: run `reelgate db copy` again to finish it"
        )
        raise SchemaMismatch(msg)
    if found.revision == HEAD or (found.revision not in KNOWN and found.min_reader in KNOWN):
        return
    if found.revision is None:
        msg = "the database is empty: run `reelgate db upgrade` first"
    elif found.revision in KNOWN:
        msg = f"the database has schema `{found.revision}`, this program speaks `{HEAD}`: run `reelgate db upgrade`"
    else:
        msg = (
            f"the database has schema `{found.revision}`, which is newer than `{HEAD}`, the newest this program"
            f" knows, and needs a program that knows `{found.min_reader}`: run a newer Reelgate, or restore a"
            " backup from before"
        )
    raise SchemaMismatch(msg)
