"""Every dialect whose upstream has a simulator gets a clip home from it, and nothing is paid for twice on the way."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from reelgate.app import load_dialects
from reelgate.testing.round_trip import TRIPS, Route, Trip
from reelgate.testing.simulators import families


@cache
def known() -> tuple[dict[str, Any], dict[str, Any]]:
    return load_dialects()


@pytest.mark.parametrize("trip", TRIPS, ids=lambda trip: trip.__name__)
@pytest.mark.parametrize("name", list(families()))
async def test_it_holds_over_http(name: str, trip: Trip, tmp_path: Path):
    dialects, profiles = known()
    family = families()[name]
    profile = profiles[name].find(family.model)
    assert profile is not None, f"{name} knows no model called {family.model}"

    await trip(Route(dialect=dialects[name], family=family, profile=profile, folder=tmp_path))


def test_every_dialect_that_has_an_upstream_has_a_simulator_of_it():
    dialects, _ = known()

    # The embedded renderer is nobody's client.
    assert set(families()) == set(dialects) - {"animatic"}
