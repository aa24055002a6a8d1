"""Lineage: which task was made from which task, character or upload."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, select
from sqlalchemy import insert as insert_into

from reelgate.core.task import Verb
from reelgate.store import jsontext
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import ParentKind, lineage


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """One step from a parent to a child."""

    child_id: str
    parent_id: str
    parent_kind: ParentKind
    verb: Verb
    diff: dict[str, Any]
    """The parameters that differ from the parent's: name to `[before, after]`."""
    created_at: int


_FIELDS: Final = names_of(Edge)
_COLUMNS: Final = columns_of(lineage, Edge)
_INSERT: Final = insert_into(lineage)
_PARENTS: Final = (
    select(*_COLUMNS)
    .where(lineage.c.child_id == bindparam("child_id"))
    .order_by(lineage.c.created_at, lineage.c.parent_id)
)
_CHILDREN: Final = (
    select(*_COLUMNS)
    .where(lineage.c.parent_id == bindparam("parent_id"))
    .order_by(lineage.c.created_at, lineage.c.child_id)
)


def _edge(row: Row[Any]) -> Edge:
    fields = named(_FIELDS, row)
    return msgspec.convert({**fields, "diff": msgspec.json.decode(fields["diff"])}, Edge)


def insert(conn: Connection, edge: Edge) -> None:
    """Write down where a task comes from."""
    values = values_of(edge)
    values.update(parent_kind=edge.parent_kind.value, verb=edge.verb.value, diff=jsontext.dump(edge.diff))
    conn.execute(_INSERT, values)


def parents(conn: Connection, child_id: str) -> list[Edge]:
    """List what a task was made from."""
    return [_edge(row) for row in conn.execute(_PARENTS, {"child_id": child_id})]


def children(conn: Connection, parent_id: str) -> list[Edge]:
    """List what was made from a task, a character or an upload."""
    return [_edge(row) for row in conn.execute(_CHILDREN, {"parent_id": parent_id})]
