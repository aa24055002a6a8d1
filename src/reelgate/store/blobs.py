"""Blobs: which bytes are known, and which of them nothing needs any more."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, delete, func, or_, select

from reelgate.core.errors import Code, Failure, OperatorError
from reelgate.core.task import Blob
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import assets, blobs, characters, condemned_blobs, task_inputs, tasks, uploads
from reelgate.store.upsert import Upsert

_FIELDS: Final = names_of(Blob)
_COLUMNS: Final = columns_of(blobs, Blob)
_PUT: Final = Upsert(blobs, ("sha256",), change=lambda new: {"touched_at": new.touched_at})
_GET: Final = select(*_COLUMNS).where(blobs.c.sha256 == bindparam("sha256"))
_ALL: Final = select(*_COLUMNS).order_by(blobs.c.sha256)

_in_use = or_(
    select(assets.c.id).where(assets.c.sha256 == blobs.c.sha256).exists(),
    select(characters.c.id).where(characters.c.sha256 == blobs.c.sha256).exists(),
    select(characters.c.id).where(characters.c.portrait_sha256 == blobs.c.sha256).exists(),
    select(uploads.c.id).where(uploads.c.sha256 == blobs.c.sha256).exists(),
    select(task_inputs.c.task_id).where(task_inputs.c.sha256 == blobs.c.sha256).exists(),
)
_UNUSED: Final = (
    select(blobs.c.sha256)
    .where(blobs.c.touched_at < bindparam("before"), ~_in_use)
    .order_by(blobs.c.touched_at)
    .limit(bindparam("limit"))
)
_FORGET: Final = delete(blobs).where(
    blobs.c.sha256 == bindparam("b_sha256"), blobs.c.touched_at < bindparam("before"), ~_in_use
)
_STAND_IN: Final = Upsert(blobs, ("sha256",))
_STRIKE_OUT: Final = delete(blobs).where(blobs.c.sha256 == bindparam("b_sha256"))
_CONDEMN: Final = Upsert(condemned_blobs, ("sha256",))
_ACQUIT: Final = delete(condemned_blobs).where(condemned_blobs.c.sha256 == bindparam("b_sha256"))
_CONDEMNED: Final = (
    select(condemned_blobs.c.sha256)
    .where(condemned_blobs.c.created_at < bindparam("before"))
    .order_by(condemned_blobs.c.created_at)
)
_IS_CONDEMNED: Final = Prepared(
    select(condemned_blobs.c.sha256).where(condemned_blobs.c.sha256 == bindparam("sha256"))
)
# A deleted task that has ended is never shown, remixed or sent again: nobody needs its inputs.
_DROP_INPUTS: Final = delete(task_inputs).where(
    task_inputs.c.task_id.in_(
        select(tasks.c.id).where(
            tasks.c.id == bindparam("b_task_id"),
            tasks.c.deleted_at.is_not(None),
            tasks.c.finished_at.is_not(None),
        )
    )
)


class BeingDeleted(OperatorError):
    """Raised when bytes were stored at the moment at which their old copy, which nobody needed, is deleted."""

    def __init__(self, sha256: str) -> None:
        super().__init__(
            Failure(
                code=Code.OVERLOADED, message="Try again in a moment.", detail=f"{sha256} is being deleted"
            )
        )


def put(conn: Connection, blob: Blob) -> None:
    """Write down stored bytes, or that they were stored once more.

    Raises BeingDeleted while a file with the same bytes is being deleted.
    """
    _PUT.run(conn, {**values_of(blob), "touched_at": blob.created_at})
    if _IS_CONDEMNED.first(conn, {"sha256": blob.sha256}) is not None:
        raise BeingDeleted(blob.sha256)


def get(conn: Connection, sha256: str) -> Blob | None:
    """Give what is known about some bytes."""
    row = conn.execute(_GET, {"sha256": sha256}).first()
    return None if row is None else Blob(**named(_FIELDS, row))


def known(conn: Connection) -> tuple[int, int]:
    """Count the files that are known, and their bytes."""
    sums = select(func.count(), func.coalesce(func.sum(blobs.c.bytes), 0)).select_from(blobs)
    count, size = conn.execute(sums).one()
    return int(count), int(size)


def all_blobs(conn: Connection) -> list[Blob]:
    """List every blob."""
    return [Blob(**named(_FIELDS, row)) for row in conn.execute(_ALL)]


def condemn(conn: Connection, sha256: str, before: int, now: int) -> bool:
    """Give up a file nothing needs, so that it may be deleted; False when somebody needs it after all.

    Until `acquit` nobody can write its row again: what is stored meanwhile might be deleted a moment later.
    """
    forget(conn, sha256, before)
    # A row of its own first: whoever writes that row at the same moment waits for us here, or we for them.
    if not _STAND_IN.run(
        conn, {"sha256": sha256, "bytes": 0, "media_type": "", "created_at": now, "touched_at": now}
    ):
        return False
    conn.execute(_STRIKE_OUT, {"b_sha256": sha256})
    _CONDEMN.run(conn, {"sha256": sha256, "created_at": now})
    return True


def acquit(conn: Connection, sha256: str) -> None:
    """Say that a condemned file has been deleted: the same bytes may be stored again."""
    conn.execute(_ACQUIT, {"b_sha256": sha256})


def condemned(conn: Connection, before: int) -> list[str]:
    """Name files whose deletion was begun before then and not finished."""
    return list(conn.execute(_CONDEMNED, {"before": before}).scalars())


def unused(conn: Connection, before: int, *, limit: int = 100) -> list[str]:
    """Name blobs that nothing needs and nobody stored again since `before`."""
    return list(conn.execute(_UNUSED, {"before": before, "limit": limit}).scalars())


def forget(conn: Connection, sha256: str, before: int) -> bool:
    """Strike out a blob if it is still unused; False when somebody needs it after all."""
    return conn.execute(_FORGET, {"b_sha256": sha256, "before": before}).rowcount == 1


def drop_inputs(conn: Connection, task_id: str) -> int:
    """Let go of the files a deleted, ended task worked from; count them."""
    return conn.execute(_DROP_INPUTS, {"b_task_id": task_id}).rowcount
