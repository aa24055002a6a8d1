"""The audit log: read page by page, taken out as a file, checked from its first entry on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.export import exported, form_of
from reelgate.api.queries import paging
from reelgate.core.audit import Break, Link
from reelgate.core.errors import Code, refuse
from reelgate.engine.context import Context
from reelgate.store import audit as audit_rows

COLUMNS: Final = (
    "seq",
    "at",
    "actor",
    "user_id",
    "key_id",
    "address",
    "request_id",
    "action",
    "subject",
    "outcome",
    "details",
    "previous",
    "digest",
)


def shown(one: Link) -> dict[str, Any]:
    """Give an entry with its place in the chain; `at` is in milliseconds since 1970, as it is digested."""
    entry = one.entry
    return {
        "seq": one.seq,
        "at": entry.at,
        "actor": entry.actor,
        "user_id": entry.user_id,
        "key_id": entry.key_id,
        "address": entry.address,
        "request_id": entry.request_id,
        "action": entry.action,
        "subject": entry.subject,
        "outcome": entry.outcome.value,
        "details": entry.details,
        "previous": one.previous,
        "digest": one.digest,
    }


async def page(asked: Asked) -> Response:
    """List entries, newest first; with `format` all of them, oldest first, as a file."""
    form = form_of(asked.request)
    if form != "json":
        return exported(_all(asked.ctx), COLUMNS, form, "audit")
    limit = paging(asked.request).limit
    before = _before(asked)
    found = await asked.ctx.backend.read(lambda conn: audit_rows.page(conn, before=before, limit=limit + 1))
    part = found[:limit]
    return Json(
        {
            "data": [shown(one) for one in part],
            "has_more": len(found) > limit,
            "last_seq": part[-1].seq if part else None,
        }
    )


def _before(asked: Asked) -> int | None:
    text = asked.request.query_params.get("before", "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise refuse(Code.INVALID_REQUEST, "`before` must be the number of an entry.", param="before")
    return int(text)


async def _all(ctx: Context) -> AsyncGenerator[dict[str, Any], None]:
    beyond = 0
    while some := await ctx.backend.read(lambda conn, b=beyond: audit_rows.after(conn, b)):
        for one in some:
            yield shown(one)
        beyond = some[-1].seq


async def check(asked: Asked) -> Response:
    """Walk the whole chain and say whether it holds, and where it breaks when it does not."""
    found = await asked.ctx.backend.read(audit_rows.walk)
    if isinstance(found, Break):
        return Json({"holds": False, "breaks_at": found.seq, "why": found.why})
    return Json({"holds": True, "entries": found.seq, "head": found.digest})


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/admin/audit",
        handler=page,
        summary="List or export the audit log",
        tag="admin",
        query=("limit", "before", "format"),
    ),
    Operation(
        method="GET",
        path="/api/admin/audit/check",
        handler=check,
        summary="Check the chain of the audit log",
        tag="admin",
    ),
)
