"""Bring a database to the schema this program speaks, in one transaction, or leave it as it was."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, select, text

from reelgate.store import postgres, sqlite
from reelgate.store.backend import Schema, check_schema
from reelgate.store.tables import HEAD, KNOWN, database_facts
from reelgate.store.upsert import Upsert

_SCRIPTS: Final = Path(__file__).parent / "migrations"
# Two programs that start at once take turns.
_LOCK: Final = text("SELECT pg_advisory_xact_lock(5928475960322097153)")
_MIN_READER: Final = select(database_facts.c.value).where(database_facts.c.name == "min_reader")
_PUT_MIN_READER: Final = Upsert(database_facts, ("name",), change=lambda new: {"value": new.value})


def upgrade(url: str) -> None:
    """Bring the database at `url` to this program's schema, creating it where there is none.

    One that a newer program made is left as it is if this one may work on it. Raises SchemaMismatch if it
    may not, ValueError for an address of another kind.
    """
    if url.startswith("sqlite"):
        _upgrade_sqlite(sqlite.path_of(url))
    elif url.startswith("postgres"):
        _upgrade_postgres(url)
    else:
        msg = "use sqlite:///path or postgresql://…"
        raise ValueError(msg)


def scripts() -> ScriptDirectory:
    """Give the migrations that come with this program."""
    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _upgrade_sqlite(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    raw = sqlite.connect(path, writes=True)
    try:
        with sqlite.engine_on(raw).connect() as connection:
            # After SQLAlchemy's first contact, which ends whatever transaction it finds.
            raw.execute("BEGIN EXCLUSIVE")
            _run(connection)
            raw.execute("COMMIT")
    finally:
        raw.close()


def _upgrade_postgres(url: str) -> None:
    engine = create_engine(postgres.driver_url(url))
    try:
        with engine.begin() as connection:
            connection.execute(_LOCK)
            _run(connection)
    finally:
        engine.dispose()


def _run(connection: Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    if found == HEAD:
        return
    if found is not None and found not in KNOWN:
        check_schema(Schema(found, connection.execute(_MIN_READER).scalar()))
        return
    command.upgrade(_config(connection), HEAD)
    _PUT_MIN_READER.run(connection, {"name": "min_reader", "value": min_reader(scripts())})


def min_reader(steps: ScriptDirectory) -> str:
    """Give the oldest revision whose programs may work on a database that took all `steps`."""
    for step in steps.walk_revisions():
        if hasattr(step.module, "min_reader"):
            return str(step.module.min_reader)
    msg = "the first migration names no min_reader"
    raise LookupError(msg)
