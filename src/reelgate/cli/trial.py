"""`reelgate channels test`: does a channel work? Nothing is paid for unless its name is typed after the price was shown."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show, standing
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.core.dialect import Channel
    from reelgate.engine.context import Context
    from reelgate.engine.probe import KeyReport, Made, Report


@click.command("test", help=say("channels.test"))
@click.argument("name", metavar="NAME|ID")
@click.option("--paid", is_flag=True, help=say("channels.test.paid"))
@click.option("--confirm", metavar="NAME", help=say("channels.test.confirm"))
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help=say("channels.test.output")
)
@local
@pass_session
def test_channel(session: Session, name: str, paid: bool, confirm: str | None, output: Path | None) -> None:
    """Try a channel."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.engine import probe

        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            channel = await standing.find(ctx, name)
            report = await probe.probe(ctx, channel)
            if not session.json:
                _show(report)
            made = None
            if paid and report.works:
                made = await _pay(session, ctx, channel, confirm, output)
        if session.json:
            show.as_json(_as_json(report, made))
        if not report.works:
            raise Trouble(
                say("channels.test.failed", name=channel.name), next_step=say("channels.test.failed.next")
            )
        if made is not None and made.state != "made":
            raise _not_made(made)

    run(work())


def _as_json(report: Report, made: Made | None) -> dict[str, Any]:
    import msgspec

    told: dict[str, Any] = msgspec.to_builtins(report)
    return {**told, "works": report.works, "clip": msgspec.to_builtins(made)}


def _show(report: Report) -> None:
    rows = [_row(key) for key in report.keys]
    columns = [say(f"column.{c}") for c in ("key", "reached", "accepted", "models", "remark")]
    show.table(columns, rows, empty=say("channels.keys.none"))
    for reason in report.sealed:
        click.echo(say("channels.test.sealed", reason=reason), err=True)
    if report.missing:
        click.echo(say("channels.test.missing", models=", ".join(report.missing)), err=True)


def _row(key: KeyReport) -> list[str]:
    return [
        key.key or "-",
        say("word.yes" if key.reached else "word.no"),
        say(f"channels.auth.{key.auth}"),
        "-" if key.models is None else str(len(key.models)),
        key.trouble or ("" if key.status is None else str(key.status)),
    ]


async def _pay(
    session: Session, ctx: Context, channel: Channel, confirm: str | None, output: Path | None
) -> Made:
    from reelgate.core.money import show as amount
    from reelgate.engine import probe

    one = probe.offer(ctx, channel)
    if one is None:
        raise Trouble(say("channels.test.nothing", name=channel.name))
    cost = f"{amount(one.cost)} {one.currency}"
    question = say(
        "channels.test.price", cost=cost, model=one.model, seconds=one.request.seconds, name=channel.name
    )
    if confirm is None and not session.json:
        confirm = click.prompt(question, err=True, default="", show_default=False)
    if confirm != channel.name:
        raise Trouble(say("channels.test.unconfirmed", cost=cost, name=channel.name), exit_code=Exit.USAGE)
    spooled = ctx.blobs.spool()
    try:
        made = await probe.make(ctx, channel, one, spooled)
        if made.state == "made":
            if output is not None:
                await asyncio.to_thread(shutil.copyfile, spooled, output)
            if not session.json:
                click.echo(say("channels.test.made", bytes=made.bytes, ref=made.ref, cost=cost))
        return made
    finally:
        await asyncio.to_thread(spooled.unlink, missing_ok=True)


def _not_made(made: Made) -> Trouble:
    reason = "-" if made.failure is None else made.failure.message
    return Trouble(
        say(f"channels.clip.{made.state}", ref=made.ref or "-", reason=reason),
        exit_code=Exit.UNKNOWN if made.state == "unclear" else Exit.FAILED,
        next_step=say("channels.test.console") if made.state != "refused" else None,
    )
