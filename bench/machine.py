"""What the figures were taken on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

from bench.load import generator
from reelgate import __version__


def describe(litellm: str | None) -> dict[str, str]:
    """Name the machine and the versions that matter."""
    names = ("uvicorn", "uvloop", "httptools", "fastapi", "starlette", "aiohttp", "sqlalchemy")
    machine = {
        "processor": f"{_cpu()}, {os.cpu_count()} cores",
        "memory": _memory(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "reelgate": __version__,
        "libraries": ", ".join(f"{name} {version(name)}" for name in names),
        "load": generator(),
    }
    return machine if litellm is None else machine | {"peer": f"litellm {litellm}"}


def busy() -> str:
    """Give the load of the last minute, to be taken before a measurement."""
    return f"{os.getloadavg()[0]:.1f}"


def _cpu() -> str:
    for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    kib = int(Path("/proc/meminfo").read_text("ascii").split(maxsplit=2)[1])
    return f"{kib / 2**20:.1f} GiB"
