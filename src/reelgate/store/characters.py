"""Characters kept from clips; one that lies in the trash of the library is not listed."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, bindparam, delete, func, or_, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.task import Character
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import characters, library_items, uploads

_FIELDS: Final = names_of(Character)
_COLUMNS: Final = columns_of(characters, Character)
_INSERT: Final = insert_into(characters)
_kept = ~(
    select(library_items.c.id)
    .where(library_items.c.id == characters.c.id, library_items.c.trashed_at.is_not(None))
    .exists()
)
_mine = characters.c.project_id == bindparam("project_id")
_NEWEST: Final = (characters.c.created_at.desc(), characters.c.id.desc())
_OF_PROJECT: Final = select(*_COLUMNS).where(_mine, _kept).order_by(*_NEWEST)
_GET: Final = _OF_PROJECT.where(characters.c.id == bindparam("character_id"))
_SAME: Final = _OF_PROJECT.where(
    func.coalesce(characters.c.platform, "") == bindparam("platform"),
    func.coalesce(characters.c.source_url, "") == bindparam("source_url"),
    func.coalesce(characters.c.from_task, "") == bindparam("from_task"),
    characters.c.start_s == bindparam("start_s"),
    characters.c.end_s == bindparam("end_s"),
).limit(1)
_BY_PLATFORM: Final = (
    select(
        func.coalesce(characters.c.platform, ""),
        func.count(),
        func.count(characters.c.from_task),
        func.max(characters.c.created_at),
    )
    .where(_mine, _kept)
    .group_by(func.coalesce(characters.c.platform, ""))
)


class Found(msgspec.Struct, frozen=True):
    """One page of characters, and how many there are altogether."""

    items: tuple[Character, ...]
    total: int


class Share(msgspec.Struct, frozen=True):
    """The characters for one relay."""

    platform: str
    count: int
    from_tasks: int
    newest_at: int


def insert(conn: Connection, character: Character) -> None:
    """Keep a character."""
    conn.execute(_INSERT, values_of(character))


def replace(conn: Connection, character: Character) -> None:
    """Write a character anew under its id."""
    values = values_of(character)
    conn.execute(update(characters).where(characters.c.id == values.pop("id")).values(**values))


def get(conn: Connection, character_id: str, project_id: str) -> Character | None:
    """Give a character of a project; a foreign one is not there."""
    values = {"character_id": character_id, "project_id": project_id}
    row = conn.execute(_GET, values).first()
    return None if row is None else _character(row)


def of_project(conn: Connection, project_id: str) -> list[Character]:
    """List the characters of a project, newest first."""
    rows = conn.execute(_OF_PROJECT, {"project_id": project_id})
    return [_character(row) for row in rows]


def same(conn: Connection, like: Character) -> Character | None:
    """Give the newest character of the project that was kept from the same span of the same source."""
    values = {
        "project_id": like.project_id,
        "platform": like.platform or "",
        "source_url": like.source_url or "",
        "from_task": like.from_task or "",
        "start_s": like.start_s,
        "end_s": like.end_s,
    }
    row = conn.execute(_SAME, values).first()
    return None if row is None else _character(row)


def of_address(conn: Connection, project_id: str, url: str, start_s: float, end_s: float) -> Character | None:
    """Give the newest character of the project that was kept from this span of the clip at an address."""
    values = {
        "project_id": project_id,
        "platform": "",
        "source_url": url,
        "from_task": "",
        "start_s": start_s,
        "end_s": end_s,
    }
    row = conn.execute(_SAME, values).first()
    return None if row is None else _character(row)


def search(
    conn: Connection,
    project_id: str,
    *,
    words: str = "",
    platform: str | None = None,
    limit: int,
    offset: int,
) -> Found:
    """Give one page of a project's characters, newest first, by part of their name or id, whatever its case."""
    wanted: list[ColumnElement[bool]] = [characters.c.project_id == project_id, _kept]
    if platform is not None:
        wanted.append(characters.c.platform == platform)
    if words:
        part = words.lower()
        wanted.append(
            or_(
                *(
                    func.lower(column).contains(part, autoescape=True)
                    for column in (characters.c.name, characters.c.id, characters.c.outside_id)
                )
            )
        )
    total = conn.execute(select(func.count()).select_from(characters).where(*wanted)).scalar_one()
    page = select(*_COLUMNS).where(*wanted).order_by(*_NEWEST).limit(limit).offset(offset)
    return Found(tuple(_character(row) for row in conn.execute(page)), total)


def shares(conn: Connection, project_id: str) -> list[Share]:
    """Count the characters of a project by relay."""
    return [Share(*row) for row in conn.execute(_BY_PLATFORM, {"project_id": project_id})]


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


def _character(row: Any) -> Character:
    return Character(**named(_FIELDS, row))
