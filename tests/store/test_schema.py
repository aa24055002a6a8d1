from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.core.money import EntryKind
from reelgate.core.task import AttemptState, Role, Variant, Verb
from reelgate.store.backend import SchemaMismatch, open_backend
from reelgate.store.ledger import balance
from reelgate.store.migrate import scripts, upgrade
from reelgate.store.postgres import driver_url
from reelgate.store.projects import all_projects
from reelgate.store.sqlite import connect, engine_on, path_of
from reelgate.store.tables import (
    DEFAULT_ACCOUNT,
    DEFAULT_PROJECT,
    DEFAULT_USER,
    HEAD,
    DeliveryState,
    ParentKind,
    RepeatKind,
    metadata,
)
from reelgate.store.users import all_users
from reelgate.testing.postgres import fresh_database


def _with_connection(url: str, work: Any) -> Any:
    if url.startswith("sqlite"):
        raw = connect(path_of(url), writes=True)
        try:
            with engine_on(raw).connect() as conn:
                return work(conn)
        finally:
            raw.close()
    engine = create_engine(driver_url(url))
    try:
        with engine.begin() as conn:
            return work(conn)
    finally:
        engine.dispose()


def test_an_upgrade_makes_the_schema_and_its_default_rows_once(empty_url: str) -> None:
    upgrade(empty_url)
    upgrade(empty_url)
    users = _with_connection(empty_url, all_users)
    projects = _with_connection(empty_url, all_projects)
    account = _with_connection(empty_url, lambda conn: balance(conn, DEFAULT_ACCOUNT))
    assert [user.id for user in users] == [DEFAULT_USER]
    assert [project.id for project in projects] == [DEFAULT_PROJECT]
    assert (account.project_id, account.balance, account.credit_limit) == (DEFAULT_PROJECT, 0, None)


def test_the_head_named_in_code_is_the_newest_migration() -> None:
    assert scripts().get_current_head() == HEAD
    assert scripts().get_heads() == [HEAD]


_OTHERS = ("pgqueuer", "library_words")
"""What SQLAlchemy does not describe: PgQueuer's tables, and what each database searches words with."""


def test_the_migrations_make_what_the_tables_say(url: str) -> None:
    def compare(conn: Connection) -> Any:
        ours = {"include_name": lambda name, _kind, _parents: not str(name).startswith(_OTHERS)}
        return compare_metadata(MigrationContext.configure(conn, opts=ours), metadata)

    assert _with_connection(url, compare) == []


_POSTGRES_SHAPE = text(
    """
    SELECT 'constraint ' || conname, conrelid::regclass::text, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace
      AND conrelid::regclass::text <> 'alembic_version' AND conrelid::regclass::text NOT LIKE 'pgqueuer%'
    UNION ALL
    SELECT 'index ' || indexname, tablename, indexdef
    FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'
      AND tablename NOT LIKE 'pgqueuer%'
    UNION ALL
    SELECT 'column ' || column_name, table_name,
           data_type || coalesce(collation_name, '') || is_nullable || coalesce(column_default, '')
    FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'
      AND table_name NOT LIKE 'pgqueuer%'
    """
)


def _shape(conn: Connection) -> set[tuple[str, ...]]:
    """Everything a database knows about its schema, checks and partial indexes included."""
    if conn.dialect.name == "postgresql":
        return {tuple(row) for row in conn.execute(_POSTGRES_SHAPE)}
    rows = conn.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name <> 'alembic_version'"
    )
    # The order of the table's parts is the one thing that may differ.
    return {
        (name, " ".join(sorted(part.strip().rstrip(",") for part in _apart(sql).split("\n"))))
        for name, sql in rows
    }


def _apart(sql: str) -> str:
    """Put columns that were added later, which SQLite writes behind the last one, on lines of their own."""
    return re.sub(r", (\w+ [A-Z][A-Z ]*?)(,? *)$", r",\n\1\2", sql, flags=re.MULTILINE)


def test_the_migrations_make_every_check_and_partial_index_too(
    request: pytest.FixtureRequest, url: str, tmp_path: Path
) -> None:
    def create_and_shape(conn: Connection) -> set[tuple[str, ...]]:
        metadata.create_all(conn)
        return _shape(conn)

    if url.startswith("sqlite"):
        direct = _with_connection(f"sqlite:///{tmp_path}/direct.db", create_and_shape)
    else:
        with fresh_database(request.getfixturevalue("server")) as other:
            direct = _with_connection(other, create_and_shape)
    assert _with_connection(url, _shape) == direct


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("ck_tasks_status_word", Status),
        ("ck_tasks_verb_word", Verb),
        ("ck_lineage_verb_word", Verb),
        ("ck_lineage_parent_kind_word", ParentKind),
        ("ck_task_inputs_role_word", Role),
        ("ck_attempts_state_word", AttemptState),
        ("ck_assets_variant_word", Variant),
        ("ck_events_type_word", EventType),
        ("ck_ledger_kind_word", EntryKind),
        ("ck_idempotency_kind_word", RepeatKind),
        ("ck_deliveries_state_word", DeliveryState),
    ],
)
def test_a_word_may_be_stored_if_and_only_if_its_enum_has_it(
    sqlite_url: str, constraint: str, words: Any
) -> None:
    def definition(conn: Connection) -> str:
        for sql in conn.exec_driver_sql("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").scalars():
            for line in str(sql).splitlines():
                if constraint in line:
                    return line
        return ""

    allowed = ", ".join(f"'{word.value}'" for word in words)
    assert f"IN ({allowed})" in _with_connection(sqlite_url, definition)


async def test_a_newer_schema_is_refused_and_left_alone(url: str) -> None:
    def pretend(conn: Connection) -> None:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        conn.execute(text("UPDATE database_facts SET value = '9999' WHERE name = 'min_reader'"))

    _with_connection(url, pretend)
    with pytest.raises(SchemaMismatch, match="newer"):
        upgrade(url)
    with pytest.raises(SchemaMismatch, match="9999"):
        await open_backend(url)
    found = _with_connection(
        url, lambda conn: conn.execute(text("SELECT version_num FROM alembic_version")).scalar()
    )
    assert found == "9999"


async def test_an_empty_database_is_not_opened(empty_url: str) -> None:
    with pytest.raises(SchemaMismatch, match="db upgrade"):
        await open_backend(empty_url)


@pytest.mark.parametrize("url", ["mysql://host/db", "sqlite://", "sqlite:///:memory:", "nonsense"])
async def test_an_address_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="sqlite:///path"):
        await open_backend(url)
    with pytest.raises(ValueError, match="sqlite:///path"):
        upgrade(url)


async def test_a_path_with_odd_characters_is_just_a_path(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/a folder?no%23/d%25b#1 ü.db".replace("?no", "%3Fno")
    upgrade(url)
    backend = await open_backend(url)
    await backend.close()
    assert (tmp_path / "a folder?no#" / "d%b#1 ü.db").exists()
