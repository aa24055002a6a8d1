"""The permission table: one row for every route; a route without a row cannot be built.

A row is the route's own template, so that what is checked is what was matched,
never an address put together from headers.
"""

from __future__ import annotations

from typing import Final, Literal

from reelgate.auth.scopes import Scope

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Open:
    """Marks a route that anybody may call."""


OPEN: Final = Open()

PERMISSIONS: Final[dict[tuple[Method, str], Scope | Open]] = {
    ("POST", "/v1/videos"): Scope.VIDEOS_WRITE,
    ("GET", "/v1/videos"): Scope.VIDEOS_READ,
    ("POST", "/v1/videos/edits"): Scope.VIDEOS_WRITE,
    ("POST", "/v1/videos/extensions"): Scope.VIDEOS_WRITE,
    ("POST", "/v1/videos/characters"): Scope.VIDEOS_WRITE,
    ("GET", "/v1/videos/characters/{character_id}"): Scope.VIDEOS_READ,
    ("GET", "/v1/videos/{video_id}"): Scope.VIDEOS_READ,
    ("DELETE", "/v1/videos/{video_id}"): Scope.VIDEOS_WRITE,
    ("GET", "/v1/videos/{video_id}/content"): Scope.VIDEOS_READ,
    ("GET", "/v1/videos/{video_id}/events"): Scope.VIDEOS_READ,
    ("GET", "/v1/videos/{video_id}/effective"): Scope.VIDEOS_READ,
    ("POST", "/v1/videos/{video_id}/remix"): Scope.VIDEOS_WRITE,
    ("GET", "/v1/models"): Scope.VIDEOS_READ,
    ("GET", "/v1/models/{model:path}"): Scope.VIDEOS_READ,
    ("POST", "/v1/files"): Scope.FILES_WRITE,
    ("GET", "/v1/files"): Scope.FILES_READ,
    ("GET", "/v1/files/{file_id}"): Scope.FILES_READ,
    ("DELETE", "/v1/files/{file_id}"): Scope.FILES_WRITE,
    ("GET", "/v1/files/{file_id}/content"): Scope.FILES_READ,
    ("POST", "/v1/webhook_endpoints"): Scope.WEBHOOKS_WRITE,
    ("GET", "/v1/webhook_endpoints"): Scope.WEBHOOKS_READ,
    ("GET", "/v1/webhook_endpoints/{endpoint_id}"): Scope.WEBHOOKS_READ,
    ("POST", "/v1/webhook_endpoints/{endpoint_id}"): Scope.WEBHOOKS_WRITE,
    ("DELETE", "/v1/webhook_endpoints/{endpoint_id}"): Scope.WEBHOOKS_WRITE,
    ("POST", "/v1/webhook_endpoints/{endpoint_id}/rotate_secret"): Scope.WEBHOOKS_WRITE,
    ("POST", "/v1/webhook_endpoints/{endpoint_id}/test"): Scope.WEBHOOKS_WRITE,
    ("GET", "/v1/webhook_endpoints/{endpoint_id}/deliveries"): Scope.WEBHOOKS_READ,
    (
        "POST",
        "/v1/webhook_endpoints/{endpoint_id}/deliveries/{delivery_id}/replay",
    ): Scope.WEBHOOKS_WRITE,
    ("GET", "/v1/webhook_event_types"): Scope.WEBHOOKS_READ,
    ("GET", "/api/events"): Scope.VIDEOS_READ,
    ("POST", "/v1/video/create"): Scope.VIDEOS_WRITE,
    ("GET", "/v1/video/query"): Scope.VIDEOS_READ,
    ("POST", "/v1/video/storyboard"): Scope.VIDEOS_WRITE,
    ("POST", "/api/upload"): Scope.FILES_WRITE,
    ("POST", "/v2/videos/generations"): Scope.VIDEOS_WRITE,
    ("GET", "/v2/videos/generations/{task_id}"): Scope.VIDEOS_READ,
    ("POST", "/v1/files/upload"): Scope.FILES_WRITE,
    ("POST", "/v1/video/generations"): Scope.VIDEOS_WRITE,
    ("GET", "/v1/video/generations/{task_id}"): Scope.VIDEOS_READ,
    ("POST", "/sora/v1/characters"): Scope.VIDEOS_WRITE,
    ("POST", "/v1/chat/completions"): Scope.VIDEOS_WRITE,
    ("GET", "/api/models"): Scope.VIDEOS_READ,
    ("GET", "/api/admin/aliases"): Scope.ADMIN,
    ("PUT", "/api/admin/aliases/{name}"): Scope.ADMIN,
    ("DELETE", "/api/admin/aliases/{name}"): Scope.ADMIN,
    ("GET", "/api/admin/aliases/{name}/suggestions"): Scope.ADMIN,
    ("GET", "/api/admin/channels"): Scope.ADMIN,
    ("POST", "/api/admin/channels"): Scope.ADMIN,
    ("GET", "/api/admin/channels/{channel_id}"): Scope.ADMIN,
    ("PATCH", "/api/admin/channels/{channel_id}"): Scope.ADMIN,
    ("DELETE", "/api/admin/channels/{channel_id}"): Scope.ADMIN,
    ("POST", "/api/admin/channels/{channel_id}/drain"): Scope.ADMIN,
    ("POST", "/api/admin/channels/{channel_id}/pause"): Scope.ADMIN,
    ("POST", "/api/admin/channels/{channel_id}/resume"): Scope.ADMIN,
    ("GET", "/api/admin/channels/{channel_id}/health"): Scope.ADMIN,
    ("POST", "/api/admin/channels/{channel_id}/test"): Scope.ADMIN,
    ("GET", "/api/admin/channels/{channel_id}/keys"): Scope.ADMIN,
    ("POST", "/api/admin/channels/{channel_id}/keys"): Scope.ADMIN,
    ("PATCH", "/api/admin/channels/{channel_id}/keys/{key_id}"): Scope.ADMIN,
    ("DELETE", "/api/admin/channels/{channel_id}/keys/{key_id}"): Scope.ADMIN,
    ("GET", "/api/admin/channels/{channel_id}/callbacks"): Scope.ADMIN,
    ("PUT", "/api/admin/channels/{channel_id}/callbacks"): Scope.ADMIN,
    ("GET", "/api/admin/dialects"): Scope.ADMIN,
    ("GET", "/api/admin/dialects/{name}"): Scope.ADMIN,
    ("POST", "/api/admin/dialects/{name}/check"): Scope.ADMIN,
    ("GET", "/api/admin/models"): Scope.ADMIN,
    ("POST", "/api/admin/models/doctor"): Scope.ADMIN,
    ("GET", "/api/admin/tasks/{task_id}"): Scope.ADMIN,
    # Whoever knows the secret in the address may post there; it only has an upstream asked.
    ("POST", "/callbacks/{channel_id}/{secret}"): OPEN,
    ("POST", "/callbacks/{channel_id}/{secret}/{attempt_id}"): OPEN,
    ("GET", "/health"): OPEN,
    ("GET", "/ready"): OPEN,
    # Its own setting says who may read it.
    ("GET", "/metrics"): OPEN,
}


def required(method: Method, template: str) -> Scope | Open:
    """Give what a route asks for.

    Raises LookupError for a route without a row, so that forgetting one stops the start.
    """
    try:
        return PERMISSIONS[method, template]
    except KeyError:
        msg = f"no permission row for {method} {template}"
        raise LookupError(msg) from None
