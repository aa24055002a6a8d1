"""The audit log: added to under its head, walked from its start, never changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.audit import START, Break, Entry, Head, Link, Outcome, ends_at, link, verify
from reelgate.store import jsontext
from reelgate.store.rows import named, names_of, values_of
from reelgate.store.tables import audit, audit_head
from reelgate.store.upsert import Upsert

_CHAIN: Final = "chain"
_TOGETHER: Final = 1_000
"""Entries read at once while the chain is walked."""

_FIELDS: Final = names_of(Entry)
_COLUMNS: Final = (audit.c.seq, audit.c.previous, audit.c.digest, *(audit.c[name] for name in _FIELDS))
_details = msgspec.json.Decoder(dict[str, Any])

_BEGIN: Final = Upsert(audit_head, ("name",))
_head_row = select(audit_head.c.seq, audit_head.c.digest).where(audit_head.c.name == _CHAIN)
_HEAD: Final = _head_row
_HEAD_HELD: Final = _head_row.with_for_update()
_MOVE: Final = (
    update(audit_head)
    .where(audit_head.c.name == _CHAIN)
    .values(seq=bindparam("b_seq"), digest=bindparam("b_digest"))
)
_INSERT: Final = insert_into(audit)
_WALK: Final = (
    select(*_COLUMNS).where(audit.c.seq > bindparam("beyond")).order_by(audit.c.seq).limit(bindparam("limit"))
)
_PAGE: Final = (
    select(*_COLUMNS)
    .where(audit.c.seq < bindparam("before"))
    .order_by(audit.c.seq.desc())
    .limit(bindparam("limit"))
)


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries somebody looks for; None leaves that open. Moments are in milliseconds since 1970."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    """A part of the id or name of what it was done to."""
    outcome: Outcome | None = None
    since: int | None = None
    until: int | None = None
    """The first moment that is too late."""


EVERYTHING: Final = Sought()


def append(conn: Connection, entry: Entry) -> Link:
    """Add an entry behind the last one; two who add at once wait for one another."""
    _BEGIN.run(conn, {"name": _CHAIN, "seq": 0, "digest": START})
    made = link(Head(*conn.execute(_HEAD_HELD).one()), entry)
    values = {
        **values_of(entry),
        "outcome": entry.outcome.value,
        "details": jsontext.dump(entry.details),
        "seq": made.seq,
        "previous": made.previous,
        "digest": made.digest,
    }
    conn.execute(_INSERT, values)
    conn.execute(_MOVE, {"b_seq": made.seq, "b_digest": made.digest})
    return made


def _link(row: Row[Any]) -> Link:
    seq, previous, digest, *rest = list(row)
    fields = named(_FIELDS, rest)
    fields["outcome"] = Outcome(fields["outcome"])
    fields["details"] = _details.decode(fields["details"])
    return Link(seq=seq, previous=previous, digest=digest, entry=Entry(**fields))


def head(conn: Connection) -> Head:
    """Give where the chain is said to end."""
    row = conn.execute(_HEAD).first()
    return Head() if row is None else Head(*row)


def _narrowed(query: Select[Any], sought: Sought) -> Select[Any]:
    if sought.actor is not None:
        query = query.where(audit.c.actor == sought.actor)
    if sought.action is not None:
        query = query.where(audit.c.action == sought.action)
    if sought.subject is not None:
        query = query.where(audit.c.subject.contains(sought.subject, autoescape=True))
    if sought.outcome is not None:
        query = query.where(audit.c.outcome == sought.outcome.value)
    if sought.since is not None:
        query = query.where(audit.c.at >= sought.since)
    if sought.until is not None:
        query = query.where(audit.c.at < sought.until)
    return query


def page(conn: Connection, *, before: int | None, limit: int, sought: Sought = EVERYTHING) -> list[Link]:
    """List entries that are sought, newest first, that came before a number."""
    values = {"before": 2**62 if before is None else before, "limit": limit}
    return [_link(row) for row in conn.execute(_narrowed(_PAGE, sought), values)]


def after(
    conn: Connection, beyond: int, limit: int = _TOGETHER, *, sought: Sought = EVERYTHING
) -> list[Link]:
    """List entries that are sought, oldest first, that came after a number."""
    values = {"beyond": beyond, "limit": limit}
    return [_link(row) for row in conn.execute(_narrowed(_WALK, sought), values)]


def walk(conn: Connection) -> Head | Break:
    """Check the whole chain; gives where it ends, or where it breaks first."""
    noted, walked = head(conn), Head()
    for some in _pieces(conn):
        found = verify(some, walked)
        if isinstance(found, Break):
            return found
        walked = found
    return ends_at(walked, noted) or walked


def _pieces(conn: Connection) -> Iterator[list[Link]]:
    beyond = 0
    while some := after(conn, beyond):
        yield some
        beyond = some[-1].seq
