"""Writes events to the log at a steady pace, as workers do: a transaction each, and a word to the servers.

Its last line says how many there were. `cursor time` of each goes to a file, the time being that after its commit.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path

import uvloop

from reelgate.app import SystemClock, SystemIds
from reelgate.core.events import EventType
from reelgate.engine.hub import Bell
from reelgate.store import events as event_rows
from reelgate.store.postgres import open_postgres
from reelgate.worker.together import EVENTS


async def _emit(database: str, videos: list[str], per_second: float, seconds: float, out: Path) -> None:
    backend = await open_postgres(database)
    ids = SystemIds(SystemClock())
    bell = Bell(lambda: backend.tell(EVENTS, "bench"))
    ringing = asyncio.create_task(bell.run())
    noted: list[tuple[int, float]] = []

    async def one(number: int) -> None:
        task_id, now = videos[number % len(videos)], int(time.time() * 1000)
        data = {"status": "running", "progress": number % 100}
        event = await backend.write(
            lambda conn: event_rows.append(conn, task_id, EventType.PROGRESS, data, now, ids.new("evt"))
        )
        noted.append((event.cursor, time.monotonic()))
        bell.ring()

    began, under_way = time.monotonic(), set[asyncio.Task[None]]()
    for number in range(int(per_second * seconds)):
        await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
        task = asyncio.create_task(one(number))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    spent = time.monotonic() - began
    await asyncio.sleep(1.0)
    ringing.cancel()
    await backend.close()
    out.write_text("".join(f"{cursor} {at!r}\n" for cursor, at in noted), "ascii")
    sys.stdout.write(json.dumps({"events": len(noted), "seconds": spent}) + "\n")


def main() -> None:
    """Take the place of a fleet of workers."""
    database, videos, per_second, seconds, out = sys.argv[1:]
    ids = Path(videos).read_text("ascii").split()
    uvloop.run(_emit(database, ids, float(per_second), float(seconds), Path(out)))


if __name__ == "__main__":
    main()
