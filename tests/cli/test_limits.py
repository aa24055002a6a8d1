"""Limits on the command line: set, shown, lifted, and refused where they mean nothing."""

from __future__ import annotations

import pytest

from reelgate.cli import limits
from reelgate.core.fairness import HEAVIEST, HIGHEST
from reelgate.core.limits import MOST_A_MINUTE, Allowance, Subject
from tests.cli.conftest import Command


def test_limits_are_set_piece_by_piece_shown_and_lifted(reelgate: Command) -> None:
    assert "No limits are set" in reelgate("limits", "list").out
    reelgate("keys", "create", "website")

    reelgate("limits", "set", "key", "website", "--rpm", "60")
    reelgate("limits", "set", "key", "website", "--concurrency", "10", "--max-priority", "5")

    (shown,) = reelgate("limits", "list", "--json").json()
    assert shown["subject"] == "key"
    assert shown["name"] == "website"
    assert (shown["requests_per_minute"], shown["concurrency"], shown["max_priority"]) == (60, 10, 5)
    assert shown["weight"] is None
    assert "website" in reelgate("limits", "list").out

    reelgate("limits", "clear", "key", "website")
    assert reelgate("limits", "list", "--json").json() == []


def test_a_channels_concurrency_is_the_channels_own(reelgate: Command) -> None:
    reelgate("limits", "set", "channel", "animatic", "--concurrency", "7", "--rpm", "30")

    (channel,) = reelgate("channels", "list", "--json").json()
    (limit,) = reelgate("limits", "list", "--json").json()
    assert channel["concurrency"] == 7
    assert (limit["requests_per_minute"], limit["concurrency"]) == (30, None)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("key", "nobody", "--rpm", "1"), 3),
        (("user", "default"), 2),
        (("key", "nobody", "--weight", "2"), 2),
        (("channel", "animatic", "--priority", "2"), 2),
        (("channel", "animatic", "--concurrency", "0"), 2),
        (("user", "default", "--weight", "21"), 2),
    ],
)
def test_what_means_nothing_is_refused(reelgate: Command, arguments: tuple[str, ...], code: int) -> None:
    assert reelgate("limits", "set", *arguments).code == code
    assert reelgate("limits", "list", "--json").json() == []


def test_the_command_knows_the_bounds_and_names_of_the_rules() -> None:
    assert (limits.MOST, limits.HEAVIEST, limits.HIGHEST) == (MOST_A_MINUTE, HEAVIEST, HIGHEST)
    assert set(limits.SUBJECTS) == {subject.value for subject in Subject}
    assert ("subject", "id", *limits.FIELDS) == Allowance.__struct_fields__
