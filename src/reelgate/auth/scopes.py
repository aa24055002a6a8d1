"""What a key or a sign-in may do. A route asks for one scope; an administrator has all of them."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Final

import msgspec

from reelgate.core.people import Role


class Scope(StrEnum):
    """One permission a key can carry."""

    VIDEOS_READ = "videos:read"
    """See tasks, clips, characters, models and live events."""
    VIDEOS_WRITE = "videos:write"
    """Create, remix, edit, extend and delete; spends credit."""
    FILES_READ = "files:read"
    FILES_WRITE = "files:write"
    WEBHOOKS_READ = "webhooks:read"
    WEBHOOKS_WRITE = "webhooks:write"
    ACCOUNT = "account"
    """Look after one's own account: name, password, keys, sign-ins."""
    OPERATE = "operate"
    """Keep the installation running: channels, queue, inbox, figures."""
    ADMIN = "admin"
    """Everything, including who else may do what."""


EVERYDAY: Final = frozenset(
    {
        Scope.VIDEOS_READ,
        Scope.VIDEOS_WRITE,
        Scope.FILES_READ,
        Scope.FILES_WRITE,
        Scope.WEBHOOKS_READ,
        Scope.WEBHOOKS_WRITE,
    }
)
"""What a new key carries unless told otherwise; a leaked one makes no other keys."""

_LOOKING: Final = frozenset({Scope.VIDEOS_READ, Scope.FILES_READ, Scope.WEBHOOKS_READ, Scope.ACCOUNT})

OF_ROLE: Final[dict[Role, frozenset[Scope]]] = {
    Role.ADMIN: frozenset(Scope),
    Role.OPERATOR: EVERYDAY | {Scope.ACCOUNT, Scope.OPERATE},
    Role.MEMBER: EVERYDAY | {Scope.ACCOUNT},
    Role.VIEWER: _LOOKING,
}
"""The most a role may do, by sign-in or by key."""

_IN_PROJECT: Final = EVERYDAY
"""What a role in a team narrows; what is beyond a project stays with the role in the installation."""


@lru_cache(maxsize=256)
def parse_scopes(names: tuple[str, ...]) -> frozenset[Scope]:
    """Read stored scope names.

    Raises ValueError for a name that is not a scope.
    """
    return frozenset(Scope(name) for name in names)


@lru_cache(maxsize=1024)
def held(role: str, team_role: str | None, stored: str | None = None) -> frozenset[Scope]:
    """Give what somebody of a role may do in a project, of a team when `team_role` is given.

    A key's own scopes, as stored, only take away. In a team even an administrator is what the team
    made them, so that nobody is given `admin` inside somebody's project by chance.
    """
    may = OF_ROLE[Role(role)]
    if stored is not None:
        may &= parse_scopes(msgspec.json.decode(stored, type=tuple[str, ...]))
    if team_role is None:
        return may
    within = OF_ROLE[Role(team_role)] & _IN_PROJECT
    narrowed = frozenset(scope for scope in may if scope not in _IN_PROJECT or scope in within)
    # `admin` opens every scope, which would undo what was narrowed.
    return narrowed if within == _IN_PROJECT else narrowed - {Scope.ADMIN}
