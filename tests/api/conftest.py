from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelgate.engine.context import Limits
from reelgate.store.migrate import upgrade
from tests.api.harness import Bench, open_bench


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database as it is before the first start, made once."""
    path = tmp_path_factory.mktemp("empty") / "reelgate.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def limits() -> Limits:
    return Limits()


@pytest.fixture
async def bench(tmp_path: Path, empty: Path, limits: Limits) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, empty, limits) as opened:
        yield opened
