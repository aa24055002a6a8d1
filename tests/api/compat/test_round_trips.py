"""Our own dialects speak to the gateway as to the relay they were written for: submit, poll, download.

Rows 000-02, 000-03, 000-05, 000-06, 000-29, 000-30, 002-14.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelgate.core.dialect import Accepted, Dialect, KeepsCharacters, Kept, Likeness, Phase, Refused
from reelgate.core.errors import Code, Failure
from reelgate.core.task import Role, Size
from reelgate.dialects import (
    apiyi_async,
    chat_stream,
    juxin_openai,
    juxin_unified,
    newapi_generic,
    newapi_video,
    zhenzhen_v1videos,
    zhenzhen_v2,
)
from reelgate.store import tasks as task_rows
from reelgate.testing.upstream.clip import clip
from tests.api.compat.served import Relay, listening, relayed
from tests.api.harness import Bench, png

RELAYS: dict[str, tuple[Dialect, str]] = {
    "juxin_unified": (juxin_unified.DIALECT, ""),
    "zhenzhen_v2": (zhenzhen_v2.DIALECT, ""),
    "newapi_generic": (newapi_generic.DIALECT, "/v1"),
    # Its relay has the address of the OpenAI surface and another shape.
    "zhenzhen_v1videos": (zhenzhen_v1videos.DIALECT, "/relay/v1"),
    # These speak the OpenAI shape.
    "juxin_openai": (juxin_openai.DIALECT, "/v1"),
    "newapi_video": (newapi_video.DIALECT, "/v1"),
    "apiyi_async": (apiyi_async.DIALECT, "/v1"),
}


@pytest.fixture
async def origin(bench: Bench) -> AsyncIterator[str]:
    async with listening(bench) as address:
        yield address


@pytest.fixture(params=RELAYS)
async def relay(
    request: pytest.FixtureRequest, bench: Bench, origin: str, tmp_path: Path
) -> AsyncIterator[Relay]:
    dialect, base = RELAYS[request.param]
    async with relayed(bench, origin, dialect, tmp_path / "relay", base=base) as speaking:
        yield speaking


async def test_a_clip_comes_home_through_a_relays_format(bench: Bench, relay: Relay):
    ref = await relay.accepted()

    assert (await relay.poll(ref)).phase is Phase.QUEUED
    await bench.run(ref)
    running = await relay.poll(ref)
    assert (running.phase, running.progress) == (Phase.IN_PROGRESS, 10)


async def test_a_finished_clip_is_fetched_whole(bench: Bench, relay: Relay):
    ref = await relay.accepted()
    await bench.complete(ref, clip())

    done = await relay.poll(ref)

    assert (done.phase, len(done.outputs)) == (Phase.COMPLETED, 1)
    assert await relay.fetch(done.outputs[0]) == clip()


async def test_a_failure_says_why(bench: Bench, relay: Relay):
    ref = await relay.accepted()
    await bench.fail(ref, error=Failure(code=Code.CONTENT_POLICY, message="Refused for its content policy."))

    seen = await relay.poll(ref)

    assert (seen.phase, seen.outputs) == (Phase.FAILED, ())
    assert seen.error is not None
    assert seen.error.code is Code.CONTENT_POLICY


async def test_what_is_asked_arrives_as_it_was_asked(bench: Bench, relay: Relay):
    ref = await relay.accepted(seconds=4, size=Size(1280, 720), inputs=(relay.picture(png()),))

    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, ref))

    assert task is not None
    request = task.request
    assert (request.prompt, request.seconds, str(request.size)) == ("a red kite", 4, "1280x720")
    assert [i.role for i in request.inputs] == [Role.FIRST_FRAME]


async def test_a_wrong_length_is_refused_for_good(relay: Relay):
    outcome = await relay.submit(seconds=61)

    assert isinstance(outcome, Refused)
    assert outcome.failure.code is Code.INVALID_REQUEST
    assert not outcome.failure.retryable


async def test_a_task_nobody_knows_is_trouble_and_no_ending(relay: Relay):
    seen = await relay.poll("video_" + "0" * 26)

    assert (seen.phase, seen.lost, seen.outputs) == (None, True, ())


@pytest.mark.parametrize("name", ["juxin_unified", "zhenzhen_v2"])
async def test_a_character_is_kept_from_a_task_and_named_in_a_prompt(
    bench: Bench, origin: str, tmp_path: Path, name: str
):
    """Rows 000-11, 000-13, 000-15 and 000-16."""
    dialect, base = RELAYS[name]
    async with relayed(bench, origin, dialect, tmp_path / "relay", base=base) as relay:
        assert isinstance(dialect, KeepsCharacters)
        ref = await relay.accepted()
        likeness = Likeness(start_s=0, end_s=1, ref=ref)
        early = await relay.drive(dialect.keep_character(likeness, relay.channel))
        assert isinstance(early, Refused)

        await bench.complete(ref, clip())
        kept = await relay.drive(dialect.keep_character(likeness, relay.channel))

        assert isinstance(kept, Kept)
        used = await relay.accepted(prompt=f"@{kept.name} flies a kite")
        task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, used))
        assert task is not None
        assert [i.character_id for i in task.request.inputs] == [kept.ref]


# The stream.


async def newest(bench: Bench) -> str:
    """Wait until a task has been made and give its id."""
    async with asyncio.timeout(60):
        return await bench.runner.enqueued.get()


async def test_a_stream_tells_the_progress_and_gives_the_clip(bench: Bench, origin: str, tmp_path: Path):
    dialect = chat_stream.DIALECT
    model = "demo-{orientation}-{seconds}s"
    async with relayed(bench, origin, dialect, tmp_path / "relay", base="/v1", model=model) as relay:
        streaming = asyncio.create_task(relay.submit(seconds=4, size=Size(1280, 720)))
        video_id = await newest(bench)
        await bench.complete(video_id, clip())
        async with asyncio.timeout(60):
            outcome = await streaming

        assert isinstance(outcome, Accepted), outcome
        seen = await relay.poll(outcome.ref)
        assert seen.phase is Phase.COMPLETED
        assert await relay.fetch(seen.outputs[0]) == clip()
        task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, video_id))
        assert task is not None
        assert (task.request.seconds, str(task.request.size), task.model) == (4, "1280x720", "demo")


async def test_a_stream_says_why_a_clip_failed(bench: Bench, origin: str, tmp_path: Path):
    async with relayed(bench, origin, chat_stream.DIALECT, tmp_path / "relay", base="/v1") as relay:
        streaming = asyncio.create_task(relay.submit())
        video_id = await newest(bench)
        failure = Failure(code=Code.CONTENT_POLICY, message="Refused for its content policy.")
        await bench.fail(video_id, error=failure)
        async with asyncio.timeout(60):
            outcome = await streaming

        assert isinstance(outcome, Accepted), outcome
        seen = await relay.poll(outcome.ref)
        assert (seen.phase, seen.outputs) == (Phase.FAILED, ())
        assert seen.error is not None
        assert seen.error.code is Code.CONTENT_POLICY
