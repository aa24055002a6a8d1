"""What a simulator answers when a fault struck: refusals in the family's envelope, and everything that is no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from aiohttp import web
from msgspec.structs import replace

from reelgate.testing.simulators.family import Family, Refusal, Says, Why, web_page
from reelgate.testing.upstream.answers import broken, retry_after

REFUSALS: Final[Mapping[str, Why]] = {
    "refuse": Why.INVALID,
    "moderation": Why.MODERATED,
    "unauthorized": Why.KEY,
    "payment": Why.QUOTA,
    "forbidden": Why.FORBIDDEN,
    "rate_limited": Why.THROTTLED,
    "overloaded": Why.BUSY,
    "error_500": Why.BROKEN,
    "error_500_after": Why.BROKEN,
    "flapping": Why.UNKNOWN_JOB,
    "forgotten": Why.UNKNOWN_JOB,
    "poll_error": Why.BROKEN,
    "poll_200_error": Why.BROKEN,
    "poll_limited": Why.THROTTLED,
    "poll_unauthorized": Why.KEY,
    "storm": Why.THROTTLED,
    "silent_storm": Why.THROTTLED,
    "revoked_key": Why.KEY,
}
_PAGES: Final[Mapping[str, int]] = {
    "error_502": 502,
    "error_503": 503,
    "error_504": 504,
    "login_page": 200,
    "poll_html": 200,
    "outage": 502,
}
_BODIES: Final[Mapping[str, bytes]] = {"poll_empty": b"", "poll_null": b"null"}
_WAITS: Final = frozenset({"storm", "poll_limited"})


def plain(said: Says) -> web.Response:
    """Put an answer on the wire."""
    return web.Response(
        body=said.body, status=said.status, content_type=said.media_type, headers=dict(said.headers)
    )


async def answer_of(
    request: web.Request, family: Family, name: str, argument: str, answer: bytes
) -> web.StreamResponse:
    """Answer a call that a fault has struck; `answer` is what it would have been told."""
    if name in REFUSALS:
        return plain(_refused(family, name, argument))
    if name in _PAGES:
        return plain(web_page(_PAGES[name]))
    if name in _BODIES:
        return plain(Says(body=_BODIES[name]))
    if name in {"hang", "poll_hangs"}:
        await asyncio.Event().wait()
    return await broken(request, "drop_after_accept" if name == "drop" else name, argument, answer)


def _refused(family: Family, name: str, argument: str) -> Says:
    said = family.refuse(Refusal(REFUSALS[name]))
    if name == "poll_200_error":
        return replace(said, status=200)
    if name == "rate_limited":
        return replace(said, headers={**said.headers, **retry_after(argument)})
    return replace(said, headers={**said.headers, "Retry-After": "1"}) if name in _WAITS else said
