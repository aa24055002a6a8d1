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
    from reelgate.store.keys import Key

SCOPES = (
    "videos:read",
    "videos:write",
    "files:read",
    "files:write",
    "webhooks:read",
    "webhooks:write",
    "admin",
)
"""The same words as `auth.scopes.Scope`, kept here so that help stays quick; a test compares them."""

scope_option = click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES), help=say("keys.scope")
)


@click.group(help=say("keys.help"))
def keys() -> None:
    """Hold the commands about keys."""


@keys.command("create", help=say("keys.create"))
@click.argument("name")
@scope_option
@local
@pass_session
def create_key(session: Session, name: str, scopes: tuple[str, ...]) -> None:
    """Make a key and show it."""

    async def work() -> None:
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            made = await here.add_key(gateway, name, scopes=scopes)
        if session.json:
            show.as_json({"id": made.id, "key": made.token})
            return
        click.echo(say("keys.created", id=made.id), err=True)
        click.echo(made.token)

    run(work())


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
