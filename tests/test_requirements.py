"""Every row of the requirements is shown by a test, answered by a page, or excused with a reason."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tools import requirements

ROOT = Path(__file__).parent.parent


def test_every_row_is_shown_by_something() -> None:
    assert requirements.faults(ROOT) == []


def test_the_rows_are_those_of_the_five_sources() -> None:
    rows = requirements.load(ROOT).titles
    last = {"000": 57, "001": 41, "002": 26, "003": 26, "004": 14}

    assert list(rows) == [f"{source}-{n:02}" for source, most in last.items() for n in range(1, most + 1)]
    assert all(rows.values())


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Give a repository of one quoted row, one answered by a page, and one context."""
    data = tmp_path / requirements.DATA
    data.parent.mkdir(parents=True)
    first, second, third = ("000-" + n for n in ("01", "02", "03"))
    data.write_text(
        f'[rows]\n{first} = "One"\n{second} = "Two"\n{third} = "Three"\n'
        f'[pages]\n{second} = ["docs/two.md"]\n[context]\n{third} = "nothing"\n[later]\n[pending]\n'
    )
    (tmp_path / "docs/two.md").write_text("# Two\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_one.py").write_text(f'def test_it() -> None:\n    """Shows {first}."""\n')
    return tmp_path


def test_a_row_is_found_in_the_test_that_quotes_it(copy: Path) -> None:
    assert requirements.faults(copy) == []
    assert "`tests/test_one.py::test_it`" in requirements.page(copy)


def test_a_row_is_found_above_the_test_of_the_studio_that_shows_it(copy: Path) -> None:
    (copy / "tests/test_one.py").unlink()
    screen = copy / "web/src/page.test.tsx"
    screen.parent.mkdir(parents=True)
    row = "000" + "-01"
    screen.write_text(f'test("another", () => {{\n}});\n\n// Row {row}.\ntest("it shows", () => {{\n}});\n')

    assert requirements.faults(copy) == []
    assert "`web/src/page.test.tsx::it shows`" in requirements.page(copy)


def test_a_row_whose_test_went_away_fails_the_build(copy: Path) -> None:
    shutil.rmtree(copy / "tests")

    assert len(requirements.faults(copy)) == 1
    with pytest.raises(ValueError, match="no test quotes it"):
        requirements.page(copy)


def test_a_row_whose_page_went_away_fails_the_build(copy: Path) -> None:
    (copy / "docs/two.md").unlink()

    assert requirements.faults(copy) == ["000" + "-02: the page docs/two.md is not there"]


def test_a_quoted_row_that_does_not_exist_fails_the_build(copy: Path) -> None:
    (copy / "tests/test_two.py").write_text("# " + "000" + "-99\n")

    assert len(requirements.faults(copy)) == 1


def test_what_an_installation_keeps_stays_out_of_version_control(tmp_path: Path) -> None:
    """The data folder with its history and downloads is never committed (000-50)."""
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    shutil.copy(ROOT / ".gitignore", tmp_path)
    kept = ("reelgate-data/reelgate.db", "reelgate-data/blobs/ab", "reelgate-demo/clip.mp4", ".env")
    ignored = subprocess.run(
        ["git", "-C", str(tmp_path), "check-ignore", *kept], capture_output=True, text=True, check=True
    )

    assert tuple(ignored.stdout.split()) == kept
