"""API keys, known by the digest of their token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, and_, bindparam, func, or_, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.money import EntryKind, Micro
from reelgate.core.people import BudgetWindow
from reelgate.store import jsontext
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import api_keys, ledger, projects, tasks, team_members, users


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is stored: never the token itself."""

    id: str
    user_id: str
    project_id: str
    name: str
    digest: str
    hint: str
    """The last four characters of the token, to tell keys apart."""
    scopes: tuple[str, ...]
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None
    models: tuple[str, ...] | None = None
    """The only models it may ask for; None leaves that open."""
    budget: Micro | None = None
    """What it may spend in one window; None means no limit of its own."""
    budget_currency: str | None = None
    budget_window: BudgetWindow | None = None

    def usable(self, now: int) -> bool:
        """Tell whether the key opens anything at `now`."""
        return self.revoked_at is None and (self.expires_at is None or now < self.expires_at)

    def __repr__(self) -> str:
        return f"Key({self.id!r}, name={self.name!r})"


class Holder(msgspec.Struct, frozen=True):
    """What every request has to know of the key it came with, its owner and their place in the project."""

    id: str
    user_id: str
    project_id: str
    digest: str
    scopes: str
    """As stored: a JSON list."""
    models: str | None
    """As stored: a JSON list."""
    budget: Micro | None
    expires_at: int | None
    revoked_at: int | None
    role: str
    disabled_at: int | None
    owner_id: str
    team_id: str | None
    team_role: str | None


class Used(msgspec.Struct, kw_only=True):
    """What programs did with a key."""

    videos: int
    """How many videos they asked for."""
    charged: dict[str, Micro] = msgspec.field(default_factory=dict[str, Micro])
    """What was taken for those, by currency."""


_FIELDS: Final = names_of(Key)
_COLUMNS: Final = columns_of(api_keys, Key)
_scopes = msgspec.json.Decoder(tuple[str, ...])

_INSERT: Final = insert_into(api_keys)
_ALL: Final = select(*_COLUMNS).order_by(api_keys.c.created_at, api_keys.c.id)
_BY_DIGEST: Final = Prepared(select(*_COLUMNS).where(api_keys.c.digest == bindparam("digest")))
_HOLDER: Final = Prepared(
    select(
        api_keys.c.id,
        api_keys.c.user_id,
        api_keys.c.project_id,
        api_keys.c.digest,
        api_keys.c.scopes,
        api_keys.c.models,
        api_keys.c.budget,
        api_keys.c.expires_at,
        api_keys.c.revoked_at,
        users.c.role,
        users.c.disabled_at,
        projects.c.user_id,
        projects.c.team_id,
        team_members.c.role,
    )
    .select_from(
        api_keys.join(users, users.c.id == api_keys.c.user_id)
        .join(projects, projects.c.id == api_keys.c.project_id)
        .outerjoin(
            team_members,
            and_(team_members.c.team_id == projects.c.team_id, team_members.c.user_id == api_keys.c.user_id),
        )
    )
    .where(api_keys.c.digest == bindparam("digest"))
)
# What is held counts from when it was held, what was taken from when it was taken.
_SPENT: Final = Prepared(
    select(func.coalesce(func.sum(ledger.c.amount), 0))
    .select_from(tasks.join(ledger, ledger.c.task_id == tasks.c.id))
    .where(
        tasks.c.key_id == bindparam("key_id"),
        ledger.c.currency == bindparam("currency"),
        ledger.c.created_at >= bindparam("since"),
        or_(
            ledger.c.kind == EntryKind.CAPTURE.value,
            and_(ledger.c.kind == EntryKind.HOLD.value, ledger.c.closed_at.is_(None)),
        ),
    )
)
_ASKED: Final = select(tasks.c.key_id, func.count()).group_by(tasks.c.key_id)
_PAID: Final = (
    select(tasks.c.key_id, ledger.c.currency, func.sum(ledger.c.amount))
    .select_from(tasks.join(ledger, ledger.c.task_id == tasks.c.id))
    .where(ledger.c.kind == EntryKind.CAPTURE.value)
    .group_by(tasks.c.key_id, ledger.c.currency)
)
_TOGETHER: Final = 500
_GET: Final = select(*_COLUMNS).where(api_keys.c.id == bindparam("key_id"))
_COUNT: Final = select(func.count()).select_from(api_keys)
_REVOKE: Final = (
    update(api_keys)
    .where(api_keys.c.id == bindparam("key_id"), api_keys.c.revoked_at.is_(None))
    .values(revoked_at=bindparam("now"))
)
_TOUCH: Final = (
    update(api_keys).where(api_keys.c.id == bindparam("key_id")).values(last_used_at=bindparam("now"))
)


def _key(row: Iterable[Any]) -> Key:
    fields = named(_FIELDS, row)
    fields["scopes"] = _scopes.decode(fields["scopes"])
    fields["models"] = None if fields["models"] is None else _scopes.decode(fields["models"])
    window = fields["budget_window"]
    fields["budget_window"] = None if window is None else BudgetWindow(window)
    return Key(**fields)


def insert(conn: Connection, key: Key) -> None:
    """Write a new key."""
    conn.execute(
        _INSERT,
        {
            **values_of(key),
            "scopes": jsontext.dump(key.scopes),
            "models": None if key.models is None else jsontext.dump(key.models),
            "budget_window": None if key.budget_window is None else key.budget_window.value,
        },
    )


def by_digest(conn: Connection, digest: str) -> Key | None:
    """Give the key whose token has this digest, usable or not."""
    row = _BY_DIGEST.first(conn, {"digest": digest})
    return None if row is None else _key(row)


def holder(conn: Connection, digest: str) -> Holder | None:
    """Give what a request needs of the key whose token has this digest, usable or not."""
    row = _HOLDER.first(conn, {"digest": digest})
    return None if row is None else Holder(*row)


def get(conn: Connection, key_id: str) -> Key | None:
    """Give a key by its id."""
    row = conn.execute(_GET, {"key_id": key_id}).first()
    return None if row is None else _key(row)


def all_keys(conn: Connection) -> list[Key]:
    """List every key, oldest first."""
    return [_key(row) for row in conn.execute(_ALL)]


def of_user(conn: Connection, user_id: str) -> list[Key]:
    """List the keys of a user, oldest first."""
    return [_key(row) for row in conn.execute(_ALL.where(api_keys.c.user_id == user_id))]


def spent(conn: Connection, key_id: str, currency: str, since: int) -> Micro:
    """Sum up what tasks of a key took or hold since a moment."""
    row = _SPENT.first(conn, {"key_id": key_id, "currency": currency, "since": since})
    return Micro(0 if row is None else int(row[0]))


def used(conn: Connection, key_ids: Sequence[str], since: int) -> dict[str, Used]:
    """Say what programs did with keys since a moment; keys nobody used are left out."""
    found: dict[str, Used] = {}
    for start in range(0, len(key_ids), _TOGETHER):
        some = key_ids[start : start + _TOGETHER]
        lately = and_(tasks.c.key_id.in_(some), tasks.c.created_at >= since)
        for key_id, videos in conn.execute(_ASKED.where(lately)):
            found[key_id] = Used(videos=videos)
        for key_id, currency, amount in conn.execute(_PAID.where(lately)):
            found[key_id].charged[currency] = Micro(int(amount))
    return found


def count(conn: Connection) -> int:
    """Count the keys ever made; none means that this installation starts for the first time."""
    return conn.execute(_COUNT).scalar_one()


def revoke(conn: Connection, key_id: str, now: int) -> bool:
    """Close a key at once and for good; False when it is closed already or unknown."""
    return conn.execute(_REVOKE, {"key_id": key_id, "now": now}).rowcount == 1


def touch(conn: Connection, key_id: str, now: int) -> None:
    """Note when a key was last used."""
    conn.execute(_TOUCH, {"key_id": key_id, "now": now})
