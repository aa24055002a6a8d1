"""Everything an upstream is known to do, done to a real server: one charge at most, no task lost, no invariant broken."""

from __future__ import annotations

import json
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from reelgate.testing.upstream.faults import FAULTS, Stage
from tests.faults.conftest import Server, bill, reelgate, upstream

SETTLING_S = 30.0
REFUSED = {
    "refuse": "invalid_request",
    "moderation": "content_policy",
}
PAUSED = ("unauthorized", "payment", "forbidden")
"""What shuts the channel's only key: its tasks wait for a person or for the next try."""
FAILED = {
    "fails": "upstream_internal",
    "fails_moderation": "content_policy",
    "fails_as_http": None,
    "withheld": None,
}
STILL_FINE = (
    "regress", "unknown_word", "shouting", "progress_over", "progress_falls", "progress_float", "flapping",
    "poll_html", "poll_empty", "poll_null", "poll_error", "poll_200_error", "poll_huge",
)  # fmt: skip


@pytest.mark.slow
def test_every_known_behaviour_costs_one_charge_at_most(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with upstream(tmp_path, "--queue", "0.2", "--run", "0.6") as base_url, ExitStack() as stack:
        key = json.loads(reelgate(data, "keys", "create", "faults", "--json"))["key"]
        # A channel for each: what one behaviour does to its channel's health is no concern of the others.
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda fault: _channel(data, base_url, fault), FAULTS))
        env = {
            "REELGATE_UNCONFIRMED_TIMEOUT_S": "6",
            "REELGATE_LOG_LEVEL": "warning",
            "REELGATE_DRAIN_S": "2",
        }
        server = stack.enter_context(Server(data, env))
        made = {fault: _create(server, key, fault) for fault in FAULTS}
        last = _settle(server, key, made)
        assert server.stop() == 0

    charges = Counter(line["prompt"] for line in bill(tmp_path))
    for fault in FAULTS.values():
        charged = charges[_prompt(fault.name)]
        assert charged <= 1, fault.name
        assert charged == 0 or fault.stage is not Stage.BEFORE, fault.name
        assert charged == 1 or fault.stage is Stage.BEFORE, fault.name
    for fault, code in REFUSED.items():
        assert last[fault]["status"] == "failed", fault
        assert last[fault]["error"]["code"] == code
    for fault in PAUSED:
        assert (last[fault]["status"], charges[_prompt(fault)]) == ("queued", 0), fault
    for fault, code in FAILED.items():
        assert last[fault]["status"] == "failed", fault
        assert code is None or last[fault]["error"]["code"] == code
    for fault in STILL_FINE:
        assert last[fault]["status"] == "completed", (fault, last[fault])
    assert last["never_ends"]["status"] == "in_progress"
    reelgate(data, "doctor", "--invariants")


def _prompt(fault: str) -> str:
    return f"a clip [fault:{fault}]"


def _channel(data: Path, base_url: str, fault: str) -> None:
    reelgate(
        data,
        "channels", "add", f"up-{fault}", "--dialect", "openai_videos", "--base-url", base_url,
        "--secret-file", "-", "--model", f"m-{fault}=sim-1", "--poll-seconds", "0.3", "--self-hosted",
        stdin="sk-simulated\n",
    )  # fmt: skip


def _create(server: Server, key: str, fault: str) -> str:
    body = {"model": f"m-{fault}", "prompt": _prompt(fault), "seconds": "4", "size": "720x1280"}
    answer = server.call("POST", "/v1/videos", key, body)
    assert answer is not None
    return answer["id"]


def _settle(server: Server, key: str, made: dict[str, str]) -> dict[str, dict[str, Any]]:
    wanted = {*REFUSED, *FAILED, *STILL_FINE}
    deadline = time.monotonic() + SETTLING_S * 3
    quiet = time.monotonic() + SETTLING_S / 3
    last: dict[str, dict[str, Any]] = {}
    while time.monotonic() < deadline:
        for fault, task_id in made.items():
            if last.get(fault, {}).get("status") not in ("completed", "failed"):
                last[fault] = server.call("GET", f"/v1/videos/{task_id}", key)
        ended = all(last[fault]["status"] in ("completed", "failed") for fault in wanted)
        if ended and time.monotonic() >= quiet:
            break
        time.sleep(0.5)
    return last
