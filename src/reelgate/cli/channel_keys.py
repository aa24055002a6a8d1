"""`reelgate channels keys` and `rotate-key`: the credentials of a channel, and the key they are sealed under."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show, standing
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.engine.context import Context
    from reelgate.store.channel_keys import ChannelKey


@click.group("keys", help=say("channels.keys.help"))
def keys() -> None:
    """Hold the commands about a channel's keys."""


@keys.command("add", help=say("channels.keys.add"))
@click.argument("channel", metavar="CHANNEL")
@click.argument("name")
@click.option("--secret-file", metavar="FILE|-", default="-", show_default=True, help=say("channels.secret"))
@local
@pass_session
def add_key(session: Session, channel: str, name: str, secret_file: str) -> None:
    """Give a channel one more key, or an existing one another secret."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.engine import operate

        secret = here.read_secret(secret_file)
        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            found = await standing.find(ctx, channel)
            there = [key for key in await operate.keys_of(ctx, found.id) if key.name == name]
            if there:
                await operate.change_key(ctx, there[0], secret=secret)
            else:
                await operate.add_key(ctx, found.id, name, secret)
            told = await standing.as_json(ctx, found)
        _told(session, told, say("channels.keys.changed" if there else "channels.keys.added", name=name))

    run(work())


@keys.command("list", help=say("channels.keys.list"))
@click.argument("channel", metavar="CHANNEL")
@local
@pass_session
def list_keys(session: Session, channel: str) -> None:
    """Show a channel's keys and how each stands, never the secrets."""

    async def work() -> None:
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            found = await standing.find(gateway.ctx, channel)
            told = await standing.as_json(gateway.ctx, found)
        if session.json:
            show.as_json(told["keys"])
            return
        rows = [
            [key["name"], key["id"], standing.key_in_words(key) or say("channels.enabled")]
            for key in told["keys"]
        ]
        columns = [say(f"column.{c}") for c in ("name", "id", "state")]
        show.table(columns, rows, empty=say("channels.keys.none"))

    run(work())


@keys.command("remove", help=say("channels.keys.remove"))
@click.argument("channel", metavar="CHANNEL")
@click.argument("name")
@click.option("--force", is_flag=True, help=say("channels.keys.force"))
@local
@pass_session
def remove_key(session: Session, channel: str, name: str, force: bool) -> None:
    """Wipe one key."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.engine import operate

        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            found = await standing.find(ctx, channel)
            key = await _key(ctx, found.id, name)
            using = await operate.remove_key(ctx, key, force=force)
            if using and not force:
                raise Trouble(
                    say("channels.keys.busy", name=key.name, count=using),
                    next_step=say("channels.keys.busy.next", channel=found.name, name=key.name),
                )
            told = await standing.as_json(ctx, found)
        _told(session, told, say("channels.keys.removed", name=key.name))

    run(work())


def _switch_command(word: str, *, enabled: bool) -> click.Command:
    @click.command(word, help=say(f"channels.keys.{word}"))
    @click.argument("channel", metavar="CHANNEL")
    @click.argument("name")
    @local
    @pass_session
    def command(session: Session, channel: str, name: str) -> None:
        async def work() -> None:
            from reelgate.cli import local as here
            from reelgate.engine import operate

            async with here.opened(session.settings()) as gateway:
                ctx = gateway.ctx
                found = await standing.find(ctx, channel)
                key = await _key(ctx, found.id, name)
                await operate.change_key(ctx, key, enabled=enabled)
                told = await standing.as_json(ctx, found)
            state = say("channels.enabled" if enabled else "channels.disabled")
            _told(session, told, say("channels.switched", name=key.name, state=state))

        run(work())

    return command


keys.add_command(_switch_command("enable", enabled=True))
keys.add_command(_switch_command("disable", enabled=False))


async def _key(ctx: Context, channel_id: str, name: str) -> ChannelKey:
    from reelgate.engine import operate

    for key in await operate.keys_of(ctx, channel_id):
        if name in (key.name, key.id):
            return key
    raise Trouble(say("channels.keys.unknown", name=name), exit_code=Exit.NOT_FOUND)


def _told(session: Session, told: dict[str, Any], line: str) -> None:
    if session.json:
        show.as_json(told)
    else:
        click.echo(line)


@click.command("rotate-key", help=say("channels.rotate"))
@click.option("--lost", is_flag=True, help=say("channels.rotate.lost"))
@click.option("-y", "--yes", is_flag=True, help=say("option.yes"))
@local
@pass_session
def rotate_key(session: Session, lost: bool, yes: bool) -> None:
    """Seal every stored secret under a new master key."""

    async def work() -> None:
        from reelgate.auth.secrets import CannotRotate, Secrets, rotate
        from reelgate.cli import local as here

        if lost and not yes and not session.json:
            click.confirm(say("channels.rotate.sure"), abort=True, err=True)
        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            assert isinstance(ctx.vault, Secrets)  # noqa: S101 - `app` made it
            try:
                done = await rotate(ctx.backend, ctx.vault, ctx.clock.now_ms(), lost=lost)
            except CannotRotate as reason:
                raise Trouble(
                    say("channels.rotate.cannot", reason=reason), next_step=say("channels.rotate.next")
                ) from reason
            source = ctx.vault.source.name
        if session.json:
            facts = {"key_id": done.key_id, "resealed": done.resealed, "unreadable": done.unreadable}
            show.as_json({**facts, "dropped": done.dropped, "from": source})
            return
        click.echo(say("channels.rotated", count=done.resealed, key=done.key_id, source=source))
        if done.unreadable:
            click.echo(say("channels.rotated.unreadable", count=done.unreadable), err=True)

    run(work())
