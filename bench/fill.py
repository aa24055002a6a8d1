"""Fills a library that has one clip: `python -m bench.fill DATABASE COUNT`, for a server that is stopped.

Every copy has a prompt, a model and a shape of its own, and shares the files of the one clip.
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

from bench.scenarios.library import seed


def main() -> None:
    """Write the copies."""
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    seed(path, count, lambda _: None)
    _share_files(path)


def _share_files(path: Path) -> None:
    """Give every finished copy the picture and the clip of the one that was made."""
    with closing(sqlite3.connect(path)) as db, db:
        names = [row[1] for row in db.execute("PRAGMA table_info(assets)")]
        first = db.execute("SELECT task_id FROM assets WHERE task_id IS NOT NULL LIMIT 1").fetchone()[0]
        kept = ", ".join("t.id || '-' || a.id" if name == "id" else f"a.{name}" for name in names)
        kept = kept.replace("a.task_id", "t.id")
        db.execute(
            f"INSERT INTO assets ({', '.join(names)}) SELECT {kept} FROM assets a, tasks t"  # noqa: S608
            " WHERE a.task_id = ? AND t.id <> ? AND t.status = 'completed'",
            (first, first),
        )


if __name__ == "__main__":
    main()
