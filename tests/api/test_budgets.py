"""What a key may spend: counted with what is set aside, whole again with its window, one clip at a time or many at once."""

from __future__ import annotations

import asyncio

import pytest

from reelgate.auth.keys import Grant
from reelgate.core.lifecycle import Status
from reelgate.core.money import Micro
from reelgate.core.people import BudgetWindow
from tests.api.harness import Answer, Bench

CLIP: dict[str, object] = {"prompt": "a red kite", "size": "64x64", "seconds": "4"}
PRICE = 400_000
"""Four seconds of the scripted model, in micro-units."""


async def key_with(
    bench: Bench, clips: float, window: BudgetWindow = BudgetWindow.TOTAL, currency: str = "USD"
) -> str:
    budget = Micro(int(clips * PRICE))
    return await bench.new_key(grant=Grant(budget=budget, window=window, currency=currency))


async def create(bench: Bench, key: str) -> Answer:
    return await bench.post("/v1/videos", CLIP, key=key)


async def test_a_budget_is_spent_clip_by_clip_and_then_refused(bench: Bench):
    key = await key_with(bench, 2.5)

    said = [await create(bench, key) for _ in range(3)]

    assert [one.status for one in said] == [200, 200, 402]
    assert said[-1].error["code"] == "budget_exceeded"
    assert "1.00 USD" in said[-1].error["message"]
    # Another key of the same person is not touched.
    assert (await create(bench, bench.key)).status == 200


async def test_many_at_once_spend_no_more_than_one_by_one(bench: Bench):
    key = await key_with(bench, 3)

    said = await asyncio.gather(*(create(bench, key) for _ in range(12)))

    assert sorted(one.status for one in said) == [200] * 3 + [402] * 9


@pytest.mark.parametrize(
    ("window", "seconds", "whole_again"),
    [
        (BudgetWindow.DAY, 86_400, True),
        (BudgetWindow.MONTH, 32 * 86_400, True),
        (BudgetWindow.TOTAL, 400 * 86_400, False),
    ],
)
async def test_a_budget_is_whole_again_when_its_window_opens(
    bench: Bench, window: BudgetWindow, seconds: int, whole_again: bool
):
    key = await key_with(bench, 1, window)
    assert (await create(bench, key)).status == 200
    assert (await create(bench, key)).status == 402

    await bench.clock.advance(seconds)

    assert (await create(bench, key)).status == (200 if whole_again else 402)


async def test_a_budget_in_another_currency_pays_for_nothing(bench: Bench):
    key = await key_with(bench, 5, currency="EUR")

    answer = await create(bench, key)

    assert (answer.status, answer.error["code"]) == (402, "budget_exceeded")


async def test_the_same_create_sent_again_is_not_counted_again(bench: Bench):
    key = await key_with(bench, 1)
    headers = {"idempotency-key": "once"}

    first = await bench.post("/v1/videos", CLIP, key=key, headers=headers)
    again = await bench.post("/v1/videos", CLIP, key=key, headers=headers)

    assert (first.status, again.status) == (200, 200)
    assert first.json()["id"] == again.json()["id"]


async def test_what_was_let_go_may_be_spent_again(bench: Bench):
    key = await key_with(bench, 1)
    video = (await create(bench, key)).json()["id"]
    assert (await create(bench, key)).status == 402

    gone = await bench.ask("DELETE", f"/v1/videos/{video}", key=key)

    assert gone.status == 200
    row = await bench.ask("GET", f"/v1/videos/{video}", key=key)
    assert row.status == 404 or row.json()["status"] == Status.FAILED.value
    assert (await create(bench, key)).status == 200
