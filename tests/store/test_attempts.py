from __future__ import annotations

import asyncio

import pytest
from sqlalchemy.exc import IntegrityError

from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.task import AttemptState
from reelgate.store import attempts, tasks
from reelgate.store.backend import Backend, Connection
from reelgate.store.postgres import engine_for
from tests.store.samples import NOW, a_task, an_attempt

FAILURE = Failure(code=Code.OVERLOADED, message="Busy.", retry_after_s=2.5)


def _start(conn: Connection) -> None:
    tasks.insert(conn, a_task())
    tasks.lease(conn, "video_1", NOW)
    attempts.insert(conn, an_attempt())


async def test_an_attempt_comes_back_as_it_went_in(backend: Backend) -> None:
    attempt = an_attempt(ref="job-1", error=FAILURE, state=AttemptState.REFUSED, submitted_at=NOW)

    def work(conn: Connection) -> None:
        tasks.insert(conn, a_task())
        attempts.insert(conn, attempt)

    await backend.write(work)
    assert await backend.point(lambda conn: attempts.get(conn, attempt.id)) == attempt
    assert await backend.point(lambda conn: attempts.of_task(conn, "video_1")) == [attempt]
    assert await backend.point(lambda conn: attempts.by_ref(conn, "chan_1", "job-1")) == attempt
    assert await backend.point(lambda conn: attempts.by_ref(conn, "chan_2", "job-1")) is None
    assert await backend.point(lambda conn: attempts.ref_of_task(conn, "video_1", "chan_1")) == "job-1"


@pytest.mark.parametrize("clash", [{"number": 1}, {"number": 2, "client_token": "token of att_1"}])
async def test_a_number_or_a_token_is_used_once(backend: Backend, clash: dict[str, object]) -> None:
    await backend.write(_start)
    with pytest.raises(IntegrityError):
        await backend.write(lambda conn: attempts.insert(conn, an_attempt("att_2", **clash)))


async def test_an_attempt_is_written_by_the_owner_of_its_task_alone(backend: Backend) -> None:
    await backend.write(_start)
    changes = {"state": AttemptState.ACCEPTED, "ref": "job-1", "submitted_at": NOW}

    def update(conn: Connection, epoch: int) -> bool:
        return attempts.update(conn, "att_1", epoch=epoch, changes=changes)

    await backend.write(lambda conn: tasks.lease(conn, "video_1", NOW))
    assert not await backend.write(lambda conn: update(conn, 1))
    assert await backend.point(lambda conn: attempts.get(conn, "att_1")) == an_attempt()
    assert await backend.write(lambda conn: update(conn, 2))
    found = await backend.point(lambda conn: attempts.get(conn, "att_1"))
    assert found == an_attempt(state=AttemptState.ACCEPTED, ref="job-1", submitted_at=NOW)


async def test_an_owner_that_lost_its_lease_in_the_same_moment_writes_nothing(
    postgres_backend: Backend, postgres_url: str
) -> None:
    await postgres_backend.write(_start)
    engine = engine_for(postgres_url)
    async with engine.connect() as successor:
        await successor.run_sync(lambda conn: tasks.lease(conn, "video_1", NOW))
        late = asyncio.ensure_future(
            postgres_backend.write(
                lambda conn: attempts.update(conn, "att_1", epoch=1, changes={"ref": "job-1"})
            )
        )
        await asyncio.sleep(0.2)
        assert not late.done()
        await successor.commit()
        assert not await late
    await engine.dispose()


@pytest.mark.parametrize("changes", [{}, {"client_token": "x"}, {"task_id": "video_2"}])
async def test_what_an_attempt_is_does_not_change(backend: Backend, changes: dict[str, str]) -> None:
    await backend.write(_start)
    with pytest.raises(ValueError, match="do not change"):
        await backend.write(lambda conn: attempts.update(conn, "att_1", epoch=1, changes=changes))


async def test_a_ref_is_noted_by_anybody_but_never_replaced(backend: Backend) -> None:
    await backend.write(_start)
    assert await backend.write(lambda conn: attempts.set_ref(conn, "att_1", "job-1"))
    assert not await backend.write(lambda conn: attempts.set_ref(conn, "att_1", "job-2"))
    assert await backend.read(lambda conn: attempts.refs_of_channel(conn, "chan_1")) == {"job-1"}
    assert await backend.read(lambda conn: attempts.refs_of_channel(conn, "chan_2")) == frozenset()


async def test_an_attempt_ends_once(backend: Backend) -> None:
    await backend.write(_start)
    assert await backend.write(lambda conn: attempts.end(conn, "att_1", now=NOW))
    assert not await backend.write(lambda conn: attempts.end(conn, "att_1", now=NOW + 1))
    found = await backend.point(lambda conn: attempts.get(conn, "att_1"))
    assert found == an_attempt(state=AttemptState.ENDED, ended_at=NOW)


async def test_a_running_task_whose_cancel_is_wanted_is_found_by_its_ref(backend: Backend) -> None:
    def work(conn: Connection) -> None:
        for number, wanted in ((1, NOW), (2, None)):
            task_id, attempt_id = f"video_{number}", f"att_{number}"
            task = a_task(task_id, status=Status.RUNNING, attempt_id=attempt_id, cancel_requested_at=wanted)
            tasks.insert(conn, task)
            attempts.insert(conn, an_attempt(attempt_id, task_id=task_id, ref=f"job-{number}"))

    await backend.write(work)
    assert await backend.read(tasks.cancels_wanted) == [("chan_1", "job-1")]
