"""`reelgate channels`: the accounts at upstreams that clips are made with."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import channel_keys, show, standing, trial, watching
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.core.dialect import Channel, Price
    from reelgate.core.money import Micro
    from reelgate.engine.context import Context


@click.group(help=say("channels.help"))
def channels() -> None:
    """Hold the commands about channels."""


channels.add_command(channel_keys.keys)
channels.add_command(channel_keys.rotate_key)
channels.add_command(trial.test_channel)
channels.add_command(watching.watch_channel)
channels.add_command(watching.show_callbacks)


@channels.command("add", help=say("channels.add"))
@click.argument("name")
@click.option("--dialect", required=True, help=say("channels.dialect"))
@click.option("--base-url", default="", help=say("channels.base_url"))
@click.option("--secret-file", metavar="FILE|-", help=say("channels.secret"))
@click.option(
    "--model", "models", multiple=True, required=True, metavar="PUBLIC[=UPSTREAM]", help=say("channels.model")
)
@click.option(
    "--concurrency", type=click.IntRange(1), default=4, show_default=True, help=say("channels.concurrency")
)
@click.option("--poll-seconds", type=click.FloatRange(0.1), is_eager=True, help=say("channels.poll"))
@click.option("--poll-policy", callback=watching.poll_policy, help=say("channels.policy"))
@click.option("--self-hosted", is_flag=True, help=say("channels.self_hosted"))
@click.option("--setting", "settings", multiple=True, metavar="NAME=VALUE", help=say("channels.setting"))
@click.option("--priority", type=int, default=0, show_default=True, help=say("channels.priority"))
@click.option("--weight", type=click.IntRange(0), default=1, show_default=True, help=say("channels.weight"))
@click.option("--price", "prices", multiple=True, metavar="MODEL=AMOUNT/UNIT", help=say("channels.price"))
@local
@pass_session
def add_channel(
    session: Session,
    secret_file: str | None,
    models: tuple[str, ...],
    settings: tuple[str, ...],
    prices: tuple[str, ...],
    **given: Any,
) -> None:
    """Connect an account."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.core.dialect import Channel
        from reelgate.engine import operate
        from reelgate.store import channels as rows

        secret = here.read_secret(secret_file) if secret_file else ""
        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            channel = Channel(
                id=ctx.ids.new("chan"),
                models=_models(models),
                settings=_settings(settings),
                prices=_prices({}, prices),
                **given,
            )
            _must_make_sense(ctx, channel)
            if await ctx.backend.point(lambda conn: rows.by_name(conn, channel.name)) is not None:
                raise _exists(channel.name)
            await operate.connect(ctx, channel, secret)
            told = await standing.as_json(ctx, channel)
        if session.json:
            show.as_json(told)
            return
        click.echo(say("channels.added", name=channel.name, id=channel.id))

    run(work())


@channels.command("update", help=say("channels.update"))
@click.argument("name", metavar="NAME|ID")
@click.option("--base-url", help=say("channels.base_url"))
@click.option("--secret-file", metavar="FILE|-", help=say("channels.update.secret"))
@click.option(
    "--model", "models", multiple=True, metavar="PUBLIC[=UPSTREAM]", help=say("channels.update.model")
)
@click.option("--concurrency", type=click.IntRange(1), help=say("channels.concurrency"))
@click.option("--self-hosted/--no-self-hosted", default=None, help=say("channels.self_hosted"))
@click.option(
    "--setting", "settings", multiple=True, metavar="NAME=VALUE", help=say("channels.update.setting")
)
@click.option("--priority", type=int, help=say("channels.priority"))
@click.option("--weight", type=click.IntRange(0), help=say("channels.weight"))
@click.option("--price", "prices", multiple=True, metavar="MODEL=AMOUNT/UNIT", help=say("channels.price"))
@local
@pass_session
def update_channel(
    session: Session,
    name: str,
    secret_file: str | None,
    models: tuple[str, ...],
    settings: tuple[str, ...],
    prices: tuple[str, ...],
    **given: Any,
) -> None:
    """Change a channel; what is not named stays."""

    async def work() -> None:
        import msgspec

        from reelgate.cli import local as here
        from reelgate.engine import operate

        secret = here.read_secret(secret_file) if secret_file else None
        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            channel = await standing.find(ctx, name)
            changes = {field: value for field, value in given.items() if value is not None}
            if models:
                changes["models"] = _models(models)
            changes["settings"] = _merged(channel.settings, settings)
            changes["prices"] = _prices(channel.prices, prices)
            changed = msgspec.structs.replace(channel, **changes)
            _must_make_sense(ctx, changed)
            await operate.change(ctx, changed)
            if secret is not None:
                await operate.give_secret(ctx, channel.id, secret)
            told = await standing.as_json(ctx, changed)
        _told(session, told, say("channels.updated", name=channel.name))

    run(work())


def _merged(before: Mapping[str, Any], given: Sequence[str]) -> dict[str, Any]:
    """Put settings over others; `NAME=` takes one away."""
    empty = {text.partition("=")[0].strip() for text in given if text.endswith("=") and text.count("=") == 1}
    changed = {**before, **_settings([text for text in given if text.partition("=")[0].strip() not in empty])}
    return {name: value for name, value in changed.items() if name not in empty}


def _prices(before: Mapping[str, Price], given: Sequence[str]) -> dict[str, Price]:
    """Read `MODEL=AMOUNT/second`, `MODEL=AMOUNT/clip` and, for the profile's own price, `MODEL=`."""
    import msgspec

    from reelgate.core.dialect import Price

    prices = dict(before)
    for text in given:
        model, _, said = text.rpartition("=")
        amount, _, unit = said.partition("/")
        if model and not said:
            prices.pop(model, None)
            continue
        if not model or unit not in ("second", "clip"):
            raise Trouble(say("channels.bad_price", text=text), exit_code=Exit.USAGE)
        prices[model] = msgspec.structs.replace(
            prices.get(model, Price()), **{f"per_{unit}": _amount(amount, text)}
        )
    return prices


def _amount(written: str, text: str) -> Micro:
    from decimal import Decimal, InvalidOperation

    from reelgate.core.money import Micro

    try:
        micros = Decimal(written) * 1_000_000
    except InvalidOperation:
        micros = Decimal(-1)
    if not 0 <= micros <= 10**12 or micros != micros.to_integral_value():
        raise Trouble(say("channels.bad_price", text=text), exit_code=Exit.USAGE)
    return Micro(int(micros))


def _models(given: Sequence[str]) -> dict[str, str]:
    """Read `PUBLIC` and `PUBLIC=UPSTREAM`."""
    models: dict[str, str] = {}
    for text in given:
        public, equals, upstream = text.partition("=")
        if not public.strip() or (equals and not upstream.strip()):
            raise Trouble(say("channels.bad_model", model=text), exit_code=Exit.USAGE)
        models[public.strip()] = upstream.strip() if equals else public.strip()
    return models


def _settings(given: Sequence[str]) -> dict[str, Any]:
    """Read `NAME=VALUE` and `NAME=@FILE`; JSON is taken as what it is, anything else as text."""
    import msgspec

    settings: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        try:
            if not name.strip() or not equals:
                raise OSError(say("channels.setting"))
            if value.startswith("@"):
                with click.open_file(value[1:], encoding="utf-8") as source:
                    value = source.read()
        except (OSError, UnicodeDecodeError) as error:
            raise Trouble(
                say("channels.bad_setting", text=text[:80], reason=error), exit_code=Exit.USAGE
            ) from error
        try:
            settings[name.strip()] = msgspec.json.decode(value)
        except msgspec.DecodeError:
            settings[name.strip()] = value
    return settings


def _must_make_sense(ctx: Context, channel: Channel) -> None:
    from reelgate.engine.soundness import objection

    found = objection(ctx, channel)
    if found is None:
        return
    known = {"bad_dialect", "unknown_model", "objection", "bad_url", "private"}
    raise Trouble(
        say(f"channels.{found.kind}", **found.values) if found.kind in known else found.message,
        exit_code=Exit.USAGE,
        code=found.code.value,
        next_step=say("channels.private.next") if found.kind == "private" else None,
    )


def _exists(name: str) -> Trouble:
    return Trouble(
        say("channels.exists", name=name),
        exit_code=Exit.USAGE,
        next_step=say("channels.exists.next", name=name),
    )


@channels.command("list", help=say("channels.list"))
@local
@pass_session
def list_channels(session: Session) -> None:
    """Show every channel, never its secret."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.store import channels as rows

        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            found = await ctx.backend.read(rows.all_channels)
            told = [await standing.as_json(ctx, channel) for channel in found]
        if session.json:
            show.as_json(told)
            return
        columns = ("name", "dialect", "base_url", "models", "keys", "at_once", "state")
        show.table(
            [say(f"column.{c}") for c in columns], [_row(one) for one in told], empty=say("channels.none")
        )

    run(work())


def _row(told: Mapping[str, Any]) -> list[str]:
    served = [public if public == up else f"{public}={up}" for public, up in told["models"].items()]
    return [
        told["name"],
        told["dialect"],
        told["base_url"] or "-",
        ", ".join(served),
        str(len(told["keys"])),
        str(told["concurrency"]),
        standing.in_words(dict(told)),
    ]


@channels.command("remove", help=say("channels.remove"))
@click.argument("name", metavar="NAME|ID")
@click.option("-y", "--yes", is_flag=True, help=say("option.yes"))
@local
@pass_session
def remove_channel(session: Session, name: str, yes: bool) -> None:
    """Forget a channel and its secret."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.engine import operate
        from reelgate.store import tasks as task_rows

        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            channel = await standing.find(ctx, name)
            open_tasks = await ctx.backend.read(task_rows.open_tasks)
            count = sum(1 for task in open_tasks if task.channel_id == channel.id)
            if count:
                raise Trouble(
                    say("channels.busy", name=channel.name, count=count),
                    next_step=say("channels.busy.next", name=channel.name),
                )
            _ask(session, yes, say("channels.remove.sure", name=channel.name))
            await operate.remove(ctx, channel.id)
        _told(session, {"id": channel.id, "removed": True}, say("channels.removed", name=channel.name))

    run(work())


def _ask(session: Session, yes: bool, question: str) -> None:
    if not yes and not session.json and sys.stdin.isatty():
        click.confirm(question, abort=True, err=True)


def _told(session: Session, facts: dict[str, Any], line: str) -> None:
    if session.json:
        show.as_json(facts)
    else:
        click.echo(line)


@channels.command("enable", help=say("channels.enable"))
@click.argument("name", metavar="NAME|ID")
@local
@pass_session
def enable_channel(session: Session, name: str) -> None:
    """Let a channel take tasks, and forget what kept it from them."""
    run(_switch(session, name, "enabled"))


@channels.command("disable", help=say("channels.disable"))
@click.argument("name", metavar="NAME|ID")
@local
@pass_session
def disable_channel(session: Session, name: str) -> None:
    """Have no call made on a channel at all."""
    run(_switch(session, name, "disabled"))


@channels.command("drain", help=say("channels.drain"))
@click.argument("name", metavar="NAME|ID")
@local
@pass_session
def drain_channel(session: Session, name: str) -> None:
    """Give a channel no new tasks and let it finish those it has."""
    run(_switch(session, name, "draining"))


async def _switch(session: Session, name: str, to: str) -> None:
    from reelgate.cli import local as here
    from reelgate.engine import operate
    from reelgate.store import tasks as task_rows

    async with here.opened(session.settings()) as gateway:
        ctx = gateway.ctx
        channel = await operate.switch(ctx, await standing.find(ctx, name), operate.Switch(to))
        told = await standing.as_json(ctx, channel)
        open_tasks = await ctx.backend.read(task_rows.open_tasks)
        left = sum(1 for task in open_tasks if task.channel_id == channel.id)
    line = say("channels.switched", name=channel.name, state=say(f"channels.{to}"))
    _told(session, {**told, "open_tasks": left}, line)
    if left and to != "enabled" and not session.json:
        click.echo(say(f"channels.{to}.left", count=left, name=channel.name), err=True)
