"""What runs query functions: one protocol, two databases."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Literal, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

__all__ = [
    "UNUSABLE",
    "Backend",
    "CommitFailed",
    "Connection",  # what a query function takes first; named here for rooms that write none themselves
    "SchemaMismatch",
    "StoreError",
    "check_revision",
    "open_backend",
]

T = TypeVar("T")


class StoreError(Exception):
    """Raised when the database cannot do what it is there for; says what its operator can do."""


UNUSABLE: tuple[type[Exception], ...] = (StoreError, DBAPIError, sqlite3.Error)
"""What opening or reading a database raises when it cannot be used: ours, SQLAlchemy's, the driver's."""


class CommitFailed(StoreError):
    """Raised when a transaction could not be made durable; nothing of it can be relied upon."""


class SchemaMismatch(StoreError):
    """Raised when the database has another schema than this program speaks."""


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


def check_revision(found: str | None, spoken: str) -> None:
    """Compare the schema a database has with the one this program speaks.

    Raises SchemaMismatch when they differ.
    """
    if found == spoken:
        return
    if found is None:
        msg = "the database is empty: run `reelgate db upgrade` first"
        raise SchemaMismatch(msg)
    msg = (
        f"the database has schema `{found}`, this program speaks `{spoken}`: run `reelgate db upgrade`,"
        " or the newer Reelgate that made it"
    )
    raise SchemaMismatch(msg)
