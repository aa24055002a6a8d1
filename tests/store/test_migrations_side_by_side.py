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
from reelgate.testing.postgres import fresh_database, postgres_server
from tests.cli.conftest import Command, Ran

pytestmark = pytest.mark.slow

EXPAND = """
import sqlalchemy as sa
from alembic import op
revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("tasks", sa.Column("mood", sa.Text(), nullable=True))
    op.create_table("moods", sa.Column("name", sa.Text(), primary_key=True))
"""

CONTRACT = """
from alembic import op
revision = "0003"
down_revision = "0002"
contract = ("tasks.word",)
min_reader = "0002"


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


def next_release(folder: Path, known: str, columns: str, **steps: str) -> Path:
    """Copy this program and give it migrations and columns more."""
    package = folder / "reelgate"
    shutil.copytree(
        Path(reelgate.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__", "*.pyc")
    )
    tables = package / "store" / "tables.py"
    text = tables.read_text(encoding="utf-8")
    text, changed = re.subn(r'KNOWN: Final = \("0001",\)', f"KNOWN: Final = {known}", text)
    assert changed == 1
    text, changed = re.subn(r'(?<=_text\("phase", nullable=True\),)', columns, text)
    assert changed == 1
    tables.write_text(text, encoding="utf-8")
    for name, step in steps.items():
        (package / "store" / "migrations" / "versions" / f"{name}.py").write_text(step, encoding="utf-8")
    return folder


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
    source = next_release(
        tmp_path / "next", '("0001", "0002")', '\n    _text("mood", nullable=True),', step2=EXPAND
    )
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
    source = next_release(tmp_path / "next", '("0001", "0002", "0003")', "", step2=EXPAND, step3=CONTRACT)
    new = later(old, source)

    upgraded(new)
    refused = old.process("serve", "--port", "0")

    assert refused.code == 1
    assert "needs a program that knows `0002`" in refused.err
