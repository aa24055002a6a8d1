"""A callback that comes to a server has the worker ask that watches the job, on another process."""

from __future__ import annotations

import json
from itertools import count

import pytest

from tests.distributed.conftest import Fleet, until, upstream


# A server, a worker and eight commands are eleven processes; that a callback has a job asked at once is quick elsewhere.
@pytest.mark.slow
def test_a_callback_on_one_process_is_heard_by_the_one_that_watches(fleet: Fleet) -> None:
    """The worker asks once when the job was sent and then once an hour; the job ends in between."""
    public = "http://reelgate.example"
    fleet.env["REELGATE_PUBLIC_URL"] = public
    with upstream(fleet.folder, "--queue", "0.3", "--run", "3") as base_url:
        server, worker = fleet.start("one", "api"), fleet.start("two", "worker")
        for process in (server, worker):
            process.ready()
        fleet.set_up(base_url)
        fleet.command("channels", "watch", "up", "fixed:3600")
        until(lambda: "demo" in json.dumps(server.call("GET", "/v1/models", fleet.key)[1]))
        address = json.loads(fleet.command("channels", "callbacks", "up", "--json"))["address"]
        path = address.removeprefix(public)

        task_id = fleet.create(server, "a nudge")
        until(lambda: fleet.rows(f"SELECT 1 FROM tasks WHERE id = '{task_id}' AND status = 'running'"))
        ((ref,),) = fleet.rows(f"SELECT ref FROM attempts WHERE task_id = '{task_id}'")
        times = count()

        def called_back() -> bool:
            # Each body is another callback; until the job has ended, asking about it changes nothing.
            status, answer = server.call("POST", path, "no key at all", {"id": ref, "n": next(times)})
            assert (status, answer) == (200, {"received": True})
            return fleet.status(server, task_id) == "completed"

        until(called_back)

        assert fleet.rows(f"SELECT count(*) FROM attempts WHERE task_id = '{task_id}'") == [(1,)]
        fleet.sound()
