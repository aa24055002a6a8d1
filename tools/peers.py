"""Packages that tests run beside ours, each in a folder of its own under `.venv-peers`, from hashed locks.

`python -m tools.peers install openai-2` brings a folder to what its lock says; a second run finds its stamp.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
HOME = ROOT / ".venv-peers"
UV = Path(sys.executable).with_name("uv")


def install(name: str) -> Path:
    """Give the folder that holds what `requirements/peer-<name>.lock` names, to be put on `PYTHONPATH`.

    Waits while another process installs. Exits when a package cannot be had or has another hash.
    """
    lock = ROOT / "requirements" / f"peer-{name}.lock"
    HOME.mkdir(exist_ok=True)
    folder = HOME / name
    stamp = folder / f".stamp-{hashlib.sha256(lock.read_bytes()).hexdigest()[:16]}"
    with (HOME / f".{name}.lock").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if not stamp.exists():
            print(f"==> Installing {lock.relative_to(ROOT)} beside ours", flush=True)
            shutil.rmtree(folder, ignore_errors=True)
            _fill(folder, lock)
            stamp.touch()
    return folder


def _fill(folder: Path, lock: Path) -> None:
    command = [
        UV,
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--require-hashes",
        "--target",
        folder,
        "-r",
        lock,
    ]
    done = subprocess.run(command, env=_environ(), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"Installing {lock.name} failed:\n{done.stderr}")


def _environ() -> dict[str, str]:
    """Tell uv what pip was told about where packages come from, as `tools/setup.sh` does."""
    environ = dict(os.environ)  # noqa: TID251 - a tool, run by hand
    if environ.get("UV_DEFAULT_INDEX") or environ.get("UV_INDEX_URL"):
        return environ
    asked = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    told = subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
    index = environ.get("PIP_INDEX_URL") or told
    return environ | {"UV_DEFAULT_INDEX": index} if index else environ


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["install", name]:
            install(name)
        case _:
            sys.exit("usage: python -m tools.peers install NAME")
