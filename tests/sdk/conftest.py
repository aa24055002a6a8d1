"""A real server on a fresh data folder, and a receiver for what it tells the world."""
# ruff: noqa: TID251 - a client and an environment of its own, outside the process under test

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

PATIENCE_S = 60.0


@dataclass
class Server:
    """A running Reelgate and how to reach it."""

    base_url: str
    key: str
    data: Path


@dataclass
class Told:
    """One webhook as it arrived."""

    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Takes webhooks."""

    url: str
    told: queue.Queue[Told]


@contextmanager
def _listening() -> Iterator[Receiver]:
    told: queue.Queue[Told] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            told.put(Told({k.lower(): v for k, v in self.headers.items()}, body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=httpd.serve_forever, daemon=True)
    serving.start()
    try:
        yield Receiver(f"http://127.0.0.1:{httpd.server_address[1]}/hook", told)
    finally:
        httpd.shutdown()
        httpd.server_close()
        serving.join()


@pytest.fixture(scope="session")
def receiver() -> Iterator[Receiver]:
    with _listening() as listening:
        yield listening


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data = tmp_path_factory.mktemp("sdk")
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("REELGATE_", "OPENAI_"))}
    env = {**clean, "REELGATE_DATA": str(data), "REELGATE_NET_ALLOW": "127.0.0.1"}
    reelgate = [sys.executable, "-m", "reelgate.cli"]
    with (data.parent / "serve.log").open("wb") as log:
        serving = subprocess.Popen(
            [*reelgate, "serve", "--host", "127.0.0.1", "--port", "0"],
            env=env,
            stdout=log,
            stderr=log,
        )
        try:
            url = _address(data, serving)
            made = subprocess.run(
                [*reelgate, "keys", "create", "sdk", "--json"],
                env=env,
                capture_output=True,
                check=True,
                timeout=PATIENCE_S,
            )
            yield Server(f"{url}/v1", json.loads(made.stdout)["key"], data)
        finally:
            serving.terminate()
            assert serving.wait(PATIENCE_S) == 0


def _address(data: Path, serving: subprocess.Popen[bytes]) -> str:
    """Wait until the server has written where it listens."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert serving.poll() is None, (data.parent / "serve.log").read_text()
        if (data / "server.json").exists():
            return json.loads((data / "server.json").read_bytes())["url"]
        time.sleep(0.05)
    raise AssertionError((data.parent / "serve.log").read_text())
