"""The addresses upstreams call back to, from outside: secret, bounded, and silent about what they know."""

from __future__ import annotations

import pytest

from reelgate.engine.callbacks import BODY_MAX, BURST
from tests.api.harness import PEPPER, Bench


@pytest.fixture
def address(bench: Bench) -> str:
    bench.ctx.callbacks.open(PEPPER, None)
    return f"/callbacks/chan_one/{bench.ctx.callbacks.secret('chan_one')}"


async def test_who_knows_the_address_needs_no_key(bench: Bench, address: str) -> None:
    answer = await bench.post(address, {"id": "job-1"}, key=None)

    assert (answer.status, answer.json()) == (200, {"received": True})


async def test_the_attempt_may_stand_behind_the_secret(bench: Bench, address: str) -> None:
    answer = await bench.post(f"{address}/att_nobody", {"id": "job-1"}, key=None)

    assert answer.status == 200


@pytest.mark.parametrize("path", ["/callbacks/chan_one/{wrong}", "/callbacks/chan_other/{right}"])
async def test_a_wrong_secret_and_an_unknown_channel_are_answered_alike(
    bench: Bench, address: str, path: str
) -> None:
    """Administrators' keys open nothing here either, and the answer repeats nothing of the address."""
    right = address.rsplit("/", 1)[1]
    wrong = right[::-1]

    answer = await bench.post(path.format(right=right, wrong=wrong), {"id": "job-1"})

    assert answer.status == 404
    assert answer.error["message"] == "Invalid URL (POST /callbacks/…)"
    assert right not in answer.body.decode()


async def test_an_installation_without_addresses_has_none(bench: Bench) -> None:
    answer = await bench.post("/callbacks/chan_one/", {}, key=None)
    with_secret = await bench.post(f"/callbacks/chan_one/{'0' * 40}", {}, key=None)

    assert (answer.status, with_secret.status) == (404, 404)


@pytest.mark.parametrize("told", [True, False])
async def test_a_body_that_is_too_long_is_refused_before_it_is_kept(
    bench: Bench, address: str, told: bool
) -> None:
    pieces = [b"x" * 65_536] * (BODY_MAX // 65_536 + 1)
    headers = {"content-length": str(sum(map(len, pieces)))} if told else {}

    answer = await bench.ask("POST", address, body=pieces, headers=headers, key=None)

    assert answer.status == 413


@pytest.mark.parametrize("length", ["-1", "many", "9" * 4_000])
async def test_a_length_that_is_none_is_refused(bench: Bench, address: str, length: str) -> None:
    answer = await bench.ask("POST", address, headers={"content-length": length}, key=None)

    assert answer.status == 413


async def test_a_flood_is_told_when_to_come_again(bench: Bench, address: str) -> None:
    for number in range(int(BURST)):
        assert (await bench.post(address, {"n": number}, key=None)).status == 200

    answer = await bench.post(address, {"n": "last"}, key=None)

    assert answer.status == 429
    assert int(answer.headers["retry-after"]) >= 1


async def test_only_posting_is_answered(bench: Bench, address: str) -> None:
    answer = await bench.ask("GET", address, key=None)

    assert answer.status == 405
