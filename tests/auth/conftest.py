from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelgate.auth.access import Access, Policy
from reelgate.auth.passwords import Cost, Passwords
from reelgate.auth.secrets import Secrets, prepare, source_of
from reelgate.store.backend import open_backend
from reelgate.store.migrate import upgrade
from reelgate.testing.clock import FakeClock
from reelgate.testing.ids import SeededIds

CHEAP = Cost(memory_kib=8, passes=1, lanes=1)
"""Digests that cost next to nothing, so that tests are quick; what the real ones cost is a test of its own."""


@pytest.fixture(scope="session")
def empty_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as it is before the first start, made once."""
    path = tmp_path_factory.mktemp("people") / "reelgate.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def access(tmp_path: Path, empty_people: Path, clock: FakeClock) -> AsyncIterator[Access]:
    shutil.copy(empty_people, tmp_path / "reelgate.db")
    backend = await open_backend(f"sqlite:///{tmp_path}/reelgate.db")
    vault = Secrets(source_of(tmp_path, None, None))
    await prepare(backend, vault, clock.now_ms())
    made = Access(
        backend=backend,
        clock=clock,
        ids=SeededIds(1, now_ms=clock.now_ms()),
        vault=vault,
        pepper=b"p" * 32,
        policy=Policy(registration="open"),
        passwords=Passwords(CHEAP),
    )
    yield made
    made.passwords.close()
    await backend.close()
