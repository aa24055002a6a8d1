"""SQLite: one writer thread with group commit, reads in the event loop, long reads on threads.

Every commit waits for the disk (`synchronous=FULL`), and waiting costs the same for one piece of
work as for a hundred. So the writer takes all work that waits, runs it in one transaction, commits
once, and only then lets every caller go on. When a piece raises, everything is undone and run once
more with each piece inside its own savepoint, so that only the one that raises is rolled back: work
is therefore written so that running it again is harmless.

Connections are in autocommit mode: the driver and SQLAlchemy never begin a transaction by
themselves, all of them are begun here.
"""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Literal, TypeVar, cast
from urllib.parse import quote, unquote

from sqlalchemy import Connection, Engine, NullPool, create_engine

from reelgate.store.backend import SCHEMA_FACTS, CommitFailed, Schema, StoreError, check_schema
from reelgate.telemetry import meter

T = TypeVar("T")

BATCH: Final = 128
"""How much work shares one commit at most."""
BUSY_S: Final = 15.0
"""How long a statement waits for another process's transaction."""
BEGIN_TRIES: Final = 8
READERS: Final = 3

_SETUP: Final = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA mmap_size=67108864",
    "PRAGMA cache_size=-16384",
)
_SETUP_WRITER: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=2000",
    "PRAGMA journal_size_limit=67108864",
)


def path_of(url: str) -> Path:
    """Give the file that `sqlite:///path` names.

    Raises ValueError when it names none: a database in memory would keep nothing.
    """
    scheme, slashes, path = url.partition(":///")
    path = unquote(path.partition("?")[0])
    if not scheme.startswith("sqlite") or not slashes or path in ("", ":memory:"):
        msg = "a SQLite address has the form sqlite:///path/to/file"
        raise ValueError(msg)
    return Path(path)


def connect(path: Path, *, writes: bool) -> sqlite3.Connection:
    """Open one connection; one that does not write cannot."""
    mode = "rwc" if writes else "ro"
    raw = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?mode={mode}",
        uri=True,
        timeout=BUSY_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=512,
    )
    for statement in (*_SETUP, *(_SETUP_WRITER if writes else ("PRAGMA query_only=ON",))):
        raw.execute(statement).close()
    return raw


def engine_on(raw: sqlite3.Connection) -> Engine:
    """Make SQLAlchemy speak through one connection that is opened and transacted by us."""

    def creator() -> sqlite3.Connection:
        return raw

    return create_engine("sqlite://", creator=creator, poolclass=NullPool, isolation_level="AUTOCOMMIT")


class _Session:
    """A raw connection and SQLAlchemy's view of it."""

    def __init__(self, path: Path, *, writes: bool) -> None:
        self.raw = connect(path, writes=writes)
        self.conn = engine_on(self.raw).connect()

    def close(self) -> None:
        self.conn.close()
        self.raw.close()


@dataclass(eq=False, slots=True)
class _Job:
    """One piece of work, and what became of it."""

    work: Callable[[Connection], Any]
    future: asyncio.Future[Any]
    alone: bool = False
    """Runs between transactions instead of inside one."""
    result: Any = None
    error: BaseException | None = None


class _Writer(threading.Thread):
    """Takes waiting work in batches and commits each batch once."""

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(name="reelgate-sqlite-writer", daemon=True)
        self._session = _Session(path, writes=True)
        self._loop = loop
        self._waiting: SimpleQueue[_Job | None] = SimpleQueue()

    def submit(self, job: _Job) -> None:
        self._waiting.put(job)

    def stop(self) -> None:
        """Let the thread end after everything that was submitted before."""
        self._waiting.put(None)

    def run(self) -> None:
        ending = False
        while not ending:
            jobs, ending = self._take()
            together = [job for job in jobs if not job.alone]
            if together:
                began = time.perf_counter()
                self._transact(together)
                meter.batch(len(together), time.perf_counter() - began)
            for job in jobs:
                if job.alone:
                    self._run_alone(job)
            self._tell(jobs)
        self._session.close()

    def _take(self) -> tuple[list[_Job], bool]:
        """Wait for work, then take what else is there; True when no more will come."""
        jobs: list[_Job] = []
        item = self._waiting.get()
        while item is not None:
            # Work whose caller has gone is not begun.
            if not item.future.cancelled():
                jobs.append(item)
            if len(jobs) >= BATCH:
                return jobs, False
            try:
                item = self._waiting.get_nowait()
            except Empty:
                return jobs, False
        return jobs, True

    def _transact(self, jobs: Sequence[_Job]) -> None:
        raw = self._session.raw
        try:
            self._begin()
            if not self._run_plainly(jobs):
                self._roll_back()
                self._begin()
                for job in jobs:
                    self._run_inside(job)
            raw.execute("COMMIT")
        except sqlite3.Error as error:
            for job in jobs:
                job.error = CommitFailed(f"the database could not keep this change: {error}")
                job.error.__cause__ = error
            self._roll_back()

    def _begin(self) -> None:
        for left in reversed(range(BEGIN_TRIES)):
            try:
                self._session.raw.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if left == 0 or error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    raise
                time.sleep(0.01)
            else:
                return

    def _run_plainly(self, jobs: Sequence[_Job]) -> bool:
        """Run work without a savepoint each, which is a fifth of a create; False when a piece raised."""
        for job in jobs:
            try:
                job.result = job.work(self._session.conn)
            except BaseException:  # noqa: BLE001 (whoever's it is raises it again)
                return False
            if not self._session.raw.in_transaction:
                raise sqlite3.OperationalError("a piece of work ended the transaction")
        return True

    def _run_inside(self, job: _Job) -> None:
        raw = self._session.raw
        raw.execute("SAVEPOINT work")
        try:
            job.result = job.work(self._session.conn)
        except BaseException as error:  # noqa: BLE001 (it is the caller's, and is raised there)
            job.error = error
            raw.execute("ROLLBACK TO work")
        raw.execute("RELEASE work")

    def _run_alone(self, job: _Job) -> None:
        try:
            job.result = job.work(self._session.conn)
        except BaseException as error:  # noqa: BLE001
            job.error = error

    def _roll_back(self) -> None:
        if self._session.raw.in_transaction:
            self._session.raw.execute("ROLLBACK")

    def _tell(self, jobs: Sequence[_Job]) -> None:
        try:
            self._loop.call_soon_threadsafe(_resolve, jobs)
        except RuntimeError:
            # The loop is closed: nobody waits any more.
            return


def _resolve(jobs: Sequence[_Job]) -> None:
    for job in jobs:
        if job.future.done():
            continue
        if job.error is None:
            job.future.set_result(job.result)
        else:
            job.future.set_exception(job.error)


class SqliteBackend:
    """A SQLite file with one writer thread of ours; other processes may write to it, too."""

    kind: Literal["sqlite"] = "sqlite"

    def __init__(self, path: Path, loop: asyncio.AbstractEventLoop) -> None:
        """Open the file; it lives in `loop` from then on."""
        self._path = path
        self._loop = loop
        self._writer = _Writer(path, loop)
        self._point = _Session(path, writes=False)
        self._local = threading.local()
        self._sessions: list[_Session] = []
        self._pool = ThreadPoolExecutor(READERS, "reelgate-sqlite-reader")
        self._version: int | None = None
        self._closed = False
        self._writer.start()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in the writer's next transaction and return after its commit."""
        return await self._submit(work, alone=False)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read on a reader thread; all its statements see the same moment."""
        self._check_open()
        return await self._loop.run_in_executor(self._pool, self._read, work)

    async def point(self, work: Callable[[Connection], T]) -> T:
        """Run a read of a row or two in the event loop; each statement sees the newest commit."""
        self._check_open()
        return work(self._point.conn)

    async def changed_elsewhere(self) -> bool:
        """Tell whether another process committed since this was last asked."""
        # Asked on the writer's connection the number changes for other connections' commits only.
        version = await self._submit(_data_version, alone=True)
        before, self._version = self._version, version
        return before != version

    async def close(self) -> None:
        """Commit everything submitted before, then close every connection."""
        if self._closed:
            return
        self._closed = True
        self._writer.stop()
        await self._loop.run_in_executor(None, self._writer.join)
        await self._loop.run_in_executor(None, self._pool.shutdown)
        for session in (*self._sessions, self._point):
            session.close()

    async def _submit(self, work: Callable[[Connection], T], *, alone: bool) -> T:
        self._check_open()
        future: asyncio.Future[Any] = self._loop.create_future()
        self._writer.submit(_Job(work, future, alone))
        return cast("T", await future)

    def _read(self, work: Callable[[Connection], T]) -> T:
        session: _Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = _Session(self._path, writes=False)
            self._sessions.append(session)
        session.raw.execute("BEGIN")
        try:
            return work(session.conn)
        finally:
            session.raw.execute("ROLLBACK")

    def _check_open(self) -> None:
        if self._closed:
            msg = "the database is closed"
            raise StoreError(msg)


def _data_version(conn: Connection) -> int:
    return conn.exec_driver_sql("PRAGMA data_version").scalar_one()


async def open_sqlite(path: Path) -> SqliteBackend:
    """Open a database file that has been upgraded to this program's schema.

    Raises SchemaMismatch when it has not.
    """
    check_schema(schema(path))
    return SqliteBackend(path, asyncio.get_running_loop())


def schema(path: Path) -> Schema:
    """Read what a database file says about its schema."""
    if not path.exists():
        return Schema()
    raw = connect(path, writes=True)
    try:
        found = raw.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
        row = found and raw.execute("SELECT version_num FROM alembic_version").fetchone()
        if not row:
            return Schema()
        return Schema(str(row[0]), **dict(raw.execute(SCHEMA_FACTS).fetchall()))
    finally:
        raw.close()


def backup(source: Path, target: Path) -> None:
    """Copy a database while it is in use, to a file that does not exist yet, and verify the copy.

    Raises FileExistsError when `target` is there, StoreError when the copy is not sound.
    """
    if target.exists():
        raise FileExistsError(target)
    partial = target.with_name(f"{target.name}.partial")
    partial.unlink(missing_ok=True)
    origin = connect(source, writes=False)
    copy = sqlite3.connect(partial, isolation_level=None)
    try:
        # In one step: a copy made in several starts again whenever somebody writes.
        origin.backup(copy, pages=-1)
        copy.execute("PRAGMA journal_mode=DELETE")
        verify(copy)
    finally:
        copy.close()
        origin.close()
    partial.rename(target)


def seal(path: Path) -> None:
    """Make a database nobody uses one single file, and verify it.

    Raises StoreError when it is not sound.
    """
    raw = sqlite3.connect(path, isolation_level=None)
    try:
        raw.execute("PRAGMA journal_mode=DELETE")
        verify(raw)
    finally:
        raw.close()


def verify(raw: sqlite3.Connection) -> None:
    """Check every page and every reference of a database.

    Raises StoreError naming the first thing found wrong.
    """
    damage: str = raw.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if damage != "ok":
        msg = f"the database is damaged: {damage}"
        raise StoreError(msg)
    dangling = raw.execute("PRAGMA foreign_key_check").fetchone()
    if dangling is not None:
        msg = f"a row of `{dangling[0]}` refers to a row of `{dangling[2]}` that is not there"
        raise StoreError(msg)
