"""The dialect against this version's own API: what one side writes, the other reads."""

from __future__ import annotations

from collections.abc import AsyncIterator, Generator
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Call, Found, NotFound, Phase, Refused, Reply, Submission
from reelgate.core.errors import Code, Failure
from reelgate.core.task import Role, Size, Verb
from reelgate.dialects.reelgate import DIALECT
from reelgate.engine.context import Limits
from reelgate.net.body import write_body
from reelgate.store import tasks as task_rows
from reelgate.store.migrate import upgrade
from tests.api.harness import Bench, open_bench, png
from tests.dialects import samples
from tests.dialects.samples import picture, submission


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    empty = tmp_path / "empty.db"
    upgrade(f"sqlite:///{empty}")
    async with open_bench(tmp_path, empty, Limits()) as opened:
        yield opened


async def talk(bench: Bench, flow: Generator[Any, Any, Any], file: Path | None = None) -> Any:
    """Carry a flow's calls to the application, laid out for the wire as `net` does it."""
    try:
        call = next(flow)
        while True:
            assert isinstance(call, Call)
            call = flow.send(await carried(bench, call, file))
    except StopIteration as end:
        return end.value


async def carried(bench: Bench, call: Call, file: Path | None) -> Reply:
    body = write_body(call, lambda sha256: file or Path("/nowhere") / sha256)
    headers = {name.lower(): value for name, value in call.headers.items()}
    pieces = b""
    if body is not None:
        headers["content-type"] = body.media_type
        pieces = b"".join([bytes(chunk) async for chunk in body.chunks()])
    query = "&".join(f"{name}={value}" for name, value in call.query)
    answer = await bench.ask(
        call.method, f"/v1{call.path}" + (f"?{query}" if query else ""), body=pieces, headers=headers
    )
    return Reply(status=answer.status, headers=answer.headers, body=answer.body)


def channel(bench: Bench) -> Any:
    return replace(samples.channel("reelgate"), secret=bench.key)


def wish(bench: Bench, *pictures: Any, **fields: Any) -> Submission:
    given = submission(Verb.CREATE, *pictures, model="demo", **fields)
    request = replace(given.request, seconds=4, size=Size(64, 64))
    return replace(given, request=request, submitted_at_ms=bench.clock.now_ms())


async def accepted(bench: Bench, given: Submission, file: Path | None = None) -> str:
    outcome = await talk(bench, DIALECT.submit(given, channel(bench)), file)
    assert isinstance(outcome, Accepted), outcome
    return outcome.ref


async def poll(bench: Bench, ref: str) -> Any:
    return await talk(bench, DIALECT.poll(ref, channel(bench)))


async def test_a_video_is_made_followed_and_fetched(bench: Bench):
    ref = await accepted(bench, wish(bench))
    assert (await poll(bench, ref)).phase is Phase.QUEUED

    await bench.complete(ref, b"the clip")
    seen = await poll(bench, ref)

    assert (seen.phase, seen.progress) == (Phase.COMPLETED, 100)
    assert (await carried(bench, seen.outputs[0].call, None)).body == b"the clip"


async def test_the_same_attempt_sent_again_by_anybody_is_the_same_video(bench: Bench):
    given = wish(bench)

    assert await accepted(bench, given) == await accepted(bench, given)
    assert await accepted(bench, replace(given, token="token-2")) != await accepted(bench, given)


async def test_a_picture_arrives_under_its_role(bench: Bench, tmp_path: Path):
    file = tmp_path / "picture.png"
    file.write_bytes(png())
    ref = await accepted(bench, wish(bench, picture()), file)

    task = await bench.ctx.backend.read(lambda conn: task_rows.get(conn, ref))

    assert task is not None
    assert [given.role for given in task.request.inputs] == [Role.FIRST_FRAME]


async def test_a_job_whose_answer_was_lost_is_found_by_reading(bench: Bench):
    given = wish(bench)
    ref = await accepted(bench, given)
    await accepted(bench, replace(given, token="token-2", request=replace(given.request, prompt="another")))

    found = await talk(bench, DIALECT.find(given, channel(bench), frozenset()))
    unnamed = replace(given, token="never-sent")
    other = await talk(bench, DIALECT.find(unnamed, channel(bench), frozenset({ref})))

    assert isinstance(found, Found)
    assert found.ref == ref
    assert isinstance(other, NotFound)
    assert not other.certain


async def test_a_job_whose_answer_was_lost_is_told_from_its_twins_by_its_key(bench: Bench):
    given = wish(bench)
    refs = [await accepted(bench, replace(given, token=f"twin-{n}")) for n in range(3)]

    found = await talk(bench, DIALECT.find(replace(given, token="twin-1"), channel(bench), frozenset()))
    nobody = await talk(bench, DIALECT.find(replace(given, token="twin-9"), channel(bench), frozenset(refs)))

    assert isinstance(found, Found)
    assert found.ref == refs[1]
    assert isinstance(nobody, NotFound)


async def test_many_are_followed_in_one_call(bench: Bench):
    given = wish(bench)
    refs = [await accepted(bench, replace(given, token=f"token-{n}")) for n in range(3)]
    await bench.fail(refs[0], error=Failure(code=Code.NO_OUTPUT, message="Nothing came."))

    seen = await talk(bench, DIALECT.poll_many(refs, channel(bench)))

    assert {ref: each.phase for ref, each in seen.items()} == {
        refs[0]: Phase.FAILED,
        refs[1]: Phase.QUEUED,
        refs[2]: Phase.QUEUED,
    }
    assert seen[refs[0]].error.code is Code.NO_OUTPUT


async def test_a_cancel_ends_the_video_there_and_its_record_is_gone(bench: Bench):
    ref = await accepted(bench, wish(bench))

    ended = await talk(bench, DIALECT.cancel(ref, channel(bench)))
    seen = await poll(bench, ref)

    assert ended.ended
    assert (seen.phase, seen.lost) == (None, True)


async def test_what_the_other_side_refuses_is_refused_here(bench: Bench):
    unknown = await talk(bench, DIALECT.submit(replace(wish(bench), upstream_model="nobody"), channel(bench)))
    strange = await talk(
        bench, DIALECT.submit(wish(bench), replace(channel(bench), secret="not-a-key-of-theirs"))
    )

    assert isinstance(unknown, Refused)
    assert isinstance(strange, Refused)
    assert strange.failure.code is Code.UNAUTHORIZED


async def test_its_models_come_with_what_they_can_do(bench: Bench):
    models = await talk(bench, DIALECT.discover(channel(bench)))

    profiles = {model.name: model.profile for model in models}
    assert {"demo", "sora-2"} <= set(profiles)
    theirs = bench.ctx.channels.resolve("demo").profile
    for name in (
        "seconds",
        "sizes",
        "seconds_default",
        "size_default",
        "inputs",
        "verbs",
        "prompt_max",
        "audio",
    ):
        assert getattr(profiles["demo"], name) == getattr(theirs, name), name
