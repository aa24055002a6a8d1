"""What is made from code is as the code would make it now."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import generate
from tools.generate import ROOT, fill, stale, wanted


def test_no_generated_page_is_stale():
    assert [str(path.relative_to(ROOT)) for path in stale(ROOT)] == [], "run `make docs`"


def test_a_page_that_was_edited_by_hand_is_stale(tmp_path: Path):
    for path, text in wanted(ROOT).items():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text, encoding="utf-8")
    edited = tmp_path / "docs/reference/errors/cancelled.md"
    edited.write_text(edited.read_text("utf-8") + "More.\n", encoding="utf-8")

    assert stale(tmp_path) == [edited]


def test_a_section_is_filled_between_its_marks_and_nowhere_else():
    page = "before\n<!-- generated: x -->\nold\n<!-- end generated -->\nafter\n"

    filled = fill(page, "x", "new")

    assert filled == "before\n<!-- generated: x -->\nnew\n<!-- end generated -->\nafter\n"
    assert fill(filled, "x", "new") == filled


def test_a_page_without_a_place_for_its_section_is_said():
    with pytest.raises(ValueError, match="`x`"):
        fill("nothing here", "x", "new")


def test_every_page_has_one_maker():
    assert not set(generate.PAGES) & {name for name, _ in generate.SECTIONS}
