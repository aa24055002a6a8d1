"""A wheel carries the built studio: who installs it needs no Node.js."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.conftest import BIN, ROOT
from tools import web

PATIENCE_S = 120.0


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """Build the wheel of this tree and install it into an environment that has nothing else of ours."""
    web.build()
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("src", "pyproject.toml", "README.md", "LICENSE"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tree / name)
    python = f"{BIN}/python"
    uv = [f"{BIN}/uv", "--quiet", "--no-cache", "--offline"]
    subprocess.run(
        [*uv, "build", "--wheel", "--no-build-isolation", "--python", python], cwd=tree, check=True
    )
    (wheel,) = (tree / "dist").glob("*.whl")
    fresh = tmp_path / "fresh"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", fresh], check=True)
    subprocess.run(
        [*uv, "pip", "install", "--python", fresh / "bin" / "python", "--no-deps", wheel], check=True
    )
    # Its dependencies are the locked ones that are here already; paths named so bring no editable package along.
    (site,) = (fresh / "lib").glob("python*/site-packages")
    site.joinpath("dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return fresh


@pytest.fixture
def address(installed: Path, tmp_path: Path) -> Iterator[str]:
    """Serve from it, with a PATH on which there is no Node.js."""
    programs = tmp_path / "programs"
    programs.mkdir()
    data = tmp_path / "data"
    serving = subprocess.Popen(
        [installed / "bin" / "reelgate", "--data", data, "serve", "--port", "0"],
        cwd=tmp_path,
        env={"PATH": str(programs), "HOME": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        noted, end = data / "server.json", time.monotonic() + PATIENCE_S
        while not noted.exists():
            assert serving.poll() is None
            assert time.monotonic() < end
            time.sleep(0.05)
        yield json.loads(noted.read_text())["url"]
    finally:
        serving.terminate()
        assert serving.wait(PATIENCE_S) == 0


def got(url: str) -> str:
    with urllib.request.urlopen(url, timeout=PATIENCE_S) as answer:  # noqa: S310 - loopback
        assert answer.status == 200
        return answer.read().decode()


@pytest.mark.slow
def test_an_installed_wheel_serves_the_studio_without_nodejs(installed: Path, address: str):
    asked = [installed / "bin" / "python", "-c", "import reelgate; print(reelgate.__file__)"]
    assert str(installed) in subprocess.run(asked, capture_output=True, text=True, check=True).stdout

    page = got(address + "/")

    scripts = re.findall(r'src="(/assets/[^"]+\.js)"', page)
    assert scripts
    assert all(got(address + script) for script in scripts)
    assert "reelgate" in got(address + "/studio.webmanifest").lower()


@pytest.mark.slow
def test_a_wheel_holds_no_marks_or_maps_of_the_build(installed: Path):
    (studio,) = installed.glob("lib/python*/site-packages/reelgate/studio")

    names = {path.name for path in studio.rglob("*")}

    assert "index.html" in names
    assert not [name for name in names if name.startswith(".") or name.endswith(".map")]
