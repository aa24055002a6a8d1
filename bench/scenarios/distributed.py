"""Distributed: the same tasks through one process on SQLite, through several on PostgreSQL, and a bare queue.

Everything runs on this one machine, so several processes share its cores with the database: what this shows
is what sharing costs, not what more machines give.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from bench.bench import Bench
from bench.cluster import Cluster, cluster
from bench.figures import Figure, Scenario, ratio
from bench.gateway import MODEL, Gateway, upstream
from bench.load import Measured, drive, fill
from bench.processes import PYTHON, ROOT, Broken, Process, get, send
from reelgate.testing.upstream.clip import clip

TASKS = 1_000
LANE = 64
STARTS = 150
START_PER_SECOND = 3.0
"""Few enough for two cores to archive meanwhile: what is measured is waiting for a start, not for a core."""
WATCHED = (10_000, 50_000)
POLL_S = 10
STATUS_TASKS = 100
_WAITED = "SELECT a.submitted_at - t.created_at FROM attempts a JOIN tasks t ON t.id = a.task_id ORDER BY 1"
_OPEN = "SELECT count(*) FROM tasks WHERE finished_at IS NULL"
_UNSENT = "SELECT count(*) FROM tasks WHERE status <> 'running'"
_MADE = "SELECT count(*) FROM tasks"

Rows = Callable[[str], Sequence[tuple[Any, ...]]]


def measure(bench: Bench) -> Scenario:
    """Measure tasks from end to end, starting, watching and reading."""
    raw: dict[str, Any] = {}
    bench.say("distributed: one process on SQLite")
    raw["one process, SQLite"] = _embedded(bench)
    bench.advance(0.15)
    bench.say("distributed: one server and two workers on PostgreSQL")
    raw["a server and two workers, PostgreSQL"] = _shared(bench)
    bench.advance(0.3)
    bench.say("distributed: the bare queue")
    raw["a bare SKIP LOCKED table, two workers"] = _bare(bench)
    bench.advance(0.4)
    for number, count in enumerate(WATCHED):
        raw[f"{bench.sized(count):,} watched"] = _watched(bench, bench.sized(count))
        bench.advance(0.6 + 0.2 * number)
    bench.say("distributed: status reads")
    raw |= _status(bench)
    return Scenario(name="distributed", figures=_figures(bench, raw), raw=raw)


# From end to end.


def _embedded(bench: Bench) -> dict[str, Any]:
    with bench.place("distributed-one") as folder, upstream(folder, *_instant(folder)) as up:
        gateway = Gateway(folder, up, concurrency=LANE, poll_seconds=0.5)

        def rows(statement: str) -> Sequence[tuple[Any, ...]]:
            with sqlite3.connect(gateway.data / "reelgate.db", timeout=30) as conn:
                return conn.execute(statement).fetchall()

        with gateway.serving():
            return _through(bench, gateway.url, gateway.key, rows)


def _shared(bench: Bench) -> dict[str, Any]:
    with bench.place("distributed-many") as folder, ExitStack() as stack:
        up = stack.enter_context(upstream(folder, *_instant(folder)))
        many = stack.enter_context(cluster(folder))
        many.channel(up, concurrency=LANE, poll_seconds=0.5)
        url, _ = stack.enter_context(many.process("api"))
        for _ in range(2):
            stack.enter_context(many.process("worker"))
        return _through(bench, url, many.key, many.rows)


def _instant(folder: Path) -> tuple[str, ...]:
    place = folder / "clip.mp4"
    place.write_bytes(clip())
    return "--run", "0.2", "--clip", str(place)


def _through(bench: Bench, url: str, key: str, rows: Rows) -> dict[str, Any]:
    """Create a few at a time and see how soon they start, then many at once and see how soon all have ended."""
    starts = bench.sized(STARTS)
    began = time.monotonic()
    for number in range(starts):
        time.sleep(max(0.0, began + number / START_PER_SECOND - time.monotonic()))
        _create(url, key, f"start {number}")
    _until(rows, _OPEN, 0)
    late = [float(ms) for (ms,) in rows(_WAITED)]
    tasks, began = bench.sized(TASKS), time.monotonic()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: _create(url, key, f"take {n}"), range(tasks)))
    created = time.monotonic() - began
    _until(rows, _OPEN, 0)
    return {
        "tasks": tasks,
        "per_second": round(tasks / (time.monotonic() - began), 1),
        "created_per_second": round(tasks / created, 1),
        "start_p50_ms": round(late[len(late) // 2], 1),
        "start_p99_ms": round(late[int(len(late) * 0.99)], 1),
    }


def _create(url: str, key: str, prompt: str) -> str:
    body = {"model": MODEL, "prompt": prompt, "seconds": "4", "size": "720x1280"}
    return str(send("POST", f"{url}/v1/videos", body, key=key)["id"])


def _until(rows: Rows, statement: str, wanted: int, seconds: float = 900.0) -> None:
    end = time.monotonic() + seconds
    while rows(statement)[0][0] != wanted:
        if time.monotonic() > end:
            msg = f"{rows(statement)} instead of {wanted} after {seconds:.0f} s: {statement}"
            raise Broken(msg)
        time.sleep(0.1)


def _bare(bench: Bench) -> dict[str, Any]:
    with bench.place("distributed-bare") as folder, cluster(folder) as many, ExitStack() as stack:
        words = [PYTHON, "-m", "bench.bare_queue", many.database]
        subprocess.run([*words, "table"], cwd=ROOT, check=True)
        for number in range(2):
            process = Process([*words, "work"], log=folder / f"bare-{number}.log", talks=True)
            stack.callback(process.stop)
            process.first_line()
        slow = _made([*words, "make", str(bench.sized(STARTS)), str(START_PER_SECOND)])
        fast = _made([*words, "make", str(bench.sized(10 * TASKS)), "1e9"])
        return fast | {name: value for name, value in slow.items() if name.startswith("start")}


def _made(command: list[str]) -> dict[str, Any]:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Broken(done.stderr)
    return json.loads(done.stdout)


# Watching.


def _watched(bench: Bench, count: int) -> dict[str, Any]:
    with bench.place("distributed-watch") as folder, ExitStack() as stack:
        up = stack.enter_context(upstream(folder))
        many = stack.enter_context(cluster(folder))
        many.channel(up, concurrency=2 * count, poll_seconds=POLL_S)
        url, _ = stack.enter_context(many.process("api"))
        workers = [stack.enter_context(many.process("worker"))[1] for _ in range(2)]
        bench.say(f"distributed: creating {count:,} tasks")
        began = time.monotonic()
        fill(url, "/v1/videos", many.key, count, lambda _share: None)
        _until(many.rows, _UNSENT, 0)
        made = many.rows(_MADE)[0][0]
        sent = {"sent_per_second": round(made / (time.monotonic() - began), 1)}
        bench.say(f"distributed: watching {made:,} tasks over two workers")
        time.sleep(2.5 * POLL_S if not bench.quick else 1.5 * POLL_S)
        return sent | _look_on(bench, many, workers, up, made)


def _look_on(bench: Bench, many: Cluster, workers: Sequence[Process], up: str, made: int) -> dict[str, Any]:
    seconds = 25 if bench.quick else 60
    get(f"{up}/mark")
    began = time.monotonic()
    cpu = [worker.cpu_seconds() for worker in workers]
    commits, rows = many.written()
    time.sleep(seconds)
    spent = time.monotonic() - began
    later_commits, later_rows = many.written()
    log = get(f"{up}/log")
    if log["asked"] < made:
        msg = f"only {log['asked']} of {made} jobs were asked about in {seconds} s"
        raise Broken(msg)
    used = [worker.cpu_seconds() - before for worker, before in zip(workers, cpu, strict=True)]
    return {
        "tasks": made,
        "cpu_percent": round(100 * sum(used) / spent, 1),
        "busier_worker_cpu_percent": round(100 * max(used) / spent, 1),
        "rss_mib": round(sum(worker.rss_mib() for worker in workers), 1),
        "commits_per_second": round((later_commits - commits) / spent, 1),
        "rows_per_second": round((later_rows - rows) / spent, 1),
        "gap_p50_s": round(log["gap_s"]["p50"], 2),
        "gap_p99_s": round(log["gap_s"]["p99"], 2),
        "submitted_again": log["billed"] - made,
    }


# Reading.


def _status(bench: Bench) -> dict[str, Any]:
    with bench.place("distributed-status") as folder, ExitStack() as stack:
        up = stack.enter_context(upstream(folder))
        many = stack.enter_context(cluster(folder))
        many.channel(up, concurrency=STATUS_TASKS)
        urls = [stack.enter_context(many.process("api"))[0] for _ in range(2)]
        paths = [f"/v1/videos/{_create(urls[0], many.key, f'take {n}')}" for n in range(STATUS_TASKS)]
        one = _read(bench, urls[0], paths, many.key)
        with ThreadPoolExecutor(2) as pool:
            two = list(pool.map(lambda url: _read(bench, url, paths, many.key), urls))
    return {
        "status reads, one server on PostgreSQL": one.raw(),
        "status reads, two servers": {
            "per_second": round(sum(seen.per_second for seen in two), 1),
            "p99_ms": round(max(seen.p99_ms for seen in two), 2),
        },
    }


def _read(bench: Bench, url: str, paths: list[str], key: str) -> Measured:
    return drive(url, "GET", paths, key, seconds=bench.seconds, warm_s=bench.warm_s, connections=16)


# What it comes to.


def _figures(bench: Bench, raw: dict[str, Any]) -> list[Figure]:
    one, many, bare = (raw[name] for name in list(raw)[:3])
    reads = [raw[name]["per_second"] for name in raw if name.startswith("status reads")]
    rows: list[tuple[str, float, str]] = [
        ("tasks from end to end on PostgreSQL beside one process on SQLite",
         ratio(many["per_second"], one["per_second"]), "×"),
        ("the bare queue beside tasks from end to end on PostgreSQL",
         ratio(bare["per_second"], many["per_second"]), "×"),
        ("create to sent upstream, p50, on SQLite", one["start_p50_ms"], "ms"),
        ("create to sent upstream, p50, on PostgreSQL", many["start_p50_ms"], "ms"),
        ("enqueue to start, p50, in the bare queue", bare["start_p50_ms"], "ms"),
        ("status reads of two servers beside one, cores shared", ratio(reads[1], reads[0]), "×"),
    ]  # fmt: skip
    told = [Figure(scenario="distributed", what=what, value=value, unit=unit) for what, value, unit in rows]
    for count in WATCHED:
        told += _watch_figures(raw[f"{bench.sized(count):,} watched"])
    return told


def _watch_figures(seen: dict[str, Any]) -> list[Figure]:
    rows: tuple[tuple[str, float, str, float | None], ...] = (
        ("processor of both workers", seen["cpu_percent"], "% of a core", None),
        ("memory of both workers", seen["rss_mib"], "MiB", None),
        ("rows written", seen["rows_per_second"], "a second", None),
        ("poll lateness p99, the upstream's log", max(0.0, seen["gap_p99_s"] - POLL_S), "s", 2),
        ("submitted again", seen["submitted_again"], "tasks", 0),
        ("created and sent upstream", seen["sent_per_second"], "a second", None),
    )
    return [
        Figure(
            scenario=f"{seen['tasks']:,} watched by two workers",
            what=what,
            value=value,
            unit=unit,
            sense=None if goal is None else "at most",
            goal=goal,
        )
        for what, value, unit, goal in rows
    ]
