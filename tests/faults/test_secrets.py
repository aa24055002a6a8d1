"""Secrets stay where they belong: not in a log, not in an answer, not in a file that anybody else reads."""

from __future__ import annotations

import json
import stat
import time
from contextlib import ExitStack
from pathlib import Path

from tests.faults.conftest import Server, reelgate, upstream

CANARY_SECRET = "sk-canary-upstream-0f3a9c51d2"
CANARY_WRONG = "sk-canary-stranger-77b1e0aa42"
CANARY_PROMPT = "canary prompt zebra 9184"
FAULTS = ("unauthorized", "moderation", "error_500_after", "html", "garbage", "drop_after_accept")


def test_no_secret_reaches_a_log_or_an_answer_even_at_debug(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    answers: list[str] = []
    with upstream(tmp_path, "--key", CANARY_SECRET) as base_url, ExitStack() as stack:
        key = json.loads(reelgate(data, "keys", "create", "canary", "--json"))["key"]
        reelgate(
            data,
            "channels", "add", "up", "--dialect", "openai_videos", "--base-url", base_url,
            "--secret-file", "-", "--model", "demo=sim-1", "--poll-seconds", "0.2", "--self-hosted",
            stdin=f"{CANARY_SECRET}\n",
        )  # fmt: skip
        answers.append(reelgate(data, "channels", "list", "--json"))
        answers.append(reelgate(data, "config", "--json"))
        env = {
            "REELGATE_LOG_LEVEL": "debug",
            "REELGATE_LOG_REQUESTS": "on",
            "REELGATE_UNCONFIRMED_TIMEOUT_S": "2",
        }
        server = stack.enter_context(Server(data, env))
        made: list[str] = []
        for fault in FAULTS:
            body = {"model": "demo", "prompt": f"{CANARY_PROMPT} [fault:{fault}]", "seconds": "4"}
            answer = server.call("POST", "/v1/videos", key, body)
            answers.append(json.dumps(answer).replace(CANARY_PROMPT, ""))
            if "id" in answer:
                made.append(answer["id"])
        answers.append(json.dumps(server.call("GET", "/v1/videos", CANARY_WRONG)))
        time.sleep(4)
        for task_id in made:
            answer = server.call("GET", f"/v1/videos/{task_id}", key)
            answers.append(json.dumps(answer).replace(CANARY_PROMPT, ""))
        assert server.stop() == 0

    log = (tmp_path / "server.log").read_text()
    assert len(made) >= 4
    assert log
    for canary in (CANARY_SECRET, CANARY_WRONG, key, CANARY_PROMPT):
        assert canary not in log
        assert not any(canary in answer for answer in answers)
    host = base_url.partition("//")[2].partition("/")[0]
    assert not any(host in answer for answer in answers[2:]), "an upstream's address reached a caller"


def test_two_installations_share_no_secret_and_none_is_readable_by_others(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "two"
    for data in (first, second):
        data.mkdir(mode=0o700)
        with Server(data) as server:
            assert server.call("GET", "/v1/videos", "changeme")["error"]["code"] == "invalid_api_key"
            assert server.stop() == 0

    assert (first / "key-pepper").read_bytes() != (second / "key-pepper").read_bytes()
    for name in ("key-pepper",):
        assert stat.S_IMODE((first / name).stat().st_mode) == 0o600
