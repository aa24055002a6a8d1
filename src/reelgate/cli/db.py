"""`reelgate db`: upgrade, back up and restore what an installation keeps."""

from __future__ import annotations

import click

from reelgate.cli import backups, copying, show
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.words import say


@click.group(help=say("db.help"))
def db() -> None:
    """Hold the commands about the data."""


for command in (copying.copy, backups.backup, backups.restore, backups.backups):
    db.add_command(command)


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
