"""The example distribution is a real one: built, installed into a folder of its own, held to the suite and used."""
# ruff: noqa: TID251 - environments of their own, outside the process under test

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "dialect"
BIN = Path(sys.executable).parent
KEY = "example-key"


def run(*words: str | Path, cwd: Path, site: Path | None = None, data: Path | None = None) -> str:
    """Run a command to its end, in an environment that knows nothing but `site`; give what it printed."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("REELGATE_", "PYTHON", "PYTEST"))}
    environ |= {"REELGATE_LANG": "en"}
    environ |= {"PYTHONPATH": str(site)} if site is not None else {}
    environ |= {"REELGATE_DATA": str(data)} if data is not None else {}
    done = subprocess.run(words, cwd=cwd, env=environ, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the example's folder as somebody else would have it."""
    folder = tmp_path_factory.mktemp("example") / "dialect"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    return folder


@pytest.fixture(scope="module")
def site(copy: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a wheel of it and install that, with nothing fetched from anywhere."""
    wheels = tmp_path_factory.mktemp("wheels")
    run(sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", wheels, cwd=copy)
    (wheel,) = wheels.glob("*.whl")
    folder = tmp_path_factory.mktemp("site")
    run(BIN / "uv", "pip", "install", "--offline", "--no-deps", "--target", folder, wheel, cwd=wheels)
    return folder


@contextmanager
def simulator(copy: Path) -> Iterator[str]:
    """Run the example's own upstream and give its address."""
    program = copy / "tests" / "simulator.py"
    process = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["base_url"]
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def test_the_wheel_holds_the_dialect_its_facts_and_its_entry_point_alone(site: Path):
    files = {str(p.relative_to(site)) for p in site.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    (metadata,) = site.glob("*.dist-info")

    assert {f for f in files if f.startswith("reelgate_example/")} == {
        "reelgate_example/__init__.py",
        "reelgate_example/example.py",
        "reelgate_example/example.toml",
        "reelgate_example/py.typed",
    }
    assert "[reelgate.dialects]" in (metadata / "entry_points.txt").read_text("utf-8")


def test_the_installed_dialect_passes_its_own_tests_and_the_suite(copy: Path, site: Path):
    said = run(sys.executable, "-m", "pytest", "-q", "-n0", cwd=copy, site=site)

    assert re.search(r"\d\d passed in", said), said


def test_a_clip_is_made_through_the_installed_dialect(copy: Path, site: Path, tmp_path: Path):
    clip, data = tmp_path / "clip.mp4", tmp_path / "data"
    (tmp_path / "key").write_text(KEY, "utf-8")
    reelgate = (sys.executable, "-m", "reelgate.cli")

    with simulator(copy) as address:
        channel = (
            "--dialect",
            "example",
            "--base-url",
            address,
            "--self-hosted",
            "--model",
            "mine=example-1",
        )
        kept = ("--secret-file", str(tmp_path / "key"))
        run(
            *reelgate,
            "channels",
            "add",
            "upstream",
            *channel,
            *kept,
            "--poll-seconds",
            "0.1",
            cwd=tmp_path,
            site=site,
            data=data,
        )
        asked = ("generate", "A paper boat", "--model", "mine", "--seconds", "5", "--size", "1280x720")
        run(*reelgate, *asked, "-o", str(clip), cwd=tmp_path, site=site, data=data)

    assert clip.read_bytes()[4:8] == b"ftyp"


def test_without_the_distribution_there_is_no_such_dialect(tmp_path: Path):
    channel = ("--dialect", "example", "--base-url", "https://api.example", "--model", "mine=example-1")
    with pytest.raises(AssertionError, match=r"example.*animatic") as unknown:
        run(
            sys.executable,
            "-m",
            "reelgate.cli",
            "channels",
            "add",
            "upstream",
            *channel,
            cwd=tmp_path,
            data=tmp_path,
        )
    assert "Traceback" not in str(unknown.value)


def test_the_guide_shows_the_dialect_and_its_facts_as_they_are():
    guide = (ROOT / "docs" / "guides" / "write-a-dialect.md").read_text("utf-8")
    package = EXAMPLE / "src" / "reelgate_example"

    assert f"```python\n{(package / 'example.py').read_text('utf-8')}```" in guide
    assert f"```toml\n{(package / 'example.toml').read_text('utf-8')}```" in guide
