"""Hear: write down how far a job is while the paid call that started it still runs.

Nothing is decided here: the task stays `submitting` until the call has ended and its outcome is known.
"""

from __future__ import annotations

import msgspec

from reelgate.core.dialect import Observation
from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.core.task import Task
from reelgate.engine.context import Context
from reelgate.engine.tell import tell
from reelgate.engine.watch import PROGRESS_EVERY_S, shown
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.telemetry import log


class Ear:
    """Listens to one running submit of a leased task."""

    def __init__(self, ctx: Context, task: Task) -> None:
        self._ctx = ctx
        self._task = msgspec.structs.replace(task, status=Status.SUBMITTING)
        self._wrote_at = float("-inf")

    async def __call__(self, seen: Observation) -> None:
        """Write progress that is news, at most once a second; a write that fails never ends the call."""
        now = self._ctx.clock.monotonic()
        known = self._task.progress
        news = seen.progress is not None and (known is None or seen.progress > known)
        if not news or now - self._wrote_at < PROGRESS_EVERY_S:
            return
        changes: dict[str, object] = {"progress": seen.progress}
        if seen.phase is not None:
            changes["phase"] = seen.phase.value
        heard = msgspec.structs.replace(self._task, **changes)
        try:
            if await self._ctx.backend.write(lambda conn: self._write(conn, heard, changes)):
                self._task, self._wrote_at = heard, now
                self._ctx.hub.wake()
        except Exception:  # noqa: BLE001 - the job goes on, and its end is what matters
            log.exception("progress_unwritten", task=self._task.id)

    def _write(self, conn: Connection, heard: Task, changes: dict[str, object]) -> bool:
        took = task_rows.move(
            conn,
            heard.id,
            epoch=heard.lease_epoch,
            before=frozenset({Status.SUBMITTING}),
            changes=changes,
            now=self._ctx.clock.now_ms(),
        )
        if took:
            tell(conn, self._ctx, heard.id, EventType.PROGRESS, shown(heard))
        return took
