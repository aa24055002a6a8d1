"""The studio in real Chromium, against a real server with the animatic channel and the fake upstream.

What a walk does stands in `web/e2e/walks/<name>.mjs`, to be read like a story; here each is run. At its end every
walk asks for what holds on any page: no error, nothing the policy forbade, no token where a script or an address
shows it.
"""
# ruff: noqa: TID251 - a browser and servers with an environment of their own

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reelgate.api.studio import BUILT
from tests.web.chromium import CHROMIUM, NEEDS_CHROMIUM
from tools.node import node

WEB = Path(__file__).parent.parent.parent / "web"
WALKS = sorted(path.stem for path in (WEB / "e2e" / "walks").glob("*.mjs"))
QUICK = {"first-run"}
"""Those that belong to every change; `make test-full` goes all of them."""
LONGEST_S = 1_200.0
"""Nothing takes as long; a walk that does hangs, and is ended with everything it started."""

pytestmark = NEEDS_CHROMIUM


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in WALKS]
)
def test_a_walk_through_the_studio_goes_to_its_end(name: str):
    assert (BUILT / "index.html").exists(), "build the studio first: .venv/bin/python -m tools.web build"

    code, said = _walked(name)

    assert code == 0, said


def _walked(name: str) -> tuple[int, str]:
    walking = subprocess.Popen(
        [node(), WEB / "e2e" / "walks" / f"{name}.mjs"],
        env={**os.environ, "CHROMIUM": CHROMIUM or "", "PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A group of its own, so that no server outlives a walk.
        start_new_session=True,
    )
    try:
        said, _ = walking.communicate(timeout=LONGEST_S)
    except subprocess.TimeoutExpired:
        os.killpg(walking.pid, signal.SIGKILL)
        said, _ = walking.communicate()
    return walking.returncode, said
