"""The promises every dialect makes, kept with a small recipe and with the shipped ones."""

from __future__ import annotations

import pytest

from reelgate.testing.conformance import checks
from tests.dialects.recipe.case import CASE, JUXIN, ZHENZHEN


@pytest.mark.parametrize("case", [CASE, JUXIN, ZHENZHEN], ids=["small", "juxin", "zhenzhen"])
@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(case, check):
    check(case)
