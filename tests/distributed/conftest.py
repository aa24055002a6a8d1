"""Real processes on one PostgreSQL: servers and workers, and an upstream with a bill that outlives them."""
# ruff: noqa: TID251 - a client and an environment of its own, outside the processes under test

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import create_engine, text

from reelgate.store.postgres import driver_url
from reelgate.testing.postgres import fresh_database, postgres_server

CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("REELGATE_")}
PATIENCE_S = 90.0


def until(condition: Callable[[], Any], patience_s: float = PATIENCE_S) -> Any:
    """Wait for something that has to happen, however slow the machine is, and give it."""
    end = time.monotonic() + patience_s
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.05)


class Process:
    """One process of the fleet, with a data folder of its own."""

    def __init__(self, fleet: Fleet, name: str, role: str, env: dict[str, str]) -> None:
        self.data = fleet.folder / name
        self.data.mkdir()
        self._log = (fleet.folder / f"{name}.log").open("ab")
        words = [sys.executable, "-m", "reelgate.cli", "--data", str(self.data), "serve", "--role", role]
        self.process = subprocess.Popen(
            [*words, "--port", "0"], stdout=self._log, stderr=self._log, env={**fleet.env, **env}
        )
        self.log = fleet.folder / f"{name}.log"

    def ready(self) -> Process:
        """Wait until it serves, or works."""
        until(lambda: self._told() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()[-4000:]
        return self

    def _told(self) -> bool:
        return (self.data / "server.json").exists() or "working" in self.log.read_text()

    @property
    def address(self) -> str:
        return json.loads((self.data / "server.json").read_text())["url"]

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self) -> int:
        self.signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)

    def end(self) -> None:
        """See to it that nothing of it is left, however the test went."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self._log.close()

    def call(self, method: str, path: str, key: str, body: Any = None) -> tuple[int, Any]:
        """Send one request and give the status and the answer."""
        split = urlsplit(self.address)
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=PATIENCE_S)
        try:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read() or b"null")
        finally:
            connection.close()

    @contextmanager
    def stream(self, path: str, key: str) -> Iterator[http.client.HTTPResponse]:
        """Open a stream of events."""
        split = urlsplit(self.address)
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=PATIENCE_S)
        try:
            connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
            answer = connection.getresponse()
            assert answer.status == 200
            yield answer
        finally:
            connection.close()


@dataclass
class Fleet:
    """Everything that shares one database and one store of files."""

    folder: Path
    url: str
    env: dict[str, str] = field(init=False)
    processes: list[Process] = field(default_factory=list[Process])
    key: str = ""

    def __post_init__(self) -> None:
        self.env = {
            **CLEAN,
            "REELGATE_DATABASE": self.url,
            "REELGATE_STORAGE": f"file://{self.folder}/files",
            "REELGATE_KEY_PEPPER": "5e" * 32,
            "REELGATE_MASTER_KEY": "7c" * 32,
            "REELGATE_HEARTBEAT_S": "3",
            "REELGATE_NET_ALLOW": "127.0.0.0/8",
            "REELGATE_UNCONFIRMED_TIMEOUT_S": "5",
            "REELGATE_LANG": "en",
        }

    def start(self, name: str, role: str, **env: str) -> Process:
        """Start a process; `ready()` waits for it."""
        process = Process(self, name, role, env)
        self.processes.append(process)
        return process

    def command(self, *words: str, stdin: str | None = None) -> str:
        """Run one command beside the processes and give what it prints."""
        done = subprocess.run(
            [sys.executable, "-m", "reelgate.cli", "--data", str(self.folder / "admin"), *words],
            input=stdin,
            env=self.env,
            text=True,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
        return done.stdout

    def set_up(self, base_url: str, *, concurrency: int = 20) -> None:
        """Make a key and a channel that leads to the upstream."""
        self.key = json.loads(self.command("keys", "create", "fleet", "--json"))["key"]
        self.command(
            "channels", "add", "up", "--dialect", "openai_videos", "--base-url", base_url,
            "--secret-file", "-", "--model", "demo=sim-1", "--concurrency", str(concurrency),
            "--poll-seconds", "0.3", "--self-hosted",
            stdin="sk-simulated\n",
        )  # fmt: skip

    def create(self, process: Process, prompt: str) -> str:
        """Ask a process for a clip."""
        body = {"model": "demo", "prompt": prompt, "seconds": "4", "size": "720x1280"}
        status, answer = process.call("POST", "/v1/videos", self.key, body)
        assert status == 200, answer
        return answer["id"]

    def status(self, process: Process, task_id: str) -> str:
        """Ask a process how a clip is doing."""
        status, answer = process.call("GET", f"/v1/videos/{task_id}", self.key)
        assert status == 200, answer
        return answer["status"]

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Look into the database."""
        engine = create_engine(driver_url(self.url))
        try:
            with engine.connect() as conn:
                return [tuple(row) for row in conn.execute(text(statement))]
        finally:
            engine.dispose()

    def write(self, statement: str) -> None:
        """Change the database behind every process's back."""
        engine = create_engine(driver_url(self.url))
        try:
            with engine.begin() as conn:
                conn.execute(text(statement))
        finally:
            engine.dispose()

    def everything(self, task_ids: list[str]) -> list[list[tuple[Any, ...]]]:
        """Give all that is written about tasks, attempts, events, money and files."""
        ids = ", ".join(f"'{task_id}'" for task_id in task_ids)
        of = {
            "tasks": "id",
            "attempts": "task_id",
            "events": "task_id",
            "ledger": "task_id",
            "assets": "task_id",
        }
        return [
            self.rows(f"SELECT * FROM {table} WHERE {name} IN ({ids}) ORDER BY 1, 2")
            for table, name in of.items()
        ]

    def bill(self) -> Counter[str]:
        """Count what the upstream charged for each prompt."""
        path = self.folder / "bill.jsonl"
        lines = path.read_text().splitlines() if path.exists() else []
        return Counter(json.loads(line)["prompt"] for line in lines)

    def sound(self) -> None:
        """Check every invariant."""
        self.command("doctor", "--invariants")


@contextmanager
def upstream(folder: Path, *options: str) -> Iterator[str]:
    """Run the fake upstream with a bill as a process; gives its base address."""
    words = [
        sys.executable,
        "-m",
        "reelgate.testing.upstream",
        "--bill",
        str(folder / "bill.jsonl"),
        *options,
    ]
    with (folder / "upstream.log").open("ab") as log:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, env=CLEAN)
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["base_url"]
        finally:
            process.kill()
            process.wait()
            process.stdout.close()


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture
def fleet(tmp_path: Path, server: str) -> Iterator[Fleet]:
    with fresh_database(server) as url:
        made = Fleet(tmp_path, url)
        try:
            yield made
        finally:
            for process in made.processes:
                process.end()
