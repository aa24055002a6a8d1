"""Walk through a running server as the original service was tried: `python -m tools.walk --url … --key …`.

Two tables come out: the checklist of the back end (health, sign-in, both ways of making a video, the WebSocket,
both ids, links) and the report of a remix. Everything is asked of the server; nothing is looked up in its rows.
"""

from __future__ import annotations

import argparse
import base64
import json
import secrets
import struct
import sys
import time
import urllib.error
import urllib.request
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 600.0
PICTURE_BYTES = 523 * 1024
"""How large the picture of the checklist is."""
SIZE = "128x128"


class Failed(Exception):
    """Raised where the server does not do what a step is about."""


@dataclass
class Walk:
    """One walk: whom it asks, and what it has seen."""

    url: str
    key: str | None
    model: str | None
    token: str = ""
    rows: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    tasks: dict[str, str] = field(default_factory=dict[str, str])
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Ask the server; gives the status and the answer."""
        url = path if path.startswith("http") else f"{self.url}{path}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data, method=method)  # noqa: S310 - the address was given by hand
        request.add_header("Content-Type", "application/json")
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        for name, value in headers.items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
                return answer.status, _read(answer.read(), answer.headers.get("content-type", ""))
        except urllib.error.HTTPError as refused:
            return refused.code, _read(refused.read(), refused.headers.get("content-type", ""))

    def good(self, method: str, path: str, body: Any = None) -> Any:
        """Ask for something that has to work."""
        status, answer = self.ask(method, path, body)
        if status >= 300:
            raise Failed(f"{method} {path} answered {status}: {answer}")
        return answer

    def step(self, name: str, work: Callable[[Walk], str]) -> None:
        """Take one step and note how it went."""
        try:
            self.rows.append((name, "passed", work(self)))
        except (Failed, KeyError, TypeError, OSError, TimeoutError) as trouble:
            self.rows.append((name, "FAILED", f"{type(trouble).__name__}: {trouble}"[:200]))


def _read(data: bytes, kind: str) -> Any:
    return json.loads(data) if kind.startswith("application/json") else data


def _need(holds: bool, what: str) -> None:
    if not holds:
        raise Failed(what)


# The checklist.


def health(walk: Walk) -> str:
    """Is it alive?"""
    answer = walk.good("GET", "/health")
    _need(answer["status"] == "ok", f"it says {answer['status']}")
    return f"version {answer['version']}"


def register(walk: Walk) -> str:
    """Make an account, where this installation lets people."""
    who = {"username": f"walker-{secrets.token_hex(4)}", "password": secrets.token_urlsafe(18)}
    walk.token = ""
    status, answer = walk.ask("POST", "/api/auth/register", who)
    if status == 201:
        walk.tasks["username"], walk.tasks["password"] = who["username"], who["password"]
        return "201, an account of one's own"
    _need(status in (400, 403) and walk.key is not None, f"{status}: {answer}")
    return f"{status}: registration is closed here, the walk goes on with a key"


def login(walk: Walk) -> str:
    """Sign in."""
    if "username" not in walk.tasks:
        walk.token = walk.key or ""
        return "with a key"
    who = {name: walk.tasks[name] for name in ("username", "password")}
    walk.token = walk.good("POST", "/api/auth/login", who)["data"]["token"]
    _need(walk.token.count(".") == 2, "the token is no JWT")
    return "data.token is a JWT"


def text_to_video(walk: Walk) -> str:
    """Make a video of a prompt."""
    began = time.monotonic()
    body = {"prompt": "A paper boat on a still lake", "size": SIZE, "duration": 1, **_model(walk)}
    found = walk.good("POST", "/api/video/tasks", body)
    walk.tasks["t2v"] = found["data"]["videoId"]
    return f"{found['data']['status']} after {1000 * (time.monotonic() - began):.0f} ms"


def image_to_video(walk: Walk) -> str:
    """Make a video of a prompt and a picture of half a megabyte."""
    picture = noise(PICTURE_BYTES)
    began = time.monotonic()
    body = {
        "prompt": "The same boat at night",
        "size": SIZE,
        "duration": 1,
        "referenceImage": "data:image/png;base64," + base64.b64encode(picture).decode(),
        **_model(walk),
    }
    found = walk.good("POST", "/api/video/tasks", body)
    walk.tasks["i2v"] = found["data"]["videoId"]
    return f"{len(picture) // 1024} KB taken after {1000 * (time.monotonic() - began):.0f} ms"


def socket_signs_in(walk: Walk) -> str:
    """Connect, sign in and subscribe; then be told of both tasks to their ends."""
    began = time.monotonic()
    parts = urlsplit(walk.url)
    scheme = "wss" if parts.scheme == "https" else "ws"
    with connect(f"{scheme}://{parts.netloc}/ws", open_timeout=30) as line:
        _expect(line, "connected")
        line.send(json.dumps({"type": "auth", "token": walk.token}))
        _expect(line, "authenticated")
        spent = time.monotonic() - began
        for name in ("t2v", "i2v"):
            line.send(json.dumps({"type": "subscribe", "taskId": walk.tasks[name], "cursor": 0}))
        _follow(walk, line, {walk.tasks["t2v"], walk.tasks["i2v"]})
    return f"signed in after {1000 * spent:.0f} ms"


def _expect(line: ClientConnection, kind: str) -> dict[str, Any]:
    message = json.loads(line.recv(timeout=30))
    _need(message["type"] == kind, f"told {message} where {kind} was due")
    return message


def _follow(walk: Walk, line: ClientConnection, open_tasks: set[str]) -> None:
    """Read on until these tasks have ended."""
    until = time.monotonic() + PATIENCE_S
    while open_tasks:
        message = json.loads(line.recv(timeout=max(0.1, until - time.monotonic())))
        if "cursor" in message:
            walk.told.append(message)
        if message["type"] in ("completed", "failed", "cancelled"):
            open_tasks.discard(message["taskId"])


def progress(walk: Walk) -> str:
    """Was it told how far the tasks are, without ever going back?"""
    for name in ("t2v", "i2v"):
        mine = [m for m in walk.told if m["taskId"] == walk.tasks[name]]
        known = [m["progress"] for m in mine if m["progress"] is not None]
        _need(known == sorted(known) and known[-1:] == [100], f"progress went {known}")
    seen = sorted({m["progress"] for m in walk.told if m["progress"] is not None})
    return " ".join(f"{value}%" for value in seen)


def completion(walk: Walk) -> str:
    """Was the end told, with where the clip is?"""
    ends = [m for m in walk.told if m["type"] == "completed"]
    _need(len(ends) == 2 and all(m["videoUrl"] for m in ends), f"{len(ends)} ends were told")
    return f"{len(ends)} pushed, sequence numbers without a gap: {_gapless(walk)}"


def _gapless(walk: Walk) -> bool:
    tasks = {m["taskId"] for m in walk.told}
    numbers = [[m["sequence"] for m in walk.told if m["taskId"] == task] for task in tasks]
    _need(all(n == list(range(1, len(n) + 1)) for n in numbers), f"sequences {numbers}")
    return True


def both_ids(walk: Walk) -> str:
    """Do messages and tasks carry both ids, and does `/v1` keep the upstream's to itself?"""
    task = walk.good("GET", f"/api/video/tasks/{walk.tasks['t2v']}")["data"]
    outside = task["externalTaskId"]
    _need(bool(outside), "the task has no id of its upstream")
    _need(task["metadata"]["externalTaskId"] == outside, "metadata names another one")
    pushed = {m["externalTaskId"] for m in walk.told if m["taskId"] == walk.tasks["t2v"]} - {None}
    _need(pushed == {outside}, f"pushed {pushed}, kept {outside}")
    public = json.dumps(walk.good("GET", f"/v1/videos/{walk.tasks['t2v']}"))
    _need(outside not in public, "/v1 shows the upstream's id")
    return "videoId and externalTaskId, the second on the native surface alone"


def address_kept(walk: Walk) -> str:
    """Is the clip's address there by itself, ours, and good without a key?"""
    task = walk.good("GET", f"/api/video/tasks/{walk.tasks['t2v']}")["data"]
    _need(task["videoUrl"].startswith(walk.url), f"the clip is at {task['videoUrl']}")
    return f"{len(_clip(walk, task['videoUrl'])):,} bytes"


def address_again(walk: Walk) -> str:
    """Is a fresh address to be had?"""
    found = walk.good("POST", f"/api/video/tasks/{walk.tasks['i2v']}/refresh-url")["data"]
    return f"{len(_clip(walk, found['videoUrl'])):,} bytes"


def _clip(walk: Walk, url: str) -> bytes:
    token, walk.token = walk.token, ""
    try:
        status, data = walk.ask("GET", url)
    finally:
        walk.token = token
    _need(status == 200 and data[4:8] == b"ftyp", f"{status}, which is no clip")
    return data


def statistics(walk: Walk) -> str:
    """Are the tasks counted?"""
    found = walk.good("GET", "/api/video/stats")["data"]
    _need(found["completed"] >= 2, f"counted {found}")
    return f"{found['completed']} completed of {found['total']}"


CHECKLIST: tuple[tuple[str, Callable[[Walk], str]], ...] = (
    ("Health", health),
    ("Register", register),
    ("Login", login),
    ("Text to video", text_to_video),
    ("Image to video (523 KB)", image_to_video),
    ("WebSocket: connect, sign in, subscribe", socket_signs_in),
    ("Progress to 100 %", progress),
    ("Completion pushed", completion),
    ("Both ids", both_ids),
    ("Address of the clip kept", address_kept),
    ("Address had again", address_again),
    ("Statistics", statistics),
)

# The report of a remix.


def source_is_done(walk: Walk) -> str:
    """Is there a finished video to work from?"""
    task = walk.good("GET", f"/api/video/tasks/{walk.tasks['t2v']}")["data"]
    _need(task["status"] == "COMPLETED", task["status"])
    return f"{task['videoId']} is {task['status']}"


def remix(walk: Walk) -> str:
    """Make it again with another prompt."""
    body = {"prompt": "The same boat in a storm", **_model(walk)}
    answer = walk.good("POST", f"/api/video/tasks/{walk.tasks['t2v']}/remix", body)
    data = answer["data"]
    _need(answer["success"] is True, "success is not true")
    _need(data["remixed_from"] == walk.tasks["t2v"], f"remixed_from is {data['remixed_from']}")
    walk.tasks["remix"] = data["videoId"]
    return (
        f"{data['status']}, externalTaskId {data['externalTaskId']}, requestTime {answer['requestTime']} ms"
    )


def timeline(walk: Walk) -> str:
    """How far was it, when?"""
    began, seen = time.monotonic(), list[str]()
    while True:
        task = walk.good("GET", f"/api/video/tasks/{walk.tasks['remix']}")["data"]
        at = f"{task['status']} {'-' if task['progress'] is None else task['progress']}%"
        if not seen or not seen[-1].startswith(at):
            seen.append(f"{at} at {time.monotonic() - began:.1f} s")
        if task["status"] in ("COMPLETED", "FAILED", "CANCELLED"):
            _need(task["status"] == "COMPLETED", f"{task['status']}: {task['errorMessage']}")
            return ", ".join(seen)
        _need(time.monotonic() - began < PATIENCE_S, "it takes too long")
        time.sleep(0.25)


def lineage(walk: Walk) -> str:
    """Is it written down what it was made from, by both ids?"""
    task = walk.good("GET", f"/api/video/tasks/{walk.tasks['remix']}")["data"]
    source = walk.good("GET", f"/api/video/tasks/{walk.tasks['t2v']}")["data"]
    wanted = {
        "type": "remix",
        "remix_from": source["videoId"],
        "remix_from_external": source["externalTaskId"],
    }
    _need(wanted.items() <= task["metadata"].items(), f"metadata is {task['metadata']}")
    return "metadata: type, remix_from, remix_from_external"


def events_as_text(walk: Walk) -> str:
    """Do server-sent events tell the same?"""
    status, data = walk.ask("GET", f"/v1/videos/{walk.tasks['remix']}/events")
    text = data.decode() if isinstance(data, bytes) else ""
    _need(status == 200 and "event: video.completed" in text, f"{status}: {text[:80]}")
    return f"{text.count('event: ')} events, the last is video.completed"


def bad_input(walk: Walk) -> str:
    """Is bad input refused with a reason?"""
    said = list[str]()
    for path, body, wanted in (
        (f"/api/video/tasks/{walk.tasks['t2v']}/remix", {"prompt": ""}, 400),
        ("/api/video/tasks/video_00000000000000000000000000/remix", {"prompt": "x"}, 404),
        ("/api/video/tasks", {"prompt": "x", "duration": "long"}, 400),
    ):
        status, answer = walk.ask("POST", path, body)
        _need(status == wanted and answer["success"] is False, f"{path} answered {status}: {answer}")
        said.append(f"{status} {answer['error']['code']}")
    return ", ".join(said)


REMIX: tuple[tuple[str, Callable[[Walk], str]], ...] = (
    ("Source is completed", source_is_done),
    ("Remix accepted", remix),
    ("Timeline", timeline),
    ("Lineage", lineage),
    ("Server-sent events", events_as_text),
    ("Bad input", bad_input),
)


def _model(walk: Walk) -> dict[str, str]:
    return {} if walk.model is None else {"model": walk.model}


def noise(size: int) -> bytes:
    """Draw a PNG of about `size` bytes that does not compress."""
    side = max(64, int((size / 3) ** 0.5))
    lines = b"".join(b"\0" + secrets.token_bytes(3 * side) for _ in range(side))

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", zlib.compress(lines, 1)), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def table(title: str, rows: list[tuple[str, str, str]]) -> str:
    """Write what was seen."""
    lines = [f"| {name} | {how} | {what} |" for name, how, what in rows]
    return "\n".join([f"## {title}", "", "| Step | Result | Seen |", "|---|---|---|", *lines, ""])


def main(arguments: list[str] | None = None) -> int:
    """Walk, print both tables, and give 0 when every step passed."""
    options = argparse.ArgumentParser(prog="python -m tools.walk", description=__doc__)
    options.add_argument("--url", required=True, help="where the server is, such as http://127.0.0.1:8000")
    options.add_argument("--key", help="goes on with this where nobody may register")
    options.add_argument(
        "--model", help="what to make videos with; otherwise what the installation has as default"
    )
    given = options.parse_args(arguments)
    walk = Walk(given.url.rstrip("/"), given.key, given.model)
    for name, work in CHECKLIST:
        walk.step(name, work)
    seen = len(walk.rows)
    for name, work in REMIX:
        walk.step(name, work)
    print(table("Checklist of the back end", walk.rows[:seen]))
    print(table("Report of a remix", walk.rows[seen:]))
    return 0 if all(how == "passed" for _, how, _ in walk.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
