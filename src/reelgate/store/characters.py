"""Characters kept from clips."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.task import Character
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import characters, uploads

_FIELDS: Final = names_of(Character)
_INSERT: Final = insert_into(characters)
_OF_PROJECT: Final = (
    select(*columns_of(characters, Character))
    .where(characters.c.project_id == bindparam("project_id"))
    .order_by(characters.c.created_at.desc(), characters.c.id.desc())
)
_GET: Final = _OF_PROJECT.where(characters.c.id == bindparam("character_id"))


def insert(conn: Connection, character: Character) -> None:
    """Keep a character."""
    conn.execute(_INSERT, values_of(character))


def get(conn: Connection, character_id: str, project_id: str) -> Character | None:
    """Give a character of a project; a foreign one is not there."""
    values = {"character_id": character_id, "project_id": project_id}
    row = conn.execute(_GET, values).first()
    return None if row is None else Character(**named(_FIELDS, row))


def of_project(conn: Connection, project_id: str) -> list[Character]:
    """List the characters of a project, newest first."""
    rows = conn.execute(_OF_PROJECT, {"project_id": project_id})
    return [Character(**named(_FIELDS, row)) for row in rows]


def rehouse(conn: Connection, character_or_upload_id: str, project_id: str) -> None:
    """Move a character, or an upload, into another project."""
    for table in (characters, uploads):
        statement = update(table).where(table.c.id == character_or_upload_id)
        conn.execute(statement.values(project_id=project_id))


def remove(conn: Connection, character_id: str, project_id: str) -> bool:
    """Forget a character; False when the project has none of that id."""
    statement = delete(characters).where(
        characters.c.id == character_id, characters.c.project_id == project_id
    )
    return conn.execute(statement).rowcount == 1
