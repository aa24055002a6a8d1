"""What the asker did here: keys, endpoints and files changed, videos asked for."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.export import exported, form_of
from reelgate.api.queries import paging
from reelgate.core.errors import Code, refuse
from reelgate.store import activity as activity_rows
from reelgate.store.activity import Deed

COLUMNS: Final = ("id", "createdAt", "action", "subject", "address", "agent", "status", "keyId")
_TOGETHER: Final = 500


def _shown(deed: Deed) -> dict[str, Any]:
    return {
        "id": deed.id,
        "createdAt": deed.created_at,
        "action": deed.action,
        "subject": deed.subject,
        "address": deed.address,
        "agent": deed.agent,
        "status": deed.status,
        "keyId": deed.key_id,
    }


async def page(asked: Asked) -> Response:
    """List what the asker did, newest first; with `format` all of it as a file."""
    form = form_of(asked.request)
    if form != "json":
        return exported(_all(asked), COLUMNS, form, "activity")
    limit = paging(asked.request).limit
    found = await _some(asked, _cursor(asked), limit + 1)
    part = found[:limit]
    more = len(found) > limit
    last = part[-1] if part and more else None
    return Json(
        {
            "success": True,
            "data": [_shown(deed) for deed in part],
            "nextCursor": None if last is None else f"{last.created_at}-{last.id}",
        }
    )


def _cursor(asked: Asked) -> tuple[int, str] | None:
    text = asked.request.query_params.get("cursor", "")
    if not text:
        return None
    at, _, deed_id = text.partition("-")
    if not (at.isascii() and at.isdigit() and len(at) <= 16 and deed_id.isascii() and deed_id.isprintable()):
        raise refuse(Code.INVALID_REQUEST, "`cursor` is none of ours.", param="cursor")
    return int(at), deed_id


async def _some(asked: Asked, after: tuple[int, str] | None, limit: int) -> list[Deed]:
    who = asked.principal
    return await asked.ctx.backend.read(
        lambda conn: activity_rows.page(conn, who.user_id, who.project_id, after=after, limit=limit)
    )


async def _all(asked: Asked) -> AsyncGenerator[dict[str, Any], None]:
    after: tuple[int, str] | None = None
    while some := await _some(asked, after, _TOGETHER):
        for deed in some:
            yield _shown(deed)
        after = (some[-1].created_at, some[-1].id)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/account/activity",
        handler=page,
        summary="List or export what I did",
        tag="account",
        query=("limit", "cursor", "format"),
    ),
)
