from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.errors import Code
from reelgate.core.money import Micro
from reelgate.core.profile import Profile, Span, objections, parse_profiles
from reelgate.core.task import Input, Request, Role, Size, Verb

SHA = "0" * 64


def profile(**changes: object) -> Profile:
    """A model that takes little; name what it takes more."""
    plain = Profile(
        name="m",
        title="M",
        provider="P",
        seconds=(4, 8, 12),
        sizes=("720x1280", "1280x720"),
        size_default="720x1280",
        prompt_max=100,
    )
    return msgspec.structs.replace(plain, **changes)


def request(**changes: object) -> Request:
    """A request that `profile()` takes; name what differs."""
    plain = Request(verb=Verb.CREATE, model="m", prompt="a boat", seconds=4, size=Size(720, 1280))
    return msgspec.structs.replace(plain, **changes)


def picture(role: Role = Role.FIRST_FRAME, character: str | None = None) -> Input:
    return Input(role=role, sha256=SHA, media_type="image/png", bytes=10, character_id=character)


def params(asked: Request, offered: Profile) -> list[str | None]:
    return [failure.param for failure in objections(asked, offered)]


def test_a_request_within_its_profile_meets_no_objection():
    assert objections(request(), profile()) == []


@given(st.integers(-5, 60))
def test_a_length_is_taken_exactly_when_it_is_listed(seconds: int):
    found = objections(request(seconds=seconds), profile())

    assert (found == []) == (seconds in (4, 8, 12))
    for failure in found:
        assert failure.code is Code.INVALID_REQUEST
        assert "4, 8, 12" in failure.message, "the allowed values are named"


@given(st.integers(-5, 60))
def test_a_length_is_taken_exactly_when_it_is_in_range(seconds: int):
    offered = profile(seconds=(), seconds_range=Span(2, 20))

    assert (params(request(seconds=seconds), offered) == []) == (2 <= seconds <= 20)


@given(st.integers(1, 3000), st.integers(1, 3000))
def test_a_free_size_has_even_sides_in_range(width: int, height: int):
    offered = profile(sizes=(), size_range=Span(256, 1920))

    taken = params(request(size=Size(width, height)), offered) == []

    assert taken == all(256 <= side <= 1920 and side % 2 == 0 for side in (width, height))


def test_a_size_that_is_not_listed_is_refused_with_the_list():
    (failure,) = objections(request(size=Size(480, 480)), profile())

    assert failure.param == "size"
    assert "720x1280, 1280x720" in failure.message


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_a_blank_prompt_is_refused(blank: str):
    assert params(request(prompt=blank), profile()) == ["prompt"]


def test_a_prompt_is_taken_up_to_its_limit_and_no_further():
    """Shows 001-18."""

    assert params(request(prompt="x" * 100), profile()) == []
    assert params(request(prompt="x" * 101), profile()) == ["prompt"]


@pytest.mark.parametrize("verb", [Verb.REMIX, Verb.EDIT, Verb.EXTEND])
def test_a_verb_the_model_does_not_offer_is_refused(verb: Verb):
    assert params(request(verb=verb), profile()) == ["model"]
    assert params(request(verb=verb), profile(verbs=tuple(Verb))) == []


@pytest.mark.parametrize(
    ("name", "value", "offer"),
    [
        ("seed", 7, "seed"),
        ("negative_prompt", "fog", "negative_prompt"),
        ("audio", False, "audio_switch"),
        ("watermark", False, "watermark"),
        ("private", True, "private"),
    ],
)
def test_a_switch_is_refused_unless_offered_even_when_it_says_no(name: str, value: object, offer: str):
    asked = request(**{name: value})

    assert params(asked, profile()) == [name]
    assert params(asked, profile(**{offer: True})) == []


def test_an_unknown_parameter_is_refused_by_name_unless_the_model_passes_it_on():
    asked = request(extra={"camera_fixed": True})

    assert params(asked, profile()) == ["camera_fixed"]
    assert params(asked, profile(passthrough=True)) == []


@pytest.mark.parametrize("role", list(Role))
def test_inputs_of_a_role_are_taken_up_to_their_number(role: Role):
    offered = profile(inputs={role: 2})

    assert params(request(inputs=(picture(role),) * 2), offered) == []
    assert len(params(request(inputs=(picture(role),) * 3), offered)) == 1
    assert len(params(request(inputs=(picture(role),)), profile())) == 1


def test_characters_count_once_each_and_not_as_plain_inputs():
    twice = (picture(Role.REFERENCE, "char_a"), picture(Role.REFERENCE, "char_a"))

    assert params(request(inputs=twice), profile(characters=1)) == []
    assert params(request(inputs=twice), profile()) == ["characters"]


def test_an_extension_is_refused_when_the_stitched_clip_grows_too_long():
    offered = profile(verbs=(Verb.EXTEND,), extend_total_max=20)

    assert params(request(verb=Verb.EXTEND, parent_seconds=16), offered) == []
    assert params(request(verb=Verb.EXTEND, parent_seconds=17), offered) == ["seconds"]


def test_every_objection_is_made_at_once():
    asked = request(prompt="", seconds=5, size=Size(2, 2), seed=1)

    assert params(asked, profile()) == ["prompt", "seconds", "size", "seed"]


def test_a_quote_is_the_price_of_the_seconds():
    assert profile(price_per_second=Micro(100_000), price_per_clip=Micro(5)).quote(8) == 800_005


TOML = """
dialect = "d"
checked = "2026-11-01"

[[model]]
name = "m"
title = "M"
provider = "P"
seconds = [4]

[fallback]
name = "any"
title = "Any"
provider = "P"
"""


def test_a_profile_file_gives_its_models_and_its_fallback():
    profiles = parse_profiles(TOML)

    known, unknown = profiles.find("m"), profiles.find("new")

    assert known is not None
    assert known.seconds == (4,)
    assert unknown is not None
    assert (unknown.name, unknown.title, unknown.seconds) == ("new", "new", ())


def test_a_file_without_a_fallback_knows_only_its_models():
    assert parse_profiles(TOML.partition("[fallback]")[0]).find("new") is None


def test_a_misspelt_key_is_named():
    with pytest.raises(msgspec.ValidationError, match="secconds"):
        parse_profiles(TOML.replace("seconds", "secconds"))


def test_an_unreadable_default_size_is_said():
    with pytest.raises(ValueError, match="size_default"):
        _ = profile(size_default="big").default_size
