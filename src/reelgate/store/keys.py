"""API keys, known by the digest of their token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy import insert as insert_into

from reelgate.store import jsontext
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import api_keys


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored: never the token itself."""

    id: str
    user_id: str
    project_id: str
    name: str
    digest: str
    hint: str
    """The last four characters of the token, to tell keys apart."""
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None

    def usable(self, now: int) -> bool:
        """Tell whether the key opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def __repr__(self) -> str:
        return f"Key({self.id!r}, name={self.name!r})"


class Holder(msgspec.Struct, frozen=True):
    """What every request has to know of the key it came with."""

    id: str
    user_id: str
    project_id: str
    digest: str
    scopes: str
    """As stored: a JSON list."""
    expires_at: int | None
    revoked_at: int | None


_FIELDS: Final = names_of(Key)
_COLUMNS: Final = columns_of(api_keys, Key)
_scopes = msgspec.json.Decoder(tuple[str, ...])

_INSERT: Final = insert_into(api_keys)
_ALL: Final = select(*_COLUMNS).order_by(api_keys.c.created_at, api_keys.c.id)
_BY_DIGEST: Final = Prepared(select(*_COLUMNS).where(api_keys.c.digest == bindparam("digest")))
_HOLDER: Final = Prepared(
    select(*columns_of(api_keys, Holder)).where(api_keys.c.digest == bindparam("digest"))
)
_GET: Final = select(*_COLUMNS).where(api_keys.c.id == bindparam("key_id"))
_COUNT: Final = select(func.count()).select_from(api_keys)
_REVOKE: Final = (
    update(api_keys)
    .where(api_keys.c.id == bindparam("key_id"), api_keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_TOUCH: Final = (
    update(api_keys).where(api_keys.c.id == bindparam("key_id")).values(last_used_at=bindparam("now"))
)


def _key(row: Iterable[Any]) -> Key:
    fields = named(_FIELDS, row)
    fields["scopes"] = _scopes.decode(fields["scopes"])
    return Key(**fields)


def insert(conn: Connection, key: Key) -> None:
    """Write a new key."""
    conn.execute(_INSERT, {**values_of(key), "scopes": jsontext.dump(key.scopes)})


def by_digest(conn: Connection, digest: str) -> Key | None:
    """Give the key whose token has this digest, usable or not."""
    row = _BY_DIGEST.first(conn, {"digest": digest})
    return None if row is None else _key(row)


def holder(conn: Connection, digest: str) -> Holder | None:
    """Give what a request needs of the key whose token has this digest, usable or not."""
    row = _HOLDER.first(conn, {"digest": digest})
    return None if row is None else Holder(*row)


def get(conn: Connection, key_id: str) -> Key | None:
    """Give a key by its id."""
    row = conn.execute(_GET, {"key_id": key_id}).first()
    return None if row is None else _key(row)


def all_keys(conn: Connection) -> list[Key]:
    """List every key, oldest first."""
    return [_key(row) for row in conn.execute(_ALL)]


def count(conn: Connection) -> int:
    """Count the keys ever made; none means that this installation starts for the first time."""
    return conn.execute(_COUNT).scalar_one()


def revoke(conn: Connection, key_id: str, now: int) -> bool:
    """Close a key at once and for good; False when it is closed already or unknown."""
    return conn.execute(_REVOKE, {"key_id": key_id, "now": now}).rowcount == 1


def touch(conn: Connection, key_id: str, now: int) -> None:
    """Note when a key was last used."""
    conn.execute(_TOUCH, {"key_id": key_id, "now": now})
