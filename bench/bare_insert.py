"""The least a durable create can be: a raw ASGI app that reads a body and inserts one row, commits shared.

No key, no validation, no hold, no event: one INSERT into SQLite with `synchronous=FULL` before the answer.
"""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import threading
from queue import Empty, SimpleQueue
from typing import Any

import msgspec

from bench.plain import answer, body_of, run

BATCH = 128


class Writer(threading.Thread):
    """Takes what waits, inserts it, commits once."""

    def __init__(self, path: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(daemon=True)
        self.waiting: SimpleQueue[tuple[tuple[str, str], asyncio.Future[None]]] = SimpleQueue()
        self._loop = loop
        self._path = path

    def run(self) -> None:
        """Write for ever."""
        db = sqlite3.connect(self._path, isolation_level=None)
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE task (id TEXT PRIMARY KEY, request TEXT NOT NULL)")
        while True:
            jobs = [self.waiting.get()]
            try:
                while len(jobs) < BATCH:
                    jobs.append(self.waiting.get_nowait())
            except Empty:
                pass
            db.execute("BEGIN IMMEDIATE")
            for row, _ in jobs:
                db.execute("INSERT INTO task VALUES (?, ?)", row)
            db.execute("COMMIT")
            self._loop.call_soon_threadsafe(_release, [future for _, future in jobs])


def _release(futures: list[asyncio.Future[None]]) -> None:
    for future in futures:
        if not future.done():
            future.set_result(None)


class App:
    """One route."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._writer: Writer | None = None
        self._number = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Insert the body as a row and answer with its id."""
        loop = asyncio.get_running_loop()
        if self._writer is None:
            self._writer = Writer(self._path, loop)
            self._writer.start()
        fields = msgspec.json.decode(await body_of(receive))
        self._number += 1
        task_id = f"video_{self._number:026d}"
        done: asyncio.Future[None] = loop.create_future()
        self._writer.waiting.put(((task_id, msgspec.json.encode(fields).decode()), done))
        await done
        await answer(send, msgspec.json.encode({"id": task_id, "status": "queued"}))


if __name__ == "__main__":
    run(App(sys.argv[2]), int(sys.argv[1]))
