"""`reelgate storage`: is every file there, what is there that nobody needs, and moving everything elsewhere."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.engine.storage import Findings, Moved
    from reelgate.media.place import Found, Place
    from reelgate.settings import Settings

SHOWN = 20
"""Names that are listed one by one; `--json` gives all of them."""


@click.group(help=say("storage.help"))
def storage() -> None:
    """Hold the commands about stored files."""


_older_than = click.option(
    "--older-than",
    type=click.FloatRange(min=0),
    default=24.0,
    show_default=True,
    help=say("storage.older_than"),
)


@storage.command("check", help=say("storage.check"))
@click.option("--deep", is_flag=True, help=say("storage.check.deep"))
@_older_than
@local
@pass_session
def check(session: Session, deep: bool, older_than: float) -> None:
    """Compare files and rows."""
    settings = session.settings()
    with show.progress(quiet=session.json) as bar:
        found = run(_compared(settings, older_than * 3600, bar, deep=deep))
    if session.json:
        show.as_json(
            {
                "storage": _address(settings),
                "files": found.files,
                "bytes": found.bytes,
                "missing": found.missing,
                "wrong": found.wrong,
                "orphans": [one.sha256 for one in found.orphans],
            }
        )
    else:
        _tell(_address(settings), found)
    if found.missing or found.wrong:
        raise Trouble(
            say("storage.broken", count=len(found.missing) + len(found.wrong)),
            next_step=say("storage.broken.next"),
        )


def _tell(address: str, found: Findings) -> None:
    click.echo(say("storage.found", address=address, files=found.files, mib=found.bytes / 2**20))
    for sha256 in found.missing[:SHOWN]:
        click.echo(say("storage.missing", sha256=sha256))
    for sha256 in found.wrong[:SHOWN]:
        click.echo(say("storage.wrong", sha256=sha256))
    if found.orphans:
        mib = sum(one.bytes for one in found.orphans) / 2**20
        click.echo(say("storage.orphans", count=len(found.orphans), mib=mib))


async def _compared(settings: Settings, older_than_s: float, bar: show.Bar, *, deep: bool) -> Findings:
    from reelgate.cli import local as here
    from reelgate.engine import storage as engine

    def tell(percent: float) -> None:
        bar(say("storage.checking"), percent)

    async with here.opened(settings) as gateway:
        return await engine.compare(gateway.ctx, older_than_s=older_than_s, deep=deep, tell=tell)


@storage.command("collect", help=say("storage.collect"))
@click.option("--delete", is_flag=True, help=say("storage.collect.delete"))
@_older_than
@local
@pass_session
def collect(session: Session, delete: bool, older_than: float) -> None:
    """Show, or delete, files that no row names."""
    found = run(_collected(session.settings(), older_than * 3600, delete=delete))
    total = sum(one.bytes for one in found)
    if session.json:
        show.as_json({"deleted": delete, "bytes": total, "orphans": [one.sha256 for one in found]})
        return
    for one in found[:SHOWN]:
        click.echo(f"{one.sha256}  {one.bytes}  {show.moment(int(one.written_at))}")
    done = say("storage.collected", count=len(found), mib=total / 2**20) if delete else None
    click.echo(done or say("storage.collectable", count=len(found), mib=total / 2**20))


async def _collected(settings: Settings, older_than_s: float, *, delete: bool) -> list[Found]:
    from reelgate.cli import local as here
    from reelgate.engine import storage as engine
    from reelgate.engine import sweep

    async with here.opened(settings) as gateway:
        found = await engine.orphans(gateway.ctx, older_than_s)
        if not delete:
            return found
        return [one for one in found if await sweep.collect(gateway.ctx, one.sha256, older_than_s)]


@storage.command("move", help=say("storage.move"))
@click.option("--to", "target", metavar="ADDRESS", help=say("storage.move.to"))
@click.option("--from", "source", metavar="ADDRESS", help=say("storage.move.from"))
@click.option("--remove", is_flag=True, help=say("storage.move.remove"))
@local
@pass_session
def move(session: Session, target: str | None, source: str | None, remove: bool) -> None:
    """Copy every file to another place."""
    from reelgate.cli import local as here

    settings = session.settings()
    target, source = _ends(settings, target, source)
    with here.explained(settings), _understood():
        places = _place(settings, source), _place(settings, target)
        if remove and places[0].address == _address(settings):
            raise Trouble(
                say("storage.in_use", address=places[0].address), next_step=say("storage.in_use.next")
            )
        with show.progress(quiet=session.json) as bar:
            moved = run(_moved(settings, *places, bar, remove=remove))
    session.note = None
    if session.json:
        show.as_json(
            {"files": moved.files, "bytes": moved.bytes, "copied": moved.copied, "removed": moved.removed}
        )
        return
    click.echo(
        say(
            "storage.moved",
            files=moved.files,
            mib=moved.bytes / 2**20,
            copied=moved.copied,
            target=places[1].address,
        )
    )
    if places[1].address != _address(settings):
        click.echo(say("storage.moved.next", target=target, source=source))


def _ends(settings: Settings, target: str | None, source: str | None) -> tuple[str, str]:
    """Say from where to where: by default from the former place to the one in force."""
    target = target or settings.storage
    if source is None:
        source = settings.storage if target != settings.storage else settings.storage_former
    if source is None or source == target:
        raise Trouble(say("storage.nowhere"), exit_code=Exit.USAGE, next_step=say("storage.nowhere.next"))
    return target, source


async def _moved(settings: Settings, source: Place, target: Place, bar: show.Bar, *, remove: bool) -> Moved:
    from reelgate.app import open_blobs
    from reelgate.engine import storage as engine

    def tell(moved: Moved, total: int) -> None:
        bar(say("storage.moving", done=moved.files, total=total), 100 * moved.files / total)

    return await engine.move(source, target, open_blobs(settings), tell, remove=remove)


def _place(settings: Settings, address: str) -> Place:
    from reelgate.media.blobs import open_place
    from reelgate.media.buckets import Credentials

    who = Credentials(key=settings.storage_key, secret=settings.storage_secret)
    return open_place(address, settings.data, who)


def _address(settings: Settings) -> str:
    with _understood():
        return _place(settings, settings.storage).address


@contextmanager
def _understood() -> Generator[None]:
    from reelgate.media.buckets import AddressError

    try:
        yield
    except AddressError as error:
        raise Trouble(say("storage.address", reason=error), exit_code=Exit.USAGE) from error
