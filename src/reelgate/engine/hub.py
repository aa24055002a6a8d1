"""Live reading of the event log: one reader of the rows fans out to bounded queues.

The rows are the truth; a wake-up only says that there may be more of them.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

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

EVERYTHING: Final = ""
"""Stands for all tasks where a task is named."""
NO_PLACE: Final = 1 << 62
"""Beyond every place in the log."""


class TooSlow(Exception):
    """Raised to a reader that fell further behind than its queue; it resumes from its cursor."""


@dataclass(slots=True, eq=False)
class Subscription:
    """One reader's bounded queue."""

    project_id: str | None
    task_id: str | None
    queue: deque[Event] = field(default_factory=deque[Event])
    at: set[str] = field(default_factory=set[str])
    """Where it stands with the hub: at some tasks, or at EVERYTHING."""
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
        self._opened: set[Subscription] = set()
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
        placed = [*self._wide, *(s for group in self._by_task.values() for s in group)]
        for subscription in [*placed, *self._opened]:
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

    def place(self, subscription: Subscription, follows: Iterable[str]) -> None:
        """Put a queue where it is offered what it follows: everything, or some tasks."""
        wanted = set(follows)
        if EVERYTHING in wanted:
            wanted = {EVERYTHING}
        for task_id in subscription.at - wanted:
            self._take_out(subscription, task_id)
        for task_id in wanted - subscription.at:
            group = self._wide if task_id == EVERYTHING else self._by_task.setdefault(task_id, set())
            group.add(subscription)
        subscription.at = wanted

    def _take_out(self, subscription: Subscription, task_id: str) -> None:
        if task_id == EVERYTHING:
            self._wide.discard(subscription)
            return
        group = self._by_task[task_id]
        group.discard(subscription)
        if not group:
            del self._by_task[task_id]

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
        try:
            last, offered = await self.start(subscription, (task_id or EVERYTHING,), cursor)
            async for event in self.log(last, offered, project_id, task_id):
                last = event.cursor
                yield event
            async for live in self.told(subscription, idle_s):
                if live is None:
                    yield None
                elif live.cursor > last:
                    last = live.cursor
                    yield live
        finally:
            self.place(subscription, ())

    async def start(
        self, subscription: Subscription, follows: Iterable[str], cursor: int | None
    ) -> tuple[int, int]:
        """Offer a queue what it follows from now on; gives where its reader stands and how far it has to read itself."""
        if self._asleep:
            now = await self._backend.point(event_rows.latest_cursor)
            # Somebody else may have come meanwhile and count on every event since.
            if self._asleep:
                self._cursor = now
                self._asleep = False
        self.place(subscription, follows)
        # Everything beyond this will be offered; everything up to it has to be read from the rows.
        offered = self._cursor
        if cursor is None:
            cursor = await self._backend.point(event_rows.latest_cursor)
        return cursor, offered

    def open(self, project_id: str) -> Reader:
        """Give a reader of a project's events that follows nothing yet; whoever opens it closes it."""
        subscription = Subscription(project_id=project_id, task_id=None)
        self._opened.add(subscription)
        return Reader(self, subscription, project_id)

    def forget(self, subscription: Subscription) -> None:
        """Offer nothing more to a reader that was opened."""
        self.place(subscription, ())
        self._opened.discard(subscription)

    async def log(
        self, cursor: int, offered: int, project_id: str | None, task_id: str | None
    ) -> AsyncGenerator[Event, None]:
        """Yield what was written beyond `cursor`, in order, at least up to `offered`."""
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

    async def told(
        self, subscription: Subscription, idle_s: float | None
    ) -> AsyncGenerator[Event | None, None]:
        """Yield what a queue is offered; None when `idle_s` seconds pass without anything.

        Raises TooSlow when the queue ran over.
        """
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


class Reader:
    """Follows any number of a project's tasks, or all of them, through one bounded queue."""

    def __init__(self, hub: Hub, subscription: Subscription, project_id: str) -> None:
        self._hub = hub
        self._project_id = project_id
        self._subscription = subscription
        self._beyond: dict[str, int] = {}
        """What is followed, and the place in the log beyond which it is to be told live."""

    @property
    def follows(self) -> int:
        """How many tasks it follows; everything counts as one."""
        return len(self._beyond)

    async def follow(self, task_id: str, cursor: int | None = None) -> AsyncGenerator[Event, None]:
        """Follow a task, or EVERYTHING, from `cursor` or from now on; yields what was told before this moment.

        What comes later is offered to `live` and wanted once this has ended.
        """
        self._beyond[task_id] = NO_PLACE
        last, offered = await self._hub.start(self._subscription, self._beyond, cursor)
        async for event in self._hub.log(last, offered, self._project_id, task_id or None):
            last = event.cursor
            yield event
        if task_id in self._beyond:
            self._beyond[task_id] = last

    def leave(self, task_id: str) -> bool:
        """Follow a task, or EVERYTHING, no longer; False when it was not followed."""
        found = self._beyond.pop(task_id, None)
        self._hub.place(self._subscription, self._beyond)
        return found is not None

    def live(self, idle_s: float | None) -> AsyncGenerator[Event | None, None]:
        """Yield what comes; None when `idle_s` seconds pass without anything. Ends with the hub.

        Raises TooSlow when the reader does not keep up.
        """
        return self._hub.told(self._subscription, idle_s)

    def wants(self, event: Event) -> bool:
        """Tell whether an event is of what is followed and was not told before."""
        beyond = (self._beyond.get(event.task_id, NO_PLACE), self._beyond.get(EVERYTHING, NO_PLACE))
        return event.cursor > min(beyond)

    def close(self) -> None:
        """Follow nothing any more."""
        self._beyond.clear()
        self._hub.forget(self._subscription)
