"""Somebody who has never been here: from the one-time link to a clip made with a picture, in real Chromium."""
# ruff: noqa: TID251 - a browser and a server with an environment of their own

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from reelgate.api.studio import BUILT
from tools.node import node

PATIENCE_S = 120.0
WEB = Path(__file__).parent.parent.parent / "web"
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here; `make setup-chromium` installs it"),
]


@pytest.fixture
def link(tmp_path: Path) -> Iterator[str]:
    """Start a server on an empty folder and give the link it prints."""
    assert (BUILT / "index.html").exists(), "build the studio first: python -m tools.web build"
    clean = {k: v for k, v in os.environ.items() if not k.startswith("REELGATE_")}
    log = tmp_path / "serve.log"
    with log.open("wb") as out:
        serving = subprocess.Popen(
            [sys.executable, "-m", "reelgate.cli", "--data", str(tmp_path / "data"), "serve", "--port", "0"],
            env=clean,
            stdout=out,
            stderr=out,
        )
        try:
            yield _printed(log, serving)
        finally:
            serving.terminate()
            assert serving.wait(PATIENCE_S) == 0


def _printed(log: Path, serving: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        assert serving.poll() is None, log.read_text()
        found = re.search(r"http://\S+/setup#\S+", log.read_text())
        if found:
            return found[0]
        time.sleep(0.05)
    raise AssertionError(log.read_text())


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    drawn = Image.new("RGB", (640, 480), (60, 90, 120))
    ImageDraw.Draw(drawn).ellipse((220, 140, 420, 340), fill=(240, 180, 80))
    path = tmp_path / "sun.png"
    drawn.save(path)
    return path


def test_the_first_clip_is_made_from_the_one_time_link(link: str, picture: Path):
    walked = subprocess.run(
        [node(), WEB / "e2e" / "first-run.mjs", link, picture],
        env={**os.environ, "CHROMIUM": CHROMIUM or "", "PATIENCE_MS": str(int(PATIENCE_S * 1000))},
        capture_output=True,
        text=True,
        check=False,
    )

    assert walked.returncode == 0, json.dumps([walked.stdout, walked.stderr])
