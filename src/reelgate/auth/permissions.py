"""The permission table: one row for every route; a route without a row cannot be built.

A row is the route's own template, so that what is checked is what was matched,
never an address put together from headers.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final, Literal

from reelgate.auth.scopes import Scope

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Whose(StrEnum):
    """Whose thing an address names; any other's is answered like one that is not there."""

    PROJECT = "project"
    """One of the asker's project."""
    ACCOUNT = "account"
    """One of the asker's own, whatever project they are in."""
    INSTALLATION = "installation"
    """One of the installation's, for whoever the scope lets in."""


class Open:
    """Marks a route that anybody may call."""


class Known:
    """Marks a route for whoever says who they are, whatever they may do."""


OPEN: Final = Open()
KNOWN: Final = Known()

PERMISSIONS: Final[dict[tuple[Method, str], Scope | Known | Open]] = {
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
    ("GET", "/ws"): Scope.VIDEOS_READ,
    ("POST", "/v1/video/create"): Scope.VIDEOS_WRITE,
    ("GET", "/v1/video/query"): Scope.VIDEOS_READ,
    ("POST", "/v1/video/storyboard"): Scope.VIDEOS_WRITE,
    ("POST", "/api/upload"): Scope.FILES_WRITE,
    ("POST", "/v2/videos/generations"): Scope.VIDEOS_WRITE,
    ("GET", "/v2/videos/generations/{task_id}"): Scope.VIDEOS_READ,
    ("POST", "/v1/files/upload"): Scope.FILES_WRITE,
    ("POST", "/v1/video/generations"): Scope.VIDEOS_WRITE,
    ("GET", "/v1/video/generations/{task_id}"): Scope.VIDEOS_READ,
    ("POST", "/relay/v1/videos"): Scope.VIDEOS_WRITE,
    ("GET", "/relay/v1/videos/{task_id}"): Scope.VIDEOS_READ,
    ("POST", "/relay/v1/files/upload"): Scope.FILES_WRITE,
    ("POST", "/sora/v1/characters"): Scope.VIDEOS_WRITE,
    ("POST", "/v1/chat/completions"): Scope.VIDEOS_WRITE,
    ("GET", "/api/models"): Scope.VIDEOS_READ,
    ("POST", "/api/queue/{task_id}/cancel"): Scope.VIDEOS_WRITE,
    ("POST", "/api/queue/{task_id}/decision"): Scope.VIDEOS_WRITE,
    ("POST", "/api/video/tasks"): Scope.VIDEOS_WRITE,
    ("GET", "/api/video/tasks"): Scope.VIDEOS_READ,
    ("GET", "/api/video/tasks/{video_id}"): Scope.VIDEOS_READ,
    ("POST", "/api/video/tasks/{video_id}/cancel"): Scope.VIDEOS_WRITE,
    ("GET", "/api/video/tasks/{video_id}/content"): Scope.VIDEOS_READ,
    ("POST", "/api/video/tasks/{video_id}/refresh-url"): Scope.VIDEOS_WRITE,
    ("POST", "/api/video/tasks/{video_id}/remix"): Scope.VIDEOS_WRITE,
    ("GET", "/api/video/stats"): Scope.VIDEOS_READ,
    ("GET", "/api/history"): Scope.VIDEOS_READ,
    ("POST", "/api/videos"): Scope.VIDEOS_WRITE,
    ("GET", "/api/videos/jobs/{job_id}"): Scope.VIDEOS_READ,
    ("GET", "/api/task/{task_id}"): Scope.VIDEOS_READ,
    ("POST", "/api/character/create"): Scope.VIDEOS_WRITE,
    ("GET", "/api/character/list"): Scope.VIDEOS_READ,
    ("GET", "/api/character/stats"): Scope.VIDEOS_READ,
    ("GET", "/api/character/search/{query}"): Scope.VIDEOS_READ,
    ("DELETE", "/api/character/all"): Scope.VIDEOS_WRITE,
    ("GET", "/api/character/{character_id}"): Scope.VIDEOS_READ,
    ("GET", "/api/character/{character_id}/picture"): Scope.VIDEOS_READ,
    ("DELETE", "/api/character/{character_id}"): Scope.VIDEOS_WRITE,
    ("GET", "/api/auth/state"): OPEN,
    ("POST", "/api/auth/link"): OPEN,
    ("POST", "/api/auth/setup"): OPEN,
    ("POST", "/api/auth/register"): OPEN,
    ("POST", "/api/auth/login"): OPEN,
    ("POST", "/api/auth/refresh"): OPEN,
    # Whoever has nothing that is still good is rid of their cookie all the same.
    ("POST", "/api/auth/logout"): OPEN,
    ("POST", "/api/auth/reset-password"): OPEN,
    # Says the same to everybody.
    ("POST", "/api/auth/forgot-password"): OPEN,
    ("GET", "/api/auth/me"): KNOWN,
    ("POST", "/api/auth/change-password"): Scope.ACCOUNT,
    ("GET", "/api/library/items"): Scope.VIDEOS_READ,
    ("GET", "/api/library/facets"): Scope.VIDEOS_READ,
    ("GET", "/api/library/items/{item_id}"): Scope.VIDEOS_READ,
    ("PATCH", "/api/library/items/{item_id}"): Scope.VIDEOS_WRITE,
    ("DELETE", "/api/library/items/{item_id}"): Scope.VIDEOS_WRITE,
    ("GET", "/api/library/items/{item_id}/inputs/{position}"): Scope.VIDEOS_READ,
    ("GET", "/api/library/items/{item_id}/files/{which}"): Scope.VIDEOS_READ,
    ("POST", "/api/library/bulk"): Scope.VIDEOS_WRITE,
    ("GET", "/api/library/folders"): Scope.VIDEOS_READ,
    ("POST", "/api/library/folders"): Scope.VIDEOS_WRITE,
    ("PATCH", "/api/library/folders/{folder_id}"): Scope.VIDEOS_WRITE,
    ("DELETE", "/api/library/folders/{folder_id}"): Scope.VIDEOS_WRITE,
    ("GET", "/api/library/tags"): Scope.VIDEOS_READ,
    ("POST", "/api/library/tags"): Scope.VIDEOS_WRITE,
    ("PATCH", "/api/library/tags/{tag_id}"): Scope.VIDEOS_WRITE,
    ("DELETE", "/api/library/tags/{tag_id}"): Scope.VIDEOS_WRITE,
    ("POST", "/api/library/trash/all"): Scope.VIDEOS_WRITE,
    ("POST", "/api/library/trash/empty"): Scope.VIDEOS_WRITE,
    ("GET", "/api/auth/oidc"): OPEN,
    ("GET", "/api/auth/oidc/callback"): OPEN,
    ("GET", "/api/account/profile"): Scope.ACCOUNT,
    ("PATCH", "/api/account/profile"): Scope.ACCOUNT,
    ("GET", "/api/account/preferences"): Scope.ACCOUNT,
    ("PATCH", "/api/account/preferences"): Scope.ACCOUNT,
    ("GET", "/api/account/sessions"): Scope.ACCOUNT,
    ("DELETE", "/api/account/sessions"): Scope.ACCOUNT,
    ("DELETE", "/api/account/sessions/{session_id}"): Scope.ACCOUNT,
    ("GET", "/api/account/projects"): Scope.ACCOUNT,
    ("POST", "/api/account/projects"): Scope.ACCOUNT,
    ("PATCH", "/api/account/projects/{project_id}"): Scope.ACCOUNT,
    ("PUT", "/api/account/projects/{project_id}/team"): Scope.ACCOUNT,
    ("GET", "/api/account/export"): Scope.ACCOUNT,
    ("GET", "/api/account/keys"): Scope.ACCOUNT,
    ("POST", "/api/account/keys"): Scope.ACCOUNT,
    ("GET", "/api/account/keys/kinds"): Scope.ACCOUNT,
    ("DELETE", "/api/account/keys/{key_id}"): Scope.ACCOUNT,
    ("GET", "/api/admin/users"): Scope.ADMIN,
    ("POST", "/api/admin/users"): Scope.ADMIN,
    ("GET", "/api/admin/users/{user_id}"): Scope.ADMIN,
    ("PATCH", "/api/admin/users/{user_id}"): Scope.ADMIN,
    ("POST", "/api/admin/users/{user_id}/reset"): Scope.ADMIN,
    ("POST", "/api/admin/users/{user_id}/logout"): Scope.ADMIN,
    ("GET", "/api/admin/invites"): Scope.ADMIN,
    ("POST", "/api/admin/invites"): Scope.ADMIN,
    ("DELETE", "/api/admin/invites/{invite_id}"): Scope.ADMIN,
    ("GET", "/api/admin/sessions"): Scope.ADMIN,
    ("DELETE", "/api/admin/sessions/{session_id}"): Scope.ADMIN,
    ("GET", "/api/admin/keys"): Scope.ADMIN,
    ("POST", "/api/admin/keys"): Scope.ADMIN,
    ("DELETE", "/api/admin/keys/{key_id}"): Scope.ADMIN,
    ("GET", "/api/admin/teams"): Scope.ADMIN,
    ("POST", "/api/admin/teams"): Scope.ADMIN,
    ("GET", "/api/admin/teams/{team_id}"): Scope.ADMIN,
    ("DELETE", "/api/admin/teams/{team_id}"): Scope.ADMIN,
    ("PUT", "/api/admin/teams/{team_id}/members/{user_id}"): Scope.ADMIN,
    ("DELETE", "/api/admin/teams/{team_id}/members/{user_id}"): Scope.ADMIN,
    ("PUT", "/api/admin/teams/{team_id}/projects/{project_id}"): Scope.ADMIN,
    ("DELETE", "/api/admin/teams/{team_id}/projects/{project_id}"): Scope.ADMIN,
    ("GET", "/api/library/queue"): Scope.VIDEOS_READ,
    ("GET", "/api/library/items/{item_id}/lineage"): Scope.VIDEOS_READ,
    ("POST", "/api/library/items/{item_id}/last_frame"): Scope.VIDEOS_WRITE,
    ("POST", "/api/library/items/{item_id}/reuse"): Scope.VIDEOS_WRITE,
    ("GET", "/api/library/presets"): Scope.VIDEOS_READ,
    ("POST", "/api/library/presets"): Scope.VIDEOS_WRITE,
    ("PUT", "/api/library/presets/{preset_id}"): Scope.VIDEOS_WRITE,
    ("DELETE", "/api/library/presets/{preset_id}"): Scope.VIDEOS_WRITE,
    ("GET", "/api/library/items/{item_id}/shares"): Scope.VIDEOS_READ,
    ("POST", "/api/library/items/{item_id}/shares"): Scope.VIDEOS_WRITE,
    ("DELETE", "/api/library/items/{item_id}/shares/{share_id}"): Scope.VIDEOS_WRITE,
    # Whoever has the link sees the one clip it leads to, after its password where there is one.
    ("GET", "/api/library/shared/{token}"): OPEN,
    ("POST", "/api/library/shared/{token}"): OPEN,
    ("GET", "/api/library/shared/{token}/files/{which}"): OPEN,
    ("GET", "/api/library/items/{item_id}/download"): Scope.VIDEOS_READ,
    ("POST", "/api/library/zip"): Scope.VIDEOS_WRITE,
    ("GET", "/api/library/zip/{ticket}"): Scope.VIDEOS_READ,
    ("GET", "/api/library/export"): Scope.VIDEOS_READ,
    ("POST", "/api/library/recipes/read"): Scope.VIDEOS_WRITE,
    ("POST", "/api/library/import"): Scope.VIDEOS_WRITE,
    ("POST", "/api/library/characters"): Scope.VIDEOS_WRITE,
    ("POST", "/api/library/legacy/read"): Scope.VIDEOS_WRITE,
    ("GET", "/api/admin/aliases"): Scope.OPERATE,
    ("PUT", "/api/admin/aliases/{name}"): Scope.OPERATE,
    ("DELETE", "/api/admin/aliases/{name}"): Scope.OPERATE,
    ("GET", "/api/admin/aliases/{name}/suggestions"): Scope.OPERATE,
    ("GET", "/api/admin/channels"): Scope.OPERATE,
    ("POST", "/api/admin/channels"): Scope.ADMIN,
    ("GET", "/api/admin/channels/{channel_id}"): Scope.OPERATE,
    ("PATCH", "/api/admin/channels/{channel_id}"): Scope.ADMIN,
    ("DELETE", "/api/admin/channels/{channel_id}"): Scope.ADMIN,
    ("POST", "/api/admin/channels/{channel_id}/drain"): Scope.OPERATE,
    ("POST", "/api/admin/channels/{channel_id}/pause"): Scope.OPERATE,
    ("POST", "/api/admin/channels/{channel_id}/resume"): Scope.OPERATE,
    ("GET", "/api/admin/channels/{channel_id}/health"): Scope.OPERATE,
    ("POST", "/api/admin/channels/{channel_id}/test"): Scope.OPERATE,
    ("GET", "/api/admin/channels/{channel_id}/keys"): Scope.OPERATE,
    ("POST", "/api/admin/channels/{channel_id}/keys"): Scope.ADMIN,
    ("PATCH", "/api/admin/channels/{channel_id}/keys/{key_id}"): Scope.ADMIN,
    ("DELETE", "/api/admin/channels/{channel_id}/keys/{key_id}"): Scope.ADMIN,
    ("GET", "/api/admin/channels/{channel_id}/callbacks"): Scope.ADMIN,
    ("PUT", "/api/admin/channels/{channel_id}/callbacks"): Scope.ADMIN,
    ("GET", "/api/admin/dialects"): Scope.OPERATE,
    ("GET", "/api/admin/dialects/{name}"): Scope.OPERATE,
    ("POST", "/api/admin/dialects/{name}/check"): Scope.OPERATE,
    ("GET", "/api/admin/inbox"): Scope.OPERATE,
    ("POST", "/api/admin/inbox/{task_id}"): Scope.OPERATE,
    ("GET", "/api/admin/events"): Scope.OPERATE,
    ("GET", "/api/admin/models"): Scope.OPERATE,
    ("GET", "/api/admin/queue"): Scope.OPERATE,
    ("POST", "/api/admin/queue/{task_id}/cancel"): Scope.OPERATE,
    ("POST", "/api/admin/models/doctor"): Scope.OPERATE,
    ("GET", "/api/admin/tasks/{task_id}"): Scope.OPERATE,
    ("GET", "/api/account/activity"): Scope.VIDEOS_READ,
    ("GET", "/api/admin/audit"): Scope.ADMIN,
    ("GET", "/api/admin/audit/check"): Scope.ADMIN,
    ("GET", "/api/admin/statistics"): Scope.OPERATE,
    ("GET", "/api/admin/settings"): Scope.ADMIN,
    ("POST", "/api/admin/settings"): Scope.ADMIN,
    ("GET", "/api/admin/settings/fixed"): Scope.ADMIN,
    ("GET", "/api/admin/settings/{key}/history"): Scope.ADMIN,
    ("GET", "/api/admin/health"): Scope.OPERATE,
    ("GET", "/api/admin/health/promises"): Scope.ADMIN,
    ("GET", "/api/admin/backups"): Scope.ADMIN,
    ("POST", "/api/admin/backups"): Scope.ADMIN,
    # Whoever knows the secret in the address may post there; it only has an upstream asked.
    ("POST", "/callbacks/{channel_id}/{secret}"): OPEN,
    ("POST", "/callbacks/{channel_id}/{secret}/{attempt_id}"): OPEN,
    ("GET", "/health"): OPEN,
    ("GET", "/ready"): OPEN,
    # What can be called is no secret; it names nobody's things.
    ("GET", "/docs"): OPEN,
    ("GET", "/docs/style.css"): OPEN,
    ("GET", "/docs/{surface}.json"): OPEN,
    ("GET", "/docs/{surface}"): OPEN,
    # Its own setting says who may read it.
    ("GET", "/metrics"): OPEN,
}


NAMED: Final[dict[str, Whose]] = {
    "video_id": Whose.PROJECT,
    "task_id": Whose.PROJECT,
    "job_id": Whose.PROJECT,
    "character_id": Whose.PROJECT,
    "file_id": Whose.PROJECT,
    "item_id": Whose.PROJECT,
    "folder_id": Whose.PROJECT,
    "tag_id": Whose.PROJECT,
    "preset_id": Whose.PROJECT,
    "share_id": Whose.PROJECT,
    "ticket": Whose.PROJECT,
    "project_id": Whose.ACCOUNT,
    # Parts of an item, which is looked up first.
    "position": Whose.PROJECT,
    "which": Whose.PROJECT,
    "endpoint_id": Whose.PROJECT,
    "delivery_id": Whose.PROJECT,
    "model": Whose.INSTALLATION,
    # Words that are looked for, among the project's own.
    "query": Whose.PROJECT,
    "surface": Whose.INSTALLATION,
}
"""Whose thing each part of an address names; a route with a part that is not here cannot be built."""

_BELOW: Final[dict[str, Whose]] = {
    "/api/admin/": Whose.INSTALLATION,
    "/api/account/": Whose.ACCOUNT,
    # The secret says whose clip it is.
    "/api/library/shared/": Whose.INSTALLATION,
    # Parts of these are secrets themselves.
    "/callbacks/": Whose.INSTALLATION,
}
"""Where every part of an address names things of the same holder."""
_PART: Final = re.compile(r"{([^}:]+)")


def required(method: Method, template: str) -> Scope | Known | Open:
    """Give what a route asks for.

    Raises LookupError for a route without a row, or with a part nobody said whose it is, so that
    forgetting one stops the start.
    """
    whose(template)
    try:
        return PERMISSIONS[method, template]
    except KeyError:
        msg = f"no permission row for {method} {template}"
        raise LookupError(msg) from None


def whose(template: str) -> dict[str, Whose]:
    """Tell whose things the parts of an address name.

    Raises LookupError for a part that `NAMED` does not have.
    """
    below = next((holder for prefix, holder in _BELOW.items() if template.startswith(prefix)), None)
    found: dict[str, Whose] = {}
    for name in _PART.findall(template):
        holder = below or NAMED.get(name)
        if holder is None:
            msg = f"`{name}` in {template} is nobody's: say whose it is in auth/permissions.py"
            raise LookupError(msg)
        found[name] = holder
    return found
