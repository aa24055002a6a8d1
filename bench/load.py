"""Load: many connections on one route for some seconds, by wrk where it is installed."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 32
FILL_S = 600.0


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What one stretch of load saw."""

    requests: int
    seconds: float
    bytes: int
    failed: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    @property
    def bytes_per_second(self) -> float:
        """Bytes a second."""
        return self.bytes / self.seconds

    def raw(self) -> dict[str, float]:
        """Give what is written down of it."""
        return {
            "per_second": round(self.per_second, 1),
            "p50_ms": round(self.p50_ms, 2),
            "p99_ms": round(self.p99_ms, 2),
            "failed": self.failed,
        }


class LoadFailed(Exception):
    """Raised when requests failed: a figure of refusals is no figure."""


def generator() -> str:
    """Name what makes the load."""
    return "wrk" if shutil.which("wrk") else "bench.generator (wrk is not installed)"


def drive(
    url: str,
    method: str,
    paths: Sequence[str],
    key: str,
    *,
    seconds: float,
    connections: int = CONNECTIONS,
    warm_s: float = 0.0,
) -> Measured:
    """Ask `paths` in turn for `seconds` on kept-alive connections, after a stretch that is not counted.

    Raises LoadFailed when an answer was an error or a connection broke.
    """
    if warm_s:
        _once(url, method, paths, key, warm_s, connections)
    seen = _once(url, method, paths, key, seconds, connections)
    if seen.failed or not seen.requests:
        msg = f"{seen.failed} of {seen.requests} requests to {method} {paths[0]} failed"
        raise LoadFailed(msg)
    return seen


def fill(url: str, path: str, key: str, count: int, tell: Callable[[float], None]) -> None:
    """Create `count` or a few more without measuring, telling how much of it is done.

    A second may pass without an answer on a busy machine. Raises LoadFailed when an answer was an error,
    a connection broke, or it takes longer than `FILL_S`.
    """
    made, patience = 0, time.monotonic() + FILL_S
    while made < count:
        seen = _once(url, "POST", [path], key, 1, 8)
        made += seen.requests
        tell(min(1.0, made / count))
        if seen.failed or time.monotonic() > patience:
            msg = f"{made} of {count} were created at POST {path}, {seen.failed} of the last {seen.requests} failed"
            raise LoadFailed(msg)


def _once(
    url: str, method: str, paths: Sequence[str], key: str, seconds: float, connections: int
) -> Measured:
    mark = secrets.token_hex(4)
    said = [method, ",".join(paths), key, mark]
    if shutil.which("wrk"):
        whole = str(max(1, round(seconds)))
        command = [
            "wrk",
            "-t1",
            f"-c{connections}",
            f"-d{whole}s",
            "--timeout",
            "30s",
            "-s",
            str(SCRIPT),
            url,
        ]
        command += ["--", *said]
    else:
        address = urlsplit(url).netloc
        command = [sys.executable, "-m", "bench.generator", str(connections), str(seconds), address, *said]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 90, check=False)
    if done.returncode != 0:
        raise LoadFailed(done.stderr.strip() or done.stdout.strip())
    return msgspec.json.decode(done.stdout.strip().splitlines()[-1], type=Measured)
