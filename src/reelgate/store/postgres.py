"""PostgreSQL: a pool of connections, one transaction for each piece of work, nothing retried silently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Literal, TypeVar

import psycopg
from psycopg import sql
from sqlalchemy import URL, Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from reelgate.store.backend import SCHEMA_FACTS, UNUSABLE, CommitFailed, Schema, StoreError, check_schema
from reelgate.telemetry import log

T = TypeVar("T")

UNREACHABLE: Final = (*UNUSABLE, psycopg.Error)
"""What a raw statement raises when the database is away."""

POOL: Final = 10
OVERFLOW: Final = 10
FREE_WITHIN_S: Final = 15.0
"""How long a piece of work waits for a connection of the pool."""
# A server that went without a word is noticed within half a minute, not after the system's two hours.
_NOTICED: Final = {
    "connect_timeout": "5",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}
LISTEN_AGAIN_S: Final = 0.5

# A commit returns when it is on disk, whatever the server's own configuration prefers. A process that
# freezes in the middle of a transaction does not keep its locks: none of ours waits for anything outside.
_OPTIONS: Final = (
    "-c synchronous_commit=on -c application_name=reelgate -c lock_timeout=30s"
    " -c idle_in_transaction_session_timeout=10s"
)

_HAS_REVISION: Final = text("SELECT to_regclass('alembic_version') IS NOT NULL")
_REVISION: Final = text("SELECT version_num FROM alembic_version")
_TELL: Final = text("SELECT pg_notify(:channel, :word)")
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
        pool_timeout=FREE_WITHIN_S,
        pool_pre_ping=True,
        use_native_hstore=False,  # it asks about a type we do not use on every new connection
        connect_args={**{k: v for k, v in _NOTICED.items() if k not in parsed.query}, "options": options},
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
        async with self._connected(self._engine) as conn:
            result = await conn.run_sync(work)
            try:
                await conn.commit()
            except DBAPIError as error:
                msg = f"the database could not keep this change: {error.orig}"
                raise CommitFailed(msg) from error
            return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read in a transaction that cannot write; each statement sees the newest commit."""
        async with self._connected(self._reads) as conn:
            return await conn.run_sync(work)

    async def point(self, work: Callable[[Connection], T]) -> T:
        """Do the same as `read`."""
        return await self.read(work)

    async def changed_elsewhere(self) -> bool:
        """Say yes: on a server others may always have committed."""
        return True

    async def tell(self, channel: str, word: str) -> None:
        """Tell every process that listens on a channel; whoever does not listen now is never told."""
        await self.write(lambda conn: conn.execute(_TELL, {"channel": channel, "word": word}))

    def ears(self, *channels: str) -> Ears:
        """Give what hears what is told on these channels."""
        return Ears(self._engine, channels)

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncGenerator[AsyncConnection]:
        self._check_open()
        try:
            async with engine.connect() as connection:
                yield connection
        except NoConnectionFree as error:
            msg = f"every connection to the database was in use for {FREE_WITHIN_S:.0f} s"
            raise StoreError(msg) from error

    async def close(self) -> None:
        """Close every connection that is not in use."""
        self._closed = True
        await self._engine.dispose()

    def _check_open(self) -> None:
        if self._closed:
            msg = "the database is closed"
            raise StoreError(msg)


class Ears:
    """Hears what other processes tell, over a connection of its own that is made again when it breaks."""

    def __init__(self, engine: AsyncEngine, channels: tuple[str, ...]) -> None:
        """Listen on these channels once `run` runs."""
        self._engine = engine
        self._channels = channels
        self._heard: dict[str, list[Callable[[str], None]]] = {channel: [] for channel in channels}
        self.missed: list[Callable[[], None]] = []
        """Called when something may have gone unheard."""

    def on(self, channel: str, heard: Callable[[str], None]) -> None:
        """Have `heard` called, instead of whoever was before, with each word told on a channel."""
        self._heard[channel] = [heard]

    async def run(self) -> None:
        """Listen until cancelled. What is told while the connection is away goes unheard."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, OSError) as error:
                log.warning("not_listening", reason=type(error).__name__)
            await asyncio.sleep(LISTEN_AGAIN_S)

    async def _listen(self) -> None:
        _, given = self._engine.dialect.create_connect_args(self._engine.url)
        arguments: dict[str, Any] = {**_NOTICED, **given}
        async with await psycopg.AsyncConnection.connect(**arguments, autocommit=True) as connection:
            for channel in self._channels:
                await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
            for told in self.missed:
                told()
            async for note in connection.notifies():
                for heard in self._heard.get(note.channel, ()):
                    heard(note.payload)


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
