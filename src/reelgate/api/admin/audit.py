"""The audit log: read page by page, sought in, taken out as a file, checked from its first entry on."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.export import exported, form_of
from reelgate.api.queries import paging
from reelgate.core.audit import Break, Link, Outcome
from reelgate.core.errors import Code, refuse
from reelgate.engine.context import Context
from reelgate.store import audit as audit_rows
from reelgate.store import users as user_rows
from reelgate.store.audit import Sought
from reelgate.store.backend import Connection

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
_LONGEST: Final = 200
_OUTCOMES: Final = {one.value: one for one in Outcome}


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One privileged action in its place in the chain."""

    seq: int
    at: int
    """Milliseconds since 1970, as it is digested."""
    actor: str
    actor_name: str
    """What the actor is called now; empty for whoever has no account here."""
    user_id: str | None
    key_id: str | None
    address: str
    request_id: str | None
    action: str
    subject: str | None
    subject_name: str
    """What a user it was done to is called now; empty for everything else."""
    outcome: Outcome
    details: dict[str, Any]
    previous: str
    digest: str


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Entries, newest first."""

    data: list[Entry]
    has_more: bool
    last_seq: int | None
    """What to send as `before` for the next page."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the chain holds."""

    holds: bool
    entries: int | None = None
    head: str | None = None
    """The newest digest."""
    breaks_at: int | None = None
    why: str | None = None


def shown(one: Link) -> dict[str, Any]:
    """Give an entry with its place in the chain; `at` is in milliseconds since 1970, as it is digested."""
    entry = msgspec.structs.asdict(one.entry)
    return {"seq": one.seq, **entry, "previous": one.previous, "digest": one.digest}


async def page(asked: Asked) -> Response:
    """List entries, newest first; with `format` all of them, oldest first, as a file."""
    form, sought = form_of(asked.request), _sought(asked)
    if form != "json":
        return exported(_all(asked.ctx, sought), COLUMNS, form, "audit")
    limit = paging(asked.request).limit
    before = _number(asked, "before")

    def work(conn: Connection) -> tuple[list[Link], dict[str, str]]:
        found = audit_rows.page(conn, before=before, limit=limit + 1, sought=sought)
        people = {one.entry.actor for one in found} | {one.entry.subject or "" for one in found}
        return found, user_rows.names(conn, people)

    found, names = await asked.ctx.backend.read(work)
    part = found[:limit]
    entries = [
        Entry(
            **shown(one),
            actor_name=names.get(one.entry.actor, ""),
            subject_name=names.get(one.entry.subject or "", ""),
        )
        for one in part
    ]
    last = part[-1].seq if part else None
    return Json(Page(data=entries, has_more=len(found) > limit, last_seq=last))


def _sought(asked: Asked) -> Sought:
    query = asked.request.query_params
    outcome = query.get("outcome") or None
    if outcome is not None and outcome not in _OUTCOMES:
        raise refuse(Code.INVALID_REQUEST, f"`outcome` is one of {', '.join(_OUTCOMES)}.", param="outcome")
    return Sought(
        actor=(query.get("actor") or "")[:_LONGEST] or None,
        action=(query.get("action") or "")[:_LONGEST] or None,
        subject=(query.get("subject") or "")[:_LONGEST] or None,
        outcome=None if outcome is None else _OUTCOMES[outcome],
        since=_number(asked, "since"),
        until=_number(asked, "until"),
    )


def _number(asked: Asked, name: str) -> int | None:
    text = asked.request.query_params.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        what = "the number of an entry" if name == "before" else "a moment in milliseconds since 1970"
        raise refuse(Code.INVALID_REQUEST, f"`{name}` must be {what}.", param=name)
    return int(text)


async def _all(ctx: Context, sought: Sought) -> AsyncGenerator[dict[str, Any], None]:
    beyond = 0
    while some := await ctx.backend.read(lambda conn, b=beyond: audit_rows.after(conn, b, sought=sought)):
        for one in some:
            yield {**shown(one), "outcome": one.entry.outcome.value}
        beyond = some[-1].seq


async def check(asked: Asked) -> Response:
    """Walk the whole chain and say whether it holds, and where it breaks when it does not."""
    found = await asked.ctx.backend.read(audit_rows.walk)
    if isinstance(found, Break):
        return Json({"holds": False, "breaks_at": found.seq, "why": found.why})
    return Json({"holds": True, "entries": found.seq, "head": found.digest})


_FILTERS: Final = ("actor", "action", "subject", "outcome", "since", "until")

OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/admin/audit",
        handler=page,
        summary="List or export the audit log",
        tag="admin",
        query=("limit", "before", "format", *_FILTERS),
        gives=Page,
    ),
    Operation(
        method="GET",
        path="/api/admin/audit/check",
        handler=check,
        summary="Check the chain of the audit log",
        tag="admin",
        gives=Checked,
    ),
)
