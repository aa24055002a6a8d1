"""Live: ten thousand browsers on one server, two hundred events a second, and some that never read.

The events are written by another process, as workers write them, and reach the server through PostgreSQL.
"""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.bench import Bench
from bench.cluster import Cluster, cluster
from bench.figures import Figure, Scenario
from bench.gateway import MODEL
from bench.processes import PYTHON, ROOT, Broken, Process, send

CLIENTS = 10_000
WIDE = 10
SLOW = 20
PER_SECOND = 200
WEBSOCKET = "/ws"

_MORE = """
    INSERT INTO tasks SELECT (jsonb_populate_record(t, jsonb_build_object(
        'id', 'video_' || lpad(n::text, 26, '0'), 'event_seq', 0))).*
    FROM tasks t, generate_series(1, {count}) AS n WHERE t.id = :like
"""


def measure(bench: Bench) -> Scenario:
    """Measure streams of server-sent events, and then WebSockets."""
    raw = {"server-sent events": _measure(bench, None), "WebSocket": _measure(bench, WEBSOCKET)}
    figures = [figure for word, seen in raw.items() for figure in _figures(seen, word)]
    return Scenario(name="live", figures=figures, raw=raw)


def _measure(bench: Bench, websocket: str | None) -> dict[str, Any]:
    clients = bench.sized(CLIENTS)
    with bench.place("live") as folder, cluster(folder) as many, many.process("api") as (url, api):
        bench.say(f"live: {clients // 2:,} videos")
        many.channel("http://127.0.0.1:9", concurrency=1)
        videos = _videos(many, url, clients // 2, folder / "videos.txt")
        bench.advance(0.2)
        bench.say(f"live: connecting {clients:,} clients")
        before = api.rss_mib()
        crowd = _Crowd(many, url, clients, videos, folder, websocket)
        try:
            connected = crowd.connected()
            bench.advance(0.5)
            bench.say(f"live: {PER_SECOND} events a second")
            seen = _emit(bench, many, api, videos, folder)
            seen |= crowd.told()
        finally:
            crowd.end()
        late = latencies(_noted(folder / "sent.txt"), _noted(folder / "came.txt"))
    return seen | connected | {"rss_before_mib": round(before, 1)} | _late(late)


def _videos(many: Cluster, url: str, count: int, place: Path) -> Path:
    """Have many videos: one that was made, and copies of its row."""
    _until_served(url, many.key)
    body = {"model": MODEL, "prompt": "a boat on a lake", "seconds": "4", "size": "720x1280"}
    like = send("POST", f"{url}/v1/videos", body, key=many.key)["id"]
    many.do(_MORE.format(count=count), like=like)
    many.do("ANALYZE")
    place.write_text("\n".join(f"video_{n:026d}" for n in range(1, count + 1)), "ascii")
    return place


def _until_served(url: str, key: str) -> None:
    for _ in range(200):
        if MODEL in json.dumps(send("GET", f"{url}/v1/models", None, key=key)):
            return
        time.sleep(0.05)
    msg = "the server does not learn of its channel"
    raise Broken(msg)


class _Crowd:
    """The process of the clients."""

    def __init__(
        self, many: Cluster, url: str, count: int, videos: Path, folder: Path, websocket: str | None
    ) -> None:
        split = urlsplit(url)
        command = [PYTHON, "-m", "bench.clients", str(split.hostname), str(split.port), many.key, str(videos)]
        command += [str(folder / "came.txt"), "--count", str(count - WIDE), "--wide", str(WIDE)]
        command += ["--slow", str(SLOW), *(["--websocket", websocket] if websocket else [])]
        self._popen = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def _line(self) -> dict[str, Any]:
        assert self._popen.stdout is not None
        line = self._popen.stdout.readline()
        if not line:
            msg = "the clients ended early"
            raise Broken(msg)
        return json.loads(line)

    def connected(self) -> dict[str, Any]:
        """Wait until everybody is."""
        facts = self._line()
        if facts["refused"]:
            msg = f"{facts['refused']} clients were refused: {facts['why']}"
            raise Broken(msg)
        return {
            "connected": int(facts["open"]),
            "connects_per_second": round(facts["open"] / facts["seconds"]),
        }

    def told(self) -> dict[str, Any]:
        """Stop, and give what became of them."""
        assert self._popen.stdin is not None
        self._popen.stdin.write("stop\n")
        self._popen.stdin.flush()
        return self._line()

    def end(self) -> None:
        """See to it that it is gone."""
        self._popen.kill()
        self._popen.wait()
        for pipe in (self._popen.stdin, self._popen.stdout):
            if pipe is not None:
                pipe.close()


def _emit(bench: Bench, many: Cluster, api: Process, videos: Path, folder: Path) -> dict[str, Any]:
    seconds = 20 if bench.quick else 60
    words = [many.database, str(videos), str(PER_SECOND), str(seconds), str(folder / "sent.txt")]
    began, cpu = time.monotonic(), api.cpu_seconds()
    emitter = Process([PYTHON, "-m", "bench.emit", *words], log=folder / "emit.log", talks=True)
    rss = [api.rss_mib()]
    try:
        while time.monotonic() - began < seconds:
            time.sleep(1.0)
            rss.append(api.rss_mib())
            bench.advance(0.5 + 0.45 * (time.monotonic() - began) / seconds)
        facts = json.loads(emitter.first_line())
    finally:
        emitter.stop()
    used = api.cpu_seconds() - cpu
    return {
        "events": facts["events"],
        "events_per_second": round(facts["events"] / facts["seconds"], 1),
        "cpu_percent": round(100 * used / (time.monotonic() - began), 1),
        "rss_mib": round(max(rss), 1),
    }


def _noted(path: Path) -> list[tuple[int, float]]:
    pairs = (line.split() for line in path.read_text("ascii").splitlines())
    return [(int(cursor), float(at)) for cursor, at in pairs]


def latencies(sent: Sequence[tuple[int, float]], came: Sequence[tuple[int, float]]) -> list[float]:
    """Give how long after its commit each telling of an event came, in seconds, shortest first."""
    when = dict(sent)
    return sorted(max(0.0, at - when[cursor]) for cursor, at in came if cursor in when)


def _late(late: Sequence[float]) -> dict[str, Any]:
    if not late:
        msg = "nobody was told anything"
        raise Broken(msg)
    shares = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))
    at = {name: late[min(len(late) - 1, int(share * len(late)))] for name, share in shares}
    return {"tellings": len(late)} | {f"{name}_ms": round(1000 * value, 1) for name, value in at.items()}


def _figures(seen: dict[str, Any], word: str) -> list[Figure]:
    rows: tuple[tuple[str, float, str, float | None], ...] = (
        ("event to client, p99", seen["p99_ms"], "ms", 500),
        ("event to client, p50", seen["p50_ms"], "ms", None),
        ("memory of the server", seen["rss_mib"], "MiB", 700),
        ("processor of the server", seen["cpu_percent"], "% of a core", None),
        ("clients that read and were cut off", seen["cut"], "clients", 0),
        ("clients that never read and are still held", SLOW - seen["slow_cut"], "clients", None),
    )
    return [
        Figure(
            scenario=f"{seen['connected']:,} clients",
            what=f"{what} ({word})",
            value=value,
            unit=unit,
            sense=None if goal is None else "at most",
            goal=goal,
        )
        for what, value, unit, goal in rows
    ]
