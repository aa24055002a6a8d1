"""Settings on the command line, the log of what commands changed, and a doctor that notices tampering."""

from __future__ import annotations

import http.client
import json
import sqlite3
import time
from urllib.parse import urlsplit

import pytest

from tests.cli.conftest import Command


def test_a_setting_is_shown_changed_remembered_and_left_again(reelgate: Command) -> None:
    assert reelgate("settings", "get", "prompt_max").out.strip() == "32000"
    assert "now 10000" in reelgate("settings", "set", "prompt_max", "10000").out
    assert reelgate("settings", "get", "prompt_max", "--json").json()["value"] == 10_000
    assert reelgate("settings", "set", "prompt_max", "--default").code == 0
    assert reelgate("settings", "get", "prompt_max").out.strip() == "32000"
    changes = reelgate("settings", "history", "prompt_max", "--json").json()
    assert [(one["before"], one["value"]) for one in changes] == [(10_000, None), (None, 10_000)]
    listed = {one["key"]: one for one in reelgate("settings", "list", "--json").json()}
    assert listed["poll_policy"]["value"] == "planned"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("set", "prompt_max", "many"), 2),
        (("set", "prompt_max", "-1"), 2),
        (("set", "prompt_max"), 2),
        (("set", "prompt_max", "5", "--default"), 2),
        (("set", "nonsense", "5"), 3),
        (("get", "nonsense"), 3),
        (("history", "nonsense"), 3),
    ],
)
def test_what_no_setting_can_be_is_refused(reelgate: Command, arguments: tuple[str, ...], code: int) -> None:
    assert reelgate("settings", *arguments).code == code


def test_what_a_command_changes_is_in_the_audit_log_and_the_doctor_walks_it(reelgate: Command) -> None:
    """The audit log of 003-22."""
    reelgate("settings", "set", "prompt_max", "10000")
    reelgate("limits", "set", "user", "default", "--rpm", "5")
    database = reelgate.data / "reelgate.db"

    with sqlite3.connect(database) as conn:
        found = conn.execute("SELECT action, actor FROM audit ORDER BY seq").fetchall()
    conn.close()
    assert [action for action, _ in found] == ["reelgate settings set", "reelgate limits set"]
    assert all(actor.startswith("command line") for _, actor in found)
    well = {one["check"]: one for one in reelgate("doctor", "--json").json()}
    assert well["audit"]["state"] == "ok"

    with sqlite3.connect(database) as conn:
        conn.execute("UPDATE audit SET details = '{}' WHERE seq = 1")
    conn.close()
    ill = {one["check"]: one for one in reelgate("doctor", "--json").json()}
    assert ill["audit"]["state"] == "fail"
    assert "entry 1" in ill["audit"]["finding"]


def test_a_running_server_takes_a_changed_setting_over(reelgate: Command) -> None:
    key = reelgate("keys", "create", "website").out.split()[-1]
    with reelgate.serving() as address:

        def status(prompt: str) -> int:
            body = json.dumps({"prompt": prompt, "seconds": "4"}).encode()
            headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
            connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
            try:
                connection.request("POST", "/v1/videos?dry_run=true", body, headers)
                return connection.getresponse().status
            finally:
                connection.close()

        assert status("a red kite") == 200
        reelgate("settings", "set", "prompt_max", "5")
        until = time.monotonic() + 60
        while status("a red kite") == 200:
            assert time.monotonic() < until, "the server never heard of it"
            time.sleep(0.05)
        assert status("kite") == 200
