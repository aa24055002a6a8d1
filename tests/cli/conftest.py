"""The command as people run it: a process of its own, with a data folder of its own."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
import structlog

from reelgate.cli.main import main

PATIENCE_S = 90


@dataclass(frozen=True)
class Ran:
    """What one run of the command left."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """Read standard output as one JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """Runs `reelgate` on one data folder, away from the settings of whoever runs the tests."""

    data: Path
    home: Path

    def environ(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """Give the environment of a run."""
        ours = dict(os.environ)  # noqa: TID251 - a child needs PATH and the like
        # Without compiled modules every one of these runs would compile them all again.
        unwanted = ("REELGATE_", "LC_", "LANG", "PYTHONDONTWRITEBYTECODE")
        kept = {k: v for k, v in ours.items() if not k.startswith(unwanted)}
        return {
            **kept,
            "REELGATE_DATA": str(self.data),
            "REELGATE_LANG": "en",
            "COLUMNS": "100",
            **(extra or {}),
        }

    def __call__(self, *args: str, stdin: str = "") -> Ran:
        """Run the command inside this process, which spares the start of an interpreter."""
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        before, sys.stdin = sys.stdin, io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8")
        try:
            with contextlib.chdir(self.home), redirect_stdout(out), redirect_stderr(err):
                main(["--data", str(self.data), *args])
        except SystemExit as end:
            return Ran(int(end.code or 0), _text(out), _text(err))
        finally:
            sys.stdin = before
            structlog.reset_defaults()

    def process(self, *args: str, stdin: str = "", env: Mapping[str, str] | None = None) -> Ran:
        """Run the command as a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "reelgate.cli", *args],
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.home,
            env=self.environ(env),
            timeout=PATIENCE_S,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *args: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the command and leave it running."""
        return subprocess.Popen(
            [sys.executable, "-m", "reelgate.cli", *args],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home,
            env=self.environ(env),
        )

    @contextmanager
    def serving(self, env: Mapping[str, str] | None = None, port: int = 0) -> Generator[str]:
        """Keep a server running for the length of the block and give its address."""
        process = self.start("serve", "--host", "127.0.0.1", "--port", str(port), env=env)
        try:
            yield self._address(process)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, err

    def _address(self, process: subprocess.Popen[str]) -> str:
        noted = self.data / "server.json"
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until and process.poll() is None:
            if noted.exists():
                return json.loads(noted.read_text())["url"]
            time.sleep(0.05)
        process.kill()
        raise AssertionError(process.communicate()[1])


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return cast("io.BytesIO", stream.buffer).getvalue().decode()


@pytest.fixture
def reelgate(tmp_path: Path) -> Command:
    """Give the command on a new data folder."""
    home = tmp_path / "home"
    home.mkdir()
    return Command(tmp_path / "data", home)
