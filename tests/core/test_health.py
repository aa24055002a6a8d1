"""What outcomes say about channels and keys, and when each is tried again."""

from __future__ import annotations

import pytest

from reelgate.core.dialect import Accepted, Refused, Unclear
from reelgate.core.errors import Code, Failure
from reelgate.core.health import PROBE_S, WAITS_S, Finding, Health, State, after, finding_of, reading, tried

START = Health(id="ckey_1", channel_id="chan_1")
NO = Failure(code=Code.UNAUTHORIZED, message="The key was refused.")
SLOW = Failure(code=Code.RATE_LIMITED, message="Slow down.", retry_after_s=7)
AWAY = Failure(code=Code.OVERLOADED, message="The upstream could not be reached.")


def test_a_request_refused_for_itself_says_that_key_and_channel_are_fine() -> None:
    about_request = (
        Code.CONTENT_POLICY,
        Code.INVALID_REQUEST,
        Code.NOT_FOUND,
        Code.MODEL_RETIRED,
        Code.CONTENT_FILTERED,
    )
    assert {finding_of(Failure(code=code, message="")) for code in about_request} == {Finding.FINE}


@pytest.mark.parametrize(
    ("outcome", "finding"),
    [
        (Accepted(ref="1"), Finding.FINE),
        (Unclear(reason="500"), Finding.BROKEN),
        (Refused(failure=NO), Finding.SHUT),
        (Refused(failure=SLOW), Finding.HOT),
        (Refused(failure=AWAY), Finding.BROKEN),
    ],
)
def test_an_outcome_is_read(outcome: Accepted | Refused | Unclear, finding: Finding) -> None:
    assert reading(outcome)[0] is finding


@pytest.mark.parametrize(
    "code", [Code.UNAUTHORIZED, Code.QUOTA_EXHAUSTED, Code.PERMISSION_OR_CHANNEL, Code.ACCOUNT_SUSPENDED]
)
def test_one_refusal_of_a_key_pauses_it_and_each_trial_that_fails_pauses_it_longer(code: Code) -> None:
    """Shows 000-21."""

    refused = Failure(code=code, message="no")
    health, now, waited = START, 1_000, list[float]()

    for _ in range(6):
        health = after(health, Finding.SHUT, refused, began=now, now=now)
        assert after(health, Finding.SHUT, refused, began=1_000, now=now) == health, (
            "a call of the same moment"
        )
        assert (health.state, health.code, health.since) == (State.PAUSED, code, 1_000)
        assert health.next_at is not None
        waited.append((health.next_at - now) / 1000)
        assert not health.usable(health.next_at - 1)
        now = health.next_at
        assert health.on_trial(now)

    assert waited == [60, 300, 900, 3_600, 3_600, 3_600]
    well = after(health, Finding.FINE, None, began=now, now=now)
    assert (well.state, well.failures, well.next_at) == (State.WELL, 0, None)


def test_a_throttled_key_is_left_alone_for_as_long_as_was_said_and_then_needs_no_trial() -> None:
    hot = after(START, Finding.HOT, SLOW, began=0, now=1_000)

    assert (hot.state, hot.next_at, hot.cooled_at) == (State.COOLING, 8_000, 1_000)
    assert not hot.usable(7_999)
    assert hot.usable(8_000)
    assert not hot.on_trial(8_000)
    well = after(hot, Finding.FINE, None, began=9_000, now=9_500)
    assert (well.state, well.cooled_at) == (State.WELL, 1_000), "who was throttled last is asked last"


@pytest.mark.parametrize("said", [0.0, -5.0, 1e-9])
def test_a_wait_of_nothing_is_still_a_wait(said: float) -> None:
    hot = after(
        START, Finding.HOT, Failure(code=Code.RATE_LIMITED, message="", retry_after_s=said), began=0, now=0
    )
    assert hot.next_at == 1_000


def test_a_channel_is_out_after_enough_failures_in_a_row_and_only_then() -> None:
    health = START
    for _ in range(4):
        health = after(health, Finding.BROKEN, AWAY, began=0, now=0, patience=5)
        assert health.state is State.WELL
    assert after(health, Finding.FINE, None, began=0, now=0, patience=5).failures == 0

    out = after(health, Finding.BROKEN, AWAY, began=0, now=2_000, patience=5)

    assert (out.state, out.code, out.why) == (State.OUT, Code.OVERLOADED, AWAY.message)
    assert out.next_at == 2_000 + WAITS_S[Finding.BROKEN][0] * 1000


def test_patience_without_end_never_takes_a_channel_out() -> None:
    health = START
    for _ in range(100):
        health = after(health, Finding.BROKEN, AWAY, began=0, now=0, patience=0)
    assert (health.state, health.failures) == (State.WELL, 100)


def test_what_began_before_the_pause_neither_lengthens_nor_ends_it() -> None:
    paused = after(START, Finding.SHUT, NO, began=500, now=1_000)

    for finding in Finding:
        assert after(paused, finding, NO, began=999, now=60_000) == paused


def test_whoever_tries_is_alone_until_it_is_clear_that_nothing_came_of_it() -> None:
    paused = after(START, Finding.SHUT, NO, began=0, now=0)

    trying = tried(paused, 60_000)

    assert not trying.usable(60_000)
    assert trying.on_trial(60_000 + int(PROBE_S * 1000))
    assert trying.failures == paused.failures
