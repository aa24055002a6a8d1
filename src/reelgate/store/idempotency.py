"""Idempotency: which task an earlier request with the same key, or the same content, became."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import RepeatKind, idempotency
from reelgate.store.upsert import Upsert


class Repeat(msgspec.Struct, frozen=True, kw_only=True):
    """What one key stands for."""

    scope: str
    key: str
    kind: RepeatKind
    fingerprint: str
    task_id: str
    created_at: int
    expires_at: int


class Conflict(Exception):
    """Raised when a living row has the key already; the transaction can go on."""

    def __init__(self, scope: str, key: str) -> None:
        super().__init__(f"the key `{key}` is taken in `{scope}`")
        self.scope = scope
        self.key = key


_FIELDS: Final = names_of(Repeat)
_COLUMNS: Final = columns_of(idempotency, Repeat)
_GET: Final = Prepared(
    select(*_COLUMNS).where(
        idempotency.c.scope == bindparam("scope"),
        idempotency.c.key == bindparam("key"),
        idempotency.c.expires_at > bindparam("now"),
    )
)
_RECENT: Final = Prepared(
    select(*_COLUMNS)
    .where(
        idempotency.c.scope == bindparam("scope"),
        idempotency.c.fingerprint == bindparam("fingerprint"),
        idempotency.c.created_at >= bindparam("since"),
    )
    .order_by(idempotency.c.created_at.desc())
    .limit(1)
)
_PRUNE: Final = delete(idempotency).where(idempotency.c.expires_at <= bindparam("now"))
_INSERT: Final = Upsert(
    idempotency,
    ("scope", "key"),
    change=lambda new: {
        name: new[name] for name in ("kind", "fingerprint", "task_id", "created_at", "expires_at")
    },
    when=lambda new: idempotency.c.expires_at <= new.created_at,
)


def get(conn: Connection, scope: str, key: str, *, now: int) -> Repeat | None:
    """Give what a key stands for, unless it has expired."""
    row = _GET.first(conn, {"scope": scope, "key": key, "now": now})
    return None if row is None else _repeat(row)


def insert(conn: Connection, repeat: Repeat) -> None:
    """Take a key for a task; an expired row under it gives way.

    Raises Conflict when the key is taken.
    """
    values = {**values_of(repeat), "kind": repeat.kind.value}
    if not _INSERT.run(conn, values):
        raise Conflict(repeat.scope, repeat.key)


def recent(conn: Connection, scope: str, fingerprint: str, since: int) -> Repeat | None:
    """Give the newest request with this content since `since`."""
    values = {"scope": scope, "fingerprint": fingerprint, "since": since}
    row = _RECENT.first(conn, values)
    return None if row is None else _repeat(row)


def prune(conn: Connection, now: int) -> int:
    """Forget what has expired; count the rows."""
    return conn.execute(_PRUNE, {"now": now}).rowcount


def _repeat(row: tuple[object, ...]) -> Repeat:
    return msgspec.convert(named(_FIELDS, row), Repeat)
