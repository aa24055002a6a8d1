from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.money import Micro, price, settle, show

amounts = st.integers(0, 10**15).map(Micro)
signed = st.integers(-(10**15), 10**15).map(Micro)


@given(held=amounts, owed=signed)
def test_a_settlement_gives_and_takes_exactly_what_was_held(held: Micro, owed: Micro):
    closed = settle(held, owed)

    assert closed.capture + closed.release == held
    assert 0 <= closed.capture <= held


@given(held=amounts, owed=amounts)
def test_a_debt_within_the_hold_is_taken_in_full(held: Micro, owed: Micro):
    assert settle(held, owed).capture == min(held, owed)


@given(per_second=amounts, per_clip=amounts, first=st.integers(0, 600), second=st.integers(0, 600))
def test_a_longer_clip_costs_its_extra_seconds_and_nothing_else(
    per_second: Micro, per_clip: Micro, first: int, second: int
):
    together = price(per_second, per_clip, first + second)

    assert together == price(per_second, per_clip, first) + per_second * second
    assert isinstance(together, int)


def test_a_negative_length_has_no_price():
    with pytest.raises(ValueError, match="negative"):
        price(Micro(1), Micro(1), -1)


@given(signed)
def test_a_shown_amount_reads_back_to_the_same_amount(amount: Micro):
    text = show(amount)

    assert Decimal(text) * 1_000_000 == amount
    assert 2 <= len(text.partition(".")[2]) <= 6


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.00"), (100_000, "0.10"), (1_230_000, "1.23"), (-1, "-0.000001"), (12_000_000, "12.00")],
)
def test_an_amount_is_shown_as_people_write_it(amount: int, text: str):
    assert show(Micro(amount)) == text
