"""The fake upstream behaves, misbehaves by name, and charges once for each job it accepts."""

from __future__ import annotations

import asyncio
import io
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, NoReply, Phase, Refused, Reply, Unclear
from reelgate.dialects.openai_videos import DIALECT
from reelgate.testing.play import play
from reelgate.testing.upstream import FAULTS, Bill, FakeUpstream, Script, Stage
from tests.dialects.openai_videos.case import channel, submission

PATIENCE = aiohttp.ClientTimeout(total=20.0)
IMPATIENCE = aiohttp.ClientTimeout(total=0.7)
SILENT = {"hang", "hang_after_accept", "slow_answer", "poll_hangs", "slow_content"}
"""Faults that end in the asker's own time-out."""


def patience(name: str) -> aiohttp.ClientTimeout:
    return IMPATIENCE if name in SILENT else PATIENCE


class Steps:
    """A monotonic clock that a test moves by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def running(script: Script | None = None, **more: Any) -> AsyncIterator[tuple[FakeUpstream, Any]]:
    async with (
        FakeUpstream(script or Script(queue_s=0, run_s=0), **more) as upstream,
        aiohttp.ClientSession(timeout=PATIENCE) as session,
    ):

        async def ask(method: str, path: str, **options: Any) -> Reply:
            url = upstream.base_url + path
            async with session.request(method, url, allow_redirects=False, **options) as answer:
                body = await answer.read()
                headers = {name.lower(): value for name, value in answer.headers.items()}
                return Reply(status=answer.status, headers=headers, body=body)

        yield upstream, ask


def body_of(answer: Reply) -> dict[str, Any]:
    body = answer.object()
    assert body is not None
    return body


async def make(ask: Any, prompt: str = "a boat", **fields: Any) -> str:
    return body_of(await ask("POST", "/videos", json={"prompt": prompt, **fields}))["id"]


async def test_a_job_moves_with_time_and_ends_with_a_clip_that_plays():
    now = Steps()
    async with running(Script(queue_s=2, run_s=10), monotonic=now) as (_, ask):
        ref = await make(ask)
        seen = []
        for moment in (0, 3, 7, 13):
            now.now = moment
            body = body_of(await ask("GET", f"/videos/{ref}"))
            seen.append((body["status"], body["progress"]))
        answer = await ask("GET", f"/videos/{ref}/content")

    assert seen == [("queued", 0), ("in_progress", 10), ("in_progress", 50), ("completed", 100)]
    assert answer.headers["x-reelgate-simulator"] == "1"
    with av.open(io.BytesIO(answer.body), "r") as clip:
        assert sum(1 for _ in clip.decode(video=0)) == 8


async def test_a_clip_has_the_size_and_length_asked_for_where_the_script_says_so():
    async with running(Script(queue_s=0, run_s=0, true_size=True)) as (_, ask):
        ref = await make(ask, size="320x180", seconds="2")
        answer = await ask("GET", f"/videos/{ref}/content")

    with av.open(io.BytesIO(answer.body), "r") as clip:
        video = clip.streams.video[0]
        assert (video.width, video.height, clip.duration) == (320, 180, 2_000_000)


async def test_content_is_served_by_range_with_a_steady_etag():
    async with running() as (_, ask):
        ref = await make(ask)
        whole = await ask("GET", f"/videos/{ref}/content")
        part = await ask("GET", f"/videos/{ref}/content", headers={"Range": "bytes=100-"})
        other = await ask("GET", f"/videos/{ref}/content", headers={"Range": "bytes=100-", "If-Range": '"x"'})
        beyond = await ask("GET", f"/videos/{ref}/content", headers={"Range": "bytes=9999999-"})

    assert (part.status, part.body) == (206, whole.body[100:])
    assert part.headers["etag"] == whole.headers["etag"]
    assert (other.status, beyond.status) == (200, 416)


async def test_the_list_is_newest_first_and_pages():
    async with running() as (upstream, ask):
        refs = [await make(ask, f"p{n}") for n in range(5)]
        await ask("DELETE", f"/videos/{refs[3]}")
        first = body_of(await ask("GET", "/videos?limit=2"))
        second = body_of(await ask("GET", f"/videos?limit=2&after={first['last_id']}"))
        rising = body_of(await ask("GET", "/videos?order=asc"))
        unknown = body_of(await ask("GET", "/videos?after=nobody"))

    assert ([j["id"] for j in first["data"]], first["has_more"]) == ([refs[4], refs[2]], True)
    assert ([j["id"] for j in second["data"]], second["has_more"]) == ([refs[1], refs[0]], False)
    assert [j["id"] for j in rising["data"]] == [refs[0], refs[1], refs[2], refs[4]]
    assert unknown["data"] == []
    assert len(upstream.bill) == 5


async def test_forms_files_and_lineage_are_understood():
    async with running() as (upstream, ask):
        form = aiohttp.FormData({"prompt": "p", "input_reference[image_url]": "https://c.example/1"})
        form.add_field("input_reference_file", b"bytes", filename="a.png", content_type="image/png")
        ref = body_of(await ask("POST", "/videos", data=form))["id"]
        remix = body_of(await ask("POST", f"/videos/{ref}/remix", json={"prompt": "again"}))
        longer = body_of(
            await ask(
                "POST", "/videos/extensions", json={"prompt": "on", "seconds": "8", "video": {"id": ref}}
            )
        )
        edit = body_of(await ask("POST", "/videos/edits", data={"prompt": "e", "video[id]": ref}))
        lost = await ask("POST", "/videos/nobody/remix", json={"prompt": "x"})

    job = upstream.jobs[ref]
    assert job.fields["input_reference"] == {"image_url": "https://c.example/1"}
    assert [(f.filename, f.media_type, f.bytes) for f in job.files] == [("a.png", "image/png", 5)]
    assert remix["remixed_from_video_id"] == ref
    assert (longer["seconds"], upstream.jobs[edit["id"]].verb) == ("12", "edit")
    assert lost.status == 404
    assert len(upstream.bill) == 4


async def test_characters_are_kept():
    async with running() as (_, ask):
        form = aiohttp.FormData({"name": "Mo"})
        form.add_field("video", b"clip", filename="a.mp4", content_type="video/mp4")
        made = body_of(await ask("POST", "/videos/characters", data=form))
        found = body_of(await ask("GET", f"/videos/characters/{made['id']}"))

    assert found == made
    assert made["name"] == "Mo"


async def test_a_key_is_wanted_where_the_script_has_one():
    async with running(Script(key="secret-1")) as (_, ask):
        none = await ask("GET", "/models")
        bearer = await ask("GET", "/models", headers={"Authorization": "Bearer secret-1"})
        header = await ask("GET", "/models", headers={"api-key": "secret-1"})

    assert (none.status, bearer.status, header.status) == (401, 200, 200)


# Faults, as the dialect sees them.


async def submitted(ask: Any, prompt: str, timeout: aiohttp.ClientTimeout = PATIENCE) -> Any:
    """Carry one submit out for real; a call that breaks off is one that was sent."""
    try:
        headers = {"Idempotency-Key": "t"}
        answer = await ask("POST", "/videos", json={"prompt": prompt}, headers=headers, timeout=timeout)
    except (aiohttp.ClientError, TimeoutError) as error:
        answer = NoReply(sent=True, reason=repr(error))
    return play(DIALECT.submit(submission(), channel()), answer).result


def names(stage: Stage) -> list[str]:
    return [fault.name for fault in FAULTS.values() if fault.stage is stage]


DOUBTFUL_BEFORE = {"error_500", "error_502", "error_503", "error_504", "hang", "drop", "login_page"}


@pytest.mark.parametrize("name", names(Stage.BEFORE))
async def test_a_fault_before_acceptance_is_never_billed(name):
    async with running() as (upstream, ask):
        outcome = await submitted(ask, f"p [fault:{name}]", patience(name))

    assert isinstance(outcome, Unclear if name in DOUBTFUL_BEFORE else Refused)
    assert len(upstream.bill) == 0


@pytest.mark.parametrize("name", names(Stage.AFTER))
async def test_a_fault_after_acceptance_is_billed_once_and_never_read_as_a_refusal(name):
    async with running() as (upstream, ask):
        outcome = await submitted(ask, f"p [fault:{name}]", patience(name))

    assert isinstance(outcome, Accepted if name == "huge" else Unclear)
    assert len(upstream.bill) == 1


@pytest.mark.parametrize("asked", ["5", "0", "1e9", "date", "garbage", "ms", "none"])
async def test_a_throttle_says_how_long_to_wait_in_many_ways(asked):
    async with running() as (_, ask):
        outcome = await submitted(ask, f"p [fault:rate_limited={asked}]")

    assert isinstance(outcome, Refused)
    assert outcome.failure.retryable
    assert (outcome.failure.retry_after_s is None) is (asked in {"garbage", "none"})


@pytest.mark.parametrize("name", names(Stage.JOB))
async def test_a_job_fault_ends_a_job_only_where_it_says_so(name):
    endings = {
        "fails": Phase.FAILED,
        "fails_moderation": Phase.FAILED,
        "fails_as_http": Phase.FAILED,
        "withheld": Phase.FAILED,
    }
    endless = {"never_ends", "forgotten"}
    async with running() as (_, ask):
        ref = await make(ask, f"p [fault:{name}] [takes:{1_000 if name == 'forgotten' else 0}]")
        phases = [await polled(ask, ref, patience(name)) for _ in range(4)]

    expected = endings.get(name, None if name in endless else Phase.COMPLETED)
    assert {p for p in phases if p in {Phase.COMPLETED, Phase.FAILED}} == ({expected} if expected else set())


async def polled(ask: Any, ref: str, timeout: aiohttp.ClientTimeout) -> Phase | None:
    try:
        answer = await ask("GET", f"/videos/{ref}", timeout=timeout)
    except TimeoutError:
        return None
    return play(DIALECT.poll(ref, channel()), answer).result.phase


@pytest.mark.parametrize("name", names(Stage.CONTENT))
async def test_a_content_fault_spoils_the_first_fetch(name):
    async with running() as (_, ask):
        clean = await ask("GET", f"/videos/{await make(ask)}/content")
        ref = await make(ask, f"p [fault:{name}]")
        try:
            answer = await ask("GET", f"/videos/{ref}/content", timeout=patience(name))
        except (aiohttp.ClientError, TimeoutError):
            answer = None

    # Surplus bytes come after the length that was promised; this client stops reading there.
    assert name == "longer" or answer is None or answer.status != 200 or answer.body != clean.body


async def test_a_cut_clip_can_be_resumed_unless_the_fault_says_otherwise():
    async with running() as (_, ask):
        clean = await ask("GET", f"/videos/{await make(ask)}/content")
        half = {"Range": f"bytes={len(clean.body) // 2}-"}
        resumed = {
            name: await ask("GET", f"/videos/{await make(ask, f'p [fault:{name}]')}/content", headers=half)
            for name in ("truncated", "range_ignored", "changed_etag")
        }

    assert (resumed["truncated"].status, resumed["truncated"].headers["etag"]) == (206, clean.headers["etag"])
    assert resumed["range_ignored"].status == 200
    assert resumed["changed_etag"].headers["etag"] != clean.headers["etag"]


async def test_faults_strike_a_number_of_times_by_sequence_or_by_chance():
    async with running(Script(queue_s=0, run_s=0, at_create={4: "refuse"})) as (_, ask):
        limited = [
            (await ask("POST", "/videos", json={"prompt": "p [fault:overloaded*2]"})).status for _ in range(3)
        ]
        planned = [(await ask("POST", "/videos", json={"prompt": "q"})).status for _ in range(2)]
    rolls = []
    for _ in range(2):
        async with running(Script(queue_s=0, run_s=0, chances={"error_500": 0.5}, seed=3)) as (_, ask):
            rolls.append([(await ask("POST", "/videos", json={"prompt": "q"})).status for _ in range(20)])

    assert limited == [503, 503, 200]
    assert planned == [400, 200]
    assert rolls[0] == rolls[1]
    assert set(rolls[0]) == {200, 500}


def test_a_fault_that_does_not_exist_is_not_passed_over():
    with pytest.raises(ValueError, match="no fault is called `refuze`"):
        Script(at_create={1: "refuze"})


async def test_an_unknown_fault_in_a_prompt_is_a_loud_500():
    async with running() as (upstream, ask):
        answer = await ask("POST", "/videos", json={"prompt": "p [fault:refuze]"})

    assert answer.status == 500
    assert len(upstream.bill) == 0


async def test_the_dialect_finds_the_job_of_a_submit_that_was_never_answered():
    async with running() as (upstream, ask):
        given = submission()
        prompt = f"{given.request.prompt} [fault:drop_after_accept]"
        given = replace(given, request=replace(given.request, prompt=prompt))
        fields = {"prompt": prompt, "model": "m-1", "seconds": "8", "size": "720x1280"}
        with pytest.raises(aiohttp.ClientError):
            await ask("POST", "/videos", json=fields)
        (job,) = upstream.jobs.values()
        given = replace(given, submitted_at_ms=job.created_s * 1_000)
        answer = await ask("GET", "/videos?limit=100&order=desc")
        outcome: Any = play(DIALECT.find(given, channel(), frozenset()), answer).result

    assert outcome.ref == job.ref


# As a process.


async def test_the_bill_of_a_process_survives_a_kill(tmp_path: Path):
    bill = tmp_path / "bill.jsonl"
    command = (sys.executable, "-m", "reelgate.testing.upstream", "--bill", str(bill), "--run", "0")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    base = json.loads(await process.stdout.readline())["base_url"]
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=20)) as session:
        for number in range(3):
            async with session.post(
                f"{base}/videos", json={"prompt": f"p{number}"}, headers={"Idempotency-Key": "k"}
            ) as answer:
                assert answer.status == 200
        async with session.get(f"{base.removesuffix('/v1')}/simulator/bill") as answer:
            told = await answer.json()
    process.kill()
    await process.wait()

    lines = Bill.read(bill)
    assert [line.prompt for line in lines] == ["p0", "p1", "p2"]
    assert [line["ref"] for line in told["lines"]] == [line.ref for line in lines]


async def test_a_process_ends_cleanly_when_it_is_told_to():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "reelgate.testing.upstream", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    await process.stdout.readline()
    process.send_signal(signal.SIGTERM)

    assert await process.wait() == 0


def test_a_bill_cut_in_its_last_line_is_read_up_to_there(tmp_path: Path):
    path = tmp_path / "bill.jsonl"
    bill = Bill(path)
    assert Bill.read(path) == []
    path.write_bytes(path.read_bytes() + b'{"number":')
    bill.close()

    assert Bill.read(path) == []


async def test_a_token_billed_twice_shows():
    async with running() as (upstream, ask):
        for token in ("a", "b", "a"):
            await ask("POST", "/videos", json={"prompt": "p"}, headers={"Idempotency-Key": token})

    assert upstream.bill.repeated_tokens == {"a"}
