"""Who is asking."""

from __future__ import annotations

import msgspec

from reelgate.auth.scopes import Scope
from reelgate.core.people import Role


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking, from which project, and what they may do."""

    user_id: str
    project_id: str
    key_id: str | None = None
    """The key they came with; None for somebody who signed in."""
    session_id: str | None = None
    """Their sign-in; None for somebody who came with a key."""
    scopes: frozenset[Scope]
    role: Role = Role.MEMBER
    models: frozenset[str] | None = None
    """The only models they may ask for; None leaves that open."""
    budgeted: bool = False
    """Whether their key has a budget of its own, which a create is counted against."""

    @property
    def admin(self) -> bool:
        """Whether the asker may do everything."""
        return Scope.ADMIN in self.scopes

    def may(self, scope: Scope) -> bool:
        """Tell whether the asker holds a scope."""
        return scope in self.scopes or Scope.ADMIN in self.scopes

    def reads_words_of(self, user_id: str) -> bool:
        """Tell whether the asker may read what a user wrote: whoever wrote it, and administrators."""
        return self.admin or self.user_id == user_id
