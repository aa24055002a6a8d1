"""What all simulators share: the book, the bill, keys, faults, links, callbacks, and that nobody takes one for real."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import io
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import av
import pytest
from aiohttp import web

from reelgate.app import load_dialects
from reelgate.core.dialect import Call, Callback, NoReply, Reply
from reelgate.dialects.openrouter import DIALECT as OPENROUTER
from reelgate.net.client import Client
from reelgate.net.guard import Guard
from reelgate.testing.round_trip import HastyClock
from reelgate.testing.simulators import Called, Script, Simulator, families, simulator
from reelgate.testing.simulators.faults import FAULTS, planned
from reelgate.testing.simulators.sample import channel_of, submission_of
from reelgate.testing.simulators.tls import FAULTS as TLS_FAULTS
from reelgate.testing.simulators.tls import untrusted

PATIENCE_S = 60.0
SOON = Script(queue_s=0, run_s=0)


@asynccontextmanager
async def asking(up: Simulator) -> AsyncIterator[Callable[..., Any]]:
    async with aiohttp.ClientSession(base_url=up.origin, timeout=aiohttp.ClientTimeout(PATIENCE_S)) as http:

        async def ask(method: str, path: str, **given: Any) -> tuple[int, Any, Any]:
            async with http.request(method, path, **given) as answer:
                body = await answer.read()
                told = await answer.json() if answer.content_type == "application/json" and body else body
                return answer.status, told, answer.headers

        yield ask


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():  # noqa: ASYNC110 - what is waited for happens inside the simulator
            await asyncio.sleep(0.01)


async def create(ask: Callable[..., Any], prompt: str = "a boat", **fields: Any) -> str:
    status, told, _ = await ask("POST", "/v1/videos", json={"prompt": prompt, "seconds": "4", **fields})
    assert status == 200, told
    return told["id"]


# Nobody takes it for real.


@pytest.mark.parametrize("name", list(families()))
async def test_every_answer_and_the_page_say_that_it_is_a_simulator(name: str):
    async with simulator(name) as up, asking(up) as ask:
        _, page, told = await ask("GET", "/")
        _, _, lost = await ask("GET", "/no/such/path")

    assert b"This is a simulator" in page
    for headers in (told, lost):
        assert headers["X-Reelgate-Simulator"] == name
        assert headers["Server"].startswith("reelgate-simulator/")


async def test_the_page_shows_prompts_as_text_and_not_as_markup():
    async with simulator("openai_videos") as up, asking(up) as ask:
        await create(ask, "<script>alert(1)</script>")
        _, page, _ = await ask("GET", "/")

    assert b"<script>" not in page
    assert b"&lt;script&gt;" in page


async def test_a_clip_plays_has_the_size_asked_for_and_says_in_itself_what_it_is():
    script = Script(queue_s=0, run_s=0, true_size=True)
    async with simulator("openai_videos", script) as up, asking(up) as ask:
        ref = await create(ask, size="320x180", seconds="2")
        _, data, headers = await ask("GET", f"/v1/videos/{ref}/content")

    assert headers["Content-Type"] == "video/mp4"
    with av.open(io.BytesIO(data), "r") as clip:
        video = clip.streams.video[0]
        assert (video.width, video.height, clip.duration) == (320, 180, 2_000_000)
        assert clip.metadata["title"] == "reelgate simulator"


# Time.


async def test_a_job_moves_with_the_clock_alone():
    clock = HastyClock()
    script = Script(queue_s=10, run_s=100)
    async with simulator("openai_videos", script, clock=clock) as up, asking(up) as ask:
        ref = await create(ask)
        seen = []
        for seconds in (0, 11, 50, 49):
            clock.advance(seconds)
            _, job, _ = await ask("GET", f"/v1/videos/{ref}")
            seen.append((job["status"], job["progress"]))

    assert seen == [("queued", 0), ("in_progress", 1), ("in_progress", 51), ("completed", 100)]


# The bill.


async def test_each_accepted_job_is_billed_once_and_refused_ones_are_not():
    async with simulator("openai_videos", SOON) as up, asking(up) as ask:
        await create(ask)
        await ask("POST", "/v1/videos", json={"prompt": ""})
        await ask("POST", "/v1/videos", json={"prompt": "p [fault:refuse]"})
        _, told, _ = await ask("GET", "/simulator/bill")

    assert [line["ref"] for line in told["lines"]] == [up.bill.lines[0].ref]
    assert told["charged_micro"] == 4 * 100_000


async def test_a_moderated_clip_is_billed_where_the_upstream_bills_it_and_given_back_where_it_does_not():
    charged = {}
    for name, fields in (("apiyi_grok", {"size": "480x854"}), ("apiyi_async", {"seconds": "10"})):
        async with simulator(name, SOON) as up, asking(up) as ask:
            await create(ask, "p [fault:fails_moderation]", model=families()[name].model, **fields)
            charged[name] = up.charged_micro()
            assert len(up.bill) == 1

    assert charged == {"apiyi_grok": 200_000, "apiyi_async": 0}


async def test_grok_bills_480_lines_and_8_seconds_when_nobody_chose():
    async with simulator("apiyi_grok", SOON) as up, asking(up) as ask:
        await ask("POST", "/v1/videos", json={"prompt": "p", "model": "grok-imagine-video"})

    assert up.bill.lines[0].seconds == "8"


async def test_a_token_makes_one_video_where_the_upstream_honours_it_and_two_where_it_does_not():
    billed = {}
    for name in ("reelgate", "openai_videos"):
        async with simulator(name, SOON) as up, asking(up) as ask:
            for _ in range(2):
                given = {"json": {"prompt": "p"}, "headers": {"Idempotency-Key": "t-1"}}
                await ask("POST", "/v1/videos", **given)
            other = {"json": {"prompt": "q"}, "headers": {"Idempotency-Key": "t-1"}}
            status, _, _ = await ask("POST", "/v1/videos", **other)
            billed[name] = (len(up.bill), status)

    assert billed == {"reelgate": (1, 409), "openai_videos": (3, 200)}


# Keys.


async def test_any_key_will_do_until_one_is_named():
    async with simulator("openai_videos") as up, asking(up) as ask:
        assert (await ask("GET", "/v1/videos"))[0] == 200
    async with simulator("openai_videos", Script(key="k-1")) as up, asking(up) as ask:
        assert (await ask("GET", "/v1/videos"))[0] == 401
        assert (await ask("GET", "/v1/videos", headers={"Authorization": "Bearer k-1"}))[0] == 200


# Faults.


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("refuse", ("refuse", "", None, None)),
        ("refuse@3", ("refuse", "", 3, None)),
        ("overloaded*2", ("overloaded", "", None, 2)),
        ("rate_limited:none", ("rate_limited", "none", None, None)),
        ("rate_limited@2*1:7", ("rate_limited", "7", 2, 1)),
    ],
)
def test_a_fault_is_planned_in_one_word(text: str, read: tuple[Any, ...]):
    found = planned(text)

    assert (found.name, found.argument, found.at, found.times) == read


def test_a_fault_that_does_not_exist_is_refused_before_anything_starts():
    with pytest.raises(ValueError, match="no fault is called `refuze`"):
        simulator("openai_videos", Script(faults=("refuze",)))


async def test_a_fault_strikes_the_create_it_was_planned_for():
    script = Script(faults=("refuse@2", "overloaded*1:x"))
    async with simulator("openai_videos", script) as up, asking(up) as ask:
        codes = [(await ask("POST", "/v1/videos", json={"prompt": "p"}))[0] for _ in range(3)]

    assert codes == [503, 400, 200]


async def test_a_throttle_says_when_to_come_back_or_does_not():
    async with simulator("openai_videos", Script(faults=("storm:1",))) as up, asking(up) as ask:
        loud = await ask("GET", "/v1/videos")
    async with simulator("openai_videos", Script(faults=("silent_storm:1",))) as up, asking(up) as ask:
        silent = await ask("GET", "/v1/videos")
        after = await ask("GET", "/v1/videos")

    assert (loud[0], loud[2]["Retry-After"]) == (429, "1")
    assert (silent[0], silent[2].get("Retry-After"), after[0]) == (429, None, 200)


async def test_a_link_that_is_good_for_a_second_is_renewed_by_asking_again():
    clock = HastyClock()
    script = Script(queue_s=0, run_s=0)
    async with simulator("zhenzhen_v2", script, clock=clock) as up, asking(up) as ask:
        given = {"prompt": "p [fault:short_link=5]", "model": "sora-2"}
        _, made, _ = await ask("POST", "/v2/videos/generations", json=given)
        poll = f"/v2/videos/generations/{made['task_id']}"
        _, first, _ = await ask("GET", poll)
        clock.advance(6)
        late, _, _ = await ask("GET", first["data"]["output"].removeprefix(up.origin))
        _, again, _ = await ask("GET", poll)
        fresh, _, _ = await ask("GET", again["data"]["output"].removeprefix(up.origin))

    assert (late, fresh) == (403, 200)


async def test_a_job_is_completed_before_its_clip_is_there_and_then_it_is_there():
    async with simulator("newapi_video", SOON) as up, asking(up) as ask:
        ref = await create(ask, "p [fault:late_output=1]", model="sora-2")
        seen = [(await ask("GET", f"/v1/videos/{ref}"))[1] for _ in range(2)]

    assert [job["status"] for job in seen] == ["completed", "completed"]
    assert ["metadata" in job for job in seen] == [False, True]


async def test_a_lost_answer_and_a_hanging_one_were_accepted_and_billed():
    async with simulator("openai_videos", SOON) as up, asking(up) as ask:
        with pytest.raises(aiohttp.ClientError):
            await create(ask, "p [fault:drop_after_accept]")
        hanging = asyncio.create_task(create(ask, "p [fault:hang_after_accept]"))
        await until(lambda: len(up.bill) == 2)
        assert not hanging.done()
        hanging.cancel()
        await until(lambda: len(up.calls) == 2)

    assert [call.fault for call in up.calls] == ["drop_after_accept", "hang_after_accept"]


@pytest.mark.parametrize("mark", ["[fault:refuze]", "[fault:storm]"])
async def test_a_mark_that_can_strike_nothing_is_a_loud_500(mark: str):
    async with simulator("openai_videos", SOON) as up, asking(up) as ask:
        status, _, _ = await ask("POST", "/v1/videos", json={"prompt": f"p {mark}"})

    assert status == 500
    assert len(up.bill) == 0


@pytest.mark.parametrize("fault", TLS_FAULTS)
async def test_nothing_is_sent_to_a_server_whose_certificate_nobody_vouches_for(fault: Any):
    dialects, profiles = load_dialects()
    client = Client(Guard())
    async with simulator("openai_videos", SOON, tls=untrusted(fault, "127.0.0.1")) as up:
        channel = channel_of(up)
        profile = profiles["openai_videos"].find(up.family.model)
        assert profile is not None
        call = next(dialects["openai_videos"].submit(submission_of(up.family, profile, 0), channel))
        assert isinstance(call, Call)
        answer = await client.send(call, channel, Path)
        await client.close()

    assert isinstance(answer, NoReply)
    assert not answer.sent
    assert len(up.bill) == 0


def test_every_fault_says_what_it_does():
    assert all(fault.meaning and fault.name == name for name, fault in FAULTS.items())
    assert {"drop_after_accept", "hang_after_accept", "never_ends", "late", "expired_link"} <= FAULTS.keys()


# The log.


async def test_calls_are_logged_with_what_they_made_and_the_bill_so_far():
    told: list[Called] = []
    async with simulator("openai_videos", SOON, on_call=told.append) as up, asking(up) as ask:
        ref = await create(ask)
        await ask("GET", f"/v1/videos/{ref}")

    assert [(c.kind, c.status, c.ref, c.bill) for c in told] == [
        ("create", 200, ref, 1),
        ("poll", 200, None, 1),
    ]


# Callbacks.


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[str, list[Callback]]]:
    heard: list[Callback] = []

    async def hear(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        heard.append(Callback(headers=headers, body=await request.read()))
        return web.Response()

    app = web.Application()
    app.router.add_post("/hook", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook", heard
    await runner.cleanup()


async def openrouter_job(ask: Callable[..., Any], hook: str, prompt: str) -> str:
    given = {"prompt": prompt, "model": "m", "duration": 4, "callback_url": hook}
    _, made, _ = await ask("POST", "/api/v1/videos", json=given)
    return made["id"]


async def test_a_signed_callback_is_the_only_one_that_is_believed():
    script = Script(queue_s=2, run_s=3)
    started = simulator("openrouter", script, clock=HastyClock())
    async with listening() as (hook, heard), started as up, asking(up) as ask:
        ref = await openrouter_job(ask, hook, "p [fault:forged_callback]")
        await until(lambda: len(heard) == 2)
        now_ms = up.clock.now_ms()

    verdicts = [OPENROUTER.verify(each, script.callback_secret, now_ms) for each in heard]
    assert verdicts == [None, ref]
    assert [told.forged for told in up.caller.told] == [True, False]
    due = hmac.new(b"not-the-secret", heard[0].body, hashlib.sha256).hexdigest()
    assert due not in heard[0].headers["x-openrouter-signature"]


async def test_a_callback_comes_three_times_or_not_at_all_where_a_fault_says_so():
    async with listening() as (hook, heard), simulator("openrouter", SOON) as up, asking(up) as ask:
        await openrouter_job(ask, hook, "p [fault:no_callback]")
        await openrouter_job(ask, hook, "p [fault:duplicate_callback]")
        await until(lambda: len(heard) == 3)

    assert len({each.body for each in heard}) == 1
    assert len({each.headers["x-openrouter-idempotency-key"] for each in heard}) == 1


async def test_a_relay_that_signs_nothing_calls_back_at_every_change():
    started = simulator("zhenzhen_v2", Script(queue_s=2, run_s=3), clock=HastyClock())
    async with listening() as (hook, heard), started as up, asking(up) as ask:
        given = {"prompt": "p", "model": "sora-2", "notify_hook": hook}
        await ask("POST", "/v2/videos/generations", json=given)
        await until(lambda: any(b"SUCCESS" in each.body for each in heard))

    told = [Reply(status=200, headers={}, body=each.body).object() or {} for each in heard]
    words = [each["status"] for each in told]
    assert words == ["NOT_START", "IN_PROGRESS", "SUCCESS"]


async def test_a_caller_that_does_not_answer_harms_nothing():
    async with simulator("openrouter", SOON) as up, asking(up) as ask:
        ref = await openrouter_job(ask, "http://127.0.0.1:9/hook", "p")
        await until(lambda: bool(up.caller.told))
        _, job, _ = await ask("GET", f"/api/v1/videos/{ref}")

    assert job["status"] == "completed"
    assert not any(told.taken for told in up.caller.told)
