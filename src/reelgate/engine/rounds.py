"""Rounds: the polls of one channel, made together where its upstream answers for many jobs in one call.

A watch asks for its next observation and waits; it never polls by itself. Nothing here decides that
a job has failed because we could not ask.
"""

from __future__ import annotations

import asyncio
import contextvars
import heapq
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from typing import TypeVar

from reelgate.core.clock import Clock
from reelgate.core.dialect import Channel, Observation, PollsMany
from reelgate.core.errors import Code, Failure
from reelgate.engine import limits
from reelgate.engine.context import Context
from reelgate.engine.drive import drive
from reelgate.store.backend import UNUSABLE
from reelgate.telemetry import log, meter

MANY = 16
"""From this many due jobs on, a list call is cheaper than single ones."""
APART = 0.5
"""Share of the interval after which the whole list is worth reading again. Jobs due sooner are few, or new."""
LONGER = 1.1
"""A wait beyond the interval by this factor was asked for; less is the spread that keeps polls apart."""
PARALLEL = 64
"""Single polls of one channel under way at once."""
QUIET_S = 0.25
"""How long no job may have arrived before a list is read that could answer for the next ones, too."""
GATHER_S = 1.5
"""How long a due job is kept waiting for company at most."""
TURN = 64
"""Watches woken before other work on the loop gets its turn: one list can answer for thousands."""
GRAIN_S = 0.02
"""Polls due within this time of each other begin together."""
REMEMBERED = 10_000
"""Hints that are kept for watches that do not wait yet."""
LIST_PATIENCE = 3
"""Useless list answers in a row after which a channel is asked singly."""


class Interrupted(Exception):
    """Raised in a watch whose row wants another look, such as a cancel request."""


@dataclass(slots=True, eq=False)
class Waiting:
    """One watch that waits for its next observation."""

    ref: str
    due: float
    interval: float
    future: asyncio.Future[Observation]
    patient: bool = False
    """Whether it was told to wait longer than usual, so that it is not asked about early."""
    earliest: float = float("-inf")
    """Before this nobody asks, whoever nudges: its upstream said so."""
    asked: bool = False
    """Whether somebody is asking about it right now."""


@dataclass(slots=True, eq=False)
class Lane:
    """The waiting watches of one channel and the task that polls for them."""

    heap: list[tuple[float, int, Waiting]] = field(default_factory=list[tuple[float, int, Waiting]])
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PARALLEL))
    poller: asyncio.Task[None] | None = None
    has_list: bool = False
    """Whether the channel's dialect offers a list."""
    by_ref: dict[str, Waiting] = field(default_factory=dict[str, Waiting])
    useless_lists: int = 0
    listed_at: float = float("-inf")
    """When the list was last asked about every job."""
    joined_at: float = float("-inf")
    """When the last job arrived that had not been asked about before."""
    singles: set[asyncio.Task[None]] = field(default_factory=set[asyncio.Task[None]])


Job = tuple[str, str]
"""A channel and the ref its upstream knows a job by."""
LaneKey = tuple[str, str | None]
"""A channel and the key it is asked with: one account's list does not show another's jobs."""


class Rounds:
    """Polls for every watch, each channel by itself, so that one slow upstream delays nobody else."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lanes: dict[LaneKey, Lane] = {}
        self._interrupted: set[Job] = set()
        """Jobs whose watch was busy when somebody wanted it to look at its row."""
        self._nudged: dict[Job, None] = {}
        """Jobs that were being asked about, or not waited for yet, when a hint came to ask now."""
        self._foretold: dict[Job, Observation] = {}
        """What is known already of jobs that nobody has waited for yet."""
        self._polls: dict[Job, int] = {}
        """How often jobs were asked about since their watches took note of it."""
        self._order = count()
        self._closed = False

    async def next(
        self,
        ctx: Context,
        channel: Channel,
        ref: str,
        *,
        after_s: float,
        interval_s: float,
        not_before_s: float = 0.0,
    ) -> Observation:
        """Give the next observation of a job, polled `after_s` from now or a little earlier in company.

        A hint to ask now brings it forward, though never before `not_before_s` from now. Raises Interrupted
        when the job's row wants a look first.
        """
        if self._closed:
            raise asyncio.CancelledError
        lane = self._lane(ctx, channel)
        job = (channel.id, ref)
        if job in self._interrupted:
            self._interrupted.discard(job)
            raise Interrupted
        foretold = self._foretold.pop(job, None)
        if foretold is not None:
            return foretold
        now = self._clock.monotonic()
        hinted = job in self._nudged
        self._nudged.pop(job, None)
        waiting = Waiting(
            ref,
            now + (min(after_s, not_before_s) if hinted else after_s),
            interval_s,
            asyncio.get_running_loop().create_future(),
            patient=after_s > LONGER * interval_s,
            earliest=now + not_before_s,
        )
        if after_s <= 0:
            lane.joined_at = waiting.due
        heapq.heappush(lane.heap, (waiting.due, next(self._order), waiting))
        lane.by_ref[ref] = waiting
        if lane.poller is None or lane.poller.done():
            # One poller serves many tasks: it must not log and trace as the first of them.
            polling = self._poll_lane(ctx, (channel.id, channel.key_id), lane)
            lane.poller = asyncio.create_task(polling, context=contextvars.Context())
        elif lane.heap[0][2] is waiting:
            lane.wake.set()
        try:
            return await waiting.future
        finally:
            if lane.by_ref.get(ref) is waiting:
                del lane.by_ref[ref]

    def _lane(self, ctx: Context, channel: Channel) -> Lane:
        key = (channel.id, channel.key_id)
        lane = self._lanes.get(key)
        if lane is None:
            offered = isinstance(ctx.dialects[channel.dialect], PollsMany)
            lane = self._lanes[key] = Lane(has_list=offered)
        return lane

    def _waiting(self, channel_id: str, ref: str) -> tuple[Lane, Waiting] | None:
        """Give who waits for a job and where; None when nobody does."""
        for (owner, _), lane in self._lanes.items():
            waiting = lane.by_ref.get(ref) if owner == channel_id else None
            if waiting is not None:
                return lane, waiting
        return None

    def polls(self, channel_id: str, ref: str) -> int:
        """Tell how often a job was asked about since this was asked last; a list that names it counts as once."""
        return self._polls.pop((channel_id, ref), 0)

    def _count(self, channel: Channel, ref: str) -> None:
        job = (channel.id, ref)
        _remember(self._polls, job, self._polls.get(job, 0) + 1)

    def foretell(self, channel_id: str, ref: str, seen: Observation) -> None:
        """Have the next watch of a job be given what is known already, without asking; safe to lose."""
        _remember(self._foretold, (channel_id, ref), seen)

    def nudge(self, channel_id: str, ref: str) -> None:
        """Have a job asked about now instead of when it is due; a hint, safe to lose and to repeat.

        A job that is being asked about, or that nobody waits for, is asked about as soon as somebody waits.
        """
        found = self._waiting(channel_id, ref)
        if found is None or found[1].asked:
            _remember(self._nudged, (channel_id, ref), None)
            return
        lane, waiting = found
        due = max(self._clock.monotonic(), waiting.earliest)
        if due < waiting.due:
            waiting.due = due
            heapq.heappush(lane.heap, (due, next(self._order), waiting))
            lane.wake.set()

    def interrupt(self, channel_id: str, ref: str) -> None:
        """Make the watch of a job look at its row now; nothing happens when nobody watches it here.

        The watch sees Interrupted.
        """
        found = self._waiting(channel_id, ref)
        if found is not None and not found[1].future.done():
            found[1].future.set_exception(Interrupted())
        elif any(owner == channel_id for owner, _ in self._lanes):
            self._interrupted.add((channel_id, ref))

    async def close(self) -> None:
        """Stop polling; every watch that waits, or asks from now on, is cancelled."""
        self._closed = True
        for lane in self._lanes.values():
            for waiting in list(lane.by_ref.values()):
                waiting.future.cancel()
        tasks = [t for lane in self._lanes.values() for t in (lane.poller, *lane.singles) if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll_lane(self, ctx: Context, key: LaneKey, lane: Lane) -> None:
        while lane.heap:
            wait = lane.heap[0][0] - self._clock.monotonic()
            if wait > 0:
                await self._sleep(lane, max(wait, GRAIN_S))
                continue
            channel = ctx.channels.get(*key)
            if channel is None or not channel.enabled:
                self._leave(lane, channel)
                continue
            if self._gathers(lane):
                await self._clock.sleep(QUIET_S)
                continue
            batch = self._take(lane)
            if self._lists(lane) and len(batch) + len(lane.heap) >= MANY:
                await self._in_pace(ctx, channel)
                batch = await self._list(ctx, channel, lane, batch)
            for waiting in batch:
                await lane.slots.acquire()
                await self._in_pace(ctx, channel)
                single = asyncio.create_task(self._ask_one(ctx, channel, lane, waiting))
                lane.singles.add(single)
                single.add_done_callback(lane.singles.discard)

    async def _in_pace(self, ctx: Context, channel: Channel) -> None:
        if not ctx.allowances.polls:
            return
        try:
            await limits.pass_poll(ctx, channel.id)
        except UNUSABLE:
            # Watches that wait must be answered, whether this poll could be counted or not.
            log.exception("poll_uncounted", channel=channel.name)

    async def _list(self, ctx: Context, channel: Channel, lane: Lane, due: list[Waiting]) -> list[Waiting]:
        """Ask the list about the due jobs, and about all others if it was not asked lately; give back the due rest."""
        now = self._clock.monotonic()
        early: list[Waiting] = []
        if due and now - lane.listed_at >= APART * due[0].interval:
            lane.listed_at = now
            early = self._take_early(lane, due[0].interval)
        elif len(due) < MANY:
            return due
        rest = await self._ask_many(ctx, channel, lane, due + early)
        not_yet = {id(waiting) for waiting in early}
        for waiting in rest:
            if id(waiting) in not_yet:
                waiting.asked = False
                heapq.heappush(lane.heap, (waiting.due, next(self._order), waiting))
        return [waiting for waiting in rest if id(waiting) not in not_yet]

    async def _sleep(self, lane: Lane, seconds: float) -> None:
        lane.wake.clear()
        sleeper = asyncio.ensure_future(self._clock.sleep(seconds))
        waker = asyncio.ensure_future(lane.wake.wait())
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()

    def _take(self, lane: Lane) -> list[Waiting]:
        """Take what is due."""
        now = self._clock.monotonic()
        taken: list[Waiting] = []
        while lane.heap and lane.heap[0][0] <= now:
            entry = heapq.heappop(lane.heap)
            if _stands(entry):
                entry[2].asked = True
                taken.append(entry[2])
        return taken

    def _take_early(self, lane: Lane, interval: float) -> list[Waiting]:
        """Take what is asked about as often as what is due, and what has waited for half its time.

        What was told to wait longer is left alone.
        """
        now = self._clock.monotonic()
        left: list[tuple[float, int, Waiting]] = []
        taken: list[Waiting] = []
        for entry in lane.heap:
            waiting = entry[2]
            if not _stands(entry):
                continue
            soon = waiting.due - now <= (1 - APART) * waiting.interval
            if waiting.patient or not (soon or waiting.interval <= LONGER * interval):
                left.append(entry)
            else:
                waiting.asked = True
                taken.append(waiting)
        lane.heap[:] = left
        heapq.heapify(lane.heap)
        return taken

    def _gathers(self, lane: Lane) -> bool:
        """Tell whether jobs are just arriving in numbers, as they do after a start."""
        now = self._clock.monotonic()
        return (
            len(lane.heap) >= MANY
            and now - lane.joined_at < QUIET_S
            and now - lane.heap[0][0] < GATHER_S
            and self._lists(lane)
        )

    def _lists(self, lane: Lane) -> bool:
        return lane.has_list and lane.useless_lists < LIST_PATIENCE

    async def _ask_many(
        self, ctx: Context, channel: Channel, lane: Lane, batch: list[Waiting]
    ) -> list[Waiting]:
        """Answer what a list call can answer; give back the rest."""
        dialect = ctx.dialects[channel.dialect]
        assert isinstance(dialect, PollsMany)  # noqa: S101 - narrowed by `_lists`
        seen: Mapping[str, Observation] = {}
        try:
            seen = await drive(ctx, dialect.poll_many([w.ref for w in batch], channel), channel)
        except Exception:  # noqa: BLE001 - a poll that broke learned nothing; single polls follow
            log.exception("poll_many_surprise", channel=channel.name)
        lane.useless_lists = 0 if seen else lane.useless_lists + 1
        rest: list[Waiting] = []
        for number, waiting in enumerate(batch, 1):
            if number % TURN == 0:
                await asyncio.sleep(0)
            self._count(channel, waiting.ref)
            found = seen.get(waiting.ref)
            if found is None:
                rest.append(waiting)
            else:
                self._answer(waiting, found)
        return rest

    async def _ask_one(self, ctx: Context, channel: Channel, lane: Lane, waiting: Waiting) -> None:
        self._count(channel, waiting.ref)
        try:
            flow = ctx.dialects[channel.dialect].poll(waiting.ref, channel)
            self._answer(waiting, await drive(ctx, flow, channel))
        except Exception:  # noqa: BLE001 - a poll that broke learned nothing
            log.exception("poll_surprise", channel=channel.name)
            self._answer(waiting, unheard("The gateway broke while asking."))
        finally:
            lane.slots.release()

    def _answer(self, waiting: Waiting, observation: Observation) -> None:
        with suppress(asyncio.InvalidStateError):
            meter.poll_lateness.observe(max(0.0, self._clock.monotonic() - waiting.due))
            waiting.future.set_result(observation)

    def _leave(self, lane: Lane, channel: Channel | None) -> None:
        """Answer without asking: whoever is due on a channel that is switched off, everybody on one that is gone."""
        if channel is not None:
            for waiting in self._take(lane):
                self._answer(waiting, unheard("The channel is disabled."))
            return
        for _, _, waiting in lane.heap:
            self._answer(waiting, unheard("The channel is gone."))
        lane.heap.clear()


T = TypeVar("T")


def _remember(among: dict[Job, T], job: Job, value: T) -> None:
    among[job] = value
    if len(among) > REMEMBERED:
        del among[next(iter(among))]


def _stands(entry: tuple[float, int, Waiting]) -> bool:
    """Tell whether an entry of the heap still counts: a job brought forward has an older one, too."""
    due, _, waiting = entry
    return due == waiting.due and not waiting.asked and not waiting.future.done()


def unheard(reason: str) -> Observation:
    """Make the observation of a poll that learned nothing."""
    return Observation(phase=None, trouble=Failure(code=Code.BAD_GATEWAY_PAYLOAD, message=reason))
