"""`reelgate keys`: who may come in. A key is shown once, when it is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.app import Gateway
    from reelgate.auth.keys import Grant
    from reelgate.store.keys import Key

SCOPES = (
    "videos:read",
    "videos:write",
    "files:read",
    "files:write",
    "webhooks:read",
    "webhooks:write",
    "account",
    "operate",
    "admin",
)
"""The same words as `auth.scopes.Scope`, kept here so that help stays quick; a test compares them."""

WINDOWS = ("day", "month", "total")
"""The same words as `core.people.BudgetWindow`."""

scope_option = click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=say("keys.scope")
)


@click.group(help=say("keys.help"))
def keys() -> None:
    """Hold the commands about keys."""


@keys.command("create", help=say("keys.create"))
@click.argument("name")
@scope_option
@click.option("--model", "models", multiple=True, help=say("keys.models"))
@click.option("--budget", help=say("keys.budget"))
@click.option("--currency", default="USD", show_default=True, help=say("keys.currency"))
@click.option(
    "--every",
    "window",
    type=click.Choice(WINDOWS),
    default="total",
    show_default=True,
    help=say("keys.window"),
)
@click.option("--days", type=click.IntRange(1, 3_650), help=say("keys.days"))
@click.option("--user", help=say("keys.user"))
@click.option("--project", help=say("keys.project"))
@local
@pass_session
def create_key(session: Session, name: str, scopes: tuple[str, ...], **more: Any) -> None:
    """Make a key and show it."""

    async def work() -> None:
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            grant = _grant(gateway, **more)
            user_id, project_id = await _holder(gateway, more["user"], more["project"])
            made = await here.add_key(
                gateway, name, scopes=scopes, user_id=user_id, project_id=project_id, grant=grant
            )
        if session.json:
            show.as_json({"id": made.id, "key": made.token})
            return
        click.echo(say("keys.created", id=made.id), err=True)
        click.echo(made.token)

    run(work())


def _grant(
    gateway: Gateway, *, models: tuple[str, ...], budget: str | None, days: int | None, **more: str
) -> Grant:
    from reelgate.auth.keys import Grant
    from reelgate.core.money import read
    from reelgate.core.people import BudgetWindow

    amount = None if budget is None else read(budget)
    if budget is not None and (amount is None or amount < 0):
        raise Trouble(say("keys.amount", text=budget), exit_code=Exit.USAGE)
    now = gateway.ctx.clock.now_ms()
    return Grant(
        models=models or None,
        budget=amount,
        currency=more["currency"].upper(),
        window=BudgetWindow(more["window"]),
        expires_at=None if days is None else now + days * 86_400_000,
    )


async def _holder(gateway: Gateway, user: str | None, project: str | None) -> tuple[str, str]:
    from reelgate.auth import people
    from reelgate.auth.keys import check_owner
    from reelgate.store import projects as project_rows
    from reelgate.store.tables import DEFAULT_USER

    user_id = DEFAULT_USER if user is None else (await people.find(gateway.access, user)).id
    if project is None:
        home = await gateway.ctx.backend.point(lambda conn: project_rows.home(conn, user_id))
        project = "" if home is None else home.id
    await check_owner(gateway.ctx.backend, user_id, project)
    return user_id, project


@keys.command("import", help=say("keys.import"))
@click.argument("name")
@click.option("--secret-file", metavar="FILE|-", default="-", show_default=True, help=say("keys.import.file"))
@scope_option
@local
@pass_session
def import_key(session: Session, name: str, secret_file: str, scopes: tuple[str, ...]) -> None:
    """Let in clients that already have a key."""

    async def work() -> None:
        from reelgate.cli import local as here

        token = here.read_secret(secret_file)
        async with here.opened(session.settings()) as gateway:
            made = await here.add_key(gateway, name, scopes=scopes, token=token)
        if session.json:
            show.as_json({"id": made.id})
            return
        click.echo(say("keys.imported", id=made.id))

    run(work())


@keys.command("list", help=say("keys.list"))
@local
@pass_session
def list_keys(session: Session) -> None:
    """Show every key, never the secret itself."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.store import keys as key_rows

        async with here.opened(session.settings()) as gateway:
            found = await gateway.ctx.backend.read(key_rows.all_keys)
        if session.json:
            show.as_json([_as_json(key) for key in found])
            return
        show.table(
            [say(f"column.{c}") for c in ("id", "name", "key", "scopes", "state", "created", "last_used")],
            [_row(key) for key in found],
            empty=say("keys.none"),
        )

    run(work())


def _as_json(key: Key) -> dict[str, Any]:
    return {
        "id": key.id,
        "name": key.name,
        "hint": key.hint,
        "scopes": list(key.scopes),
        "user_id": key.user_id,
        "project_id": key.project_id,
        "models": None if key.models is None else list(key.models),
        "budget": key.budget,
        "budget_currency": key.budget_currency,
        "budget_window": None if key.budget_window is None else key.budget_window.value,
        "expires_at": key.expires_at // 1000 if key.expires_at else None,
        "created_at": key.created_at // 1000,
        "last_used_at": key.last_used_at // 1000 if key.last_used_at else None,
        "revoked_at": key.revoked_at // 1000 if key.revoked_at else None,
    }


def _row(key: Key) -> list[str]:
    state = say("keys.gone" if key.revoked_at else "keys.active")
    last = key.last_used_at // 1000 if key.last_used_at else None
    return [
        key.id,
        key.name,
        key.hint,
        " ".join(key.scopes),
        state,
        show.moment(key.created_at // 1000),
        show.moment(last),
    ]


@keys.command("revoke", help=say("keys.revoke"))
@click.argument("key", metavar="ID|NAME")
@local
@pass_session
def revoke_key(session: Session, key: str) -> None:
    """Close a key for good."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.store import keys as key_rows

        async with here.opened(session.settings()) as gateway:
            found = await gateway.ctx.backend.read(key_rows.all_keys)
            one = _the_one(found, key)
            now = gateway.ctx.clock.now_ms()
            await gateway.ctx.backend.write(lambda conn: key_rows.revoke(conn, one.id, now))
        if session.json:
            show.as_json({"id": one.id, "revoked": True})
            return
        click.echo(say("keys.revoked", id=one.id))

    run(work())


def _the_one(found: list[Key], wanted: str) -> Key:
    living = [key for key in found if key.revoked_at is None and wanted in (key.id, key.name)]
    if not living:
        raise Trouble(say("keys.unknown", id=wanted), exit_code=Exit.NOT_FOUND)
    if len(living) > 1:
        ids = ", ".join(key.id for key in living)
        raise Trouble(
            say("keys.several", name=wanted, ids=ids),
            exit_code=Exit.USAGE,
            next_step=say("keys.several.next"),
        )
    return living[0]
