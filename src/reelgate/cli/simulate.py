"""`reelgate simulate`: an upstream that is not there, for people who write clients."""

from __future__ import annotations

import asyncio
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.testing.simulators import Called, Family, Script, Simulator

# Written out here, so that `--help` imports no server.
TLS = ("self-signed", "expired", "wrong-name")


@click.command(help=say("simulate.help"), epilog=say("simulate.epilog"))
@click.argument("dialect", required=False)
@click.option("--host", default="127.0.0.1", show_default=True, help=say("simulate.host"))
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help=say("simulate.port")
)
@click.option("--key", help=say("simulate.key"))
@click.option(
    "--queue", type=click.FloatRange(0), default=2, show_default=True, metavar="S", help=say("simulate.queue")
)
@click.option(
    "--seconds",
    type=click.FloatRange(0),
    default=20,
    show_default=True,
    metavar="S",
    help=say("simulate.seconds"),
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="NAME[@N][*TIMES][:ARG]",
    help=say("simulate.fault"),
)
@click.option("--faults", "list_faults", is_flag=True, help=say("simulate.faults"))
@click.option("--tls", type=click.Choice(TLS), help=say("simulate.tls"))
@click.option("--small", is_flag=True, help=say("simulate.small"))
@click.option("--bill", type=click.Path(dir_okay=False, path_type=Path), help=say("simulate.bill"))
@local
@pass_session
def simulate(
    session: Session, dialect: str | None, list_faults: bool, faults: tuple[str, ...], **given: Any
) -> None:
    """Run a simulator until somebody stops it."""
    if list_faults:
        _list_faults(session)
        return
    if dialect is None:
        _list_dialects(session)
        return
    from reelgate.testing.simulators import Script

    script = Script(
        queue_s=given["queue"],
        run_s=given["seconds"],
        key=given["key"],
        faults=faults,
        true_size=not given["small"],
    )
    asyncio.run(_serve(session, _simulator(session, _family(dialect), script, given)))


def _family(dialect: str) -> Family:
    from reelgate.testing.simulators import families

    known = families()
    if dialect not in known:
        raise Trouble(say("simulate.unknown", dialect=dialect, known=", ".join(known)), exit_code=Exit.USAGE)
    return known[dialect]


def _simulator(session: Session, family: Family, script: Script, given: dict[str, Any]) -> Simulator:
    from reelgate.testing.simulators import Simulator
    from reelgate.testing.simulators.tls import untrusted

    try:
        return Simulator(
            family,
            script,
            host=given["host"],
            port=given["port"],
            bill_path=given["bill"],
            tls=untrusted(given["tls"], given["host"]) if given["tls"] else None,
            on_call=_as_line if session.json else _as_text,
        )
    except ValueError as error:
        raise Trouble(str(error), exit_code=Exit.USAGE, next_step=say("simulate.bad_fault.next")) from error


async def _serve(session: Session, simulator: Simulator) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    try:
        async with simulator:
            _announce(session, simulator)
            await stop.wait()
    except OSError as error:
        raise Trouble(say("simulate.no_port", reason=error.strerror or str(error))) from error


def _announce(session: Session, simulator: Simulator) -> None:
    from reelgate.app import load_dialects
    from reelgate.testing.simulators.sample import adding, first_call

    dialects, profiles = load_dialects()
    family = simulator.family
    profile = profiles[family.dialect].find(family.model)
    curl = "" if profile is None else first_call(dialects[family.dialect], simulator, profile)
    facts = {
        "simulator": family.dialect,
        "title": family.title,
        "base_url": simulator.base_url,
        "key": simulator.script.key or family.key,
        "page": f"{simulator.origin}/",
        "add": adding(simulator),
        "curl": curl,
    }
    if session.json:
        _line(facts)
        return
    click.echo(say("simulate.banner", title=family.title, dialect=family.dialect))
    show.facts(
        [
            (say("column.base_url"), simulator.base_url),
            (say("simulate.key.word"), say("simulate.any_key") if not simulator.script.key else facts["key"]),
            (say("simulate.page"), facts["page"]),
        ]
    )
    click.echo(f"\n{say('simulate.add')}\n  {facts['add']}\n\n{say('simulate.curl')}\n  {curl}\n")
    click.echo(say("simulate.ready"))


def _as_text(called: Called) -> None:
    moment = time.strftime("%H:%M:%S")
    told = [
        f"{moment}  {called.method:6} {called.path}  {called.status or '-'}",
        called.ref or "",
        say("simulate.struck", fault=called.fault) if called.fault else "",
        say("simulate.billed", count=called.bill, sum=f"{called.charged_micro / 1e6:.2f}"),
    ]
    click.echo("  ".join(part for part in told if part))


def _as_line(called: Called) -> None:
    import msgspec

    _line(msgspec.to_builtins(called))


def _line(facts: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps(facts, ensure_ascii=False))


def _list_dialects(session: Session) -> None:
    from reelgate.testing.simulators import families

    rows = [
        {"dialect": name, "title": family.title, "base": family.base, "model": family.model}
        for name, family in families().items()
    ]
    if session.json:
        show.as_json(rows)
        return
    show.table(
        [say(f"column.{name}") for name in ("dialect", "model", "title")],
        [[row["dialect"], row["model"], row["title"]] for row in rows],
        empty="",
    )


def _list_faults(session: Session) -> None:
    from reelgate.testing.simulators.faults import FAULTS

    rows = [{"name": f.name, "when": f.stage.value, "meaning": f.meaning} for f in FAULTS.values()]
    if session.json:
        show.as_json(rows)
        return
    columns = [say("column.name"), say("simulate.when"), say("simulate.what")]
    show.table(columns, [list(row.values()) for row in rows], empty="")
