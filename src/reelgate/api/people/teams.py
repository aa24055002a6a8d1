"""Teams as an administrator sees them: who is in them and what they share, under `/api/admin/teams`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from reelgate.api import noting
from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, Many, Nothing, done, moment, taken
from reelgate.api.people.account import Named
from reelgate.api.people.listing import PAGED, cut, named
from reelgate.api.queries import missing
from reelgate.auth import people
from reelgate.core.people import Role
from reelgate.store import projects as project_rows
from reelgate.store import teams as rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection
from reelgate.store.teams import Team


class Member(msgspec.Struct, frozen=True, rename="camel"):
    """Somebody in a team."""

    user_id: str
    name: str
    role: Role


class SharedProject(msgspec.Struct, frozen=True):
    """A project a team shares."""

    id: str
    name: str


class ShownTeam(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A team with its people and projects."""

    id: str
    name: str
    members: list[Member]
    projects: list[SharedProject]
    created_at: str | None


class PutMember(msgspec.Struct, frozen=True):
    """What somebody is in a team."""

    role: Annotated[Role, Meta(description="`member` or `viewer`")] = Role.MEMBER


def _shown(conn: Connection, team: Team) -> ShownTeam:
    members: list[Member] = []
    for one in rows.members(conn, team.id):
        user = user_rows.get(conn, one.user_id)
        members.append(Member(one.user_id, "" if user is None else user.name, one.role))
    projects: list[SharedProject] = []
    for project_id in rows.shared_projects(conn, team.id):
        project = project_rows.get(conn, project_id)
        projects.append(SharedProject(project_id, "" if project is None else project.name))
    return ShownTeam(
        id=team.id, name=team.name, members=members, projects=projects, created_at=moment(team.created_at)
    )


def _id(asked: Asked) -> str:
    return named(asked, "team_id", "team", "team")


async def _answer(asked: Asked, team_id: str, status: int = 200) -> Response:
    def work(conn: Connection) -> ShownTeam | None:
        team = rows.get(conn, team_id)
        return None if team is None else _shown(conn, team)

    found = await asked.ctx.backend.read(work)
    if found is None:
        raise missing("team", team_id)
    return done(found, status)


async def page(asked: Asked) -> Response:
    """List teams, newest first."""
    found = await asked.ctx.backend.read(lambda conn: [_shown(conn, team) for team in rows.all_teams(conn)])
    return cut(asked, found[::-1], lambda team: team.id, lambda team: team)


async def create(asked: Asked) -> Response:
    """Make a team with a project its members share."""
    wish = await taken(asked, Named)
    made = await people.new_team(asked.access, wish.name)
    return await _answer(asked, made.id, 201)


async def retrieve(asked: Asked) -> Response:
    """Give a team."""
    return await _answer(asked, _id(asked))


async def delete(asked: Asked) -> Response:
    """Remove a team; its projects go back to their owners."""
    await people.dissolve(asked.access, _id(asked))
    return done(Nothing())


async def put_member(asked: Asked) -> Response:
    """Take a user into a team, or make them something else in it."""
    wish = await taken(asked, PutMember)
    team_id, user_id = _id(asked), named(asked, "user_id", "user", "user")
    was = await asked.ctx.backend.point(lambda conn: rows.members(conn, team_id, user_id))
    if was:
        noting.before(asked, {"role": was[0].role.value})
    await people.put_member(asked.access, team_id, user_id, wish.role)
    return await _answer(asked, team_id)


async def remove_member(asked: Asked) -> Response:
    """Take a user out of a team."""
    team_id = _id(asked)
    await people.remove_member(asked.access, team_id, named(asked, "user_id", "user", "user"))
    return await _answer(asked, team_id)


async def put_project(asked: Asked) -> Response:
    """Open a project to a team."""
    team_id = _id(asked)
    await people.share(asked.access, named(asked, "project_id", "proj", "project"), team_id)
    return await _answer(asked, team_id)


async def remove_project(asked: Asked) -> Response:
    """Take a project back from a team; it is its owner's alone again."""
    team_id, project_id = _id(asked), named(asked, "project_id", "proj", "project")
    shared = await asked.ctx.backend.point(lambda conn: rows.shared_projects(conn, team_id))
    if project_id not in shared:
        raise missing("project of this team", project_id)
    await people.share(asked.access, project_id, None)
    return await _answer(asked, team_id)


def _operation(method: Any, path: str, handler: Any, summary: str, **more: Any) -> Operation:
    more.setdefault("gives", Done[ShownTeam])
    whole = f"/api/admin/teams{path}"
    return Operation(method=method, path=whole, handler=handler, summary=summary, tag="admin", **more)


_ONE: Final = "/{team_id}"
_MEMBER: Final = f"{_ONE}/members/{{user_id}}"
_PROJECT: Final = f"{_ONE}/projects/{{project_id}}"

OPERATIONS: Final = (
    _operation("GET", "", page, "List teams", query=PAGED, gives=Many[ShownTeam]),
    _operation("POST", "", create, "Make a team", takes=Named, status=201),
    _operation("GET", _ONE, retrieve, "Give a team"),
    _operation("DELETE", _ONE, delete, "Remove a team", gives=Done[Nothing]),
    _operation("PUT", _MEMBER, put_member, "Take a user into a team", takes=PutMember),
    _operation("DELETE", _MEMBER, remove_member, "Take a user out of a team"),
    _operation("PUT", _PROJECT, put_project, "Open a project to a team"),
    _operation("DELETE", _PROJECT, remove_project, "Take a project back from a team"),
)
