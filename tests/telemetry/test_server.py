"""A real server at debug: its lines, its figures and its traces, and nothing in any of them that should not be."""

from __future__ import annotations

import http.client
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from reelgate.testing.upstream.clip import clip as tiny_clip
from tests.faults.conftest import CLEAN, PATIENCE_S, Server, reelgate
from tests.telemetry.collector import collector

PROMPT = "a canary in a cage"
SECRET = "sk-canary-of-the-channel-0f3a9c51d2"
TRACE = "0af7651916cd43dd8448eb211c80319c"
CALLER = f"00-{TRACE}-b7ad6b7169203331-01"
BODY = {"prompt": PROMPT, "model": "demo", "seconds": "4", "size": "320x180"}
STEPS = {"reelgate.create", "reelgate.submit", "reelgate.watch", "reelgate.archive"}


def eventually(found: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        value = found()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(what)


def ask(
    server: Server, method: str, path: str, key: str, **more: Any
) -> tuple[http.client.HTTPResponse, bytes]:
    split = urlsplit(server.address)
    connection = http.client.HTTPConnection(split.hostname or "", split.port, timeout=30)
    try:
        headers = {
            "authorization": f"Bearer {key}",
            "content-type": "application/json",
            **more.pop("headers", {}),
        }
        connection.request(method, path, more.get("body"), headers)
        answer = connection.getresponse()
        return answer, answer.read()
    finally:
        connection.close()


def lines_of(log: Path) -> list[dict[str, Any]]:
    """Every line the server wrote in JSON; what it says to people at its start is left out."""
    return [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]


@contextmanager
def patient_upstream() -> Iterator[tuple[str, threading.Event]]:
    """Run an upstream whose one job is done when the event is set, and not before."""
    done = threading.Event()
    clip = tiny_clip()

    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            self._say(self._job("queued"))

        def do_GET(self) -> None:
            if self.path.endswith("/content") or "/content?" in self.path:
                self._send(clip, "video/mp4")
            else:
                self._say(self._job("completed" if done.is_set() else "in_progress"))

        def _job(self, status: str) -> dict[str, Any]:
            return {
                "id": "video_upstream", "object": "video", "model": "sim-1", "status": status, "progress": 1,
                "created_at": 1, "seconds": "4", "size": "320x180",
            }  # fmt: skip

        def _say(self, value: Any) -> None:
            self._send(json.dumps(value).encode(), "application/json")

        def _send(self, body: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1", done
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_task_is_followed_from_its_request_through_a_killed_process_to_its_clip(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "server.log"
    data.mkdir()
    key = json.loads(reelgate(data, "keys", "create", "canary", "--json"))["key"]
    with collector() as kept, patient_upstream() as (base_url, done):
        reelgate(
            data,
            "channels", "add", "patient", "--dialect", "openai_videos", "--base-url", base_url,
            "--secret-file", "-", "--model", "demo=sim-1", "--poll-seconds", "0.2", "--self-hosted", stdin=f"{SECRET}\n",
        )  # fmt: skip
        env = {
            "REELGATE_LOG_LEVEL": "debug",
            "REELGATE_LOG_REQUESTS": "on",
            "REELGATE_METRICS_KEEP_S": "0",
            "REELGATE_TRACES": kept.address,
        }
        with Server(data, env) as server:
            assert ask(server, "GET", "/metrics", key)[0].status == 200
            created, text = ask(
                server, "POST", "/v1/videos", key,
                body=json.dumps(BODY), headers={"traceparent": CALLER, "user-agent": "canary-agent"},
            )  # fmt: skip
            task_id, request_id = json.loads(text)["id"], created.headers["x-request-id"]
            eventually(
                lambda: json.loads(ask(server, "GET", f"/v1/videos/{task_id}", key)[1])["status"] != "queued",
                "it was never begun",
            )
            eventually(
                lambda: "reelgate.submit" in {s.name for s in kept.spans}, "the first spans did not come"
            )
            assert server.process is not None
            server.process.kill()
            server.start()
            done.set()
            eventually(
                lambda: (
                    json.loads(ask(server, "GET", f"/v1/videos/{task_id}", key)[1])["status"] == "completed"
                ),
                "it was never finished",
            )
            figures = ask(server, "GET", "/metrics", key)[1].decode()
            assert server.stop() == 0

    about = [line for line in lines_of(log) if line.get("task") == task_id]
    request = next(line for line in lines_of(log) if line["event"] == "request" and line["method"] == "POST")
    assert {line["event"] for line in about} >= {"task_created", "task_sent", "task_completed"}
    assert {line["request_id"] for line in about} == {request_id}
    assert request["request_id"] == request_id
    assert (request["path"], request["status"], request["agent"]) == ("/v1/videos", 200, "canary-agent")

    ours = [span for span in kept.spans if span.trace_id == TRACE]
    assert {span.name for span in ours} == {"POST /v1/videos", *STEPS}
    assert {span.said["reelgate.task"] for span in ours if "reelgate.task" in span.said} == {task_id}
    [door] = [span for span in ours if span.name == "POST /v1/videos"]
    [create] = [span for span in ours if span.name == "reelgate.create"]
    assert door.parent_id == CALLER.split("-")[2]
    assert create.parent_id == door.span_id
    assert {span.parent_id for span in ours if span.name in STEPS - {"reelgate.create"}} == {create.span_id}
    assert len({span.process for span in ours}) == 2

    assert 'reelgate_lane_size{channel="patient"}' in figures
    assert "reelgate_archive_seconds_count 1.0" in figures
    everything = log.read_text() + figures + kept.raw.decode("latin-1")
    for canary in (key, PROMPT, SECRET):
        assert canary not in everything


def test_a_server_that_is_not_ready_says_why_and_the_doctor_repeats_it(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with Server(data) as server:
        shutil.rmtree(data / "spool")
        answer, text = eventually(
            lambda: (got := ask(server, "GET", "/ready", "none"))[0].status == 503 and got, "it stayed ready"
        )
        words = [sys.executable, "-m", "reelgate.cli", "--data", str(data), "doctor", "--json"]
        done = subprocess.run(
            words, env=CLEAN, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
        assert ask(server, "GET", "/health", "none")[0].status == 200
        assert server.stop() == 0

    [found] = [check for check in json.loads(done.stdout) if check["check"] == "server"]
    assert answer.getheader("retry-after") is not None
    assert found["state"] == "fail"
    assert found["finding"] == json.loads(text)["reasons"][0]
