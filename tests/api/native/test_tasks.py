"""`/api/video/tasks`, `/api/video/stats` and `/api/history`, as sources 001, 003 and 004 have them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from reelgate.core.errors import Code, Failure
from reelgate.core.lifecycle import Status
from reelgate.core.limits import Allowance, Subject
from reelgate.engine.context import Limits
from reelgate.engine.limits import set_allowance
from reelgate.store import tasks as task_rows
from reelgate.store.tables import DEFAULT_USER
from tests.api.harness import Bench, png
from tests.api.test_socket import accept

ABSENT = "video_" + "0" * 26
TASKS = "/api/video/tasks"


async def begun(bench: Bench, prompt: str = "a red kite", **fields: Any) -> str:
    answer = await bench.post(TASKS, {"prompt": prompt, **fields})
    assert answer.status == 200, answer.body
    return answer.json()["data"]["videoId"]


async def shown(bench: Bench, video_id: str) -> dict[str, Any]:
    answer = await bench.ask("GET", f"{TASKS}/{video_id}", headers={"host": "gate.test"})
    assert answer.status == 200, answer.body
    return answer.json()["data"]


def data_url(data: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(data).decode()


async def test_a_task_is_made_and_answered_at_once_with_its_public_id(bench: Bench):
    """Rows 001-08, 001-11, 001-25, 003-02 and 004-02."""
    answer = await bench.post(TASKS, {"prompt": "a red kite", "model": "demo"})

    body = answer.json()
    assert (answer.status, body["success"], type(body["requestTime"])) == (200, True, int)
    assert body["data"]["videoId"].startswith("video_")
    assert (body["data"]["status"], body["data"]["externalTaskId"]) == ("processing", None)
    assert body["data"]["message"]


@pytest.mark.parametrize("size", ["480x480", "720x720"])
async def test_a_data_url_becomes_a_stored_picture(bench: Bench, size: str):
    """Rows 001-07, 001-21, 001-22 and 001-24: base64 in the field `referenceImage`, kept as a file, not as text."""
    picture = png(*(int(part) for part in size.split("x")))
    video_id = await begun(bench, referenceImage=data_url(picture), size=size, duration=5)

    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, video_id))

    assert task is not None
    assert (task.surface, task.request.seconds, str(task.request.size)) == ("native", 5, size)
    (given,) = task.request.inputs
    assert await bench.ctx.blobs.size(given.sha256) == given.bytes


async def test_a_form_with_a_file_makes_a_task(bench: Bench):
    """Rows 001-23 and 003-07."""
    parts = [("prompt", "a red kite"), ("duration", "5"), ("referenceImage", "a.png", "image/png", png())]

    answer = await bench.form(TASKS, parts)

    assert answer.status == 200, answer.body
    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, answer.json()["data"]["videoId"]))
    assert task is not None
    assert len(task.request.inputs) == 1


async def test_a_task_shows_both_ids_in_camel_case(bench: Bench):
    """Rows 001-02, 001-03, 001-12, 001-25 and 003-05."""
    video_id = await begun(bench, model="demo", size="320x180", duration=4)
    await accept(bench, video_id, "upstream-7")

    born = await shown(bench, video_id)
    await bench.complete(video_id)
    done = await shown(bench, video_id)

    assert (born["status"], born["progress"], born["videoUrl"]) == ("QUEUED", None, None)
    assert (done["videoId"], done["externalTaskId"]) == (video_id, "upstream-7")
    assert done["metadata"]["externalTaskId"] == "upstream-7"
    assert (done["status"], done["mediaType"], done["progress"]) == ("COMPLETED", "VIDEO", 100)
    assert (done["model"], done["size"], done["duration"]) == ("demo", "320x180", 4)
    assert done["videoUrl"].startswith(f"http://gate.test/v1/videos/{video_id}/content?sig=")
    assert done["completedAt"].endswith("Z")
    assert set(done) == {
        *("id", "videoId", "externalTaskId", "userId", "status", "mediaType", "prompt", "model", "size"),
        *("duration", "progress", "videoUrl", "thumbnailUrl", "errorCode", "errorMessage", "metadata"),
        *("createdAt", "updatedAt", "startedAt", "completedAt"),
    }


@pytest.mark.parametrize(
    ("status", "word", "code"),
    [(Status.FAILED, "FAILED", "content_policy"), (Status.CANCELLED, "CANCELLED", "content_policy")],
)
async def test_an_end_without_a_clip_says_why(bench: Bench, status: Status, word: str, code: str):
    """Rows 001-10 and 002-15."""
    video_id = await begun(bench)
    await bench.fail(video_id, status, Failure(code=Code.CONTENT_POLICY, message="Refused."))

    found = await shown(bench, video_id)

    assert (found["status"], found["errorCode"], found["errorMessage"]) == (word, code, "Refused.")


# Lists.


async def listed(bench: Bench, query: str = "", key: str = "") -> dict[str, Any]:
    answer = await bench.ask("GET", f"{TASKS}?{query}", key=key)
    assert answer.status == 200, answer.body
    return answer.json()["data"]


async def test_tasks_are_listed_by_page_newest_first(bench: Bench):
    """Rows 001-05 and 001-13."""
    made = [await begun(bench, f"kite {n}") for n in range(5)]

    first, last = await listed(bench, "page=1&limit=2"), await listed(bench, "page=3&limit=2")

    assert [t["videoId"] for t in first["tasks"]] == made[:2:-1]
    assert [t["videoId"] for t in last["tasks"]] == made[:1]
    assert first["pagination"] == {"page": 1, "limit": 2, "total": 5, "totalPages": 3}
    ascending = await listed(bench, "order=asc&pageSize=1")
    assert [t["videoId"] for t in ascending["tasks"]] == made[:1]
    history = (await bench.ask("GET", "/api/history?limit=5")).json()["data"]
    assert len(history["tasks"]) == 5


async def test_tasks_are_filtered_and_searched(bench: Bench):
    """Row 001-13."""
    one, two = await begun(bench, "A red KITE"), await begun(bench, "100%_sure 风筝", model="demo")
    await bench.run(two)

    async def ids(query: str) -> list[str]:
        return [t["videoId"] for t in (await listed(bench, query))["tasks"]]

    assert await ids("status=QUEUED") == await ids("status=pending") == [one]
    assert await ids("status=processing,COMPLETED") == [two]
    assert await ids("search=kite") == [one]
    assert await ids("search=%25_") == await ids("q=%E9%A3%8E%E7%AD%9D") == [two]
    assert await ids("search=%25") == [two]
    assert await ids("model=nobody") == await ids("type=remix") == await ids("endDate=1999-12-31") == []
    assert len(await ids("model=demo&type=create&startDate=1970-01-01")) == 2
    assert await listed(bench, "search=zebra") == {
        "tasks": [],
        "pagination": {"page": 1, "limit": 20, "total": 0, "totalPages": 0},
    }


async def test_nobody_sees_anothers_tasks(bench: Bench):
    video_id = await begun(bench)
    await bench.complete(video_id)
    other = await bench.stranger()

    assert (await listed(bench, key=other))["tasks"] == []
    for method, path in (
        ("GET", f"{TASKS}/{video_id}"),
        ("GET", f"{TASKS}/{video_id}/content"),
        ("POST", f"{TASKS}/{video_id}/cancel"),
        ("POST", f"{TASKS}/{video_id}/refresh-url"),
        ("GET", f"/api/videos/jobs/{video_id}"),
        ("GET", f"/api/task/{video_id}"),
    ):
        foreign = await bench.ask(method, path, key=other)
        absent = await bench.ask(method, path.replace(video_id, ABSENT), key=other)
        assert (foreign.status, absent.status) == (404, 404), path
        assert foreign.json()["error"]["code"] == "not_found"
        assert foreign.json()["success"] is False
        assert foreign.body.replace(video_id.encode(), ABSENT.encode()) == absent.body
    remixed = await bench.post(f"{TASKS}/{video_id}/remix", {"prompt": "x"}, key=other)
    assert remixed.status == 404


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("page=0", "page"),
        ("page=x", "page"),
        ("limit=101", "limit"),
        ("pageSize=-1", "pageSize"),
        ("status=LOST", "status"),
        ("type=song", "type"),
        ("startDate=soon", "startDate"),
    ],
)
async def test_a_filter_that_is_none_is_refused_by_name(bench: Bench, query: str, param: str):
    answer = await bench.ask("GET", f"{TASKS}?{query}")

    assert (answer.status, answer.json()["error"]["param"]) == (400, param)


async def test_statistics_count_by_status(bench: Bench):
    """Rows 001-16 and 003-04."""
    ids = [await begun(bench) for _ in range(5)]
    await bench.run(ids[1])
    await bench.complete(ids[2])
    await bench.fail(ids[3])
    await bench.fail(ids[4], Status.CANCELLED)

    found = (await bench.ask("GET", "/api/video/stats")).json()["data"]

    counts = {name: found[name] for name in ("queued", "processing", "completed", "failed", "cancelled")}
    assert set(counts.values()) == {1}
    assert (found["total"], found["successRate"], found["averageSeconds"]) == (5, 0.5, 0.0)


# Ends, clips, links.


async def test_a_waiting_task_is_cancelled_at_once(bench: Bench):
    """Row 001-15."""
    video_id = await begun(bench)

    answer = await bench.ask("POST", f"{TASKS}/{video_id}/cancel")
    again = await bench.ask("POST", f"{TASKS}/{video_id}/cancel")

    assert answer.json()["data"] == {
        "videoId": video_id,
        "status": "CANCELLED",
        "message": "The task was cancelled.",
    }
    assert again.json()["data"]["message"] == "The task had ended already."


async def test_the_clip_is_downloaded_whole_and_in_part(bench: Bench):
    """Rows 001-14, 003-03 and 003-09."""
    video_id = await begun(bench)
    early = await bench.ask("GET", f"{TASKS}/{video_id}/content")
    await bench.complete(video_id, b"0123456789")

    whole = await bench.ask("GET", f"{TASKS}/{video_id}/content")
    part = await bench.ask("GET", f"{TASKS}/{video_id}/content", headers={"range": "bytes=2-4"})

    assert (early.status, early.json()["success"]) == (409, False)
    assert (whole.status, whole.body) == (200, b"0123456789")
    assert (part.status, part.body) == (206, b"234")


async def test_a_link_is_had_again_at_any_time(bench: Bench):
    """Row 003-03: `refresh-url` on a clip that is here gives a link that opens it."""
    video_id = await begun(bench)
    early = await bench.ask("POST", f"{TASKS}/{video_id}/refresh-url")
    await bench.complete(video_id, b"the clip")

    answer = await bench.ask("POST", f"{TASKS}/{video_id}/refresh-url", headers={"host": "gate.test"})

    found = answer.json()["data"]
    assert (early.status, early.json()["error"]["code"]) == (409, "not_ready")
    assert (found["videoId"], found["refreshed"]) == (video_id, False)
    got = await bench.ask("GET", "/" + found["videoUrl"].split("/", 3)[3], key=None)
    assert got.body == b"the clip"


# Remix.


async def test_a_finished_task_is_remixed(bench: Bench):
    """Rows 004-01, 004-02, 004-04 and 004-05."""
    source = await begun(bench)
    await accept(bench, source, "upstream-1")
    await bench.complete(source)
    asked = bench.open(
        "POST",
        f"{TASKS}/{source}/remix",
        body=b'{"prompt":"in blue","model":"demo"}',
        headers={"content-type": "application/json", "host": "gate.test"},
    )
    child = await bench.runner.enqueued.get()
    while child == source:
        child = await bench.runner.enqueued.get()
    await accept(bench, child, "upstream-2")
    await bench.run(child)

    start, body = await asked.next(), await asked.rest()

    answer = json.loads(body)
    assert start["status"] == 200
    assert answer["success"] is True
    assert answer["data"] == {
        "videoId": child,
        "externalTaskId": "upstream-2",
        "status": "processing",
        "message": "The remix was accepted.",
        "remixed_from": source,
    }
    assert answer["requestTime"] >= 0
    assert (await shown(bench, child))["metadata"] == {
        "type": "remix",
        "externalTaskId": "upstream-2",
        "remix_from": source,
        "remix_from_external": "upstream-1",
    }


async def test_only_a_finished_task_is_remixed(bench: Bench):
    """Row 004-03."""
    source = await begun(bench)

    answer = await bench.post(f"{TASKS}/{source}/remix", {"prompt": "in blue"})

    assert (answer.status, answer.json()["error"]["code"]) == (409, "not_ready")


# Refusals.


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"prompt": ""}, "prompt"),
        ({"prompt": 3}, "prompt"),
        ({"duration": 61}, "duration"),
        ({"duration": "long"}, "duration"),
        ({"size": "vast"}, "size"),
        ({"referenceImage": "no address"}, "referenceImage"),
        ({"referenceImage": "data:image/png;base64,####"}, "referenceImage"),
        ({"aspectRatio": "wide"}, "aspect_ratio"),
        ({"model": "nobody"}, "model"),
        ({"frobnicate": 1}, "frobnicate"),
    ],
)
async def test_a_refusal_names_the_field_and_nothing_is_made(
    bench: Bench, fields: dict[str, Any], param: str
):
    """Rows 001-20 and 004-12."""
    answer = await bench.post(TASKS, {"prompt": "a red kite", **fields})

    body = answer.json()
    assert answer.status in (400, 404)
    assert set(body) == {"success", "error", "message"}
    assert (body["success"], body["error"]["param"]) == (False, param)
    assert bench.runner.enqueued.empty()


class TestLimits:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(prompt_max=10, picture_max_bytes=100)

    async def test_what_is_too_long_is_422_and_what_is_too_large_413(self, bench: Bench):
        """Rows 001-18, 001-19 and X1."""
        for path in (TASKS, "/api/videos"):
            long = await bench.post(path, {"prompt": "x" * 11})
            assert (long.status, long.json()["error"]["param"]) == (422, "prompt")
            assert "at most 10" in long.json()["message"]
        large = await bench.post(TASKS, {"prompt": "x", "referenceImage": data_url(png(640, 640))})
        assert (large.status, large.json()["error"]["param"]) == (413, "referenceImage")


async def test_the_same_create_twice_is_one_task(bench: Bench):
    key = {"idempotency-key": "once"}

    one = await bench.post(TASKS, {"prompt": "a red kite"}, headers=key)
    two = await bench.post(TASKS, {"prompt": "a red kite"}, headers=key)

    assert one.json()["data"]["videoId"] == two.json()["data"]["videoId"]
    assert two.headers["idempotent-replayed"] == "true"
    assert two.json()["data"]["message"] == "The task was accepted before."


async def test_one_create_too_many_says_what_is_left_and_when_to_come_back(bench: Bench):
    await set_allowance(bench.ctx, Allowance(subject=Subject.USER, id=DEFAULT_USER, requests_per_minute=1))
    await begun(bench)

    for path in (TASKS, "/api/videos"):
        refused = await bench.post(path, {"prompt": "a red kite"})

        assert (refused.status, refused.json()["success"]) == (429, False)
        assert refused.headers["retry-after"] == "60"
        assert refused.headers["x-ratelimit-remaining-requests"] == "0"
