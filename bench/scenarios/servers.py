"""The same application on two ASGI servers, for the decision which one `reelgate serve` uses.

Not in `make bench`; granian has to be there first:
`.venv/bin/uv pip install --target .venv-peers/granian --python .venv/bin/python granian`.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

from bench.bench import Bench
from bench.figures import Figure, Scenario, ratio
from bench.gateway import Gateway, upstream
from bench.load import drive
from bench.scenarios.content import CLIP_MIB, write_clip

SERVERS = ("uvicorn", "granian")
STREAMS = 50


def measure(bench: Bench) -> Scenario:
    """Measure create, status, content and event streams on each server in turn."""
    with bench.place("servers") as folder:
        write_clip(folder / "clip.mp4", CLIP_MIB)
        with upstream(folder, "--run", "0", "--clip", str(folder / "clip.mp4")) as up:
            seen = {server: _one(bench, folder, up, server) for server in SERVERS}
    name = "servers"
    return Scenario(
        name=name,
        figures=[
            Figure(
                scenario=name,
                what=f"granian beside uvicorn: {what}",
                value=ratio(seen["granian"][what], seen["uvicorn"][what]),
                unit="×",
            )
            for what in seen["uvicorn"]
        ],
        raw=dict(seen),
    )


def _one(bench: Bench, folder: Path, up: str, server: str) -> dict[str, Any]:
    home = folder / server
    home.mkdir()
    gateway = Gateway(home, up, concurrency=1, poll_seconds=0.5)
    process = gateway.start_on(server)
    try:
        process.wait_for(f"{gateway.url}/ready")
        bench.say(f"servers: {server}")
        done = gateway.finished("a clip to download")
        say: Any = {"seconds": bench.seconds, "warm_s": bench.warm_s}
        status = drive(gateway.url, "GET", [f"/v1/videos/{done}"], gateway.key, **say)
        content = drive(gateway.url, "GET", [f"/v1/videos/{done}/content"], gateway.key, **say)
        opened = _streams(gateway, done)
        create = drive(gateway.url, "POST", ["/v1/videos"], gateway.key, **say)
        return {
            "create per second": round(create.per_second, 1),
            "status per second": round(status.per_second, 1),
            "content MB per second": round(content.bytes_per_second / 1e6),
            "event streams opened and read to their end, per second": round(opened, 1),
        }
    finally:
        process.stop()


def _streams(gateway: Gateway, video_id: str) -> float:
    """Read the event stream of an ended task, again and again."""
    host, port = gateway.url.removeprefix("http://").split(":")
    request = (
        f"GET /v1/videos/{video_id}/events HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {gateway.key}\r\n"
        "Connection: close\r\n\r\n"
    ).encode()
    began = time.monotonic()
    for _ in range(STREAMS):
        with socket.create_connection((host, int(port)), timeout=10) as line:
            line.sendall(request)
            while line.recv(65536):
                pass
    return STREAMS / (time.monotonic() - began)
