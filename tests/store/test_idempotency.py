from __future__ import annotations

import asyncio

from reelgate.store import idempotency, tasks
from reelgate.store.backend import Backend, Connection
from reelgate.store.idempotency import Conflict, Repeat
from reelgate.store.tables import RepeatKind
from tests.store.samples import NOW, a_task

DAY = 86_400_000


def _repeat(task_id: str = "video_1", **changes: object) -> Repeat:
    fields: dict[str, object] = {
        "scope": "proj:user",
        "key": "key",
        "kind": RepeatKind.EXPLICIT,
        "fingerprint": "print",
        "task_id": task_id,
        "created_at": NOW,
        "expires_at": NOW + DAY,
    }
    return Repeat(**{**fields, **changes})  # pyright: ignore[reportArgumentType]


def _create(conn: Connection, repeat: Repeat) -> None:
    tasks.insert(conn, a_task(repeat.task_id))
    idempotency.insert(conn, repeat)


async def test_a_key_stands_for_its_task_within_its_scope_until_it_expires(backend: Backend) -> None:
    await backend.write(lambda conn: _create(conn, _repeat()))

    async def ask(scope: str, key: str, now: int) -> Repeat | None:
        return await backend.point(lambda conn: idempotency.get(conn, scope, key, now=now))

    assert await ask("proj:user", "key", NOW) == _repeat()
    assert await ask("proj:user", "other", NOW) is None
    assert await ask("proj:other", "key", NOW) is None
    assert await ask("proj:user", "key", NOW + DAY) is None


async def test_of_many_creates_with_one_key_one_is_made(backend: Backend) -> None:
    results = await asyncio.gather(
        *(backend.write(lambda conn, n=number: _create(conn, _repeat(f"video_{n}"))) for number in range(32)),
        return_exceptions=True,
    )
    assert sum(result is None for result in results) == 1
    assert all(result is None or isinstance(result, Conflict) for result in results)
    assert sum((await backend.read(tasks.counts)).values()) == 1


async def test_after_a_conflict_the_transaction_can_go_on(backend: Backend) -> None:
    await backend.write(lambda conn: _create(conn, _repeat()))

    def work(conn: Connection) -> str:
        tasks.insert(conn, a_task("video_2"))
        try:
            idempotency.insert(conn, _repeat("video_2"))
        except Conflict as conflict:
            row = idempotency.get(conn, conflict.scope, conflict.key, now=NOW)
            return row.task_id if row else ""
        return "no conflict"

    assert await backend.write(work) == "video_1"


async def test_an_expired_key_gives_way(backend: Backend) -> None:
    await backend.write(lambda conn: _create(conn, _repeat()))
    later = _repeat("video_2", created_at=NOW + DAY, expires_at=NOW + 2 * DAY, fingerprint="other")
    await backend.write(lambda conn: _create(conn, later))
    assert await backend.point(lambda conn: idempotency.get(conn, "proj:user", "key", now=NOW + DAY)) == later


async def test_the_newest_request_with_the_same_content_is_found(backend: Backend) -> None:
    old = _repeat("video_1", key="auto:1", kind=RepeatKind.RETRY, created_at=NOW - 10)
    new = _repeat("video_2", key="auto:2", kind=RepeatKind.RETRY)
    for repeat in (old, new):
        await backend.write(lambda conn, r=repeat: _create(conn, r))

    async def ask(fingerprint: str, since: int) -> Repeat | None:
        return await backend.point(lambda conn: idempotency.recent(conn, "proj:user", fingerprint, since))

    assert await ask("print", NOW - 60) == new
    assert await ask("print", NOW + 1) is None
    assert await ask("other", NOW - 60) is None


async def test_what_has_expired_is_forgotten(backend: Backend) -> None:
    await backend.write(lambda conn: _create(conn, _repeat("video_1", key="a", expires_at=NOW + 1)))
    await backend.write(lambda conn: _create(conn, _repeat("video_2", key="b")))
    assert await backend.write(lambda conn: idempotency.prune(conn, NOW + 1)) == 1
    assert await backend.point(lambda conn: idempotency.get(conn, "proj:user", "b", now=NOW))
