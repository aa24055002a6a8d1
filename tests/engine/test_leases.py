"""Leases taken together: who is cut off leaves nothing running behind them."""

from __future__ import annotations

import asyncio

from tests.engine.conftest import Bench


async def test_a_lease_whose_taker_was_cut_off_is_written_before_the_end(bench: Bench) -> None:
    task = await bench.create()
    await bench.settle_down()
    before = (await bench.task(task.id)).lease_epoch
    taker = asyncio.create_task(bench.ctx.leases.take(bench.ctx, task.id))
    await asyncio.sleep(0)

    taker.cancel()
    await asyncio.gather(taker, return_exceptions=True)
    await bench.ctx.leases.settle()

    assert taker.cancelled()
    assert (await bench.task(task.id)).lease_epoch == before + 1
