"""How a channel is watched: its poll policy, where its upstream calls back and what that is signed with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.core.dialect import Channel
    from reelgate.engine.context import Context


def poll_policy(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """Read the option `--poll-policy`.

    Raises click.BadParameter that says what may be written.
    """
    from reelgate.core.polling import parse_policy

    if value is None:
        return None
    if context.params.get("poll_seconds") is not None:
        raise click.UsageError(say("channels.policy.twice"), context)
    try:
        return str(parse_policy(value))
    except ValueError as error:
        raise click.BadParameter(str(error), context, parameter) from error


@click.command("watch", help=say("channels.watch"))
@click.argument("name", metavar="NAME|ID")
@click.argument("policy", callback=poll_policy)
@local
@pass_session
def watch_channel(session: Session, name: str, policy: str) -> None:
    """Change when a channel's jobs are asked about."""

    async def work() -> None:
        import msgspec

        from reelgate.cli import local as here
        from reelgate.store import channels as rows

        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            channel = await _find(ctx, name)
            changed = msgspec.structs.replace(channel, poll_policy=policy, poll_seconds=None)
            await ctx.backend.write(lambda conn: rows.update_channel(conn, changed, ctx.clock.now_ms()))
        if session.json:
            show.as_json({"id": channel.id, "name": channel.name, "poll_policy": policy})
            return
        click.echo(say("channels.watched", name=channel.name, policy=policy))

    run(work())


@click.command("callbacks", help=say("channels.callbacks"))
@click.argument("name", metavar="NAME|ID")
@click.option("--secret-file", metavar="FILE|-", help=say("channels.callbacks.secret"))
@click.option("--forget-secret", is_flag=True, help=say("channels.callbacks.forget"))
@local
@pass_session
def show_callbacks(session: Session, name: str, secret_file: str | None, forget_secret: bool) -> None:
    """Show where a channel's upstream may call back, and keep what it signs with."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.core.dialect import Verifies
        from reelgate.engine import callbacks
        from reelgate.store import callbacks as rows

        secret = here.read_secret(secret_file) if secret_file else ""
        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            channel = await _find(ctx, name)
            if secret or forget_secret:
                await callbacks.sign_with(ctx, channel.id, secret)
            signs = isinstance(ctx.dialects[channel.dialect], Verifies)
            sealed = await ctx.backend.point(lambda conn: rows.secret_of(conn, channel.id))
            address = ctx.callbacks.address(channel)
        _tell(session, channel, address, signs=signs, checked=sealed is not None)

    run(work())


def _tell(session: Session, channel: Channel, address: str | None, *, signs: bool, checked: bool) -> None:
    if session.json:
        facts = {"id": channel.id, "name": channel.name, "address": address}
        show.as_json({**facts, "upstream_signs": signs, "signature_checked": signs and checked})
        return
    click.echo(say("channels.callbacks.nowhere") if address is None else address)
    word = "checked" if signs and checked else "unchecked" if signs else "unsigned"
    click.echo(say(f"channels.callbacks.{word}", name=channel.name))


async def _find(ctx: Context, name: str) -> Channel:
    from reelgate.store import channels as rows

    for channel in await ctx.backend.read(rows.all_channels):
        if name in (channel.name, channel.id):
            return channel
    raise Trouble(say("channels.unknown", name=name), exit_code=Exit.NOT_FOUND)
