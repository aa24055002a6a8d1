"""The composition root: the only place that knows every room. It wires and holds no rules."""

from __future__ import annotations

import asyncio
import fcntl
import os
import secrets
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext
from dataclasses import dataclass
from importlib import resources
from importlib.metadata import entry_points
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import msgspec

from reelgate.auth import people
from reelgate.auth.access import Access, Policy
from reelgate.auth.keys import PEPPER_FILE, check_pepper, create_first_key, pepper_of
from reelgate.auth.oidc import Provider, Registered
from reelgate.auth.people import Sent
from reelgate.auth.secrets import Secrets, prepare, source_of
from reelgate.core.dialect import Dialect
from reelgate.core.engine import Engine
from reelgate.core.errors import ReelgateError
from reelgate.core.ids import Kind, encode, sortable
from reelgate.core.people import Role
from reelgate.core.profile import Profiles, parse_profiles
from reelgate.engine import backups, bootstrap, route, sweep, tuning
from reelgate.engine.advance import advance
from reelgate.engine.backup_desk import Desk
from reelgate.engine.backups import Installation
from reelgate.engine.callbacks import Callbacks
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
from reelgate.net.identity import ask
from reelgate.net.mail import Post
from reelgate.settings import Settings, facts
from reelgate.store import current
from reelgate.store import keys as key_rows
from reelgate.store.backend import Backend, open_backend
from reelgate.telemetry import log
from reelgate.telemetry.traces import around
from reelgate.worker.embedded import EmbeddedRunner
from reelgate.worker.housekeeping import Chore, alone, every, together

if TYPE_CHECKING:
    from reelgate.api.house import House

Asgi = Callable[..., Awaitable[None]]
EVERYWHERE = 1 << 30
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
    access: Access
    """What everything about people shares."""
    setup: Sent | None = None
    """The link by which somebody becomes the first administrator; made on the very first start."""

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
        profiles[dialect.name] = msgspec.structs.replace(
            parse_profiles(text), samples=_samples(package, module)
        )
    return dialects, profiles


def _samples(package: str, module: str) -> dict[str, str]:
    """Read what a dialect ships to start a channel from: the folder `samples` inside its own."""
    folder = resources.files(package).joinpath(module, "samples")
    if not folder.is_dir():
        return {}
    texts = {one.name: one.read_text(encoding="utf-8") for one in folder.iterdir() if one.is_file()}
    return dict(sorted(texts.items()))


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


Beside = tuple[Callable[[], Awaitable[None]], ...]
"""What runs as long as the process does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What a gateway reaches the world through; whoever tests one hands in parts that fail when told to."""

    open_backend: Callable[[str], Awaitable[Backend]] = open_backend
    make_client: Callable[[Guard], Client] = Client


PARTS = Parts()


def compose(
    settings: Settings, backend: Backend, clock: SystemClock, parts: Parts = PARTS
) -> tuple[Context, Beside]:
    """Wire the rooms together; gives what has to run beside, too."""
    dialects, profiles = load_dialects()
    vault = open_vault(settings)
    channels = ChannelTable(profiles, vault, clock)
    blobs = open_blobs(settings)
    guard = Guard(allow=settings.net_allow)
    allowances = AllowanceTable(_pick(Defaults, settings))
    ids = SystemIds(clock)
    callbacks = Callbacks()
    if backend.kind == "postgresql":
        engine, hub, beside = _together(
            settings, backend, clock, channels, ids.token(), lambda: ctx, callbacks
        )
    else:
        beside: Beside = ()
        hub = Hub(backend)
        engine = EmbeddedRunner(
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
        client=parts.make_client(guard),
        guard=guard,
        dialects=dialects,
        profiles=profiles,
        clock=clock,
        ids=ids,
        channels=channels,
        hub=hub,
        rounds=Rounds(clock),
        engine=engine,
        vault=vault,
        limits=_pick(Limits, settings),
        rules=_pick(Rules, settings),
        allowances=allowances,
        callbacks=callbacks,
        post=post_of(settings),
    )
    return ctx, beside


def _together(
    settings: Settings,
    backend: Backend,
    clock: SystemClock,
    channels: ChannelTable,
    name: str,
    composed: Callable[[], Context],
    callbacks: Callbacks,
) -> tuple[Engine, Hub, Beside]:
    from reelgate.store.postgres import PostgresBackend  # noqa: PLC0415 (only the database in use is loaded)
    from reelgate.worker.together import join  # noqa: PLC0415

    assert isinstance(backend, PostgresBackend)  # noqa: S101 - its kind says so
    joined = join(backend, clock, channels, composed, name=name, heartbeat_s=settings.heartbeat_s)
    callbacks.tell = joined.nudge
    return joined.runner, joined.hub, joined.beside


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


def post_of(settings: Settings) -> Post | None:
    """Say where mails are handed in; None when nobody said."""
    if settings.smtp_host is None:
        return None
    return Post(
        host=settings.smtp_host,
        port=settings.smtp_port,
        sender=settings.smtp_from,
        security=settings.smtp_security,
        user=settings.smtp_user,
        password=settings.smtp_password,
    )


def open_vault(settings: Settings) -> Secrets:
    """Open what stored secrets are sealed under; what is wrong with it is said by `prepare`."""
    return Secrets(source_of(settings.data, settings.master_key, settings.master_key_file))


def installation(settings: Settings) -> Installation:
    """Name what a backup of this installation holds."""
    return Installation(
        data=settings.data,
        database_url=settings.database_url,
        open_blobs=lambda: open_blobs(settings),
        key_file=PEPPER_FILE,
        given_key=bytes.fromhex(settings.key_pepper) if settings.key_pepper else None,
    )


@asynccontextmanager
async def _backing_up(settings: Settings, clock: SystemClock) -> AsyncGenerator[None]:
    """Make backups when they are due for as long as the block lasts; a process that has just started makes none."""
    hours = _backup_hours(settings)
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
    slots = channels.slots(channel_id)
    # Where nobody works any more its tasks end, or find another channel.
    return EVERYWHERE if slots is None else slots


@asynccontextmanager
async def open_gateway(
    settings: Settings, *, engine: bool = True, parts: Parts = PARTS
) -> AsyncGenerator[Gateway]:
    """Compose Reelgate on its data folder and, with `engine`, serve and move its tasks until the block ends.

    On PostgreSQL `settings.role` says which of the two, beside any number of other processes. Raises
    DataFolderBusy when another engine works on a folder of its own, StoreError when the key pepper
    is not that of the other processes.
    """
    with owned(settings.data) if engine and not settings.shared else nullcontext():
        await asyncio.to_thread(current.ensure, settings.database_url)
        backend = await parts.open_backend(settings.database_url)
        clock = SystemClock()
        ctx, beside = compose(settings, backend, clock, parts)
        try:
            await bootstrap.first_rows(ctx)
            await _unseal(ctx)
            await tuning.reload(ctx)
            await ctx.channels.reload(backend)
            await ctx.allowances.reload(backend)
            pepper = await _pepper(ctx, settings)
            ctx.callbacks.open(pepper, settings.public_url)
            # Asked of the rows rather than of the first start, which may have been cut short.
            keys = await backend.point(key_rows.count)
            serves = engine and settings.role != "worker"
            access = _access(ctx, pepper, settings)
            admin_key = await _admin_key(ctx, pepper) if keys == 0 and (serves or not engine) else None
            setup = await _first_link(access) if admin_key is not None and serves else None
            async with _surfaces(access, ctx, settings) if engine else nullcontext() as asgi:
                gateway = Gateway(asgi, ctx, settings, admin_key, access, setup)
                async with (
                    _running(ctx, beside, settings.role) if engine else nullcontext(),
                    _backing_up(settings, clock) if engine else nullcontext(),
                ):
                    yield gateway
        finally:
            await ctx.engine.settle()
            await ctx.client.close()
            await ctx.renders.close()
            await backend.close()


async def _unseal(ctx: Context) -> None:
    """See to it that secrets can be read; where they cannot, channels that need one wait, and everything else goes on."""
    assert isinstance(ctx.vault, Secrets)  # noqa: S101 - `compose` made it
    trouble = await prepare(ctx.backend, ctx.vault, ctx.clock.now_ms())
    if trouble is not None:
        log.error("secrets_sealed", reason=trouble)


@asynccontextmanager
async def _surfaces(access: Access, ctx: Context, settings: Settings) -> AsyncGenerator[Asgi]:
    # Commands that only look at rows do without the web framework, which takes longer to load than they run.
    from reelgate.api import build_app, build_probes  # noqa: PLC0415
    from reelgate.api.metrics import Readers  # noqa: PLC0415

    readers = Readers(
        who=settings.metrics,
        token=settings.metrics_token,
        keep_s=settings.metrics_keep_s,
        folder=settings.data,
        backups=settings.backup_folder
        if settings.backup_every_h or settings.database_url.startswith("sqlite")
        else None,
    )
    if settings.role == "worker":
        yield build_probes(ctx, settings.role, readers)
        return
    provider = _provider(ctx, settings)
    house = _house(ctx, settings)
    app = build_app(
        ctx,
        access.pepper,
        role=settings.role,
        readers=readers,
        access=access,
        provider=provider,
        house=house,
    )
    try:
        yield around(app)
    finally:
        if house.desk is not None:
            await house.desk.close()
        await app.state.door.close()


def _house(ctx: Context, settings: Settings) -> House:
    from reelgate.api.house import House  # noqa: PLC0415 - as the surfaces themselves

    desk = Desk(
        installation(settings),
        settings.backup_folder,
        ctx.clock,
        every_h=_backup_hours(settings),
        keep=settings.backup_keep,
    )
    return House(role=settings.role, folder=settings.data, facts=facts(settings), desk=desk)


def _backup_hours(settings: Settings) -> float:
    """Tell how many hours lie between automatic backups; 0 for none."""
    if settings.backup_every_h is not None:
        return settings.backup_every_h
    return BACKUP_EVERY_H if settings.database_url.startswith("sqlite") else 0


def _access(ctx: Context, pepper: bytes, settings: Settings) -> Access:
    policy = Policy(
        registration=settings.registration,
        jwt_expires_s=settings.jwt_expires_s,
        public_url=settings.public_url,
    )
    return Access(
        backend=ctx.backend, clock=ctx.clock, ids=ctx.ids, vault=ctx.vault, pepper=pepper, policy=policy
    )


async def _first_link(access: Access) -> Sent | None:
    try:
        return await people.setup_link(access)
    except ReelgateError:
        # Somebody was made administrator by a command before any key was made.
        return None


def _provider(ctx: Context, settings: Settings) -> Provider | None:
    """Give the OpenID provider people may sign in at, asked by the same way out as everything else."""
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        return None
    registered = Registered(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret or "",
        domains=tuple(domain.lower().removeprefix("@") for domain in settings.oidc_domains),
        role=Role(settings.oidc_role),
    )
    return Provider(registered, lambda url, headers, body: ask(ctx.client, url, headers, body))


async def _pepper(ctx: Context, settings: Settings) -> bytes:
    pepper = await asyncio.to_thread(pepper_of, settings.data, settings.key_pepper)
    if settings.shared:
        await check_pepper(ctx.backend, pepper)
    return pepper


async def _admin_key(ctx: Context, pepper: bytes) -> str | None:
    made = await create_first_key(ctx.backend, ctx.ids, ctx.clock, pepper)
    return None if made is None else made.token


@asynccontextmanager
async def _running(ctx: Context, beside: Beside, role: str) -> AsyncGenerator[None]:
    ready = asyncio.Event()

    async def started() -> None:
        await sweep.wake_open_tasks(ctx)
        ready.set()

    async def work() -> None:
        if role == "api":
            ready.set()
        else:
            await ctx.engine.run(lambda task_id: advance(ctx, task_id), started)

    chores = [asyncio.ensure_future(run()) for run in (ctx.hub.run, work, *beside)]
    for seconds, name, done in _housekeeping(ctx, role):
        chores.append(asyncio.create_task(every(ctx.clock, seconds, name, done)))
    try:
        await _until(ready, chores)
        yield
    finally:
        ctx.hub.close()
        ctx.engine.stop()
        await ctx.rounds.close()
        await ctx.engine.drain(ctx.rules.drain_s)
        await ctx.leases.settle()
        for chore in chores:
            chore.cancel()
        await asyncio.gather(*chores, return_exceptions=True)


async def _until(ready: asyncio.Event, chores: Sequence[asyncio.Future[None]]) -> None:
    """Wait for the first sweep; raises what ends a chore before it."""
    waiting = asyncio.ensure_future(ready.wait())
    await asyncio.wait([waiting, *chores], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for chore in chores:
        if chore.done() and not ready.is_set():
            chore.result()


def _housekeeping(ctx: Context, role: str) -> list[Chore]:
    return together(ctx, works=role != "api") if ctx.engine.in_rows else alone(ctx)
