"""The embedded runner: sole owner of its data folder, a heap and a number of slots for each channel.

This is one of the two places where a broad `except` stands: a task that breaks is logged and woken
again later, and never takes another one with it.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from reelgate.core.clock import Clock
from reelgate.core.engine import Advance
from reelgate.core.lifecycle import Status
from reelgate.telemetry import log, meter

BROKEN_BACKOFF_S = (5.0, 30.0, 120.0, 600.0)
LOOK_AHEAD = 32
"""Waiting tasks of a full lane that are considered for another one."""
AT_ONCE = 1 << 40
"""Ahead of every priority: what an upstream already works on needs no slot."""


@dataclass(frozen=True, slots=True)
class Job:
    """One wake-up that is due."""

    task_id: str
    channel_id: str
    model: str
    priority: int
    holds_slot: bool


@dataclass(slots=True)
class Lane:
    """The bounded concurrency of one channel."""

    waiting: list[tuple[int, int, Job]] = field(default_factory=list[tuple[int, int, Job]])
    active: int = 0
    opening: asyncio.Task[None] | None = None
    """Waits for the moment at which the channel may be sent one more."""


class EmbeddedRunner:
    """Wakes tasks in one process: a heap and a number of slots for each channel."""

    in_rows = False

    def __init__(
        self,
        clock: Clock,
        *,
        slots_of: Callable[[str], int],
        channels_for: Callable[[str], Sequence[str]],
        rebind: Callable[[str, str], Awaitable[bool]],
        pace: Callable[[str], float] = lambda _: 0.0,
        broken_backoff_s: Sequence[float] = BROKEN_BACKOFF_S,
    ) -> None:
        """`pace` takes a place for one more attempt of a channel and gives 0, or the seconds until there is one."""
        self._clock = clock
        self._slots_of = slots_of
        self._channels_for = channels_for
        self._rebind = rebind
        self._pace = pace
        self._broken_backoff_s = broken_backoff_s
        self._lanes: dict[str, Lane] = {}
        self._order = count()
        self._known: dict[str, Job] = {}
        self._active: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, tuple[Job, float]] = {}
        self._delayed: dict[str, asyncio.Task[None]] = {}
        self._broken: dict[str, int] = {}
        self._refused: dict[str, frozenset[str]] = {}
        """Channels that did not take a waiting task; it is not offered to them again."""
        self._side: set[asyncio.Task[None]] = set()
        self._advance: Advance | None = None
        self._stopping = False

    def enqueue(
        self,
        task_id: str,
        channel_id: str,
        *,
        model: str = "",
        priority: int = 0,
        delay_s: float = 0.0,
        holds_slot: bool = False,
        connection: Any = None,
    ) -> Callable[[], None]:
        """Note a wake-up; it takes effect when the result is called, after the commit."""
        job = Job(task_id, channel_id, model, priority, holds_slot)
        return lambda: self._accept(job, delay_s)

    def free_slots(self, channel_id: str) -> int:
        """Tell how many more attempts the channel's lane takes now."""
        lane = self._lanes.get(channel_id)
        taken = 0 if lane is None else lane.active + len(lane.waiting)
        return max(0, self._slots_of(channel_id) - taken)

    def knows(self, task_id: str) -> bool:
        """Tell whether a wake-up for the task is waiting or under way here."""
        return task_id in self._known or task_id in self._again

    def cancel(self, task_id: str) -> None:
        """Wake a task now that waits for its time; one that is queued or watched sees its row anyway."""
        sleeper = self._delayed.pop(task_id, None)
        if sleeper is not None:
            sleeper.cancel()
            self._wait_in_lane(self._known[task_id])

    def overslept(self, task_id: str, status: Status) -> bool:
        """Tell whether a task waits for its doubt to be looked at again though its row is no longer in doubt."""
        job = self._known.get(task_id)
        return (
            job is not None
            and job.holds_slot
            and task_id in self._delayed
            and status is not Status.UNCONFIRMED
        )

    @property
    def active(self) -> int:
        """How many tasks are being advanced."""
        return len(self._active)

    @property
    def waiting(self) -> int:
        """How many tasks wait for a slot."""
        return sum(len(lane.waiting) for lane in self._lanes.values())

    async def run(self, advance: Advance, started: Callable[[], Awaitable[None]] | None = None) -> None:
        """Deliver wake-ups until cancelled."""
        self._advance = advance
        for channel_id in list(self._lanes):
            self._pump(channel_id)
        if started is not None:
            await started()
        await asyncio.Event().wait()

    async def look(self) -> None:
        """Return at once: this process fills every lane itself."""

    async def even_out(self) -> None:
        """Look at every lane again, because channels may have changed."""
        for channel_id in list(self._lanes):
            self._pump(channel_id)

    def stop(self) -> None:
        """Start nothing more."""
        self._stopping = True

    async def settle(self) -> None:
        """Return at once: wake-ups are kept in this process alone."""

    async def drain(self, seconds: float) -> None:
        """Start nothing more, let what is under way end for up to `seconds`, then stop it.

        What is stopped goes on after the next start; a paid call cut off becomes `unconfirmed` there.
        """
        self.stop()
        for task in self._side:
            task.cancel()
        if self._active:
            await asyncio.wait(list(self._active.values()), timeout=seconds)
        for task in list(self._active.values()):
            task.cancel()
        await asyncio.gather(*self._active.values(), *self._side, return_exceptions=True)

    def _accept(self, job: Job, delay_s: float) -> None:
        if job.task_id in self._active:
            self._again[job.task_id] = (job, delay_s)
        elif job.task_id not in self._known and not self._stopping:
            self._known[job.task_id] = job
            if delay_s > 0:
                self._delayed[job.task_id] = self._aside(self._later(job, delay_s))
            else:
                self._wait_in_lane(job)

    def _aside(self, work: Any) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._side.add(task)
        task.add_done_callback(self._side.discard)
        return task

    async def _later(self, job: Job, delay_s: float) -> None:
        await self._clock.sleep(delay_s)
        self._delayed.pop(job.task_id, None)
        self._wait_in_lane(job)

    def _wait_in_lane(self, job: Job) -> None:
        lane = self._lanes.setdefault(job.channel_id, Lane())
        heapq.heappush(
            lane.waiting, (-job.priority - (AT_ONCE if job.holds_slot else 0), next(self._order), job)
        )
        self._pump(job.channel_id)

    def _pump(self, channel_id: str) -> None:
        if self._advance is None or self._stopping:
            return
        lane = self._lanes.setdefault(channel_id, Lane())
        while lane.waiting:
            job = lane.waiting[0][2]
            if not job.holds_slot and (
                lane.active >= self._slots_of(channel_id) or self._held_back(channel_id, lane)
            ):
                break
            heapq.heappop(lane.waiting)
            self._start(job, lane)
        self._even_out(channel_id, lane)

    def _held_back(self, channel_id: str, lane: Lane) -> bool:
        """Keep a lane shut until its channel may be sent one more; whoever is foremost then goes."""
        if lane.opening is not None:
            return True
        wait_s = self._pace(channel_id)
        if wait_s > 0:
            lane.opening = self._aside(self._open_later(channel_id, lane, wait_s))
        return wait_s > 0

    async def _open_later(self, channel_id: str, lane: Lane, wait_s: float) -> None:
        await self._clock.sleep(wait_s)
        lane.opening = None
        self._pump(channel_id)

    def _start(self, job: Job, lane: Lane) -> None:
        lane.active += 1
        task = asyncio.create_task(self._advance_one(job))
        self._active[job.task_id] = task
        task.add_done_callback(lambda _: self._done(job, lane))

    async def _advance_one(self, job: Job) -> None:
        assert self._advance is not None  # noqa: S101 - `_pump` starts nothing before `run`
        try:
            await self._advance(job.task_id)
            self._broken.pop(job.task_id, None)
        except Exception:  # noqa: BLE001 - the loop logs and goes on by rule
            times = self._broken[job.task_id] = self._broken.get(job.task_id, 0) + 1
            meter.broken_advances.inc()
            log.exception("advance_broke", task=job.task_id, times=times)
            waits = self._broken_backoff_s
            self._again[job.task_id] = (job, waits[min(times, len(waits)) - 1])

    def _done(self, job: Job, lane: Lane) -> None:
        lane.active -= 1
        self._active.pop(job.task_id, None)
        self._known.pop(job.task_id, None)
        self._refused.pop(job.task_id, None)
        again = self._again.pop(job.task_id, None)
        if again is not None:
            self._accept(*again)
        self._pump(job.channel_id)

    def _even_out(self, channel_id: str, lane: Lane) -> None:
        """Let no task wait in a full lane while another channel that serves its model has a free slot."""
        if lane.waiting:
            moves = ((job, other) for job in self._ahead(lane) for other in self._channels_for(job.model))
        else:
            others = [other for other in self._lanes.values() if other.waiting]
            moves = ((job, channel_id) for other in others for job in self._ahead(other))
        for job, target in moves:
            if self._may_move(job, target):
                self._move(job, target)
                return

    def _ahead(self, lane: Lane) -> Iterable[Job]:
        """Give one waiting job of each model: where it cannot go, the others of its model cannot either."""
        # The front of a heap holds its first entry and others near it; sorting a long backlog for
        # every wake-up would cost more than the wake-up.
        foremost: dict[tuple[str, frozenset[str]], Job] = {}
        for _, _, job in lane.waiting[:LOOK_AHEAD]:
            foremost.setdefault((job.model, self._refused.get(job.task_id, frozenset())), job)
        return foremost.values()

    def _may_move(self, job: Job, channel_id: str) -> bool:
        return (
            not job.holds_slot
            and channel_id != job.channel_id
            and channel_id not in self._refused.get(job.task_id, ())
            and self.free_slots(channel_id) > 0
            and channel_id in self._channels_for(job.model)
        )

    def _move(self, job: Job, channel_id: str) -> None:
        lane = self._lanes[job.channel_id]
        lane.waiting = [entry for entry in lane.waiting if entry[2] is not job]
        heapq.heapify(lane.waiting)
        self._lanes.setdefault(channel_id, Lane())
        self._aside(self._rebound(job, channel_id))

    async def _rebound(self, job: Job, channel_id: str) -> None:
        moved = await self._rebind(job.task_id, channel_id)
        if not moved:
            self._refused.setdefault(job.task_id, frozenset())
            self._refused[job.task_id] |= {channel_id}
        target = Job(job.task_id, channel_id if moved else job.channel_id, job.model, job.priority, False)
        self._wait_in_lane(target)
