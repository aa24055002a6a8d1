"""The runner of several processes: PgQueuer on PostgreSQL hands out wake-ups, one lane for each channel.

PgQueuer picks, bounds every lane over all workers, keeps jobs alive and finds those whose worker died.
It does not fence, and rows decide what is true: here a worker lets go only of jobs that are still its
own, lanes follow the channels as they change, and what is under way when a worker stops is handed over.

The broad `except` here has the reason of the other runner: a task that breaks is logged and woken
again later, and never takes another one with it.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QuerySchedulerBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import AbstractEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.core.tm import TaskManager
from pgqueuer.domain.models import Context as JobContext
from pgqueuer.domain.models import Job, TracebackRecord
from pgqueuer.domain.types import JOB_STATUS, Channel, JobId, QueueEntrypoint, QueueManagerId
from pgqueuer.ports.driver import NotifyCallback
from pgqueuer.ports.repository import EntrypointExecutionParameter

from reelgate.core.clock import Clock
from reelgate.core.engine import Advance
from reelgate.core.lifecycle import Status
from reelgate.store import jobs
from reelgate.store.backend import UNUSABLE, Backend, Connection
from reelgate.store.jobs import HOMELESS, Load, Wake
from reelgate.store.postgres import UNREACHABLE
from reelgate.telemetry import log, meter
from reelgate.worker.embedded import BROKEN_BACKOFF_S

BATCH: Final = 50
"""Jobs picked with one statement."""
LOOK_S: Final = 2.0
"""How often a worker looks for work although nobody told it of any; a dead worker's jobs are found then."""
UNREACHABLE_WAIT_S: Final = 2.0
"""How long a task waits that could not go on because the database was away."""
AHEAD: Final = 500
"""Waiting tasks of a full lane that are considered for another one; all of them now and then."""
ALL: Final = 2**31 - 1
EVERYTHING_EVERY_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class Lane:
    """What a channel takes: how many tasks at once, none while it is disabled, and of which models."""

    slots: int
    models: frozenset[str]


Lanes = Callable[[], Mapping[str, Lane]]
Listen = Callable[[str, Callable[[str], None]], None]
"""Registers who is to be told what other processes say on a channel of the database."""


@dataclass(slots=True)
class _Held:
    """What this worker knows about the jobs it has picked."""

    tasks: dict[int, str] = field(default_factory=dict[int, str])
    """The task of each job that is being advanced."""
    advancing: dict[str, asyncio.Task[Any]] = field(default_factory=dict[str, asyncio.Task[Any]])
    again: dict[str, Wake] = field(default_factory=dict[str, Wake])
    """What a task asked for while it was being advanced."""
    outcomes: dict[int, Wake] = field(default_factory=dict[int, Wake])
    """What is to become of jobs that are done and not yet let go of."""
    left: set[int] = field(default_factory=set[int])
    """Jobs that were cut off: their rows stay, for whoever takes over."""


class DistributedRunner:
    """Wakes tasks together with any number of other processes on one PostgreSQL."""

    in_rows = True

    def __init__(
        self,
        backend: Backend,
        clock: Clock,
        listen: Listen,
        *,
        lanes: Lanes,
        bind: Callable[[Connection, str, str], bool],
        status: Callable[[str], Awaitable[Status | None]],
        lost: Callable[[str], Awaitable[None]],
        heartbeat_s: float,
        look_s: float = LOOK_S,
        broken_backoff_s: Sequence[float] = BROKEN_BACKOFF_S,
    ) -> None:
        """`bind` moves a queued task to a channel; `lost` is told of tasks that were taken over by others."""
        self._backend = backend
        self._clock = clock
        self._listen = listen
        self._lanes = lanes
        self._bind = bind
        self._status = status
        self._lost = lost
        self._heartbeat_s = heartbeat_s
        self._look_s = look_s
        self._broken_backoff_s = broken_backoff_s
        self._owner = uuid.uuid4()
        self._held = _Held()
        self._broken: dict[str, int] = {}
        self._loads: dict[str, Load] = {}
        self._booked: dict[str, int] = {}
        self._placed: Mapping[str, int] = {}
        self._placed_at = float("-inf")
        self._side: set[asyncio.Task[None]] = set()
        self._advance: Advance | None = None
        self._manager: _Manager | None = None
        self._running = False
        self._stopping = False
        self._ended = asyncio.Event()

    # What other rooms ask of a runner.

    def enqueue(
        self,
        task_id: str,
        channel_id: str,
        *,
        model: str = "",
        priority: int = 0,
        delay_s: float = 0.0,
        holds_slot: bool = False,
        connection: Connection | None = None,
    ) -> Callable[[], None]:
        """Write a wake-up in the caller's transaction; without one it is written when the result is called."""
        wake = Wake(
            task_id=task_id,
            lane=self._lane_name(channel_id, held=holds_slot),
            model=model,
            priority=priority,
            delay_s=delay_s,
            held=holds_slot,
        )
        self._booked[channel_id] = self._booked.get(channel_id, 0) + 1
        if connection is not None:
            jobs.put(connection, wake)
            return _nothing
        return lambda: self._enqueue_later(wake)

    def _enqueue_later(self, wake: Wake) -> None:
        if wake.task_id in self._held.advancing:
            self._held.again[wake.task_id] = wake
        else:
            self._aside(self._backend.write(lambda conn: jobs.put(conn, wake)))

    def _lane_name(self, channel_id: str, *, held: bool) -> str:
        lane = self._lanes().get(channel_id)
        if lane is None:
            return HOMELESS
        return channel_id if held or lane.slots > 0 else jobs.paused(channel_id)

    def free_slots(self, channel_id: str) -> int:
        """Tell how many more attempts the channel's lane takes, as of the last look at all lanes."""
        lane = self._lanes().get(channel_id)
        if lane is None:
            return 0
        load = self._loads.get(channel_id, Load(0, 0))
        return max(0, lane.slots - load.taken - load.waiting - self._booked.get(channel_id, 0))

    def knows(self, task_id: str) -> bool:
        """Say no: the rows know, and whoever sweeps asks them."""
        return False

    def overslept(self, task_id: str, status: Status) -> bool:
        """Say no: whoever changes a task brings its wake-up forward, on whatever process."""
        return False

    def cancel(self, task_id: str) -> None:
        """Wake a task now that waits for its time, on whatever process it will be."""
        self._aside(self._backend.write(lambda conn: jobs.bring_forward(conn, task_id)))

    @property
    def active(self) -> int:
        """How many tasks are being advanced here."""
        return len(self._held.advancing)

    @property
    def waiting(self) -> int:
        """How many tasks wait for a slot, on all processes, as of the last look at all lanes."""
        return sum(load.waiting for load in self._loads.values())

    async def run(self, advance: Advance, started: Callable[[], Awaitable[None]] | None = None) -> None:
        """Advance tasks until told to stop; a queue that breaks is begun anew."""
        self._advance = advance
        self._running = True
        try:
            if started is not None:
                await started()
            while not self._stopping:
                await self._run_once()
        finally:
            self._ended.set()

    async def _run_once(self) -> None:
        manager = _Manager(_Queue(self), self._held_lanes, self._owner)
        self._manager = manager
        try:
            await manager.run(
                dequeue_timeout=timedelta(seconds=self._look_s),
                batch_size=BATCH,
                heartbeat_timeout=timedelta(seconds=self._heartbeat_s),
                log_aggregation_interval=timedelta(0),
            )
        except Exception:  # noqa: BLE001 - the loop logs and goes on by rule
            log.exception("queue_broke")
            await self._clock.sleep(1.0)

    def stop(self) -> None:
        """Start nothing more."""
        self._stopping = True
        if self._manager is not None:
            self._manager.shutdown.set()

    async def drain(self, seconds: float) -> None:
        """Let what is under way end for up to `seconds`, then cut it off and hand it over to other workers."""
        self.stop()
        advancing = list(self._held.advancing.values())
        if advancing:
            await asyncio.wait(advancing, timeout=seconds)
        for task in list(self._held.advancing.values()):
            task.cancel()
        if self._running:
            await self._ended.wait()
        await self.settle()
        if self._running:
            await self._backend.write(lambda conn: jobs.hand_over(conn, self._owner))

    async def settle(self) -> None:
        """Wait for what is still being written."""
        await asyncio.gather(*self._side, return_exceptions=True)

    # Lanes.

    async def look(self) -> None:
        """See how full the lanes are, so that new tasks go where there is room."""
        lanes = self._lanes()
        if not _shared(lanes):
            self._loads, self._booked = {}, {}
            return
        slots = {name: lane.slots for name, lane in lanes.items()}
        self._note(await self._backend.read(lambda conn: jobs.loads(conn, slots)))

    def _note(self, loads: Mapping[str, Load]) -> None:
        self._loads = dict(loads)
        self._booked = {}

    async def even_out(self) -> None:
        """Let jobs follow their channels, and no task wait while another channel that serves it has a free slot."""
        lanes = self._lanes()
        now = self._clock.monotonic()
        everything = now - self._placed_at >= EVERYTHING_EVERY_S
        slots = {name: lane.slots for name, lane in lanes.items()}
        if everything or slots != self._placed:
            await self._backend.write(lambda conn: jobs.place(conn, slots))
            self._placed, self._placed_at = slots, now
        if _shared(lanes):
            ahead = ALL if everything else AHEAD
            await self._backend.write(lambda conn: self._even_out(conn, lanes, ahead))

    def _even_out(self, conn: Connection, lanes: Mapping[str, Lane], ahead: int) -> None:
        if not jobs.alone(conn):
            return
        open_lanes = {name: lane.slots for name, lane in lanes.items() if lane.slots > 0}
        shut = {jobs.paused(name): 0 for name, lane in lanes.items() if lane.slots <= 0}
        loads = jobs.loads(conn, open_lanes | shut)
        self._note(loads)
        moved = 0
        too_many = _too_many(loads, open_lanes)
        for target, slots in open_lanes.items():
            free = slots - loads[target].taken - loads[target].waiting
            for source, many in too_many.items():
                models = _models(lanes, source) & lanes[target].models
                if source == target or not models or min(free, many) <= 0:
                    continue
                took = self._take(conn, source, target, models, min(free, many), ahead)
                too_many[source] -= took
                free -= took
                moved += took
        if moved:
            jobs.ping(conn)

    def _take(
        self, conn: Connection, source: str, target: str, models: frozenset[str], most: int, ahead: int
    ) -> int:
        found = jobs.movable(conn, source, sorted(models), most=most, ahead=ahead)
        took = 0
        for job_id, task_id in found:
            if self._bind(conn, task_id, target):
                jobs.relane(conn, job_id, target)
                took += 1
        return took

    def _held_lanes(self) -> Mapping[str, int]:
        """Give the lanes to pick from. One that takes nothing still has tasks that must be watched."""
        return {name: max(1, lane.slots) for name, lane in self._lanes().items()} | {HOMELESS: 0}

    # One job.

    async def work(self, job: Job) -> None:
        """Advance the task of a job, and note what is to become of the job."""
        task_id = (job.payload or b"").decode()
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - PgQueuer runs each job as a task
        self._held.tasks[job.id] = task_id
        self._held.advancing[task_id] = task
        try:
            await self._work(job, task_id)
        except asyncio.CancelledError:
            if not self._stopping:
                raise
            self._held.left.add(job.id)
        finally:
            del self._held.tasks[job.id]
            if self._held.advancing.get(task_id) is task:
                del self._held.advancing[task_id]
        again = self._held.again.pop(task_id, None)
        if again is not None:
            self._held.outcomes[job.id] = again

    async def _work(self, job: Job, task_id: str) -> None:
        assert self._advance is not None  # noqa: S101 - nothing is picked before `run`
        try:
            if not await self._must_wait(job, task_id):
                await self._advance(task_id)
            self._broken.pop(task_id, None)
        except UNUSABLE as away:
            log.warning("advance_interrupted", task=task_id, reason=type(away).__name__)
            self._held.again[task_id] = await self._repeat(job, task_id, UNREACHABLE_WAIT_S)
        except Exception:  # noqa: BLE001 - the loop logs and goes on by rule
            times = self._broken[task_id] = self._broken.get(task_id, 0) + 1
            meter.broken_advances.inc()
            log.exception("advance_broke", task=task_id, times=times)
            wait = self._broken_backoff_s[min(times, len(self._broken_backoff_s)) - 1]
            self._held.again[task_id] = await self._repeat(job, task_id, wait)

    async def _must_wait(self, job: Job, task_id: str) -> bool:
        """Tell whether a task slipped into a lane that has just been shut and has not begun."""
        lane = self._lanes().get(job.entrypoint)
        if lane is None or lane.slots > 0 or await self._status(task_id) is not Status.QUEUED:
            return False
        self._held.again[task_id] = self._wake(job, task_id, jobs.paused(job.entrypoint))
        return True

    async def _repeat(self, job: Job, task_id: str, delay_s: float) -> Wake:
        try:
            status = await self._status(task_id)
        except UNUSABLE:
            status = None  # what may be at its upstream is watched, however full the lane
        held = status is not Status.QUEUED
        return self._wake(job, task_id, job.entrypoint, delay_s=delay_s, held=held)

    def _wake(self, job: Job, task_id: str, lane: str, *, delay_s: float = 0.0, held: bool = False) -> Wake:
        model = str((job.headers or {}).get("model", ""))
        return Wake(
            task_id=task_id, lane=lane, model=model, priority=job.priority, delay_s=delay_s, held=held
        )

    # What PgQueuer asks of the rows.

    async def let_go(self, job_ids: list[int]) -> None:
        """End jobs that are done, unless they were cut off or taken over."""
        held = self._held
        done = [job_id for job_id in job_ids if job_id not in held.left]
        again = {job_id: held.outcomes[job_id] for job_id in done if job_id in held.outcomes}
        if done:
            await self._backend.write(lambda conn: jobs.finish(conn, self._owner, done, again))
        for job_id in job_ids:
            held.outcomes.pop(job_id, None)

    async def beat(self, job_ids: list[int]) -> None:
        """Keep jobs alive, and look again at tasks whose jobs somebody else has taken over."""
        kept = await self._backend.write(lambda conn: jobs.beat(conn, self._owner, job_ids))
        for job_id in job_ids:
            task_id = self._held.tasks.get(job_id)
            if job_id not in kept and task_id is not None:
                log.warning("job_lost", task=task_id)
                self._aside(self._lost(task_id))

    async def beat_all(self) -> None:
        """Keep everything alive that is being worked on."""
        if self._held.tasks:
            await self.beat(list(self._held.tasks))

    def listen(self, channel: str, heard: Callable[[str], None]) -> None:
        """Have somebody told what other processes say."""
        self._listen(channel, heard)

    @property
    def backend(self) -> Backend:
        """The database."""
        return self._backend

    @property
    def clock(self) -> Clock:
        """The time."""
        return self._clock

    def _aside(self, work: Awaitable[Any]) -> None:
        task = asyncio.create_task(_logged(work))
        self._side.add(task)
        task.add_done_callback(self._side.discard)


def _nothing() -> None:
    """Do nothing: the rows are written."""


async def _logged(work: Awaitable[Any]) -> None:
    try:
        await work
    except UNUSABLE as away:  # the sweep does it later
        log.warning("wake_up_not_written", reason=type(away).__name__)


def _shared(lanes: Mapping[str, Lane]) -> bool:
    """Tell whether there is a model that more than one channel serves."""
    seen: set[str] = set()
    for lane in lanes.values():
        if not seen.isdisjoint(lane.models):
            return True
        seen |= lane.models
    return False


def _too_many(loads: Mapping[str, Load], open_lanes: Mapping[str, int]) -> dict[str, int]:
    """Count, for each lane, the waiting tasks that will not begin at once."""
    return {name: load.waiting - max(0, open_lanes.get(name, 0) - load.taken) for name, load in loads.items()}


def _models(lanes: Mapping[str, Lane], name: str) -> frozenset[str]:
    lane = lanes.get(name) or lanes.get(jobs.unpaused(name))
    return frozenset() if lane is None else lane.models


class _Driver:
    """PgQueuer's way to the database: our pool, so that a connection that broke is replaced by itself."""

    def __init__(self, runner: DistributedRunner) -> None:
        self._runner = runner
        self._shutdown = asyncio.Event()
        self._tm = TaskManager()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return await self._runner.backend.write(lambda conn: jobs.run_raw(conn, query, args))

    async def execute(self, query: str, *args: object) -> str:
        await self.fetch(query, *args)
        return ""

    async def notify(self, channel: str, payload: str) -> None:
        await self.fetch("SELECT pg_notify($1, $2)", channel, payload)

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        self._runner.listen(channel, callback)

    @property
    def shutdown(self) -> asyncio.Event:
        return self._shutdown

    @property
    def tm(self) -> TaskManager:
        return self._tm

    async def __aenter__(self) -> _Driver:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._shutdown.set()


class _Queue(Queries):
    """PgQueuer's statements, with a fence around what they change and patience with a database that is away."""

    def __init__(self, runner: DistributedRunner) -> None:
        names = jobs.names()
        super().__init__(
            _Driver(runner),
            qbe=QueryBuilderEnvironment(names),
            qbq=jobs.builder(),
            qbs=QuerySchedulerBuilder(names),
        )
        self._runner = runner
        self._silent_since: float | None = None
        self._patient_until = float("-inf")
        self._extra_s = 0.0

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: QueueManagerId,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> list[Job]:
        try:
            if self._silent_since is not None:
                await self._come_back(heartbeat_timeout)
            return await super().dequeue(
                batch_size,
                entrypoints,
                queue_manager_id,
                global_concurrency_limit,
                heartbeat_timeout + self._patience(),
            )
        except UNREACHABLE as away:
            if self._silent_since is None:
                self._silent_since = self._runner.clock.monotonic()
                log.warning("queue_unreachable", reason=type(away).__name__)
            return []

    async def _come_back(self, heartbeat_timeout: timedelta) -> None:
        """Say that our jobs live, and give others the time to do so, before anybody's are taken for dead."""
        await self._runner.beat_all()
        now = self._runner.clock.monotonic()
        self._extra_s = now - (self._silent_since or now) + heartbeat_timeout.total_seconds()
        self._patient_until = now + heartbeat_timeout.total_seconds()
        self._silent_since = None
        log.info("queue_reached_again")

    def _patience(self) -> timedelta:
        patient = self._runner.clock.monotonic() < self._patient_until
        return timedelta(seconds=self._extra_s if patient else 0.0)

    async def queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        try:
            return await super().queued_work(entrypoints)
        except UNREACHABLE:
            return 0

    async def eligible_queued_work(self, entrypoints: list[QueueEntrypoint]) -> int:
        try:
            return await super().eligible_queued_work(entrypoints)
        except UNREACHABLE:
            return 0

    async def next_deferred_eta(self, entrypoints: list[QueueEntrypoint]) -> timedelta | None:
        try:
            return await super().next_deferred_eta(entrypoints)
        except UNREACHABLE:
            return None

    async def update_heartbeat(self, job_ids: list[JobId]) -> None:
        await self._runner.beat(list(job_ids))

    async def work(self, job: Job) -> None:
        await self._runner.work(job)

    async def log_jobs(self, job_status: list[tuple[Job, JOB_STATUS, TracebackRecord | None]]) -> None:
        await self._runner.let_go([job.id for job, _, _ in job_status])


class _Executor(AbstractEntrypointExecutor):
    """Gives a job to the runner."""

    def __init__(self, work: Callable[[Job], Awaitable[None]], limit: int) -> None:
        super().__init__(EntrypointExecutorParameters(concurrency_limit=limit, func=work))
        self._work = work

    async def execute(self, job: Job, context: JobContext) -> None:
        await self._work(job)


class _Manager(QueueManager):
    """PgQueuer's manager, whose entry points follow the channels."""

    def __init__(self, queue: _Queue, lanes: Callable[[], Mapping[str, int]], owner: uuid.UUID) -> None:
        super().__init__(queue, channel=Channel(jobs.CHANNEL))
        self.queue_manager_id = QueueManagerId(owner)
        self.min_dequeue_poll_interval = timedelta(seconds=0.25)
        self._lanes = lanes
        self._work = queue.work
        self.entrypoints_below_capacity_limits()

    def entrypoints_below_capacity_limits(self) -> set[QueueEntrypoint]:
        names: set[QueueEntrypoint] = set()
        for lane, limit in self._lanes().items():
            name = QueueEntrypoint(lane)
            names.add(name)
            known = self.entrypoint_registry.get(name)
            if known is None:
                self.register_executor(name, _Executor(self._work, limit))
            else:
                known.parameters.concurrency_limit = limit
        return names
