"""A copied database is equal, row for row, however often the copying was killed; anything else is refused."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, create_engine, insert, text, update

from reelgate.store import sqlite
from reelgate.store.backend import UNUSABLE, SchemaMismatch, open_backend
from reelgate.store.copying import TABLES, Copied, CopyRefused, copy, shown, table_sum
from reelgate.store.migrate import upgrade
from reelgate.store.postgres import driver_url
from reelgate.store.tables import aliases, events, metadata, settings
from reelgate.testing.postgres import fresh_database
from tests.store.copy_killer import copy_and_die
from tests.store.full_house import furnish

ROWS = 3


def on(url: str, work: Callable[[Connection], Any]) -> Any:
    if url.startswith("sqlite"):
        raw = sqlite.connect(sqlite.path_of(url), writes=True)
        try:
            with sqlite.engine_on(raw).connect() as conn:
                return work(conn)
        finally:
            raw.close()
    engine = create_engine(driver_url(url))
    try:
        with engine.begin() as conn:
            return work(conn)
    finally:
        engine.dispose()


def quietly(table: str, done: int, total: int) -> None:
    del table, done, total


def copied(source: str, target: str) -> Copied:
    return copy(source, target, quietly, batch=2)


def sums(url: str) -> list[Any]:
    return on(url, lambda conn: [table_sum(conn, table) for table in TABLES])


@pytest.fixture
def full_url(url: str) -> str:
    """An upgraded database with rows in every table, on SQLite and on PostgreSQL."""
    on(url, lambda conn: furnish(conn, ROWS))
    return url


@pytest.fixture
def elsewhere(full_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An address where nothing is yet, on the other kind of database."""
    if full_url.startswith("postgres"):
        yield f"sqlite:///{tmp_path}/other/reelgate.db"
        return
    with fresh_database(request.getfixturevalue("server")) as address:
        yield address


@pytest.fixture
def full_file(sqlite_url: str) -> str:
    """A SQLite database with rows in every table."""
    on(sqlite_url, lambda conn: furnish(conn, ROWS))
    return sqlite_url


def test_a_copy_has_every_row_of_every_table_whichever_way_it_goes(full_url: str, elsewhere: str) -> None:
    before = sums(full_url)

    done = copied(full_url, elsewhere)

    assert list(done.tables) == before == sums(elsewhere)
    assert all(one.rows >= ROWS for one in done.tables)
    assert {one.table for one in done.tables} == set(metadata.tables) - {"database_facts"}
    assert (done.resumed, done.already) == (False, False)


def test_there_and_back_again_is_the_same(full_url: str, elsewhere: str, tmp_path: Path) -> None:
    home = f"sqlite:///{tmp_path}/home.db"

    copied(full_url, elsewhere)
    copied(elsewhere, home)

    assert sums(home) == sums(full_url)


async def test_a_copy_is_opened_like_any_database(full_url: str, elsewhere: str) -> None:
    copied(full_url, elsewhere)

    backend = await open_backend(elsewhere)
    await backend.close()


def test_what_is_counted_goes_on_after_the_highest_number_ever_given(full_url: str, elsewhere: str) -> None:
    pruned = ROWS

    def give_one_and_prune_it(conn: Connection) -> int:
        row = {**conn.execute(events.select()).first()._mapping, "id": "new", "seq": 99}  # pyright: ignore[reportOptionalMemberAccess]
        del row["cursor"]
        given = conn.execute(insert(events), row).inserted_primary_key
        assert given is not None
        conn.execute(events.delete().where(events.c.id == "new"))
        return given[0]

    if full_url.startswith("postgres"):
        on(full_url, lambda conn: conn.execute(text("SELECT setval('events_cursor_seq', 3)")))
    pruned = on(full_url, give_one_and_prune_it)

    copied(full_url, elsewhere)

    assert on(elsewhere, give_one_and_prune_it) == pruned + 1


# With one row a step, each run makes one step and dies in the next.
@pytest.mark.parametrize(("batch", "apart"), [pytest.param(1, 1, marks=pytest.mark.slow), (2, 9)])
def test_a_copy_killed_at_any_moment_is_finished_by_the_next_run(
    full_url: str, elsewhere: str, batch: int, apart: int
) -> None:
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["tests.store.copy_killer"])
    ends: list[int | None] = []
    total = sum(one.rows for one in sums(full_url))
    for kill_at in range(0, total + 1, apart):
        process = processes.Process(target=copy_and_die, args=(full_url, elsewhere, kill_at, batch))
        process.start()
        process.join()
        ends.append(process.exitcode)

    done = copied(full_url, elsewhere)

    assert set(ends) == {-9}
    assert done.resumed
    assert sums(elsewhere) == sums(full_url)


async def test_half_a_copy_is_opened_by_nobody_and_belongs_to_its_source(
    full_url: str, elsewhere: str, tmp_path: Path
) -> None:
    half_a_copy(full_url, elsewhere)
    other = f"sqlite:///{tmp_path}/other-source.db"
    upgrade(other)

    with pytest.raises(SchemaMismatch, match="half a copy"):
        await open_backend(elsewhere)
    with pytest.raises(CopyRefused, match="half a copy of"):
        copied(other, elsewhere)
    with pytest.raises(SchemaMismatch, match="half a copy"):
        copied(elsewhere, f"sqlite:///{tmp_path}/third.db")
    assert copied(full_url, elsewhere).resumed


class Stopped(Exception):
    """Ends a copy from within."""


def half_a_copy(source: str, target: str, *, rows: int = 20) -> None:
    def stop(table: str, done: int, total: int) -> None:
        if done >= rows:
            raise Stopped

    with pytest.raises(Stopped):
        copy(source, target, stop, batch=2)


def test_a_source_that_changed_between_two_runs_is_copied_as_it_is_now(full_url: str, elsewhere: str) -> None:
    half_a_copy(full_url, elsewhere, rows=60)
    on(full_url, lambda conn: conn.execute(update(aliases).values(model="changed")))
    on(full_url, lambda conn: conn.execute(settings.delete()))

    done = copied(full_url, elsewhere)

    assert done.resumed
    assert list(done.tables) == sums(full_url) == sums(elsewhere)


def test_a_copy_is_one_moment_of_a_source_that_is_written_meanwhile(full_url: str, elsewhere: str) -> None:
    before = sums(full_url)

    def write_meanwhile(table: str, done: int, total: int) -> None:
        if table == "aliases":
            row = {"name": f"late {done}", "model": "m", "created_at": 1}
            on(full_url, lambda conn: conn.execute(insert(aliases), row))
            on(full_url, lambda conn: conn.execute(settings.delete()))

    done = copy(full_url, elsewhere, write_meanwhile, batch=2)

    assert list(done.tables) == before == sums(elsewhere)
    assert sums(full_url) != before


def test_copying_what_was_copied_finds_it_equal_and_changes_nothing(full_url: str, elsewhere: str) -> None:
    copied(full_url, elsewhere)

    again = copied(full_url, elsewhere)

    assert (again.already, again.resumed) == (True, False)
    assert list(again.tables) == sums(full_url)


def test_a_target_with_rows_of_its_own_is_refused_and_left_alone(full_url: str, elsewhere: str) -> None:
    upgrade(elsewhere)
    row = {"name": "mine", "model": "m", "created_at": 1}
    on(elsewhere, lambda conn: conn.execute(insert(aliases), row))
    before = sums(elsewhere)

    with pytest.raises(CopyRefused, match="data of its own"):
        copied(full_url, elsewhere)

    assert sums(elsewhere) == before


def test_a_target_where_another_program_lives_is_refused_and_left_alone(
    full_url: str, elsewhere: str, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    on(elsewhere, lambda conn: conn.execute(text("CREATE TABLE bills (id INTEGER)")))

    with pytest.raises(CopyRefused, match="another program"):
        copied(full_url, elsewhere)

    kind = "sqlite_master WHERE type = 'table'" if elsewhere.startswith("sqlite") else "pg_tables"
    name = "name" if elsewhere.startswith("sqlite") else "tablename"
    names = set(on(elsewhere, lambda conn: conn.execute(text(f"SELECT {name} FROM {kind}")).scalars().all()))
    assert "bills" in names
    assert not names & set(metadata.tables)


def test_a_freshly_upgraded_target_is_as_good_as_an_empty_one(full_url: str, elsewhere: str) -> None:
    upgrade(elsewhere)

    copied(full_url, elsewhere)

    assert sums(elsewhere) == sums(full_url)


def test_a_database_is_not_copied_into_itself(full_url: str) -> None:
    with pytest.raises(CopyRefused, match="itself"):
        copied(full_url, full_url)


def test_a_source_without_a_database_or_a_schema_is_refused(tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path}/target.db"
    with pytest.raises(CopyRefused, match="no database"):
        copied(f"sqlite:///{tmp_path}/none.db", target)
    sqlite.connect(tmp_path / "empty.db", writes=True).close()
    with pytest.raises(SchemaMismatch, match="empty"):
        copied(f"sqlite:///{tmp_path}/empty.db", target)
    assert not (tmp_path / "target.db").exists()


def test_a_newer_schema_is_not_copied_by_a_program_that_would_lose_its_columns(
    full_url: str, elsewhere: str
) -> None:
    on(full_url, lambda conn: conn.execute(text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(CopyRefused, match="9999"):
        copied(full_url, elsewhere)


def test_a_target_that_does_not_keep_what_it_is_given_is_found_out_and_stays_closed(
    full_file: str, postgres_url: str
) -> None:
    def spoil(conn: Connection) -> None:
        conn.execute(
            text(
                "CREATE FUNCTION spoil() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN NEW.model := NEW.model || ' '; RETURN NEW; END $$"
            )
        )
        conn.execute(
            text(
                "CREATE TRIGGER spoil BEFORE INSERT ON aliases FOR EACH ROW"
                " WHEN (NEW.name = 'a0') EXECUTE FUNCTION spoil()"
            )
        )

    on(postgres_url, spoil)

    with pytest.raises(CopyRefused, match="`aliases` has"):
        copied(full_file, postgres_url)
    with pytest.raises(CopyRefused, match="`aliases` has"):
        copied(full_file, postgres_url)


def test_text_that_postgresql_cannot_hold_stops_the_copy_instead_of_changing_it(
    full_file: str, postgres_url: str
) -> None:
    row = {"name": "with \x00 inside", "model": "m", "created_at": 1}
    on(full_file, lambda conn: conn.execute(insert(aliases), row))
    with pytest.raises(UNUSABLE, match="NUL"):
        copied(full_file, postgres_url)


def test_a_database_is_named_without_its_password() -> None:
    assert shown("postgresql://me:secret@db/reelgate") == "postgresql://me:***@db/reelgate"
    assert shown("postgres://me:secret@db/reelgate") == "postgresql://me:***@db/reelgate"
    with pytest.raises(ValueError, match="sqlite:///path"):
        shown("mysql://me@db/reelgate")
