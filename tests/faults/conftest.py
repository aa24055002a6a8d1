"""Real processes: a Reelgate that is killed, and an upstream with a bill that is not."""
# ruff: noqa: TID251 - a client and an environment of its own, outside the process under test

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CLEAN = {k: v for k, v in os.environ.items() if not k.startswith("REELGATE_")}
PATIENCE_S = 120.0


def reelgate(data: Path, *words: str, stdin: str | None = None) -> str:
    """Run one command on the data folder and give what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "reelgate.cli", "--data", str(data), *words],
        input=stdin,
        env=CLEAN,
        text=True,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == 0, f"{words}: {done.stdout}\n{done.stderr}"
    return done.stdout


class Process:
    """A process of ours and the log it writes."""

    def __init__(self, words: list[str], log: Path, env: dict[str, str] | None = None) -> None:
        self._log = log.open("ab")
        self._process = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=self._log, env={**CLEAN, **(env or {})}
        )

    def line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().decode()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._close()

    def end(self) -> None:
        """See to it that nothing of it is left, however the test went."""
        self._process.kill()
        self._process.wait()
        self._close()

    def _close(self) -> None:
        self._log.close()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def stop(self, limit_s: float = 25.0) -> int:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        try:
            return self._process.wait(limit_s)
        finally:
            self.end()


class Server:
    """A Reelgate server on a data folder, that can be killed and started again."""

    def __init__(self, data: Path, env: dict[str, str] | None = None, port: int = 0) -> None:
        self.data = data
        self.env = env
        self.port = port
        self.process: Process | None = None
        self.address = ""

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None:
            self.process.end()

    def stop(self) -> int:
        assert self.process is not None
        return self.process.stop()

    def start(self) -> None:
        (self.data / "server.json").unlink(missing_ok=True)
        words = [
            sys.executable,
            "-m",
            "reelgate.cli",
            "--data",
            str(self.data),
            "serve",
            "--port",
            str(self.port),
        ]
        self.process = Process(words, self.data.parent / "server.log", self.env)
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            try:
                told = json.loads((self.data / "server.json").read_text())
            except (FileNotFoundError, json.JSONDecodeError):
                time.sleep(0.02)
                continue
            self.address = told["url"]
            return
        raise AssertionError((self.data.parent / "server.log").read_text()[-4000:])

    def call(self, method: str, path: str, key: str, body: dict[str, Any] | None = None) -> Any:
        """Send one request; None when the server was not there to answer it."""
        split = urlsplit(self.address)
        connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=30)
        try:
            headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            read = answer.read()
            assert answer.status < 500, read
            return json.loads(read)
        except (OSError, http.client.HTTPException, json.JSONDecodeError):
            return None
        finally:
            connection.close()


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
    process = Process(words, folder / "upstream.log")
    try:
        yield json.loads(process.line())["base_url"]
    finally:
        process.stop()


def bill(folder: Path) -> list[dict[str, Any]]:
    """Read what the upstream charged."""
    return [json.loads(line) for line in (folder / "bill.jsonl").read_text().splitlines()]
