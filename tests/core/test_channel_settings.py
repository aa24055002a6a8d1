"""Settings of channels are types: what nobody reads is refused, and each refusal names its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

import pytest
from msgspec import Meta

from reelgate.core.channel_settings import CalledBack, ChannelSettings, takes, wrong_setting
from reelgate.core.dialect import Dialect


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    mode: Annotated[Literal["fast", "good"] | None, Meta(description="How.")] = None
    fields: Annotated[dict[str, str], Meta(description="Names.")] = {}


class Telling:
    name = "telling"
    settings = Settings


class Checking(Telling):
    def objection(self, settings: Mapping[str, Any]) -> str | None:
        return "`fields.prompt` may not be renamed." if "prompt" in settings.get("fields", {}) else None


class Silent:
    name = "silent"


def of(kind: type[object]) -> Dialect:
    return cast("Dialect", kind())


@pytest.mark.parametrize(
    ("given", "name", "said"),
    [
        ({"colour": 1}, "colour", "there are callback_url, mode, fields, sunset, callback_epoch"),
        ({"mode": "slow"}, "mode", "it takes fast, good"),
        ({"fields": {"duration": 3}}, "fields", "expected `str`, got `int`"),
        ({"callback_url": None}, "callback_url", "expected `str`"),
        ({"sunset": {"a": "tomorrow"}}, "sunset", "matching"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_could_be(given: dict[str, Any], name: str, said: str):
    wrong = wrong_setting(of(Telling), given)

    assert wrong is not None
    assert wrong.name == name
    assert f"`{name}`" in wrong.reason
    assert said in wrong.reason


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"mode": None},
        {"callback_url": "", "sunset": {"a": None, "b": "2027-01-01"}, "callback_epoch": "b"},
    ],
)
def test_what_is_declared_is_taken(given: dict[str, Any]):
    assert wrong_setting(of(Telling), given) is None


def test_a_dialects_own_objection_comes_after_its_type_and_names_the_place_too():
    wrong = wrong_setting(of(Checking), {"fields": {"prompt": "text"}})

    assert wrong is not None
    assert wrong.name == "fields.prompt"
    first = wrong_setting(of(Checking), {"colour": 1, "fields": {"prompt": "text"}})
    assert first is not None
    assert first.name == "colour"


def test_a_dialect_of_strangers_that_declares_nothing_takes_everything():
    assert wrong_setting(of(Silent), {"anything": [1]}) is None
    assert takes(of(Silent), "callback_url")


def test_only_who_is_called_back_takes_an_address_for_it():
    class Deaf:
        name = "deaf"
        settings = ChannelSettings

    assert takes(of(Telling), "callback_url")
    assert not takes(of(Deaf), "callback_url")
