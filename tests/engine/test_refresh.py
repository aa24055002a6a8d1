"""Clips whose file is gone here come home again while their upstream has them, for nothing."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

from reelgate.core.dialect import Answer, Channel, Effect, Observation, Output, Phase
from reelgate.core.errors import CallerError, Code, Failure, UpstreamError
from reelgate.core.lifecycle import Status
from reelgate.core.task import Task, Variant
from reelgate.engine import cancel
from reelgate.engine.context import Who
from reelgate.engine.refresh import refresh
from reelgate.store import assets as asset_rows
from reelgate.testing.scripted import Scripted, finished, running
from tests.engine.conftest import WHO, Bench

PAID = {"hold": 400_000, "capture": 400_000}
FAILED = Observation(
    phase=Phase.FAILED, error=Failure(code=Code.UPSTREAM_FAILED, message="no"), word="failed"
)
STRANGER = Who(user_id="user_else", project_id="proj_else")


async def _completed(bench: Bench) -> Task:
    bench.upstream.sights["job-1"].append(finished())
    task = await bench.create()
    return await bench.until(task.id)


async def _lose(bench: Bench, task: Task) -> None:
    asset = await bench.ctx.backend.point(lambda conn: asset_rows.get(conn, task.id, Variant.VIDEO))
    assert asset is not None
    await bench.ctx.blobs.delete(asset.sha256)


async def _has_clip(bench: Bench, task: Task) -> bool:
    asset = await bench.ctx.backend.point(lambda conn: asset_rows.get(conn, task.id, Variant.VIDEO))
    return asset is not None and await bench.ctx.blobs.size(asset.sha256) == asset.bytes


def _code(caught: pytest.ExceptionInfo[CallerError]) -> Code:
    return caught.value.failure.code


async def test_a_clip_that_is_here_is_left_alone_and_nobody_is_asked(bench: Bench) -> None:
    task = await _completed(bench)
    polls = bench.upstream.polls

    done = await refresh(bench.ctx, WHO, task.id)

    assert not done.fetched
    assert bench.upstream.polls == polls


async def test_a_clip_whose_file_is_gone_comes_home_again_for_nothing(bench: Bench, clip: Path) -> None:
    task = await _completed(bench)
    await _lose(bench, task)
    bench.renders.put("clip", clip)

    done = await refresh(bench.ctx, WHO, task.id)

    assert done.fetched
    assert await _has_clip(bench, task)
    assert bench.upstream.bill == ["job-1"]
    assert await bench.ledger(task.id) == PAID
    assert "late_output" not in await bench.kinds(task.id)
    assert await bench.violations() == []


async def test_a_clip_its_upstream_has_no_more_is_said_to_be_gone(bench: Bench) -> None:
    task = await _completed(bench)
    await _lose(bench, task)
    bench.upstream.sights["job-1"].clear()
    bench.upstream.sights["job-1"].append(Observation(phase=None, lost=True))

    with pytest.raises(CallerError) as caught:
        await refresh(bench.ctx, WHO, task.id)

    assert _code(caught) is Code.ASSET_EXPIRED


async def test_a_file_that_cannot_be_fetched_leaves_the_rows_as_they_were(bench: Bench) -> None:
    task = await _completed(bench)
    before = await bench.ctx.backend.point(lambda conn: asset_rows.of_task(conn, task.id))
    await _lose(bench, task)
    bench.upstream.sights["job-1"].clear()
    bench.upstream.sights["job-1"].append(finished("nowhere"))

    with pytest.raises(UpstreamError):
        await refresh(bench.ctx, WHO, task.id)

    assert await bench.ctx.backend.point(lambda conn: asset_rows.of_task(conn, task.id)) == before


async def test_a_task_that_goes_on_a_stranger_and_a_deleted_one_get_nothing(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(running(10))
    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)
    with pytest.raises(CallerError) as early:
        await refresh(bench.ctx, WHO, task.id)
    with pytest.raises(CallerError) as strange:
        await refresh(bench.ctx, STRANGER, task.id)
    bench.upstream.sights["job-1"].append(finished())
    await bench.until(task.id)
    await cancel.delete(bench.ctx, WHO, task.id)

    with pytest.raises(CallerError) as late:
        await refresh(bench.ctx, WHO, task.id)

    assert [_code(caught) for caught in (early, strange, late)] == [
        Code.NOT_READY,
        Code.NOT_FOUND,
        Code.NOT_FOUND,
    ]


async def test_a_task_in_dispute_is_settled_by_what_its_upstream_says_now(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(finished("nowhere"))
    task = await bench.create()
    ended = await bench.until(task.id)
    assert ended.disputed
    bench.upstream.sights["job-1"].clear()
    bench.upstream.sights["job-1"].append(finished())

    await refresh(bench.ctx, WHO, task.id)

    assert await _has_clip(bench, task)
    assert await bench.ledger(task.id) == PAID
    assert (await bench.task(task.id)).status is Status.FAILED
    assert (await bench.kinds(task.id)).count("late_output") == 1


async def test_a_clip_of_a_task_whose_money_was_given_back_is_attached_and_not_charged(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(FAILED)
    task = await bench.create()
    await bench.until(task.id)
    bench.upstream.sights["job-1"].clear()
    bench.upstream.sights["job-1"].append(finished())

    done = await refresh(bench.ctx, WHO, task.id)

    assert done.fetched
    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}
    assert (await bench.kinds(task.id))[-1] == "late_output"


class Relinking(Scripted):
    """A dialect whose upstream gives fresh links by a call of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.relinked: list[str] = []

    def refresh(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        self.relinked.append(ref)
        return Observation(phase=Phase.COMPLETED, outputs=(Output(drawing="clip"),))
        yield


class TestWhereFreshLinksAreOffered:
    @pytest.fixture
    def upstream(self) -> Scripted:
        return Relinking()

    async def test_a_dead_link_is_refreshed_by_that_call_and_not_by_a_poll(self, bench: Bench) -> None:
        bench.upstream.sights["job-1"].append(finished("dead link"))

        ended = await bench.until((await bench.create()).id)

        assert ended.status is Status.COMPLETED
        assert bench.upstream.polls == 1
        assert isinstance(bench.upstream, Relinking)
        assert bench.upstream.relinked == ["job-1"]
