"""An installation that outgrew SQLite: copied by one command, killed on the way, and served from PostgreSQL."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from reelgate.testing.postgres import fresh_database, postgres_server
from tests.cli.conftest import PATIENCE_S, Command


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A PostgreSQL server."""
    with postgres_server() as url:
        yield url


@pytest.fixture
def empty(server: str) -> Iterator[str]:
    """The address of an empty database."""
    with fresh_database(server) as url:
        yield url


def test_a_clip_made_on_sqlite_is_there_on_postgresql_and_every_promise_holds(
    reelgate: Command, empty: str
) -> None:
    made = reelgate("generate", "A paper boat", "--model", "animatic-1", "--seconds", "4", "--json")
    assert made.code == 0, made.err
    video = made.json()["id"]

    copied = reelgate("db", "copy", "--to", empty, "--json")

    assert copied.code == 0, copied.err
    told = copied.json()
    assert {one["table"]: one["rows"] for one in told["tables"]}["tasks"] == 1
    assert all(len(one["sha256"]) == 64 for one in told["tables"])
    assert (told["violations"], told["snapshot"], told["resumed"], told["already"]) == (
        [],
        False,
        False,
        False,
    )
    assert "key-pepper" in " ".join(told["also_needed"])
    there = reelgate.process("videos", "get", video, "--json", env={"REELGATE_DATABASE": empty})
    assert there.json()["status"] == "completed", there.err
    well = reelgate.process("doctor", "--invariants", env={"REELGATE_DATABASE": empty})
    assert well.code == 0, well.out


def test_a_copy_killed_on_the_way_goes_on_when_the_command_is_given_again(
    reelgate: Command, empty: str
) -> None:
    reelgate("keys", "create", "laptop")
    begun = reelgate.start("db", "copy", "--to", empty)
    assert begun.stderr is not None
    begun.stderr.readline()
    begun.send_signal(signal.SIGKILL)
    begun.communicate(timeout=PATIENCE_S)

    ended = reelgate("db", "copy", "--to", empty)
    again = reelgate("db", "copy", "--to", empty, "--json")

    assert ended.code == 0, ended.err
    assert "equal on both sides" in ended.out
    assert again.json()["already"]


def test_a_folder_a_server_works_on_is_copied_only_as_the_moment_it_is_at(
    reelgate: Command, empty: str
) -> None:
    with reelgate.serving():
        refused = reelgate("db", "copy", "--to", empty)
        taken = reelgate("db", "copy", "--to", empty, "--snapshot")

    assert refused.code == 1
    assert "Stop it first" in refused.err
    assert taken.code == 0, taken.err
    assert "the moment the copy began" in taken.out


def test_a_target_in_use_is_refused_with_the_way_out(reelgate: Command, empty: str) -> None:
    reelgate("keys", "create", "laptop")
    elsewhere = Command(reelgate.data.with_name("elsewhere"), reelgate.home)
    elsewhere("keys", "create", "other")
    other = f"sqlite:///{elsewhere.data}/reelgate.db"

    refused = reelgate("db", "copy", "--to", other)

    assert refused.code == 1
    assert "data of its own" in refused.err
    assert "Name an empty database" in refused.err
    assert reelgate("db", "copy", "--to", "mysql://x/y").code == 2
    assert reelgate("db", "copy", "--from", "sqlite:////nowhere/at.db", "--to", empty).code == 1
