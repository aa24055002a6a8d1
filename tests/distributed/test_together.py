"""Servers and workers on one PostgreSQL behave as one Reelgate, whichever of them is asked."""

from __future__ import annotations

import json
import subprocess
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest

from tests.distributed.conftest import Fleet, until, upstream


def test_any_server_sees_what_any_worker_does(fleet: Fleet) -> None:
    """Three processes that start on an empty database at once, then events, keys and channels across processes (003-18)."""
    with upstream(fleet.folder, "--queue", "0.3", "--run", "0.8") as base_url:
        one, two, three = fleet.start("one", "api"), fleet.start("two", "all"), fleet.start("three", "worker")
        for process in (one, two, three):
            process.ready()
        assert fleet.rows("SELECT count(*) FROM channels") == [(1,)]
        fleet.set_up(base_url)

        _channels_are_known_everywhere(fleet, one, two)
        _an_event_reaches_the_other_server_at_once(fleet, one, two)
        _a_long_poll_on_the_other_server_hears_the_end(fleet, one, two)
        _a_cancel_on_one_stops_the_watch_on_the_other(fleet, one)
        _a_webhook_comes_once(fleet, one)
        _a_channel_that_is_switched_is_switched_everywhere(fleet, one, two)
        _a_revoked_key_opens_nothing_anywhere(fleet, one, two)
        fleet.sound()


def _channels_are_known_everywhere(fleet: Fleet, *processes: Any) -> None:
    for process in processes:
        until(lambda p=process: "demo" in json.dumps(p.call("GET", "/v1/models", fleet.key)[1]))


def _an_event_reaches_the_other_server_at_once(fleet: Fleet, one: Any, two: Any) -> None:
    with two.stream("/api/events", fleet.key) as events:
        task_id = fleet.create(one, "an event")
        seen: list[str] = []
        while not seen or seen[-1] != "video.completed":
            line = events.readline().decode()
            assert line, seen
            if line.startswith("data:") and task_id in line:
                seen.append(json.loads(line[5:])["type"])
    assert seen[0] == "video.queued"
    assert fleet.status(one, task_id) == "completed"


def _a_long_poll_on_the_other_server_hears_the_end(fleet: Fleet, one: Any, two: Any) -> None:
    task_id = fleet.create(two, "a long poll")
    while True:
        status, answer = one.call("GET", f"/v1/videos/{task_id}?wait=30", fleet.key)
        assert status == 200
        if answer["status"] == "completed":
            break
    status, _ = two.call("GET", f"/v1/videos/{task_id}", fleet.key)
    assert status == 200


def _a_cancel_on_one_stops_the_watch_on_the_other(fleet: Fleet, one: Any) -> None:
    task_id = fleet.create(one, "a cancel [fault:never_ends]")
    until(lambda: fleet.rows(f"SELECT 1 FROM tasks WHERE id = '{task_id}' AND status = 'running'"))
    status, _ = one.call("DELETE", f"/v1/videos/{task_id}", fleet.key)
    assert status == 200
    until(lambda: fleet.rows(f"SELECT 1 FROM tasks WHERE id = '{task_id}' AND status = 'cancelled'"), 30.0)


def _a_channel_that_is_switched_is_switched_everywhere(fleet: Fleet, one: Any, two: Any) -> None:
    fleet.write("UPDATE channels SET enabled = false WHERE name = 'up'")
    for process in (one, two):
        until(lambda p=process: "demo" not in json.dumps(p.call("GET", "/v1/models", fleet.key)[1]))
    fleet.write("UPDATE channels SET enabled = true WHERE name = 'up'")
    _channels_are_known_everywhere(fleet, one, two)
    task_id = fleet.create(two, "after a pause")
    until(lambda: fleet.status(one, task_id) == "completed")


def _a_revoked_key_opens_nothing_anywhere(fleet: Fleet, one: Any, two: Any) -> None:
    fleet.write("UPDATE api_keys SET revoked_at = 1 WHERE name = 'fleet'")
    for process in (one, two):
        assert process.call("GET", "/v1/videos", fleet.key)[0] == 401


def _a_webhook_comes_once(fleet: Fleet, one: Any) -> None:
    came: list[str] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(str(self.headers["webhook-id"]))
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Receiver) as receiver:
        thread = Thread(target=receiver.serve_forever, daemon=True)
        thread.start()
        body = {
            "name": "hook",
            "url": f"http://127.0.0.1:{receiver.server_port}/",
            "event_types": ["video.completed"],
        }
        status, answer = one.call("POST", "/v1/webhook_endpoints", fleet.key, body)
        assert status == 200, answer
        task_id = fleet.create(one, "a webhook")
        until(lambda: fleet.status(one, task_id) == "completed")
        until(lambda: bool(came))
        assert one.call("DELETE", f"/v1/webhook_endpoints/{answer['id']}", fleet.key)[0] == 200
        receiver.shutdown()
        thread.join()
    assert len(came) == 1


@pytest.mark.slow
def test_a_process_with_another_pepper_does_not_start(fleet: Fleet) -> None:
    fleet.start("one", "api").ready()
    stranger = fleet.start("stranger", "api", REELGATE_KEY_PEPPER="a1" * 32)

    assert stranger.process.wait(60) != 0
    assert "REELGATE_KEY_PEPPER" in stranger.log.read_text()


@pytest.mark.slow
def test_roles_are_for_postgresql(fleet: Fleet) -> None:
    env = {k: v for k, v in fleet.env.items() if k != "REELGATE_DATABASE"}
    for role in ("api", "worker"):
        words = ["--data", str(fleet.folder / "alone"), "serve", "--role", role, "--port", "0"]
        done = subprocess.run(
            [sys.executable, "-m", "reelgate.cli", *words],
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode != 0
        assert "PostgreSQL" in done.stderr
