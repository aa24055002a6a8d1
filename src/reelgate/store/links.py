"""One-time links, known by the digest of what stands in them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, bindparam, delete, select, update
from sqlalchemy import insert as insert_into

from reelgate.core.people import LinkKind, Role
from reelgate.store.prepared import Prepared
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import links


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """What a link opens, once, until it expires."""

    id: str
    kind: LinkKind
    digest: str
    created_at: int
    expires_at: int
    user_id: str | None = None
    """Whom it is for, where that is somebody already."""
    role: Role | None = None
    """What whoever it invites becomes."""
    team_id: str | None = None
    """The team they join."""
    note: str = ""
    made_by: str | None = None
    used_at: int | None = None
    revoked_at: int | None = None

    def usable(self, now: int) -> bool:
        """Tell whether it opens anything at `now`."""
        return self.used_at is None and self.revoked_at is None and now < self.expires_at

    def __repr__(self) -> str:
        return f"Link({self.id!r}, {self.kind.value!r})"


_FIELDS: Final = names_of(Link)
_ALL: Final = select(*columns_of(links, Link)).order_by(links.c.created_at.desc(), links.c.id.desc())
_FREE: Final = (links.c.used_at.is_(None), links.c.revoked_at.is_(None))
_USE: Final = Prepared(
    update(links)
    .where(links.c.digest == bindparam("b_digest"), *_FREE, links.c.expires_at > bindparam("b_now"))
    .values(used_at=bindparam("b_now"))
    .returning(*columns_of(links, Link))
)
_GET: Final = Prepared(select(*columns_of(links, Link)).where(links.c.digest == bindparam("digest")))


def _link(row: Iterable[Any]) -> Link:
    fields = named(_FIELDS, row)
    fields["kind"] = LinkKind(fields["kind"])
    fields["role"] = None if fields["role"] is None else Role(fields["role"])
    return Link(**fields)


def insert(conn: Connection, link: Link) -> None:
    """Write a new link."""
    role = None if link.role is None else link.role.value
    conn.execute(insert_into(links), {**values_of(link), "kind": link.kind.value, "role": role})


def get(conn: Connection, digest: str) -> Link | None:
    """Give the link with this digest, usable or not."""
    row = _GET.first(conn, {"digest": digest})
    return None if row is None else _link(row)


def use(conn: Connection, digest: str, now: int) -> Link | None:
    """Use a link up and give what it opens; None when it is unknown, used, revoked or expired."""
    row = _USE.first(conn, {"b_digest": digest, "b_now": now})
    return None if row is None else _link(row)


def listed(conn: Connection, kind: LinkKind, limit: int = 1_000) -> list[Link]:
    """List links of a kind, newest first."""
    return [_link(row) for row in conn.execute(_ALL.where(links.c.kind == kind.value).limit(limit))]


def revoke(conn: Connection, link_id: str, now: int) -> bool:
    """Close a link; False when it is unknown or closed already."""
    query = update(links).where(links.c.id == link_id, *_FREE).values(revoked_at=now)
    return conn.execute(query).rowcount == 1


def revoke_others(conn: Connection, kind: LinkKind, user_id: str | None, now: int) -> None:
    """Close all open links of a kind for one user, or for nobody in particular."""
    whose = links.c.user_id.is_(None) if user_id is None else links.c.user_id == user_id
    conn.execute(update(links).where(links.c.kind == kind.value, whose, *_FREE).values(revoked_at=now))


def leave_team(conn: Connection, team_id: str, now: int) -> None:
    """Close invitations into a team that is no more, and let go of it."""
    whose = links.c.team_id == team_id
    conn.execute(update(links).where(whose, *_FREE).values(revoked_at=now))
    conn.execute(update(links).where(whose).values(team_id=None))


def prune(conn: Connection, before: int) -> int:
    """Forget links that expired before a moment; counts them."""
    return conn.execute(delete(links).where(links.c.expires_at < before)).rowcount
