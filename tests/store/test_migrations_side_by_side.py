"""The release before and the next one at work on one PostgreSQL, both as real servers.

The next release is this program copied, with a migration and a column more.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.request import Request, urlopen

import pytest

import reelgate
from reelgate.store.tables import HEAD, KNOWN
from reelgate.testing.postgres import fresh_database, postgres_server
from tests.cli.conftest import Command, Ran

pytestmark = pytest.mark.slow

NEXT, AFTER_NEXT = (f"{int(HEAD) + ahead:04}" for ahead in (1, 2))

EXPAND = f"""
import sqlalchemy as sa
from alembic import op
revision = "{NEXT}"
down_revision = "{HEAD}"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("mood", sa.Text(), nullable=True))
    op.create_table("moods", sa.Column("name", sa.Text(), primary_key=True))
"""

CONTRACT = f"""
from alembic import op
revision = "{AFTER_NEXT}"
down_revision = "{NEXT}"
contract = ("tasks.word",)
min_reader = "{NEXT}"


def upgrade() -> None:
    op.drop_column("tasks", "word")
"""


class Release(Command):
    """One release of the program, run from a folder of its own."""

    def __init__(self, data: Path, home: Path, source: Path | None, database: str) -> None:
        super().__init__(data, home)
        path = {} if source is None else {"PYTHONPATH": str(source)}
        object.__setattr__(self, "extra", {**path, "REELGATE_DATABASE": database})

    def environ(self, extra: object = None) -> dict[str, str]:
        """Give the environment of a run."""
        return super().environ(self.extra)  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def database() -> Iterator[str]:
    """The address of an empty database."""
    with postgres_server() as server, fresh_database(server) as url:
        yield url


def next_release(folder: Path, columns: str, **steps: str) -> Path:
    """Copy this program and give it columns more, and migrations by their revisions."""
    package = folder / "reelgate"
    shutil.copytree(
        Path(reelgate.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    tables = package / "store" / "tables"
    known = (*KNOWN, *steps)
    replace(tables / "columns.py", r"KNOWN: Final = \(.*\)", f"KNOWN: Final = {known}")
    replace(tables / "work.py", r'(?<=text\("phase", nullable=True\),)', columns)
    for revision, step in steps.items():
        (package / "store" / "migrations" / "versions" / f"{revision}.py").write_text(step, encoding="utf-8")
    return folder


def replace(file: Path, pattern: str, by: str) -> None:
    text, changed = re.subn(pattern, by, file.read_text(encoding="utf-8"))
    assert changed == 1
    file.write_text(text, encoding="utf-8")


def ask(address: str, key: str, path: str, body: dict[str, object] | None = None) -> dict[str, object]:
    request = Request(  # noqa: S310 - an address of ours
        address + path,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urlopen(request, timeout=60) as answer:  # noqa: S310
        return json.load(answer)


def create(address: str, key: str) -> str:
    made = ask(address, key, "/v1/videos", {"model": "animatic-1", "prompt": "a boat", "seconds": "4"})
    return str(made["id"])


def seen(address: str, key: str) -> set[str]:
    listed = ask(address, key, "/v1/videos?limit=50")["data"]
    assert isinstance(listed, list)
    return {one["id"] for one in listed}


@contextmanager
def both(*releases: Release) -> Iterator[list[str]]:
    with ExitStack() as stack:
        yield [stack.enter_context(release.serving()) for release in releases]


def key_of(release: Release) -> str:
    made = release.process("keys", "create", "laptop", "--json")
    assert made.code == 0, made.err
    return made.json()["key"]


def upgraded(release: Release) -> Ran:
    ran = release.process("db", "upgrade")
    assert ran.code == 0, ran.err
    return ran


@pytest.fixture
def old(database: str, tmp_path: Path) -> Release:
    """The release before: this program."""
    return Release(tmp_path / "old-data", tmp_path, None, database)


def later(old: Release, source: Path) -> Release:
    """A later release with the same key file, on the same database."""
    data = source / "data"
    data.mkdir()
    shutil.copy(old.data / "key-pepper", data)
    return Release(data, old.home, source, old.environ()["REELGATE_DATABASE"])


def test_old_and_new_serve_the_same_rows_while_the_new_one_is_rolled_out(
    old: Release, tmp_path: Path
) -> None:
    key = key_of(old)
    source = next_release(tmp_path / "next", '\n    text("mood", nullable=True),', **{NEXT: EXPAND})
    new = later(old, source)

    with old.serving() as address:
        before = create(address, key)
        upgraded(new)
        on_the_newer_schema = create(address, key)
    # The old one starts again, as a rolling restart or a crash makes it.
    with both(old, new) as (old_address, new_address):
        made = {create(old_address, key), create(new_address, key)}
        wanted = {before, on_the_newer_schema, *made}

        assert seen(old_address, key) == seen(new_address, key) == wanted


def test_after_a_contracting_step_the_release_two_before_is_shut_out_and_says_why(
    old: Release, tmp_path: Path
) -> None:
    key_of(old)
    source = next_release(tmp_path / "next", "", **{NEXT: EXPAND, AFTER_NEXT: CONTRACT})
    new = later(old, source)

    upgraded(new)
    refused = old.process("serve", "--port", "0")

    assert refused.code == 1
    assert f"needs a program that knows `{NEXT}`" in refused.err
