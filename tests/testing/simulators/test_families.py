"""What each simulated upstream does differently, as its documents and recordings say."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Phase, Refused, Unclear
from reelgate.core.errors import Code
from reelgate.testing.round_trip import HastyClock, Route, Traveller, travelling
from reelgate.testing.simulators import Script, families, simulator
from reelgate.testing.simulators.families.recipe import OTHER_SAMPLE
from tests.testing.simulators.test_round_trips import known
from tests.testing.simulators.test_simulator import SOON, asking, create


def route(name: str, tmp_path: Any, model: str | None = None) -> Route:
    dialects, profiles = known()
    family = families()[name]
    profile = profiles[name].find(model or family.model)
    assert profile is not None
    return Route(dialect=dialects[name], family=family, profile=profile, folder=tmp_path)


# Juxin.


async def test_juxins_outer_word_contradicts_the_inner_one_while_a_job_runs():
    script = Script(queue_s=0, run_s=1_000)
    async with simulator("juxin_unified", script) as up, asking(up) as ask:
        _, made, _ = await ask("POST", "/v1/video/create", json={"prompt": "p", "model": "sora-2"})
        _, job, _ = await ask("GET", "/v1/video/query", params={"id": made["id"]})

    assert ":" in made["id"]
    assert (job["status"], job["detail"]["pending_info"]["status"]) == ("pending", "processing")


async def test_both_formats_of_juxin_know_the_same_jobs():
    async with simulator("juxin_unified", SOON) as up, asking(up) as ask:
        _, made, _ = await ask("POST", "/v1/video/create", json={"prompt": "p", "model": "sora-2"})
        _, job, _ = await ask("GET", f"/v1/videos/{made['id']}")

    assert job["status"] == "completed"
    assert job["created_at"] > 10**11


@pytest.mark.parametrize("path", ["//v1/video/create", "/v1/video/storyboard", "/v1/video/creat"])
async def test_a_wrong_path_at_juxin_is_a_web_page(path: str):
    async with (
        simulator("juxin_unified") as up,
        aiohttp.ClientSession() as http,
        http.post(f"{up.origin}{path}", json={"prompt": "p"}) as answer,
    ):
        page = await answer.text()

    assert answer.content_type == "text/html"
    assert page.lstrip().startswith("<!DOCTYPE html>")


async def test_a_character_wants_one_source_that_is_done_and_no_model():
    clock_script = Script(queue_s=0, run_s=1_000)
    async with simulator("juxin_unified", clock_script) as up, asking(up) as ask:
        _, made, _ = await ask("POST", "/v1/video/create", json={"prompt": "p [takes:0]", "model": "m"})
        _, running, _ = await ask("POST", "/v1/video/create", json={"prompt": "p", "model": "m"})
        given = {"timestamps": "1,3", "from_task": made["id"]}
        good = await ask("POST", "/sora/v1/characters", json=given)
        with_model = await ask("POST", "/sora/v1/characters", json=given | {"model": "sora-2"})
        both = await ask("POST", "/sora/v1/characters", json=given | {"url": "https://c.example/1.mp4"})
        early = await ask("POST", "/sora/v1/characters", json=given | {"from_task": running["id"]})

    assert good[1]["id"].startswith("ch_")
    assert good[1]["username"]
    assert [each[0] for each in (with_model, both, early)] == [404, 400, 400]


# Zhenzhen.


async def test_zhenzhen_shouts_and_says_100_percent_when_it_failed():
    async with simulator("zhenzhen_v2", SOON) as up, asking(up) as ask:
        given = {"prompt": "p [fault:fails_moderation]", "model": "sora-2", "duration": "10"}
        _, made, _ = await ask("POST", "/v2/videos/generations", json=given)
        _, job, _ = await ask("GET", f"/v2/videos/generations/{made['task_id']}")

    assert (job["status"], job["progress"], job["data"]) == ("FAILURE", "100%", None)
    assert job["fail_reason"]


@pytest.mark.parametrize(
    "fields",
    [
        {"model": "sora-2", "duration": 10},
        {"model": "sora-2-pro", "duration": "25", "hd": True},
        {"model": "grok-video", "duration": "6"},
    ],
)
async def test_zhenzhens_fields_change_with_the_model(fields: dict[str, Any]):
    async with simulator("zhenzhen_v2", SOON) as up, asking(up) as ask:
        status, _, _ = await ask("POST", "/v2/videos/generations", json={"prompt": "p", **fields})

    assert status == 400
    assert len(up.bill) == 0


# APIYI.


async def test_a_model_that_is_not_granted_looks_like_an_outage_and_is_refused_for_good(tmp_path):
    async with travelling(route("apiyi_async", tmp_path)) as on:
        outcome = await on.submit("p [fault:forbidden]")

    assert isinstance(outcome, Refused)
    assert not outcome.failure.retryable
    assert list(on.simulator.calls)[-1].status == 503


async def test_a_withheld_grok_clip_is_completed_with_an_error_and_billed(tmp_path):
    async with travelling(route("apiyi_grok", tmp_path)) as on:
        ref = (await on.accepted("p [fault:withheld]")).ref
        on.finish()
        seen = await on.poll(ref)

    assert seen.phase is Phase.FAILED
    assert seen.word == "completed"
    assert on.simulator.charged_micro() > 0


# Chat streams.


async def chat(on: Traveller, model: str, prompt: str) -> Any:
    given = on.submission(prompt)
    return await on.drive(on.dialect.submit(replace(given, upstream_model=model), on.channel))


@pytest.mark.parametrize("model", ["sora2-portrait-10s", "sora-2"])
async def test_both_families_of_text_give_a_clip(model, tmp_path):
    async with travelling(route("chat_stream", tmp_path)) as on:
        outcome = await chat(on, model, "a boat")
        assert isinstance(outcome, Accepted)
        assert outcome.observation is not None
        data = await on.fetch(outcome.observation.outputs[0])

    assert isinstance(data, bytes)


@pytest.mark.parametrize("model", ["sora2-portrait-10s", "sora-2"])
async def test_a_refused_chat_says_so_inside_a_200(model, tmp_path):
    async with travelling(route("chat_stream", tmp_path)) as on:
        outcome = await chat(on, model, "a boat [fault:fails_moderation]")

    assert isinstance(outcome, Accepted)
    assert outcome.observation is not None
    assert outcome.observation.error is not None
    assert outcome.observation.error.code is Code.CONTENT_POLICY
    assert list(on.simulator.calls)[-1].status == 200


@pytest.mark.parametrize("model", ["sora2-portrait-10s", "sora-2"])
async def test_a_stream_cut_in_the_middle_is_unclear_and_billed_once(model, tmp_path):
    async with travelling(route("chat_stream", tmp_path)) as on:
        outcome = await chat(on, model, "a boat [fault:cut_answer]")

    assert isinstance(outcome, Unclear)
    assert len(on.simulator.bill) == 1


async def test_progress_comes_while_the_stream_runs(tmp_path):
    for model in ("sora2-portrait-10s", "sora-2"):
        started = simulator("chat_stream", Script(queue_s=0, run_s=100), clock=HastyClock())
        async with started as up, asking(up) as ask:
            given = {"model": model, "stream": True, "messages": [{"role": "user", "content": "p"}]}
            _, text, headers = await ask("POST", "/v1/chat/completions", json=given)

        assert headers["Content-Type"] == "text/event-stream"
        assert text.rstrip().endswith(b"data: [DONE]")
        assert b"50" in text


async def test_without_stream_nothing_is_made():
    async with simulator("chat_stream", SOON) as up, asking(up) as ask:
        given = {"model": "sora2-portrait-10s", "messages": [{"role": "user", "content": "p"}]}
        status, told, _ = await ask("POST", "/v1/chat/completions", json=given)

    assert status == 200
    assert "stream" in told["choices"][0]["message"]["content"]
    assert len(up.bill) == 0


async def test_whoever_knows_the_id_of_a_chat_job_may_ask_without_a_key():
    async with simulator("chat_stream", Script(queue_s=0, run_s=0, key="k")) as up, asking(up) as ask:
        given = {"model": "sora-2", "stream": True, "messages": [{"role": "user", "content": "p"}]}
        await ask("POST", "/v1/chat/completions", json=given, headers={"Authorization": "Bearer k"})
        _, told, _ = await ask("GET", f"/api/share/{up.bill.lines[0].ref}")

    assert told["content"]["status"] == "completed"
    assert told["content"]["url"].endswith(".mp4")


# Servers of the OpenAI shape.


async def test_a_failed_job_of_vllm_is_an_http_error_that_carries_the_job(tmp_path):
    async with travelling(route("vllm_omni", tmp_path)) as on:
        ref = (await on.accepted("p [fault:fails]")).ref
        on.finish()
        seen = await on.poll(ref)

    assert list(on.simulator.calls)[-1].status == 500
    assert seen.phase is Phase.FAILED


async def test_vllm_takes_forms_only_and_sglang_whole_seconds():
    async with simulator("vllm_omni") as up, asking(up) as ask:
        assert (await ask("POST", "/v1/videos", json={"prompt": "p"}))[0] == 422
    async with simulator("sglang") as up, asking(up) as ask:
        assert (await ask("POST", "/v1/videos", json={"prompt": "p", "seconds": "4.5"}))[0] == 400


async def test_deleting_stops_the_work_at_vllm_and_not_at_sglang():
    working = {}
    for name, given in (
        ("vllm_omni", {"data": aiohttp.FormData({"prompt": "p", "seconds": "4"}, default_to_multipart=True)}),
        ("sglang", {"json": {"prompt": "p", "seconds": 4}}),
    ):
        async with simulator(name, Script(queue_s=1_000, run_s=1_000)) as up, asking(up) as ask:
            _, made, _ = await ask("POST", "/v1/videos", **given)
            job = up.book.get(made["id"])
            assert job is not None
            _, told, _ = await ask("DELETE", f"/v1/videos/{made['id']}")
            working[name] = (told.get("status") or told["deleted"], job.stopped is not None)

    assert working == {"vllm_omni": (True, True), "sglang": ("deleted", False)}


async def test_a_job_of_sglang_waits_until_it_is_done():
    async with simulator("sglang", Script(queue_s=0, run_s=1_000)) as up, asking(up) as ask:
        ref = await create(ask, seconds=4)
        _, job, _ = await ask("GET", f"/v1/videos/{ref}")

    assert (job["status"], job["progress"]) == ("queued", 0)


async def test_azure_takes_its_own_header_and_says_little():
    async with simulator("azure", Script(key="k")) as up, asking(up) as ask:
        good = await ask("GET", "/openai/v1/videos", headers={"api-key": "k"})
        entra = await ask("GET", "/openai/v1/videos", headers={"Authorization": "Bearer k"})
        bad = await ask("POST", "/openai/v1/videos", json={"prompt": ""}, headers={"api-key": "k"})

    assert (good[0], entra[0], bad[1]["error"]["code"]) == (200, 200, "user_error")


async def test_the_generic_route_answers_plainly_and_wrapped_by_turns():
    async with simulator("newapi_generic", SOON) as up, asking(up) as ask:
        jobs = []
        for _ in range(2):
            _, made, _ = await ask("POST", "/v1/video/generations", json={"prompt": "p", "model": "m"})
            jobs.append((await ask("GET", f"/v1/video/generations/{made['task_id']}"))[1])
        unknown = await ask("GET", "/v1/video/generations/nobody")

    assert (jobs[0]["status"], jobs[0]["error"]["code"]) == ("completed", 0)
    assert (jobs[1]["data"]["status"], jobs[1]["data"]["progress"]) == ("SUCCESS", "100%")
    assert jobs[1]["data"]["fail_reason"].endswith(".mp4")
    assert (unknown[0], unknown[1]["code"]) == (400, "task_not_exist")


async def test_veos_50_percent_is_nobodys_measurement(tmp_path):
    async with travelling(route("newapi_video", tmp_path)) as on:
        ref = (await on.accepted()).ref
        on.clock.advance(40)
        seen = await on.poll(ref)

    assert (seen.phase, seen.progress) == (Phase.IN_PROGRESS, None)


async def test_openrouter_tells_the_cost_and_its_links_need_the_key():
    async with simulator("openrouter", Script(queue_s=0, run_s=0, key="k")) as up, asking(up) as ask:
        headers = {"Authorization": "Bearer k"}
        given = {"prompt": "p", "model": "m", "duration": 4}
        _, made, _ = await ask("POST", "/api/v1/videos", json=given, headers=headers)
        _, job, _ = await ask("GET", made["polling_url"], headers=headers)
        link = job["unsigned_urls"][0].removeprefix(up.origin)
        without, with_key = await ask("GET", link), await ask("GET", link, headers=headers)

    assert job["usage"]["cost"] == pytest.approx(0.4)
    assert (without[0], with_key[0]) == (401, 200)


async def test_continuing_a_job_that_is_not_done_is_a_conflict():
    async with simulator("openrouter", Script(queue_s=1_000)) as up, asking(up) as ask:
        given = {"prompt": "p", "model": "m", "duration": 4}
        _, made, _ = await ask("POST", "/api/v1/videos", json=given)
        status, _, _ = await ask("POST", "/api/v1/videos", json=given | {"previous_job_id": made["id"]})

    assert status == 409
    assert len(up.bill) == 1


async def test_litellm_answers_a_poll_under_another_id(tmp_path):
    async with travelling(route("litellm", tmp_path)) as on:
        ref = (await on.accepted()).ref
        on.finish()
        first, second = await on.poll(ref), await on.poll(ref)

    assert first.phase is second.phase is Phase.COMPLETED


async def test_localai_answers_once_the_clip_is_done_and_a_dead_model_is_a_refusal(tmp_path):
    async with travelling(route("localai", tmp_path)) as on:
        good = await on.submit()
        bad = await on.submit("p [fault:fails]")

    assert isinstance(good, Accepted)
    assert good.observation is not None
    assert good.observation.phase is Phase.COMPLETED
    assert isinstance(bad, Refused)


async def test_a_cancelled_video_of_another_reelgate_is_gone_and_refunded(tmp_path):
    async with travelling(route("reelgate", tmp_path)) as on:
        ref = (await on.accepted()).ref
        dialect: Any = on.dialect
        outcome = await on.drive(dialect.cancel(ref, on.channel))
        on.finish()
        seen = await on.poll(ref)

    assert outcome.ended
    assert seen.lost


async def test_remixes_and_extensions_need_a_finished_parent():
    async with simulator("openai_videos", Script(queue_s=0, run_s=1_000)) as up, asking(up) as ask:
        running = await create(ask)
        done = await create(ask, "p [takes:0]")
        early = await ask("POST", f"/v1/videos/{running}/remix", json={"prompt": "q"})
        remix = await ask("POST", f"/v1/videos/{done}/remix", json={"prompt": "q"})
        longer = await ask(
            "POST", "/v1/videos/extensions", json={"prompt": "q", "seconds": "8", "video": {"id": done}}
        )

    assert early[0] == 400
    assert remix[1]["remixed_from_video_id"] == done
    assert longer[1]["seconds"] == "12"


async def test_lists_page_newest_first():
    async with simulator("openai_videos", SOON) as up, asking(up) as ask:
        refs = [await create(ask) for _ in range(5)]
        _, first, _ = await ask("GET", "/v1/videos?limit=2")
        _, second, _ = await ask("GET", f"/v1/videos?limit=3&after={first['last_id']}")
        wrong, _, _ = await ask("GET", "/v1/videos?limit=0")

    assert [job["id"] for job in first["data"] + second["data"]] == refs[::-1]
    assert (first["has_more"], second["has_more"], wrong) == (True, False, 400)


# Recipes.


async def test_the_other_recipe_that_ships_gets_its_clip_home_as_well(tmp_path):
    given = replace(route("recipe", tmp_path), family=OTHER_SAMPLE)
    async with travelling(given) as on:
        ref = (await on.accepted()).ref
        on.finish()
        seen = await on.poll(ref)
        data = await on.fetch(seen.outputs[0])

    assert isinstance(data, bytes)
    assert len(on.simulator.bill) == 1
