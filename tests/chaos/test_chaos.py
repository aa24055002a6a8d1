"""A little of everything that `make chaos` does at length."""

from __future__ import annotations

import sys

import pytest

from tests.chaos.run import run
from tests.chaos.scenarios import SHORT

SEED = 20260924


@pytest.mark.slow
def test_a_fleet_that_is_harmed_in_every_way_at_once_keeps_every_promise() -> None:
    found = run(SHORT, seed=SEED, heartbeat_s=4, say=_say)

    assert [(one.name, wrong) for one in found for wrong in one.wrong] == []
    assert sum(one.completed for one in found) > 0


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
