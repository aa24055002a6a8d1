"""Duties: housekeeping that one process does for all, in turns that are taken by changing a row."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Connection, bindparam

from reelgate.store.tables import duties
from reelgate.store.upsert import Upsert

_TAKE: Final = Upsert(
    duties,
    ("name",),
    change=lambda new: {"taken_at": new.taken_at},
    when=lambda _: duties.c.taken_at <= bindparam("before", type_=BigInteger),
)


def take(conn: Connection, name: str, now: int, every_ms: int) -> bool:
    """Take a duty on unless somebody did so within the last `every_ms`; True for the one who did."""
    return _TAKE.run(conn, {"name": name, "taken_at": now, "before": now - every_ms})
