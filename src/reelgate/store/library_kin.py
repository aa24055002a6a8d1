"""Where items come from and what came of them: made from one another, or from one another's files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, select

from reelgate.store.rows import values_of
from reelgate.store.tables import library_origins, lineage, task_inputs, tasks, uploads
from reelgate.store.upsert import Upsert


class Tie(msgspec.Struct, frozen=True):
    """One step from a parent to a child."""

    parent_id: str
    child_id: str
    how: str
    """A verb, the role of a file, `character`, or `last_frame` for a picture taken from a clip."""


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Says that a file was taken from an item."""

    project_id: str
    sha256: str
    item_id: str
    verb: str
    created_at: int


_PUT: Final = Upsert(library_origins, ("project_id", "sha256"))


def put_origin(conn: Connection, origin: Origin) -> None:
    """Write down what a file was taken from; the first to say so is believed."""
    _PUT.run(conn, values_of(origin))


def above(conn: Connection, project_id: str, ids: Sequence[str]) -> list[Tie]:
    """Give the ties from the parents of some items."""
    rows = conn.execute(
        select(lineage.c.parent_id, lineage.c.child_id, lineage.c.verb, lineage.c.parent_kind).where(
            lineage.c.child_id.in_(ids)
        )
    )
    found = [Tie(row.parent_id, row.child_id, _how(row)) for row in rows]
    inputs = task_inputs.c
    taken = select(library_origins.c.item_id, inputs.task_id, library_origins.c.verb).where(
        library_origins.c.sha256 == inputs.sha256,
        library_origins.c.project_id == project_id,
        inputs.task_id.in_(ids),
    )
    found += [Tie(*row) for row in conn.execute(taken)]
    kept = select(uploads.c.id, inputs.task_id, inputs.role).where(
        uploads.c.sha256 == inputs.sha256, uploads.c.project_id == project_id, inputs.task_id.in_(ids)
    )
    return list(dict.fromkeys([*found, *(Tie(*row) for row in conn.execute(kept))]))


def below(conn: Connection, project_id: str, ids: Sequence[str]) -> list[Tie]:
    """Give the ties to the children of some items."""
    inputs = task_inputs.c
    mine = (tasks.c.project_id == project_id) & tasks.c.deleted_at.is_(None)
    made = (
        select(lineage.c.parent_id, lineage.c.child_id, lineage.c.verb, lineage.c.parent_kind)
        .join(tasks, tasks.c.id == lineage.c.child_id)
        .where(lineage.c.parent_id.in_(ids), mine)
    )
    found = [Tie(row.parent_id, row.child_id, _how(row)) for row in conn.execute(made)]
    taken = (
        select(library_origins.c.item_id, inputs.task_id, library_origins.c.verb)
        .join(task_inputs, inputs.sha256 == library_origins.c.sha256)
        .join(tasks, tasks.c.id == inputs.task_id)
        .where(library_origins.c.item_id.in_(ids), library_origins.c.project_id == project_id, mine)
    )
    found += [Tie(*row) for row in conn.execute(taken)]
    kept = (
        select(uploads.c.id, inputs.task_id, inputs.role)
        .join(task_inputs, inputs.sha256 == uploads.c.sha256)
        .join(tasks, tasks.c.id == inputs.task_id)
        .where(uploads.c.id.in_(ids), uploads.c.project_id == project_id, mine)
    )
    return list(dict.fromkeys([*found, *(Tie(*row) for row in conn.execute(kept))]))


def _how(row: Any) -> str:
    return "character" if row.parent_kind == "character" else row.verb
