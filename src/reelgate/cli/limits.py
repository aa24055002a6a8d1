"""`reelgate limits`: how often, how much at once, and in whose turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reelgate.core.limits import Allowance
    from reelgate.engine.context import Context

SUBJECTS = ("key", "user", "channel")
FIELDS = ("requests_per_minute", "calls_per_minute", "concurrency", "weight", "priority", "max_priority")
ONLY_USERS = ("weight",)
NOT_CHANNELS = ("weight", "priority", "max_priority")
MOST = 1_000_000
"""The same bounds as in `core.limits` and `core.fairness`, kept here so that help stays quick; a test compares them."""
HEAVIEST = 20
HIGHEST = 100

subject_argument = click.argument("subject", type=click.Choice(SUBJECTS))
name_argument = click.argument("name", metavar="NAME|ID")


@click.group(help=say("limits.help"))
def limits() -> None:
    """Hold the commands about limits."""


@limits.command("list", help=say("limits.list"))
@local
@pass_session
def list_limits(session: Session) -> None:
    """Show every limit that is set."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.store import limits as rows

        async with here.opened(session.settings()) as gateway:
            found = await gateway.ctx.backend.read(rows.all_allowances)
            names = await _names(gateway.ctx)
        if session.json:
            show.as_json([_as_json(one, names) for one in found])
            return
        show.table(
            [say(f"column.{c}") for c in ("limited", "name", *FIELDS)],
            [_row(one, names) for one in found],
            empty=say("limits.none"),
        )

    run(work())


@limits.command("set", help=say("limits.set"))
@subject_argument
@name_argument
@click.option(
    "--rpm", "requests_per_minute", type=click.IntRange(0, MOST), help=say("limits.requests_per_minute")
)
@click.option(
    "--calls", "calls_per_minute", type=click.IntRange(0, MOST), help=say("limits.calls_per_minute")
)
@click.option("--concurrency", type=click.IntRange(0, MOST), help=say("limits.concurrency"))
@click.option("--weight", type=click.IntRange(1, HEAVIEST), help=say("limits.weight"))
@click.option("--priority", type=click.IntRange(-HIGHEST, HIGHEST), help=say("limits.priority"))
@click.option("--max-priority", type=click.IntRange(-HIGHEST, HIGHEST), help=say("limits.max_priority"))
@local
@pass_session
def set_limits(session: Session, subject: str, name: str, **given: int | None) -> None:
    """Change the limits that are named and leave the others."""
    wanted = {field: value for field, value in given.items() if value is not None}
    _must_fit(subject, wanted)

    async def work() -> None:
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            subject_id, full_name = await _find(gateway.ctx, subject, name)
            kept = await _set(gateway.ctx, subject, subject_id, wanted)
        if session.json:
            show.as_json(_as_json(kept, {(subject, subject_id): full_name}))
            return
        click.echo(say("limits.changed", subject=subject, name=full_name))

    run(work())


@limits.command("clear", help=say("limits.clear"))
@subject_argument
@name_argument
@local
@pass_session
def clear_limits(session: Session, subject: str, name: str) -> None:
    """Leave a key, user or channel to the defaults again."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.core.limits import Allowance, Subject
        from reelgate.engine.limits import set_allowance

        async with here.opened(session.settings()) as gateway:
            subject_id, full_name = await _find(gateway.ctx, subject, name)
            await set_allowance(gateway.ctx, Allowance(subject=Subject(subject), id=subject_id))
        if session.json:
            show.as_json({"subject": subject, "id": subject_id, "cleared": True})
            return
        click.echo(say("limits.cleared", subject=subject, name=full_name))

    run(work())


def _must_fit(subject: str, wanted: dict[str, int]) -> None:
    """Refuse what means nothing for this kind of subject, or nothing at all."""
    if not wanted:
        raise Trouble(say("limits.nothing"), exit_code=Exit.USAGE)
    wrong = NOT_CHANNELS if subject == "channel" else ONLY_USERS if subject == "key" else ()
    for field in wrong:
        if field in wanted:
            raise Trouble(
                say("limits.unfit", option=f"--{field.replace('_', '-')}", subject=subject),
                exit_code=Exit.USAGE,
            )
    if subject == "channel" and wanted.get("concurrency") == 0:
        raise Trouble(say("limits.no_slots"), exit_code=Exit.USAGE, next_step=say("limits.no_slots.next"))


async def _set(ctx: Context, subject: str, subject_id: str, wanted: dict[str, int]) -> Allowance:
    import msgspec

    from reelgate.core.limits import Allowance, Subject
    from reelgate.engine.limits import set_allowance
    from reelgate.store import channels as channel_rows

    if subject == "channel" and "concurrency" in wanted:
        # How many tasks a channel works on at once is part of the channel itself.
        channel = await ctx.backend.point(lambda conn: channel_rows.get(conn, subject_id))
        assert channel is not None  # noqa: S101 - found a moment ago
        changed = msgspec.structs.replace(channel, concurrency=wanted["concurrency"])
        await ctx.backend.write(lambda conn: channel_rows.update_channel(conn, changed, ctx.clock.now_ms()))
        wanted = {field: value for field, value in wanted.items() if field != "concurrency"}
    await ctx.allowances.reload(ctx.backend)
    before = ctx.allowances.of(Subject(subject), subject_id)
    before = before or Allowance(subject=Subject(subject), id=subject_id)
    kept = msgspec.structs.replace(before, **wanted)
    await set_allowance(ctx, kept)
    return kept


async def _names(ctx: Context) -> dict[tuple[str, str], str]:
    """Give the name of every key in use, user and channel by kind and id."""
    from reelgate.store import channels as channel_rows
    from reelgate.store import keys as key_rows
    from reelgate.store import users as user_rows

    keys = [key for key in await ctx.backend.read(key_rows.all_keys) if key.revoked_at is None]
    named: dict[str, Sequence[Any]] = {
        "key": keys,
        "user": await ctx.backend.read(user_rows.all_users),
        "channel": await ctx.backend.read(channel_rows.all_channels),
    }
    return {(subject, one.id): one.name for subject, found in named.items() for one in found}


async def _find(ctx: Context, subject: str, name: str) -> tuple[str, str]:
    names = await _names(ctx)
    found = [
        (one_id, full) for (kind, one_id), full in names.items() if kind == subject and name in (one_id, full)
    ]
    if not found:
        raise Trouble(say("limits.unknown", subject=subject, name=name), exit_code=Exit.NOT_FOUND)
    if len(found) > 1:
        raise Trouble(
            say("limits.several", subject=subject, name=name, ids=", ".join(one_id for one_id, _ in found)),
            exit_code=Exit.USAGE,
            next_step=say("limits.several.next"),
        )
    return found[0]


def _as_json(one: Allowance, names: dict[tuple[str, str], str]) -> dict[str, Any]:
    whose = {"subject": one.subject.value, "id": one.id, "name": names.get((one.subject.value, one.id))}
    return {**whose, **{field: getattr(one, field) for field in FIELDS}}


def _row(one: Allowance, names: dict[tuple[str, str], str]) -> list[str]:
    values = [getattr(one, field) for field in FIELDS]
    shown = ["-" if value is None else str(value) for value in values]
    return [one.subject.value, names.get((one.subject.value, one.id), one.id), *shown]
