"""Projects: what tasks, files and money belong to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, bindparam, or_, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.people import Role
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import projects, team_members


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A place that separates one tenant's work from another's."""

    id: str
    user_id: str
    name: str
    created_at: int
    team_id: str | None = None
    """Whose members share it; None for one that is its owner's alone."""


class Reach(msgspec.Struct, frozen=True):
    """A project as far as one user gets into it."""

    id: str
    name: str
    team_id: str | None
    team_role: Role | None
    """What they are in the team; None in a project of their own."""


_FIELDS: Final = names_of(Project)
_INSERT: Final = insert_into(projects)
_ALL: Final = select(*columns_of(projects, Project)).order_by(projects.c.created_at, projects.c.id)
_GET: Final = Prepared(select(*columns_of(projects, Project)).where(projects.c.id == bindparam("project_id")))
_MOVE: Final = update(projects).where(projects.c.id == bindparam("b_id"))

_MINE: Final = and_(
    projects.c.team_id == team_members.c.team_id, team_members.c.user_id == bindparam("user_id")
)
_REACHED: Final = (
    select(projects.c.id, projects.c.name, projects.c.team_id, team_members.c.role)
    .select_from(projects.outerjoin(team_members, _MINE))
    .where(
        or_(
            and_(projects.c.team_id.is_(None), projects.c.user_id == bindparam("user_id")),
            team_members.c.role.is_not(None),
        )
    )
)
_ONE: Final = Prepared(_REACHED.where(projects.c.id == bindparam("project_id")))
_HOME: Final = Prepared(
    select(projects.c.id, projects.c.name)
    .where(
        projects.c.user_id == bindparam("user_id"),
        projects.c.team_id.is_(None),
        projects.c.id != bindparam("but"),
    )
    .order_by(projects.c.created_at, projects.c.id)
    .limit(1)
)
_OF_USER: Final = Prepared(_REACHED.order_by(projects.c.created_at, projects.c.id))


def _project(row: Iterable[Any]) -> Project:
    return Project(**named(_FIELDS, row))


def _reach(row: Iterable[Any]) -> Reach:
    project_id, name, team_id, role = row
    return Reach(project_id, name, team_id, None if role is None else Role(role))


def insert(conn: Connection, project: Project) -> None:
    """Write a new project."""
    conn.execute(_INSERT, values_of(project))


def get(conn: Connection, project_id: str) -> Project | None:
    """Give a project."""
    row = _GET.first(conn, {"project_id": project_id})
    return None if row is None else _project(row)


def all_projects(conn: Connection) -> list[Project]:
    """List every project, oldest first."""
    return [_project(row) for row in conn.execute(_ALL)]


def reached(conn: Connection, user_id: str, project_id: str) -> Reach | None:
    """Give a project as far as a user gets into it: their own, or one of their teams'; None for any other."""
    row = _ONE.first(conn, {"user_id": user_id, "project_id": project_id})
    return None if row is None else _reach(row)


def home(conn: Connection, user_id: str, *, but: str = "") -> Reach | None:
    """Give a user's first project of their own, other than `but`."""
    row = _HOME.first(conn, {"user_id": user_id, "but": but})
    return None if row is None else Reach(row[0], row[1], None, None)


def of_user(conn: Connection, user_id: str) -> list[Reach]:
    """List every project a user gets into, oldest first."""
    return [_reach(row) for row in _OF_USER.all(conn, {"user_id": user_id})]


def share(conn: Connection, project_id: str, team_id: str | None) -> bool:
    """Open a project to a team, or to its owner alone; False when there is none."""
    return conn.execute(_MOVE.values(team_id=team_id), {"b_id": project_id}).rowcount == 1


def rename(conn: Connection, project_id: str, name: str) -> bool:
    """Call a project something else; False when there is none."""
    return conn.execute(_MOVE.values(name=name), {"b_id": project_id}).rowcount == 1
