from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.ids import Kind, encode, is_literal, sortable

times = st.integers(0, 2**48 - 1)
randoms = st.integers(0, 2**80 - 1)
kinds = st.sampled_from(get_args(Kind))


@given(kinds, times, randoms, times, randoms)
def test_ids_of_one_kind_sort_by_time_then_by_their_random_part(
    kind: Kind, t1: int, r1: int, t2: int, r2: int
):
    assert (sortable(kind, t1, r1) < sortable(kind, t2, r2)) == ((t1, r1) < (t2, r2))


@given(kinds, times, randoms)
def test_an_id_is_its_kind_and_26_characters_that_need_no_quoting(kind: Kind, now: int, random: int):
    head, _, tail = sortable(kind, now, random).rpartition("_")

    assert head == kind
    assert len(tail) == 26
    assert tail.isascii()
    assert tail.isalnum()
    assert not set(tail) & set("ilou"), "letters that look like digits are left out"


@given(st.integers(0, 2**60 - 1))
def test_encoding_keeps_the_value(value: int):
    alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

    back = 0
    for letter in encode(value, 12):
        back = back * 32 + alphabet.index(letter)

    assert back == value


@pytest.mark.parametrize("word", ["characters", "edits", "extensions"])
def test_the_words_that_share_the_id_space_are_known(word: str):
    assert is_literal(word)
    assert not is_literal(sortable("video", 0, 0))
