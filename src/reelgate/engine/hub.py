"""Live reading of the event log: one reader of the rows fans out to bounded queues.

The rows are the truth; a wake-up only says that there may be more of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from reelgate.core.events import Event
from reelgate.store import events as event_rows
from reelgate.store.backend import UNUSABLE, Backend
from reelgate.telemetry import log

QUEUE_MAX = 256
READ_MAX = 128
"""Fewer than a queue holds: nobody who keeps up is cut off because much was read at once."""
READ_AGAIN_S = 0.5
"""How long to leave a database alone that could not be read."""
TELL_GAP_S = 0.02
"""Other processes are told at most this often: what they read then is everything there is."""


class TooSlow(Exception):
    """Raised to a reader that fell further behind than its queue; it resumes from its cursor."""


@dataclass(slots=True, eq=False)
class Subscription:
    """One reader's bounded queue."""

    project_id: str | None
    task_id: str | None
    queue: deque[Event] = field(default_factory=deque[Event])
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    overflowed: bool = False
    closed: bool = False

    def wants(self, event: Event) -> bool:
        """Tell whether this reader may and wants to see the event."""
        if self.project_id is not None and event.project_id != self.project_id:
            return False
        return self.task_id is None or event.task_id == self.task_id

    def offer(self, event: Event) -> None:
        """Queue the event, or mark the reader as too slow."""
        if len(self.queue) >= QUEUE_MAX:
            self.overflowed = True
        else:
            self.queue.append(event)
        self.ready.set()


class Bell:
    """Tells other processes that the log has grown, a little later and once for many events."""

    def __init__(self, tell: Callable[[], Awaitable[None]]) -> None:
        self._tell = tell
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Have the others told soon."""
        self._rung.set()

    async def run(self) -> None:
        """Tell until cancelled. A word that is lost costs others the time until they look by themselves."""
        while True:
            await self._rung.wait()
            self._rung.clear()
            try:
                await self._tell()
            except UNUSABLE as away:
                log.warning("others_not_told", reason=type(away).__name__)
            await asyncio.sleep(TELL_GAP_S)


class Hub:
    """Fans the event log out to live readers."""

    def __init__(
        self, backend: Backend, *, look_s: float | None = None, tell: Callable[[], None] | None = None
    ) -> None:
        """`tell` tells other processes; with `look_s` the log is looked at that often although nobody said a word."""
        self._backend = backend
        self._look_s = look_s
        self._tell = tell
        self._wake = asyncio.Event()
        self._by_task: dict[str, set[Subscription]] = {}
        self._wide: set[Subscription] = set()
        self._cursor = 0
        self._asleep = True
        self._closed = False

    @property
    def readers(self) -> int:
        """How many live readers there are."""
        return len(self._wide) + sum(len(s) for s in self._by_task.values())

    def behind(self, log_end: int) -> int:
        """How far live readers are from the end of the log; 0 when there is nobody to tell."""
        return 0 if self._asleep or not self.readers else max(0, log_end - self._cursor)

    def wake(self) -> None:
        """Say that rows may have been added; cheap, and safe from the loop's thread only."""
        self._wake.set()
        if self._tell is not None:
            self._tell()

    def hear(self) -> None:
        """Take note that another process says so."""
        self._wake.set()

    def close(self) -> None:
        """End every reader's iteration, so that a stopping server does not wait for them."""
        self._closed = True
        for subscription in [*self._wide, *(s for group in self._by_task.values() for s in group)]:
            subscription.closed = True
            subscription.ready.set()

    async def run(self) -> None:
        """Read the log as it grows and fan it out until cancelled."""
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._look_s):
                    await self._wake.wait()
            self._wake.clear()
            try:
                await self._read_on()
            except UNUSABLE as away:
                log.warning("log_unreadable", reason=type(away).__name__)
                await asyncio.sleep(READ_AGAIN_S)
                self._wake.set()

    async def _read_on(self) -> None:
        if not self._wide and not self._by_task:
            self._asleep = True
            return
        while True:
            batch = await self._backend.point(
                lambda conn: event_rows.after(conn, self._cursor, limit=READ_MAX)
            )
            for event in batch:
                self._fan_out(event)
            if batch:
                self._cursor = batch[-1].cursor
            if len(batch) < READ_MAX:
                return
            await asyncio.sleep(0)

    def _fan_out(self, event: Event) -> None:
        for subscription in self._wide:
            if subscription.wants(event):
                subscription.offer(event)
        for subscription in self._by_task.get(event.task_id, ()):
            if subscription.wants(event):
                subscription.offer(event)

    def _add(self, subscription: Subscription) -> None:
        if subscription.task_id is None:
            self._wide.add(subscription)
        else:
            self._by_task.setdefault(subscription.task_id, set()).add(subscription)

    def _remove(self, subscription: Subscription) -> None:
        self._wide.discard(subscription)
        group = self._by_task.get(subscription.task_id or "")
        if group is not None:
            group.discard(subscription)
            if not group:
                del self._by_task[subscription.task_id or ""]

    async def follow(
        self,
        *,
        cursor: int | None = None,
        project_id: str | None = None,
        task_id: str | None = None,
        idle_s: float | None = None,
    ) -> AsyncGenerator[Event | None, None]:
        """Yield every event after `cursor` (now, when None) in order, then live ones, without gap or repeat.

        Yields None when `idle_s` seconds pass without an event. Ends when the hub closes.
        Raises TooSlow when the reader does not keep up.
        """
        subscription = Subscription(project_id=project_id, task_id=task_id)
        if self._asleep:
            now = await self._backend.point(event_rows.latest_cursor)
            # Somebody else may have come meanwhile and count on every event since.
            if self._asleep:
                self._cursor = now
                self._asleep = False
        self._add(subscription)
        # Everything beyond this will be offered; everything up to it has to be read from the rows.
        offered = self._cursor
        try:
            last = cursor
            if last is None:
                last = await self._backend.point(event_rows.latest_cursor)
            async for event in self._catch_up(last, offered, project_id, task_id):
                last = event.cursor
                yield event
            async for live in self._live(subscription, idle_s):
                if live is None:
                    yield None
                elif live.cursor > last:
                    last = live.cursor
                    yield live
        finally:
            self._remove(subscription)

    async def _catch_up(
        self, cursor: int, offered: int, project_id: str | None, task_id: str | None
    ) -> AsyncIterator[Event]:
        while True:
            batch = await self._backend.point(
                lambda conn, after=cursor: event_rows.after(
                    conn, after, project_id=project_id, task_id=task_id, limit=READ_MAX, known=offered
                )
            )
            for event in batch:
                cursor = event.cursor
                yield event
            if len(batch) < READ_MAX:
                return

    async def _live(self, subscription: Subscription, idle_s: float | None) -> AsyncIterator[Event | None]:
        while not self._closed and not subscription.closed:
            while subscription.queue:
                yield subscription.queue.popleft()
            if subscription.overflowed:
                raise TooSlow
            subscription.ready.clear()
            if subscription.queue:
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(idle_s):
                    await subscription.ready.wait()
                continue
            yield None
