"""Everybody outside the fleet: who makes clips, who probes, who listens, who is told by webhook."""

from __future__ import annotations

import http.client
import json
import random
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import urlsplit

PATIENCE_S = 60.0


class Place(Protocol):
    """A server that may be asked."""

    @property
    def address(self) -> str:
        """Where it listens."""
        ...


class Answer:
    """What a server said; status 0 when it said nothing."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Tally:
    """Every status anybody got, and every answer nobody should get."""

    def __init__(self) -> None:
        self.seen: Counter[tuple[str, int]] = Counter()
        self.bad: list[str] = []
        self._lock = threading.Lock()

    def note(self, what: str, answer: Answer) -> None:
        """Count an answer; a 5xx other than 503, and a 503 that does not say when to come back, is bad."""
        with self._lock:
            self.seen[what, answer.status] += 1
            wait = answer.headers.get("retry-after", "")
            if answer.status >= 500 and not (answer.status == 503 and wait.isdigit() and int(wait) >= 1):
                self.bad.append(f"{what}: {answer.status} {answer.headers} {answer.body[:300]!r}")

    def count(self, *statuses: int) -> int:
        """Count the answers with one of these statuses."""
        return sum(n for (_, status), n in self.seen.items() if status in statuses)

    def by_status(self) -> Counter[int]:
        """Count by status."""
        found: Counter[int] = Counter()
        for (_, status), n in self.seen.items():
            found[status] += n
        return found


class Line:
    """A kept-alive connection to one server at a time."""

    def __init__(self, key: str, tally: Tally) -> None:
        self._key = key
        self._tally = tally
        self._held: dict[str, http.client.HTTPConnection] = {}

    def ask(
        self, place: Place, what: str, method: str, path: str, body: Any = None, **headers: str
    ) -> Answer:
        """Ask once; a kept connection that went stale is not the server's fault and is made anew.

        Whoever sends something does so with a key of idempotency.
        """
        stale = place.address in self._held
        answer = self._once(place.address, method, path, body, headers)
        if answer.status == 0 and stale:
            answer = self._once(place.address, method, path, body, headers)
        self._tally.note(what, answer)
        return answer

    def _once(self, address: str, method: str, path: str, body: Any, headers: dict[str, str]) -> Answer:
        split = urlsplit(address)
        held = self._held.pop(address, None)
        connection = held or http.client.HTTPConnection(split.hostname or "", split.port, timeout=PATIENCE_S)
        said = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        said |= {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), said)
            got = connection.getresponse()
            answer = Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        except (OSError, http.client.HTTPException):
            connection.close()
            return Answer(0, {}, b"")
        self._held[address] = connection
        return answer

    def close(self) -> None:
        for connection in self._held.values():
            connection.close()


class Actor:
    """Somebody with a thread of their own; what goes wrong there is raised when it is joined."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self._trouble: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        try:
            self.act()
        except BaseException as trouble:  # noqa: BLE001 - it is raised again by `join`
            self._trouble = trouble

    def act(self) -> None:
        raise NotImplementedError

    def join(self) -> None:
        self._thread.join(PATIENCE_S * 3)
        assert not self._thread.is_alive(), f"{type(self).__name__} does not end"
        if self._trouble is not None:
            raise self._trouble


class Maker(Actor):
    """Asks for clips at a steady pace, and asks again with the same key until it is told that it has one."""

    def __init__(
        self, line: Line, places: Callable[[], Sequence[Place]], prompts: Sequence[str], over_s: float
    ):
        super().__init__()
        self._line = line
        self._places = places
        self._prompts = prompts
        self._gap_s = over_s / max(1, len(prompts))
        self.made: dict[str, str] = {}

    def act(self) -> None:
        began = time.monotonic()
        for number, prompt in enumerate(self._prompts):
            time.sleep(max(0.0, began + number * self._gap_s - time.monotonic()))
            self.made[prompt] = self._make(prompt)
        self._line.close()

    def _make(self, prompt: str) -> str:
        body = {"model": "demo", "prompt": prompt, "seconds": "4", "size": "720x1280"}
        end = time.monotonic() + PATIENCE_S * 2
        while time.monotonic() < end:
            place = random.choice(self._places())
            answer = self._line.ask(
                place, "create", "POST", "/v1/videos", body, Idempotency_Key=f"key {prompt}"
            )
            if answer.status == 200:
                return str(answer.json["id"])
            assert answer.status in (0, 409, 429, 503) or answer.status >= 500, (answer.status, answer.body)
            time.sleep(0.3)
        msg = f"nobody took: {prompt}"
        raise AssertionError(msg)


class Prober(Actor):
    """Asks one server this and that all the time."""

    def __init__(self, line: Line, place: Place, made: Callable[[], Sequence[str]], rng: random.Random):
        super().__init__()
        self._line = line
        self._place = place
        self._made = made
        self._rng = rng

    def act(self) -> None:
        while not self.stopping.wait(0.05):
            for what, path in (("health", "/health"), ("ready", "/ready"), ("list", "/v1/videos?limit=5")):
                self._line.ask(self._place, what, "GET", path)
            made = self._made()
            if made:
                self._line.ask(self._place, "status", "GET", f"/v1/videos/{self._rng.choice(made)}")
        self._line.close()


class Seen:
    """One event as a reader got it."""

    __slots__ = ("cursor", "sequence", "task")

    def __init__(self, cursor: int, data: dict[str, Any]) -> None:
        self.cursor = cursor
        self.task = str(data["data"]["id"])
        self.sequence = int(data["sequence"])


class Reader(Actor):
    """Follows all events, moves to another server every few seconds, and resumes where it was."""

    def __init__(
        self, key: str, places: Callable[[], Sequence[Place]], cursor: int, rng: random.Random, tally: Tally
    ):
        super().__init__()
        self._key = key
        self._places = places
        self._rng = rng
        self._tally = tally
        self.cursor = cursor
        self.seen: list[Seen] = []
        self.moves = 0

    def act(self) -> None:
        turn = 0
        while not self.stopping.is_set():
            places = self._places()
            turn += 1
            try:
                self._follow(places[turn % len(places)], time.monotonic() + self._rng.uniform(2.0, 7.0))
            except OSError:
                time.sleep(0.2)
            self.moves += 1

    def _follow(self, place: Place, until: float) -> None:
        split = urlsplit(place.address)
        with socket.create_connection((split.hostname or "", split.port or 0), timeout=PATIENCE_S) as to:
            to.settimeout(0.5)
            words = f"Authorization: Bearer {self._key}\r\nLast-Event-ID: {self.cursor}\r\n"
            to.sendall(f"GET /api/events HTTP/1.1\r\nHost: chaos\r\n{words}\r\n".encode())
            rest = b""
            while time.monotonic() < until and not self.stopping.is_set():
                try:
                    got = to.recv(65_536)
                except TimeoutError:
                    continue
                if not got:
                    return
                head, rest = self._take(rest + got)
                if head is not None and head != 200:
                    time.sleep(0.2)
                    return

    def _take(self, text: bytes) -> tuple[int | None, bytes]:
        """Read whole frames, leave the rest. A frame is never parted by a chunk's own lines."""
        status = None
        while b"\n\n" in text or text.startswith(b"HTTP/"):
            if text.startswith(b"HTTP/"):
                head, end, rest = text.partition(b"\r\n\r\n")
                if not end:
                    return status, text
                status, text = int(head.split(b" ", 2)[1]), rest
                headers = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
                self._tally.note("events", Answer(status, headers, b""))
                continue
            block, _, text = text.partition(b"\n\n")
            self._frame(block)
        return status, text

    def _frame(self, block: bytes) -> None:
        cursor, data = None, None
        for line in block.split(b"\n"):
            if line.startswith(b"id: "):
                cursor = int(line[4:])
            elif line.startswith(b"data: "):
                data = json.loads(line[6:])
        if cursor is not None and data is not None:
            self.seen.append(Seen(cursor, data))
            self.cursor = cursor


class Receiver:
    """Takes webhooks, refuses some of them, and remembers what it was first told when."""

    def __init__(self, rng: random.Random, refuses: float) -> None:
        self.first: dict[str, dict[str, Any]] = {}
        """The first body of each webhook id."""
        self.repeated = 0
        self.refused = 0
        came, lock = self, threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with lock:
                    status = came._take(str(self.headers["webhook-id"]), body, rng.random() < refuses)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _take(self, webhook_id: str, body: bytes, refuse: bool) -> int:
        if refuse:
            self.refused += 1
            return 503
        if webhook_id in self.first:
            self.repeated += 1
        else:
            self.first[webhook_id] = json.loads(body)
        return 204

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
