"""Every test that takes `backend` or `url` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from reelgate.store.backend import Backend, open_backend
from reelgate.store.migrate import upgrade
from reelgate.testing.postgres import fresh_database, postgres_server


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """A PostgreSQL server, started when the first test asks for it."""
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def pattern(server: str) -> Iterator[str]:
    """A database that has been upgraded, to be copied."""
    with fresh_database(server) as url:
        upgrade(url)
        yield url


@pytest.fixture(scope="session")
def pattern_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that has been upgraded, to be copied."""
    path = tmp_path_factory.mktemp("pattern") / "reelgate.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without a schema."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/reelgate.db"
        return
    with fresh_database(request.getfixturevalue("server")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database that has been upgraded."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_url")
        return
    server = request.getfixturevalue("server")
    with fresh_database(server, like=request.getfixturevalue("pattern")) as address:
        yield address


@pytest.fixture
async def backend(url: str) -> AsyncIterator[Backend]:
    """An open backend on a fresh database."""
    opened = await open_backend(url)
    yield opened
    await opened.close()


@pytest.fixture
def sqlite_url(tmp_path: Path, pattern_file: Path) -> str:
    """The address of an upgraded SQLite database."""
    path = tmp_path / "reelgate.db"
    shutil.copyfile(pattern_file, path)
    return f"sqlite:///{path}"


@pytest.fixture
async def sqlite_backend(sqlite_url: str) -> AsyncIterator[Backend]:
    """An open backend on SQLite alone."""
    opened = await open_backend(sqlite_url)
    yield opened
    await opened.close()


@pytest.fixture
def postgres_url(server: str, pattern: str) -> Iterator[str]:
    """The address of an upgraded PostgreSQL database."""
    with fresh_database(server, like=pattern) as address:
        yield address


@pytest.fixture
async def postgres_backend(postgres_url: str) -> AsyncIterator[Backend]:
    """An open backend on PostgreSQL alone."""
    opened = await open_backend(postgres_url)
    yield opened
    await opened.close()
