"""Items of the library: the rows, and how they follow the tasks.

A row says of a task what lists are filtered and ordered by. It is written by a reader of the event log
(`follow`), not by whoever moves the task: creating and moving tasks costs what it did without a library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.library import IMPORTED, Shelf
from reelgate.core.task import Character, Upload, Variant
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of
from reelgate.store.tables import (
    assets,
    characters,
    library_item_tags,
    library_items,
    library_shapes,
    library_state,
    library_tags,
    library_texts,
    tasks,
    uploads,
)
from reelgate.store.upsert import Upsert, insert_on


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """What of an item takes only few values."""

    kind: str
    status: str
    model: str = ""
    channel_id: str = ""
    aspect: str = ""
    favourite: bool = False
    rating: int = 0


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the library."""

    no: int
    id: str
    project_id: str
    user_id: str
    shelf: int
    shape: int
    length_ms: int
    cost: int
    name: str | None
    notes: str | None
    folder_id: str | None
    created_at: int
    updated_at: int
    trashed_at: int | None


class Fresh(msgspec.Struct, frozen=True, kw_only=True):
    """An item as it is written first, or again after what it shows has changed."""

    id: str
    project_id: str
    user_id: str
    shape: Shape
    length_ms: int
    cost: int
    created_at: int
    words: str
    name: str | None = None


class TaskFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the library shows of a task."""

    id: str
    user_id: str
    project_id: str
    surface: str
    status: str
    model: str
    prompt: str
    size: str
    seconds_total: int
    channel_id: str | None
    quote: int
    disputed: bool
    created_at: int
    deleted_at: int | None


_FIELDS: Final = names_of(Item)
_COLUMNS: Final = columns_of(library_items, Item)
_SHAPE_FIELDS: Final = names_of(Shape)
_SHAPE_COLUMNS: Final = columns_of(library_shapes, Shape)
_FACT_FIELDS: Final = names_of(TaskFacts)

_SHAPE_NO: Final = Prepared(
    select(library_shapes.c.id).where(*(library_shapes.c[name] == bindparam(name) for name in _SHAPE_FIELDS))
)
_SHAPES_AFTER: Final = (
    select(library_shapes.c.id, *_SHAPE_COLUMNS)
    .where(library_shapes.c.id > bindparam("beyond"))
    .order_by(library_shapes.c.id)
)
_BY_ID: Final = select(*_COLUMNS).where(
    library_items.c.id == bindparam("item_id"), library_items.c.project_id == bindparam("project_id")
)
_FACTS: Final = select(*columns_of(tasks, TaskFacts))
_NEW: Final = (
    "id",
    "project_id",
    "user_id",
    "shelf",
    "shape",
    "length_ms",
    "cost",
    "name",
    "created_at",
    "updated_at",
)
_INSERT: Final = Prepared(insert_into(library_items).returning(library_items.c.no), columns=_NEW)
_INSERT_TEXT: Final = Prepared(insert_into(library_texts), columns=("no", "words"))
_CURSOR: Final = select(library_state.c.value).where(library_state.c.name == bindparam("name"))
_PUT: Final = Upsert(library_state, ("name",), change=lambda new: {"value": new.value})


def shape_no(conn: Connection, shape: Shape, now: int) -> int:
    """Give the number of a shape, which is given one the first time it is asked for."""
    values = msgspec.structs.asdict(shape)
    row = _SHAPE_NO.first(conn, values)
    if row is None:
        new = insert_on(conn.dialect.name)(library_shapes).values(**values, created_at=now)
        conn.execute(new.on_conflict_do_nothing(index_elements=_SHAPE_FIELDS))
        row = _SHAPE_NO.first(conn, values)
    assert row is not None  # noqa: S101 - written above, by us or by another
    return int(row[0])


def count_shapes(conn: Connection) -> int:
    """Count the shapes there are."""
    return int(conn.execute(select(func.count()).select_from(library_shapes)).scalar_one())


def shapes_after(conn: Connection, beyond: int) -> dict[int, Shape]:
    """Give the shapes numbered beyond a number."""
    rows = conn.execute(_SHAPES_AFTER, {"beyond": beyond})
    return {row[0]: _shape(row[1:]) for row in rows}


def _shape(row: Iterable[Any]) -> Shape:
    fields = named(_SHAPE_FIELDS, row)
    fields["favourite"] = bool(fields["favourite"])
    return Shape(**fields)


def shape_of(conn: Connection, number: int) -> Shape:
    """Give the shape with a number."""
    row = conn.execute(select(*_SHAPE_COLUMNS).where(library_shapes.c.id == number)).one()
    return _shape(row)


def get(conn: Connection, item_id: str, project_id: str) -> Item | None:
    """Give an item of a project, on whichever shelf; a foreign one is not there."""
    row = conn.execute(_BY_ID, {"item_id": item_id, "project_id": project_id}).first()
    return None if row is None else Item(**named(_FIELDS, row))


def of_project(conn: Connection, ids: Sequence[str], project_id: str) -> list[Item]:
    """Give those of some items that are a project's, in no order."""
    statement = select(*_COLUMNS).where(library_items.c.id.in_(ids), library_items.c.project_id == project_id)
    return [Item(**named(_FIELDS, row)) for row in conn.execute(statement)]


def clip_with(conn: Connection, project_id: str, sha256: str) -> str | None:
    """Name a clip of a project that was brought in with these bytes, and is not deleted."""
    statement = (
        select(tasks.c.id)
        .join(assets, assets.c.task_id == tasks.c.id)
        .where(
            assets.c.sha256 == sha256,
            assets.c.variant == Variant.VIDEO.value,
            tasks.c.project_id == project_id,
            tasks.c.surface == IMPORTED,
            tasks.c.deleted_at.is_(None),
        )
        .limit(1)
    )
    return conn.execute(statement).scalar()


def by_number(conn: Connection, numbers: Sequence[int]) -> list[Item]:
    """Give items in the order of their numbers as given; one that is gone is left out."""
    rows = conn.execute(select(*_COLUMNS).where(library_items.c.no.in_(numbers)))
    found = {row.no: Item(**named(_FIELDS, row)) for row in rows}
    return [found[no] for no in numbers if no in found]


def write(conn: Connection, fresh: Sequence[Fresh], now: int) -> None:
    """Write items, or what has changed of those that are there; what people put on them stays."""
    known = _known(conn, [one.id for one in fresh])
    numbers: dict[Shape, int] = {}
    for one in fresh:
        before = known.get(one.id)
        if before is None:
            number = numbers.get(one.shape) or shape_no(conn, one.shape, now)
            numbers[one.shape] = number
            _insert(conn, one, number, now)
        else:
            _renew(conn, one, *before, now)


def _known(conn: Connection, ids: Sequence[str]) -> dict[str, tuple[Item, Shape]]:
    joined = library_items.join(library_shapes, library_shapes.c.id == library_items.c.shape)
    statement = select(*_COLUMNS, *_SHAPE_COLUMNS).select_from(joined).where(library_items.c.id.in_(ids))
    width = len(_FIELDS)
    return {
        row.id: (Item(**named(_FIELDS, row[:width])), _shape(row[width:])) for row in conn.execute(statement)
    }


def _insert(conn: Connection, one: Fresh, shape: int, now: int) -> None:
    [(number,)] = _INSERT.all(
        conn,
        {
            "id": one.id,
            "project_id": one.project_id,
            "user_id": one.user_id,
            "shelf": int(Shelf.OPEN),
            "shape": shape,
            "length_ms": one.length_ms,
            "cost": one.cost,
            "name": one.name,
            "created_at": one.created_at,
            "updated_at": now,
        },
    )
    _INSERT_TEXT.run(conn, {"no": number, "words": one.words})


def _renew(conn: Connection, one: Fresh, item: Item, before: Shape, now: int) -> None:
    shape = msgspec.structs.replace(one.shape, favourite=before.favourite, rating=before.rating)
    same = (shape, one.length_ms, one.cost) == (before, item.length_ms, item.cost)
    if same:
        return
    number = item.shape if shape == before else shape_no(conn, shape, now)
    change(conn, item.no, {"shape": number, "length_ms": one.length_ms, "cost": one.cost}, now)


def change(conn: Connection, number: int, values: Mapping[str, Any], now: int) -> None:
    """Change columns of an item."""
    statement = update(library_items).where(library_items.c.no == number)
    conn.execute(statement.values(**values, updated_at=now))


def mark(conn: Connection, item: Item, now: int, **marks: Any) -> None:
    """Change what people put on an item that is part of its shape: `favourite`, `rating`."""
    shape = msgspec.structs.replace(shape_of(conn, item.shape), **marks)
    change(conn, item.no, {"shape": shape_no(conn, shape, now)}, now)


def put_words(conn: Connection, number: int, words: str) -> None:
    """Have an item found by other words."""
    statement = update(library_texts).where(library_texts.c.no == number, library_texts.c.words != words)
    conn.execute(statement.values(words=words))


def forget(conn: Connection, ids: Sequence[str]) -> int:
    """Take items out of the library, with everything people put on them; count them."""
    numbers = list(conn.execute(select(library_items.c.no).where(library_items.c.id.in_(ids))).scalars())
    if numbers:
        conn.execute(delete(library_item_tags).where(library_item_tags.c.no.in_(numbers)))
        conn.execute(delete(library_texts).where(library_texts.c.no.in_(numbers)))
        conn.execute(delete(library_items).where(library_items.c.no.in_(numbers)))
    return len(numbers)


def on_shelf(conn: Connection, project_id: str, shelf: Shelf, limit: int) -> list[Item]:
    """Give up to `limit` items of a shelf, the oldest first."""
    statement = (
        select(*_COLUMNS)
        .where(library_items.c.project_id == project_id, library_items.c.shelf == int(shelf))
        .order_by(library_items.c.created_at, library_items.c.no)
        .limit(limit)
    )
    return [Item(**named(_FIELDS, row)) for row in conn.execute(statement)]


def trashed_before(conn: Connection, before: int, limit: int) -> list[Item]:
    """Give up to `limit` items that were thrown away by a moment, of every project."""
    statement = (
        select(*_COLUMNS)
        .where(library_items.c.trashed_at <= before)
        .order_by(library_items.c.trashed_at)
        .limit(limit)
    )
    return [Item(**named(_FIELDS, row)) for row in conn.execute(statement)]


def tags_of(conn: Connection, numbers: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Give id and name of the tags of items, by item."""
    statement = (
        select(library_item_tags.c.no, library_tags.c.id, library_tags.c.name)
        .join(library_tags, library_tags.c.id == library_item_tags.c.tag_id)
        .where(library_item_tags.c.no.in_(numbers))
        .order_by(library_tags.c.name, library_tags.c.id)
    )
    found: dict[int, list[tuple[str, str]]] = {}
    for number, tag_id, name in conn.execute(statement):
        found.setdefault(number, []).append((tag_id, name))
    return found


# How far the items follow the tasks.


def task_facts(conn: Connection, ids: Sequence[str]) -> list[TaskFacts]:
    """Give what the library shows of some tasks."""
    return [_facts(row) for row in conn.execute(_FACTS.where(tasks.c.id.in_(ids)))]


def tasks_after(conn: Connection, task_id: str, limit: int) -> list[TaskFacts]:
    """Give what the library shows of the tasks that come after one in the order of their ids."""
    statement = _FACTS.where(tasks.c.id > task_id).order_by(tasks.c.id).limit(limit)
    return [_facts(row) for row in conn.execute(statement)]


def all_uploads(conn: Connection) -> list[Upload]:
    """List every upload of the installation, for taking them in once."""
    return [
        Upload(**named(names_of(Upload), row)) for row in conn.execute(select(*columns_of(uploads, Upload)))
    ]


def all_characters(conn: Connection) -> list[Character]:
    """List every character of the installation, for taking them in once."""
    rows = conn.execute(select(*columns_of(characters, Character)))
    return [Character(**named(names_of(Character), row)) for row in rows]


def _facts(row: Iterable[Any]) -> TaskFacts:
    fields = named(_FACT_FIELDS, row)
    fields["disputed"] = bool(fields["disputed"])
    return TaskFacts(**fields)


def state(conn: Connection, name: str, *, locked: bool = False) -> str | None:
    """Give how far something has come; `locked` makes others wait until this transaction ends."""
    statement = _CURSOR.with_for_update() if locked else _CURSOR
    return conn.execute(statement, {"name": name}).scalar()


def put_state(conn: Connection, name: str, value: str) -> None:
    """Write down how far something has come."""
    _PUT.run(conn, {"name": name, "value": value})


def states(conn: Connection, prefix: str) -> list[tuple[str, str]]:
    """Give everything whose name begins with a prefix."""
    table = library_state.c
    statement = select(table.name, table.value).where(table.name.startswith(prefix, autoescape=True))
    return [(row[0], row[1]) for row in conn.execute(statement)]


def drop_state(conn: Connection, name: str) -> None:
    """Forget how far something has come."""
    conn.execute(delete(library_state).where(library_state.c.name == name))
