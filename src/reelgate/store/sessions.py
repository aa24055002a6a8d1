"""Sign-ins, the tokens that carry them on, and what tokens are signed with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, case, delete, func, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.envelope import Place, Sealed
from reelgate.core.people import Role, SessionKind
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import refresh_tokens, sessions, signing_keys, users


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One sign-in."""

    id: str
    user_id: str
    kind: SessionKind
    digest: str | None
    """Of the cookie; None for one that tokens carry on."""
    address: str
    agent: str
    created_at: int
    seen_at: int
    expires_at: int
    revoked_at: int | None = None

    def usable(self, now: int) -> bool:
        """Tell whether the sign-in still holds at `now`."""
        return self.revoked_at is None and now < self.expires_at

    def __repr__(self) -> str:
        return f"Session({self.id!r}, user_id={self.user_id!r})"


class SignedIn(msgspec.Struct, frozen=True):
    """What a request has to know of the sign-in it came with."""

    id: str
    user_id: str
    kind: SessionKind
    seen_at: int
    expires_at: int
    revoked_at: int | None
    role: Role
    token_version: int
    disabled_at: int | None


class Refresh(msgspec.Struct, frozen=True, kw_only=True):
    """A token that can be exchanged once."""

    digest: str
    session_id: str
    created_at: int
    expires_at: int
    used_at: int | None = None


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """What tokens are signed with; the secret is sealed."""

    id: str
    secret: Sealed
    created_at: int
    retired_at: int | None = None

    @property
    def place(self) -> Place:
        """Where its secret lies."""
        return Place("signing_keys", self.id)


_FIELDS: Final = names_of(Session)
_COLUMNS: Final = columns_of(sessions, Session)
_SIGNED_IN: Final = select(
    sessions.c.id,
    sessions.c.user_id,
    sessions.c.kind,
    sessions.c.seen_at,
    sessions.c.expires_at,
    sessions.c.revoked_at,
    users.c.role,
    users.c.token_version,
    users.c.disabled_at,
).join(users, users.c.id == sessions.c.user_id)
_BY_DIGEST: Final = Prepared(_SIGNED_IN.where(sessions.c.digest == bindparam("digest")))
_BY_ID: Final = Prepared(_SIGNED_IN.where(sessions.c.id == bindparam("session_id")))
_LIST: Final = select(*_COLUMNS).order_by(sessions.c.created_at.desc(), sessions.c.id.desc())
_OPEN: Final = sessions.c.revoked_at.is_(None)
_REFRESH: Final = columns_of(refresh_tokens, Refresh)
_BY_TOKEN: Final = Prepared(select(*_REFRESH).where(refresh_tokens.c.digest == bindparam("digest")))
_USE: Final = Prepared(
    update(refresh_tokens)
    .where(refresh_tokens.c.digest == bindparam("b_digest"), refresh_tokens.c.used_at.is_(None))
    .values(used_at=bindparam("b_now"))
)
_TOUCH: Final = update(sessions).where(sessions.c.id == bindparam("b_id")).values(seen_at=bindparam("b_now"))
_KEYS: Final = select(*columns_of(signing_keys, SigningKey)).order_by(
    signing_keys.c.created_at.desc(), signing_keys.c.id.desc()
)


def _session(row: Iterable[Any]) -> Session:
    fields = named(_FIELDS, row)
    fields["kind"] = SessionKind(fields["kind"])
    return Session(**fields)


def _signed_in(row: tuple[Any, ...] | None) -> SignedIn | None:
    if row is None:
        return None
    session_id, user_id, kind, seen, expires, revoked, role, version, disabled = row
    return SignedIn(
        session_id, user_id, SessionKind(kind), seen, expires, revoked, Role(role), version, disabled
    )


def insert(conn: Connection, session: Session) -> None:
    """Write a new sign-in."""
    conn.execute(insert_into(sessions), {**values_of(session), "kind": session.kind.value})


def by_cookie(conn: Connection, digest: str) -> SignedIn | None:
    """Give the sign-in whose cookie has this digest, usable or not."""
    return _signed_in(_BY_DIGEST.first(conn, {"digest": digest}))


def by_id(conn: Connection, session_id: str) -> SignedIn | None:
    """Give a sign-in, usable or not."""
    return _signed_in(_BY_ID.first(conn, {"session_id": session_id}))


def get(conn: Connection, session_id: str) -> Session | None:
    """Give a sign-in with where it came from."""
    row = conn.execute(_LIST.where(sessions.c.id == session_id)).first()
    return None if row is None else _session(row)


def listed(conn: Connection, *, now: int, user_id: str | None = None, limit: int = 1_000) -> list[Session]:
    """List the sign-ins that hold, of one user or of all, newest first."""
    query = _LIST.where(_OPEN, sessions.c.expires_at > now).limit(limit)
    if user_id is not None:
        query = query.where(sessions.c.user_id == user_id)
    return [_session(row) for row in conn.execute(query)]


def presence(conn: Connection, user_ids: Sequence[str], now: int) -> dict[str, tuple[int, int]]:
    """Tell of each of these users how many sign-ins hold and when one was last used; nobody who never signed in."""
    holds = case((_OPEN & (sessions.c.expires_at > now), 1), else_=0)
    query = (
        select(sessions.c.user_id, func.sum(holds), func.max(sessions.c.seen_at))
        .where(sessions.c.user_id.in_(user_ids))
        .group_by(sessions.c.user_id)
    )
    return {str(user_id): (int(count), int(seen)) for user_id, count, seen in conn.execute(query)}


def revoke(conn: Connection, session_id: str, now: int, *, user_id: str | None = None) -> bool:
    """End a sign-in, of this user when one is named; False when there is none that holds."""
    query = update(sessions).where(sessions.c.id == session_id, _OPEN).values(revoked_at=now)
    if user_id is not None:
        query = query.where(sessions.c.user_id == user_id)
    return conn.execute(query).rowcount == 1


def revoke_all(conn: Connection, user_id: str, now: int, *, but: str | None = None) -> int:
    """End every sign-in of a user, but for one; counts them."""
    query = update(sessions).where(sessions.c.user_id == user_id, _OPEN).values(revoked_at=now)
    if but is not None:
        query = query.where(sessions.c.id != but)
    return conn.execute(query).rowcount


def extend(conn: Connection, session_id: str, expires_at: int, now: int) -> None:
    """Let a sign-in last longer, for it was just used."""
    conn.execute(
        update(sessions).where(sessions.c.id == session_id).values(expires_at=expires_at, seen_at=now)
    )


def touch(conn: Connection, seen: Mapping[str, int]) -> None:
    """Note when sign-ins were last used."""
    for session_id, now in seen.items():
        conn.execute(_TOUCH, {"b_id": session_id, "b_now": now})


def add_refresh(conn: Connection, token: Refresh) -> None:
    """Write a token that can be exchanged."""
    conn.execute(insert_into(refresh_tokens), values_of(token))


def refresh_of(conn: Connection, digest: str) -> Refresh | None:
    """Give the token with this digest, exchanged or not."""
    row = _BY_TOKEN.first(conn, {"digest": digest})
    return None if row is None else Refresh(**named(names_of(Refresh), row))


def use_refresh(conn: Connection, digest: str, now: int) -> bool:
    """Exchange a token; of two who do so at once, one is told False."""
    return _USE.run(conn, {"b_digest": digest, "b_now": now}) == 1


def prune(conn: Connection, before: int) -> int:
    """Forget sign-ins that ended before a moment, with their tokens; counts them."""
    old = select(sessions.c.id).where(sessions.c.expires_at < before)
    conn.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(old)))
    return conn.execute(delete(sessions).where(sessions.c.expires_at < before)).rowcount


def signing_keys_kept(conn: Connection) -> list[SigningKey]:
    """List what tokens are or were signed with, the newest first."""
    fields = names_of(SigningKey)
    return [SigningKey(**named(fields, row)) for row in conn.execute(_KEYS)]


def add_signing_key(conn: Connection, key: SigningKey) -> None:
    """Sign with another key from now on; those before it are retired."""
    conn.execute(
        update(signing_keys).where(signing_keys.c.retired_at.is_(None)).values(retired_at=key.created_at)
    )
    conn.execute(insert_into(signing_keys), values_of(key))
