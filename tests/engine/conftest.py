"""An engine on a real SQLite file with a clock that stands still, a scripted upstream and hand-made clips."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from reelgate.auth.secrets import Secrets, prepare, source_of
from reelgate.core.dialect import Channel, Drawing, Render
from reelgate.core.lifecycle import TERMINAL, Status
from reelgate.core.task import Attempt, Size, Task
from reelgate.engine import create, health, route
from reelgate.engine.advance import advance
from reelgate.engine.channels import ChannelTable
from reelgate.engine.context import Context, Draft, Rules, Who
from reelgate.engine.hub import Hub
from reelgate.engine.limits import AllowanceTable, Pace
from reelgate.engine.rounds import Rounds
from reelgate.media.blobs import BlobStore
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.store import attempts as attempt_rows
from reelgate.store import channels as channel_rows
from reelgate.store import events as event_rows
from reelgate.store import invariants as invariant_rows
from reelgate.store import ledger as ledger_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import open_backend
from reelgate.store.migrate import upgrade
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.testing.clock import FakeClock
from reelgate.testing.ids import SeededIds
from reelgate.testing.scripted import Scripted
from reelgate.testing.upstream.clip import clip as tiny_clip
from reelgate.worker.embedded import EmbeddedRunner
from reelgate.worker.housekeeping import every

WHO = Who(user_id=DEFAULT_USER, project_id=DEFAULT_PROJECT)


def open_secrets(folder: Path) -> Secrets:
    """Open the master key of a folder."""
    return Secrets(source_of(folder, None, None))


class HandMade:
    """Drawings that are simply there, for archives to fetch."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.made: dict[str, Path] = {}
        self.copies = 0
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        """Done while somebody asks, as other things happen while a call is under way."""

    def put(self, key: str, clip: Path) -> None:
        self.made[key] = clip

    def finished(self, key: str) -> Path | None:
        clip = self.made.get(key)
        if clip is None:
            return None
        self.copies += 1
        copy = self.folder / f"{key}-{self.copies}.mp4"
        shutil.copy(clip, copy)
        return copy

    async def ask(self, render: Render) -> Drawing:
        if self.meanwhile is not None:
            await self.meanwhile()
        return Drawing(state="done" if render.key in self.made else "absent")

    async def forget(self, key: str) -> None:
        self.made.pop(key, None)

    async def close(self) -> None:
        pass


ARCHIVING_STEPS = 200
"""Looks at a task being archived before time passes for it as for others."""


@dataclass
class Bench:
    """An engine and what a test asks of it."""

    ctx: Context
    clock: FakeClock
    upstream: Scripted
    renders: HandMade
    runner: EmbeddedRunner
    chores: list[asyncio.Task[None]] = field(default_factory=list)

    async def create(self, prompt: str = "a red kite over a bay", **more: object) -> Task:
        draft = Draft(model="demo", prompt=prompt, seconds=4, size=Size(64, 64))
        return (await create.create(self.ctx, WHO, msgspec.structs.replace(draft, **more))).task

    async def task(self, task_id: str) -> Task:
        found = await self.ctx.backend.point(lambda conn: task_rows.get(conn, task_id))
        assert found is not None
        return found

    async def attempts(self, task_id: str) -> list[Attempt]:
        return list(await self.ctx.backend.point(lambda conn: attempt_rows.of_task(conn, task_id)))

    async def kinds(self, task_id: str) -> list[str]:
        events = await self.ctx.backend.point(lambda conn: event_rows.of_task(conn, task_id))
        return [e.type.value.removeprefix("video.") for e in events]

    async def ledger(self, task_id: str) -> dict[str, int]:
        rows = await self.ctx.backend.point(lambda conn: ledger_rows.entries(conn, task_id=task_id))
        return {row.kind.value: row.amount for row in rows}

    async def until(self, task_id: str, *wanted: Status, limit_s: float = 4_000.0) -> Task:
        """Let time pass until the task is in one of the wanted states (any terminal one by default)."""
        passed, archiving = 0.0, 0
        while True:
            await self.settle_down(8)
            task = await self.task(task_id)
            if task.status in (wanted or TERMINAL):
                return task
            assert passed <= limit_s, f"{task_id} is still {task.status} after {limit_s} s"
            step = 1.0 if passed < 60 else 10.0
            if task.status is Status.ARCHIVING and archiving < ARCHIVING_STEPS:
                # Clips are probed by child processes, which no clock of ours hurries.
                archiving, step = archiving + 1, 0.01
            await self.clock.advance(step)
            passed += step

    async def at_once(self, task_id: str, wanted: Status) -> Task:
        """Wait until the task is in the wanted state while the clock stands still."""
        for _ in range(2_000):
            await self.settle_down(5)
            task = await self.task(task_id)
            if task.status is wanted:
                return task
        raise AssertionError(f"{task_id} does not get to {wanted} without time passing")

    async def settle_down(self, turns: int = 60) -> None:
        """Let what can happen without time passing happen; commits take real milliseconds."""
        for _ in range(turns):
            await asyncio.sleep(0.001)
        # The writer works in order: once it has done nothing for us, everything before it is committed.
        await self.ctx.backend.write(lambda _: None)
        await asyncio.sleep(0.001)

    async def violations(self) -> list[str]:
        found = await self.ctx.backend.read(invariant_rows.violations)
        return [str(v) for v in found]


@asynccontextmanager
async def open_bench(
    folder: Path,
    upstream: Scripted,
    clock: FakeClock,
    *,
    rules: Rules | None = None,
    second: bool = False,
    url: str | None = None,
    client: Client | None = None,
    guard: Guard | None = None,
) -> AsyncIterator[Bench]:
    fresh = not (folder / "opened").exists()
    (folder / "opened").touch()
    url = url or f"sqlite:///{folder / 'reelgate.db'}"
    await asyncio.to_thread(upgrade, url)
    backend = await open_backend(url)
    profiles = {"scripted": upstream.profiles}
    vault = open_secrets(folder)
    await prepare(backend, vault, clock.now_ms())
    channels = ChannelTable(profiles, vault, clock)
    guard = guard or Guard(allow=())
    renders = HandMade(folder)
    allowances = AllowanceTable()
    runner = EmbeddedRunner(
        clock,
        slots_of=lambda c: channels.slots(c) or 0,
        channels_for=lambda m: route.channels_for(channels, m),
        rebind=lambda t, c: route.rebind(ctx, t, c),
        pace=Pace(clock, allowances).wait_s,
    )
    ctx = Context(
        backend=backend,
        blobs=BlobStore(folder),
        renders=renders,  # pyright: ignore[reportArgumentType]
        client=client or Client(guard),
        guard=guard,
        dialects={"scripted": upstream},
        profiles=profiles,
        clock=clock,
        ids=SeededIds(int(fresh) + 1),
        channels=channels,
        hub=Hub(backend),
        rounds=Rounds(clock),
        engine=runner,
        vault=vault,
        rules=rules or Rules(default_model="demo"),
        allowances=allowances,
    )
    if fresh:
        names = ("one", "two") if second else ("one",)
        for name in names:
            channel = Channel(
                id=f"chan_{name}",
                name=name,
                dialect="scripted",
                base_url="",
                models={"demo": "scripted-1"},
                concurrency=1 if second else 100,
                poll_policy="fixed:10",
            )
            await backend.write(lambda conn, c=channel: channel_rows.insert(conn, c, clock.now_ms()))
    await channels.reload(backend)
    bench = Bench(ctx, clock, upstream, renders, runner)
    bench.chores = [
        asyncio.create_task(ctx.hub.run()),
        asyncio.create_task(runner.run(lambda task_id: advance(ctx, task_id))),
        asyncio.create_task(every(clock, 10.0, "health", lambda: health.tick(ctx))),
    ]
    try:
        yield bench
    finally:
        ctx.hub.close()
        await ctx.rounds.close()
        await runner.drain(0)
        await ctx.leases.settle()
        for chore in bench.chores:
            chore.cancel()
        await asyncio.gather(*bench.chores, return_exceptions=True)
        await ctx.client.close()
        await backend.close()


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clip") / "tiny.mp4"
    path.write_bytes(tiny_clip())
    return path


@pytest.fixture
def upstream() -> Scripted:
    return Scripted()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def bench(tmp_path: Path, upstream: Scripted, clock: FakeClock, clip: Path) -> AsyncIterator[Bench]:
    async with open_bench(tmp_path, upstream, clock) as opened:
        opened.renders.put("clip", clip)
        yield opened
