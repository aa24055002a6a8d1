"""What `reelgate doctor` looks at. Every check gives a finding and, where something is wrong, the next step.

No upstream is called: a check must never cost money.
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from reelgate.auth.secrets import Secrets, missing, source_of
from reelgate.cli import local
from reelgate.cli.doors import Ask, HttpDoor, NoAnswer
from reelgate.cli.session import Session
from reelgate.cli.trouble import Trouble
from reelgate.cli.words import say
from reelgate.core.audit import Break
from reelgate.core.errors import ReelgateError
from reelgate.engine.checkup import GIB, LIBRARIES, LITTLE_BYTES, TOO_LITTLE_BYTES
from reelgate.engine.models import endings
from reelgate.net.guard import Guard
from reelgate.settings import Settings
from reelgate.store import audit as audit_rows
from reelgate.store import channels as channel_rows
from reelgate.store import secrets as secret_rows
from reelgate.store import sqlite
from reelgate.store.backend import UNUSABLE, open_backend
from reelgate.store.tables import HEAD

YEAR_2026_S = 1_767_225_600


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warn", "fail"]
    finding: str
    next_step: str | None = None


async def all_checks(session: Session) -> Sequence[Check]:
    """Look at everything; a wrong setting ends the list, because nothing after it would mean anything."""
    found = [_python(), _libraries(), _codecs(), _fonts(), _clock()]
    try:
        settings = session.settings()
    except Trouble as trouble:
        return [*found, Check("settings", "fail", trouble.message, trouble.next_step)]
    found += [_guard(settings), _folder(settings.data), _disk(settings.data)]
    looks: tuple[Callable[[Settings], Awaitable[Check]], ...] = (
        _database,
        _schema,
        _secrets,
        _audit,
        _channels,
        # Before anything here opens the folder, which makes what is missing in it.
        _server,
        _models,
    )
    return [*found, *[await look(settings) for look in looks]]


def _python() -> Check:
    return Check("python", "ok", ".".join(map(str, sys.version_info[:3])))


def _libraries() -> Check:
    found: list[str] = []
    for name in LIBRARIES:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            return Check("libraries", "fail", name, say("doctor.install.next"))
    return Check("libraries", "ok", ", ".join(found))


def _codecs() -> Check:
    import av

    missing = sorted({"libx264", "aac", "h264", "libwebp"} - av.codecs_available)
    if missing:
        return Check("codecs", "fail", ", ".join(missing), say("doctor.install.next"))
    return Check("codecs", "ok", f"H.264, AAC (PyAV {av.__version__})")


def _fonts() -> Check:
    import manimgx_fonts_cjk  # pyright: ignore[reportMissingTypeStubs]
    from PIL import ImageFont

    folder = Path(manimgx_fonts_cjk.__file__).parent
    files = sorted(path for path in folder.iterdir() if path.suffix in (".ttc", ".otf", ".ttf"))
    try:
        name, _ = ImageFont.truetype(str(files[0]), 20).getname()
    except (IndexError, OSError) as error:
        return Check("fonts", "fail", str(error), say("doctor.install.next"))
    return Check("fonts", "ok", str(name))


def _clock() -> Check:
    now = time.strftime("%Y-%m-%d %H:%M:%S %z")
    if time.time() < YEAR_2026_S:
        return Check("clock", "fail", now, say("doctor.clock.next"))
    return Check("clock", "ok", now)


def _guard(settings: Settings) -> Check:
    try:
        Guard(allow=settings.net_allow)
    except ReelgateError as error:
        return Check("guard", "fail", str(error), say("doctor.guard.next"))
    if settings.net_allow:
        return Check("guard", "ok", say("doctor.guard.open", allow=", ".join(settings.net_allow)))
    return Check("guard", "ok", say("doctor.guard.closed"))


def _folder(data: Path) -> Check:
    """Write a small file durably, as every commit does."""
    if not data.exists():
        return Check("folder", "ok", say("doctor.folder.none", data=data))
    probe = data / f".doctor.{os.getpid()}"
    began = time.perf_counter()
    try:
        with probe.open("xb") as file:
            file.write(b"\0" * 4096)
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return Check("folder", "fail", f"{data}: {error.strerror}", say("doctor.folder.next"))
    finally:
        probe.unlink(missing_ok=True)
    took = (time.perf_counter() - began) * 1000
    if data.stat().st_mode & 0o077:
        step = say("doctor.folder.open.next", data=data)
        return Check("folder", "warn", say("doctor.folder.open", data=data), step)
    return Check("folder", "ok", say("doctor.folder.fsync", data=data, ms=took))


def _disk(data: Path) -> Check:
    there = next(path for path in (data.absolute(), *data.absolute().parents) if path.exists())
    free = shutil.disk_usage(there).free
    finding = say("doctor.disk.free", gib=free / GIB)
    if free < TOO_LITTLE_BYTES:
        return Check("disk", "fail", finding, say("doctor.disk.next"))
    return Check(
        "disk",
        "warn" if free < LITTLE_BYTES else "ok",
        finding,
        say("doctor.disk.next") if free < LITTLE_BYTES else None,
    )


def _path_of(settings: Settings) -> Path | None:
    url = settings.database_url
    return sqlite.path_of(url) if url.startswith("sqlite") else None


async def _database(settings: Settings) -> Check:
    path = _path_of(settings)
    if path is not None and not path.exists():
        return Check("database", "ok", say("doctor.database.none"))
    try:
        if path is None:
            await (await open_backend(settings.database_url)).close()
            return Check("database", "ok", "postgresql")
        raw = sqlite.connect(path, writes=False)
        try:
            sqlite.verify(raw)
        finally:
            raw.close()
    except (*UNUSABLE, OSError) as error:
        return Check("database", "fail", local.cause_of(error), say("doctor.database.next"))
    return Check("database", "ok", say("doctor.database.sound"))


async def _schema(settings: Settings) -> Check:
    path = _path_of(settings)
    if path is not None and not path.exists():
        return Check("schema", "ok", HEAD)
    try:
        await (await open_backend(settings.database_url)).close()
    except (*UNUSABLE, OSError) as error:
        return Check("schema", "fail", local.cause_of(error), say("doctor.schema.next"))
    return Check("schema", "ok", HEAD)


async def _secrets(settings: Settings) -> Check:
    """Say whether stored secrets can be read."""
    path = _path_of(settings)
    if path is not None and not path.exists():
        return Check("secrets", "ok", say("doctor.database.none"))
    vault = Secrets(source_of(settings.data, settings.master_key, settings.master_key_file))
    try:
        backend = await open_backend(settings.database_url)
    except (*UNUSABLE, OSError) as error:
        return Check("secrets", "fail", local.cause_of(error), say("doctor.schema.next"))
    try:
        noted = await backend.point(secret_rows.noted_key)
    finally:
        await backend.close()
    if noted is None:
        return Check("secrets", "ok", say("doctor.database.none"))
    trouble = missing(vault, noted)
    if trouble is not None:
        return Check("secrets", "fail", trouble, say("secret.sealed.next"))
    return Check("secrets", "ok", say("doctor.secrets.sealed", key=noted, source=vault.source.name))


async def _audit(settings: Settings) -> Check:
    """Walk the audit log's chain from its first entry on."""
    path = _path_of(settings)
    if path is not None and not path.exists():
        return Check("audit", "ok", say("doctor.database.none"))
    try:
        backend = await open_backend(settings.database_url)
    except (*UNUSABLE, OSError) as error:
        return Check("audit", "fail", local.cause_of(error), say("doctor.schema.next"))
    try:
        found = await backend.read(audit_rows.walk)
    finally:
        await backend.close()
    if isinstance(found, Break):
        return Check("audit", "fail", say("doctor.audit.broken", why=found.why), say("doctor.audit.next"))
    return Check("audit", "ok", say("doctor.audit.holds", count=found.seq))


async def _channels(settings: Settings) -> Check:
    path = _path_of(settings)
    if path is not None and not path.exists():
        return Check("channels", "ok", say("doctor.database.none"))
    try:
        backend = await open_backend(settings.database_url)
    except (*UNUSABLE, OSError) as error:
        return Check("channels", "fail", local.cause_of(error), say("doctor.schema.next"))
    try:
        found = await backend.read(channel_rows.all_channels)
    finally:
        await backend.close()
    on = sum(1 for channel in found if channel.enabled)
    finding = say("doctor.channels.found", on=on, off=len(found) - on)
    return Check("channels", "ok" if on else "warn", finding, None if on else say("doctor.channels.next"))


async def _models(settings: Settings) -> Check:
    """Say which models end soon or have ended, without asking anybody."""
    path = _path_of(settings)
    if path is not None and not path.exists():
        return Check("models", "ok", say("doctor.database.none"))
    try:
        async with local.opened(settings) as gateway:
            found = [one for one in endings(gateway.ctx) if one.sunset.state != "announced"]
    except Trouble as trouble:
        return Check("models", "fail", trouble.message, trouble.next_step)
    if not found:
        return Check("models", "ok", say("doctor.models.none"))
    named = ", ".join(f"{one.model} ({one.channel}) {one.sunset.day}" for one in found)
    return Check("models", "warn", say("doctor.models.end", models=named), say("doctor.models.next"))


async def _server(settings: Settings) -> Check:
    server = await local.find_server(settings.data)
    if server is None:
        return Check("server", "ok", say("doctor.server.none"))
    try:
        ready = await HttpDoor(server.address).send(Ask(method="GET", path="/ready"))
    except NoAnswer as silent:
        return Check("server", "fail", str(silent), say("doctor.server.next"))
    if ready.status != 200:
        return Check("server", "fail", _reasons(ready.body), say("doctor.server.next"))
    return Check("server", "ok", say("doctor.server.runs", address=server.address, pid=server.pid))


def _reasons(body: bytes) -> str:
    """Give the server's own words for why it is not ready."""
    try:
        return " ".join(json.loads(body)["reasons"])
    except (ValueError, KeyError, TypeError):
        return "/ready"
