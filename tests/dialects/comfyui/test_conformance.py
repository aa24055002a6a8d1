"""The promises every dialect makes, kept with and without `/api/jobs`."""

from __future__ import annotations

import pytest

from reelgate.testing.conformance import checks
from tests.dialects.comfyui.case import CASE, OLD_CASE


@pytest.mark.parametrize("case", [CASE, OLD_CASE], ids=["api/jobs", "history and queue"])
@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(case, check):
    check(case)
