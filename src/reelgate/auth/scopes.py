"""What a key may do. A route asks for one scope; an administrator has all of them."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache


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
    ADMIN = "admin"
    """Everything, including what belongs to the operator."""


EVERYDAY: frozenset[Scope] = frozenset(Scope) - {Scope.ADMIN}
"""What a new key carries unless told otherwise."""


@lru_cache(maxsize=256)
def parse_scopes(names: tuple[str, ...]) -> frozenset[Scope]:
    """Read stored scope names.

    Raises ValueError for a name that is not a scope.
    """
    return frozenset(Scope(name) for name in names)
