"""The promises every dialect makes, kept by this one in both of its main settings."""

from __future__ import annotations

import pytest

from reelgate.testing.conformance import checks
from tests.dialects.openai_videos.case import CASE, CASE_WITH_URLS


@pytest.mark.parametrize("case", [CASE, CASE_WITH_URLS], ids=["content by call", "content by url"])
@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(case, check):
    check(case)
