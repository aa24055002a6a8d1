"""Links by mail: who is told of one, in which language, and what the answer says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import msgspec

from reelgate.core.people import Language
from reelgate.engine import alerts
from reelgate.engine.letters import About, letter

if TYPE_CHECKING:
    from starlette.requests import Request

    from reelgate.auth.people import Sent
    from reelgate.engine.context import Context

_CHINESE: Final = "zh"


class Mailed(msgspec.Struct, frozen=True, rename="camel"):
    """What became of the mail with a link."""

    address: str
    sent: bool
    """Whether the mail server took it."""
    reason: str | None
    """Why not; the link can be handed over by other means."""


async def mail_link(
    ctx: Context, sent: Sent, url: str, address: str, about: About, language: Language | None, **values: str
) -> Mailed:
    """Hand in a mail with a link, once; what comes of it is for the answer."""
    until = datetime.fromtimestamp(sent.link.expires_at / 1000, UTC)
    said = letter(about, language, link=url, until=f"{until:%Y-%m-%d %H:%M} UTC", **values)
    reason = await alerts.send_now(ctx, address, said)
    return Mailed(address, sent=reason is None, reason=reason)


def language_of(request: Request, *chosen: Language | None) -> Language:
    """Give the first language somebody chose, else the one their browser asks for."""
    for one in chosen:
        if one is not None:
            return one
    return "zh-CN" if request.headers.get("accept-language", "").lower().startswith(_CHINESE) else "en"
