"""`reelgate settings`: what can be changed while the installation runs, and how it was changed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say, translated

if TYPE_CHECKING:
    from reelgate.core.tunables import Tunable
    from reelgate.engine.tuning import Standing

name_argument = click.argument("name")


@click.group(help=say("tuning.help"))
def settings() -> None:
    """Hold the commands about settings."""


@settings.command("list", help=say("tuning.list"))
@local
@pass_session
def list_settings(session: Session) -> None:
    """Show every setting as it stands."""
    found = run(_standing(session))
    if session.json:
        show.as_json([_as_json(one) for one in found])
        return
    rows = [
        [one.tunable.key, _text(one.value), _text(one.default), translated(*one.tunable.help)]
        for one in found
    ]
    show.table([say(f"column.{c}") for c in ("setting", "value", "default", "about")], rows, empty="")


@settings.command("get", help=say("tuning.get"))
@name_argument
@local
@pass_session
def get(session: Session, name: str) -> None:
    """Show one setting."""
    wanted = _known(name)
    (found,) = [one for one in run(_standing(session)) if one.tunable.key == wanted.key]
    if session.json:
        show.as_json(_as_json(found))
        return
    click.echo(_text(found.value))


@settings.command("set", help=say("tuning.set"))
@name_argument
@click.argument("value", required=False)
@click.option("--default", "leave", is_flag=True, help=say("tuning.leave"))
@local
@pass_session
def set_setting(session: Session, name: str, value: str | None, leave: bool) -> None:
    """Change one setting, or leave it to its default again."""
    from reelgate.core.tunables import Wrong, parse

    wanted = _known(name)
    if (value is None) is not leave:
        raise Trouble(say("tuning.value"), exit_code=Exit.USAGE)
    try:
        taken = None if value is None else parse(wanted, value)
    except Wrong as wrong:
        raise Trouble(say("tuning.wrong", name=name, reason=wrong), exit_code=Exit.USAGE) from wrong

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.engine import tuning

        async with here.opened(session.settings()) as gateway:
            await tuning.change(gateway.ctx, "command line", {wanted.key: taken})
            await tuning.reload(gateway.ctx)
            (kept,) = [one for one in tuning.standing(gateway.ctx) if one.tunable.key == wanted.key]
        if session.json:
            show.as_json(_as_json(kept))
            return
        click.echo(say("tuning.changed", name=wanted.key, value=_text(kept.value)))

    run(work())


@settings.command("history", help=say("tuning.history"))
@name_argument
@local
@pass_session
def history(session: Session, name: str) -> None:
    """Show how a setting was changed."""
    wanted = _known(name)

    async def work() -> None:
        import msgspec

        from reelgate.cli import local as here
        from reelgate.engine import tuning

        async with here.opened(session.settings()) as gateway:
            found = await tuning.history(gateway.ctx, wanted.key)
        if session.json:
            show.as_json([msgspec.to_builtins(one) for one in found])
            return
        rows = [[_when(one.created_at), _text(one.before), _text(one.value), one.actor] for one in found]
        columns = [say(f"column.{c}") for c in ("when", "before", "value", "by")]
        show.table(columns, rows, empty=say("tuning.never"))

    run(work())


async def _standing(session: Session) -> list[Standing]:
    from reelgate.cli import local as here
    from reelgate.engine import tuning

    async with here.opened(session.settings()) as gateway:
        return tuning.standing(gateway.ctx)


def _known(name: str) -> Tunable:
    from reelgate.core.tunables import BY_KEY

    found = BY_KEY.get(name)
    if found is None:
        raise Trouble(
            say("tuning.unknown", name=name), exit_code=Exit.NOT_FOUND, next_step=say("tuning.unknown.next")
        )
    return found


def _as_json(one: Standing) -> dict[str, Any]:
    t = one.tunable
    about = translated(*t.help)
    return {"key": t.key, "kind": t.kind.value, "value": one.value, "default": one.default, "about": about}


def _text(value: Any) -> str:
    if value is None:
        return say("tuning.default")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _when(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")
