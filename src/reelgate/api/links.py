"""Addresses of ours in answers: where a clip can be fetched without a key for a while, and by whom."""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import HTTPConnection, Request

from reelgate.auth.clip_links import ClipLinks
from reelgate.auth.principal import Principal
from reelgate.auth.scopes import Scope
from reelgate.core.task import Variant
from reelgate.engine.context import Context
from reelgate.store import tasks as task_rows

CONTENT: Final = "/v1/videos/{video_id}/content"
_HOST: Final = re.compile(
    r"[A-Za-z0-9._\-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?", re.ASCII
)


_OVER: Final = {"ws": "http", "wss": "https"}
"""What a socket runs over."""


def origin(ctx: Context, request: HTTPConnection) -> str:
    """Give where the asker reaches this installation: the setting `public_url`, else what they called; empty when unclear."""
    if ctx.rules.public_url:
        return ctx.rules.public_url.rstrip("/")
    host = request.headers.get("host", "")
    scheme = _OVER.get(request.scope["scheme"], request.scope["scheme"])
    return f"{scheme}://{host}" if _HOST.fullmatch(host) else ""


def clip_address(
    ctx: Context, links: ClipLinks, request: HTTPConnection, video_id: str, variant: Variant = Variant.VIDEO
) -> str:
    """Write the address of a video's file that needs no key and is good for `link_s` seconds."""
    until_s = ctx.clock.now_ms() // 1000 + ctx.rules.link_s
    path = CONTENT.replace("{video_id}", video_id)
    which = "" if variant is Variant.VIDEO else f"variant={variant.value}&"
    return f"{origin(ctx, request)}{path}?{which}sig={links.sign(video_id, until_s)}"


async def bearer_of_link(ctx: Context, links: ClipLinks, request: Request) -> Principal | None:
    """Give who a signed link lets in, to the one video it names; None for any other request."""
    sig = request.query_params.get("sig") if request.scope["query_string"] else None
    route = request.scope.get("route")
    if not sig or getattr(route, "path", None) != CONTENT:
        return None
    video_id = str(request.path_params["video_id"])
    if not links.opens(video_id, sig, ctx.clock.now_ms()):
        return None
    task = await ctx.backend.point(lambda conn: task_rows.get(conn, video_id))
    if task is None or task.deleted_at is not None:
        return None
    return Principal(
        user_id=task.user_id,
        project_id=task.project_id,
        key_id=task.key_id,
        scopes=frozenset({Scope.VIDEOS_READ}),
    )
