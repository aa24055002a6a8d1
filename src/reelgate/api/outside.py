"""The upstream's own id of a task's job, beside ours: for the owner's eyes, on the surfaces whose sources show both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reelgate.core.events import Event, EventType
from reelgate.engine.context import Context
from reelgate.store import attempts as attempt_rows

REMEMBERED: Final = 20_000
_BEFORE: Final = frozenset({EventType.QUEUED, EventType.SUBMITTING, EventType.UNCONFIRMED})
"""What is told of a task while no upstream has it."""


async def outside_ids(ctx: Context, task_ids: Sequence[str]) -> dict[str, str]:
    """Give the upstream's id of each of these tasks that an upstream has accepted."""
    if not task_ids:
        return {}
    return await ctx.backend.point(lambda conn: attempt_rows.outside_ids(conn, task_ids))


class OutsideIds:
    """Remembers the upstream's ids for live readers: many of them are told of the same tasks again and again."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._known: dict[str, tuple[int, str | None]] = {}

    async def of(self, event: Event) -> str | None:
        """Give the upstream's id of the job an event is about; None while no upstream has it."""
        if event.type in _BEFORE:
            return None
        known = self._known.get(event.task_id)
        # Another attempt may have another id; it begins with this event.
        newer = (
            known is None or known[1] is None or (event.type is EventType.RUNNING and known[0] < event.seq)
        )
        if known is not None and not newer:
            return known[1]
        found = (await outside_ids(self._ctx, [event.task_id])).get(event.task_id)
        if len(self._known) >= REMEMBERED:
            self._known.clear()
        self._known[event.task_id] = (event.seq, found)
        return found

    async def at_once(self, task_id: str) -> str | None:
        """Give the upstream's id of a task's present job, read from the rows."""
        return (await outside_ids(self._ctx, [task_id])).get(task_id)
