"""The inbox: doubt is visible, and a person's word ends it."""

from __future__ import annotations

import json
import time
from contextlib import ExitStack
from pathlib import Path

from tests.faults.conftest import Server, bill, reelgate, upstream


def test_a_doubtful_submission_waits_in_the_inbox_until_somebody_decides(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with upstream(tmp_path, "--queue", "0.1", "--run", "0.2", "--no-list") as base_url, ExitStack() as stack:
        key = json.loads(reelgate(data, "keys", "create", "k", "--json"))["key"]
        reelgate(
            data,
            "channels", "add", "up", "--dialect", "openai_videos", "--base-url", base_url,
            "--secret-file", "-", "--model", "demo=sim-1", "--poll-seconds", "0.2", "--self-hosted",
            stdin="sk-simulated\n",
        )  # fmt: skip
        server = stack.enter_context(Server(data, {"REELGATE_LOG_LEVEL": "warning"}))
        kept, given_up = (_doubtful(server, key, n) for n in range(2))
        _until(lambda: len(json.loads(reelgate(data, "inbox", "list", "--json"))) == 2)

        ref = bill(tmp_path)[0]["ref"]
        reelgate(data, "inbox", "exists", kept, ref)
        reelgate(data, "inbox", "give-up", given_up)

        _until(lambda: server.call("GET", f"/v1/videos/{kept}", key)["status"] == "completed")
        assert server.call("GET", f"/v1/videos/{given_up}", key)["status"] == "failed"
        assert json.loads(reelgate(data, "inbox", "list", "--json")) == []
        assert server.stop() == 0

    assert len(bill(tmp_path)) == 2
    reelgate(data, "doctor", "--invariants")


def _doubtful(server: Server, key: str, number: int) -> str:
    body = {"model": "demo", "prompt": f"clip {number} [fault:drop_after_accept]", "seconds": "4"}
    return server.call("POST", "/v1/videos", key, body)["id"]


def _until(holds: object, limit_s: float = 40.0) -> None:
    assert callable(holds)
    deadline = time.monotonic() + limit_s
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)
