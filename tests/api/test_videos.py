from __future__ import annotations

import asyncio

import pytest

from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from tests.api.harness import Bench

FIELDS = {
    "id": str,
    "object": str,
    "model": str,
    "status": str,
    "progress": int,
    "created_at": int,
    "completed_at": int | None,
    "expires_at": int | None,
    "prompt": str | None,
    "size": str,
    "seconds": str,
    "remixed_from_video_id": str | None,
    "error": dict | None,
}
NOBODY = "video_" + "0" * 26


async def test_a_created_video_has_every_field_with_its_type(bench: Bench):
    """Shows 001-08, 002-04."""

    answer = await bench.post("/v1/videos", {"prompt": "a red kite", "seconds": "8", "size": "64x64"})

    video = answer.json()
    assert answer.status == 200
    assert set(video) == {*FIELDS, "served_by"}
    for name, kind in FIELDS.items():
        assert isinstance(video[name], kind), name
    assert video["object"] == "video"
    assert video["status"] == "queued"
    assert video["progress"] == 0
    assert video["seconds"] == "8"
    assert answer.headers["content-type"] == "application/json"


async def test_an_alias_is_answered_by_the_name_asked_for_and_says_who_serves_it(bench: Bench):
    by_alias = await bench.post("/v1/videos", {"prompt": "x", "size": "64x64"})
    by_name = await bench.post("/v1/videos", {"prompt": "x", "size": "64x64", "model": "demo"})

    assert (by_alias.json()["model"], by_alias.json()["served_by"]) == ("sora-2", "demo")
    assert by_name.json()["model"] == "demo"
    assert "served_by" not in by_name.json()


async def test_a_video_is_given_as_it_was_created(bench: Bench):
    made = await bench.post("/v1/videos", {"prompt": "x", "size": "64x64"})
    got = await bench.ask("GET", f"/v1/videos/{made.json()['id']}")

    assert got.json() == made.json()


async def test_a_poll_says_in_whole_milliseconds_when_to_come_back(bench: Bench):
    got = await bench.ask("GET", f"/v1/videos/{await bench.made()}")

    assert got.headers["openai-poll-after-ms"] == "500"


async def test_a_failed_video_is_no_failed_request(bench: Bench):
    """Shows 002-15."""

    video_id = await bench.made()
    await bench.fail(video_id, error=Failure(code=Code.CONTENT_POLICY, message="Refused."))

    got = await bench.ask("GET", f"/v1/videos/{video_id}")

    assert got.status == 200
    assert got.json()["status"] == "failed"
    assert got.json()["error"] == {"code": "content_policy", "message": "Refused."}


async def test_a_cancelled_video_is_failed_with_the_code_cancelled(bench: Bench):
    video_id = await bench.made()
    await bench.fail(video_id, Status.CANCELLED)

    got = (await bench.ask("GET", f"/v1/videos/{video_id}")).json()

    assert (got["status"], got["error"]["code"]) == ("failed", "cancelled")


async def test_only_a_finished_video_is_at_one_hundred(bench: Bench):
    video_id = await bench.made()
    await bench.run(video_id)
    await bench.move(video_id, Status.ARCHIVING, progress=100)
    before = (await bench.ask("GET", f"/v1/videos/{video_id}")).json()

    assert (before["status"], before["progress"]) == ("in_progress", 99)


async def test_seconds_may_be_a_json_integer(bench: Bench):
    answer = await bench.post("/v1/videos", {"prompt": "x", "seconds": 8, "size": "64x64"})

    assert answer.json()["seconds"] == "8"


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({}, "prompt"),
        ({"prompt": "   "}, "prompt"),
        ({"prompt": ["x"]}, "prompt"),
        ({"prompt": "x" * 32_001}, "prompt"),
        ({"prompt": "a\x00b"}, "prompt"),
        ({"prompt": "x", "seconds": "four"}, "seconds"),
        ({"prompt": "x", "seconds": True}, "seconds"),
        ({"prompt": "x", "seconds": 0}, "seconds"),
        ({"prompt": "x", "seconds": 4.5}, "seconds"),
        ({"prompt": "x", "seconds": 10**30}, "seconds"),
        ({"prompt": "x", "seconds": "61"}, "seconds"),
        ({"prompt": "x", "size": "large"}, "size"),
        ({"prompt": "x", "size": "8x8"}, "size"),
        ({"prompt": "x", "model": 7}, "model"),
        ({"prompt": "x", "characters": 7}, "characters"),
        ({"prompt": "x", "input_reference": 7}, "input_reference"),
        ({"prompt": "x", "input_reference": {}}, "input_reference"),
        ({"prompt": "x", "input_reference": "no address"}, "input_reference"),
        ({"prompt": "x", "input_reference": {"image_url": "a", "file_id": "b"}}, "input_reference"),
        ({"prompt": "x", "input_reference": {"image_url": "data:x,y"}}, "input_reference.image_url"),
        ({"prompt": "x", "input_reference": {"image_url": "ftp://h.test/x"}}, "input_reference.image_url"),
        ({"prompt": "x", "audio": "loud"}, "audio"),
        ({"prompt": "x", "seed": "s"}, "seed"),
        ({"prompt": "x", "unheard_of": 1}, "unheard_of"),
    ],
)
async def test_a_refusal_names_the_field(bench: Bench, fields: dict[str, object], param: str):
    """Shows 001-20, 004-12."""

    answer = await bench.post("/v1/videos", {"size": "64x64", **fields})

    assert answer.status == 400
    named = answer.error["param"]
    # The engine names the whole field, the surface the part of it that is wrong.
    assert named == param or named == param.partition(".")[0]
    assert answer.error["type"] == "invalid_request_error"
    assert isinstance(answer.error["code"], str)


async def test_an_unknown_file_id_is_named(bench: Bench):
    wanted = {"prompt": "x", "input_reference": {"file_id": "file_" + "0" * 26}}
    answer = await bench.post("/v1/videos", wanted)

    assert (answer.status, answer.error["param"]) == (404, "input_reference.file_id")


async def test_an_unknown_model_is_named(bench: Bench):
    answer = await bench.post("/v1/videos", {"prompt": "x", "model": "nobody"})

    assert (answer.status, answer.error["param"]) == (404, "model")


@pytest.mark.parametrize("name", [NOBODY, "video_1", "characters", "..", "video_" + "é" * 26, "a" * 500])
@pytest.mark.parametrize(
    ("method", "tail"), [("GET", ""), ("DELETE", ""), ("GET", "/content"), ("GET", "/events")]
)
async def test_an_id_that_does_not_exist_is_not_found(bench: Bench, name: str, method: str, tail: str):
    """Shows 000-53."""

    answer = await bench.ask(method, f"/v1/videos/{name}{tail}")

    assert (answer.status, answer.error["code"]) == (404, "not_found")


async def test_what_belongs_to_another_project_looks_as_if_it_did_not_exist(bench: Bench):
    video_id = await bench.made()
    await bench.complete(video_id)
    other = await bench.stranger()

    for method, path in (
        ("GET", f"/v1/videos/{video_id}"),
        ("GET", f"/v1/videos/{video_id}/content"),
        ("GET", f"/v1/videos/{video_id}/events"),
        ("DELETE", f"/v1/videos/{video_id}"),
    ):
        foreign = await bench.ask(method, path, key=other)
        absent = await bench.ask(method, path.replace(video_id, NOBODY), key=other)
        assert foreign.status == absent.status == 404
        assert foreign.json() == {
            "error": {**absent.error, "message": absent.error["message"].replace(NOBODY, video_id)}
        }
    remix = await bench.post(f"/v1/videos/{video_id}/remix", {"prompt": "x"}, key=other)
    assert remix.status == 404
    assert (await bench.ask("GET", "/v1/videos", key=other)).json()["data"] == []


async def test_a_list_has_all_five_keys_and_pages_by_the_last_id(bench: Bench):
    """Shows 000-56."""

    ids = [await bench.made(str(n)) for n in range(5)]
    seen: list[str] = []
    after = ""
    while True:
        page = (await bench.ask("GET", f"/v1/videos?limit=2&after={after}")).json()
        assert set(page) == {"object", "data", "first_id", "last_id", "has_more"}
        assert page["object"] == "list"
        names = [video["id"] for video in page["data"]]
        assert (page["first_id"], page["last_id"]) == (names[0], names[-1])
        seen += names
        after = page["last_id"]
        if not page["has_more"]:
            break

    assert seen == ids[::-1]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=0&after=after&order=asc", "after=after", "order=asc&after=" + NOBODY]
)
async def test_a_page_after_nothing_and_a_page_of_nothing_are_empty(bench: Bench, query: str):
    await bench.made()
    answer = await bench.ask("GET", f"/v1/videos?{query}")

    assert answer.status == 200
    assert answer.json() == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": False,
    }


@pytest.mark.parametrize(
    ("query", "param"),
    [("limit=-1", "limit"), ("limit=101", "limit"), ("limit=x", "limit"), ("order=up", "order")],
)
async def test_a_wrong_page_is_refused_by_name(bench: Bench, query: str, param: str):
    answer = await bench.ask("GET", f"/v1/videos?{query}")

    assert (answer.status, answer.error["param"]) == (400, param)


async def test_a_list_can_start_with_the_oldest(bench: Bench):
    ids = [await bench.made(str(n)) for n in range(3)]
    page = (await bench.ask("GET", "/v1/videos?order=asc")).json()

    assert [video["id"] for video in page["data"]] == ids


async def test_a_deleted_video_is_gone_at_once_and_for_good(bench: Bench):
    video_id = await bench.made()
    await bench.complete(video_id)
    headers = {"content-type": "application/json"}

    first = await bench.ask("DELETE", f"/v1/videos/{video_id}", headers=headers)
    again = await bench.ask("DELETE", f"/v1/videos/{video_id}", headers=headers)

    assert first.json() == {"id": video_id, "object": "video.deleted", "deleted": True}
    assert (again.status, again.error["code"]) == (404, "not_found")
    assert (await bench.ask("GET", f"/v1/videos/{video_id}")).status == 404
    assert (await bench.ask("GET", f"/v1/videos/{video_id}/content")).status == 404


async def test_a_queued_video_can_be_deleted(bench: Bench):
    video_id = await bench.made()

    assert (await bench.ask("DELETE", f"/v1/videos/{video_id}")).json()["deleted"] is True
    assert (await bench.ask("GET", "/v1/videos")).json()["data"] == []


async def test_the_same_idempotency_key_gives_the_same_video(bench: Bench):
    headers = {"idempotency-key": "one"}
    first = await bench.post("/v1/videos", {"prompt": "x", "size": "64x64"}, headers=headers)
    again = await bench.form("/v1/videos", [("size", "64x64"), ("prompt", "x")], headers=headers)
    other = await bench.post("/v1/videos", {"prompt": "y", "size": "64x64"}, headers=headers)

    assert first.json()["id"] == again.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert (other.status, other.error["param"]) == (400, "Idempotency-Key")


async def test_an_sdk_retry_of_the_same_fields_makes_no_second_video(bench: Bench):
    first = await bench.form(
        "/v1/videos", [("prompt", "x"), ("size", "64x64")], headers={"x-stainless-retry-count": "0"}
    )
    retry = await bench.form(
        "/v1/videos", [("size", "64x64"), ("prompt", "x")], headers={"x-stainless-retry-count": "1"}
    )
    anew = await bench.form(
        "/v1/videos", [("prompt", "x"), ("size", "64x64")], headers={"x-stainless-retry-count": "0"}
    )

    assert retry.json()["id"] == first.json()["id"]
    assert anew.json()["id"] != first.json()["id"]


async def test_a_long_poll_returns_when_the_video_changes(bench: Bench):
    video_id = await bench.made()
    waiting = asyncio.create_task(bench.ask("GET", f"/v1/videos/{video_id}?wait=30"))
    await asyncio.sleep(0.05)
    assert not waiting.done()

    await bench.run(video_id)

    async with asyncio.timeout(5):
        assert (await waiting).json()["status"] == "in_progress"


async def test_a_long_poll_of_an_ended_video_returns_at_once(bench: Bench):
    video_id = await bench.made()
    await bench.complete(video_id)

    async with asyncio.timeout(5):
        got = await bench.ask("GET", f"/v1/videos/{video_id}?wait=60")
    assert got.json()["status"] == "completed"


async def test_a_long_poll_without_news_gives_the_video_as_it_is(bench: Bench):
    got = await bench.ask("GET", f"/v1/videos/{await bench.made()}?wait=0.05")

    assert got.json()["status"] == "queued"


async def test_a_create_that_prefers_to_wait_is_answered_with_the_end(bench: Bench):
    asked = asyncio.create_task(
        bench.post(
            "/v1/videos", {"prompt": "x", "size": "64x64"}, headers={"prefer": "respond-async, wait=30"}
        )
    )
    video_id = await bench.runner.enqueued.get()
    await bench.run(video_id)
    await bench.fail(video_id)

    async with asyncio.timeout(5):
        answer = await asked
    assert answer.json()["status"] == "failed"
    assert answer.headers["preference-applied"] == "wait=30"
