"""The relay surfaces: code written for a relay works after changing the base address."""

from __future__ import annotations

from reelgate.api.compat import characters, chat, generations, generic, unified, videos
from reelgate.api.compat.refusals import RELAY
from reelgate.api.door import Door, DoorRoute, routes


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface; literal addresses come before those with an id in them."""
    return routes(
        door,
        [
            *unified.OPERATIONS,
            *generations.OPERATIONS,
            *generic.OPERATIONS,
            *videos.OPERATIONS,
            *characters.OPERATIONS,
            *chat.OPERATIONS,
        ],
        RELAY,
    )
