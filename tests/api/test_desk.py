"""Everybody's queue: whoever keeps the installation running sees and ends all work, and reads what only its owner wrote."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from reelgate.auth.access import Policy
from reelgate.auth.scopes import Scope
from reelgate.core.lifecycle import Status
from reelgate.core.people import Role
from reelgate.engine.context import Limits
from tests.api.browser import Browser, first_admin, somebody
from tests.api.harness import Bench, open_bench
from tests.api.test_admin_inbox import doubtful
from tests.api.test_live import events

QUEUE = "/api/admin/queue"


@pytest.fixture
async def operator(bench: Bench) -> str:
    return await bench.new_key(frozenset({Scope.OPERATE}))


async def listed(bench: Bench, key: str, query: str = "") -> list[dict[str, Any]]:
    answer = await bench.ask("GET", f"{QUEUE}{query}", key=key)
    assert answer.status == 200, answer.body
    return answer.json()["data"]


async def test_open_work_of_every_project_is_listed_with_what_cancelling_does(bench: Bench, operator: str):
    waiting = await bench.made()
    running = (
        await bench.post("/v1/videos", {"prompt": "theirs", "size": "64x64"}, key=await bench.stranger())
    ).json()["id"]
    await bench.run(running)
    unclear = await doubtful(bench, await bench.stranger())
    over = await bench.made()
    await bench.complete(over)

    found = {one["id"]: one for one in await listed(bench, operator)}

    assert set(found) == {waiting, running, unclear}
    assert (found[waiting]["cancelling"], found[waiting]["position"]) == ("free", 1)
    assert found[running]["cancelling"] in ("stops", "may_be_charged")
    assert (found[running]["status"], found[running]["progress"]) == ("running", 10)
    assert found[unclear]["cancelling"] == "held"
    assert [one["id"] for one in await listed(bench, operator, "?status=completed")] == [over]


async def test_filters_and_pages_show_each_task_once(bench: Bench, operator: str):
    made = [await bench.made() for _ in range(5)]
    await bench.run(made[0])

    first = (await bench.ask("GET", f"{QUEUE}?status=queued&limit=3", key=operator)).json()
    second = (
        await bench.ask("GET", f"{QUEUE}?status=queued&limit=3&after={first['next']}", key=operator)
    ).json()

    ids = [one["id"] for page in (first, second) for one in page["data"]]
    assert sorted(ids) == sorted(made[1:])
    assert second["next"] is None
    assert (first["open"]["queued"], first["open"]["running"]) == (4, 1)
    assert [one["tasks"] for one in first["users"]] == [5]
    user = first["users"][0]["id"]
    assert len(await listed(bench, operator, f"?user={user}")) == 5
    assert await listed(bench, operator, "?user=nobody") == []
    assert await listed(bench, operator, "?channel=chan_other") == []
    assert len(await listed(bench, operator, "?model=demo&status=queued,running")) == 5


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ("status=asleep", "status"),
        ("after=x", "after"),
        ("limit=9999", "limit"),
        (f"user={'u' * 300}", "user"),
    ],
)
async def test_a_wrong_filter_is_refused_by_name(bench: Bench, operator: str, query: str, param: str):
    answer = await bench.ask("GET", f"{QUEUE}?{query}", key=operator)

    assert (answer.status, answer.error["param"]) == (400, param)


async def test_an_operator_ends_anybodys_task_and_it_is_written_down(bench: Bench, operator: str):
    stranger = await bench.stranger()
    task = (await bench.post("/v1/videos", {"prompt": "theirs", "size": "64x64"}, key=stranger)).json()["id"]

    ended = await bench.ask("POST", f"{QUEUE}/{task}/cancel", key=operator)

    assert (ended.status, ended.json()["status"]) == (200, "cancelled")
    seen = (await bench.ask("GET", f"/v1/videos/{task}", key=stranger)).json()
    assert seen["status"] == "failed"
    admin = await bench.new_key(frozenset({Scope.ADMIN}))
    log = (await bench.ask("GET", "/api/admin/audit", key=admin)).json()["data"]
    assert (log[0]["action"], log[0]["subject"]) == (f"POST {QUEUE}/{{task_id}}/cancel", task)
    absent = await bench.ask("POST", f"{QUEUE}/video_{'0' * 26}/cancel", key=operator)
    member = await bench.ask("POST", f"{QUEUE}/{task}/cancel")
    assert (absent.status, member.status) == (404, 403)


async def test_what_others_wrote_is_hidden_from_operators_and_not_from_administrators(
    tmp_path: Path, empty: Path
):
    async with open_bench(tmp_path, empty, Limits(), Policy()) as bench:
        await first_admin(bench)
        await somebody(bench, "ada")
        await somebody(bench, "olga", Role.OPERATOR)
        root, ada, olga = Browser(bench), Browser(bench), Browser(bench)
        for browser, name in ((root, "root"), (ada, "ada"), (olga, "olga")):
            await browser.sign_in(name)
        made = await ada.ask("POST", "/v1/videos", {"prompt": "a secret plan", "size": "64x64"})
        task = made.json()["id"]

        hidden = (await olga.ask("GET", QUEUE)).json()["data"]
        shown = (await root.ask("GET", QUEUE)).json()["data"]
        card = await olga.ask("GET", f"/api/admin/tasks/{task}")
        whole = await root.ask("GET", f"/api/admin/tasks/{task}")
        own = await olga.ask("POST", "/v1/videos", {"prompt": "my own", "size": "64x64"})
        mine = {one["id"]: one for one in (await olga.ask("GET", QUEUE)).json()["data"]}

    assert [(one["id"], one["prompt"], one["user"]) for one in hidden] == [(task, None, "ada")]
    assert [one["prompt"] for one in shown] == ["a secret plan"]
    assert b"secret plan" not in card.body
    assert b"secret plan" in whole.body
    assert mine[own.json()["id"]]["prompt"] == "my own"


async def test_operators_hear_of_everybodys_tasks_and_of_no_words(bench: Bench, operator: str):
    stream = bench.open("GET", "/api/admin/events", key=operator)
    assert (await stream.next())["status"] == 200
    await stream.until(b"retry")
    stranger = await bench.stranger()
    task = (
        await bench.post("/v1/videos", {"prompt": "a secret plan", "size": "64x64"}, key=stranger)
    ).json()["id"]
    bench.ctx.hub.wake()

    text = await stream.until(b"video.queued")
    while task.encode() not in text:
        text += await stream.until(b"\n\n")
    await bench.move(task, Status.SUBMITTING)
    text += await stream.until(b"video.submitting")
    await stream.leave()

    assert [kind for _, kind, data in events(text) if data["data"]["id"] == task] == [
        "video.queued",
        "video.submitting",
    ]
    assert b"secret" not in text
    async with asyncio.timeout(5):
        assert (await bench.ask("GET", "/api/admin/events")).status == 403
