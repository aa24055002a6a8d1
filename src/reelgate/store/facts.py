"""Facts about a database itself, which a copy of it does not take over."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select

from reelgate.store.tables import database_facts
from reelgate.store.upsert import Upsert

_CLAIM: Final = Upsert(database_facts, ("name",))
_GET: Final = select(database_facts.c.value).where(database_facts.c.name == bindparam("name"))


def claim(conn: Connection, name: str, value: str) -> str:
    """Note a fact unless it is noted already, and give what is noted; of two at once, the first one's stays."""
    _CLAIM.run(conn, {"name": name, "value": value})
    return str(conn.execute(_GET, {"name": name}).scalar_one())
