"""Teams: people who share projects."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import IntegrityError

from reelgate.core.people import Role
from reelgate.store.rows import values_of
from reelgate.store.tables import projects, team_members, teams
from reelgate.store.upsert import Upsert
from reelgate.store.users import Taken


class Team(msgspec.Struct, frozen=True, kw_only=True):
    """People who share projects."""

    id: str
    name: str
    created_at: int


class Membership(msgspec.Struct, frozen=True):
    """One person in one team."""

    team_id: str
    user_id: str
    role: Role


_ALL: Final = select(teams.c.id, teams.c.name, teams.c.created_at).order_by(teams.c.created_at, teams.c.id)
_MEMBERS: Final = select(team_members.c.team_id, team_members.c.user_id, team_members.c.role).order_by(
    team_members.c.team_id, team_members.c.created_at, team_members.c.user_id
)
_PUT: Final = Upsert(team_members, ("team_id", "user_id"), change=lambda new: {"role": new.role})
_LEAVE: Final = delete(team_members).where(
    team_members.c.team_id == bindparam("team_id"), team_members.c.user_id == bindparam("user_id")
)


def insert(conn: Connection, team: Team) -> None:
    """Write a new team.

    Raises Taken when another one has its name.
    """
    try:
        conn.execute(insert_into(teams), values_of(team))
    except IntegrityError as there:
        raise Taken from there


def get(conn: Connection, team_id: str) -> Team | None:
    """Give a team."""
    row = conn.execute(_ALL.where(teams.c.id == team_id)).first()
    return None if row is None else Team(id=row.id, name=row.name, created_at=row.created_at)


def by_name(conn: Connection, name: str) -> Team | None:
    """Give the team that is called so."""
    row = conn.execute(_ALL.where(teams.c.name == name)).first()
    return None if row is None else Team(id=row.id, name=row.name, created_at=row.created_at)


def all_teams(conn: Connection) -> list[Team]:
    """List every team, oldest first."""
    return [Team(id=row.id, name=row.name, created_at=row.created_at) for row in conn.execute(_ALL)]


def members(conn: Connection, team_id: str | None = None, user_id: str | None = None) -> list[Membership]:
    """List who is in which team, or those of one team or one user."""
    query = _MEMBERS
    if team_id is not None:
        query = query.where(team_members.c.team_id == team_id)
    if user_id is not None:
        query = query.where(team_members.c.user_id == user_id)
    return [Membership(row.team_id, row.user_id, Role(row.role)) for row in conn.execute(query)]


def put_member(conn: Connection, member: Membership, now: int) -> None:
    """Take somebody into a team, or change what they are in it."""
    _PUT.run(
        conn,
        {"team_id": member.team_id, "user_id": member.user_id, "role": member.role.value, "created_at": now},
    )


def remove_member(conn: Connection, team_id: str, user_id: str) -> bool:
    """Take somebody out of a team; False when they are not in it."""
    return conn.execute(_LEAVE, {"team_id": team_id, "user_id": user_id}).rowcount == 1


def shared_projects(conn: Connection, team_id: str) -> list[str]:
    """Name the projects a team shares, oldest first."""
    query = select(projects.c.id).where(projects.c.team_id == team_id)
    return [
        str(found) for found in conn.execute(query.order_by(projects.c.created_at, projects.c.id)).scalars()
    ]


def remove(conn: Connection, team_id: str) -> bool:
    """Remove a team that shares nothing any more; False when there is none."""
    conn.execute(delete(team_members).where(team_members.c.team_id == team_id))
    return conn.execute(delete(teams).where(teams.c.id == team_id)).rowcount == 1
