"""Buckets: what passes, what waits, and what a caller is told, for every rate and every order of calls."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.limits import (
    MINUTE_US,
    PATIENCE_US,
    SKEW_US,
    Allowance,
    Rate,
    Subject,
    inbound,
    judge,
    spell,
    upstream,
)

NOW = 1_800_000_000_000_000
rates = st.integers(1, 10_000)
waits = st.lists(st.integers(0, 90_000_000), max_size=80)


def moments(gaps: list[int]) -> list[int]:
    now, found = NOW, []
    for gap in gaps:
        now += gap
        found.append(now)
    return found


@given(per_minute=rates, gaps=waits)
def test_an_upstream_never_gets_more_than_its_limit_in_any_minute(per_minute: int, gaps: list[int]) -> None:
    rate, full_at, sent = upstream(per_minute), None, list[int]()
    for now in moments(gaps):
        for _ in range(5):
            full_at, seen = judge(full_at, rate, now, PATIENCE_US)
            if seen.allowed:
                sent.append(now + seen.wait_us)

    sent.sort()
    for first in sent:
        assert sum(first <= other < first + MINUTE_US for other in sent) <= per_minute


@given(per_minute=st.integers(1, 600))
def test_an_idle_upstream_gets_its_whole_limit_within_the_next_minute(per_minute: int) -> None:
    rate, full_at, last = upstream(per_minute), None, 0
    for _ in range(per_minute):
        full_at, seen = judge(full_at, rate, NOW, patience=MINUTE_US)
        assert seen.allowed
        last = seen.wait_us

    assert last < MINUTE_US


@given(per_minute=rates, gaps=waits)
def test_callers_get_a_minutes_worth_at_once_and_no_more_than_time_brings_back(
    per_minute: int, gaps: list[int]
) -> None:
    rate, full_at, passed = inbound(per_minute), None, 0
    times = moments(gaps) or [NOW]
    for now in times:
        full_at, seen = judge(full_at, rate, now)
        passed += seen.allowed

    brought_back = (times[-1] - times[0]) // rate.interval_us
    assert passed <= per_minute + brought_back
    assert passed >= min(len(times), per_minute)


@given(per_minute=rates, gaps=waits)
def test_a_refusal_changes_nothing_and_names_the_moment_that_helps(per_minute: int, gaps: list[int]) -> None:
    rate, full_at = inbound(per_minute), None
    for now in moments(gaps):
        after, seen = judge(full_at, rate, now)
        if not seen.allowed:
            assert after == full_at
            assert seen.remaining == 0
            assert not judge(full_at, rate, now + seen.wait_us - 1)[1].allowed
            assert judge(full_at, rate, now + seen.wait_us)[1].allowed
        full_at = after


@given(per_minute=rates, taken=st.integers(1, 50))
def test_what_is_said_to_be_left_can_be_taken(per_minute: int, taken: int) -> None:
    rate, full_at, left = inbound(per_minute), None, per_minute
    for _ in range(min(taken, per_minute)):
        full_at, seen = judge(full_at, rate, NOW)
        assert seen.remaining == left - 1
        left = seen.remaining
    for _ in range(left):
        full_at, seen = judge(full_at, rate, NOW)
        assert seen.allowed

    assert not judge(full_at, rate, NOW)[1].allowed


@given(per_minute=rates)
def test_a_bucket_is_full_again_when_it_said_so(per_minute: int) -> None:
    rate = inbound(per_minute)
    full_at, seen = judge(None, rate, NOW)

    assert judge(full_at, rate, NOW + seen.reset_us)[1].remaining == per_minute - 1


def test_a_clock_set_back_shuts_nobody_out() -> None:
    rate = inbound(1)
    full_at, _ = judge(None, rate, NOW)

    _, after_years = judge(full_at, rate, NOW - 365 * 1_440 * MINUTE_US)
    _, within_skew = judge(full_at, rate, NOW - SKEW_US // 2)

    assert after_years.allowed
    assert not within_skew.allowed


def test_a_lane_books_ahead_only_so_far() -> None:
    rate, full_at, waits = Rate(1, MINUTE_US, 1), None, list[int]()
    for _ in range(20):
        full_at, seen = judge(full_at, rate, NOW, PATIENCE_US)
        if seen.allowed:
            waits.append(seen.wait_us)

    assert waits == [n * MINUTE_US for n in range(PATIENCE_US // MINUTE_US + 1)]


@pytest.mark.parametrize(
    ("span", "said"),
    [
        (0, "0ms"),
        (1, "1ms"),
        (20_000, "20ms"),
        (1_000_000, "1s"),
        (8_640_000, "8.64s"),
        (59_995_000, "60s"),
        (60_000_000, "1m0s"),
        (360_000_000, "6m0s"),
        (3_605_000_000, "1h0m5s"),
    ],
)
def test_spans_are_written_as_the_original_service_writes_them(span: int, said: str) -> None:
    assert spell(span) == said


def test_an_allowance_of_nothing_is_empty() -> None:
    assert Allowance(subject=Subject.KEY, id="key_1").empty
    assert not Allowance(subject=Subject.KEY, id="key_1", concurrency=0).empty
