"""Callbacks: what those of a channel are signed with, and which attempts one may speak of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import BindParameter, Connection, bindparam, delete, or_, select, update

from reelgate.core.envelope import Place, Sealed
from reelgate.core.task import AttemptState
from reelgate.store.prepared import one_of
from reelgate.store.tables import attempts, callback_keys
from reelgate.store.upsert import Upsert

NUDGED_AT_ONCE: Final = 200
"""Attempts that one callback may speak of at most."""

_OPEN: Final = (AttemptState.SUBMITTING, AttemptState.ACCEPTED, AttemptState.UNCLEAR)


class Spoken(msgspec.Struct, frozen=True):
    """An attempt that a callback may speak of."""

    attempt_id: str
    task_id: str
    state: AttemptState
    ref: str | None


_PUT: Final = Upsert(
    callback_keys, ("id",), change=lambda new: {"secret": new.secret, "updated_at": new.updated_at}
)
_SECRET: Final = select(callback_keys.c.secret).where(callback_keys.c.id == bindparam("channel_id"))
_REMOVE: Final = delete(callback_keys).where(callback_keys.c.id == bindparam("b_id"))
_open: Final = (
    select(attempts.c.id, attempts.c.task_id, attempts.c.state, attempts.c.ref)
    .where(
        attempts.c.channel_id == bindparam("channel_id"),
        attempts.c.ended_at.is_(None),
        one_of(attempts.c.state, [state.value for state in _OPEN]),
    )
    .order_by(attempts.c.created_at.desc())
    .limit(NUDGED_AT_ONCE)
)
_BY_ID: Final = _open.where(attempts.c.id == bindparam("attempt_id"))
_SUBMITTING: Final = _open.where(attempts.c.state == AttemptState.SUBMITTING.value)
_names: BindParameter[str] = bindparam("names", expanding=True)
_NAMED: Final = _open.where(
    or_(attempts.c.ref.in_(_names), attempts.c.upstream_id.in_(_names), attempts.c.client_token.in_(_names))
)
_NUDGE: Final = (
    update(attempts)
    .where(attempts.c.id.in_(bindparam("b_ids", expanding=True)))
    .values(nudged_at=bindparam("v_now"))
)


def place_of(channel_id: str) -> Place:
    """Give what the signing secret of a channel is bound to."""
    return Place(callback_keys.name, channel_id)


def put_secret(conn: Connection, channel_id: str, secret: Sealed, now: int) -> None:
    """Write down what a channel's callbacks are signed with."""
    _PUT.run(conn, {"id": channel_id, "secret": secret, "created_at": now, "updated_at": now})


def secret_of(conn: Connection, channel_id: str) -> Sealed | None:
    """Give what a channel's callbacks are signed with; None when nobody said."""
    text = conn.execute(_SECRET, {"channel_id": channel_id}).scalar()
    return None if not text else Sealed(text)


def remove_secret(conn: Connection, channel_id: str) -> bool:
    """Forget what a channel's callbacks are signed with; False when nobody knew."""
    return conn.execute(_REMOVE, {"b_id": channel_id}).rowcount == 1


def nudge(
    conn: Connection, channel_id: str, attempt_id: str | None, names: Sequence[str], now: int
) -> list[Spoken]:
    """Note that something moved, and give the attempts meant: the one named by its address, else those named in the body.

    A body that names nobody means those whose submission has not been answered yet: it may have come first.
    """
    found = _meant(conn, channel_id, attempt_id, names)
    if found:
        conn.execute(_NUDGE, {"b_ids": [one.attempt_id for one in found], "v_now": now})
    return found


def _meant(conn: Connection, channel_id: str, attempt_id: str | None, names: Sequence[str]) -> list[Spoken]:
    if attempt_id is not None:
        return _read(conn, _BY_ID, {"channel_id": channel_id, "attempt_id": attempt_id})
    named = _read(conn, _NAMED, {"channel_id": channel_id, "names": list(names)}) if names else []
    return named or _read(conn, _SUBMITTING, {"channel_id": channel_id})


def _read(conn: Connection, query: Any, given: dict[str, Any]) -> list[Spoken]:
    return [
        Spoken(row.id, row.task_id, AttemptState(row.state), row.ref) for row in conn.execute(query, given)
    ]
