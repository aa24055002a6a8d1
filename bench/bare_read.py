"""The least a status answer can be: a raw ASGI app that reads one row of SQLite by its id. No key is checked."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any

import msgspec

from bench.plain import answer, run

COLUMNS = ("id", "model", "status", "progress", "prompt", "seconds", "size", "created_at")


class App:
    """One route."""

    def __init__(self, path: str, rows: int) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(f"CREATE TABLE task ({', '.join(COLUMNS)}, PRIMARY KEY (id))")
        self._db.execute("BEGIN")
        self._db.executemany(
            "INSERT INTO task VALUES (?, 'bench-video', 'in_progress', 1, 'a boat on a lake', '4', '720x1280', 0)",
            [(f"video_{number:026d}",) for number in range(rows)],
        )
        self._db.execute("COMMIT")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with the row whose id ends the path."""
        task_id = scope["path"].rpartition("/")[2]
        row = self._db.execute("SELECT * FROM task WHERE id = ?", (task_id,)).fetchone()
        if row is None:
            await answer(send, b"{}", 404)
        else:
            await answer(send, msgspec.json.encode(dict(zip(COLUMNS, row, strict=True))))


if __name__ == "__main__":
    run(App(sys.argv[2], 1000), int(sys.argv[1]))
