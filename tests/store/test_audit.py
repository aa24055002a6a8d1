"""The audit log on both databases: added to in order by many at once, and broken by nothing but tampering."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
import pytest
from sqlalchemy import delete, update

from reelgate.core.audit import Break, Entry, Head, Outcome
from reelgate.store import activity, audit, tasks
from reelgate.store import settings as setting_rows
from reelgate.store.activity import Deed
from reelgate.store.backend import Backend, Connection
from reelgate.store.settings import Changed
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.store.tables import audit as table
from tests.store.samples import NOW, a_task

ENTRY = Entry(
    at=NOW,
    actor="user_1",
    user_id="user_1",
    key_id="key_1",
    address="192.0.2.1",
    request_id="req_1",
    action="POST /api/admin/settings",
    subject=None,
    outcome=Outcome.DONE,
    details={"asked": {"提示词": [1, None, True, 0.5]}},
)


async def filled(backend: Backend, count: int) -> None:
    await asyncio.gather(*(backend.write(lambda conn: audit.append(conn, ENTRY)) for _ in range(count)))


async def test_entries_of_many_writers_form_one_chain(backend: Backend) -> None:
    await filled(backend, 40)

    walked = await backend.read(audit.walk)
    assert isinstance(walked, Head)
    assert walked.seq == 40
    assert await backend.read(audit.head) == walked
    newest = await backend.read(lambda conn: audit.page(conn, before=None, limit=2))
    assert [one.seq for one in newest] == [40, 39]
    assert newest[0].entry == ENTRY
    older = await backend.read(lambda conn: audit.page(conn, before=39, limit=100))
    assert len(older) == 38


async def test_entries_are_sought_by_what_they_say(backend: Backend) -> None:
    entries = [
        ENTRY,
        msgspec.structs.replace(ENTRY, subject="chan_100%", at=NOW + 5),
        msgspec.structs.replace(ENTRY, actor="user_2", outcome=Outcome.REFUSED, at=NOW + 9),
    ]
    for one in entries:
        await backend.write(lambda conn, e=one: audit.append(conn, e))

    async def found(**wanted: Any) -> list[int]:
        sought = audit.Sought(**wanted)
        some = await backend.read(lambda conn: audit.page(conn, before=None, limit=9, sought=sought))
        assert [o.seq for o in await backend.read(lambda conn: audit.after(conn, 0, sought=sought))] == [
            o.seq for o in reversed(some)
        ]
        return [one.seq for one in some]

    assert await found() == [3, 2, 1]
    assert await found(actor="user_2") == [3]
    assert await found(outcome=Outcome.DONE) == [2, 1]
    assert await found(subject="100%") == [2]
    assert await found(subject="%") == [2]
    assert await found(subject="_1") == [2]
    assert await found(since=NOW + 5, until=NOW + 9) == [2]
    assert await found(action="POST /api/admin") == []


async def test_an_action_that_is_undone_leaves_no_entry(backend: Backend) -> None:
    class Undone(Exception):
        pass

    def work(conn: Connection) -> None:
        audit.append(conn, ENTRY)
        raise Undone

    await filled(backend, 2)
    with pytest.raises(Undone):
        await backend.write(work)
    await filled(backend, 1)

    walked = await backend.read(audit.walk)
    assert isinstance(walked, Head)
    assert walked.seq == 3


async def test_tampering_is_found_and_named(backend: Backend) -> None:
    await filled(backend, 6)

    await backend.write(
        lambda conn: conn.execute(update(table).where(table.c.seq == 4).values(actor="nobody"))
    )
    assert await backend.read(audit.walk) == Break(4, "entry 4 was changed after it was written")
    await backend.write(lambda conn: conn.execute(delete(table).where(table.c.seq >= 4)))
    assert await backend.read(audit.walk) == Break(4, "entries 4 to 6 were cut off")
    await backend.write(lambda conn: conn.execute(delete(table).where(table.c.seq == 2)))
    assert await backend.read(audit.walk) == Break(2, "entry 2 is missing")


def deed(number: int, user_id: str = DEFAULT_USER) -> Deed:
    return Deed(
        id=f"act_{number}",
        user_id=user_id,
        key_id=None,
        action="POST /v1/files",
        subject=None,
        address="",
        agent="",
        status=200,
        created_at=NOW + number,
    )


async def test_activity_puts_deeds_and_videos_in_one_order_and_shows_nobody_elses(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        for number in (1, 3, 5):
            activity.insert(conn, deed(number))
        activity.insert(conn, deed(4, "user_other"))
        for number in (2, 6):
            tasks.insert(conn, a_task(f"video_{number}", created_at=NOW + number))

    await backend.write(work)

    seen: list[int] = []
    after: tuple[int, str] | None = None
    while True:
        some = await backend.read(
            lambda conn, a=after: activity.page(conn, DEFAULT_USER, DEFAULT_PROJECT, after=a, limit=2)
        )
        if not some:
            break
        seen += [one.created_at - NOW for one in some]
        after = (some[-1].created_at, some[-1].id)
    assert seen == [6, 5, 3, 2, 1]
    assert await backend.write(lambda conn: activity.prune(conn, NOW + 5)) == 3


async def test_changes_of_a_setting_are_kept_in_order(backend: Backend) -> None:
    made = [
        Changed(
            id=f"chg_{n}", key="prompt_max", before=before, value=value, actor="user_1", created_at=NOW + n
        )
        for n, (before, value) in enumerate([(None, 10), (10, 0), (0, None)])
    ]

    def work(conn: Connection) -> None:
        for one in made:
            setting_rows.note_change(conn, one)

    await backend.write(work)
    assert await backend.read(lambda conn: setting_rows.history(conn, "prompt_max")) == made[::-1]
    assert await backend.read(lambda conn: setting_rows.history(conn, "other")) == []
