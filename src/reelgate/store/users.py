"""Users."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, func, select, update
from sqlalchemy import insert as insert_into
from sqlalchemy.exc import IntegrityError

from reelgate.core.people import Preferences, Role
from reelgate.store import jsontext
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import identities, users


class Taken(Exception):
    """Raised when somebody else was quicker to take what can be had once; the transaction has to end."""


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody, or something, that owns tasks."""

    id: str
    name: str
    """As they want to be called."""
    created_at: int
    login: str | None = None
    """What they sign in with, in one spelling; None for somebody who cannot."""
    email: str | None = None
    role: Role = Role.MEMBER
    password: str | None = None
    """The argon2id digest; None for somebody who has no password."""
    token_version: int = 0
    """Grows when everything signed for this user has to end at once."""
    disabled_at: int | None = None
    last_login_at: int | None = None
    updated_at: int = 0
    preferences: Preferences = Preferences()

    def __repr__(self) -> str:
        return f"User({self.id!r}, login={self.login!r}, role={self.role.value!r})"


_FIELDS: Final = names_of(User)
_COLUMNS: Final = columns_of(users, User)
_INSERT: Final = insert_into(users)
_ALL: Final = select(*_COLUMNS).order_by(users.c.created_at, users.c.id)
_GET: Final = Prepared(select(*_COLUMNS).where(users.c.id == bindparam("user_id")))
_BY_EMAIL: Final = (
    select(*_COLUMNS).where(func.lower(users.c.email) == bindparam("email")).order_by(users.c.id).limit(2)
)
_BY_LOGIN: Final = Prepared(select(*_COLUMNS).where(users.c.login == bindparam("login")))
_BY_IDENTITY: Final = Prepared(
    select(*_COLUMNS)
    .join(identities, identities.c.user_id == users.c.id)
    .where(identities.c.issuer == bindparam("issuer"), identities.c.subject == bindparam("subject"))
)
# The lock makes two who would each demote the other wait for one another.
_ADMINS: Final = (
    select(users.c.id)
    .where(users.c.role == Role.ADMIN.value, users.c.disabled_at.is_(None))
    .order_by(users.c.id)
    .with_for_update()
)
_SIGNS_IN: Final = (
    select(func.count())
    .select_from(users)
    .where(
        users.c.role == Role.ADMIN.value,
        users.c.password.is_not(None)
        | select(identities.c.user_id).where(identities.c.user_id == users.c.id).exists(),
    )
)
_CHANGE: Final = update(users).where(users.c.id == bindparam("b_id"))
_UNCHOSEN: Final = Preferences()
_preferences = msgspec.json.Decoder(Preferences)


def _user(row: Iterable[Any]) -> User:
    fields = named(_FIELDS, row)
    fields["role"] = Role(fields["role"])
    chosen = fields["preferences"]
    fields["preferences"] = _UNCHOSEN if chosen is None else _preferences.decode(chosen)
    return User(**fields)


def insert(conn: Connection, user: User) -> None:
    """Write a new user.

    Raises Taken when another one signs in with the same name.
    """
    try:
        conn.execute(_INSERT, {**values_of(user), "role": user.role.value, "preferences": None})
        if user.preferences != _UNCHOSEN:
            prefer(conn, user.id, user.preferences, user.updated_at)
    except IntegrityError as there:
        raise Taken from there


def get(conn: Connection, user_id: str) -> User | None:
    """Give a user."""
    row = _GET.first(conn, {"user_id": user_id})
    return None if row is None else _user(row)


def by_login(conn: Connection, login: str) -> User | None:
    """Give the user who signs in with this name."""
    row = _BY_LOGIN.first(conn, {"login": login})
    return None if row is None else _user(row)


def by_identity(conn: Connection, issuer: str, subject: str) -> User | None:
    """Give the user who is this at an OpenID provider."""
    row = _BY_IDENTITY.first(conn, {"issuer": issuer, "subject": subject})
    return None if row is None else _user(row)


def by_email(conn: Connection, email: str) -> list[User]:
    """List the users who left this address, however they spelt it; no more than two."""
    return [_user(row) for row in conn.execute(_BY_EMAIL, {"email": email.lower()})]


def all_users(conn: Connection) -> list[User]:
    """List every user, oldest first."""
    return [_user(row) for row in conn.execute(_ALL)]


def page(
    conn: Connection,
    *,
    limit: int,
    after: str | None = None,
    search: str | None = None,
    role: Role | None = None,
    disabled: bool | None = None,
) -> list[User]:
    """List users by their ids, from the one after `after`, whose name, login or address holds `search`."""
    query = select(*_COLUMNS).order_by(users.c.id).limit(limit)
    if role is not None:
        query = query.where(users.c.role == role.value)
    if disabled is not None:
        query = query.where(users.c.disabled_at.is_not(None) if disabled else users.c.disabled_at.is_(None))
    if after is not None:
        query = query.where(users.c.id > after)
    if search:
        wanted = search.lower()
        query = query.where(
            func.lower(users.c.name).contains(wanted, autoescape=True)
            | func.coalesce(users.c.login, "").contains(wanted, autoescape=True)
            | func.lower(func.coalesce(users.c.email, "")).contains(wanted, autoescape=True)
        )
    return [_user(row) for row in conn.execute(query)]


def names(conn: Connection, user_ids: Iterable[str]) -> dict[str, str]:
    """Tell what these users are called, as far as they are users."""
    query = select(users.c.id, users.c.name).where(users.c.id.in_(list(user_ids)))
    return {str(user_id): str(name) for user_id, name in conn.execute(query)}


def change(conn: Connection, user_id: str, now: int, **values: Any) -> bool:
    """Change columns of a user; False when there is none."""
    return conn.execute(_CHANGE.values(**values, updated_at=now), {"b_id": user_id}).rowcount == 1


def prefer(conn: Connection, user_id: str, chosen: Preferences, now: int) -> bool:
    """Put down what a user prefers; False when there is none."""
    return change(conn, user_id, now, preferences=jsontext.dump(chosen))


def end_tokens(conn: Connection, user_id: str, now: int) -> bool:
    """Make everything that was signed for a user worthless."""
    return change(conn, user_id, now, token_version=users.c.token_version + 1)


def living_admins(conn: Connection) -> list[str]:
    """Name the administrators who are not disabled; nobody else changes who they are until this transaction ends."""
    return [str(found) for found in conn.execute(_ADMINS).scalars()]


def somebody_signs_in(conn: Connection) -> bool:
    """Tell whether there is an administrator who can sign in; none before the first link was used."""
    return conn.execute(_SIGNS_IN).scalar_one() > 0


def add_identity(conn: Connection, issuer: str, subject: str, user_id: str, now: int) -> None:
    """Note who a user is at an OpenID provider.

    Raises Taken when somebody else is that already.
    """
    row = {"issuer": issuer, "subject": subject, "user_id": user_id, "created_at": now}
    try:
        conn.execute(insert_into(identities), row)
    except IntegrityError as there:
        raise Taken from there


def identities_of(conn: Connection, user_id: str) -> list[tuple[str, str]]:
    """List who a user is elsewhere: issuers and subjects."""
    query = select(identities.c.issuer, identities.c.subject).where(identities.c.user_id == user_id)
    return [(str(issuer), str(subject)) for issuer, subject in conn.execute(query)]
