from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.task import Input, Request, Role, Size, Verb, parse_size

sides = st.integers(1, 99_999)


@given(sides, sides)
def test_a_size_reads_back_as_it_was_written(width: int, height: int):
    size = Size(width, height)

    assert parse_size(str(size)) == size
    assert parse_size(f" {width}X{height} ") == size
    assert parse_size(f"{width}*{height}") == size


@pytest.mark.parametrize(
    "text",
    [
        "",
        "720",
        "x",
        "720x",
        "x1280",
        "0x10",
        "-1x10",
        "1.5x2",
        "1x2x3",
        "100000x1",
        "٧x٨",
        "720 x 1280",
        "²x1",
    ],
)
def test_what_is_not_a_size_is_none(text: str):
    assert parse_size(text) is None


@given(st.text())
def test_any_text_is_a_size_or_none(text: str):
    size = parse_size(text)

    assert size is None or (size.width > 0 and size.height > 0)


def extension(parent_seconds: int | None) -> Request:
    return Request(
        verb=Verb.EXTEND, model="m", prompt="p", seconds=8, size=Size(2, 2), parent_seconds=parent_seconds
    )


def test_an_extension_is_as_long_as_both_parts():
    assert extension(4).total_seconds == 12
    assert extension(None).total_seconds == 8


def test_only_an_extension_counts_its_parent():
    edit = Request(verb=Verb.EDIT, model="m", prompt="p", seconds=8, size=Size(2, 2), parent_seconds=4)

    assert edit.total_seconds == 8


def test_inputs_are_given_by_role_in_order():
    roles = (Role.REFERENCE, Role.FIRST_FRAME, Role.REFERENCE)
    inputs = tuple(
        Input(role=role, sha256=str(n) * 64, media_type="image/png", bytes=1) for n, role in enumerate(roles)
    )
    request = Request(verb=Verb.CREATE, model="m", prompt="p", seconds=4, size=Size(2, 2), inputs=inputs)

    assert request.inputs_of(Role.REFERENCE) == (inputs[0], inputs[2])
    assert request.inputs_of(Role.AUDIO) == ()
