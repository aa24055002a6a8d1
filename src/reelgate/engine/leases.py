"""Leases: becoming the owner of tasks, all that are wanted at once in one write.

After a start every unfinished task wants its owner at the same time; a write for each would keep
the tasks of a busy installation unwatched for seconds.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from reelgate.core.task import Task
from reelgate.store import tasks as task_rows

if TYPE_CHECKING:
    from reelgate.engine.context import Context

TOGETHER = 500
"""Tasks leased in one write."""


class Leases:
    """Takes the leases that are asked for in the same turn of the loop together."""

    def __init__(self) -> None:
        self._ids: list[str] = []
        self._taking: asyncio.Task[Mapping[str, Task]] | None = None
        self._under_way: set[asyncio.Task[Mapping[str, Task]]] = set()

    async def take(self, ctx: Context, task_id: str) -> Task | None:
        """Become a task's owner and give its fresh row; None when there is no such task."""
        if self._taking is None or len(self._ids) >= TOGETHER:
            self._ids = []
            self._taking = asyncio.create_task(self._take_all(ctx, self._ids))
            self._under_way.add(self._taking)
            self._taking.add_done_callback(self._under_way.discard)
        self._ids.append(task_id)
        # Who waits for one lease may be cut off; the others still get theirs.
        leased = await asyncio.shield(self._taking)
        return leased.get(task_id)

    async def settle(self) -> None:
        """Return when nothing is being written for anybody who was cut off, so that the database can be let go."""
        await asyncio.gather(*self._under_way, return_exceptions=True)

    async def _take_all(self, ctx: Context, ids: list[str]) -> Mapping[str, Task]:
        await asyncio.sleep(0)
        if ids is self._ids:
            self._taking = None
        return await ctx.backend.write(lambda conn: task_rows.lease_many(conn, ids, ctx.clock.now_ms()))
