"""Watching ten thousand tasks over real HTTP, and starting again while they run.

Every task is created through the API and accepted by the upstream, whose jobs never end. Lateness is
judged twice: by the server's own histogram, and by the upstream's log of when each job was asked about.
"""

from __future__ import annotations

import re
import signal
import time
from collections.abc import Callable
from typing import Any

from bench import load
from bench.bench import Bench
from bench.figures import Figure, Scenario
from bench.gateway import Gateway, upstream
from bench.processes import Broken, Process, get

TASKS = 10_000
POLL_S = 10
SETTLE_S = 25.0
"""Two rounds and a bit: what happens once after a start is over then."""


def measure(bench: Bench) -> Scenario:
    """Watch where the upstream has a list, then where every job has to be asked about singly."""
    count = bench.sized(TASKS)
    listed = _watch(bench, count, "with a list", 0.0)
    singly = _watch(bench, count, "without a list", 0.5, "--no-list")
    return Scenario(
        name="watch",
        figures=[*_figures(listed, "upstream with a list"), *_figures(singly, "upstream without a list")],
        raw={"with a list": listed, "without a list": singly},
    )


def _watch(bench: Bench, count: int, word: str, done: float, *options: str) -> dict[str, Any]:
    name = f"watch-{word.replace(' ', '-')}"
    with bench.place(name) as folder, upstream(folder, *options) as up:
        gateway = Gateway(folder, up, concurrency=2 * count, poll_seconds=POLL_S)
        process = gateway.start()
        try:
            process.wait_for(f"{gateway.url}/ready")
            bench.say(f"watch {word}: creating {count:,} tasks")
            _fill(gateway, up, count, lambda share: bench.advance(done + 0.1 * share))
            bench.say(f"watch {word}: letting it settle")
            time.sleep(SETTLE_S)
            bench.say(f"watch {word}: looking on")
            seen = _look_on(bench, gateway, process, up, done + 0.1)
            bench.say(f"watch {word}: killing it and starting again")
            process.stop(signal.SIGKILL)
            before = get(f"{up}/log")
            began = time.monotonic()
            get(f"{up}/mark")
            process = gateway.start()
            return seen | _again(gateway, process, up, before, began)
        finally:
            process.stop(signal.SIGKILL)


def _fill(gateway: Gateway, up: str, count: int, tell: Callable[[float], None]) -> None:
    """Create `count` tasks or a few more, and wait until the upstream has billed every one of them."""
    load.fill(gateway.url, "/v1/videos", gateway.key, count, tell)
    _wait_until_sent(up)


def _wait_until_sent(up: str) -> None:
    """Wait until nothing created is still on its way."""
    last, still = -1, 0
    while still < 15:
        billed = get(f"{up}/log")["billed"]
        still = still + 1 if billed == last else 0
        last = billed
        time.sleep(0.2)


def _look_on(bench: Bench, gateway: Gateway, process: Process, up: str, done: float) -> dict[str, Any]:
    seconds = 30 if bench.quick else 60
    before = lateness(gateway.metrics(process))
    get(f"{up}/mark")
    began, cpu = time.monotonic(), process.cpu_seconds()
    rss: list[float] = []
    for second in range(seconds):
        time.sleep(max(0.0, began + second + 1 - time.monotonic()))
        rss.append(process.rss_mib())
        bench.advance(done + 0.3 * second / seconds)
    spent = time.monotonic() - began
    used = process.cpu_seconds() - cpu
    log = get(f"{up}/log")
    after = lateness(gateway.metrics(process))
    if log["asked"] < log["billed"]:
        msg = f"only {log['asked']} of {log['billed']} jobs were asked about in {seconds} s"
        raise Broken(msg)
    return {
        "tasks": log["billed"],
        "cpu_percent": round(100 * used / spent, 1),
        "rss_mib": round(max(rss), 1),
        "late_p99_s": quantile(before, after, 0.99),
        "polls": after[-1][1] - before[-1][1],
        "requests_per_second": round(log["requests"] / spent, 1),
        "gap_p50_s": round(log["gap_s"]["p50"], 2),
        "gap_p99_s": round(log["gap_s"]["p99"], 2),
        "gap_max_s": round(log["gap_s"]["max"], 2),
    }


def _again(
    gateway: Gateway, process: Process, up: str, before: dict[str, Any], began: float
) -> dict[str, Any]:
    process.wait_for(f"{gateway.url}/ready")
    ready = time.monotonic() - began
    while (log := get(f"{up}/log"))["all_asked_after_s"] is None:
        if time.monotonic() - began > 60:
            msg = f"after 60 s {log['asked']} of {log['billed']} jobs were asked about"
            raise Broken(msg)
        time.sleep(0.05)
    return {
        "restart_ready_s": round(ready, 2),
        "restart_all_asked_s": round(log["all_asked_after_s"], 2),
        "restart_new_submissions": get(f"{up}/log")["billed"] - before["billed"],
        "bill_lines_with_a_token_of_another": log["billed"] - log["tokens"],
    }


Buckets = list[tuple[float, float]]


def lateness(metrics: str) -> Buckets:
    """Read the histogram of poll lateness: upper bounds and how many were at most that late."""
    found = re.findall(r'reelgate_poll_lateness_seconds_bucket\{le="([^"]+)"\} ([0-9.e+]+)', metrics)
    return [(float(bound), float(many)) for bound, many in found]


def quantile(before: Buckets, after: Buckets, share: float) -> float:
    """Give the upper bound of the bucket that holds this share of what came between two readings."""
    grown = [(bound, many - earlier) for (bound, many), (_, earlier) in zip(after, before, strict=True)]
    wanted = share * grown[-1][1]
    return next(bound for bound, many in grown if many >= wanted)


def _figures(seen: dict[str, Any], word: str) -> list[Figure]:
    rows = (
        ("processor", seen["cpu_percent"], "% of a core", 35),
        ("memory", seen["rss_mib"], "MiB", 300),
        ("poll lateness p99, its own histogram", seen["late_p99_s"], "s", 2),
        ("poll lateness p99, the upstream's log", max(0.0, seen["gap_p99_s"] - POLL_S), "s", 2),
        ("restart: all watched again", seen["restart_all_asked_s"], "s", 5),
        ("restart: new submissions", seen["restart_new_submissions"], "tasks", 0),
    )
    return [
        Figure(
            scenario=f"{seen['tasks']:,} watched",
            what=f"{what} ({word})",
            value=value,
            unit=unit,
            sense="at most",
            goal=goal,
        )
        for what, value, unit, goal in rows
    ]
