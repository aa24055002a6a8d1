"""`reelgate teams`: people who share projects."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from reelgate.cli import show
from reelgate.cli.client import run
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.app import Gateway

TEAM_ROLES = ("member", "viewer")
"""The same words as `auth.people.IN_TEAMS`, kept here so that help stays quick; a test compares them."""

team_argument = click.argument("team", metavar="NAME|ID")
user_argument = click.argument("user", metavar="LOGIN|EMAIL|ID")


@click.group(help=say("teams.help"))
def teams() -> None:
    """Hold the commands about teams."""


@teams.command("list", help=say("teams.list"))
@local
@pass_session
def list_teams(session: Session) -> None:
    """Show every team with who is in it and what it shares."""

    async def work() -> None:
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            found = await _all(gateway)
        if session.json:
            show.as_json(found)
            return
        show.table(
            [say(f"column.{c}") for c in ("id", "name", "members", "projects")],
            [[t["id"], t["name"], " ".join(t["members"]) or "-", " ".join(t["projects"])] for t in found],
            empty=say("teams.none"),
        )

    run(work())


async def _all(gateway: Gateway) -> list[dict[str, Any]]:
    from reelgate.store import teams as rows
    from reelgate.store import users as user_rows
    from reelgate.store.backend import Connection

    def work(conn: Connection) -> list[dict[str, Any]]:
        names = {user.id: user.login or user.id for user in user_rows.all_users(conn)}
        return [
            {
                "id": team.id,
                "name": team.name,
                "members": [f"{names[m.user_id]}:{m.role.value}" for m in rows.members(conn, team.id)],
                "projects": rows.shared_projects(conn, team.id),
            }
            for team in rows.all_teams(conn)
        ]

    return await gateway.ctx.backend.read(work)


@teams.command("create", help=say("teams.create"))
@click.argument("name")
@local
@pass_session
def create(session: Session, name: str) -> None:
    """Make a team with a project its members share."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            made = await people.new_team(gateway.access, name)
        _said(session, say("teams.created", name=made.name, id=made.id), {"id": made.id, "name": made.name})

    run(work())


@teams.command("add", help=say("teams.add"))
@team_argument
@user_argument
@click.option(
    "--role", type=click.Choice(TEAM_ROLES), default="member", show_default=True, help=say("teams.role")
)
@local
@pass_session
def add_member(session: Session, team: str, user: str, role: str) -> None:
    """Take a user into a team."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here
        from reelgate.core.people import Role

        async with here.opened(session.settings()) as gateway:
            into = await people.team(gateway.access, team)
            who = await people.find(gateway.access, user)
            await people.put_member(gateway.access, into.id, who.id, Role(role))
        said = say("teams.added", login=who.login or who.id, name=into.name, role=role)
        _said(session, said, {"team": into.id, "user": who.id, "role": role})

    run(work())


@teams.command("remove", help=say("teams.remove"))
@team_argument
@user_argument
@local
@pass_session
def remove_member(session: Session, team: str, user: str) -> None:
    """Take a user out of a team."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            out_of = await people.team(gateway.access, team)
            who = await people.find(gateway.access, user)
            await people.remove_member(gateway.access, out_of.id, who.id)
        said = say("teams.removed", login=who.login or who.id, name=out_of.name)
        _said(session, said, {"team": out_of.id, "user": who.id, "removed": True})

    run(work())


@teams.command("share", help=say("teams.share"))
@click.argument("project", metavar="PROJECT_ID")
@click.argument("team", metavar="NAME|ID", required=False)
@local
@pass_session
def share(session: Session, project: str, team: str | None) -> None:
    """Open a project to a team, or to its owner alone again."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            with_team = None if team is None else await people.team(gateway.access, team)
            await people.share(gateway.access, project, None if with_team is None else with_team.id)
        said = (
            say("teams.unshared", project=project)
            if with_team is None
            else say("teams.shared", project=project, name=with_team.name)
        )
        _said(session, said, {"project": project, "team": None if with_team is None else with_team.id})

    run(work())


@teams.command("dissolve", help=say("teams.dissolve"))
@team_argument
@local
@pass_session
def dissolve(session: Session, team: str) -> None:
    """Remove a team; its projects go back to their owners."""

    async def work() -> None:
        from reelgate.auth import people
        from reelgate.cli import local as here

        async with here.opened(session.settings()) as gateway:
            found = await people.team(gateway.access, team)
            await people.dissolve(gateway.access, found.id)
        _said(session, say("teams.dissolved", name=found.name), {"id": found.id, "dissolved": True})

    run(work())


def _said(session: Session, said: str, facts: dict[str, Any]) -> None:
    if session.json:
        show.as_json(facts)
        return
    click.echo(said)
