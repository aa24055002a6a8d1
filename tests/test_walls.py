"""The walls between rooms stand, and each of them stops what it is there to stop."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

INTRUDERS = {
    "A room imports only rooms below it": ("core/intruder.py", "import reelgate.store"),
    "Dialects do not know one another": (
        "dialects/intruder.py",
        "from reelgate.dialects import openai_videos",
    ),
    "Core and dialects do no IO": ("core/reader.py", "import pathlib"),
    "SQL lives in store": ("engine/intruder.py", "import sqlalchemy"),
    "net is the only way out": ("media/intruder.py", "import aiohttp"),
    "The engine knows no dialect and no settings": ("engine/reader.py", "import reelgate.settings"),
    "Surfaces reach bytes and upstreams through the engine": ("api/intruder.py", "import reelgate.net"),
    "Surfaces do not know one another": ("api/openai/intruder.py", "import reelgate.api.live"),
    "Test doubles stay out of production": ("auth/intruder.py", "import reelgate.testing"),
}


def lint(folder: Path) -> str:
    """Run the contracts of pyproject.toml on the package in `folder`."""
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command; lint_imports_command()",
    ]
    done = subprocess.run(
        [*command, "--config", str(ROOT / "pyproject.toml"), "--no-cache", "--show-timings"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(folder), "COLUMNS": "200", "PYTHONDONTWRITEBYTECODE": "1"},
    )
    assert "Contracts:" in done.stdout, done.stdout + done.stderr
    return done.stdout


def broken(report: str) -> set[str]:
    """Name the contracts a report says are broken."""
    lines = (line.split(" BROKEN")[0].strip() for line in report.splitlines() if " BROKEN" in line)
    return set(lines)


def test_the_walls_stand():
    report = lint(ROOT / "src")

    assert broken(report) == set(), report


def test_every_wall_stops_an_intruder(tmp_path: Path):
    shutil.copytree(
        ROOT / "src" / "reelgate", tmp_path / "reelgate", ignore=shutil.ignore_patterns("__pycache__")
    )
    for place, line in INTRUDERS.values():
        (tmp_path / "reelgate" / place).write_text(f"{line}\n", encoding="utf-8")

    report = lint(tmp_path)

    assert broken(report) == set(INTRUDERS), report
    for place, _ in INTRUDERS.values():
        name = "reelgate." + place.removesuffix(".py").replace("/", ".")
        assert name in report, f"{name} was let in:\n{report}"


def test_a_new_room_has_to_be_given_its_place(tmp_path: Path):
    shutil.copytree(
        ROOT / "src" / "reelgate", tmp_path / "reelgate", ignore=shutil.ignore_patterns("__pycache__")
    )
    (tmp_path / "reelgate" / "utils.py").write_text("", encoding="utf-8")

    report = lint(tmp_path)

    assert broken(report) == {"A room imports only rooms below it"}
    assert "utils" in report


@pytest.mark.parametrize("word", ["utils", "util", "common", "helpers", "helper", "manager", "base", "misc"])
def test_no_file_has_a_name_that_says_nothing(word: str):
    found = [p for p in (ROOT / "src" / "reelgate").rglob(f"{word}*") if p.stem == word]

    assert found == []
