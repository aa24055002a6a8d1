"""`/api/videos` with its jobs, as source 002 has them, and `/api/task/:id`, as source 000 does."""

from __future__ import annotations

from reelgate.core.errors import Code, Failure
from reelgate.store import tasks as task_rows
from tests.api.harness import Bench


async def test_a_job_is_taken_with_202(bench: Bench):
    """Rows 002-04 and 002-17."""
    answer = await bench.post("/api/videos", {"prompt": "a red kite", "orientation": "landscape"})

    body = answer.json()
    assert answer.status == 202
    assert body["message"]
    job = body["job"]
    assert (job["status"], job["progress"], job["prompt"]) == ("pending", 0, "a red kite")
    task = await bench.ctx.backend.point(lambda conn: task_rows.get(conn, job["id"]))
    assert task is not None
    assert task.request.size.width > task.request.size.height


async def test_a_job_goes_from_pending_to_completed(bench: Bench):
    """Rows 002-13 and 002-18."""
    job_id = (await bench.post("/api/videos", {"prompt": "a red kite"})).json()["job"]["id"]
    path = f"/api/videos/jobs/{job_id}"

    pending = (await bench.ask("GET", path)).json()
    await bench.run(job_id)
    running = (await bench.ask("GET", path)).json()
    other = (await bench.post("/api/videos", {"prompt": "another"})).json()["job"]["id"]
    await bench.complete(other)
    done = (await bench.ask("GET", f"/api/videos/jobs/{other}")).json()
    await bench.fail(job_id, error=Failure(code=Code.UPSTREAM_FAILED, message="It broke."))
    failed = (await bench.ask("GET", path)).json()

    assert [found["status"] for found in (pending, running, done, failed)] == [
        "pending",
        "processing",
        "completed",
        "failed",
    ]
    assert (pending["progress"], running["progress"], done["progress"]) == (0, 10, 100)
    assert (pending["videoId"], done["videoId"], failed["videoId"]) == (None, other, None)
    assert (pending["errorMessage"], failed["errorMessage"]) == (None, "It broke.")
    assert done["job"] == {k: v for k, v in done.items() if k not in ("success", "job")}


async def test_a_task_is_shown_in_the_unified_shape(bench: Bench):
    """Rows 000-07, 000-08 and 000-22: one shape over both relays, stopped at SUCCESS and at FAILURE."""
    task_id = (await bench.post("/api/video/tasks", {"prompt": "a red kite"})).json()["data"]["videoId"]
    path = f"/api/task/{task_id}?platform=juxin"

    born = (await bench.ask("GET", path)).json()
    await bench.complete(task_id)
    done = (await bench.ask("GET", path)).json()

    assert set(born) == {
        *("task_id", "platform", "action", "status", "fail_reason"),
        *("submit_time", "start_time", "finish_time", "progress", "data"),
    }
    assert (born["status"], born["data"], born["fail_reason"]) == ("NOT_START", None, "")
    assert (done["status"], done["progress"]) == ("SUCCESS", "100%")
    assert task_id in done["data"]["output"]
