"""Uploads: the files kept under `/v1/files`."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, delete, select, tuple_
from sqlalchemy import insert as insert_into

from reelgate.core.task import Upload
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import uploads
from reelgate.store.tasks import Page

_FIELDS: Final = names_of(Upload)
_INSERT: Final = insert_into(uploads)
_OF_PROJECT: Final = select(*columns_of(uploads, Upload)).where(
    uploads.c.project_id == bindparam("project_id")
)
_GET: Final = _OF_PROJECT.where(uploads.c.id == bindparam("upload_id"))
_DELETE: Final = (
    delete(uploads)
    .where(uploads.c.id == bindparam("b_upload_id"), uploads.c.project_id == bindparam("b_project_id"))
    .returning(uploads.c.sha256)
)
_DROP_EXPIRED: Final = delete(uploads).where(uploads.c.expires_at <= bindparam("now")).returning(uploads.c.id)


def _page_statement(*, ascending: bool, beyond: bool) -> Any:
    place = tuple_(uploads.c.created_at, uploads.c.id)
    statement = _OF_PROJECT
    if beyond:
        cut = tuple_(bindparam("cut_at"), bindparam("cut_id"))
        statement = statement.where(place > cut if ascending else place < cut)
    columns = (uploads.c.created_at, uploads.c.id)
    ordered = columns if ascending else tuple(column.desc() for column in columns)
    return statement.order_by(*ordered).limit(bindparam("limit"))


_PAGES: Final = {
    (ascending, beyond): _page_statement(ascending=ascending, beyond=beyond)
    for ascending in (False, True)
    for beyond in (False, True)
}


def _upload(row: Row[Any]) -> Upload:
    return Upload(**named(_FIELDS, row))


def insert(conn: Connection, upload: Upload) -> None:
    """Keep an upload."""
    conn.execute(_INSERT, values_of(upload))


def get(conn: Connection, upload_id: str, project_id: str) -> Upload | None:
    """Give an upload of a project; a foreign one is not there."""
    row = conn.execute(_GET, {"upload_id": upload_id, "project_id": project_id}).first()
    return None if row is None else _upload(row)


def page(
    conn: Connection, project_id: str, *, limit: int, after: str | None, ascending: bool
) -> Page[Upload]:
    """Give the uploads that follow `after`; an unknown `after` has nothing behind it."""
    if limit <= 0:
        return Page((), has_more=False)
    values: dict[str, Any] = {"project_id": project_id, "limit": limit + 1}
    if after is not None:
        last = get(conn, after, project_id)
        if last is None:
            return Page((), has_more=False)
        values.update(cut_at=last.created_at, cut_id=last.id)
    rows = conn.execute(_PAGES[ascending, after is not None], values).all()
    return Page(tuple(_upload(row) for row in rows[:limit]), len(rows) > limit)


def remove(conn: Connection, upload_id: str, project_id: str) -> bool:
    """Forget an upload; False when the project has no such upload."""
    values = {"b_upload_id": upload_id, "b_project_id": project_id}
    return conn.execute(_DELETE, values).first() is not None


def drop_expired(conn: Connection, now: int) -> list[str]:
    """Forget every upload whose time has passed; name them."""
    return [str(one) for one in conn.execute(_DROP_EXPIRED, {"now": now}).scalars()]
