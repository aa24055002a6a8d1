"""The library under `/api/library`: what was made and brought here, kept in order and found again."""

from __future__ import annotations

from reelgate.api.door import Door, DoorRoute, routes
from reelgate.api.library import items, order, projects


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface; literal addresses come before those with an id in them."""
    return routes(door, [*items.OPERATIONS, *order.OPERATIONS, *projects.OPERATIONS])
