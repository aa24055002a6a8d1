"""The goals of the planned policy hold by the code that plans, on jobs drawn the same way every time."""

from __future__ import annotations

import pytest

from bench.scenarios.policy import Seen, families, watch
from reelgate.core.polling import ByProgress, Planned, Policy

COUNT = 2_000


def all_of(policy: Policy) -> Seen:
    parts = [watch(family, policy, round(COUNT * family.share), learns=True) for family in families()]
    return Seen([delay for part in parts for delay in part.delays], sum(part.polls for part in parts))


def test_a_plan_notices_ends_in_time_with_half_the_polls_of_the_rule_by_progress() -> None:
    """Half within 3 s, nine tenths within 10 s, by at most half of the polls."""
    planned, rule = all_of(Planned()), all_of(ByProgress())

    assert planned.late(0.5) <= 3.0
    assert planned.late(0.9) <= 10.0
    assert planned.each <= 0.5 * rule.each


def test_the_distributions_are_whole_and_say_where_they_come_from() -> None:
    found = families()

    assert sum(family.share for family in found) == pytest.approx(1)
    assert all(sum(part.weight for part in family.part) == pytest.approx(1) for family in found)
    assert all(family.basis for family in found)


def test_a_policy_is_judged_on_the_same_jobs_every_time() -> None:
    family = families()[0]

    once, again = (watch(family, ByProgress(), 50, learns=True) for _ in range(2))

    assert once == again
