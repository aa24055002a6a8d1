"""The least a durable queue on PostgreSQL can be: one table, SKIP LOCKED, four committed writes a task.

`python -m bench.bare_queue URL work` is a worker: picks a row, marks it twice, ends it, each in a transaction
of its own, as a task's attempt, acceptance, archive and end are. `… make COUNT PER_SECOND` enqueues and waits
until everything has ended. No checks, no events, no money, no upstream, no files.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from contextlib import suppress

import psycopg
import uvloop

LANES = 16
"""Tasks at work at once in each worker."""
MAKERS = 8
_TABLE = """
    CREATE TABLE bare_jobs (
        id bigserial PRIMARY KEY, state text NOT NULL DEFAULT 'queued', made float8 NOT NULL, begun float8
    );
    CREATE INDEX ON bare_jobs (id) WHERE state = 'queued';
"""
_PICK = """
    UPDATE bare_jobs SET state = 'submitting', begun = extract(epoch FROM clock_timestamp()) WHERE id = (
        SELECT id FROM bare_jobs WHERE state = 'queued' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING id
"""


async def _lane(url: str, told: asyncio.Semaphore) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        while True:
            row = await (await conn.execute(_PICK)).fetchone()
            if row is None:
                with suppress(TimeoutError):
                    await asyncio.wait_for(told.acquire(), 1.0)
                continue
            for state in ("running", "archiving", "completed"):
                await conn.execute("UPDATE bare_jobs SET state = %s WHERE id = %s", (state, row[0]))


async def _work(url: str) -> None:
    told = asyncio.Semaphore(0)
    async with asyncio.TaskGroup() as lanes:
        for _ in range(LANES):
            lanes.create_task(_lane(url, told))
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            await conn.execute("LISTEN bare_jobs")
            _say({"ready": True})
            async for _ in conn.notifies():
                told.release()


async def _maker(url: str, numbers: Iterator[int], began: float, per_second: float) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        for number in numbers:
            await asyncio.sleep(max(0.0, began + number / per_second - time.monotonic()))
            async with conn.transaction():
                await conn.execute(
                    "INSERT INTO bare_jobs (made) VALUES (extract(epoch FROM clock_timestamp()))"
                )
                await conn.execute("NOTIFY bare_jobs")


async def _make(url: str, count: int, per_second: float) -> None:
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute("TRUNCATE bare_jobs")
        began, numbers = time.monotonic(), iter(range(count))
        await asyncio.gather(*(_maker(url, numbers, began, per_second) for _ in range(MAKERS)))
        left = "SELECT count(*) FROM bare_jobs WHERE state <> 'completed'"
        while (await (await conn.execute(left)).fetchone()) != (0,):
            await asyncio.sleep(0.02)
        spent = time.monotonic() - began
        waited = "SELECT 1000 * (begun - made) FROM bare_jobs ORDER BY 1"
        late = [float(ms) for (ms,) in await (await conn.execute(waited)).fetchall()]
    _say(
        {
            "tasks": count,
            "per_second": round(count / spent, 1),
            "start_p50_ms": round(late[len(late) // 2], 1),
            "start_p99_ms": round(late[int(len(late) * 0.99)], 1),
        }
    )


def _say(facts: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Work, or make work."""
    url, verb, *more = sys.argv[1:]
    if verb == "table":
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(_TABLE)
    elif verb == "work":
        uvloop.run(_work(url))
    else:
        uvloop.run(_make(url, int(more[0]), float(more[1])))


if __name__ == "__main__":
    main()
