"""Folders and tags of a project's library."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Table, delete, select, update
from sqlalchemy import insert as insert_into

from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import library_folders, library_item_tags, library_items, library_tags
from reelgate.store.upsert import Upsert


class Folder(msgspec.Struct, frozen=True, kw_only=True):
    """A place items of a project are put into."""

    id: str
    project_id: str
    name: str
    created_at: int
    updated_at: int


class Tag(msgspec.Struct, frozen=True, kw_only=True):
    """A word items of a project are marked with."""

    id: str
    project_id: str
    name: str
    created_at: int


_FOLDERS: Final = select(*columns_of(library_folders, Folder))
_TAGS: Final = select(*columns_of(library_tags, Tag))
_NEW_FOLDER: Final = Upsert(library_folders, ("project_id", "name"))
_NEW_TAG: Final = Upsert(library_tags, ("project_id", "name"))


def folders(conn: Connection, project_id: str) -> list[Folder]:
    """List a project's folders by name."""
    statement = _FOLDERS.where(library_folders.c.project_id == project_id)
    rows = conn.execute(statement.order_by(library_folders.c.name, library_folders.c.id))
    return [Folder(**named(names_of(Folder), row)) for row in rows]


def folder(conn: Connection, folder_id: str, project_id: str) -> Folder | None:
    """Give a folder of a project; a foreign one is not there."""
    statement = _FOLDERS.where(library_folders.c.id == folder_id, library_folders.c.project_id == project_id)
    row = conn.execute(statement).first()
    return None if row is None else Folder(**named(names_of(Folder), row))


def add_folder(conn: Connection, new: Folder) -> bool:
    """Make a folder; False when the project has one of that name."""
    return _NEW_FOLDER.run(conn, values_of(new))


def rename_folder(conn: Connection, folder_id: str, project_id: str, name: str, now: int) -> bool:
    """Call a folder something else; False when that name is taken."""
    if _taken(conn, library_folders, folder_id, project_id, name):
        return False
    change = update(library_folders).where(
        library_folders.c.id == folder_id, library_folders.c.project_id == project_id
    )
    conn.execute(change.values(name=name, updated_at=now))
    return True


def remove_folder(conn: Connection, folder_id: str) -> None:
    """Take a folder away; what was in it is in no folder then."""
    conn.execute(update(library_items).where(library_items.c.folder_id == folder_id).values(folder_id=None))
    conn.execute(delete(library_folders).where(library_folders.c.id == folder_id))


def tags(conn: Connection, project_id: str) -> list[Tag]:
    """List a project's tags by name."""
    statement = _TAGS.where(library_tags.c.project_id == project_id)
    rows = conn.execute(statement.order_by(library_tags.c.name, library_tags.c.id))
    return [Tag(**named(names_of(Tag), row)) for row in rows]


def tag(conn: Connection, tag_id: str, project_id: str) -> Tag | None:
    """Give a tag of a project; a foreign one is not there."""
    statement = _TAGS.where(library_tags.c.id == tag_id, library_tags.c.project_id == project_id)
    row = conn.execute(statement).first()
    return None if row is None else Tag(**named(names_of(Tag), row))


def tag_named(conn: Connection, name: str, project_id: str) -> Tag | None:
    """Give a project's tag by its name."""
    statement = _TAGS.where(library_tags.c.name == name, library_tags.c.project_id == project_id)
    row = conn.execute(statement).first()
    return None if row is None else Tag(**named(names_of(Tag), row))


def add_tag(conn: Connection, new: Tag) -> Tag:
    """Make a tag, or give the one of that name."""
    _NEW_TAG.run(conn, values_of(new))
    found = tag_named(conn, new.name, new.project_id)
    assert found is not None  # noqa: S101 - made above, by us or by another
    return found


def rename_tag(conn: Connection, tag_id: str, project_id: str, name: str) -> bool:
    """Call a tag something else; False when that name is taken."""
    if _taken(conn, library_tags, tag_id, project_id, name):
        return False
    change = update(library_tags).where(library_tags.c.id == tag_id, library_tags.c.project_id == project_id)
    conn.execute(change.values(name=name))
    return True


def _taken(conn: Connection, table: Table, own_id: str, project_id: str, name: str) -> bool:
    statement = select(table.c.id).where(
        table.c.project_id == project_id, table.c.name == name, table.c.id != own_id
    )
    return conn.execute(statement).first() is not None


def remove_tag(conn: Connection, tag_id: str) -> None:
    """Take a tag away, from every item as well."""
    conn.execute(delete(library_item_tags).where(library_item_tags.c.tag_id == tag_id))
    conn.execute(delete(library_tags).where(library_tags.c.id == tag_id))


def tagged(conn: Connection, tag_id: str) -> list[int]:
    """Give the numbers of the items a tag is on."""
    statement = select(library_item_tags.c.no).where(library_item_tags.c.tag_id == tag_id)
    return list(conn.execute(statement).scalars())


def put_tags(conn: Connection, number: int, tag_ids: Sequence[str]) -> None:
    """Have exactly these tags on an item."""
    conn.execute(delete(library_item_tags).where(library_item_tags.c.no == number))
    rows: list[dict[str, Any]] = [{"no": number, "tag_id": tag_id} for tag_id in dict.fromkeys(tag_ids)]
    if rows:
        conn.execute(insert_into(library_item_tags), rows)
