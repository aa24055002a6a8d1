"""The native surface under `/api`: the sources' own paths, `{success, data}` envelopes and camelCase."""

from __future__ import annotations

from reelgate.api.door import Door, DoorRoute, routes
from reelgate.api.envelopes import NATIVE
from reelgate.api.native import activity, characters, jobs, models, queue, tasks


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface; literal addresses come before those with an id in them."""
    ours = [
        *tasks.OPERATIONS,
        *jobs.OPERATIONS,
        *characters.OPERATIONS,
        *models.OPERATIONS,
        *activity.OPERATIONS,
        *queue.OPERATIONS,
    ]
    return routes(door, ours, NATIVE)
