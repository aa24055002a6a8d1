"""Several Reelgate processes on one PostgreSQL, each with a data folder of its own, by their own command line."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text

from bench.gateway import MODEL
from bench.processes import PYTHON, ROOT, Broken, Process, free_port
from reelgate.store.postgres import driver_url
from reelgate.testing.postgres import fresh_database, postgres_server


class Cluster:
    """A database, files on the disk, and processes that share them."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        self.env = {
            "REELGATE_DATABASE": database,
            "REELGATE_STORAGE": f"file://{folder}/files",
            "REELGATE_KEY_PEPPER": "5e" * 32,
            "REELGATE_MASTER_KEY": "4d" * 32,
            "REELGATE_LOG_LEVEL": "warning",
            "REELGATE_NET_ALLOW": "127.0.0.0/8",
        }
        self.engine: Engine = create_engine(driver_url(database), isolation_level="AUTOCOMMIT")
        self.key = str(self._command("keys", "create", "bench")["key"])
        self._started = 0

    def channel(self, upstream: str, *, concurrency: int, poll_seconds: float = 10) -> None:
        """Add the channel every task goes to."""
        words = ["--dialect", "openai_videos", "--base-url", f"{upstream}/v1", "--model", MODEL]
        words += ["--concurrency", str(concurrency), "--poll-seconds", str(poll_seconds), "--self-hosted"]
        self._command("channels", "add", "bench", *words)

    def _command(self, *words: str) -> Any:
        command = [PYTHON, "-m", "reelgate.cli", "--data", str(self.folder / "admin"), *words, "--json"]
        env = {**os.environ, **self.env}  # noqa: TID251 - a child inherits it
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Broken(done.stderr.strip())
        return json.loads(done.stdout)

    @contextmanager
    def process(self, role: str) -> Iterator[tuple[str, Process]]:
        """Run one process of a role; gives its address once it is ready."""
        self._started += 1
        port = free_port()
        data = self.folder / f"{role}-{self._started}"
        command = [PYTHON, "-m", "reelgate.cli", "--data", str(data), "serve"]
        process = Process(
            [*command, "--role", role, "--port", str(port)],
            log=self.folder / f"{role}-{self._started}.log",
            env={**self.env, "REELGATE_WORKER_PORT": str(port)},
        )
        url = f"http://127.0.0.1:{port}"
        try:
            process.wait_for(f"{url}/ready")
            yield url, process
        finally:
            process.stop()

    def rows(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        """Ask the database."""
        with self.engine.connect() as conn:
            return [tuple(row) for row in conn.execute(text(statement), values)]

    def do(self, statement: str, **values: Any) -> None:
        """Change the database."""
        with self.engine.connect() as conn:
            conn.execute(text(statement), values)

    def written(self) -> tuple[int, int]:
        """Count the transactions and the rows written so far."""
        [(commits,)] = self.rows(
            "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()"
        )
        [(rows,)] = self.rows("SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables")
        return int(commits), int(rows)


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Run PostgreSQL for the length of the block, with nothing on it yet but a key."""
    # The server belongs to another user when this one is root.
    with postgres_server() as server, fresh_database(server) as database:
        made = Cluster(folder, database)
        try:
            yield made
        finally:
            made.engine.dispose()
