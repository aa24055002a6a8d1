"""The scripted walk of the original checklist and remix report, against a server as people start it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tools import walk


@pytest.mark.parametrize("registration", ["open", "closed"])
def test_the_whole_walk_passes(tmp_path: Path, registration: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows 003-16, 001-29, 001-32, 004-01 to 004-08 and 004-12: every step against real processes and clips."""
    (tmp_path / "home").mkdir()
    command = Command(tmp_path / "data", tmp_path / "home")
    made = command("keys", "create", "walker", "--json")
    assert made.code == 0, made.err

    with command.serving({"REELGATE_REGISTRATION": registration}) as address:
        ended = walk.main(["--url", address, "--key", made.json()["key"]])

    shown = capsys.readouterr().out
    assert ended == 0, shown
    assert shown.count("| passed |") == len(walk.CHECKLIST) + len(walk.REMIX)


def test_a_step_that_does_not_hold_is_told_and_ends_the_walk_with_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert walk.main(["--url", "http://127.0.0.1:9", "--key", "rg_x"]) == 1

    shown = capsys.readouterr().out
    assert shown.count("| FAILED |") >= len(walk.CHECKLIST)


def test_the_picture_is_as_large_as_the_checklist_says() -> None:
    assert 500 * 1024 < len(walk.noise(walk.PICTURE_BYTES)) < 560 * 1024
