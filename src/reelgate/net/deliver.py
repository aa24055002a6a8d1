"""One delivery of an event to somebody's webhook endpoint."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import msgspec

from reelgate.core.errors import Failure
from reelgate.net.answer import FAULTS, no_reply, read_bounded
from reelgate.net.client import Client, Outgoing, Target, patience
from reelgate.net.dial import Attempt

REPLY_MAX = 64 * 1024
"""How much of a receiver's reply is read, in bytes."""
_REPLY_S = 2.0


class Delivered(msgspec.Struct, frozen=True):
    """The receiver took it."""

    status: int


class NotDelivered(msgspec.Struct, frozen=True, kw_only=True):
    """The receiver did not take it, or nobody knows; it may be sent again under the same id."""

    reason: str
    status: int | None = None
    gone: bool = False
    """The receiver asked never to be called again (410)."""
    blocked: bool = False
    """Our own guard refused the address."""


async def post_webhook(
    client: Client, url: str, body: bytes, headers: Mapping[str, str], *, timeout_s: float = 15.0
) -> Delivered | NotDelivered:
    """Send one event; done within `timeout_s` whatever the receiver does."""
    parsed = client.guard.parse(url)
    if isinstance(parsed, Failure):
        return NotDelivered(reason=parsed.message, blocked=True)
    out = Outgoing(
        method="POST",
        target=Target(parsed, own=False, private=False),
        headers=headers,
        timeout=patience(timeout_s, None, client.limits.connect_s),
        body=body,
        fresh=True,
    )
    attempt = Attempt(once=True)
    try:
        response = await client.begin(out, attempt)
    except FAULTS as error:
        nothing = no_reply(error, sent=attempt.sent)
        return NotDelivered(reason=nothing.reason, blocked=nothing.blocked)
    try:
        # The status is the receipt; the rest is read only so that a polite receiver is not cut off.
        with suppress(*FAULTS):
            async with asyncio.timeout(_REPLY_S):
                await read_bounded(response, REPLY_MAX)
    finally:
        response.close()
    return _verdict(response.status)


def _verdict(status: int) -> Delivered | NotDelivered:
    if 200 <= status < 300:
        return Delivered(status)
    if 300 <= status < 400:
        return NotDelivered(
            reason="The endpoint answered with a redirect; redirects are not followed.", status=status
        )
    return NotDelivered(reason=f"The endpoint answered {status}.", status=status, gone=status == 410)
