"""Words about people: what they are here, how they came in, and what a link in their hands opens."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Literal

import msgspec

Language = Literal["en", "zh-CN"]
LANGUAGES: Final[tuple[Language, ...]] = ("en", "zh-CN")
"""What the studio and mails speak."""


class Role(StrEnum):
    """What somebody is in this installation, or in a team; the strongest first."""

    ADMIN = "admin"
    """May do everything, and decides who else may."""
    OPERATOR = "operator"
    """Keeps it running: channels, queue, inbox, figures; not people, not secrets."""
    MEMBER = "member"
    """Creates and owns."""
    VIEWER = "viewer"
    """Looks."""

    @property
    def rank(self) -> int:
        """Give a number that is smaller the more a role may do."""
        return tuple(Role).index(self)


def weaker(one: Role, other: Role) -> Role:
    """Give the role of two that may do less."""
    return max(one, other, key=lambda role: role.rank)


class SessionKind(StrEnum):
    """How a sign-in is carried on."""

    BROWSER = "browser"
    """By a cookie."""
    TOKENS = "tokens"
    """By a signed token, and another to exchange for the next one."""


class LinkKind(StrEnum):
    """What a one-time link is for."""

    SETUP = "setup"
    """To become the first administrator."""
    INVITE = "invite"
    """To become a user."""
    RESET = "reset"
    """To choose another password."""


class Notices(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to be told of, and how."""

    toast: bool = True
    """In the studio, of clips that are there or will not be."""
    sound: bool = False
    browser: bool = False
    """By the browser, while the studio is not in front."""
    mail_finished: bool = False
    """By mail, of every video of theirs that is there."""
    mail_failed: bool = False
    mail_budget: bool = True
    """By mail, when little is left in a project of theirs."""
    mail_webhooks: bool = True
    """By mail, when a webhook endpoint of theirs is switched off."""


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody chose for themselves."""

    language: Language | None = None
    """None follows their browser; mails are in English then."""
    notices: Notices = Notices()


class BudgetWindow(StrEnum):
    """After what time a key's budget is whole again. Days and months are those of UTC."""

    DAY = "day"
    MONTH = "month"
    TOTAL = "total"
    """Never."""


def opened_at(window: BudgetWindow, now_ms: int) -> int:
    """Give when the window that now is in began, in milliseconds since 1970."""
    now = datetime.fromtimestamp(now_ms / 1000, UTC)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    match window:
        case BudgetWindow.DAY:
            return int(midnight.timestamp()) * 1000
        case BudgetWindow.MONTH:
            return int(midnight.replace(day=1).timestamp()) * 1000
        case BudgetWindow.TOTAL:
            return 0
