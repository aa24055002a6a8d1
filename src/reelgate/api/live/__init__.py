"""The live surface: server-sent events of one video and of a whole project, read from the event log."""

from __future__ import annotations

from reelgate.api.door import Door, DoorRoute, routes
from reelgate.api.live import events


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface."""
    return routes(door, events.OPERATIONS)
