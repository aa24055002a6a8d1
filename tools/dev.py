"""`make dev-backend`: serve this tree, and start again when a source file changes."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
LOOK_S = 0.5
KINDS = {".py", ".toml"}


def seen(folder: Path) -> dict[Path, int]:
    """Note when each source file was last written."""
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix in KINDS}


def main(args: list[str]) -> int:
    """Serve until the server ends by itself or somebody presses Ctrl-C."""
    data = args[args.index("--data") + 1] if "--data" in args else str(ROOT / "reelgate-data")
    port = args[args.index("--port") + 1] if "--port" in args else "8080"
    command = [sys.executable, "-m", "reelgate.cli", "serve", "--data", data, "--port", port]
    while True:
        before = seen(SOURCE)
        process = subprocess.Popen(command)
        try:
            while process.poll() is None and seen(SOURCE) == before:
                time.sleep(LOOK_S)
        except KeyboardInterrupt:
            return process.wait()
        if process.poll() is not None:
            # A mistake in a file: wait for its correction instead of starting the same again and again.
            print("==> The server ended; it starts again when a file changes", flush=True)
            wait_for_change(before)
        else:
            print("==> A source file changed; starting again", flush=True)
            process.terminate()
            process.wait()


def wait_for_change(before: dict[Path, int]) -> None:
    """Return when a source file is not as it was."""
    while seen(SOURCE) == before:
        time.sleep(LOOK_S)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
