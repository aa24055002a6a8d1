"""The administrators' surface under `/api/admin`: what operators see and callers do not."""

from __future__ import annotations

from reelgate.api.admin import (
    audit,
    backups,
    channel_keys,
    channels,
    dialects,
    health,
    inbox,
    models,
    queue,
    settings,
    statistics,
    tasks,
)
from reelgate.api.door import Door, DoorRoute, routes


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface; literal addresses come before those with an id in them."""
    tables = (
        channels,
        channel_keys,
        dialects,
        inbox,
        models,
        queue,
        tasks,
        audit,
        settings,
        statistics,
        health,
        backups,
    )
    return routes(door, [operation for table in tables for operation in table.OPERATIONS])
