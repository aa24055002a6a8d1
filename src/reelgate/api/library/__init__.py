"""The library under `/api/library`: what was made and brought here, kept in order and found again."""

from __future__ import annotations

from reelgate.api.door import Door, DoorRoute, routes
from reelgate.api.library import imports, items, order, parcels, presets, queue, shares


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface; literal addresses come before those with an id in them."""
    return routes(
        door,
        [
            *items.OPERATIONS,
            *queue.OPERATIONS,
            *order.OPERATIONS,
            *presets.OPERATIONS,
            *shares.OPERATIONS,
            *parcels.OPERATIONS,
            *imports.OPERATIONS,
        ],
    )
