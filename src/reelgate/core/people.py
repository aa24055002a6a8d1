"""Words about people: what they are here, how they came in, and what a link in their hands opens."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum


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
