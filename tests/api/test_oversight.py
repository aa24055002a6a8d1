"""What administrators change is written down with the change; what anybody does they can read themselves."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reelgate.api.admin.audit import COLUMNS
from reelgate.auth.access import Policy
from reelgate.auth.permissions import PERMISSIONS
from reelgate.auth.scopes import Scope
from reelgate.core.lifecycle import Status
from reelgate.engine import tuning
from reelgate.engine.context import Limits
from reelgate.engine.statistics import Statistics
from tests.api.browser import SECRET, Browser, first_admin
from tests.api.harness import Bench, open_bench

SETTINGS = "/api/admin/settings"


@pytest.fixture
async def admin(bench: Bench) -> str:
    return await bench.new_key(scopes=frozenset({Scope.ADMIN}))


async def entries(bench: Bench, admin: str) -> list[dict[str, Any]]:
    return (await bench.ask("GET", "/api/admin/audit", key=admin)).json()["data"]


async def test_a_setting_is_in_force_at_once_written_down_and_remembered(bench: Bench, admin: str) -> None:
    answer = await bench.post(SETTINGS, {"values": {"prompt_max": 5, "poll_policy": "fixed:30"}}, key=admin)

    assert answer.status == 200, answer.body
    shown = {one["key"]: one for one in answer.json()["data"]}
    assert (shown["prompt_max"]["value"], shown["prompt_max"]["is_set"]) == (5, True)
    assert shown["poll_policy"]["help"]["zh"]
    refused = await bench.post("/v1/videos", {"prompt": "longer than that"})
    assert (refused.status, refused.error["param"]) == (400, "prompt")
    history = (await bench.ask("GET", f"{SETTINGS}/prompt_max/history", key=admin)).json()["data"]
    assert [(one["before"], one["value"]) for one in history] == [(None, 5)]
    (entry,) = await entries(bench, admin)
    assert entry["details"]["asked"] == {"values": {"prompt_max": 5, "poll_policy": "fixed:30"}}
    assert (entry["action"], entry["outcome"]) == (f"POST {SETTINGS}", "done")
    assert entry["address"] == "127.0.0.1"


async def test_a_change_says_what_was_there_before_and_who_is_meant(bench: Bench, admin: str) -> None:
    await bench.post(SETTINGS, {"values": {"prompt_max": 5}}, key=admin)
    await bench.post(SETTINGS, {"values": {"prompt_max": 7}}, key=admin)
    await bench.ask("PUT", "/api/admin/aliases/sora-2", body=b'{"model": "demo"}', key=admin)

    alias, change, _ = await entries(bench, admin)
    assert change["details"]["before"] == {"prompt_max": 5}
    assert change["details"]["asked"] == {"values": {"prompt_max": 7}}
    assert change["actor_name"] == "default"
    assert alias["details"]["before"] == {"model": "demo"}
    (last, first) = (await bench.ask("GET", f"{SETTINGS}/prompt_max/history", key=admin)).json()["data"]
    assert (last["before"], first["before"], last["actor_name"]) == (5, None, "default")


async def test_the_log_is_sought_by_who_what_and_when(bench: Bench, admin: str) -> None:
    await bench.post(SETTINGS, {"values": {"prompt_max": 5}}, key=admin)
    await bench.clock.advance(60)
    middle = bench.clock.now_ms()
    await bench.post(SETTINGS, {"values": {"nonsense": 5}}, key=admin)
    await bench.ask("PUT", "/api/admin/aliases/sora-2", body=b'{"model": "demo"}', key=admin)

    async def sought(query: str) -> list[int]:
        found = await bench.ask("GET", f"/api/admin/audit?{query}", key=admin)
        assert found.status == 200, found.body
        return [one["seq"] for one in found.json()["data"]]

    assert await sought("outcome=refused") == [2]
    assert await sought("subject=SORA") in ([], [3])
    assert await sought("subject=sora") == [3]
    assert await sought("subject=%25") == []
    assert await sought(f"action=POST%20{SETTINGS}") == [2, 1]
    assert await sought(f"since={middle}") == [3, 2]
    assert await sought(f"until={middle}") == [1]
    assert await sought("actor=nobody") == []
    lines = (await bench.ask("GET", "/api/admin/audit?format=jsonl&outcome=refused", key=admin)).body
    assert [json.loads(line)["seq"] for line in lines.splitlines()] == [2]
    for wrong in ("outcome=maybe", "since=x", "until=-1", "before=x"):
        answer = await bench.ask("GET", f"/api/admin/audit?{wrong}", key=admin)
        assert (answer.status, answer.error["param"]) == (400, wrong.partition("=")[0])


async def test_a_setting_goes_back_to_its_default(bench: Bench, admin: str) -> None:
    before = bench.ctx.limits
    await bench.post(SETTINGS, {"values": {"prompt_max": 5}}, key=admin)
    assert bench.ctx.limits != before
    await bench.post(SETTINGS, {"values": {"prompt_max": None}}, key=admin)

    assert bench.ctx.limits == before


async def test_limits_of_bodies_follow_their_settings(bench: Bench, admin: str) -> None:
    await bench.post(SETTINGS, {"values": {"json_max_bytes": 4096}}, key=admin)

    assert (await bench.post("/v1/videos", {"prompt": "x" * 5000})).status == 413


async def test_what_another_process_set_is_taken_over(bench: Bench) -> None:
    await tuning.change(bench.ctx, "somebody", {"key_requests_per_minute": 1})
    assert not bench.ctx.allowances.creates
    await tuning.reload(bench.ctx)

    assert bench.ctx.allowances.creates
    await bench.made()
    assert (await bench.post("/v1/videos", {"prompt": "again", "size": "64x64"})).status == 429


@pytest.mark.parametrize(
    ("values", "param"),
    [
        ({"prompt_max": "many"}, "prompt_max"),
        ({"nonsense": 1}, "nonsense"),
        ({}, "values"),
        ([], "values"),
        ("x", "values"),
        (None, "values"),
        ({"prompt_max": 10, "poll_policy": "never"}, "poll_policy"),
    ],
)
async def test_a_wrong_change_changes_nothing_and_is_written_down_as_refused(
    bench: Bench, admin: str, values: object, param: str
) -> None:
    answer = await bench.post(SETTINGS, {"values": values}, key=admin)

    assert (answer.status, answer.error["param"]) == (400, param)
    assert not bench.ctx.tuning.set
    (entry,) = await entries(bench, admin)
    assert (entry["outcome"], entry["details"]["code"]) == ("refused", "invalid_request")


async def test_secrets_are_left_out(bench: Bench, admin: str) -> None:
    canary = "sk-" + "c4n4ry" * 6
    await bench.post(
        SETTINGS, {"values": {"api_key": canary}, "password": canary, "note": f"Bearer {canary}"}, key=admin
    )

    assert canary not in json.dumps(await entries(bench, admin))


async def test_the_log_is_taken_out_whole_and_checked(bench: Bench, admin: str) -> None:
    for number in range(3):
        await bench.post(SETTINGS, {"values": {"prompt_max": number + 10}}, key=admin)

    lines = (await bench.ask("GET", "/api/admin/audit?format=jsonl", key=admin)).body.splitlines()
    table = (await bench.ask("GET", "/api/admin/audit?format=csv", key=admin)).body.decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert [json.loads(line)["seq"] for line in lines] == [1, 2, 3]
    assert tuple(rows[0]) == COLUMNS
    assert [row["digest"] for row in rows] == [json.loads(line)["digest"] for line in lines]
    check = (await bench.ask("GET", "/api/admin/audit/check", key=admin)).json()
    assert check == {"holds": True, "entries": 3, "head": rows[-1]["digest"]}
    assert (await bench.ask("GET", "/api/admin/audit?format=xml", key=admin)).status == 400
    page = (await bench.ask("GET", "/api/admin/audit?limit=2&before=3", key=admin)).json()
    assert [one["seq"] for one in page["data"]] == [2, 1]


async def test_oversight_is_for_administrators(bench: Bench) -> None:
    for (method, path), scope in PERMISSIONS.items():
        if path.startswith("/api/admin/"):
            assert scope is not Scope.VIDEOS_READ
            if method == "GET" and "{" not in path:
                assert (await bench.ask(method, path)).status == 403, path


async def test_everybody_reads_their_own_activity_page_by_page_or_as_a_file(bench: Bench) -> None:
    """The activity log of 003-10."""
    video_id = await bench.made()
    made = await bench.post(
        "/v1/webhook_endpoints",
        {"name": "=cmd()", "url": "https://93.184.216.34/", "event_types": ["video.failed"]},
        headers={"user-agent": "=evil"},
    )
    assert made.status == 200

    first = (await bench.ask("GET", "/api/account/activity?limit=1")).json()
    second = (await bench.ask("GET", f"/api/account/activity?limit=5&cursor={first['nextCursor']}")).json()
    both = first["data"] + second["data"]
    assert {(one["action"], one["subject"]) for one in both} == {
        ("POST /v1/webhook_endpoints", None),
        ("video.created", video_id),
    }
    assert second["nextCursor"] is None
    table = (await bench.ask("GET", "/api/account/activity?format=csv")).body.decode()
    assert "'=evil" in table
    stranger = await bench.stranger()
    theirs = (await bench.ask("GET", "/api/account/activity", key=stranger)).json()["data"]
    assert video_id not in {one["subject"] for one in theirs}


@pytest.mark.parametrize("cursor", ["x", "1", "12-", "-", "99999999999999999999-act_1"])
async def test_a_cursor_that_is_none_of_ours_is_refused_or_ends_the_list(bench: Bench, cursor: str) -> None:
    assert (await bench.ask("GET", f"/api/account/activity?cursor={cursor}")).status in (200, 400)


async def test_statistics_tell_how_tasks_went_as_json_and_as_a_table(bench: Bench, admin: str) -> None:
    done, lost, _ = [await bench.made() for _ in range(3)]
    await bench.run(done)
    await bench.clock.advance(30)
    await bench.move(done, Status.ARCHIVING)
    await bench.move(done, Status.COMPLETED, completed_at=bench.clock.now_ms(), progress=100, polls=6)
    await bench.fail(lost)

    found = (await bench.ask("GET", "/api/admin/statistics", key=admin)).json()["data"]
    whole = found["whole"]
    assert (whole["tasks"], whole["completed"], whole["failed"], whole["open"]) == (3, 1, 1, 1)
    assert whole["success_rate"] == 0.5
    assert (whole["polls"], whole["polls_per_clip"]) == (6, 6.0)
    assert [line["name"] for line in found["by_model"]] == ["demo"]
    assert [line["name"] for line in found["by_channel"]] == ["one"]
    assert len(found["by_day"]) == 1
    assert found["step_ms"] == 86_400_000
    assert [(step["tasks"], step["completed"], step["open"]) for step in found["steps"]] == [(3, 1, 1)]
    assert found["latencies"]["clips"] == 1
    assert found["latencies"]["run"] == {"p50": 30_000, "p90": 30_000, "p99": 30_000}
    assert found["latencies"]["submit"]["p50"] == 0
    msgspec.convert(found, Statistics)
    table = (await bench.ask("GET", "/api/admin/statistics?format=csv", key=admin)).body.decode()
    rows = list(csv.DictReader(io.StringIO(table)))
    assert {row["polls"] for row in rows} == {"6"}
    assert [(row["of"], row["tasks"]) for row in rows] == [
        ("all", "3"),
        ("model", "3"),
        ("channel", "3"),
        ("day", "3"),
    ]
    assert (await bench.ask("GET", "/api/admin/statistics")).status == 403


@pytest.mark.parametrize("query", ["from=x", "to=-1", "from=5&to=5", "from=0&to=99999999999", "format=xml"])
async def test_a_stretch_that_is_none_is_refused(bench: Bench, admin: str, query: str) -> None:
    assert (await bench.ask("GET", f"/api/admin/statistics?{query}", key=admin)).status == 400


async def test_what_an_administrator_does_to_people_is_written_down_without_their_secrets(
    tmp_path: Path, empty: Path
) -> None:
    """Every administrator's write goes through one door; sign-ins are everybody's own to read (003-10, 003-22)."""
    async with open_bench(tmp_path, empty, Limits(), Policy()) as bench:
        await first_admin(bench)
        root = Browser(bench)
        await root.sign_in("root")
        made = await root.ask("POST", "/api/admin/users", {"username": "ada", "role": "operator"})
        assert made.status in (200, 201), made.body
        refused = await root.ask("POST", "/api/admin/users", {"username": "ada", "password": SECRET})
        assert refused.status >= 400

        log = (await root.ask("GET", "/api/admin/audit")).json()["data"]
        mine = (await root.ask("GET", "/api/account/activity")).json()["data"]
    assert [(one["action"], one["outcome"]) for one in log] == [
        ("POST /api/admin/users", "refused"),
        ("POST /api/admin/users", "done"),
    ]
    assert log[1]["details"]["asked"] == {"username": "ada", "role": "operator"}
    assert SECRET not in json.dumps(log)
    assert [one["action"] for one in mine] == ["sign_in"]
