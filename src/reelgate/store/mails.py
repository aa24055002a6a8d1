"""Mails that are owed: written with what they tell of, handed in until taken or given up."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, bindparam, select, update
from sqlalchemy import insert as insert_into

from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import DeliveryState, mails


class Mail(msgspec.Struct, frozen=True, kw_only=True):
    """One mail owed or sent to one address."""

    id: str
    address: str
    subject: str
    text: str
    state: DeliveryState
    attempts: int
    next_at: int | None
    last_error: str | None
    created_at: int
    sent_at: int | None


_FIELDS: Final = names_of(Mail)
_INSERT: Final = insert_into(mails)
_all = select(*columns_of(mails, Mail))
_DUE: Final = (
    _all.where(mails.c.state == DeliveryState.PENDING.value, mails.c.next_at <= bindparam("now"))
    .order_by(mails.c.next_at, mails.c.id)
    .limit(bindparam("limit"))
)
_NEWEST: Final = _all.order_by(mails.c.created_at.desc(), mails.c.id.desc()).limit(bindparam("limit"))
_pending_one = update(mails).where(
    mails.c.id == bindparam("b_id"), mails.c.state == DeliveryState.PENDING.value
)
_CLAIM: Final = _pending_one.where(mails.c.next_at <= bindparam("now")).values(
    next_at=bindparam("until"), attempts=mails.c.attempts + 1
)
_SENT: Final = _pending_one.values(
    state=DeliveryState.DELIVERED.value, next_at=None, last_error=None, sent_at=bindparam("now")
)
_AGAIN: Final = _pending_one.values(next_at=bindparam("again_at"), last_error=bindparam("error"))
_DEAD: Final = _pending_one.values(
    state=DeliveryState.DEAD.value, next_at=None, last_error=bindparam("error")
)


def _mail(row: Row[Any]) -> Mail:
    fields = named(_FIELDS, row)
    fields["state"] = DeliveryState(fields["state"])
    return Mail(**fields)


def insert(conn: Connection, mail: Mail) -> None:
    """Owe a mail."""
    conn.execute(_INSERT, {**values_of(mail), "state": mail.state.value})


def due(conn: Connection, now: int, limit: int) -> list[Mail]:
    """List mails whose time has come."""
    return [_mail(row) for row in conn.execute(_DUE, {"now": now, "limit": limit})]


def newest(conn: Connection, limit: int = 100) -> list[Mail]:
    """List the newest mails."""
    return [_mail(row) for row in conn.execute(_NEWEST, {"limit": limit})]


def claim(conn: Connection, mail_id: str, *, now: int, until: int) -> bool:
    """Take a due mail for one attempt and keep others off it until `until`; False when it is taken."""
    return conn.execute(_CLAIM, {"b_id": mail_id, "now": now, "until": until}).rowcount == 1


def sent(conn: Connection, mail_id: str, now: int) -> None:
    """Write down that the server took it."""
    conn.execute(_SENT, {"b_id": mail_id, "now": now})


def again(conn: Connection, mail_id: str, error: str, again_at: int) -> None:
    """Write down a failed attempt and when to try again."""
    conn.execute(_AGAIN, {"b_id": mail_id, "error": error, "again_at": again_at})


def dead(conn: Connection, mail_id: str, error: str) -> None:
    """Give a mail up, with the reason."""
    conn.execute(_DEAD, {"b_id": mail_id, "error": error})
