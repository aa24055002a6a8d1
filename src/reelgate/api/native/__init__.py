"""The native surface under `/api`: `{success, data}` envelopes."""

from __future__ import annotations

from reelgate.api.door import Door, DoorRoute, routes
from reelgate.api.envelopes import NATIVE
from reelgate.api.native import activity, models, queue


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface."""
    return routes(door, [*models.OPERATIONS, *activity.OPERATIONS, *queue.OPERATIONS], NATIVE)
