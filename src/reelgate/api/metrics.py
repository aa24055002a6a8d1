"""`/metrics`: the figures of this process and of the installation, for whoever the operator lets read them.

What is read from the rows is kept for a while, and for longer the longer reading took, so that no number
of scrapers costs more than a small share of one reader.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import math
import shutil
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from reelgate import __version__
from reelgate.api import errors
from reelgate.api.health import open_route
from reelgate.core.errors import Code, Failure
from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.engine import backups
from reelgate.engine.context import Context
from reelgate.engine.readiness import Readiness
from reelgate.store import events as event_rows
from reelgate.store import figures
from reelgate.store.backend import UNUSABLE, Connection
from reelgate.store.figures import Backlog, Ending, Share
from reelgate.telemetry import Meter, log
from reelgate.telemetry import meter as own_meter

READ_SHARE: Final = 50
"""Reading the rows takes at most one part in so many of the time."""
PATIENCE_S: Final = 3.0
"""How long a scrape waits for the rows; it then shows what this process knows."""
MICRO: Final = 1_000_000
_FORWARDED: Final = (b"x-forwarded-for", b"forwarded", b"x-real-ip", b"via", b"x-forwarded-host")
_OF_UPSTREAM: Final = frozenset({Status.SUBMITTING, Status.UNCONFIRMED, Status.RUNNING, Status.ARCHIVING})


class Readers(msgspec.Struct, frozen=True, kw_only=True):
    """Who may read the figures, and how old those of the rows may be."""

    who: Literal["loopback", "token", "open", "off"] = "loopback"
    token: str | None = None
    keep_s: float = 10.0
    folder: Path = Path()
    """Whose disk's free space is shown."""
    backups: Path | None = None
    """Where backups are expected; None when nobody expects any here."""

    def __repr__(self) -> str:
        return f"Readers({self.who!r})"


def build(ctx: Context, readiness: Readiness, readers: Readers) -> list[APIRoute]:
    """Give the route of the figures; none when nobody may read them."""
    if readers.who == "off":
        return []
    scrape = Scrape(ctx, readiness, readers)

    async def metrics(request: Request) -> Response:
        refused = _refusal(request, readers)
        if refused is not None:
            return refused
        return Response(await scrape.text(), media_type=CONTENT_TYPE_LATEST)

    return [open_route("/metrics", metrics, "How is it doing?")]


def _refusal(request: Request, readers: Readers) -> Response | None:
    match readers.who:
        case "token":
            given = request.headers.get("authorization", "").partition(" ")[2].strip()
            if hmac.compare_digest(given.encode(), (readers.token or "").encode()) and readers.token:
                return None
            return errors.answer(Failure(code=Code.UNAUTHORIZED, message="This needs the metrics token."))
        case "loopback":
            if _is_here(request.scope):
                return None
            return errors.answer(
                Failure(
                    code=Code.PERMISSION_OR_CHANNEL,
                    message="Figures are for this machine alone; REELGATE_METRICS says who else may read them.",
                )
            )
        case _:
            return None


def _is_here(scope: Mapping[str, Any]) -> bool:
    """Tell whether a request comes from this machine itself and not through a proxy that runs on it."""
    client = scope.get("client")
    if client is None or any(name in _FORWARDED for name, _ in scope["headers"]):
        return False
    host = next((value for name, value in scope["headers"] if name == b"host"), b"").decode("latin-1")
    return _is_loopback(client[0]) and _is_loopback(_without_port(host))


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]


def _is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Seen(msgspec.Struct, frozen=True):
    """What one reading of the rows found."""

    at: int
    shares: list[Share]
    disputed: int
    money: Mapping[tuple[str, str], int]
    backlog: Backlog
    endings: list[Ending]
    log_end: int


class Scrape:
    """Brings the figures up to date, one reading at a time, and writes them down."""

    def __init__(
        self, ctx: Context, readiness: Readiness, readers: Readers, meter: Meter = own_meter
    ) -> None:
        self._ctx = ctx
        self._readiness = readiness
        self._readers = readers
        self._meter = meter
        self._reading: asyncio.Task[None] | None = None
        self._again_at = float("-inf")
        self._cursor: int | None = None
        self._began_s = ctx.clock.now_ms() / 1000
        meter.info.labels(__version__, ctx.backend.kind).set(1)

    async def text(self) -> bytes:
        """Give every figure in the text form Prometheus reads."""
        await self._refresh()
        meter = self._meter
        meter.ready.set(0 if await self._readiness.reasons() else 1)
        meter.disk_free.set(shutil.disk_usage(self._readers.folder).free)
        # Away from the loop: hundreds of channels make thousands of lines.
        return await asyncio.to_thread(generate_latest, meter.registry)

    async def _refresh(self) -> None:
        now = self._ctx.clock.monotonic()
        if self._reading is None and now >= self._again_at:
            self._reading = asyncio.create_task(self._read())
        if self._reading is not None:
            _, late = await asyncio.wait({self._reading}, timeout=PATIENCE_S)
            if late:
                self._forget()

    def _forget(self) -> None:
        self._meter.forget_installation()
        self._meter.database_up.set(0)

    async def _read(self) -> None:
        began = self._ctx.clock.monotonic()
        try:
            seen = await self._ctx.backend.read(self._look)
            backup_at = await asyncio.to_thread(self._newest_backup)
        except (*UNUSABLE, OSError) as error:
            log.warning("figures_unread", reason=type(error).__name__)
            self._forget()
        else:
            self._show(seen)
            self._meter.backup_at.set(backup_at)
        finally:
            self._reading = None
            now = self._ctx.clock.monotonic()
            self._again_at = now + max(self._readers.keep_s, READ_SHARE * (now - began))

    def _newest_backup(self) -> float:
        """Tell when the newest backup was made; without one, when this began, so that it grows old."""
        if self._readers.backups is None:
            return math.nan
        made = (one.manifest.created_at for one in backups.listed(self._readers.backups) if one.manifest)
        return max(made, default=self._began_s)

    def _look(self, conn: Connection) -> _Seen:
        now = self._ctx.clock.now_ms()
        end = event_rows.latest_cursor(conn)
        begin = end if self._cursor is None else self._cursor
        return _Seen(
            at=now,
            shares=figures.shares(conn, now),
            disputed=figures.disputed(conn),
            money=figures.money(conn),
            backlog=figures.backlog(conn, now),
            endings=figures.endings(conn, begin, end) if end > begin else [],
            log_end=end,
        )

    def _show(self, seen: _Seen) -> None:
        meter = self._meter
        meter.forget_installation()
        meter.database_up.set(1)
        meter.event_log_lag.set(self._ctx.hub.behind(seen.log_end))
        meter.disputed.set(seen.disputed)
        for (kind, currency), amount in seen.money.items():
            meter.ledger.labels(kind, currency).set(amount / MICRO)
        meter.webhook_backlog.set(seen.backlog.count)
        meter.webhook_lag.set(_age(seen.backlog.oldest, seen.at))
        self._show_tasks(seen)
        self._show_lanes(seen)
        for ending in seen.endings:
            self._count(ending)
        self._cursor = seen.log_end

    def _show_tasks(self, seen: _Seen) -> None:
        by_status: defaultdict[Status, int] = defaultdict(int)
        for share in seen.shares:
            by_status[share.status] += share.count
        for status in sorted(by_status.keys() | _OF_UPSTREAM | {Status.QUEUED}):
            self._meter.tasks.labels(status.value).set(by_status[status])
        self._meter.unconfirmed.set(by_status[Status.UNCONFIRMED])

    def _show_lanes(self, seen: _Seen) -> None:
        meter = self._meter
        busy: defaultdict[str, int] = defaultdict(int)
        for channel in self._ctx.channels.all():
            meter.lane_size.labels(channel.name).set(channel.concurrency if channel.enabled else 0)
            busy[channel.name] = 0
            meter.lane_waiting.labels(channel.name).set(0)
            meter.queue_lag.labels(channel.name).set(0)
        for share in seen.shares:
            name = self._name(share.channel_id)
            if share.status is Status.QUEUED:
                meter.lane_waiting.labels(name).set(share.count)
                meter.queue_lag.labels(name).set(_age(share.due_since, seen.at))
            else:
                busy[name] += share.count
        for name, count in busy.items():
            meter.lane_busy.labels(name).set(count)

    def _count(self, ending: Ending) -> None:
        if ending.type is EventType.QUEUED:
            self._meter.created.inc(ending.count)
            return
        said = msgspec.json.decode(ending.data, type=dict[str, Any])
        status, code = str(said.get("status", "")), str(said.get("error_code") or "")
        self._meter.ended.labels(self._name(ending.channel_id), status, code).inc(ending.count)

    def _name(self, channel_id: str | None) -> str:
        """Name a channel; those that were removed share one name, so that labels do not grow for ever."""
        if channel_id is None:
            return "none"
        channel = self._ctx.channels.get(channel_id)
        return "removed" if channel is None else channel.name


def _age(since_ms: int | None, now_ms: int) -> float:
    return 0.0 if since_ms is None else max(0.0, (now_ms - since_ms) / 1000)
