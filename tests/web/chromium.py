"""Which Chromium there is, and what is said where there is none."""
# ruff: noqa: TID251 - where the browser is stands in the environment

from __future__ import annotations

import os
import shutil

import pytest

CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
NEEDS_CHROMIUM = pytest.mark.skipif(
    CHROMIUM is None,
    reason="no Chromium here: the studio was not walked through; `make setup-chromium` installs it",
)
