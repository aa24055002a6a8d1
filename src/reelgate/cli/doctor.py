"""`reelgate doctor`: is this installation well, and what to do where it is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.settings import Settings
    from reelgate.store.invariants import Violation


@click.command(help=say("doctor.help"))
@click.option("--invariants", is_flag=True, help=say("doctor.invariants"))
@local
@pass_session
def doctor(session: Session, invariants: bool) -> None:
    """Check, and say what was found."""
    if invariants:
        _show_violations(session, run(violations(session.settings())))
    else:
        _show_checks(session)


def _show_checks(session: Session) -> None:
    from reelgate.cli import checks

    found = run(checks.all_checks(session))
    failed = sum(1 for check in found if check.state == "fail")
    if session.json:
        show.as_json(
            [
                {"check": c.name, "state": c.state, "finding": c.finding, "next_step": c.next_step}
                for c in found
            ]
        )
    else:
        rows = [
            [say(f"doctor.{c.state}"), say(f"doctor.{c.name}"), c.finding, c.next_step or ""] for c in found
        ]
        show.table([say(f"column.{c}") for c in ("state", "check", "finding", "next")], rows, empty="")
    if failed:
        raise Trouble(say("doctor.failed", count=failed))


async def violations(settings: Settings) -> list[Violation]:
    """Check every promise about the rows and files of an installation."""
    from reelgate.cli import local as here
    from reelgate.engine import invariants

    if settings.database_url.startswith("sqlite") and not (settings.data / "reelgate.db").exists():
        raise Trouble(say("db.none", data=settings.data), next_step=say("db.none.next"))
    async with here.opened(settings) as gateway:
        return await invariants.check(gateway.ctx)


def _show_violations(session: Session, found: list[Violation]) -> None:
    import msgspec

    if session.json:
        show.as_json({"violations": [msgspec.to_builtins(one) for one in found]})
    elif not found:
        click.echo(say("doctor.no_violations"))
    else:
        for one in found:
            click.echo(f"{one.invariant}  {one.subject}  {one.message}")
    if found:
        raise Trouble(say("doctor.violated", count=len(found)), next_step=say("doctor.violated.next"))
