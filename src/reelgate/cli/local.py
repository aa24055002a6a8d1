"""What commands do on the data folder itself, with or without a server running on it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import click

from reelgate.app import DataFolderBusy, Gateway, open_gateway
from reelgate.auth import keys as auth_keys
from reelgate.auth.keys import Grant
from reelgate.auth.people import Sent
from reelgate.auth.scopes import EVERYDAY, parse_scopes
from reelgate.cli.doors import Ask, HttpDoor, NoAnswer
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say
from reelgate.core.audit import Entry, Outcome
from reelgate.core.envelope import CannotOpen
from reelgate.engine.audit import Noting
from reelgate.media.buckets import AddressError
from reelgate.settings import Settings
from reelgate.store.backend import UNUSABLE
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.telemetry import configure
from reelgate.telemetry.logs import redact
from reelgate.telemetry.traces import TracesUnavailable

COMMAND_KEY = "cli-key"
COMMAND_KEY_NAME = "command line"


@dataclass(frozen=True)
class Server:
    """A server that runs on a data folder and answers."""

    address: str
    pid: int


async def find_server(data: Path) -> Server | None:
    """Give the server that works on a data folder; None when there is none that answers."""
    server = await asyncio.to_thread(_noted_server, data)
    if server is None:
        return None
    try:
        answer = await HttpDoor(server.address).send(Ask(method="GET", path="/health"))
    except (NoAnswer, ValueError):
        return None
    return server if answer.status == 200 else None


def address_of(host: str, port: int) -> str:
    """Write where a server listens as an address to open."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def _noted_server(data: Path) -> Server | None:
    try:
        noted = json.loads((data / "server.json").read_text(encoding="utf-8"))
        server = Server(str(noted["url"]), int(noted["pid"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return server if _lives(server.pid) else None


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


@asynccontextmanager
async def opened(settings: Settings, *, engine: bool = False) -> AsyncGenerator[Gateway]:
    """Open Reelgate on its data folder; with `engine`, as the one that does the work.

    Raises Trouble when that cannot be done.
    """
    with explained(settings):
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        configure(settings.log_format, "error")
        async with open_gateway(settings, engine=engine) as gateway:
            tell_admin_key(gateway)
            if not engine:
                gateway = _written_down(gateway)
            yield gateway


def _written_down(gateway: Gateway) -> Gateway:
    """Give a gateway whose changes go into the audit log together with their entry."""
    noting = Noting(gateway.ctx.backend, lambda: _entry(gateway))
    gateway.ctx.backend = noting
    return replace(gateway, access=replace(gateway.access, backend=noting))


def _entry(gateway: Gateway) -> Entry:
    """Say who runs which command; secrets come by files and are no part of it."""
    context = click.get_current_context(silent=True)
    given = {} if context is None else {k: v for k, v in context.params.items() if v is not None}
    return Entry(
        at=gateway.ctx.clock.now_ms(),
        actor=f"command line (uid {os.getuid()})",
        user_id=None,
        key_id=None,
        address="",
        request_id=None,
        action="reelgate" if context is None else context.command_path,
        subject=None,
        outcome=Outcome.DONE,
        details=redact({"asked": {k: _plain(v) for k, v in given.items()}} if given else {}),
    )


def _plain(value: object) -> object:
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [_plain(one) for one in cast("Sequence[object]", value)]
    return str(value)


@contextmanager
def explained(settings: Settings) -> Generator[None]:
    """Say in plain words why a data folder cannot be opened."""
    try:
        yield
    except TracesUnavailable as missing:
        raise Trouble(say("local.traces"), next_step=say("local.traces.next")) from missing
    except DataFolderBusy as busy:
        raise Trouble(say("local.busy", data=settings.data), next_step=say("serve.running.next")) from busy
    except AddressError as error:
        raise Trouble(say("storage.address", reason=error), exit_code=Exit.USAGE) from error
    except CannotOpen as closed:
        raise Trouble(say("secret.sealed", reason=closed), next_step=say("secret.sealed.next")) from closed
    except UNUSABLE as error:
        raise Trouble(
            say("local.store", reason=cause_of(error)), next_step=say("local.store.next")
        ) from error
    except OSError as error:
        reason = error.strerror or str(error)
        raise Trouble(say("local.folder", data=settings.data, reason=reason)) from error


def cause_of(error: Exception) -> str:
    """Give the driver's own words for what is wrong with a database, without the statement it met it in."""
    return str(getattr(error, "orig", None) or error)


def tell_admin_key(gateway: Gateway) -> None:
    """Show the administrator key when this was the very first start; nobody can show it again."""
    if gateway.admin_key is not None:
        click.echo(say("local.admin_key", key=gateway.admin_key), err=True)


def tell_setup_link(gateway: Gateway, address: str) -> None:
    """Show the link to the first administrator when this was the very first start."""
    if gateway.setup is not None:
        base = (gateway.settings.public_url or address).rstrip("/")
        click.echo(say("local.setup_link", link=base + gateway.setup.path()), err=True)


def link_address(settings: Settings, sent: Sent) -> str:
    """Write a link in full, with the address people use as far as it is known here."""
    server = _noted_server(settings.data)
    near = address_of(settings.host, settings.port) if server is None else server.address
    return (settings.public_url or near).rstrip("/") + sent.path()


async def add_key(
    gateway: Gateway,
    name: str,
    *,
    scopes: Sequence[str] = (),
    token: str | None = None,
    user_id: str = DEFAULT_USER,
    project_id: str = DEFAULT_PROJECT,
    grant: Grant | None = None,
) -> auth_keys.Minted:
    """Write a new key, or one that clients already use; without scopes it may do everyday work."""
    ctx = gateway.ctx
    return await auth_keys.create_key(
        ctx.backend,
        ctx.ids,
        ctx.clock,
        auth_keys.pepper_of(gateway.settings.data, gateway.settings.key_pepper),
        name=name,
        scopes=parse_scopes(tuple(scopes)) if scopes else EVERYDAY,
        token=token,
        user_id=user_id,
        project_id=project_id,
        grant=grant,
    )


async def command_key(settings: Settings, gateway: Gateway | None = None) -> str:
    """Give the key this command uses on its own data folder; made on first use, readable by its owner alone."""
    path = settings.data / COMMAND_KEY
    if gateway is not None:
        return await _command_key(path, gateway)
    async with opened(settings) as here:
        return await _command_key(path, here)


async def _command_key(path: Path, gateway: Gateway) -> str:
    kept = await asyncio.to_thread(_kept, path)
    pepper = auth_keys.pepper_of(gateway.settings.data, gateway.settings.key_pepper)
    now = gateway.ctx.clock.now_ms()
    known = await gateway.ctx.backend.point(
        lambda conn: auth_keys.principal(conn, auth_keys.digest(kept, pepper), now)
    )
    if kept and known is not None:
        return kept
    made = await add_key(gateway, COMMAND_KEY_NAME)
    await asyncio.to_thread(_keep, path, made.token)
    return made.token


def _kept(path: Path) -> str:
    return path.read_text(encoding="ascii").strip() if path.exists() else ""


def _keep(path: Path, token: str) -> None:
    part = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as sink:
        sink.write(token + "\n")
    part.replace(path)


def read_secret(path: str) -> str:
    """Read a secret from a file, or from standard input for `-`; outer blanks are not part of it."""
    try:
        with click.open_file(path, encoding="utf-8") as source:
            secret = source.read().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(say("secret.unreadable", path=path, reason=error)) from error
    if not secret:
        raise Trouble(say("secret.empty", path=path))
    return secret
