"""The generation of the official Python SDK before the current one, which many programs still have, just as strict."""
# ruff: noqa: TID251 - an environment of its own, outside the process under test

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tools.peers import install

CASES = Path(__file__).with_name("test_python_sdk.py")
LACKING = "tests/sdk/test_python_sdk.py::test_a_webhook_is_registered_tested_and_deleted"
"""Needs methods that came with the next generation."""
RUN = """\
import sys, pytest
cases, lacking, cache = sys.argv[1:]
failed = pytest.main([cases, "-q", "-n0", "--tb=short", "--deselect", lacking, "-o", "cache_dir=" + cache])
import openai
assert not hasattr(openai.OpenAI(api_key="-").webhooks, "create")
assert openai.__version__.startswith("2."), openai.__version__
sys.exit(failed)
"""


def test_everything_the_current_sdk_does_works_with_the_generation_before(tmp_path: Path):
    packages = install("openai-2")

    done = subprocess.run(
        [sys.executable, "-c", RUN, str(CASES), LACKING, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": str(packages), "PYTEST_ADDOPTS": ""},
        cwd=CASES.parents[2],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\n\d\d passed, 1 deselected in", done.stdout), done.stdout
