from __future__ import annotations

from collections.abc import Callable
from itertools import count

import pytest

from reelgate.core.events import Event, EventType
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro, settle
from reelgate.store import attempts, events, idempotency, invariants, ledger, tasks, webhooks
from reelgate.store.backend import Backend, Connection
from reelgate.store.idempotency import Repeat
from reelgate.store.sqlite import connect, path_of
from reelgate.store.tables import DEFAULT_ACCOUNT, RepeatKind
from tests.store.samples import NOW, a_task, an_attempt
from tests.store.test_webhooks import ENDPOINT

_numbers = count(1)


def _id() -> str:
    return f"id_{next(_numbers)}"


def _tell(conn: Connection, status: str) -> Event:
    return events.append(conn, "video_1", EventType(f"video.{status}"), {}, NOW, _id())


def _step(conn: Connection, before: Status, after: Status, **changes: object) -> None:
    assert tasks.move(
        conn,
        "video_1",
        epoch=1,
        before=frozenset({before}),
        changes={"status": after, **changes},
        now=NOW,
    )
    _tell(conn, after.value)


def _whole_life(conn: Connection) -> None:
    """A task that was created, sent, watched, kept, paid for and told of."""
    webhooks.insert(conn, ENDPOINT)
    tasks.insert(conn, a_task())
    ledger.deposit(conn, DEFAULT_ACCOUNT, 900_000, "USD", NOW, _id())
    ledger.hold(conn, DEFAULT_ACCOUNT, "video_1", 400_000, "USD", NOW, _id())
    repeat = Repeat(
        scope="s",
        key="k",
        kind=RepeatKind.EXPLICIT,
        fingerprint="f",
        task_id="video_1",
        created_at=NOW,
        expires_at=NOW + 9,
    )
    idempotency.insert(conn, repeat)
    _tell(conn, "queued")
    tasks.lease(conn, "video_1", NOW)
    attempts.insert(conn, an_attempt())
    _step(conn, Status.QUEUED, Status.SUBMITTING, attempt_id="att_1", attempts=1)
    attempts.set_ref(conn, "att_1", "job-1")
    _step(conn, Status.SUBMITTING, Status.RUNNING)
    _tell(conn, "progress")
    _step(conn, Status.RUNNING, Status.ARCHIVING)
    _step(conn, Status.ARCHIVING, Status.COMPLETED, finished_at=NOW, completed_at=NOW)
    assert ledger.close(conn, "video_1", settle(Micro(400_000), Micro(400_000)), NOW, _id)
    told = _tell(conn, "deleted")
    webhooks.enqueue(conn, told, told_as="video.completed", body="{}", now=NOW, new_id=_id)


async def test_a_whole_life_breaks_nothing(backend: Backend) -> None:
    await backend.write(_whole_life)
    assert await backend.read(invariants.violations) == []


async def test_an_installation_that_was_just_made_breaks_nothing(backend: Backend) -> None:
    assert await backend.read(invariants.violations) == []


def _sql(statement: str) -> Callable[[Connection], None]:
    def damage(conn: Connection) -> None:
        conn.exec_driver_sql(statement)

    return damage


def _second_acceptance(conn: Connection) -> None:
    attempts.insert(conn, an_attempt("att_2", number=2, ref="job-2"))
    conn.exec_driver_sql("UPDATE tasks SET attempts = 2")


@pytest.mark.parametrize(
    ("invariant", "subject", "damage"),
    [
        ("I1", "video_1", _second_acceptance),
        ("I3", "video_1", _sql("UPDATE ledger SET closed_at = NULL WHERE kind = 'hold'")),
        ("I3", "video_1", _sql("UPDATE tasks SET disputed = true")),
        ("I3", "video_1", _sql("UPDATE ledger SET amount = 1 WHERE kind = 'capture'")),
        ("I3", "video_1", _sql("DELETE FROM ledger WHERE kind = 'capture'")),
        ("I4", DEFAULT_ACCOUNT, _sql("UPDATE accounts SET balance = balance + 1")),
        ("I4", DEFAULT_ACCOUNT, _sql("DELETE FROM ledger WHERE kind = 'deposit'")),
        ("I5", "video_1", _sql("UPDATE tasks SET status = 'failed'")),
        ("I5", "video_1", _sql("UPDATE events SET type = 'video.failed' WHERE type = 'video.queued'")),
        ("I5", "video_1", _sql("UPDATE events SET type = 'video.queued' WHERE type = 'video.running'")),
        ("I5", "video_1", _sql("UPDATE events SET type = 'video.cancelled' WHERE type = 'video.deleted'")),
        ("I6", "video_1", _sql("DELETE FROM events WHERE seq = 3")),
        ("I6", "video_1", _sql("DELETE FROM events WHERE type = 'video.deleted'")),
        ("I6", "video_1", _sql("UPDATE tasks SET event_seq = 99")),
        ("I7", "", _sql("UPDATE deliveries SET next_at = NULL")),
        ("I7", "", _sql("UPDATE deliveries SET state = 'delivered'")),
        ("I7", "", _sql("UPDATE deliveries SET state = 'dead', next_at = NULL")),
        ("I7", "", _sql("UPDATE webhook_endpoints SET deleted_at = 1")),
        ("I10", "att_1", _sql("UPDATE attempts SET lease_epoch = 5")),
        ("I14", DEFAULT_ACCOUNT, _sql("UPDATE accounts SET held = 7")),
        ("I14", "video_1", _sql("UPDATE tasks SET attempts = 3")),
    ],
)
async def test_damage_is_found_under_its_number(
    backend: Backend, invariant: str, subject: str, damage: Callable[[Connection], None]
) -> None:
    await backend.write(_whole_life)
    await backend.write(damage)
    found = await backend.read(invariants.violations)
    assert any(violation.invariant == invariant and subject in violation.subject for violation in found), (
        found
    )
    assert all(violation.message for violation in found)


async def test_an_unfinished_task_nobody_was_told_of_is_found(backend: Backend) -> None:
    await backend.write(lambda conn: tasks.insert(conn, a_task()))
    found = await backend.read(invariants.violations)
    assert [violation.invariant for violation in found] == ["I6"]


async def test_a_later_attempt_under_an_older_lease_is_found(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        _whole_life(conn)
        tasks.lease(conn, "video_1", NOW)
        conn.exec_driver_sql("UPDATE attempts SET lease_epoch = 2")
        attempts.insert(conn, an_attempt("att_2", number=2, lease_epoch=1))
        conn.exec_driver_sql("UPDATE tasks SET attempts = 2")

    await backend.write(work)
    found = await backend.read(invariants.violations)
    assert [(violation.invariant, violation.subject) for violation in found] == [("I10", "att_2")]


async def test_a_reference_that_leads_nowhere_is_found(sqlite_backend: Backend, sqlite_url: str) -> None:
    await sqlite_backend.write(_whole_life)
    _without_references(sqlite_url, "DELETE FROM users")
    found = await sqlite_backend.read(invariants.violations)
    assert "I16" in {violation.invariant for violation in found}


async def test_a_key_of_a_task_that_is_not_there_is_found(sqlite_backend: Backend, sqlite_url: str) -> None:
    await sqlite_backend.write(_whole_life)
    _without_references(sqlite_url, "UPDATE idempotency SET task_id = 'video_none'")
    found = await sqlite_backend.read(invariants.violations)
    assert {violation.invariant for violation in found} == {"I11", "I16"}


def _without_references(url: str, statement: str) -> None:
    raw = connect(path_of(url), writes=True)
    raw.execute("PRAGMA foreign_keys=OFF")
    raw.execute(statement)
    raw.close()
