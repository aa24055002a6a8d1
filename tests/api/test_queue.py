"""What a person does to a task in the queue."""

from __future__ import annotations

from tests.api.harness import Bench

WISH = {"prompt": "a red kite", "seconds": "8", "size": "64x64"}


async def test_a_cancelled_task_stays_to_be_seen(bench: Bench):
    made = await bench.post("/v1/videos", WISH)
    video_id = made.json()["id"]

    answer = await bench.post(f"/api/queue/{video_id}/cancel", {})
    seen = await bench.ask("GET", f"/v1/videos/{video_id}")

    assert answer.json() == {"success": True, "data": {"id": video_id, "status": "cancelled"}}
    assert seen.json()["error"]["code"] == "cancelled"


async def test_nothing_is_to_be_decided_about_a_task_without_doubt(bench: Bench):
    made = await bench.post("/v1/videos", WISH)

    answer = await bench.post(f"/api/queue/{made.json()['id']}/decision", {"decision": "resend"})

    assert answer.status == 400
    assert "not in doubt" in answer.json()["message"]


async def test_what_exists_upstream_is_named_by_its_id(bench: Bench):
    made = await bench.post("/v1/videos", WISH)

    answer = await bench.post(f"/api/queue/{made.json()['id']}/decision", {"decision": "exists"})

    assert answer.status == 400
    assert answer.json()["error"]["param"] == "ref"


async def test_a_task_of_nobody_here_is_not_found(bench: Bench):
    answer = await bench.post("/api/queue/video_00000000000000000000000000/cancel", {})

    assert answer.status == 404
