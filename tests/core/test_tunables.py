"""Settings that are changed at run time take what they can be, and say what that is."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate.core.tunables import BY_KEY, TUNABLES, Kind, Wrong, check, parse
from reelgate.engine.context import Limits, Rules
from reelgate.engine.limits import Defaults
from reelgate.settings import Settings

PARTS = (Limits, Rules, Defaults)


@pytest.mark.parametrize("one", TUNABLES, ids=lambda one: one.key)
def test_each_setting_has_a_home_a_help_in_both_languages_and_a_default_it_accepts(one: Any) -> None:
    homes = [part for part in PARTS if one.key in part.__struct_fields__]

    assert len(homes) == 1
    assert all(one.help)
    assert check(one, getattr(homes[0](), one.key)) == getattr(homes[0](), one.key)


def test_what_the_environment_says_is_a_default_that_is_accepted() -> None:
    for name, field in Settings.model_fields.items():
        if name in BY_KEY:
            assert check(BY_KEY[name], field.default) == field.default


@pytest.mark.parametrize("one", [t for t in TUNABLES if t.unlimited], ids=lambda one: one.key)
def test_nought_lifts_a_limit_and_less_than_nought_is_nothing(one: Any) -> None:
    """000 means unlimited (003-08)."""
    assert check(one, 0) == 0
    with pytest.raises(Wrong):
        check(one, -1)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("prompt_max", "10"),
        ("prompt_max", True),
        ("prompt_max", 1.5),
        ("prompt_max", 2**60),
        ("prompt_max", None),
        ("poll_policy", "sometimes"),
        ("poll_policy", 30),
        ("default_model", ""),
        ("default_model", "a\nb"),
        ("alert_failed_tasks", 1),
        ("alert_failed_tasks", "yes"),
        ("alert_emails", "nobody"),
        ("alert_emails", "a@b.example\r\nBcc: c@d.example"),
        ("unconfirmed_timeout_s", 0),
        ("event_keep_s", 10),
    ],
)
def test_a_value_that_a_setting_cannot_have_is_refused(key: str, value: Any) -> None:
    with pytest.raises(Wrong):
        check(BY_KEY[key], value)


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("prompt_max", " 10000 ", 10_000),
        ("alert_failed_tasks", "on", True),
        ("alert_failed_tasks", "False", False),
        ("poll_policy", "fixed:30", "fixed:30"),
        ("alert_emails", "a@b.example,c@d.example, a@b.example", "a@b.example, c@d.example"),
        ("alert_emails", "", ""),
    ],
)
def test_what_somebody_types_is_read_by_type(key: str, text: str, value: Any) -> None:
    """The polling presets of the sources are among the choices (003-06, 000-19, 001-09)."""
    assert parse(BY_KEY[key], text) == value


@pytest.mark.parametrize("one", [t for t in TUNABLES if t.kind is Kind.POLICY], ids=lambda one: one.key)
def test_every_choice_that_is_offered_is_one_that_is_taken(one: Any) -> None:
    assert [check(one, choice) for choice in one.choices] == list(one.choices)
