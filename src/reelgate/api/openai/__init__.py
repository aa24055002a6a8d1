"""The OpenAI surface: `/v1/videos` with its ten operations, models, files and webhook endpoints."""

from __future__ import annotations

from reelgate.api.door import Door, DoorRoute, routes
from reelgate.api.openai import changes, characters, content, effective, files, models, videos, webhooks


def build(door: Door) -> list[DoorRoute]:
    """Give the routes of this surface; literal addresses come before those with an id in them."""
    return routes(
        door,
        [
            *videos.OPERATIONS,
            *content.OPERATIONS,
            *effective.OPERATIONS,
            *changes.OPERATIONS,
            *characters.OPERATIONS,
            *models.OPERATIONS,
            *files.OPERATIONS,
            *webhooks.OPERATIONS,
        ],
    )
