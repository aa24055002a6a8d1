"""Tickets: which items a download is of, kept for an hour, so that a browser fetches it by an address."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from reelgate.core.errors import Code, refuse
from reelgate.engine.context import Context
from reelgate.store import library_items as item_rows
from reelgate.store.backend import Connection

LASTS_MS: Final = 3_600_000
_PREFIX: Final = "zip:"


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One download."""

    id: str
    project_id: str
    ids: list[str]
    expires_at: int


async def make(ctx: Context, project_id: str, ids: Sequence[str]) -> Ticket:
    """Write a ticket down, and let go of those that have ended."""
    now = ctx.clock.now_ms()
    ticket = Ticket(
        id=ctx.ids.token(), project_id=project_id, ids=list(dict.fromkeys(ids)), expires_at=now + LASTS_MS
    )

    def work(conn: Connection) -> None:
        for name, value in item_rows.states(conn, _PREFIX):
            if msgspec.json.decode(value, type=Ticket).expires_at <= now:
                item_rows.drop_state(conn, name)
        item_rows.put_state(conn, _PREFIX + ticket.id, msgspec.json.encode(ticket).decode())

    await ctx.backend.write(work)
    return ticket


async def find(ctx: Context, ticket_id: str, project_id: str) -> Ticket:
    """Give a project's ticket.

    Raises CallerError `not_found` for one that has ended or is another's.
    """
    text = await ctx.backend.point(lambda conn: item_rows.state(conn, _PREFIX + ticket_id[:100]))
    ticket = None if text is None else msgspec.json.decode(text, type=Ticket)
    if ticket is None or ticket.project_id != project_id or ticket.expires_at <= ctx.clock.now_ms():
        raise refuse(Code.NOT_FOUND, "This download does not exist, or it has ended.")
    return ticket
