"""No migration breaks the release before it; a program works on a newer schema exactly when that keeps what it needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text

from reelgate.store import migrate, sqlite
from reelgate.store.backend import SchemaMismatch, open_backend
from reelgate.store.postgres import driver_url
from reelgate.store.tables import HEAD, KNOWN
from reelgate.testing.postgres import fresh_database
from tools.migrations import Release, check, releases

SHIPPED = Path(migrate.__file__).parent / "migrations"


def on(url: str, work: Callable[[Connection], Any]) -> Any:
    if url.startswith("sqlite"):
        raw = sqlite.connect(sqlite.path_of(url), writes=True)
        try:
            with sqlite.engine_on(raw).connect() as conn:
                raw.execute("BEGIN EXCLUSIVE")
                result = work(conn)
                raw.execute("COMMIT")
                return result
        finally:
            raw.close()
    engine = create_engine(driver_url(url))
    try:
        with engine.begin() as conn:
            return work(conn)
    finally:
        engine.dispose()


def with_steps(folder: Path, *steps: str, head: str = "") -> Path:
    """Put migrations of one line each after a small first one."""
    (folder / "versions").mkdir(parents=True)
    shutil.copy(SHIPPED / "env.py", folder)
    first = """op.create_table(
        "clips",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("word", sa.Text(), nullable=True),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.CheckConstraint("word IN ('one', 'two')", name="ck_word"),
        sa.PrimaryKeyConstraint("id", name="pk_clips"),
        sa.UniqueConstraint("word", name="uq_word"),
    )
    op.create_table("frames", sa.Column("id", sa.Text(), primary_key=True))"""
    for number, step in enumerate((first, *steps), start=1):
        before = repr(f"{number - 1:04}") if number > 1 else None
        facts = head if number == len(steps) + 1 else ""
        source = (
            "import sqlalchemy as sa\nfrom alembic import op\n"
            f"revision = '{number:04}'\ndown_revision = {before}\n{facts}\n\ndef upgrade():\n    {step}\n"
        )
        (folder / "versions" / f"{number:04}_step.py").write_text(source, encoding="utf-8")
    return folder


def in_batch(change: str) -> str:
    return f"with op.batch_alter_table('clips') as batch: batch.{change}"


HARMLESS = [
    "op.create_table('more', sa.Column('id', sa.Text(), primary_key=True), sa.Column('x', sa.Text(), nullable=False))",
    "op.add_column('clips', sa.Column('mood', sa.Text(), nullable=True))",
    "op.add_column('clips', sa.Column('mood', sa.Text(), nullable=False, server_default='calm'))",
    "op.create_index('ix_length', 'clips', ['length'])",
    in_batch("alter_column('length', type_=sa.BigInteger())"),
    "with op.batch_alter_table('clips') as batch:\n"
    "        batch.drop_constraint('ck_word', type_='check')\n"
    "        batch.create_check_constraint('ck_word', sa.text(\"word IN ('one', 'two', 'three')\"))",
]

BREAKING = [
    ("op.drop_table('frames')", "frames", "is gone"),
    ("op.rename_table('frames', 'pictures')", "frames", "is gone"),
    (in_batch("drop_column('note')"), "clips.note", "is gone"),
    (in_batch("alter_column('note', new_column_name='remark')"), "clips.note", "is gone"),
    ("op.execute('ALTER TABLE clips RENAME COLUMN note TO remark')", "clips.note", "is gone"),
    (
        "op.execute('DELETE FROM clips');"
        + in_batch("add_column(sa.Column('mood', sa.Text(), nullable=False))").replace("with", "\n    with"),
        "clips.mood",
        "must be filled",
    ),
    (in_batch("alter_column('length', type_=sa.SmallInteger())"), "clips.length", "type changes"),
    (in_batch("alter_column('word', nullable=False)"), "clips.word", "may not be empty"),
    (in_batch("alter_column('length', nullable=True)"), "clips.length", "does not expect"),
    (in_batch("alter_column('note', server_default=None)"), "clips.note", "lost its default"),
    (in_batch("create_check_constraint('ck_length', sa.text('length > 3'))"), "clips", "ck_length"),
    (
        "with op.batch_alter_table('clips') as batch:\n"
        "        batch.drop_constraint('ck_word', type_='check')\n"
        "        batch.create_check_constraint('ck_word', sa.text(\"word IN ('one', 'three')\"))",
        "clips",
        "ck_word",
    ),
    ("op.create_index('uq_note', 'clips', ['note'], unique=True)", "clips", "must be unique"),
    (in_batch("drop_constraint('uq_word', type_='unique')"), "clips", "ON CONFLICT"),
    (in_batch("create_foreign_key('fk_note', 'frames', ['note'], ['id'])"), "clips", "new reference"),
]


@pytest.fixture(scope="module")
def shared(server: str) -> Iterator[str]:
    """A PostgreSQL database that every test leaves as it found it."""
    with fresh_database(server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def nothing(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A connection to a database without a schema."""
    if request.param == "sqlite":
        raw = sqlite.connect(request.getfixturevalue("tmp_path") / "nothing.db", writes=True)
        with sqlite.engine_on(raw).connect() as conn:
            raw.execute("BEGIN")
            yield conn
        raw.close()
        return
    engine = create_engine(driver_url(request.getfixturevalue("shared")))
    with engine.connect() as conn:
        yield conn
        conn.rollback()
    engine.dispose()


def test_no_shipped_migration_breaks_the_release_before_it(nothing: Connection) -> None:
    """Shows 001-33."""

    assert check(SHIPPED, nothing, releases()) == []


@pytest.mark.parametrize("step", HARMLESS)
def test_a_migration_that_only_adds_is_let_through(nothing: Connection, tmp_path: Path, step: str) -> None:
    assert check(with_steps(tmp_path / "steps", step), nothing, []) == []


@pytest.mark.parametrize(("step", "subject", "why"), BREAKING)
def test_a_migration_that_breaks_the_release_before_it_is_found_out(
    nothing: Connection, tmp_path: Path, step: str, subject: str, why: str
) -> None:
    folder = with_steps(tmp_path / "steps", step)

    found = check(folder, nothing, [Release("1", "0001")])

    assert [(one.revision, one.subject) for one in found] == [("0002", subject)]
    assert why in found[0].message


DROP = in_batch("drop_column('note')")


@pytest.mark.parametrize(
    ("head", "released", "why"),
    [
        ("contract = ('clips.note',)\nmin_reader = '0001'", [Release("1", "0001", ["clips.note"])], None),
        ("contract = ('clips.note',)\nmin_reader = '0001'", [Release("1", "0001")], "not ready"),
        ("contract = ('clips.note',)\nmin_reader = '0001'", [], "not ready"),
        ("contract = ('clips.note',)", [Release("1", "0001", ["clips.note"])], "min_reader must be"),
        (
            "contract = ('clips.note',)\nmin_reader = '0002'",
            [Release("1", "0001", ["clips.note"])],
            "min_reader must be",
        ),
        ("contract = ('clips.word',)", [Release("1", "0001", ["clips.note"])], "expand first"),
        ("", [Release("1", "0001", ["clips.note"])], "expand first"),
    ],
)
def test_what_is_taken_away_was_declared_and_not_needed_by_the_release_before(
    tmp_path: Path, head: str, released: list[Release], why: str | None
) -> None:
    folder = with_steps(tmp_path / "steps", DROP, head=head)

    found = on(f"sqlite:///{tmp_path}/x.db", lambda conn: check(folder, conn, released))

    if why is None:
        assert found == []
    else:
        assert why in found[0].message


def test_an_expanding_migration_shuts_nobody_out(tmp_path: Path) -> None:
    folder = with_steps(tmp_path / "steps", "pass", head="min_reader = '0002'")
    found = on(f"sqlite:///{tmp_path}/x.db", lambda conn: check(folder, conn, []))
    assert [one.subject for one in found] == ["min_reader"]


def test_the_releases_name_schemas_that_exist_in_their_order() -> None:
    schemas = [one.schema for one in releases()]
    assert schemas == sorted(schemas)
    assert set(schemas) <= set(KNOWN)


def test_the_code_knows_every_shipped_revision_in_its_order() -> None:
    walked = [script.revision for script in migrate.scripts().walk_revisions()]
    assert tuple(reversed(walked)) == KNOWN
    assert list(KNOWN) == sorted(KNOWN)


def test_the_newest_contracting_step_says_who_may_read(tmp_path: Path) -> None:
    folder = with_steps(tmp_path / "steps", DROP, "pass", head="")
    for number, oldest in ((1, "0001"), (2, "0001")):
        path = folder / "versions" / f"{number:04}_step.py"
        path.write_text(f"min_reader = '{oldest}'\n" + path.read_text())
    config = Config()
    config.set_main_option("script_location", str(folder))
    assert migrate.min_reader(ScriptDirectory.from_config(config)) == "0001"


def pretend(url: str, revision: str, min_reader: str) -> None:
    def work(conn: Connection) -> None:
        conn.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})
        conn.execute(
            text("UPDATE database_facts SET value = :m WHERE name = 'min_reader'"), {"m": min_reader}
        )
        conn.execute(text("INSERT INTO database_facts VALUES ('of a later release', 'unknown')"))

    on(url, work)


async def test_a_newer_schema_that_keeps_what_this_program_needs_is_worked_on_and_left_as_it_is(
    url: str,
) -> None:
    pretend(url, "9999", HEAD)

    migrate.upgrade(url)
    backend = await open_backend(url)
    await backend.close()

    read = text("SELECT version_num FROM alembic_version")
    assert on(url, lambda conn: conn.execute(read).scalar()) == "9999"


async def test_a_newer_schema_that_took_away_what_this_program_needs_is_refused(url: str) -> None:
    pretend(url, "9999", "9998")

    with pytest.raises(SchemaMismatch, match="9998"):
        migrate.upgrade(url)
    with pytest.raises(SchemaMismatch, match="needs a program that knows `9998`"):
        await open_backend(url)
