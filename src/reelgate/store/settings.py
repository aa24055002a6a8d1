"""Settings that are changed while the installation runs, as JSON values by key."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from reelgate.store import jsontext
from reelgate.store.tables import settings
from reelgate.store.upsert import Upsert

_PUT: Final = Upsert(
    settings,
    ("key",),
    change=lambda new: {"value": new.value, "updated_at": new.updated_at},
)
_CLAIM: Final = Upsert(settings, ("key",))
_GET: Final = select(settings.c.value).where(settings.c.key == bindparam("key"))
_ALL: Final = select(settings.c.key, settings.c.value).order_by(settings.c.key)
_REMOVE: Final = delete(settings).where(settings.c.key == bindparam("b_key"))


def get(conn: Connection, key: str, default: Any = None) -> Any:
    """Give a setting's value, or `default` when it was never set."""
    text = conn.execute(_GET, {"key": key}).scalar()
    return default if text is None else msgspec.json.decode(text)


def put(conn: Connection, key: str, value: Any, now: int) -> None:
    """Set a setting."""
    values = {"key": key, "value": jsontext.dump(value), "created_at": now, "updated_at": now}
    _PUT.run(conn, values)


def claim(conn: Connection, key: str, value: Any, now: int) -> bool:
    """Set a setting unless it is set; of two processes that do so at once, one is told False once the other is done."""
    values = {"key": key, "value": jsontext.dump(value), "created_at": now, "updated_at": now}
    return _CLAIM.run(conn, values)


def all_settings(conn: Connection) -> dict[str, Any]:
    """Give every setting."""
    return {key: msgspec.json.decode(text) for key, text in conn.execute(_ALL)}


def remove(conn: Connection, key: str) -> bool:
    """Unset a setting; False when it was not set."""
    return conn.execute(_REMOVE, {"b_key": key}).rowcount == 1
