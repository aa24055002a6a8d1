"""What operators are shown of the rows, the same on both databases."""

from __future__ import annotations

import pytest

from reelgate.core.events import EventType
from reelgate.core.lifecycle import Status
from reelgate.core.task import Blob
from reelgate.store import blobs as blob_rows
from reelgate.store import events as event_rows
from reelgate.store import figures
from reelgate.store import ledger as ledger_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Backend, Connection, StoreError, check_schema
from tests.store.samples import TASK


async def test_a_writer_sees_the_schema_of_this_program(backend: Backend) -> None:
    check_schema(await backend.write(figures.pulse))


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
async def test_a_server_that_takes_no_writes_is_told_from_one_that_does(backend: Backend) -> None:
    def look(conn: Connection) -> None:
        conn.exec_driver_sql("SET TRANSACTION READ ONLY")
        figures.pulse(conn)

    with pytest.raises(StoreError, match="takes no writes"):
        await backend.write(look)


async def test_the_size_of_the_database_and_of_what_is_known_to_be_stored_is_told(backend: Backend) -> None:
    assert await backend.read(blob_rows.known) == (0, 0)
    for number, size in enumerate((10, 32)):
        blob = Blob(sha256=str(number) * 64, bytes=size, media_type="video/mp4", created_at=1)
        await backend.write(lambda conn, b=blob: blob_rows.put(conn, b))

    assert await backend.read(blob_rows.known) == (2, 42)
    assert await backend.read(figures.size) > 10_000


async def test_unfinished_tasks_are_counted_by_status_and_channel(backend: Backend) -> None:
    await backend.write(lambda conn: task_rows.insert(conn, TASK))

    found = await backend.read(lambda conn: figures.shares(conn, TASK.created_at + 5))

    assert [(s.status, s.channel_id, s.count) for s in found] == [(Status.QUEUED, TASK.channel_id, 1)]
    assert found[0].due_since == TASK.created_at
    assert await backend.read(figures.disputed) == 0


async def test_creates_and_ends_are_counted_in_a_stretch_of_the_log(backend: Backend) -> None:
    def work(conn: Connection) -> int:
        task_rows.insert(conn, TASK)
        event_rows.append(conn, TASK.id, EventType.QUEUED, {"status": "queued"}, 1, "evt_1")
        said = {"status": "failed", "error_code": "no_output"}
        return event_rows.append(conn, TASK.id, EventType.FAILED, said, 2, "evt_2").cursor

    last = await backend.write(work)

    found = await backend.read(lambda conn: figures.endings(conn, 0, last))
    later = await backend.read(lambda conn: figures.endings(conn, last, last))

    assert {(e.type, e.channel_id, e.count) for e in found} == {
        (EventType.QUEUED, TASK.channel_id, 1),
        (EventType.FAILED, TASK.channel_id, 1),
    }
    assert any("no_output" in e.data for e in found)
    assert later == []


async def test_money_adds_up_to_whole_numbers(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        task_rows.insert(conn, TASK)
        account = ledger_rows.open_account(conn, "acct_eur", TASK.project_id, "EUR", 0)
        ledger_rows.deposit(conn, account, 900, "EUR", 0, "led_1")
        ledger_rows.hold(conn, account, TASK.id, 300, "EUR", 0, "led_2")

    await backend.write(work)

    found = await backend.read(figures.money)

    assert found["deposited", "EUR"] == 900
    assert found["held", "EUR"] == 300
    assert all(type(amount) is int for amount in found.values())


async def test_without_deliveries_there_is_no_backlog(backend: Backend) -> None:
    found = await backend.read(lambda conn: figures.backlog(conn, 1))

    assert (found.count, found.oldest) == (0, None)
