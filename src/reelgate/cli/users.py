"""`reelgate users`: who there is, what they may do, and the links that let them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.words import say

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from reelgate.app import Gateway
    from reelgate.auth.people import Sent
    from reelgate.store.users import User

ROLES = ("admin", "operator", "member", "viewer")
"""The same words as `core.people.Role`, kept here so that help stays quick; a test compares them."""

role_option = click.option(
    "--role", type=click.Choice(ROLES), default="member", show_default=True, help=say("users.role")
)
user_argument = click.argument("user", metavar="LOGIN|EMAIL|ID")


@click.group(help=say("users.help"))
def users() -> None:
    """Hold the commands about users."""


@users.command("list", help=say("users.list"))
@local
@pass_session
def list_users(session: Session) -> None:
    """Show every user."""

    async def work() -> None:
        from reelgate.cli import local as here
        from reelgate.store import users as rows

        async with here.opened(session.settings()) as gateway:
            found = await gateway.ctx.backend.read(rows.all_users)
        if session.json:
            show.as_json([as_json(user) for user in found])
            return
        show.table(
            [say(f"column.{c}") for c in ("id", "login", "name", "role", "state", "last_login")],
            [_row(user) for user in found],
            empty=say("users.none"),
        )

    run(work())


@users.command("add", help=say("users.add"))
@click.argument("login")
@role_option
@click.option("--name", help=say("users.add.name"))
@click.option("--email", help=say("users.add.email"))
@click.option("--password-file", metavar="FILE|-", help=say("users.add.password"))
@local
@pass_session
def add_user(
    session: Session, login: str, role: str, name: str | None, email: str | None, password_file: str | None
) -> None:
    """Make an account; without a password, print a link by which its holder chooses one."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here
        from reelgate.core.people import Role

        password = None if password_file is None else here.read_secret(password_file)
        async with here.opened(session.settings()) as gateway:
            what, sent = Role(role), None
            if password is None:
                user, sent = await people.welcome(
                    gateway.access, login=login, role=what, name=name, email=email
                )
            else:
                user = await people.create(
                    gateway.access, login=login, role=what, name=name, email=email, password=password
                )
            _tell(session, gateway, say("users.added", login=user.login, role=role), user, sent)

    run(work())


@users.command("link", help=say("users.link"))
@local
@pass_session
def link(session: Session) -> None:
    """Print the link by which somebody becomes the first administrator."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            sent = await people.setup_link(gateway.access)
            _tell(session, gateway, say("users.link.made"), None, sent)

    run(work())


@users.command("invite", help=say("users.invite"))
@role_option
@click.option("--team", help=say("users.invite.team"))
@click.option("--note", default="", help=say("users.invite.note"))
@local
@pass_session
def invite(session: Session, role: str, team: str | None, note: str) -> None:
    """Print a link by which one person becomes a user."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here
        from reelgate.core.people import Role

        async with here.opened(session.settings()) as gateway:
            team_id = None if team is None else (await people.team(gateway.access, team)).id
            sent = await people.invite(gateway.access, role=Role(role), team_id=team_id, note=note)
            _tell(session, gateway, say("users.invite.made", role=role), None, sent)

    run(work())


@users.command("role", help=say("users.role.set"))
@user_argument
@click.argument("role", type=click.Choice(ROLES))
@local
@pass_session
def set_role(session: Session, user: str, role: str) -> None:
    """Make a user something else."""

    async def change(gateway: Gateway, user_id: str) -> User:
        from reelgate.auth import people
        from reelgate.core.people import Role

        return await people.set_role(gateway.access, user_id, Role(role))

    _change(session, user, change, lambda login: say("users.role.done", login=login, role=role))


@users.command("disable", help=say("users.disable"))
@user_argument
@local
@pass_session
def disable(session: Session, user: str) -> None:
    """Shut a user out."""

    async def change(gateway: Gateway, user_id: str) -> User:
        from reelgate.auth import people

        return await people.disable(gateway.access, user_id)

    _change(session, user, change, lambda login: say("users.disable.done", login=login))


@users.command("enable", help=say("users.enable"))
@user_argument
@local
@pass_session
def enable(session: Session, user: str) -> None:
    """Let a user in again."""

    async def change(gateway: Gateway, user_id: str) -> User:
        from reelgate.auth import people

        return await people.enable(gateway.access, user_id)

    _change(session, user, change, lambda login: say("users.enable.done", login=login))


@users.command("reset", help=say("users.reset"))
@user_argument
@local
@pass_session
def reset(session: Session, user: str) -> None:
    """Print a link by which a user chooses another password."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            found = await people.find(gateway.access, user)
            sent = await people.reset_link(gateway.access, found.id)
            _tell(session, gateway, say("users.reset.made", login=found.login or found.id), found, sent)

    run(work())


@users.command("logout", help=say("users.logout"))
@user_argument
@local
@pass_session
def logout(session: Session, user: str) -> None:
    """End every sign-in of a user."""

    async def work() -> None:
        from reelgate.auth import people, sessions
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            found = await people.find(gateway.access, user)
            count = await sessions.end_all(gateway.access, found.id)
        if session.json:
            show.as_json({"id": found.id, "ended": count})
            return
        click.echo(say("users.logout.done", login=found.login or found.id, count=count))

    run(work())


def _change(
    session: Session,
    wanted: str,
    change: Callable[[Gateway, str], Awaitable[User]],
    said: Callable[[str], str],
) -> None:
    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            found = await people.find(gateway.access, wanted)
            user = await change(gateway, found.id)
        if session.json:
            show.as_json(as_json(user))
            return
        click.echo(said(user.login or user.id))

    run(work())


def _tell(session: Session, gateway: Gateway, said: str, user: User | None, sent: Sent | None) -> None:
    from reelgate.cli import local as here

    address = None if sent is None else here.link_address(gateway.settings, sent)
    if session.json:
        about = {} if user is None else as_json(user)
        show.as_json(
            {**about, "link": address, "expires_at": None if sent is None else sent.link.expires_at // 1000}
        )
        return
    click.echo(said, err=address is not None)
    if sent is not None:
        click.echo(address)
        click.echo(say("users.expires", moment=show.moment(sent.link.expires_at // 1000)), err=True)


def as_json(user: User) -> dict[str, Any]:
    """Give what may be shown of a user; never the password's digest."""
    return {
        "id": user.id,
        "login": user.login,
        "name": user.name,
        "email": user.email,
        "role": user.role.value,
        "created_at": user.created_at // 1000,
        "last_login_at": user.last_login_at // 1000 if user.last_login_at else None,
        "disabled_at": user.disabled_at // 1000 if user.disabled_at else None,
    }


def _row(user: User) -> list[str]:
    last = user.last_login_at // 1000 if user.last_login_at else None
    state = say("users.disabled" if user.disabled_at else "users.active")
    return [user.id, user.login or "-", user.name, user.role.value, state, show.moment(last)]
