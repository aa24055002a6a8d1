from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.api.ranges import Span, Unsatisfiable, Whole, wanted


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        (None, 10, Whole()),
        ("bytes=0-3", 10, Span(0, 4)),
        ("bytes=4-", 10, Span(4, 10)),
        ("bytes=-3", 10, Span(7, 10)),
        ("bytes=-30", 10, Span(0, 10)),
        ("bytes=0-99", 10, Span(0, 10)),
        ("BYTES = 0 - 3", 10, Span(0, 4)),
        ("bytes=10-", 10, Unsatisfiable()),
        ("bytes=-0", 10, Unsatisfiable()),
        ("bytes=0-", 0, Unsatisfiable()),
        ("bytes=-1", 0, Unsatisfiable()),
        ("bytes=5-2", 10, Whole()),
        ("bytes=0-1,4-5", 10, Whole()),
        ("items=0-1", 10, Whole()),
        ("bytes=-", 10, Whole()),
        ("bytes=a-b", 10, Whole()),
        ("bytes=٣-٤", 10, Whole()),
        ("bytes=+1-2", 10, Whole()),
        ("bytes=" + "9" * 30 + "-", 10, Whole()),
        ("bytes", 10, Whole()),
        ("", 10, Whole()),
    ],
)
def test_one_range_is_read_and_everything_else_is_the_whole(header: str | None, size: int, expected: object):
    assert wanted(header, size) == expected


@given(st.text(max_size=80), st.integers(0, 10**12))
def test_no_header_gives_bytes_that_are_not_there(header: str, size: int):
    match wanted(header, size):
        case Span(start, end):
            assert 0 <= start < end <= size
        case Whole() | Unsatisfiable():
            pass


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_a_satisfiable_range_is_what_slicing_gives(start: int, length: int, size: int):
    last = start + length
    found = wanted(f"bytes={start}-{last}", size)

    expected = range(size)[start : last + 1]
    if expected:
        assert found == Span(expected[0], expected[-1] + 1)
    else:
        assert found == Unsatisfiable()


def test_thousands_of_ranges_are_not_even_read():
    header = "bytes=" + ",".join(f"{n}-" for n in range(2_000))

    before = time.process_time()
    for _ in range(1_000):
        assert wanted(header, 10**9) == Whole()
    # A quadratic merge of one such header takes longer than all these thousand together.
    assert time.process_time() - before < 1
