"""A job that lives in one long answer is never paid for twice, whoever goes away in the middle of it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.faults.calling import called


async def test_a_connection_cut_mid_stream_leaves_a_doubt_and_one_charge(tmp_path: Path) -> None:
    async with called(tmp_path, "chat_stream") as on:
        simulator = on.simulators["chat_stream"]

        video_id = await on.create("chat_stream", "a boat [fault:cut_answer]")
        await on.until(lambda: on.status(video_id) == "unconfirmed")

        assert len(simulator.bill) == 1
        assert simulator.creates == 1


async def test_a_process_killed_mid_stream_sends_nothing_again(tmp_path: Path) -> None:
    """The row says `submitting` when the process dies, and `unconfirmed` after the next start."""
    async with called(tmp_path, "chat_stream", run_s=3_600.0) as on:
        simulator = on.simulators["chat_stream"]
        video_id = await on.create("chat_stream", "a boat")
        await on.until(lambda: len(simulator.bill) == 1 and on.status(video_id) == "submitting")
        process = on.server.process
        assert process is not None

        await asyncio.to_thread(process.kill)
        await asyncio.to_thread(on.server.start)
        await on.until(lambda: on.status(video_id) == "unconfirmed")

        assert len(simulator.bill) == 1
        assert simulator.creates == 1
        assert (await on.video(video_id))["status"] == "queued"
