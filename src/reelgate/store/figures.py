"""What operators are shown of the whole installation: a few counts, each read with one statement.

Unfinished tasks, deliveries and the ledger may be many: whoever asks keeps the answer for a while.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, bindparam, case, func, or_, select, text

from reelgate.core.events import EventType
from reelgate.core.lifecycle import OPEN, Status
from reelgate.core.money import EntryKind
from reelgate.store.backend import SCHEMA_FACTS, Schema, StoreError
from reelgate.store.prepared import one_of
from reelgate.store.tables import DeliveryState, accounts, deliveries, events, ledger, tasks

BACKLOG_SHOWN: Final = 10_000
"""Deliveries that are counted at most."""


class Share(msgspec.Struct, frozen=True):
    """The unfinished tasks of one channel in one status."""

    status: Status
    channel_id: str | None
    count: int
    due_since: int | None
    """When the oldest that may start became due, in milliseconds since 1970."""


class Backlog(msgspec.Struct, frozen=True):
    """Webhook deliveries that are due; the oldest since when, in milliseconds since 1970."""

    count: int
    oldest: int | None


class Ending(msgspec.Struct, frozen=True):
    """Tasks of one channel that ended in one way, or were created."""

    type: EventType
    channel_id: str | None
    data: str
    count: int


_ENDS: Final = (EventType.COMPLETED, EventType.FAILED, EventType.CANCELLED)
_NEW: Final = and_(events.c.type == EventType.QUEUED.value, events.c.seq == 1)

_may_start = or_(tasks.c.start_after.is_(None), tasks.c.start_after <= bindparam("now"))
_due_since = func.min(case((_may_start, func.coalesce(tasks.c.start_after, tasks.c.created_at))))
_SHARES: Final = (
    select(tasks.c.status, tasks.c.channel_id, func.count(), _due_since)
    .where(one_of(tasks.c.status, sorted(OPEN)))
    .group_by(tasks.c.status, tasks.c.channel_id)
)
_DISPUTED: Final = select(func.count()).select_from(tasks).where(tasks.c.disputed.is_(True))
_WORDS: Final = {
    EntryKind.CAPTURE.value: "captured",
    EntryKind.RELEASE.value: "released",
    EntryKind.DEPOSIT.value: "deposited",
}
_BOOKED: Final = (
    select(ledger.c.kind, ledger.c.currency, func.sum(ledger.c.amount))
    .where(one_of(ledger.c.kind, sorted(_WORDS)))
    .group_by(ledger.c.kind, ledger.c.currency)
)
_HELD: Final = select(accounts.c.currency, func.sum(accounts.c.held)).group_by(accounts.c.currency)
_due = (
    select(deliveries.c.next_at)
    .where(deliveries.c.state == DeliveryState.PENDING.value, deliveries.c.next_at <= bindparam("now"))
    .order_by(deliveries.c.next_at)
    .limit(BACKLOG_SHOWN)
    .subquery()
)
_BACKLOG: Final = select(func.count(), func.min(_due.c.next_at))
_ENDINGS: Final = (
    select(events.c.type, tasks.c.channel_id, events.c.data, func.count())
    .join(tasks, tasks.c.id == events.c.task_id)
    .where(
        events.c.cursor > bindparam("beyond"),
        events.c.cursor <= bindparam("upto"),
        or_(one_of(events.c.type, [kind.value for kind in _ENDS]), _NEW),
    )
    .group_by(events.c.type, tasks.c.channel_id, events.c.data)
)
_REVISION: Final = text("SELECT version_num FROM alembic_version")
_FACTS: Final = text(SCHEMA_FACTS)
_SIZES: Final = {
    "sqlite": text("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"),
    "postgresql": text("SELECT pg_database_size(current_database())"),
}
_TAKES_NO_WRITES: Final = text(
    "SELECT pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on'"
)


def shares(conn: Connection, now: int) -> list[Share]:
    """Count unfinished tasks by status and channel."""
    rows = conn.execute(_SHARES, {"now": now})
    return [Share(Status(status), channel_id, count, since) for status, channel_id, count, since in rows]


def disputed(conn: Connection) -> int:
    """Count the ended tasks whose money waits for a decision."""
    return conn.execute(_DISPUTED).scalar_one()


def money(conn: Connection) -> Mapping[tuple[str, str], int]:
    """Sum what is held now and everything captured, released and deposited, by kind and currency, in micro-units."""
    booked = {(_WORDS[kind], currency): int(amount) for kind, currency, amount in conn.execute(_BOOKED)}
    return booked | {("held", currency): int(amount) for currency, amount in conn.execute(_HELD)}


def backlog(conn: Connection, now: int) -> Backlog:
    """Count the webhook deliveries that are due, up to a limit."""
    count, oldest = conn.execute(_BACKLOG, {"now": now}).one()
    return Backlog(count, oldest)


def endings(conn: Connection, beyond: int, upto: int) -> list[Ending]:
    """Count tasks that were created and that ended, among the events of a stretch of the log."""
    rows = conn.execute(_ENDINGS, {"beyond": beyond, "upto": upto})
    return [Ending(EventType(kind), channel_id, data, count) for kind, channel_id, data, count in rows]


def size(conn: Connection) -> int:
    """Tell how many bytes the database takes up."""
    return int(conn.execute(_SIZES[conn.dialect.name]).scalar_one())


def pulse(conn: Connection) -> Schema:
    """Give the schema as a writer sees it, inside a transaction that may write.

    Raises StoreError when the database takes no writes.
    """
    if conn.dialect.name == "postgresql" and conn.execute(_TAKES_NO_WRITES).scalar_one():
        msg = "the database takes no writes: it is a standby, or was made read-only"
        raise StoreError(msg)
    facts: dict[str, Any] = {row.name: row.value for row in conn.execute(_FACTS)}
    return Schema(conn.execute(_REVISION).scalar(), **facts)
