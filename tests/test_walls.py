"""The walls between rooms stand, and each of them stops what it is there to stop (000-01, 000-34, 001-34)."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib.metadata import distribution
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
    "PgQueuer is known to the runner and the rows alone": ("engine/waker.py", "import pgqueuer"),
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


# A dialect's name stands in its own files alone.

OUR_OWN = {"animatic", "reelgate", "recipe"}
"""The renderer that is built in, ourselves, and no upstream at all."""

ELSEWHERE = {
    ("azure", "dialects/animatic/words.py"): "a blue",
    ("azure", "settings.py"): "a kind of storage",
    ("azure", "media/buckets.py"): "a kind of storage",
    ("azure", "media/objects.py"): "a kind of storage",
    ("azure", "api/admin/settings_words.py"): "a kind of storage",
    ("azure", "api/door.py"): "clients that send their key the way of its SDK",
    ("luma", "media/drawing"): "brightness",
    ("xai", "telemetry"): "what keys look like that must not be logged",
    ("litellm", "dialects/azure.toml"): "the page a price was read on",
    ("juxin_unified", "dialects/recipe/samples"): "a sample says what the dialect can that it cannot",
    ("zhenzhen_v2", "dialects/recipe/samples"): "a sample says what the dialect can that it cannot",
}
"""Where the word of a dialect means something else, or has to be said."""


def upstreams() -> list[str]:
    own = distribution("reelgate").entry_points.select(group="reelgate.dialects")
    return sorted({entry.name for entry in own} - OUR_OWN)


def texts(folder: Path) -> dict[str, str]:
    """Give every text file of a folder by its path, in lower case; the built studio holds other people's code."""
    built = folder / "studio"
    kinds = {".py", ".toml", ".mako", ".json", ".html", ".css", ".js"}
    found = [p for p in folder.rglob("*") if p.suffix in kinds and built not in p.parents]
    return {p.relative_to(folder).as_posix(): p.read_text("utf-8").lower() for p in found}


def speaking_of(word: str, sources: dict[str, str]) -> list[str]:
    """Name the files that hold a whole word; `a-b`, the name of somebody's repository, is one word."""
    return [path for path, text in sources.items() if re.search(rf"(?<![a-z0-9-]){word}(?![a-z0-9-])", text)]


def excused(word: str, path: str) -> bool:
    """Tell whether a file may name a dialect: its own, its simulator, or where the word means something else.

    A simulator is an upstream's other half, kept under `testing` for those who write clients and
    dialects; it knows the same words, and nothing of production imports it.
    """
    own = path.startswith((f"dialects/{word}.", f"dialects/{word}/", "testing/simulators/"))
    return own or any(word == w and path.startswith(place) for w, place in ELSEWHERE)


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return texts(ROOT / "src" / "reelgate")


@pytest.mark.parametrize("name", upstreams())
def test_a_dialects_name_stands_in_its_own_files_alone(name: str, sources: dict[str, str]):
    found = speaking_of(name, sources)

    assert f"dialects/{name}.toml" in found
    assert [path for path in found if not excused(name, path)] == []


@pytest.mark.parametrize(
    "brand", sorted({name.partition("_")[0] for name in upstreams()} - {"chat", "openai"})
)
def test_no_room_but_the_dialects_knows_a_brand(brand: str, sources: dict[str, str]):
    found = [path for path in speaking_of(brand, sources) if not path.startswith("dialects/")]

    assert [path for path in found if not excused(brand, path)] == []


def test_one_vendor_is_known_to_its_own_files_alone_even_inside_longer_words(sources: dict[str, str]):
    found = {path for path, text in sources.items() if "kling" in text}

    assert {"dialects/kling.py", "dialects/kling.toml"} <= found
    assert [path for path in found if not excused("kling", path)] == []


def test_every_excuse_is_still_needed(sources: dict[str, str]):
    unused = [
        (w, place) for w, place in ELSEWHERE if not any(p.startswith(place) for p in speaking_of(w, sources))
    ]

    assert unused == []


@pytest.mark.parametrize("name", upstreams())
def test_a_dialect_is_a_module_a_profile_file_and_a_folder_of_tests(name: str):
    dialects = ROOT / "src" / "reelgate" / "dialects"

    assert (dialects / f"{name}.py").is_file() or (dialects / name / "__init__.py").is_file()
    assert (dialects / f"{name}.toml").is_file()
    assert list((ROOT / "tests" / "dialects" / name).glob("test_*.py"))
