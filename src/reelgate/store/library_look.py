"""What is shown of an item beside its row: its task or file, its assets, its tags."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy import Connection, select

from reelgate.core.money import EntryKind
from reelgate.core.task import Asset, Character, Upload, Variant
from reelgate.store import library_items as item_rows
from reelgate.store import tasks as task_rows
from reelgate.store.library_items import Item
from reelgate.store.rows import columns_of, named, names_of
from reelgate.store.tables import assets, characters, ledger, library_shares, lineage, tasks, uploads
from reelgate.store.tasks import StatusRow


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """An item with what is shown of it in a list."""

    item: Item
    tags: tuple[tuple[str, str], ...]
    """Id and name of each."""
    task: StatusRow | None = None
    assets: tuple[Asset, ...] = ()
    upload: Upload | None = None
    character: Character | None = None

    @property
    def there(self) -> bool:
        """Whether what the item stands for still exists."""
        return self.task is not None or self.upload is not None or self.character is not None

    def asset(self, variant: Variant) -> Asset | None:
        """Give the file of a variant."""
        return next((one for one in self.assets if one.variant is variant), None)


class Booked(msgspec.Struct, frozen=True):
    """What was booked for a task, by kind of entry."""

    held: int | None
    """What is held still."""
    captured: int | None
    released: int | None


_ASSETS: Final = select(*columns_of(assets, Asset))
_UPLOADS: Final = select(*columns_of(uploads, Upload))
_CHARACTERS: Final = select(*columns_of(characters, Character))


def look(conn: Connection, items: Sequence[Item]) -> list[Seen]:
    """Give items with what is shown of them, in the same order; one whose task or file is gone is left out."""
    ids = [item.id for item in items]
    if not ids:
        return []
    rows = {row.id: row for row in task_rows.status_rows(conn, ids)}
    files = _assets(conn, [one for one in ids if one in rows])
    others = [one for one in ids if one not in rows]
    kept = _uploads(conn, others) if others else {}
    figures = _characters(conn, others) if others else {}
    tags = item_rows.tags_of(conn, [item.no for item in items])
    seen = (
        Seen(
            item=item,
            tags=tuple(tags.get(item.no, ())),
            task=rows.get(item.id),
            assets=tuple(files.get(item.id, ())),
            upload=kept.get(item.id),
            character=figures.get(item.id),
        )
        for item in items
    )
    return [one for one in seen if one.there]


def _assets(conn: Connection, ids: Sequence[str]) -> dict[str, list[Asset]]:
    found: dict[str, list[Asset]] = {}
    for row in conn.execute(_ASSETS.where(assets.c.task_id.in_(ids))):
        fields = named(names_of(Asset), row)
        fields["variant"] = Variant(fields["variant"])
        found.setdefault(fields["task_id"], []).append(Asset(**fields))
    return found


def _uploads(conn: Connection, ids: Sequence[str]) -> dict[str, Upload]:
    rows = conn.execute(_UPLOADS.where(uploads.c.id.in_(ids)))
    return {row.id: Upload(**named(names_of(Upload), row)) for row in rows}


def _characters(conn: Connection, ids: Sequence[str]) -> dict[str, Character]:
    rows = conn.execute(_CHARACTERS.where(characters.c.id.in_(ids)))
    return {row.id: Character(**named(names_of(Character), row)) for row in rows}


def booked(conn: Connection, task_id: str) -> Booked:
    """Give what was booked for a task."""
    rows = conn.execute(
        select(ledger.c.kind, ledger.c.amount, ledger.c.closed_at).where(ledger.c.task_id == task_id)
    ).all()
    by_kind = {row.kind: row for row in rows}
    hold = by_kind.get(EntryKind.HOLD.value)
    capture = by_kind.get(EntryKind.CAPTURE.value)
    release = by_kind.get(EntryKind.RELEASE.value)
    return Booked(
        held=hold.amount if hold is not None and hold.closed_at is None else None,
        captured=None if capture is None else capture.amount,
        released=None if release is None else release.amount,
    )


def living_shares(conn: Connection, item_id: str, now: int) -> int:
    """Count the links that open an item now."""
    links = library_shares.c
    statement = select(links.id, links.expires_at).where(links.item_id == item_id, links.revoked_at.is_(None))
    return sum(1 for row in conn.execute(statement) if row.expires_at is None or row.expires_at > now)


def children_of(conn: Connection, parent_id: str, project_id: str, limit: int) -> list[str]:
    """Name the tasks of a project that were made from something, the newest first; deleted ones are left out."""
    statement = (
        select(lineage.c.child_id, lineage.c.created_at)
        .join(tasks, tasks.c.id == lineage.c.child_id)
        .where(
            lineage.c.parent_id == parent_id, tasks.c.project_id == project_id, tasks.c.deleted_at.is_(None)
        )
        .order_by(lineage.c.created_at.desc(), lineage.c.child_id.desc())
        .limit(limit)
    )
    return list(dict.fromkeys(conn.execute(statement).scalars()))
