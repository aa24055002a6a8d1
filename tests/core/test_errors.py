"""The vocabulary of endings is the one written in tests/contracts/codes.md."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reelgate.core.errors import (
    CODES,
    CallerError,
    Charge,
    Code,
    Failure,
    OperatorError,
    ReelgateError,
    Side,
    UpstreamError,
    refuse,
)

CONTRACT = Path(__file__).parent.parent / "contracts" / "codes.md"


def contract() -> dict[str, tuple[str, bool]]:
    """Read the table: each code with whose side it is and whether it is retryable."""
    rows: dict[str, tuple[str, bool]] = {}
    for line in CONTRACT.read_text("utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        codes = re.findall(r"`([a-z_]+)`", cells[0]) if line.startswith("| `") else []
        answers = cells[-1].split(" · ") if codes else []
        for number, code in enumerate(codes):
            rows[code] = (cells[2], answers[number if len(answers) > 1 else 0] == "yes")
    return rows


def test_the_contract_and_the_code_name_the_same_codes():
    assert set(contract()) == {code.value for code in Code}


def test_every_code_has_an_entry():
    assert set(CODES) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_retryable_and_side_are_those_of_the_contract(code: Code):
    side, retryable = contract()[code.value]
    entry = CODES[code]

    assert entry.retryable is retryable
    assert entry.side is Side.NOBODY if side in ("-", "nobody yet") else entry.side.value in side


@pytest.mark.parametrize("code", list(Code))
def test_an_entry_speaks_in_sentences(code: Code):
    entry = CODES[code]

    for text in (entry.meaning, entry.next_step):
        assert text[0].isupper()
        assert text.endswith(".")


@pytest.mark.parametrize("code", list(Code))
def test_nothing_retryable_leaves_money_in_the_open(code: Code):
    if CODES[code].retryable:
        assert CODES[code].charge in (Charge.NONE, Charge.RELEASED)


def test_a_failure_knows_whether_it_is_retryable():
    assert Failure(code=Code.RATE_LIMITED, message="x").retryable
    assert not Failure(code=Code.SUBMISSION_UNKNOWN, message="x").retryable


@pytest.mark.parametrize("kind", [CallerError, UpstreamError, OperatorError])
def test_every_error_carries_its_failure(kind: type[ReelgateError]):
    failure = Failure(code=Code.NOT_FOUND, message="Nothing here.")

    error = kind(failure)

    assert isinstance(error, ReelgateError)
    assert error.failure is failure
    assert str(error) == "Nothing here."


def test_a_refusal_names_the_parameter():
    error = refuse(Code.INVALID_REQUEST, "Too long.", param="seconds")

    assert isinstance(error, CallerError)
    assert error.failure.param == "seconds"
