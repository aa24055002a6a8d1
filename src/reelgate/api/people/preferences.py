"""What one prefers: the language of the studio and of mails, and what one is told of, under `/api/account/preferences`."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, done, taken
from reelgate.auth import accounts
from reelgate.core.people import Language, Preferences

_PATH: Final = "/api/account/preferences"
AUTO: Final = "auto"
"""Follows the browser; mails are in English then."""
Chosen = Language | Literal["auto"]


class ShownNotices(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one wants to be told of, and how."""

    toast: bool
    """In the studio, of clips that are there or will not be."""
    sound: bool
    browser: bool
    """By the browser, while the studio is not in front."""
    mail_finished: bool
    """By mail, of every video of theirs that is there."""
    mail_failed: bool
    mail_budget: bool
    """By mail, when little is left in a project of theirs."""
    mail_webhooks: bool
    """By mail, when a webhook endpoint of theirs is switched off."""


class ShownPreferences(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What one prefers."""

    language: Chosen
    notifications: ShownNotices
    mails_sent: bool
    """Whether mails go out at all: this installation has a mail server, and one left an address."""


class NoticesChange(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What is to be different; what is left out stays."""

    toast: bool | UnsetType = UNSET
    sound: bool | UnsetType = UNSET
    browser: bool | UnsetType = UNSET
    mail_finished: bool | UnsetType = UNSET
    mail_failed: bool | UnsetType = UNSET
    mail_budget: bool | UnsetType = UNSET
    mail_webhooks: bool | UnsetType = UNSET


class PreferencesChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different; what is left out stays."""

    language: Chosen | UnsetType = UNSET
    notifications: NoticesChange = NoticesChange()


def shown(chosen: Preferences) -> dict[str, Any]:
    """Show what somebody prefers."""
    notices = ShownNotices(**msgspec.structs.asdict(chosen.notices))
    return {"language": chosen.language or AUTO, "notifications": notices}


async def _answer(asked: Asked, chosen: Preferences) -> Response:
    user = await accounts.account(asked.access, asked.principal.user_id)
    mails = asked.ctx.post is not None and bool(user.email)
    return done(ShownPreferences(**shown(chosen), mails_sent=mails))


async def read(asked: Asked) -> Response:
    """Give what one prefers."""
    user = await accounts.account(asked.access, asked.principal.user_id)
    return await _answer(asked, user.preferences)


async def change(asked: Asked) -> Response:
    """Change what one prefers; what is left out stays."""
    wish = await taken(asked, PreferencesChange)

    def changed(now: Preferences) -> Preferences:
        told = {k: v for k, v in msgspec.structs.asdict(wish.notifications).items() if v is not UNSET}
        language = now.language if wish.language is UNSET else wish.language
        language = None if language == AUTO else language
        return Preferences(language=language, notices=msgspec.structs.replace(now.notices, **told))

    return await _answer(asked, await accounts.prefer(asked.access, asked.principal.user_id, changed))


OPERATIONS: Final = (
    Operation(
        method="GET",
        path=_PATH,
        handler=read,
        summary="What one prefers",
        tag="account",
        gives=Done[ShownPreferences],
    ),
    Operation(
        method="PATCH",
        path=_PATH,
        handler=change,
        summary="Change what one prefers",
        tag="account",
        takes=PreferencesChange,
        gives=Done[ShownPreferences],
    ),
)
