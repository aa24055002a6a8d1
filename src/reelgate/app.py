"""The composition root: the only place that knows every room. It wires and holds no rules."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO, Any

from reelgate.auth.keys import PEPPER_FILE, create_key, pepper_of
from reelgate.auth.scopes import Scope
from reelgate.core.dialect import Dialect
from reelgate.core.ids import Kind, encode, sortable
from reelgate.core.profile import Profiles, parse_profiles
from reelgate.engine import backups, bootstrap, deliver, route, sweep
from reelgate.engine.advance import advance
from reelgate.engine.backups import Installation
from reelgate.engine.channels import ChannelTable
from reelgate.engine.context import Context, Limits, Rules
from reelgate.engine.hub import Hub
from reelgate.engine.limits import AllowanceTable, Defaults, Pace
from reelgate.engine.rounds import Rounds
from reelgate.media.blobs import BlobStore, open_place
from reelgate.media.buckets import Credentials
from reelgate.media.renders import Renders
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.settings import Settings
from reelgate.store import current
from reelgate.store import keys as key_rows
from reelgate.store.backend import Backend, open_backend
from reelgate.telemetry import log
from reelgate.telemetry.traces import around
from reelgate.worker.embedded import EmbeddedRunner
from reelgate.worker.housekeeping import every

Asgi = Callable[..., Awaitable[None]]
BACKUP_EVERY_H = 24
BACKUP_LOOK_S = 600.0
"""How often it is looked whether a backup is due."""


class SystemClock:
    """The machine's own clock."""

    def now_ms(self) -> int:
        """Give the wall-clock time in milliseconds."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Give seconds that never jump."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        await asyncio.sleep(seconds)


class SystemIds:
    """Ids from the machine's randomness; within one process they sort by creation even inside a millisecond."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._last_ms = 0
        self._last_random = 0
        self._drawn: deque[int] = deque()

    def new(self, kind: Kind) -> str:
        """Give an id never given before."""
        now = self._clock.now_ms()
        if now <= self._last_ms:
            now = self._last_ms
            self._last_random += 1 + (self._draw() >> 32)
        else:
            self._last_random = (self._draw() << 15) | (self._draw() >> 49)
        self._last_ms = now
        return sortable(kind, now, self._last_random)

    def token(self) -> str:
        """Give 256 random bits as URL-safe characters."""
        return encode(secrets.randbits(256), 52)

    def _draw(self) -> int:
        """Give 64 random bits, fetched in advance: a fetch lets go of the interpreter and waits to get it back."""
        while True:
            try:
                return self._drawn.pop()
            except IndexError:
                self._drawn.extend(memoryview(os.urandom(4096)).cast("Q"))


class DataFolderBusy(Exception):
    """Raised when another Reelgate works on the same data folder."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A composed Reelgate: its ASGI application, its context and what its first start has to say."""

    asgi: Asgi | None
    """None when only the rows were opened."""
    ctx: Context
    settings: Settings
    admin_key: str | None
    """Given once, on the very first start."""

    def application(self) -> Asgi:
        """Give the ASGI application.

        Raises LookupError when only the rows were opened.
        """
        if self.asgi is None:
            msg = "only the rows were opened"
            raise LookupError(msg)
        return self.asgi


def load_dialects() -> tuple[dict[str, Dialect], dict[str, Profiles]]:
    """Load every registered dialect, ours and strangers' alike, with the profiles beside it."""
    dialects: dict[str, Dialect] = {}
    profiles: dict[str, Profiles] = {}
    for entry in entry_points(group="reelgate.dialects"):
        dialect: Dialect = entry.load()
        package, _, module = entry.module.rpartition(".")
        text = resources.files(package).joinpath(f"{module}.toml").read_text(encoding="utf-8")
        dialects[dialect.name] = dialect
        profiles[dialect.name] = parse_profiles(text)
    return dialects, profiles


@contextmanager
def owned(folder: Path) -> Generator[None]:
    """Hold the data folder for this process.

    Raises DataFolderBusy when another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle: IO[str] = (folder / "lock").open("a")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as busy:
        handle.close()
        msg = f"Another Reelgate works on the data folder {folder}."
        raise DataFolderBusy(msg) from busy
    try:
        yield
    finally:
        handle.close()


def compose(settings: Settings, backend: Backend, clock: SystemClock) -> Context:
    """Wire the rooms together."""
    dialects, profiles = load_dialects()
    channels = ChannelTable(profiles)
    blobs = open_blobs(settings)
    guard = Guard(allow=settings.net_allow)
    allowances = AllowanceTable(_pick(Defaults, settings))
    runner = EmbeddedRunner(
        clock,
        slots_of=lambda channel_id: _slots(channels, channel_id),
        channels_for=lambda model: route.channels_for(channels, model),
        rebind=lambda task_id, channel_id: route.rebind(ctx, task_id, channel_id),
        pace=Pace(clock, allowances).wait_s,
    )
    ctx: Context = Context(
        backend=backend,
        blobs=blobs,
        renders=Renders(settings.data, blobs.local, clock, settings.render_processes),
        client=Client(guard),
        guard=guard,
        dialects=dialects,
        profiles=profiles,
        clock=clock,
        ids=SystemIds(clock),
        channels=channels,
        hub=Hub(backend),
        rounds=Rounds(clock),
        engine=runner,
        limits=_pick(Limits, settings),
        rules=_pick(Rules, settings),
        allowances=allowances,
    )
    return ctx


def open_blobs(settings: Settings) -> BlobStore:
    """Open where files are kept; nothing is dialled yet.

    Raises AddressError when the setting `storage` or `storage_former` cannot be used.
    """
    who = Credentials(key=settings.storage_key, secret=settings.storage_secret)
    former = settings.storage_former
    return BlobStore(
        settings.data,
        open_place(settings.storage, settings.data, who),
        former=None if former is None else open_place(former, settings.data, who),
    )


def installation(settings: Settings) -> Installation:
    """Name what a backup of this installation holds."""
    return Installation(
        data=settings.data,
        database_url=settings.database_url,
        open_blobs=lambda: open_blobs(settings),
        key_file=PEPPER_FILE,
    )


@asynccontextmanager
async def _backing_up(settings: Settings, clock: SystemClock) -> AsyncGenerator[None]:
    """Make backups when they are due for as long as the block lasts; a process that has just started makes none."""
    hours = settings.backup_every_h
    if hours is None:
        hours = BACKUP_EVERY_H if settings.database_url.startswith("sqlite") else 0
    since = clock.monotonic()

    async def work() -> None:
        if clock.monotonic() - since >= BACKUP_LOOK_S:
            of, folder = installation(settings), settings.backup_folder
            made = await backups.keep_up(
                of, folder, clock.now_ms() / 1000, every_s=hours * 3_600, keep=settings.backup_keep
            )
            if made is not None:
                log.info("backed_up", path=str(made))

    chore = asyncio.create_task(every(clock, BACKUP_LOOK_S, "backup", work)) if hours else None
    try:
        yield
    finally:
        if chore is not None:
            chore.cancel()
            await asyncio.gather(chore, return_exceptions=True)


def _pick(kind: type[Any], settings: Settings) -> Any:
    """Take over the settings that a rules record names; its other fields keep their defaults."""
    given = settings.model_dump()
    return kind(**{f: given[f] for f in kind.__struct_fields__ if f in given})


def _slots(channels: ChannelTable, channel_id: str) -> int:
    channel = channels.get(channel_id)
    return 0 if channel is None or not channel.enabled else channel.concurrency


@asynccontextmanager
async def open_gateway(settings: Settings, *, engine: bool = True) -> AsyncGenerator[Gateway]:
    """Compose Reelgate on its data folder and, with `engine`, serve and move its tasks until the block ends.

    Raises DataFolderBusy when another engine works there.
    """
    with owned(settings.data) if engine else nullcontext():
        await asyncio.to_thread(current.ensure, settings.database_url)
        backend = await open_backend(settings.database_url)
        clock = SystemClock()
        ctx = compose(settings, backend, clock)
        try:
            await bootstrap.first_rows(ctx)
            await ctx.channels.reload(backend)
            await ctx.allowances.reload(backend)
            pepper = pepper_of(settings.data)
            # Asked of the rows rather than of the first start, which may have been cut short.
            keys = await backend.point(key_rows.count)
            admin_key = await _admin_key(ctx, pepper) if keys == 0 else None
            async with _surfaces(ctx, pepper, settings) if engine else nullcontext() as asgi:
                gateway = Gateway(asgi, ctx, settings, admin_key)
                async with (
                    _running(ctx, clock) if engine else nullcontext(),
                    _backing_up(settings, clock) if engine else nullcontext(),
                ):
                    yield gateway
        finally:
            await ctx.client.close()
            await ctx.renders.close()
            await backend.close()


@asynccontextmanager
async def _surfaces(ctx: Context, pepper: bytes, settings: Settings) -> AsyncGenerator[Asgi]:
    # Commands that only look at rows do without the web framework, which takes longer to load than they run.
    from reelgate.api import build_app  # noqa: PLC0415
    from reelgate.api.metrics import Readers  # noqa: PLC0415

    readers = Readers(
        who=settings.metrics,
        token=settings.metrics_token,
        keep_s=settings.metrics_keep_s,
        folder=settings.data,
    )
    app = build_app(ctx, pepper, readers=readers)
    try:
        yield around(app)
    finally:
        await app.state.door.close()


async def _admin_key(ctx: Context, pepper: bytes) -> str:
    made = await create_key(
        ctx.backend, ctx.ids, ctx.clock, pepper, name="administrator", scopes=frozenset({Scope.ADMIN})
    )
    return made.token


@asynccontextmanager
async def _running(ctx: Context, clock: SystemClock) -> AsyncGenerator[None]:
    runner = ctx.engine
    assert isinstance(runner, EmbeddedRunner)  # noqa: S101 - composed above
    ready = asyncio.Event()

    async def started() -> None:
        await sweep.wake_open_tasks(ctx)
        ready.set()

    chores = [
        asyncio.create_task(ctx.hub.run()),
        asyncio.create_task(runner.run(lambda task_id: advance(ctx, task_id), started)),
        *(
            asyncio.create_task(every(clock, seconds, name, work))
            for seconds, name, work in _housekeeping(ctx)
        ),
    ]
    await ready.wait()
    try:
        yield
    finally:
        ctx.hub.close()
        await ctx.rounds.close()
        await runner.drain(ctx.rules.drain_s)
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)


def _housekeeping(ctx: Context) -> list[tuple[float, str, Callable[[], Awaitable[object]]]]:
    async def notice_others() -> None:
        if await ctx.backend.changed_elsewhere():
            await ctx.channels.reload(ctx.backend)
            await ctx.allowances.reload(ctx.backend)
            await sweep.notice_cancels(ctx)
            await sweep.wake_open_tasks(ctx)
            ctx.hub.wake()

    return [
        (0.5, "notice_others", notice_others),
        (1.0, "deliver", lambda: deliver.deliver_due(ctx)),
        (30.0, "wake_open_tasks", lambda: sweep.wake_open_tasks(ctx)),
        (30.0, "notice_cancels", lambda: sweep.notice_cancels(ctx)),
        (float(ctx.rules.late_poll_s), "settle_disputes", lambda: sweep.settle_disputes(ctx)),
        (3_600.0, "forget_old", lambda: sweep.forget_old(ctx)),
        (3_600.0, "collect_orphans", lambda: sweep.collect_orphans(ctx)),
    ]
