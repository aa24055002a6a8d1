"""Doubt is visible to operators whoever's it is, and their word ends it."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate.auth.scopes import Scope
from reelgate.core.lifecycle import Status
from reelgate.core.task import Attempt, AttemptState
from reelgate.store import attempts as attempt_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from tests.api.harness import Bench

INBOX = "/api/admin/inbox"


async def doubtful(bench: Bench, key: str) -> str:
    """Make a task whose submission nobody can vouch for."""
    made = await bench.post("/v1/videos", {"prompt": "a red kite", "size": "64x64"}, key=key)
    video_id = made.json()["id"]
    now = bench.clock.now_ms()

    def work(conn: Connection) -> None:
        task = task_rows.get(conn, video_id)
        assert task is not None
        attempt = Attempt(
            id=bench.ctx.ids.new("att"),
            task_id=video_id,
            number=1,
            channel_id="chan_one",
            upstream_model="scripted-1",
            client_token=bench.ctx.ids.token(),
            state=AttemptState.UNCLEAR,
            ref=None,
            error=None,
            lease_epoch=task.lease_epoch,
            created_at=now,
            submitted_at=now,
            ended_at=None,
        )
        attempt_rows.insert(conn, attempt)
        sent: dict[str, Any] = {"channel_id": "chan_one", "attempt_id": attempt.id, "attempts": 1}
        for before, status in ((Status.QUEUED, Status.SUBMITTING), (Status.SUBMITTING, Status.UNCONFIRMED)):
            changes = {"status": status, **sent}
            assert task_rows.move(
                conn, video_id, epoch=task.lease_epoch, before=frozenset({before}), changes=changes, now=now
            )

    await bench.ctx.backend.write(work)
    return video_id


@pytest.fixture
async def operator(bench: Bench) -> str:
    return await bench.new_key(frozenset({Scope.ADMIN}))


async def test_what_is_in_doubt_is_listed_for_all_projects_with_what_can_be_decided(
    bench: Bench, operator: str
):
    mine, theirs = await doubtful(bench, bench.key), await doubtful(bench, await bench.stranger())

    listed = (await bench.ask("GET", INBOX, key=operator)).json()["data"]

    assert {one["id"] for one in listed} == {mine, theirs}
    assert all(one["status"] == "unconfirmed" for one in listed)
    assert {one["channel"] for one in listed} == {"one"}
    assert all(set(one["decisions"]) == {"exists", "resend", "give_up"} for one in listed)


async def test_a_word_of_the_operator_ends_the_doubt(bench: Bench, operator: str):
    found, gone, over = [await doubtful(bench, await bench.stranger()) for _ in range(3)]

    exists = await bench.post(f"{INBOX}/{found}", {"decision": "exists", "ref": "job-7"}, key=operator)
    resent = await bench.post(f"{INBOX}/{gone}", {"decision": "resend"}, key=operator)
    ended = await bench.post(f"{INBOX}/{over}", {"decision": "give_up"}, key=operator)

    assert (exists.json()["status"], resent.json()["status"], ended.json()["status"]) == (
        "running",
        "queued",
        "failed",
    )
    assert (await bench.ask("GET", INBOX, key=operator)).json()["data"] == []
    again = await bench.post(f"{INBOX}/{over}", {"decision": "give_up"}, key=operator)
    assert again.status == 400


async def test_a_word_that_says_nothing_is_refused_and_decides_nothing(bench: Bench, operator: str):
    task = await doubtful(bench, bench.key)

    nameless = await bench.post(f"{INBOX}/{task}", {"decision": "exists"}, key=operator)
    unknown = await bench.post(f"{INBOX}/{task}", {"decision": "perhaps"}, key=operator)
    absent = await bench.post(f"{INBOX}/video_{'0' * 26}", {"decision": "give_up"}, key=operator)
    owner = await bench.post(f"{INBOX}/{task}", {"decision": "give_up"})

    assert (nameless.status, nameless.error["param"]) == (400, "ref")
    assert (unknown.status, unknown.error["param"]) == (400, "decision")
    assert (absent.status, owner.status) == (404, 403)
    assert len((await bench.ask("GET", INBOX, key=operator)).json()["data"]) == 1
