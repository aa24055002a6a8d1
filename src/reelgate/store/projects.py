"""Projects: what tasks, files and money belong to."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, select
from sqlalchemy import insert as insert_into

from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import projects


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A place that separates one tenant's work from another's."""

    id: str
    user_id: str
    name: str
    created_at: int


_FIELDS: Final = names_of(Project)
_INSERT: Final = insert_into(projects)
_ALL: Final = select(*columns_of(projects, Project)).order_by(projects.c.created_at, projects.c.id)
_GET: Final = _ALL.where(projects.c.id == bindparam("project_id"))


def insert(conn: Connection, project: Project) -> None:
    """Write a new project."""
    conn.execute(_INSERT, values_of(project))


def get(conn: Connection, project_id: str) -> Project | None:
    """Give a project."""
    row = conn.execute(_GET, {"project_id": project_id}).first()
    return None if row is None else Project(**named(_FIELDS, row))


def all_projects(conn: Connection) -> list[Project]:
    """List every project, oldest first."""
    return [Project(**named(_FIELDS, row)) for row in conn.execute(_ALL)]
