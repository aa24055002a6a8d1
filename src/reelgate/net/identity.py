"""Questions to an OpenID provider: small, bounded, judged by the same guard as everything else that leaves."""

from __future__ import annotations

from collections.abc import Mapping

from reelgate.core.dialect import NoReply, Reply
from reelgate.core.errors import Failure
from reelgate.net.answer import FAULTS, lower_names, no_reply, read_bounded
from reelgate.net.client import Client, Outgoing, Target, patience
from reelgate.net.dial import Attempt

REPLY_MAX = 256 * 1024
"""Largest answer read, in bytes."""
TIMEOUT_S = 10.0


async def ask(
    client: Client, url: str, headers: Mapping[str, str], body: bytes | None = None
) -> Reply | NoReply:
    """Get an address, or post a body to it; redirects are answers like any other."""
    parsed = client.guard.parse(url)
    if isinstance(parsed, Failure):
        return NoReply(sent=False, reason=parsed.message, blocked=True)
    out = Outgoing(
        method="GET" if body is None else "POST",
        target=Target(parsed, own=False, private=False),
        headers=headers,
        timeout=patience(TIMEOUT_S, None, client.limits.connect_s),
        body=body,
        fresh=True,
    )
    attempt = Attempt(once=True)
    try:
        response = await client.begin(out, attempt)
        try:
            whole = await read_bounded(response, REPLY_MAX)
        finally:
            response.close()
    except FAULTS as error:
        return no_reply(error, sent=attempt.sent)
    return Reply(status=response.status, headers=lower_names(response.headers), body=whole)
