"""Copy a whole database into another, row for row, so that a kill at any moment is made good by running it again.

The source is read in one transaction, which sees one moment of it. Until the copy is whole the
target says `copying_from` about itself, and nobody opens it. Tables go in the order of their
references and rows in the order of their keys, so that what a killed copy left is a beginning of
what has to be there; whether it is, is read from both sides before the copy goes on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final, Protocol

import msgspec
from sqlalchemy import (
    Column,
    Connection,
    Table,
    Text,
    collate,
    create_engine,
    delete,
    func,
    insert,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import DBAPIError

from reelgate.store import migrate, postgres, sqlite
from reelgate.store.backend import SCHEMA_FACTS, Schema, StoreError, check_schema
from reelgate.store.tables import (
    DEFAULT_ACCOUNT,
    DEFAULT_PROJECT,
    DEFAULT_USER,
    HEAD,
    accounts,
    database_facts,
    metadata,
    projects,
    users,
)

BATCH: Final = 500
"""Rows of one transaction."""

TABLES: Final = tuple(table for table in metadata.sorted_tables if table is not database_facts)
_DEFAULT_ROWS: Final = {
    users.name: DEFAULT_USER,
    projects.name: DEFAULT_PROJECT,
    accounts.name: DEFAULT_ACCOUNT,
}
_MARK: Final = "copying_from"

# Two copies into one database take turns; a killed one lets go when the server has noticed.
_ALONE: Final = text("SELECT pg_advisory_lock(5928475960322097154)")
_PATIENCE: Final = text("SET lock_timeout = '30s'")

_PG_SEQUENCE: Final = text("SELECT pg_get_serial_sequence(:table, :column)")
_PG_SET: Final = text("SELECT setval(CAST(:sequence AS regclass), :given)")
_LITE_GIVEN: Final = text("SELECT seq FROM sqlite_sequence WHERE name = :table")
_LITE_FORGET: Final = text("DELETE FROM sqlite_sequence WHERE name = :table")
_LITE_SET: Final = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:table, :given)")


class CopyRefused(StoreError):
    """Raised when copying would harm what is there, or cannot give an equal copy; says why."""


class Sum(msgspec.Struct, frozen=True):
    """How many rows a table has, and one hash over all their values in the order of their keys."""

    table: str
    rows: int
    sha256: str


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """What a copy did."""

    tables: tuple[Sum, ...]
    """As read back from the target, equal to the source."""
    resumed: bool
    """Whether an earlier run had begun it."""
    already: bool
    """Whether the target was an equal copy before."""


class Tell(Protocol):
    """Hears how far a copy is."""

    def __call__(self, table: str, done: int, total: int) -> None:
        """Hear that `done` of `total` rows are there; the newest of them are not committed yet."""
        ...


def copy(source: str, target: str, tell: Tell, *, batch: int = BATCH) -> Copied:
    """Make the database at `target` an equal of the one at `source`, as it is at this moment.

    Raises CopyRefused when the target holds anything else, or does not become equal.
    """
    if shown(source) == shown(target):
        msg = f"{shown(source)} cannot be copied into itself"
        raise CopyRefused(msg)
    with ExitStack() as stack:
        origin = stack.enter_context(_reading(source))
        sink = stack.enter_context(_writing(target))
        _must_be_free(sink.conn, target)
        migrate.upgrade(target)
        _must_be_ours(sink.conn)
        resumed = _mark(sink.conn) == shown(source)
        if not resumed and not _untouched(sink.conn):
            return _already_there(origin, sink.conn, source, target)
        if not resumed:
            _claim(sink, shown(source))
        return _Copy(origin, sink, tell, batch).run(resumed=resumed)


def shown(url: str) -> str:
    """Name a database without its password, the same way however its address was spelt.

    Raises ValueError for an address of another kind.
    """
    if url.startswith("sqlite"):
        return f"sqlite:///{sqlite.path_of(url).resolve()}"
    if not url.startswith("postgres"):
        msg = "use sqlite:///path or postgresql://…"
        raise ValueError(msg)
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=True)


def table_sum(conn: Connection, table: Table) -> Sum:
    """Read a whole table and sum it up."""
    digest, count = hashlib.sha256(), 0
    with _rows(conn, table, BATCH) as rows:
        for row in rows:
            digest.update(_encoded(row))
            count += 1
    return Sum(str(table.name), count, digest.hexdigest())


@dataclass(frozen=True, slots=True)
class _Sink:
    conn: Connection
    transaction: Callable[[], AbstractContextManager[None]]


class _Copy:
    def __init__(self, origin: Connection, sink: _Sink, tell: Tell, batch: int) -> None:
        self._origin = origin
        self._sink = sink
        self._tell = tell
        self._batch = batch
        self._done = 0
        self._total = sum(_count(origin, table) for table in TABLES)

    def run(self, *, resumed: bool) -> Copied:
        wanted = [self._bring(table) for table in TABLES]
        found = [table_sum(self._sink.conn, table) for table in TABLES]
        for want, have in zip(wanted, found, strict=True):
            if want != have:
                msg = (
                    f"`{want.table}` has {want.rows} rows with the sum {want.sha256} in the source,"
                    f" {have.rows} with {have.sha256} in the target"
                )
                raise CopyRefused(msg)
        self._finish()
        return Copied(tables=tuple(found), resumed=resumed, already=False)

    def _bring(self, table: Table) -> Sum:
        """Make a table whole, going on where its rows end if they are a beginning of the source's."""
        have = table_sum(self._sink.conn, table)
        with _rows(self._origin, table, self._batch) as rows:
            digest, count = hashlib.sha256(), 0
            for row in islice(rows, have.rows):
                digest.update(_encoded(row))
                count += 1
            if (count, digest.hexdigest()) == (have.rows, have.sha256):
                self._step(table, count)
                while some := list(islice(rows, self._batch)):
                    for row in some:
                        digest.update(_encoded(row))
                    count += len(some)
                    self._put(table, some)
                return Sum(have.table, count, digest.hexdigest())
        self._clear_from(table)
        return self._bring(table)

    def _put(self, table: Table, rows: list[Any]) -> None:
        with self._sink.transaction():
            self._sink.conn.execute(insert(table), [row._asdict() for row in rows])
            self._step(table, len(rows))

    def _step(self, table: Table, rows: int) -> None:
        self._done += rows
        self._tell(table.name, self._done, self._total)

    def _clear_from(self, table: Table) -> None:
        """Empty a table that is not a beginning of the source's, and all that may refer to it."""
        with self._sink.transaction():
            for later in reversed(TABLES[TABLES.index(table) :]):
                self._sink.conn.execute(delete(later))

    def _finish(self) -> None:
        with self._sink.transaction():
            for table, column in _numbered():
                if given := _given(self._origin, table, column):
                    _go_on_after(self._sink.conn, table, column, given)
            self._sink.conn.execute(delete(database_facts).where(database_facts.c.name == _MARK))
            if self._sink.conn.dialect.name == "postgresql":
                # Its planner would think the tables empty until it looks at them by itself.
                self._sink.conn.execute(text("ANALYZE"))


def _must_be_free(conn: Connection, target: str) -> None:
    """Refuse a database that somebody else's tables live in."""
    names = inspect(conn).get_table_names()
    conn.rollback()
    if names and database_facts.name not in names:
        msg = f"{shown(target)} holds tables of another program ({', '.join(sorted(names)[:3])}); nothing was changed"
        raise CopyRefused(msg)


def _must_be_ours(conn: Connection) -> None:
    found = _schema(conn)
    if found.revision != HEAD:
        # A newer one may have columns this program would leave behind, or could not fill.
        msg = f"the database has schema `{found.revision}`; copy it with the Reelgate that made it"
        raise CopyRefused(msg)


def _schema(conn: Connection) -> Schema:
    if conn.dialect.name == "postgresql":
        return postgres.schema(conn)
    if not conn.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").scalar():
        return Schema()
    revision = conn.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return Schema(revision, **{row.name: row.value for row in conn.exec_driver_sql(SCHEMA_FACTS)})


def _mark(conn: Connection) -> str | None:
    return conn.execute(select(database_facts.c.value).where(database_facts.c.name == _MARK)).scalar()


def _untouched(conn: Connection) -> bool:
    """Tell whether a database holds nothing but what every new one holds."""
    for table in TABLES:
        query = select(func.count()).select_from(table)
        if table.name in _DEFAULT_ROWS:
            query = query.where(table.c.id != _DEFAULT_ROWS[table.name])
        if conn.execute(query).scalar_one():
            return False
    return _mark(conn) is None


def _already_there(origin: Connection, sink: Connection, source: str, target: str) -> Copied:
    """Find a copy that is whole, which an earlier run was killed before telling; anything else is not ours."""
    begun = _mark(sink)
    if begun is None and all(_count(origin, table) == _count(sink, table) for table in TABLES):
        found = [table_sum(sink, table) for table in TABLES]
        if found == [table_sum(origin, table) for table in TABLES]:
            return Copied(tables=tuple(found), resumed=False, already=True)
    holds = "data of its own" if begun is None else f"half a copy of {begun}"
    msg = f"{shown(target)} holds {holds}, not a copy of {shown(source)}; nothing was changed"
    raise CopyRefused(msg)


def _claim(sink: _Sink, source: str) -> None:
    with sink.transaction():
        for name in reversed(_DEFAULT_ROWS):
            sink.conn.execute(delete(metadata.tables[name]))
        sink.conn.execute(insert(database_facts), [{"name": _MARK, "value": source}])


@contextmanager
def _reading(url: str) -> Generator[Connection]:
    """Read one moment of a database."""
    if url.startswith("sqlite"):
        with _reading_sqlite(url) as conn:
            yield conn
        return
    engine = create_engine(postgres.driver_url(url), isolation_level="REPEATABLE READ")
    try:
        with engine.connect().execution_options(postgresql_readonly=True) as conn:
            check_schema(_schema(conn))
            _must_be_ours(conn)
            yield conn
    finally:
        engine.dispose()


@contextmanager
def _reading_sqlite(url: str) -> Generator[Connection]:
    path = sqlite.path_of(url)
    if not path.is_file():
        msg = f"there is no database at {path}"
        raise CopyRefused(msg)
    raw = sqlite.connect(path, writes=False)
    try:
        with sqlite.engine_on(raw).connect() as conn:
            raw.execute("BEGIN")
            check_schema(_schema(conn))
            _must_be_ours(conn)
            yield conn
    finally:
        raw.close()


@contextmanager
def _writing(url: str) -> Generator[_Sink]:
    if url.startswith("sqlite"):
        with _writing_sqlite(url) as sink:
            yield sink
        return
    engine = create_engine(postgres.driver_url(url))
    try:
        with engine.connect() as conn:
            with _alone(), conn.begin():
                conn.execute(_PATIENCE)
                conn.execute(_ALONE)
            yield _Sink(conn, lambda: _postgres_transaction(conn))
    finally:
        engine.dispose()


@contextmanager
def _alone() -> Generator[None]:
    try:
        yield
    except DBAPIError as error:
        msg = f"another copy into this database is under way: {error.orig}"
        raise CopyRefused(msg) from error


@contextmanager
def _postgres_transaction(conn: Connection) -> Generator[None]:
    # A read before has begun one by itself.
    conn.rollback()
    with conn.begin():
        yield


@contextmanager
def _writing_sqlite(url: str) -> Generator[_Sink]:
    path = sqlite.path_of(url)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    raw = sqlite.connect(path, writes=True)

    @contextmanager
    def transaction() -> Generator[None]:
        raw.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            raw.execute("ROLLBACK")
            raise
        raw.execute("COMMIT")

    try:
        with sqlite.engine_on(raw).connect() as conn:
            yield _Sink(conn, transaction)
    finally:
        raw.close()


def _count(conn: Connection, table: Table) -> int:
    return conn.execute(select(func.count()).select_from(table)).scalar_one()


@contextmanager
def _rows(conn: Connection, table: Table, batch: int) -> Generator[Iterator[Any]]:
    """Read rows in the order of their keys, compared byte by byte on both databases."""
    bytewise = "C" if conn.dialect.name == "postgresql" else "BINARY"
    keys = [
        collate(column, bytewise) if isinstance(column.type, Text) else column
        for column in table.primary_key.columns
    ]
    result = conn.execute(select(table).order_by(*keys).execution_options(yield_per=batch))
    try:
        yield iter(result)
    finally:
        result.close()


def _encoded(row: Any) -> bytes:
    return msgspec.msgpack.encode(tuple(row))


def _numbered() -> Iterator[tuple[Table, Column[Any]]]:
    """List the tables whose rows the database numbers."""
    for table in TABLES:
        if table.autoincrement_column is not None:
            yield table, table.autoincrement_column


def _given(conn: Connection, table: Table, column: Column[Any]) -> int:
    """Give the highest number a table ever gave, which a row that is gone may have had."""
    highest = conn.execute(select(func.coalesce(func.max(column), 0))).scalar_one()
    if conn.dialect.name == "sqlite":
        noted = conn.execute(_LITE_GIVEN, {"table": table.name}).scalar() if _never_again(table) else 0
        return max(highest, noted or 0)
    sequence = conn.execute(_PG_SEQUENCE, {"table": table.name, "column": column.name}).scalar_one()
    # The name comes quoted from the database itself.
    last, called = conn.exec_driver_sql(f"SELECT last_value, is_called FROM {sequence}").one()  # noqa: S608
    return max(highest, last if called else last - 1)


def _go_on_after(conn: Connection, table: Table, column: Column[Any], given: int) -> None:
    """Make the next number higher than `given`."""
    if conn.dialect.name == "postgresql":
        sequence = conn.execute(_PG_SEQUENCE, {"table": table.name, "column": column.name}).scalar_one()
        conn.execute(_PG_SET, {"sequence": sequence, "given": given})
    elif _never_again(table):
        conn.execute(_LITE_FORGET, {"table": table.name})
        conn.execute(_LITE_SET, {"table": table.name, "given": given})


def _never_again(table: Table) -> bool:
    """Tell whether SQLite keeps the highest number of a table beside its rows."""
    return bool(table.dialect_options["sqlite"]["autoincrement"])
