"""Activity: what a user did, written for that user to read."""

from __future__ import annotations

from reelgate.engine.context import Context, Who
from reelgate.store import activity as activity_rows
from reelgate.store.activity import Deed

_AGENT_MAX = 200


async def note(
    ctx: Context,
    who: Who,
    *,
    action: str,
    subject: str | None = None,
    address: str = "",
    agent: str = "",
    status: int | None = None,
) -> None:
    """Write down one thing a user did."""
    deed = Deed(
        id=ctx.ids.new("act"),
        user_id=who.user_id,
        key_id=who.key_id,
        action=action,
        subject=subject,
        address=address,
        agent=agent[:_AGENT_MAX],
        status=status,
        created_at=ctx.clock.now_ms(),
    )
    await ctx.backend.write(lambda conn: activity_rows.insert(conn, deed))
