"""Users."""

from __future__ import annotations

from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, select
from sqlalchemy import insert as insert_into

from reelgate.store.rows import values_of
from reelgate.store.tables import users


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or something, that owns tasks."""

    id: str
    name: str
    created_at: int


_INSERT: Final = insert_into(users)
_ALL: Final = select(users.c.id, users.c.name, users.c.created_at).order_by(users.c.created_at, users.c.id)
_GET: Final = _ALL.where(users.c.id == bindparam("user_id"))


def insert(conn: Connection, user: User) -> None:
    """Write a new user."""
    conn.execute(_INSERT, values_of(user))


def get(conn: Connection, user_id: str) -> User | None:
    """Give a user."""
    row = conn.execute(_GET, {"user_id": user_id}).first()
    return None if row is None else User(id=row.id, name=row.name, created_at=row.created_at)


def all_users(conn: Connection) -> list[User]:
    """List every user, oldest first."""
    return [User(id=row.id, name=row.name, created_at=row.created_at) for row in conn.execute(_ALL)]
