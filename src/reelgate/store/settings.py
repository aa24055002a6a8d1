"""Settings that are changed while the installation runs, as JSON values by key."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select
from sqlalchemy import insert as insert_into

from reelgate.store import jsontext
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import setting_changes, settings
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


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a setting: from what to what, by whom; None is the default."""

    id: str
    key: str
    before: Any
    value: Any
    actor: str
    created_at: int


_CHANGED: Final = names_of(Changed)
_NOTE: Final = insert_into(setting_changes)
_HISTORY: Final = (
    select(*columns_of(setting_changes, Changed))
    .where(setting_changes.c.key == bindparam("key"))
    .order_by(setting_changes.c.created_at.desc(), setting_changes.c.id.desc())
    .limit(bindparam("limit"))
)


def note_change(conn: Connection, change: Changed) -> None:
    """Write down that a setting was changed."""
    values = {
        **values_of(change),
        "before": None if change.before is None else jsontext.dump(change.before),
        "value": None if change.value is None else jsontext.dump(change.value),
    }
    conn.execute(_NOTE, values)


def history(conn: Connection, key: str, limit: int = 100) -> list[Changed]:
    """List how a setting was changed, newest first."""
    found: list[Changed] = []
    for row in conn.execute(_HISTORY, {"key": key, "limit": limit}):
        fields = named(_CHANGED, row)
        for name in ("before", "value"):
            fields[name] = None if fields[name] is None else msgspec.json.decode(fields[name])
        found.append(Changed(**fields))
    return found
