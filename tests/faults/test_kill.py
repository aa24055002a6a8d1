"""Killing the server at random moments: nothing is paid twice, nothing is lost, nothing waits for ever."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from tests.faults.conftest import Server, bill, reelgate, upstream

TASKS = 200
KILLS = 6
ENDED = {"completed", "failed"}


def _channel(data: Path, base_url: str) -> str:
    key = json.loads(reelgate(data, "keys", "create", "faults", "--json"))["key"]
    reelgate(
        data,
        "channels", "add", "up", "--dialect", "openai_videos", "--base-url", base_url,
        "--secret-file", "-", "--model", "demo=sim-1", "--concurrency", "40",
        "--poll-seconds", "0.3", "--self-hosted",
        stdin="sk-simulated\n",
    )  # fmt: skip
    return key


def test_random_kills_never_pay_twice_and_every_task_ends(tmp_path: Path) -> None:
    """Shows 000-27, 002-22, 002-05."""

    data = tmp_path / "data"
    data.mkdir()
    rng = random.Random(20260924)
    env = {"REELGATE_UNCONFIRMED_TIMEOUT_S": "5", "REELGATE_LOG_LEVEL": "warning"}
    options = ("--queue", "0.3", "--run", "1.2", "--chance", "drop_after_accept=0.05", "--seed", "7")
    with upstream(tmp_path, *options) as base_url, ExitStack() as stack:
        key = _channel(data, base_url)
        server = stack.enter_context(Server(data, env))
        made: list[str] = []
        next_kill = time.monotonic() + rng.uniform(0.2, 1.5)
        kills = 0
        while len(made) < TASKS or kills < KILLS:
            if len(made) < TASKS:
                body = {"model": "demo", "prompt": f"clip {len(made)}", "seconds": "4", "size": "720x1280"}
                answer = server.call("POST", "/v1/videos", key, body)
                if answer is not None:
                    made.append(answer["id"])
            else:
                time.sleep(0.05)
            if kills < KILLS and time.monotonic() >= next_kill:
                assert server.process is not None
                server.process.kill()
                kills += 1
                server.start()
                next_kill = time.monotonic() + rng.uniform(0.1, 1.2)

        statuses = _until_ended(server, key, made)
        assert server.stop() == 0

    charges = Counter(line["prompt"] for line in bill(tmp_path))
    assert max(charges.values()) == 1, "a task was submitted twice"
    assert set(statuses.values()) <= ENDED
    assert Counter(statuses.values())["completed"] >= TASKS * 0.7
    reelgate(data, "doctor", "--invariants")
    rows = _rows(data)
    for task_id, status in statuses.items():
        assert status == ("completed" if rows[task_id][0] == "completed" else "failed")
        if rows[task_id][0] == "failed":
            assert '"submission_unknown"' in rows[task_id][1]


def _until_ended(server: Server, key: str, made: list[str]) -> dict[str, str]:
    statuses: dict[str, str] = {}
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        for task_id in made:
            if statuses.get(task_id) not in ENDED:
                answer = server.call("GET", f"/v1/videos/{task_id}", key)
                assert answer is not None
                statuses[task_id] = answer["status"]
        if all(status in ENDED for status in statuses.values()):
            break
        time.sleep(0.5)
    return statuses


def _rows(data: Path) -> dict[str, tuple[str, str]]:
    with sqlite3.connect(data / "reelgate.db") as conn:
        return {r[0]: (r[1], r[2] or "") for r in conn.execute("SELECT id, status, error FROM tasks")}


def test_a_stop_signal_drains_and_exits_in_time(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with upstream(tmp_path, "--queue", "60", "--run", "60") as base_url, ExitStack() as stack:
        key = _channel(data, base_url)
        server = stack.enter_context(Server(data))
        for n in range(20):
            body = {"model": "demo", "prompt": f"clip {n}", "seconds": "4", "size": "720x1280"}
            assert server.call("POST", "/v1/videos", key, body) is not None
        time.sleep(1.0)

        assert server.stop() == 0

        rows = _rows(data)
        assert {status for status, _ in rows.values()} <= {"running", "queued"}
    assert len(bill(tmp_path)) == sum(status == "running" for status, _ in rows.values())
