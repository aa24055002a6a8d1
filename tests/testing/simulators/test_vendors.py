"""What each simulated vendor does that no other does, seen through its dialect or by a client of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from msgspec.structs import replace

from reelgate.core import jwt
from reelgate.core.dialect import Accepted, Found, NotFound, Phase, Refused, Unclear
from reelgate.core.errors import Code
from reelgate.core.task import Role, Size, Verb
from reelgate.net.fetch import FetchFailed
from reelgate.testing.round_trip import QUEUE_S, RUN_S, Traveller
from tests.testing.simulators.vendors import (
    accepted,
    ask,
    at,
    brought_home,
    ended,
    frames,
    picture,
    submit,
)

DAY_S = 86_400.0


def running(on: Traveller) -> None:
    on.clock.advance(QUEUE_S + RUN_S / 2)


async def cancelled(on: Traveller, ref: str) -> Any:
    dialect: Any = on.dialect
    return await on.drive(dialect.cancel(ref, on.channel))


# Veo.


async def test_a_withheld_clip_of_veo_is_a_finished_operation_without_samples(tmp_path):
    async with at("veo_lro", tmp_path) as on:
        seen = await ended(on, "a boat [fault:withheld]")

    assert seen.error is not None
    assert (seen.phase, seen.error.code, seen.word) == (Phase.FAILED, Code.CONTENT_FILTERED, "done")
    assert (len(on.simulator.bill), on.simulator.charged_micro()) == (1, 0)


async def test_the_clip_of_veo_is_a_401_without_the_key(tmp_path):
    async with at("veo_lro", tmp_path) as on:
        ref = await accepted(on)
        on.finish()
        place = f"/v1beta/files/{ref.rpartition('/')[2]}:download?alt=media"
        without = await ask(on, "GET", place, **{"x-goog-api-key": "", "Authorization": ""})
        status, _ = await ask(on, "GET", place)

    assert without[0] == 401
    assert without[1]["error"]["status"] == "UNAUTHENTICATED"
    assert status == 200


@pytest.mark.parametrize(
    "parameters", [{"seed": 7}, {"durationSeconds": 5}, {"durationSeconds": "8"}, {"resolution": "360p"}]
)
async def test_veo_on_the_gemini_api_refuses_what_it_does_not_take(parameters, tmp_path):
    async with at("veo_lro", tmp_path) as on:
        path = "/v1beta/models/m:predictLongRunning"
        status, told = await ask(on, "POST", path, {"instances": [{"prompt": "p"}], "parameters": parameters})

    assert (status, told["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert len(on.simulator.bill) == 0


def service_account() -> str:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return json.dumps({"client_email": "sim@project.example", "private_key": pem.decode()})


VERTEX = {"platform": "vertex"}


async def test_vertex_takes_a_token_signed_by_its_service_account_and_puts_the_clip_into_its_answer(tmp_path):
    account, other = service_account(), service_account()
    async with at("veo_lro", tmp_path, key=account, settings=VERTEX) as on:
        place = f"{on.simulator.origin}/v1/projects/p/locations/l/publishers/google"
        on.channel = replace(on.channel, base_url=place)
        data = await brought_home(on, await accepted(on, picture(), seed=7))
        dialect: Any = on.dialect
        stale = replace(on.submission(), submitted_at_ms=on.clock.now_ms() - 7_200_000)
        refused = [await on.drive(dialect.submit(stale, on.channel))]
        on.channel = replace(on.channel, secret=other)
        refused.append(await submit(on))

    assert frames(data) == 8
    assert all(isinstance(each, Refused) for each in refused)
    assert {each.failure.code for each in refused} == {Code.UNAUTHORIZED}
    assert len(on.simulator.bill) == 1


# Interactions.


async def test_an_interaction_can_be_cancelled_and_extended(tmp_path):
    async with at("gemini_interactions", tmp_path) as on:
        first = await accepted(on)
        running(on)
        stopped = await cancelled(on, first)
        kept = await accepted(on)
        on.finish()
        longer = await accepted(on, verb=Verb.EXTEND, parent=kept)
        seen = await on.poll(first)
        data = await brought_home(on, longer)

    assert stopped.ended
    assert seen.phase is Phase.CANCELLED
    assert frames(data) == 8
    assert on.simulator.bill.lines[-1].verb == "extend"


async def test_an_interaction_may_hold_its_clip_itself(tmp_path):
    async with at("gemini_interactions", tmp_path) as on:
        body = {"model": "m", "input": "p", "background": True, "response_format": {"type": "video"}}
        _, made = await ask(on, "POST", "/v1beta/interactions", body)
        on.finish()
        seen = await on.poll(made["id"])

    assert seen.outputs[0].data is not None
    assert frames(seen.outputs[0].data) == 8


# Ark.


async def test_ark_deletes_in_three_ways(tmp_path):
    async with at("ark", tmp_path) as on:
        place = "/api/v3/contents/generations/tasks"
        waiting = await accepted(on)
        one = await ask(on, "DELETE", f"{place}/{waiting}")
        worked_on = await accepted(on)
        running(on)
        two = await ask(on, "DELETE", f"{place}/{worked_on}")
        on.finish()
        three = await ask(on, "DELETE", f"{place}/{worked_on}")
        gone = await ask(on, "GET", f"{place}/{worked_on}")
        left = await on.poll(waiting)

    assert [one[0], two[0], three[0], gone[0]] == [200, 409, 200, 404]
    assert left.phase is Phase.CANCELLED


async def test_a_record_of_ark_outlives_its_clip(tmp_path):
    async with at("ark", tmp_path) as on:
        ref = await accepted(on)
        on.clock.advance(DAY_S + 1_000)
        seen = await on.poll(ref)
        status, listed = await ask(on, "GET", "/api/v3/contents/generations/tasks?filter.task_ids=absent")

    assert seen.error is not None
    assert (seen.phase, seen.error.code) == (Phase.FAILED, Code.ASSET_EXPIRED)
    assert (status, listed["items"]) == (200, [])


async def test_a_lost_submission_to_ark_is_found_by_its_seed(tmp_path):
    async with at("ark", tmp_path) as on:
        given = on.submission("p [fault:drop_after_accept]")
        given = replace(given, request=replace(given.request, seed=4_711))
        dialect: Any = on.dialect
        outcome = await on.drive(dialect.submit(given, on.channel))
        found = await on.drive(dialect.find(given, on.channel, frozenset()))

    assert isinstance(outcome, Unclear)
    assert isinstance(found, Found)
    assert found.ref == on.simulator.bill.lines[0].ref


@pytest.mark.parametrize(
    ("fault", "code"),
    [("expires", Code.EXPIRED), ("withheld", Code.CONTENT_POLICY), ("fails", Code.UPSTREAM_INTERNAL)],
)
async def test_arks_endings_say_why(fault, code, tmp_path):
    async with at("ark", tmp_path) as on:
        seen = await ended(on, f"p [fault:{fault}]")

    assert seen.error is not None
    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


# DashScope.


async def test_dashscope_works_in_the_background_only(tmp_path):
    async with at("dashscope", tmp_path) as on:
        path = "/api/v1/services/aigc/video-generation/video-synthesis"
        body = {"model": "wan2.6-t2v", "input": {"prompt": "p"}, "parameters": {}}
        plain = await ask(on, "POST", path, body)
        marked = await ask(on, "POST", path, body, **{"X-DashScope-Async": "enable"})

    assert (plain[0], plain[1]["code"]) == (403, "AccessDenied")
    assert marked[1]["output"]["task_status"] == "PENDING"


async def test_a_task_of_dashscope_is_unknown_after_a_day(tmp_path):
    async with at("dashscope", tmp_path) as on:
        ref = await accepted(on)
        early = await on.poll(f"absent@{on.clock.now_ms()}")
        on.clock.advance(DAY_S + 1_000)
        late = await on.poll(ref)

    assert (early.phase, early.word) == (None, "UNKNOWN")
    assert late.error is not None
    assert (late.phase, late.error.code) == (Phase.FAILED, Code.TASK_NOT_FOUND_OR_EXPIRED)


async def test_dashscope_cancels_only_what_waits(tmp_path):
    async with at("dashscope", tmp_path) as on:
        waiting = await cancelled(on, await accepted(on))
        ref = await accepted(on)
        running(on)
        worked_on = await cancelled(on, ref)

    assert (waiting.ended, worked_on.ended) == (True, False)


# Kling.


async def test_a_name_is_taken_once_by_kling_and_finds_its_job(tmp_path):
    async with at("kling", tmp_path) as on:
        given = on.submission("p [fault:drop_after_accept]")
        dialect: Any = on.dialect
        lost = await on.drive(dialect.submit(given, on.channel))
        again = await on.drive(dialect.submit(given, on.channel))
        found = await on.drive(dialect.find(given, on.channel, frozenset()))
        other = await on.drive(dialect.find(replace(given, token="another"), on.channel, frozenset()))

    assert isinstance(lost, Unclear)
    assert isinstance(again, Refused)
    assert isinstance(found, Found)
    assert isinstance(other, NotFound)
    assert len(on.simulator.bill) == 1


@pytest.mark.parametrize(("hours", "number"), [(-1, 1004), (1, 1003)])
async def test_a_token_for_kling_holds_for_half_an_hour(hours, number, tmp_path):
    async with at("kling", tmp_path) as on:
        dialect: Any = on.dialect
        given = on.submission()
        given = replace(given, submitted_at_ms=given.submitted_at_ms + hours * 3_600_000)
        outcome = await on.drive(dialect.submit(given, on.channel))
        _, told = await ask(on, "GET", "/v1/videos/text2video", Authorization=token(on, hours))

    assert isinstance(outcome, Refused)
    assert outcome.failure.code is Code.UNAUTHORIZED
    assert told["code"] == number
    assert len(on.simulator.bill) == 0


def token(on: Traveller, hours: int) -> str:
    access, _, secret = on.channel.secret.partition(":")
    now_s = on.clock.now_ms() // 1_000 + hours * 3_600
    return f"Bearer {jwt.hs256({'iss': access, 'exp': now_s + 1_800, 'nbf': now_s - 5}, secret)}"


async def test_kling_knows_a_job_under_its_own_kind_only(tmp_path):
    async with at("kling", tmp_path, key="plain") as on:
        ref = await accepted(on)
        wrong = await on.poll(ref.replace("text2video", "image2video"))
        right = await on.poll(ref)

    assert wrong.lost
    assert right.phase is Phase.QUEUED


async def test_kling_refuses_a_data_url_and_a_length_that_is_a_number(tmp_path):
    async with at("kling", tmp_path, key="plain") as on:
        image = {"prompt": "p", "image": "data:image/png;base64,aGk="}
        first = await ask(on, "POST", "/v1/videos/image2video", image)
        second = await ask(on, "POST", "/v1/videos/text2video", {"prompt": "p", "duration": 5})

    assert [(s, t["code"]) for s, t in (first, second)] == [(400, 1201), (400, 1201)]


async def test_an_empty_account_at_kling_is_a_429_that_does_not_pass(tmp_path):
    async with at("kling", tmp_path) as on:
        empty = await submit(on, prompt="p [fault:payment]")
        busy = await submit(on, prompt="p [fault:overloaded]")

    assert isinstance(empty, Refused)
    assert isinstance(busy, Refused)
    assert (empty.failure.code, empty.failure.retryable) == (Code.QUOTA_EXHAUSTED, False)
    assert (busy.failure.code, busy.failure.retryable) == (Code.CONCURRENCY_LIMITED, True)


async def test_kling_extends_a_clip_by_the_id_of_the_clip(tmp_path):
    async with at("kling", tmp_path) as on:
        parent = await accepted(on)
        on.finish()
        data = await brought_home(on, await accepted(on, verb=Verb.EXTEND, parent=parent))

    assert frames(data) == 8
    assert on.simulator.bill.lines[-1].verb == "extend"


# MiniMax.


@pytest.mark.parametrize("name", ["minimax_v1", "minimax_v2"])
async def test_a_refusal_of_minimax_is_http_200(name, tmp_path):
    async with at(name, tmp_path) as on:
        outcome = await submit(on, prompt="p [fault:moderation]")

    assert isinstance(outcome, Refused)
    assert outcome.failure.code is Code.CONTENT_POLICY
    assert on.simulator.calls[-1].status == 200


@pytest.mark.parametrize("name", ["minimax_v1", "runway", "minimax_v2"])
async def test_an_expired_link_is_made_anew_by_asking_again(name, tmp_path):
    async with at(name, tmp_path) as on:
        ref = await accepted(on, prompt="p [fault:short_link=60]")
        on.finish()
        old = (await on.poll(ref)).outputs[0]
        on.clock.advance(61)
        gone = await on.fetch(old)
        data = await brought_home(on, ref)

    assert isinstance(gone, FetchFailed)
    assert frames(data) == 8


async def test_minimax_says_where_a_file_is_in_a_third_call_only(tmp_path):
    async with at("minimax_v1", tmp_path) as on:
        ref = await accepted(on)
        on.finish()
        _, job = await ask(on, "GET", f"/v1/query/video_generation?task_id={ref}")
        _, file = await ask(on, "GET", f"/v1/files/retrieve?file_id={job['file_id']}")
        _, unknown = await ask(on, "GET", "/v1/files/retrieve?file_id=1")

    assert "url" not in str(job)
    assert file["file"]["download_url"].startswith("http")
    assert unknown["base_resp"]["status_code"] == 2013


async def test_a_withheld_clip_of_minimax_is_told_by_its_code(tmp_path):
    async with at("minimax_v1", tmp_path) as on:
        seen = await ended(on, "p [fault:withheld]")

    assert seen.error is not None
    assert (seen.phase, seen.error.code) == (Phase.FAILED, Code.CONTENT_FILTERED)


async def test_minimax_v2_deletes_what_lives_and_forgets_what_is_over(tmp_path):
    async with at("minimax_v2", tmp_path) as on:
        stopped = await cancelled(on, await accepted(on))
        over = await accepted(on)
        on.finish()
        late = await cancelled(on, over)
        mixed = await submit(on, picture(), picture(Role.REFERENCE))

    assert (stopped.ended, late.ended) == (True, False)
    assert isinstance(mixed, Refused)


# fal.


async def test_fal_takes_anything_and_the_model_refuses_it_in_its_result(tmp_path):
    async with at("fal_queue", tmp_path) as on:
        status, made = await ask(on, "POST", "/fal-ai/app/sub/path", {"image_url": "nonsense"})
        on.finish()
        _, done = await ask(on, "GET", f"/fal-ai/app/requests/{made['request_id']}/status")
        result = await ask(on, "GET", f"/fal-ai/app/requests/{made['request_id']}")
        elsewhere = await ask(on, "GET", f"/fal-ai/other/requests/{made['request_id']}/status")

    assert status == 200
    assert made["response_url"].endswith(f"/fal-ai/app/requests/{made['request_id']}")
    assert done["status"] == "COMPLETED"
    assert (result[0], result[1]["detail"][0]["loc"]) == (422, ["body", "prompt"])
    assert elsewhere[0] == 404


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ("fails", Code.RUNNER_DISCONNECTED),
        ("fails_moderation", Code.CONTENT_POLICY),
        ("expires", Code.EXPIRED),
    ],
)
async def test_a_completed_request_of_fal_may_have_failed(fault, code, tmp_path):
    async with at("fal_queue", tmp_path) as on:
        seen = await ended(on, f"p [fault:{fault}]")

    assert seen.error is not None
    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


async def test_fal_promises_to_cancel(tmp_path):
    async with at("fal_queue", tmp_path) as on:
        ref = await accepted(on)
        asked = await cancelled(on, ref)
        on.finish()
        again = await cancelled(on, ref)
        seen = await on.poll(ref)

    assert not asked.ended
    assert "over" in again.reason
    assert seen.phase is Phase.FAILED


# Replicate.


async def test_a_large_picture_is_uploaded_to_replicate_first(tmp_path):
    large = replace(picture(), bytes=300_000)
    async with at("replicate", tmp_path) as on:
        data = await brought_home(on, await accepted(on, large))

    assert frames(data) == 8
    assert on.simulator.calls[0].path == "/v1/files"


async def test_replicates_list_goes_on_by_cursor_and_finds_what_was_lost(tmp_path):
    async with at("replicate", tmp_path) as on:
        dialect: Any = on.dialect
        given = on.submission("the lost one [fault:drop_after_accept]")
        outcome = await on.drive(dialect.submit(given, on.channel))
        for number in range(101):
            await accepted(on, prompt=f"boat {number}")
        found = await on.drive(dialect.find(given, on.channel, frozenset()))

    assert isinstance(outcome, Unclear)
    assert isinstance(found, Found)
    assert found.ref == on.simulator.bill.lines[0].ref
    assert on.simulator.seen["list"] == 2


async def test_replicate_deletes_files_after_an_hour(tmp_path):
    async with at("replicate", tmp_path) as on:
        ref = await accepted(on)
        on.clock.advance(QUEUE_S + RUN_S + 3_601)
        seen = await on.poll(ref)

    assert (seen.phase, seen.outputs) == (Phase.COMPLETED, ())


async def test_a_throttle_of_replicate_says_its_seconds_in_words(tmp_path):
    async with at("replicate", tmp_path) as on:
        outcome = await submit(on, prompt="p [fault:rate_limited=none]")

    assert isinstance(outcome, Refused)
    assert outcome.failure.retry_after_s == 1


# Runway.


async def test_runway_wants_its_version_and_names_wrong_fields(tmp_path):
    async with at("runway", tmp_path) as on:
        body = {"model": "gen4.5", "promptText": "p", "ratio": "1280:720", "duration": 5}
        version = {"X-Runway-Version": "2024-11-06"}
        without = await ask(on, "POST", "/v1/text_to_video", body)
        too_long = await ask(on, "POST", "/v1/text_to_video", body | {"duration": 11}, **version)
        no_picture = await ask(on, "POST", "/v1/image_to_video", body, **version)

    assert [each[0] for each in (without, too_long, no_picture)] == [400, 400, 400]
    assert too_long[1]["issues"][0]["path"] == ["duration"]
    assert no_picture[1]["issues"][0]["path"] == ["promptImage"]
    assert len(on.simulator.bill) == 0


async def test_runway_reports_a_share_and_stops_what_lives(tmp_path):
    async with at("runway", tmp_path) as on:
        ref = await accepted(on)
        running(on)
        half = await on.poll(ref)
        stopped = await cancelled(on, ref)
        seen = await on.poll(ref)

    assert (half.phase, half.progress) == (Phase.IN_PROGRESS, 50)
    assert stopped.ended
    assert seen.phase is Phase.CANCELLED


async def test_moderation_at_runway_is_charged_and_a_break_is_not(tmp_path):
    async with at("runway", tmp_path) as on:
        withheld = await ended(on, "p [fault:withheld]")
        charged = on.simulator.charged_micro()
        await ended(on, "p [fault:fails]")

    assert withheld.error is not None
    assert withheld.error.code is Code.CONTENT_FILTERED
    assert on.simulator.charged_micro() == charged > 0


# Luma.


async def test_luma_continues_its_own_generations_and_finds_lost_ones(tmp_path):
    async with at("luma", tmp_path) as on:
        dialect: Any = on.dialect
        parent = await accepted(on)
        on.finish()
        data = await brought_home(on, await accepted(on, verb=Verb.EXTEND, parent=parent))
        given = on.submission("p [fault:drop_after_accept]")
        lost = await on.drive(dialect.submit(given, on.channel))
        found = await on.drive(dialect.find(given, on.channel, frozenset()))

    assert frames(data) == 8
    assert isinstance(lost, Unclear)
    assert isinstance(found, Found)


async def test_luma_takes_no_picture_without_an_address(tmp_path):
    keyframes = {"frame0": {"type": "image", "url": "data:image/png;base64,aGk="}}
    async with at("luma", tmp_path) as on:
        outcome = await submit(on, extra={"keyframes": keyframes})

    assert isinstance(outcome, Refused)
    assert outcome.failure.code is Code.INVALID_REQUEST


# xAI.


async def test_a_withheld_clip_of_xai_is_done_without_an_address_and_charged(tmp_path):
    async with at("xai", tmp_path) as on:
        seen = await ended(on, "p [fault:withheld]")

    assert seen.error is not None
    assert (seen.phase, seen.word, seen.error.code) == (Phase.FAILED, "done", Code.CONTENT_FILTERED)
    assert seen.cost == on.simulator.charged_micro() > 0


async def test_xai_answers_202_until_a_job_is_over_and_refuses_late(tmp_path):
    async with at("xai", tmp_path) as on:
        ref = await accepted(on, prompt="p [fault:fails_moderation]")
        waiting = await on.poll(ref)
        status = on.simulator.calls[-1].status
        on.finish()
        seen = await on.poll(ref)

    assert (waiting.phase, status) == (Phase.IN_PROGRESS, 202)
    assert (seen.phase, on.simulator.calls[-1].status) == (Phase.FAILED, 400)


async def test_an_edit_at_xai_takes_its_length_from_its_source(tmp_path):
    clip = {"url": "https://clips.example/1.mp4"}
    async with at("xai", tmp_path) as on:
        body = {"model": "m", "prompt": "p", "video": clip}
        good = await ask(on, "POST", "/v1/videos/edits", body)
        bad = await ask(on, "POST", "/v1/videos/edits", body | {"duration": 5})

    assert [good[0], bad[0]] == [200, 400]


# SiliconFlow.


@pytest.mark.parametrize(("size", "code"), [(Size(1280, 720), None), (Size(640, 360), Code.INVALID_REQUEST)])
async def test_siliconflow_has_three_sizes(size, code, tmp_path):
    async with at("siliconflow", tmp_path) as on:
        outcome = await submit(on, size=size)

    assert isinstance(outcome, Accepted if code is None else Refused)
    assert not isinstance(outcome, Refused) or outcome.failure.code is code


async def test_a_model_of_siliconflow_that_starts_from_a_picture_needs_one(tmp_path):
    async with at("siliconflow", tmp_path) as on:
        body = {"model": "Wan-AI/Wan2.2-I2V-A14B", "prompt": "p"}
        status, told = await ask(on, "POST", "/v1/video/submit", body)

    assert (status, told["code"]) == (400, 20012)


# Kie.


async def test_kie_has_one_call_for_veo_and_one_for_all_others(tmp_path):
    async with at("kie_veo", tmp_path) as on:
        veo = await accepted(on)
        other = await accepted(on, model="kling-2.6/text-to-video")
        on.finish()
        seen = [await on.poll(ref) for ref in (veo, other, other.replace("jobs", "veo"))]

    assert [each.phase for each in seen[:2]] == [Phase.COMPLETED, Phase.COMPLETED]
    assert seen[2].lost
    assert all(call.status == 200 for call in on.simulator.calls)


async def test_kie_says_its_errors_in_the_body(tmp_path):
    async with at("kie_veo", tmp_path) as on:
        status, told = await ask(on, "POST", "/api/v1/veo/generate", {"model": "veo3"})

    assert (status, told["code"], told["data"]) == (200, 422, None)
    assert len(on.simulator.bill) == 0
