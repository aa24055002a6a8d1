"""A forgotten password: whoever has an account with an address is sent a link, and nobody is told whether they have."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from reelgate.api import cookies
from reelgate.api.door import Door, Operation, Visit
from reelgate.api.envelopes import Done, Nothing, done, taken
from reelgate.api.people.letters import language_of, mail_link
from reelgate.auth import people
from reelgate.auth.access import throttle
from reelgate.auth.forgotten import buckets_of, whose
from reelgate.core.errors import Code, refuse
from reelgate.core.people import Language
from reelgate.engine.letters import About


class Forgotten(msgspec.Struct, frozen=True):
    """Whose password it is."""

    username: Annotated[str, Meta(min_length=1, max_length=300)]
    """The name they sign in with, or their address."""


def offered(door: Door) -> bool:
    """Tell whether links are sent to whoever asks: there is a mail server, and an address of ours that no asker chose."""
    return door.ctx.post is not None and bool(door.ctx.rules.public_url)


async def forgot(visit: Visit) -> Response:
    """Send a link by which somebody chooses another password; the answer is the same for everybody, and comes before it."""
    wish = await taken(visit, Forgotten)
    cookies.check_page(visit.request, visit.door.access)
    if not offered(visit.door):
        raise refuse(Code.NOT_FOUND, "No links are sent from here. Ask an administrator for one.")
    access = visit.door.access
    await throttle(access, buckets_of(access, wish.username, cookies.origin_of(visit.request)))
    visit.door.later(_send(visit.door, wish.username, language_of(visit.request)))
    return done(Nothing())


async def _send(door: Door, username: str, asked_in: Language) -> None:
    user = await whose(door.access, username)
    if user is None or user.email is None:
        return
    sent = await people.reset_link(door.access, user.id)
    url = (door.ctx.rules.public_url or "").rstrip("/") + sent.path()
    language = user.preferences.language or asked_in
    await mail_link(door.ctx, sent, url, user.email, About.RESET, language, name=user.login or user.name)


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/api/auth/forgot-password",
        handler=forgot,
        summary="Ask for a link to choose another password",
        tag="auth",
        takes=Forgotten,
        gives=Done[Nothing],
    ),
)
