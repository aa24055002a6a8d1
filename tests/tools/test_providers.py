"""The table of providers says what the code does, and says plainly what has met a simulator only."""

from __future__ import annotations

import pytest

from reelgate.testing.simulators import families
from tools.providers import CHINESE, ENGLISH, MAKES, Row, compact, page, rows

ROWS = {row.dialect: row for row in rows()}


@pytest.mark.parametrize(
    ("dialect", "client_id", "lists", "cancels", "callbacks"),
    [
        ("kling", True, True, False, "unsigned"),
        ("comfyui", True, True, True, "no"),
        ("ark", False, True, True, "unsigned"),
        ("minimax_v1", False, False, False, "unsigned"),
        ("fal_queue", False, False, True, "signed"),
        ("runway", False, False, True, "no"),
        ("chat_stream", False, False, False, "no"),
    ],
)
def test_a_row_says_how_an_upstream_is_spoken_to(dialect, client_id, lists, cancels, callbacks):
    row = ROWS[dialect]

    assert (row.client_id, "poll_many" in row.offers, "cancel" in row.offers) == (client_id, lists, cancels)
    assert row.callbacks == callbacks


def test_what_only_the_model_behind_decides_is_no_promise():
    assert ROWS["veo_lro"].makes["last"] == "yes"
    assert ROWS["openai_videos"].makes["extend"] == "model"
    assert ROWS["runway"].makes["extend"] == "no"


def line_of(dialect: str, table: str) -> str:
    return next(line for line in table.splitlines() if line.startswith(f"| `{dialect}` "))


@pytest.mark.parametrize("row", ROWS.values(), ids=lambda row: row.dialect)
def test_what_met_a_simulator_only_is_said_in_both_languages(row: Row):
    simulated = row.dialect in families() and row.tried == "simulator"

    assert line_of(row.dialect, compact(ENGLISH)).endswith("| a simulator only |") is simulated
    assert line_of(row.dialect, compact(CHINESE)).endswith("| 仅模拟器 |") is simulated


def test_only_what_ran_for_real_says_so():
    assert {name for name, row in ROWS.items() if row.tried == "real"} == {
        "animatic",
        "litellm",
        "reelgate",
    }
    assert ROWS["comfyui"].tried == "recorded"


def test_the_page_has_every_dialect_in_every_table_and_a_confidence_for_every_model():
    text = page()

    for name in ROWS:
        assert text.count(f"\n| `{name}` |") >= 3
    for line in text.partition("## What the facts rest on")[2].splitlines():
        if line.startswith("| `"):
            assert all(cell.strip() for cell in line.strip("|").split("|")), line


def test_every_capability_has_its_word_on_the_page():
    assert all(f"`{word}`" in page().partition("| Dialect")[0] for word in MAKES)
