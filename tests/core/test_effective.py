"""What a request comes to, and how it is moved when its caller allows that."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.effective import adapt, aspect_ratio, aspect_ratios, effective, nearest_size
from reelgate.core.profile import Profile, Span, objections
from reelgate.core.task import Input, Request, Role, Size, Verb

PROFILE = Profile(
    name="m",
    title="M",
    provider="test",
    seconds=(4, 8, 12),
    sizes=("720x1280", "1280x720", "1080x1920"),
    inputs={Role.FIRST_FRAME: 1, Role.REFERENCE: 2},
)
REQUEST = Request(verb=Verb.CREATE, model="m", prompt="a kite", seconds=8, size=Size(1280, 720))


def picture(role: Role, sha256: str = "a" * 64) -> Input:
    return Input(role=role, sha256=sha256, media_type="image/png", bytes=10)


def moved(request: Request, profile: Profile = PROFILE) -> dict[str, tuple[Any, Any]]:
    return {c.field: (c.old, c.new) for c in adapt(request, profile)[1]}


def test_a_request_that_is_possible_is_left_alone():
    assert adapt(REQUEST, PROFILE) == (REQUEST, ())


@pytest.mark.parametrize(("asked", "made"), [(1, 4), (5, 4), (6, 4), (7, 8), (11, 12), (90, 12)])
def test_a_length_goes_to_the_nearest_and_to_the_cheaper_of_two(asked: int, made: int):
    assert moved(replace(REQUEST, seconds=asked)) == {"seconds": (asked, made)}


def test_a_length_out_of_a_range_goes_to_its_end():
    ranged = replace(PROFILE, seconds=(), seconds_range=Span(2, 10))

    assert moved(replace(REQUEST, seconds=30), ranged) == {"seconds": (30, 10)}
    assert moved(replace(REQUEST, seconds=1), ranged) == {"seconds": (1, 2)}


@pytest.mark.parametrize(
    ("asked", "made"),
    [
        ("1920x1080", "1280x720"),
        ("1000x1800", "1080x1920"),
        ("640x360", "1280x720"),
        ("700x1300", "720x1280"),
    ],
)
def test_a_size_keeps_its_shape_before_it_keeps_its_pixels(asked: str, made: str):
    width, height = map(int, asked.split("x"))

    assert str(nearest_size(Size(width, height), PROFILE)) == made


def test_a_size_in_a_range_is_scaled_to_even_sides():
    ranged = replace(PROFILE, sizes=(), size_range=Span(128, 1920))

    assert str(nearest_size(Size(3840, 2160), ranged)) == "1920x1080"
    assert str(nearest_size(Size(64, 64), ranged)) == "128x128"
    assert str(nearest_size(Size(1281, 721), ranged)) == "1280x720"


def test_a_picture_takes_the_role_that_the_model_has():
    only_frames = replace(PROFILE, inputs={Role.FIRST_FRAME: 1})
    request = replace(REQUEST, inputs=(picture(Role.REFERENCE),))

    changed, changes = adapt(request, only_frames)

    assert [i.role for i in changed.inputs] == [Role.FIRST_FRAME]
    assert [(c.field, c.old, c.new) for c in changes] == [("inputs.reference", "reference", "first_frame")]


def test_more_pictures_than_the_model_takes_are_cut_to_the_first_and_told():
    request = replace(REQUEST, inputs=tuple(picture(Role.REFERENCE, c * 64) for c in "abcd"))

    changed, changes = adapt(request, PROFILE)

    assert [i.sha256[0] for i in changed.inputs] == ["a", "b"]
    assert [(c.field, c.old, c.new) for c in changes] == [("inputs.reference", 4, 2)]


def test_a_model_that_takes_no_pictures_is_not_given_a_request_without_them():
    without = replace(PROFILE, inputs={})
    request = replace(REQUEST, inputs=(picture(Role.FIRST_FRAME),))

    changed, changes = adapt(request, without)

    assert (changed, changes) == (request, ())
    assert objections(changed, without)[0].param == "input_reference"


def test_a_clip_that_is_to_be_private_is_never_made_public_instead():
    changed, _ = adapt(replace(REQUEST, private=True), PROFILE)

    assert changed.private is True
    assert adapt(replace(REQUEST, private=False), PROFILE)[0].private is None


def test_unknown_options_and_switches_are_dropped_one_by_one_and_told():
    request = replace(REQUEST, seed=7, extra={"style": "x", "mood": 1})

    changed, changes = adapt(request, PROFILE)

    assert (changed.seed, changed.extra) == (None, {})
    assert [(c.field, c.old) for c in changes] == [("seed", 7), ("style", "x"), ("mood", 1)]


REQUESTS = st.builds(
    Request,
    verb=st.just(Verb.CREATE),
    model=st.just("m"),
    prompt=st.just("a kite"),
    seconds=st.integers(1, 400),
    size=st.builds(Size, st.integers(2, 5000), st.integers(2, 5000)),
    inputs=st.lists(st.sampled_from([picture(Role.FIRST_FRAME), picture(Role.REFERENCE)]), max_size=2).map(
        tuple
    ),
    seed=st.none() | st.integers(0, 9),
    audio=st.none() | st.booleans(),
    extra=st.dictionaries(st.sampled_from(["a", "b"]), st.integers(), max_size=2),
)
PROFILES = st.builds(
    lambda lists, span, sides, switches: replace(
        PROFILE,
        seconds=(3, 9) if lists else (),
        seconds_range=None if lists else Span(span[0], sum(span)),
        sizes=PROFILE.sizes if lists else (),
        size_range=None if lists else Span(sides[0], sides[0] + sides[1]),
        inputs={Role.FIRST_FRAME: 2, Role.REFERENCE: 2},
        seed=switches,
        passthrough=switches,
    ),
    st.booleans(),
    st.tuples(st.integers(1, 30), st.integers(0, 60)),
    st.tuples(st.integers(16, 600), st.integers(2, 4000)),
    st.booleans(),
)


@given(request=REQUESTS, profile=PROFILES)
def test_what_can_be_moved_is_possible_afterwards_and_every_difference_is_told(
    request: Request, profile: Profile
):
    changed, changes = adapt(request, profile)

    assert objections(changed, profile) == []
    told = {c.field.partition(".")[0] for c in changes}
    for name in ("seconds", "size", "inputs", "seed", "audio"):
        assert (getattr(changed, name) != getattr(request, name)) == (name in told), name
    assert {name for name in request.extra if name not in changed.extra} <= told
    assert adapt(changed, profile) == (changed, ())


def test_the_effective_request_says_what_the_upstream_decides():
    shown = effective(REQUEST, replace(PROFILE, audio=True, audio_switch=True), "other", defaults=("size",))

    assert (shown.audio, shown.seed, shown.served_by, shown.defaults) == (None, None, "other", ("size",))
    assert effective(REQUEST, replace(PROFILE, audio=True), "m").audio is True
    assert effective(replace(REQUEST, audio=False), PROFILE, "m").audio is False


@pytest.mark.parametrize(
    ("size", "name"),
    [
        ((1280, 720), "16:9"),
        ((720, 1280), "9:16"),
        ((854, 480), "16:9"),
        ((64, 64), "1:1"),
        ((100, 700), "1:7"),
    ],
)
def test_shapes_have_their_usual_names(size: tuple[int, int], name: str):
    assert aspect_ratio(Size(*size)) == name


def test_a_model_names_the_shapes_it_makes():
    assert aspect_ratios(PROFILE) == ("9:16", "16:9")
    assert aspect_ratios(replace(PROFILE, sizes=())) is None
