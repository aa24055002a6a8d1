"""`reelgate db`: upgrade, back up and restore what an installation keeps."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelgate.cli import copying, show
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.settings import Settings


@click.group(help=say("db.help"))
def db() -> None:
    """Hold the commands about the data."""


db.add_command(copying.copy)


@db.command("upgrade", help=say("db.upgrade"))
@local
@pass_session
def upgrade(session: Session) -> None:
    """Bring the schema up to date."""
    from reelgate.cli import local as here
    from reelgate.store import migrate
    from reelgate.store.tables import HEAD

    settings = session.settings()
    with here.explained(settings):
        migrate.upgrade(settings.database_url)
    if session.json:
        show.as_json({"schema": HEAD})
        return
    click.echo(say("db.upgraded"))


@db.command("backup", help=say("db.backup"))
@click.argument("path", required=False, type=click.Path(path_type=Path))
@local
@pass_session
def backup(session: Session, path: Path | None) -> None:
    """Copy everything while it is in use."""
    from reelgate.cli import backups
    from reelgate.cli import local as here

    settings = session.settings()
    _must_be_sqlite(settings)
    if not (settings.data / "reelgate.db").exists():
        raise Trouble(say("db.none", data=settings.data), next_step=say("db.none.next"))
    target = path or settings.data / "backups" / backups.stamp()
    with here.explained(settings):
        manifest = backups.write(settings.data, target)
    total = sum(blob.bytes for blob in manifest.blobs)
    if session.json:
        show.as_json({"path": str(target.resolve()), "blobs": len(manifest.blobs), "bytes": total})
        return
    click.echo(say("db.backed_up", blobs=len(manifest.blobs), mib=total / 2**20), err=True)
    click.echo(str(target.resolve()))


@db.command("restore", help=say("db.restore"))
@click.argument("path", type=click.Path(path_type=Path))
@local
@pass_session
def restore(session: Session, path: Path) -> None:
    """Put a backup in place, whole or not at all."""
    from reelgate.cli import backups
    from reelgate.cli import local as here

    settings = session.settings()
    _must_be_sqlite(settings)
    with here.explained(settings):
        backups.restore(path, settings.data)
    if session.json:
        show.as_json({"data": str(settings.data.resolve())})
        return
    click.echo(say("db.restored", data=settings.data.resolve()))


def _must_be_sqlite(settings: Settings) -> None:
    if not settings.database_url.startswith("sqlite"):
        raise Trouble(say("db.not_sqlite"), next_step=say("db.not_sqlite.next", data=settings.data))
