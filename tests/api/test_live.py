from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from reelgate.api.leaving import SlowClient
from reelgate.api.live.events import HEARTBEAT_S
from reelgate.api.sse import EventStream
from reelgate.core.lifecycle import Status
from reelgate.store import keys as key_rows
from tests.api.harness import Bench


def events(text: bytes) -> list[tuple[int, str, dict[str, Any]]]:
    """Read frames as a browser does."""
    found: list[tuple[int, str, dict[str, Any]]] = []
    for block in text.decode().split("\n\n"):
        fields = dict(
            line.split(": ", 1) for line in block.splitlines() if ": " in line and not line.startswith(":")
        )
        if "data" in fields:
            found.append((int(fields["id"]), fields["event"], json.loads(fields["data"])))
    return found


async def test_a_video_is_followed_from_its_beginning_to_its_end(bench: Bench):
    """Shows 002-01."""

    video_id = await bench.made()
    stream = bench.open("GET", f"/v1/videos/{video_id}/events")
    start = await stream.next()
    assert (start["status"], dict(start["headers"])[b"content-type"][:17]) == (200, b"text/event-stream")
    first = await stream.until(b"video.queued")

    await bench.complete(video_id)
    async with asyncio.timeout(5):
        rest = await stream.rest()

    seen = events(first + rest)
    assert [kind for _, kind, _ in seen] == [
        "video.queued",
        "video.submitting",
        "video.running",
        "video.archiving",
        "video.completed",
    ]
    assert [data["data"]["status"] for _, _, data in seen] == [
        "queued",
        "queued",
        "in_progress",
        "in_progress",
        "completed",
    ]
    assert [data["sequence"] for _, _, data in seen] == [1, 2, 3, 4, 5]
    assert all(data["data"]["id"] == video_id for _, _, data in seen)


async def test_a_stream_resumes_after_the_last_event_a_client_saw(bench: Bench):
    """Shows 004-07."""

    video_id = await bench.made()
    await bench.complete(video_id)
    whole = events((await bench.ask("GET", f"/v1/videos/{video_id}/events")).body)
    third = str(whole[2][0])

    by_header = await bench.ask("GET", f"/v1/videos/{video_id}/events", headers={"last-event-id": third})
    by_query = await bench.ask("GET", f"/v1/videos/{video_id}/events?after={third}")

    assert events(by_header.body) == events(by_query.body) == whole[3:]


@pytest.mark.parametrize("place", ["x", "-1", "1" * 30])
async def test_a_place_that_is_no_cursor_is_refused(bench: Bench, place: str):
    answer = await bench.ask("GET", "/api/events", headers={"last-event-id": place})

    assert (answer.status, answer.error["param"]) == (400, "Last-Event-ID")


async def test_a_project_sees_its_own_events_and_nobody_elses(bench: Bench):
    mine = await bench.made()
    other = await bench.stranger()
    stream = bench.open("GET", "/api/events?after=0", key=other)
    await stream.next()
    await stream.until(b"retry")
    theirs = (await bench.post("/v1/videos", {"prompt": "x", "size": "64x64"}, key=other)).json()["id"]

    text = await stream.until(b"video.queued")

    assert theirs.encode() in text
    assert mine.encode() not in text
    await stream.leave()
    assert bench.ctx.hub.readers == 0


async def test_a_quiet_stream_gives_signs_of_life(bench: Bench):
    stream = bench.open("GET", "/api/events")
    await stream.next()
    await stream.until(b"retry")
    await bench.clock.advance(HEARTBEAT_S + 1)

    assert b": still here" in await stream.until(b"still here")
    await stream.leave()


async def test_a_revoked_key_closes_its_stream(bench: Bench):
    token = await bench.new_key()
    stream = bench.open("GET", "/api/events", key=token)
    await stream.next()
    await stream.until(b"retry")
    keys = await bench.ctx.backend.read(key_rows.all_keys)
    await bench.ctx.backend.write(lambda conn: key_rows.revoke(conn, keys[-1].id, bench.clock.now_ms()))
    await bench.clock.advance(6)

    async with asyncio.timeout(5):
        await stream.rest()
        await stream.task


async def test_a_stream_of_a_deleted_video_ends(bench: Bench):
    video_id = await bench.made()
    stream = bench.open("GET", f"/v1/videos/{video_id}/events")
    await stream.next()
    await stream.until(b"video.queued")
    await bench.ask("DELETE", f"/v1/videos/{video_id}")

    async with asyncio.timeout(5):
        text = await stream.rest()
    assert events(text)[-1][1] in ("video.cancelled", "video.deleted")


async def test_a_client_that_takes_nothing_is_cut(bench: Bench):
    async def frames() -> AsyncGenerator[bytes, None]:
        while True:
            yield b"x"

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    with pytest.raises(SlowClient):
        await EventStream(frames(), send_limit_s=0.01)({"type": "http"}, receive, send)


async def test_a_task_that_ends_while_nobody_looks_is_still_told_to_the_end(bench: Bench):
    video_id = await bench.made()
    await bench.fail(video_id, Status.FAILED)

    async with asyncio.timeout(5):
        text = (await bench.ask("GET", f"/v1/videos/{video_id}/events")).body
    assert events(text)[-1][2]["data"]["status"] == "failed"
