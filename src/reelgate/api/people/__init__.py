"""The surface about people: coming in under `/api/auth`, oneself under `/api/account`, everybody under `/api/admin`."""

from __future__ import annotations

from reelgate.api.door import Door, DoorRoute, routes
from reelgate.api.envelopes import NATIVE
from reelgate.api.people import account, admin, entering, forgotten, gates, keys, preferences, teams


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface; literal addresses come before those with an id in them."""
    everything = (entering, forgotten, gates, account, preferences, keys, admin, teams)
    return routes(door, [one for part in everything for one in part.OPERATIONS], NATIVE)
