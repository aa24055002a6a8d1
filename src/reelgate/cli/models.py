"""`reelgate models`: what can be asked for here, what really serves it, and when it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.client import open_api, run, segment
from reelgate.cli.session import Session, local, pass_session, remote
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.core.catalogue import Difference
    from reelgate.core.dialect import Channel
    from reelgate.engine.context import Context
    from reelgate.engine.models import Diagnosis


@click.group(help=say("models.help"), invoke_without_command=True)
@remote
@click.pass_context
def models(context: click.Context) -> None:
    """Hold the commands about models; alone it lists them."""
    if context.invoked_subcommand is None:
        _list(context.ensure_object(Session))


@models.command("list", help=say("models.list"))
@remote
@pass_session
def list_models(session: Session) -> None:
    """List the models."""
    _list(session)


def _list(session: Session) -> None:
    async def work() -> None:
        async with open_api(session) as api:
            found = await api.get("/v1/models")
        if session.json:
            show.as_json(found)
            return
        columns = ("model", "served_by", "provider", "lengths", "sizes", "usual", "ends")
        show.table(
            [say(f"column.{c}") for c in columns],
            [_row(model) for model in found["data"]],
            empty=say("models.none"),
        )

    run(work())


def _row(model: dict[str, Any]) -> list[str]:
    video: dict[str, Any] = model.get("video") or {}
    return [
        str(model["id"]),
        _served(model, video),
        str(model.get("owned_by", "")),
        allowed(video.get("seconds")),
        allowed(video.get("sizes")),
        _usual(video),
        _ends(model),
    ]


def _served(model: dict[str, Any], video: dict[str, Any]) -> str:
    serves = str(model.get("alias_of") or model["id"])
    return say("models.drawn", model=serves) if video.get("generative") is False else serves


def _usual(video: dict[str, Any]) -> str:
    usual: dict[str, Any] = video.get("usual") or {}
    if usual.get("source") == "measured":
        return say("models.measured", p50=usual["p50"], p90=usual["p90"])
    seconds = video.get("usual_seconds")
    return f"{seconds} s" if seconds else "-"


def _ends(model: dict[str, Any]) -> str:
    sunset: dict[str, Any] | None = model.get("sunset")
    if sunset is None:
        return str(model.get("shutdown_date") or "-")
    return say("models.ends", day=sunset["day"], days=sunset["days_left"])


def allowed(values: list[Any] | dict[str, Any] | None) -> str:
    """Write a list or a range of allowed values; a dash when nothing is known."""
    if isinstance(values, dict):
        return f"{values.get('min')}-{values.get('max')}"
    return ", ".join(map(str, values)) if values else "-"


@models.command("show", help=say("models.show"))
@click.argument("name", metavar="MODEL")
@remote
@pass_session
def show_model(session: Session, name: str) -> None:
    """Show what one model can do."""

    async def work() -> None:
        async with open_api(session) as api:
            model = await api.get(f"/v1/models/{segment(name)}")
        if session.json:
            show.as_json(model)
        else:
            show.facts(_facts(model))

    run(work())


_SWITCHES = ("audio", "audio_switch", "seed", "negative_prompt", "watermark", "private")


def _facts(model: dict[str, Any]) -> list[tuple[str, str]]:
    video: dict[str, Any] = model.get("video") or {}
    inputs: dict[str, int] = video.get("inputs") or {}
    price: dict[str, str] | None = video.get("price")
    cost = "-" if price is None else say("models.price", **price)
    return [
        (say("column.model"), str(model["id"])),
        (say("column.served_by"), _served(model, video)),
        (say("column.provider"), str(model.get("owned_by", ""))),
        (say("models.verbs"), ", ".join(video.get("verbs") or ())),
        (say("column.lengths"), allowed(video.get("seconds"))),
        (say("column.sizes"), allowed(video.get("sizes"))),
        (say("models.shapes"), allowed(video.get("aspect_ratios"))),
        (say("models.inputs"), ", ".join(f"{n} {role}" for role, n in inputs.items()) or "-"),
        (say("models.switches"), ", ".join(name for name in _SWITCHES if video.get(name)) or "-"),
        (say("models.cost"), cost),
        (say("column.usual"), _usual(video)),
        (say("column.ends"), _ends(model)),
    ]


@models.command("alias", help=say("models.alias"))
@click.argument("name", metavar="NAME")
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--remove", is_flag=True, help=say("models.alias.remove"))
@local
@pass_session
def alias(session: Session, name: str, model: str | None, remove: bool) -> None:
    """Let a name stand for a model; without one, say which would do."""

    async def work() -> None:
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            if remove:
                await _forget(session, gateway.ctx, name)
            elif model is None:
                _suggest(session, gateway.ctx, name)
            else:
                await _alias(session, gateway.ctx, name, model)

    run(work())


def _suggest(session: Session, ctx: Context, name: str) -> None:
    from reelgate.engine.route import suggestions

    found = suggestions(ctx, name)
    if session.json:
        show.as_json({"name": name, "alias_of": ctx.channels.aliases().get(name), "suggestions": found})
    elif found:
        click.echo(say("models.alias.could", name=name, models=", ".join(found), first=found[0]))
    else:
        click.echo(say("models.alias.nothing", name=name))


async def _alias(session: Session, ctx: Context, name: str, model: str) -> None:
    from reelgate.cli.trouble import of_failure
    from reelgate.core.errors import CallerError, Code
    from reelgate.engine import aliases

    try:
        await aliases.put(ctx, name, model)
    except CallerError as refused:
        if refused.failure.code is Code.MODEL_RETIRED:
            raise of_failure(refused.failure) from refused
        raise Trouble(say("models.unknown", model=model), exit_code=Exit.NOT_FOUND) from refused
    if session.json:
        show.as_json({"name": name, "alias_of": model})
        return
    direct = ctx.channels.find(name)
    later = direct is not None and direct.alias_of is None
    click.echo(say("models.aliased.later" if later else "models.aliased", name=name, model=model))


async def _forget(session: Session, ctx: Context, name: str) -> None:
    from reelgate.engine import aliases

    if not await aliases.remove(ctx, name):
        raise Trouble(say("models.no_alias", name=name), exit_code=Exit.NOT_FOUND)
    if session.json:
        show.as_json({"name": name, "removed": True})
    else:
        click.echo(say("models.alias.removed", name=name))


@models.command("doctor", help=say("models.doctor"))
@click.argument("channels", metavar="[CHANNEL]...", nargs=-1)
@click.option("--learn", is_flag=True, help=say("models.learn"))
@local
@pass_session
def doctor(session: Session, channels: tuple[str, ...], learn: bool) -> None:
    """Compare models with what their upstreams list, and say what ends."""

    async def work() -> bool:
        from reelgate.cli import local as here
        from reelgate.engine.models import diagnose, endings

        async with here.opened(session.settings()) as gateway:
            ctx = gateway.ctx
            found = await diagnose(ctx, _named(ctx, channels), learn=learn)
            ending = endings(ctx)
        import msgspec

        if session.json:
            show.as_json(msgspec.to_builtins({"channels": found, "endings": ending}))
        else:
            _tell(found)
            for one in ending:
                heirs = ", ".join(heir.model for heir in one.heirs) or "-"
                day, state = one.sunset.day, say(f"models.state.{one.sunset.state}")
                instead = one.alias or heirs
                click.echo(
                    say(
                        "models.ending",
                        model=one.model,
                        channel=one.channel,
                        day=day,
                        state=state,
                        to=instead,
                    )
                )
        return all(one.sound for one in found)

    if not run(work()):
        raise Trouble(say("models.differ"), next_step=say("models.differ.next"))


def _named(ctx: Context, names: tuple[str, ...]) -> list[Channel]:
    every = ctx.channels.all()
    found = [channel for channel in every if not names or channel.name in names or channel.id in names]
    known = {word for channel in found for word in (channel.name, channel.id)}
    missing = [name for name in names if name not in known]
    if missing:
        raise Trouble(say("channels.unknown", name=missing[0]), exit_code=Exit.NOT_FOUND)
    return found


def _tell(found: list[Diagnosis]) -> None:
    columns = ("channel", "model", "finding")
    rows = [row for one in found for row in _told(one)]
    show.table([say(f"column.{c}") for c in columns], rows, empty=say("channels.none"))


def _told(one: Diagnosis) -> list[list[str]]:
    rows = [[one.channel, name, say("models.learned")] for name in one.learned]
    if one.state != "compared":
        return [[one.channel, "-", say(f"models.doctor.{one.state}")]]
    rows += [[one.channel, d.model, _difference(d)] for d in one.differences]
    return rows or [[one.channel, "-", say("models.doctor.same", count=one.listed)]]


def _difference(d: Difference) -> str:
    return say(
        f"models.differs.{d.kind.value}", upstream=d.upstream_model, what=d.what, here=d.here, there=d.there
    )
