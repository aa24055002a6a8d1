"""Ten thousand tasks over twenty channels, two of which take jobs and never answer who asks about them.

Each channel has an upstream of its own over real HTTP. Lateness is judged by the logs of those that
answer: how long no job of theirs was asked about, beyond the poll interval.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from bench.bench import Bench
from bench.figures import Figure, Scenario, ratio
from bench.gateway import Gateway, upstream
from bench.load import fill
from bench.processes import Broken, Process, get

TASKS: Final = 10_000
CHANNELS: Final = 20
HANGING: Final = 2
POLL_S: Final = 10.0
SETTLE_S: Final = 2.2 * POLL_S
TOGETHER: Final = 100
"""Tasks of the one channel whose list answers for all of them."""


def measure(bench: Bench) -> Scenario:
    """Look on while a tenth of the channels hang, and then at what one list call serves."""
    hung = _beside_hanging(bench)
    listed = _one_list(bench)
    return Scenario(
        name="channels",
        figures=_figures(hung, listed),
        raw={"with hanging channels": hung, f"{TOGETHER} tasks, one list": listed},
    )


@contextmanager
def _upstreams(folder: Path) -> Iterator[tuple[list[str], list[str]]]:
    """Run an upstream for each channel; gives those that answer and those that hang."""
    with ExitStack() as stack:
        well: list[str] = []
        hanging: list[str] = []
        for number in range(CHANNELS):
            place = folder / f"upstream-{number}"
            place.mkdir()
            hangs = number >= CHANNELS - HANGING
            options = ["--hang"] if hangs else []
            (hanging if hangs else well).append(stack.enter_context(upstream(place, *options)))
        yield well, hanging


def _beside_hanging(bench: Bench) -> dict[str, Any]:
    count = bench.sized(TASKS)
    with bench.place("channels") as folder, _upstreams(folder) as (well, hanging):
        bench.say("channels: connecting them")
        gateway = _gateway(folder, [*well, *hanging], count)
        process = gateway.start()
        try:
            process.wait_for(f"{gateway.url}/ready")
            bench.say(f"channels: creating {count:,} tasks")
            _fill(gateway, [*well, *hanging], count, bench)
            bench.say("channels: letting it settle")
            time.sleep(SETTLE_S)
            bench.say("channels: looking on")
            return _look_on(bench, process, well, hanging)
        finally:
            process.stop(signal.SIGKILL)


def _gateway(folder: Path, upstreams: list[str], count: int) -> Gateway:
    # As many as each channel is meant to have, so that none of them has more than its share.
    slots = count // CHANNELS
    gateway = Gateway(folder, upstreams[0], concurrency=slots, poll_seconds=POLL_S)
    gateway.connect_all(upstreams[1:], concurrency=slots, poll_seconds=POLL_S)
    return gateway


def _fill(gateway: Gateway, upstreams: list[str], count: int, bench: Bench) -> None:
    fill(gateway.url, "/v1/videos", gateway.key, count, lambda share: bench.advance(0.4 * share))
    last, still = -1, 0
    while still < 15:
        billed = sum(get(f"{up}/log")["billed"] for up in upstreams)
        still = still + 1 if billed == last else 0
        last = billed
        time.sleep(0.2)
    if last < count:
        msg = f"only {last} of {count} tasks reached an upstream"
        raise Broken(msg)


def _look_on(bench: Bench, process: Process, well: list[str], hanging: list[str]) -> dict[str, Any]:
    seconds = 30 if bench.quick else 60
    for up in (*well, *hanging):
        get(f"{up}/mark")
    began, cpu = time.monotonic(), process.cpu_seconds()
    for second in range(seconds):
        time.sleep(max(0.0, began + second + 1 - time.monotonic()))
        bench.advance(0.5 + 0.3 * second / seconds)
    spent, used = time.monotonic() - began, process.cpu_seconds() - cpu
    logs = [get(f"{up}/log") for up in well]
    hung = [get(f"{up}/log") for up in hanging]
    unasked = sum(log["billed"] - log["asked"] for log in logs)
    if unasked:
        msg = f"{unasked} jobs of channels that answer were not asked about in {seconds} s"
        raise Broken(msg)
    return {
        "tasks": sum(log["billed"] for log in (*logs, *hung)),
        "of them on hanging channels": sum(log["billed"] for log in hung),
        "calls left without an answer": sum(log["requests"] for log in hung),
        # The worst channel's: a quantile of all would hide one that is starved.
        "late_p99_s": max(0.0, round(max(log["gap_s"]["p99"] for log in logs) - POLL_S, 2)),
        "late_max_s": max(0.0, round(max(log["gap_s"]["max"] for log in logs) - POLL_S, 2)),
        "cpu_percent": round(100 * used / spent, 1),
        "rss_mib": round(process.rss_mib(), 1),
    }


def _one_list(bench: Bench) -> dict[str, Any]:
    with bench.place("one-list") as folder, upstream(folder) as up:
        gateway = Gateway(folder, up, concurrency=TOGETHER, poll_seconds=POLL_S)
        with gateway.serving():
            bench.say(f"channels: {TOGETHER} tasks of one list")
            for number in range(TOGETHER):
                gateway.create(f"one of many, {number}")
            time.sleep(1.2 * POLL_S)
            get(f"{up}/mark")
            time.sleep(2 * POLL_S)
            log = get(f"{up}/log")
    return {"tasks": log["billed"], "answers": log["answers"] + log["asked"], "calls": log["requests"]}


def _figures(hung: dict[str, Any], listed: dict[str, Any]) -> list[Figure]:
    where = f"{hung['tasks']:,} tasks, {CHANNELS} channels, {HANGING} hang"
    rows = (
        ("others' poll lateness p99, the worst channel's", hung["late_p99_s"], "s", 2),
        ("processor", hung["cpu_percent"], "% of a core", None),
    )
    told = [
        Figure(
            scenario=where,
            what=what,
            value=value,
            unit=unit,
            sense=None if goal is None else "at most",
            goal=goal,
        )
        for what, value, unit, goal in rows
    ]
    share = ratio(listed["answers"], listed["calls"])
    return [
        *told,
        Figure(
            scenario=f"{listed['tasks']} tasks, one list",
            what="tasks served by one call",
            value=share,
            unit="tasks",
            sense="at least",
            goal=TOGETHER * 0.95,
        ),
    ]
