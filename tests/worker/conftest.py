"""Both runners behind one rig, so that one suite holds for them; PostgreSQL is a real server."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest

from reelgate.core.lifecycle import Status
from reelgate.store.backend import Connection
from reelgate.store.migrate import upgrade
from reelgate.store.postgres import PostgresBackend, open_postgres
from reelgate.testing.postgres import fresh_database, postgres_server
from reelgate.worker.distributed import DistributedRunner, Lane
from reelgate.worker.embedded import EmbeddedRunner

PATIENCE_S = 60.0
BACKOFF_S = (0.3,)


class SystemClock:
    """The machine's own time."""

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Work:
    """An advance that runs until it is let go, and counts what runs at once over all runners that share it."""

    def __init__(self) -> None:
        self.running: list[str] = []
        self.started: list[str] = []
        self.most = 0
        self.gates: dict[str, asyncio.Event] = {}
        self.surprises: dict[str, int] = {}

    async def __call__(self, task_id: str) -> None:
        self.started.append(task_id)
        self.running.append(task_id)
        self.most = max(self.most, len(self.running))
        try:
            if self.surprises.get(task_id, 0) > 0:
                self.surprises[task_id] -= 1
                raise RuntimeError(task_id)
            await self.gates.setdefault(task_id, asyncio.Event()).wait()
        finally:
            self.running.remove(task_id)

    def let_go(self, *task_ids: str) -> None:
        for task_id in task_ids:
            self.gates.setdefault(task_id, asyncio.Event()).set()


async def until(condition: Callable[[], bool], patience_s: float = PATIENCE_S) -> None:
    """Wait for something that has to happen, however slow the machine is."""
    end = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end, "it did not happen"
        await asyncio.sleep(0.01)


Runner = EmbeddedRunner | DistributedRunner


@dataclass
class Rig:
    """What a test says about the world, whatever runner is under it."""

    work: Work = field(default_factory=Work)
    slots: dict[str, int] = field(default_factory=dict[str, int])
    models: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    """The channels that serve a model."""
    statuses: dict[str, Status] = field(default_factory=dict[str, Status])
    rebound: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    lost: list[str] = field(default_factory=list[str])
    open: Callable[..., AbstractAsyncContextManager[Runner]] = field(init=False)
    wake: Callable[..., Awaitable[None]] = field(init=False)
    """Wake a task in a transaction of its own."""

    async def even_out(self, runner: Runner) -> None:
        """Do what housekeeping does again and again."""
        await runner.even_out()


@asynccontextmanager
async def _embedded(rig: Rig) -> AsyncIterator[EmbeddedRunner]:
    async def rebind(task_id: str, channel_id: str) -> bool:
        rig.rebound.append((task_id, channel_id))
        return True

    runner = EmbeddedRunner(
        SystemClock(),
        slots_of=lambda c: rig.slots.get(c, 1 << 30),
        channels_for=lambda m: rig.models.get(m, []),
        rebind=rebind,
        broken_backoff_s=BACKOFF_S,
    )
    async with _running(runner, rig):
        yield runner


@asynccontextmanager
async def _distributed(
    rig: Rig, backend: PostgresBackend, heartbeat_s: float
) -> AsyncIterator[DistributedRunner]:
    from reelgate.store import jobs

    def bind(conn: Connection, task_id: str, channel_id: str) -> bool:
        rig.rebound.append((task_id, channel_id))
        return True

    def lanes() -> dict[str, Lane]:
        return {
            name: Lane(slots, frozenset(m for m, served in rig.models.items() if name in served))
            for name, slots in rig.slots.items()
        }

    async def status(task_id: str) -> Status | None:
        return rig.statuses.get(task_id, Status.QUEUED)

    async def lost(task_id: str) -> None:
        rig.lost.append(task_id)

    ears = backend.ears(jobs.CHANNEL)
    runner = DistributedRunner(
        backend,
        SystemClock(),
        ears.on,
        lanes=lanes,
        bind=bind,
        status=status,
        lost=lost,
        heartbeat_s=heartbeat_s,
        look_s=0.5,
        broken_backoff_s=BACKOFF_S,
    )
    listening = asyncio.create_task(ears.run())
    try:
        async with _running(runner, rig):
            yield runner
    finally:
        listening.cancel()
        with suppress(asyncio.CancelledError):
            await listening


@asynccontextmanager
async def _running(runner: Runner, rig: Rig) -> AsyncIterator[None]:
    over = asyncio.Event()

    async def look_after() -> None:
        while not over.is_set():
            await runner.even_out()
            with suppress(TimeoutError):
                await asyncio.wait_for(over.wait(), 0.1)

    loop = asyncio.create_task(runner.run(rig.work))
    chore = asyncio.create_task(look_after())
    try:
        yield
    finally:
        over.set()
        await chore
        await runner.drain(0)
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    with postgres_server() as url:
        yield url


@pytest.fixture(scope="session")
def pattern(server: str) -> Iterator[str]:
    with fresh_database(server) as url:
        upgrade(url)
        yield url


@pytest.fixture
async def backend(server: str, pattern: str) -> AsyncIterator[PostgresBackend]:
    with fresh_database(server, like=pattern) as url:
        opened = await open_postgres(url)
        yield opened
        await opened.close()


@pytest.fixture(params=["embedded", "distributed"])
def rig(request: pytest.FixtureRequest) -> Rig:
    made = Rig()
    if request.param == "embedded":
        made.open = lambda: _embedded(made)

        async def wake(runner: Any, task_id: str, lane: str, **more: Any) -> None:
            runner.enqueue(task_id, lane, **more)()
    else:
        backend: PostgresBackend = request.getfixturevalue("backend")
        made.open = lambda heartbeat_s=5.0: _distributed(made, backend, heartbeat_s)

        async def wake(runner: Any, task_id: str, lane: str, **more: Any) -> None:
            await backend.write(lambda conn: runner.enqueue(task_id, lane, connection=conn, **more))

    made.wake = wake
    return made


@pytest.fixture
def shared(backend: PostgresBackend) -> Rig:
    """A rig whose runners share one PostgreSQL."""
    made = Rig()
    made.open = lambda heartbeat_s=5.0: _distributed(made, backend, heartbeat_s)

    async def wake(runner: Any, task_id: str, lane: str, **more: Any) -> None:
        await backend.write(lambda conn: runner.enqueue(task_id, lane, connection=conn, **more))

    made.wake = wake
    return made
