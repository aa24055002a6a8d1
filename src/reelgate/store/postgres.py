"""PostgreSQL: a pool of connections, one transaction for each piece of work, nothing retried silently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, TypeVar

from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from reelgate.store.backend import SCHEMA_FACTS, CommitFailed, Schema, StoreError, check_schema

T = TypeVar("T")

POOL: Final = 10
OVERFLOW: Final = 10

# A commit returns when it is on disk, whatever the server's own configuration prefers.
_OPTIONS: Final = "-c synchronous_commit=on -c application_name=reelgate -c lock_timeout=30s"

_HAS_REVISION: Final = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_REVISION: Final = text("SELECT version_num FROM alembic_version")
_FACTS: Final = text(SCHEMA_FACTS)


def driver_url(url: str) -> URL:
    """Give the address as the driver wants it."""
    parsed = make_url(url)
    return parsed.set(drivername="postgresql+psycopg")


def engine_for(url: str) -> AsyncEngine:
    """Make the pool for an address."""
    parsed = driver_url(url)
    given = parsed.query.get("options", "")
    options = f"{_OPTIONS} {given if isinstance(given, str) else ' '.join(given)}".strip()
    return create_async_engine(
        parsed,
        pool_size=POOL,
        max_overflow=OVERFLOW,
        pool_pre_ping=True,
        connect_args={"options": options},
    )


class PostgresBackend:
    """A PostgreSQL database, shared with any number of other processes."""

    kind: Literal["postgresql"] = "postgresql"

    def __init__(self, engine: AsyncEngine) -> None:
        """Use the pool of `engine`, and dispose of it in the end."""
        self._engine = engine
        self._reads = engine.execution_options(postgresql_readonly=True)
        self._closed = False

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return after its commit."""
        self._check_open()
        async with self._engine.connect() as conn:
            result = await conn.run_sync(work)
            try:
                await conn.commit()
            except DBAPIError as error:
                msg = f"the database could not keep this change: {error.orig}"
                raise CommitFailed(msg) from error
            return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read in a transaction that cannot write; each statement sees the newest commit."""
        self._check_open()
        async with self._reads.connect() as conn:
            return await conn.run_sync(work)

    async def point(self, work: Callable[[Connection], T]) -> T:
        """Do the same as `read`."""
        return await self.read(work)

    async def changed_elsewhere(self) -> bool:
        """Say yes: on a server others may always have committed."""
        return True

    async def close(self) -> None:
        """Close every connection that is not in use."""
        self._closed = True
        await self._engine.dispose()

    def _check_open(self) -> None:
        if self._closed:
            msg = "the database is closed"
            raise StoreError(msg)


async def open_postgres(url: str) -> PostgresBackend:
    """Open a database that has been upgraded to this program's schema.

    Raises SchemaMismatch when it has not.
    """
    engine = engine_for(url)
    backend = PostgresBackend(engine)
    try:
        check_schema(await backend.read(schema))
    except BaseException:
        await backend.close()
        raise
    return backend


def schema(conn: Connection) -> Schema:
    """Read what a database says about its schema."""
    if not conn.execute(_HAS_REVISION).scalar_one():
        return Schema()
    revision = conn.execute(_REVISION).scalar()
    facts = {row.name: row.value for row in conn.execute(_FACTS)} if revision else {}
    return Schema(revision, **facts)
