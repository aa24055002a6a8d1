"""Cancel and delete: at once while nothing was sent, through the upstream afterwards."""

from __future__ import annotations

import msgspec
import pytest

from reelgate.core.errors import CallerError, Code
from reelgate.core.lifecycle import Status
from reelgate.engine import cancel, sweep
from reelgate.engine.context import Who
from reelgate.store import channels as channel_rows
from reelgate.testing.scripted import finished
from tests.engine.conftest import WHO, Bench


async def test_cancelling_a_running_task_stops_the_upstream_and_releases_the_hold(bench: Bench) -> None:
    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)

    await cancel.cancel(bench.ctx, WHO, task.id)
    ended = await bench.until(task.id)

    assert ended.status is Status.CANCELLED
    assert bench.upstream.cancelled == ["job-1"]
    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}
    assert await bench.violations() == []


async def test_an_upstream_that_cannot_stop_keeps_the_money_held_until_its_end_is_known(bench: Bench) -> None:
    bench.upstream.stops = False
    task = await bench.create()
    await bench.until(task.id, Status.RUNNING)

    await cancel.cancel(bench.ctx, WHO, task.id)
    ended = await bench.until(task.id)
    assert ended.status is Status.CANCELLED
    assert await bench.ledger(task.id) == {"hold": 400_000}

    bench.upstream.sights["job-1"].append(finished())
    await sweep.settle_disputes(bench.ctx)

    assert await bench.ledger(task.id) == {"hold": 400_000, "capture": 400_000}


async def test_a_queued_task_is_cancelled_at_once_and_nothing_is_sent(bench: Bench) -> None:
    channels = await bench.ctx.backend.point(channel_rows.all_channels)
    bench.ctx.channels.replace([msgspec.structs.replace(c, concurrency=0) for c in channels], {})
    task = await bench.create()

    ended = await cancel.cancel(bench.ctx, WHO, task.id)

    assert ended.status is Status.CANCELLED
    await bench.settle_down()
    assert bench.upstream.submitted == []
    assert await bench.ledger(task.id) == {"hold": 400_000, "release": 400_000}


async def test_a_deleted_task_is_out_of_sight_and_its_second_deletion_finds_nothing(bench: Bench) -> None:
    bench.upstream.sights["job-1"].append(finished())
    task = await bench.create()
    await bench.until(task.id)

    assert await cancel.delete(bench.ctx, WHO, task.id)
    assert not await cancel.delete(bench.ctx, WHO, task.id)
    with pytest.raises(CallerError) as refused:
        await cancel.cancel(bench.ctx, WHO, task.id)
    assert refused.value.failure.code is Code.NOT_FOUND


async def test_a_stranger_cannot_cancel_a_task(bench: Bench) -> None:
    task = await bench.create()

    with pytest.raises(CallerError):
        await cancel.cancel(bench.ctx, Who(user_id="user_other", project_id="proj_other"), task.id)

    assert (await bench.task(task.id)).cancel_requested_at is None
