"""`make db-studio`: look at the rows in a browser.

What is shown is a copy of this moment without the secrets, of SQLite and PostgreSQL alike: nothing there
can be changed or held up by looking.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

from reelgate.settings import load
from reelgate.store.copying import copy
from tools.peers import install

SECRET = ("secret", "digest", "password", "token")
"""A column with one of these in its name is not shown."""

_COLUMNS = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"


def snapshot(url: str, file: Path) -> None:
    """Copy a database into `file` and blot its secrets out."""

    def tell(table: str, done: int, total: int) -> None:
        print(f"\r==> Copying: {done} of {total} rows ({table:20})", end="", file=sys.stderr)

    copy(url, f"sqlite:///{file}", tell)
    print(file=sys.stderr)
    blot(file)


def blot(file: Path) -> None:
    """Put a number in place of every secret."""
    raw = sqlite3.connect(file, isolation_level=None)
    try:
        for table, column in raw.execute(_COLUMNS).fetchall():
            if any(word in column for word in SECRET):
                change = f"UPDATE {table} SET {column} = 'hidden ' || rowid WHERE {column} IS NOT NULL"  # noqa: S608
                raw.execute(change)
        raw.execute("VACUUM")
    finally:
        raw.close()


def main(args: list[str]) -> int:
    """Serve the copy on loopback until somebody presses Ctrl-C."""
    data = Path(args[args.index("--data") + 1]) if "--data" in args else None
    port = args[args.index("--port") + 1] if "--port" in args else "8081"
    tool = install("sqlite-web")
    with tempfile.TemporaryDirectory(prefix="reelgate-studio-") as folder:
        file = Path(folder) / "reelgate.db"
        snapshot(load(data).database_url, file)
        print(f"==> http://127.0.0.1:{port}/ (Ctrl-C ends it)", flush=True)
        command = [sys.executable, "-m", "sqlite_web.sqlite_web", "--read-only", "--no-browser"]
        command += ["--host", "127.0.0.1", "--port", port, str(file)]
        return subprocess.run(command, env={**os.environ, "PYTHONPATH": str(tool)}, check=False).returncode  # noqa: TID251


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
