"""Assets: the files of a task, one a variant."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, select
from sqlalchemy import insert as insert_into

from reelgate.core.task import Asset, Variant
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import assets, tasks

_FIELDS: Final = names_of(Asset)
_COLUMNS: Final = columns_of(assets, Asset)
_INSERT: Final = insert_into(assets)
_OF_TASK: Final = select(*_COLUMNS).where(assets.c.task_id == bindparam("task_id")).order_by(assets.c.variant)
_GET: Final = _OF_TASK.where(assets.c.variant == bindparam("variant"))
_DELETE: Final = delete(assets).where(assets.c.task_id == bindparam("b_task_id")).returning(assets.c.sha256)
_EXPIRED: Final = (
    select(tasks.c.id)
    .where(
        tasks.c.expires_at <= bindparam("now"),
        select(assets.c.id).where(assets.c.task_id == tasks.c.id).exists(),
    )
    .order_by(tasks.c.expires_at)
    .limit(bindparam("limit"))
)


def _asset(row: Row[Any]) -> Asset:
    fields = named(_FIELDS, row)
    fields["variant"] = Variant(fields["variant"])
    return Asset(**fields)


def insert(conn: Connection, asset: Asset) -> None:
    """Attach a stored file to a task."""
    conn.execute(_INSERT, {**values_of(asset), "variant": asset.variant.value})


def get(conn: Connection, task_id: str, variant: Variant) -> Asset | None:
    """Give one variant of a task's output."""
    row = conn.execute(_GET, {"task_id": task_id, "variant": variant.value}).first()
    return None if row is None else _asset(row)


def of_task(conn: Connection, task_id: str) -> list[Asset]:
    """List the files of a task."""
    return [_asset(row) for row in conn.execute(_OF_TASK, {"task_id": task_id})]


def delete_of_task(conn: Connection, task_id: str) -> list[str]:
    """Detach every file of a task and name the blobs they were."""
    return list(conn.execute(_DELETE, {"b_task_id": task_id}).scalars())


def expired_tasks(conn: Connection, now: int, *, limit: int = 100) -> list[str]:
    """Name the tasks that still have files after their `expires_at`."""
    return list(conn.execute(_EXPIRED, {"now": now, "limit": limit}).scalars())
