"""Presets and share links of a project's library, and tickets to download many items."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from sqlalchemy import Connection, delete, or_, select, update
from sqlalchemy import insert as insert_into

from reelgate.store import jsontext
from reelgate.store.rows import columns_of, named, names_of, values_of
from reelgate.store.tables import library_presets, library_shares


class Preset(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters kept under a name."""

    id: str
    project_id: str
    user_id: str
    name: str
    shared: bool
    """Whether everybody in the project sees it."""
    body: dict[str, Any]
    created_at: int
    updated_at: int


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A link that shows one item to whoever has it."""

    id: str
    item_id: str
    project_id: str
    user_id: str
    digest: str
    password: str | None
    hide_prompt: bool
    opened: int
    created_at: int
    expires_at: int | None
    revoked_at: int | None


_PRESETS: Final = select(*columns_of(library_presets, Preset))
_SHARES: Final = select(*columns_of(library_shares, Share))


def _preset(row: Any) -> Preset:
    fields = named(names_of(Preset), row)
    fields.update(shared=bool(fields["shared"]), body=msgspec.json.decode(fields["body"]))
    return Preset(**fields)


def presets(conn: Connection, project_id: str, user_id: str) -> list[Preset]:
    """List the presets somebody sees in a project: their own and the shared ones, by name."""
    table = library_presets.c
    mine = or_(table.user_id == user_id, table.shared.is_(True))
    statement = _PRESETS.where(table.project_id == project_id, mine).order_by(table.name, table.id)
    return [_preset(row) for row in conn.execute(statement)]


def preset(conn: Connection, preset_id: str, project_id: str, user_id: str) -> Preset | None:
    """Give a preset somebody sees."""
    return next((one for one in presets(conn, project_id, user_id) if one.id == preset_id), None)


def put_preset(conn: Connection, one: Preset) -> None:
    """Write a preset, or write it again."""
    values = {**values_of(one), "body": jsontext.dump(one.body)}
    conn.execute(delete(library_presets).where(library_presets.c.id == one.id))
    conn.execute(insert_into(library_presets), values)


def remove_preset(conn: Connection, preset_id: str) -> None:
    """Forget a preset."""
    conn.execute(delete(library_presets).where(library_presets.c.id == preset_id))


def _share(row: Any) -> Share:
    fields = named(names_of(Share), row)
    fields["hide_prompt"] = bool(fields["hide_prompt"])
    return Share(**fields)


def add_share(conn: Connection, share: Share) -> None:
    """Write a new link."""
    conn.execute(insert_into(library_shares), values_of(share))


def shares_of(conn: Connection, item_id: str, project_id: str) -> list[Share]:
    """List the links to an item, the newest first."""
    table = library_shares.c
    statement = _SHARES.where(table.item_id == item_id, table.project_id == project_id)
    rows = conn.execute(statement.order_by(table.created_at.desc(), table.id.desc()))
    return [_share(row) for row in rows]


def share_by_digest(conn: Connection, digest: str) -> Share | None:
    """Give the link with a secret."""
    row = conn.execute(_SHARES.where(library_shares.c.digest == digest)).first()
    return None if row is None else _share(row)


def revoke(conn: Connection, share_id: str, item_id: str, project_id: str, now: int) -> bool:
    """End a link; False when there is none, or it has ended."""
    table = library_shares.c
    statement = update(library_shares).where(
        table.id == share_id,
        table.item_id == item_id,
        table.project_id == project_id,
        table.revoked_at.is_(None),
    )
    return conn.execute(statement.values(revoked_at=now)).rowcount == 1


def count_opening(conn: Connection, share_id: str) -> None:
    """Count that somebody opened a link."""
    opened = library_shares.c.opened
    conn.execute(update(library_shares).where(library_shares.c.id == share_id).values(opened=opened + 1))
