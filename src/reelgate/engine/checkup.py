"""A check-up of the running installation: what it is made of, how much of everything there is, and what needs somebody.

Looking costs a few counts and no call to anybody outside; it can be asked for every few seconds.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import platform
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from reelgate import __version__
from reelgate.core.audit import Break
from reelgate.core.lifecycle import Status
from reelgate.engine import invariants
from reelgate.engine.backups import Listed
from reelgate.engine.context import Context
from reelgate.engine.models import endings
from reelgate.engine.readiness import Readiness
from reelgate.engine.standing import ChannelCard, cards
from reelgate.store import audit as audit_rows
from reelgate.store import blobs as blob_rows
from reelgate.store import channels as channel_rows
from reelgate.store import figures, jobs
from reelgate.store.backend import Connection
from reelgate.store.figures import Backlog, Share
from reelgate.store.tables import HEAD

GIB: Final = 2**30
LITTLE_BYTES: Final = 5 * GIB
TOO_LITTLE_BYTES: Final = GIB // 2
LATE_HOOKS_S: Final = 600
"""After how long a webhook that is due and not delivered is worth a word."""
LIBRARIES: Final = ("aiohttp", "av", "fastapi", "msgspec", "obstore", "pillow", "sqlalchemy", "uvicorn")

State = Literal["ok", "warn", "fail"]
Name = Literal["ready", "disk", "secrets", "channels", "models", "decisions", "webhooks", "backups"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    name: Name
    state: State
    about: str
    """What of: names, or a reason in words; empty when there is nothing more to say."""
    count: int = 0


class Database(msgspec.Struct, frozen=True):
    """Where the rows are."""

    kind: Literal["sqlite", "postgresql"]
    schema: str
    bytes: int


class Storage(msgspec.Struct, frozen=True):
    """Where the files are, and how many are known."""

    address: str
    on_disk: bool
    files: int
    bytes: int


class Disk(msgspec.Struct, frozen=True):
    """The disk the data folder is on."""

    folder: str
    free: int
    total: int


class Queue(msgspec.Struct, frozen=True, kw_only=True):
    """Unfinished tasks, by where they stand."""

    waiting: int
    under_way: int
    unconfirmed: int
    disputed: int
    """Ended tasks whose money waits for a decision."""
    waits_s: int
    """How long the one has waited that waits longest."""
    webhooks_due: int
    webhooks_late_s: int


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """One channel in a line."""

    id: str
    name: str
    dialect: str
    switch: str
    usable: bool
    state: str
    why: str | None
    open_tasks: int
    concurrency: int


class Library(msgspec.Struct, frozen=True):
    """A package this runs on."""

    name: str
    version: str


class Worker(msgspec.Struct, frozen=True):
    """A process that has tasks in hand."""

    name: str
    tasks: int
    silent_s: int
    """Since when it gave no sign of life."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How an installation is."""

    version: str
    python: str
    system: str
    role: str
    """What the process does that answers."""
    at: int
    """Milliseconds since 1970."""
    up_s: int
    ready: bool
    reasons: list[str]
    database: Database
    storage: Storage
    disk: Disk
    queue: Queue
    channels: list[Lane]
    workers: list[Worker]
    """Processes with tasks in hand, on PostgreSQL; on SQLite there is one process, which answers."""
    readers: int
    """Live event lines open at this process."""
    libraries: list[Library]
    findings: list[Finding]


class Promises(msgspec.Struct, frozen=True, kw_only=True):
    """What a look at every row and file found."""

    audit_entries: int
    audit_break: str | None
    """Where the audit log's chain does not hold, and why; null when it does."""
    violations: list[str]


class Keeping(msgspec.Struct, frozen=True):
    """How backups are kept here."""

    every_h: float
    found: Sequence[Listed]


async def look(
    ctx: Context, readiness: Readiness, *, role: str, folder: Path, up_s: float, keeping: Keeping | None
) -> Report:
    """Look at everything that costs little."""
    now = ctx.clock.now_ms()
    reasons = await readiness.reasons()
    rows = await ctx.backend.read(lambda conn: _rows(ctx, conn, now))
    shown = await cards(ctx, await ctx.backend.read(channel_rows.all_channels))
    disk = await asyncio.to_thread(_disk, folder)
    queue = _queue(rows, now)
    return Report(
        version=__version__,
        python=platform.python_version(),
        system=f"{platform.system()} {platform.machine()}",
        role=role,
        at=now,
        up_s=int(up_s),
        ready=not reasons,
        reasons=list(reasons),
        database=Database(ctx.backend.kind, HEAD, rows.database_bytes),
        storage=Storage(ctx.blobs.place.address, ctx.blobs.on_disk, *rows.files),
        disk=disk,
        queue=queue,
        channels=[_lane(card) for card in shown],
        workers=rows.workers,
        readers=ctx.hub.readers,
        libraries=list(_libraries()),
        findings=[
            _ready(reasons),
            _space(disk),
            _secrets(shown),
            _channels(shown),
            _models(ctx),
            _decisions(queue),
            _webhooks(queue),
            *_backups(keeping, now),
        ],
    )


class _Rows(msgspec.Struct, frozen=True):
    shares: list[Share]
    disputed: int
    backlog: Backlog
    files: tuple[int, int]
    database_bytes: int
    workers: list[Worker]


def _rows(ctx: Context, conn: Connection, now: int) -> _Rows:
    holders = jobs.holders(conn) if ctx.backend.kind == "postgresql" else []
    return _Rows(
        shares=figures.shares(conn, now),
        disputed=figures.disputed(conn),
        backlog=figures.backlog(conn, now),
        files=blob_rows.known(conn),
        database_bytes=figures.size(conn),
        workers=[Worker(*one) for one in holders],
    )


def _queue(rows: _Rows, now: int) -> Queue:
    waiting = [share for share in rows.shares if share.status is Status.QUEUED]
    since = min((share.due_since for share in waiting if share.due_since is not None), default=now)
    return Queue(
        waiting=sum(share.count for share in waiting),
        under_way=sum(share.count for share in rows.shares if share.status is not Status.QUEUED),
        unconfirmed=sum(share.count for share in rows.shares if share.status is Status.UNCONFIRMED),
        disputed=rows.disputed,
        waits_s=max(0, now - since) // 1000,
        webhooks_due=rows.backlog.count,
        webhooks_late_s=max(0, now - (rows.backlog.oldest or now)) // 1000,
    )


def _lane(card: ChannelCard) -> Lane:
    return Lane(
        id=card.id,
        name=card.name,
        dialect=card.dialect,
        switch=card.switch,
        usable=card.usable,
        state=card.health.state.value,
        why=card.health.why,
        open_tasks=card.open_tasks,
        concurrency=card.concurrency,
    )


def _disk(folder: Path) -> Disk:
    usage = shutil.disk_usage(folder)
    return Disk(str(folder.absolute()), usage.free, usage.total)


def _libraries() -> Iterator[Library]:
    for name in LIBRARIES:
        try:
            yield Library(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Library(name, "")


def _ready(reasons: Sequence[str]) -> Finding:
    return Finding("ready", "fail" if reasons else "ok", " ".join(reasons))


def _space(disk: Disk) -> Finding:
    if disk.free < TOO_LITTLE_BYTES:
        return Finding("disk", "fail", "", disk.free)
    return Finding("disk", "warn" if disk.free < LITTLE_BYTES else "ok", "", disk.free)


def _secrets(shown: Sequence[ChannelCard]) -> Finding:
    """Say which channels have a key that the master key does not open."""
    sealed = [card.name for card in shown if any(not key.readable for key in card.keys)]
    return Finding("secrets", "fail" if sealed else "ok", ", ".join(sealed), len(sealed))


def _channels(shown: Sequence[ChannelCard]) -> Finding:
    on = [card for card in shown if card.switch == "enabled"]
    unwell = [card.name for card in on if not card.usable]
    if len(unwell) == len(on):
        return Finding("channels", "fail", ", ".join(unwell), len(unwell))
    return Finding("channels", "warn" if unwell else "ok", ", ".join(unwell), len(unwell))


def _models(ctx: Context) -> Finding:
    """Say which models end soon or have ended."""
    found = [f"{one.model} ({one.sunset.day})" for one in endings(ctx) if one.sunset.state != "announced"]
    return Finding("models", "warn" if found else "ok", ", ".join(found), len(found))


def _decisions(queue: Queue) -> Finding:
    waits = queue.unconfirmed + queue.disputed
    return Finding("decisions", "warn" if waits else "ok", "", waits)


def _webhooks(queue: Queue) -> Finding:
    late = queue.webhooks_late_s > LATE_HOOKS_S
    return Finding("webhooks", "warn" if late else "ok", "", queue.webhooks_due if late else 0)


def _backups(keeping: Keeping | None, now: int) -> Iterator[Finding]:
    """Say when backups are overdue; nothing where none are expected."""
    if keeping is None or keeping.every_h == 0:
        return
    made = [one.manifest.created_at for one in keeping.found if one.manifest is not None]
    overdue = not made or now / 1000 - max(made) > 2 * keeping.every_h * 3_600
    yield Finding("backups", "warn" if overdue else "ok", "", len(made))


async def promises(ctx: Context) -> Promises:
    """Walk the audit log's chain, and check every promise about rows and files; reads no file's bytes."""
    chain = await ctx.backend.read(audit_rows.walk)
    broken = await invariants.check(ctx, deep=False)
    return Promises(
        audit_entries=chain.seq,
        audit_break=chain.why if isinstance(chain, Break) else None,
        violations=[f"{one.invariant} {one.subject}: {one.message}" for one in broken],
    )
