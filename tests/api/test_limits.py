"""Limits as callers see them: 429 in the usual envelope, when to try again, and what is left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reelgate.core.limits import Allowance, Subject
from reelgate.engine.limits import set_allowance
from reelgate.store import keys as key_rows
from reelgate.store.tables import DEFAULT_USER
from tests.api.harness import Answer, Bench

LEFT = ("x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests")


async def allow(
    bench: Bench, subject: Subject = Subject.USER, subject_id: str = DEFAULT_USER, **v: Any
) -> None:
    await set_allowance(bench.ctx, Allowance(subject=subject, id=subject_id, **v))


async def ask(bench: Bench, **more: Any) -> Answer:
    headers = more.pop("headers", {})
    return await bench.post("/v1/videos", {"prompt": "a kite", "size": "64x64", **more}, headers=headers)


def left(answer: Answer) -> tuple[str | None, ...]:
    return tuple(answer.headers.get(name) for name in LEFT)


async def test_without_limits_no_header_speaks_of_any(bench: Bench) -> None:
    assert left(await ask(bench)) == (None, None, None)


async def test_a_create_says_what_is_left_and_the_one_too_many_when_to_return(bench: Bench) -> None:
    await allow(bench, requests_per_minute=2)

    first, second, third = await ask(bench), await ask(bench), await ask(bench)

    assert left(first) == ("2", "1", "30s")
    assert left(second) == ("2", "0", "1m0s")
    assert third.status == 429
    assert left(third) == ("2", "0", "1m0s")
    assert third.headers["retry-after"] == "30"
    assert third.headers["x-should-retry"] == "true"
    error = third.json()["error"]
    assert (error["type"], error["code"], error["param"]) == ("rate_limit_error", "rate_limited", None)
    assert "30s" in error["message"]

    await bench.clock.advance(30)
    assert (await ask(bench)).status == 200


async def test_a_repeated_create_is_not_counted(bench: Bench) -> None:
    await allow(bench, requests_per_minute=1)
    key = {"idempotency-key": "once"}

    first, again = await ask(bench, headers=key), await ask(bench, headers=key)
    retried = await ask(bench, headers={"x-stainless-retry-count": "1"})

    assert (first.status, again.status) == (200, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.headers["idempotent-replayed"] == "true"
    assert retried.json()["id"] == first.json()["id"]


async def test_too_many_unfinished_videos_are_refused_with_their_own_code(bench: Bench) -> None:
    await allow(bench, concurrency=1)
    await ask(bench)

    refused = await ask(bench)

    assert refused.status == 429
    assert refused.json()["error"]["code"] == "concurrency_limited"
    assert int(refused.headers["retry-after"]) >= 1


async def test_a_limit_on_all_calls_counts_reads_too(bench: Bench) -> None:
    (key,) = await bench.ctx.backend.point(key_rows.all_keys)
    await allow(bench, Subject.KEY, key.id, calls_per_minute=2)

    first = await bench.ask("GET", "/v1/videos")
    second = await ask(bench)
    third = await bench.ask("GET", "/v1/models")

    assert left(first) == ("2", "1", "30s")
    assert (second.status, left(second)) == (200, ("2", "0", "1m0s"))
    assert third.status == 429


async def test_a_refused_key_is_not_counted(bench: Bench) -> None:
    await allow(bench, calls_per_minute=1)

    assert (await bench.ask("GET", "/v1/videos", key="wrong")).status == 401
    assert (await bench.ask("GET", "/v1/videos")).status == 200


@pytest.mark.parametrize("name", ["start_after", "scheduled_at"])
async def test_a_scheduled_video_is_queued_and_says_when(bench: Bench, name: str) -> None:
    due = bench.clock.now_ms() // 1000 + 600

    made = (await ask(bench, **{name: due})).json()
    seen = (await bench.ask("GET", f"/v1/videos/{made['id']}")).json()
    plain = (await ask(bench, prompt="now")).json()

    assert (made["status"], made["start_after"]) == ("queued", due)
    assert (seen["status"], seen["start_after"]) == ("queued", due)
    assert "start_after" not in plain


async def test_a_start_may_be_written_as_a_date(bench: Bench) -> None:
    due = bench.clock.now_ms() // 1000 + 600
    written = datetime.fromtimestamp(due, UTC).isoformat().replace("+00:00", "Z")

    assert (await ask(bench, start_after=written)).json()["start_after"] == due
    assert (
        await bench.form("/v1/videos", [("prompt", "b"), ("size", "64x64"), ("start_after", str(due))])
    ).json()["start_after"] == due


@pytest.mark.parametrize(
    "wrong", ["soon", "2030-01-31T08:00:00", "2030-99-31T08:00:00Z", -1, 10**12, 4_000_000_000, True]
)
async def test_a_start_that_is_no_moment_is_refused_by_name(bench: Bench, wrong: Any) -> None:
    refused = await ask(bench, start_after=wrong)

    assert refused.status == 400
    assert refused.json()["error"]["param"] == "start_after"


async def test_a_priority_needs_leave_and_keeps_within_it(bench: Bench) -> None:
    without = await ask(bench, priority=1)
    await allow(bench, max_priority=3)
    within, beyond = await ask(bench, priority=3), await ask(bench, priority=4)

    assert (without.status, without.json()["error"]["param"]) == (400, "priority")
    assert within.status == 200
    assert (beyond.status, beyond.json()["error"]["param"]) == (400, "priority")
