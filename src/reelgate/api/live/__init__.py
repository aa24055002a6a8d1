"""The live surface: what happens to one video, to several or to a whole project, read from the event log."""

from __future__ import annotations

from starlette.routing import BaseRoute, WebSocketRoute

from reelgate.api.door import Door, DoorRoute, routes
from reelgate.api.live import events, upgrade
from reelgate.api.live.socket import Sockets


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface."""
    return routes(door, [*events.OPERATIONS, *upgrade.OPERATIONS])


def sockets(door: Door) -> BaseRoute:
    """Give the route of the WebSocket, which asks who is there by itself."""
    return WebSocketRoute(upgrade.PATH, Sockets(door))
