"""Who is at a socket: known by what came with the connection, or by the first message of a client that sent nothing."""

from __future__ import annotations

from typing import Final

from starlette.requests import HTTPConnection

from reelgate.api import cookies
from reelgate.api.door import Door, token_of
from reelgate.auth.principal import Principal
from reelgate.auth.scopes import Scope
from reelgate.core.errors import Code, refuse
from reelgate.engine.context import Who
from reelgate.engine.limits import admit_call

_QUERY: Final = "token"
_SCOPE: Final = Scope.VIDEOS_READ


class Entry:
    """One connection on its way in."""

    def __init__(self, door: Door, conn: HTTPConnection) -> None:
        self.conn = conn
        self._door = door

    async def admitted(self) -> Principal | None:
        """Give who came with a sign-in; None for a connection that came with none.

        Raises CallerError for a sign-in that is not good, Limited for one too many.
        """
        token = self.conn.query_params.get(_QUERY)
        if token:
            self.conn = _with_token(self.conn, token)
        if token_of(self.conn) is None and cookies.read(self.conn, self._door.access) is None:
            return None
        return await self._checked()

    async def signed_in(self, token: str) -> Principal:
        """Give whom a token names that came as the first message.

        Raises CallerError where it is not good, Limited for one sign-in too many.
        """
        self.conn = _with_token(self.conn, token)
        return await self._checked()

    async def still(self, who: Principal) -> bool:
        """Tell whether what let somebody in would let them in as of a moment ago."""
        return await self._door.stays(self.conn, who.project_id, _SCOPE)

    async def _checked(self) -> Principal:
        who = await self._door.identify(self.conn)
        if who is None:
            raise refuse(Code.UNAUTHORIZED, "What you sign in with is not good, or not any more.")
        if not who.may(_SCOPE):
            raise refuse(Code.PERMISSION_OR_CHANNEL, f"This lacks the scope `{_SCOPE.value}`.")
        if self._door.ctx.allowances.calls:
            asker = Who(user_id=who.user_id, project_id=who.project_id, key_id=who.key_id)
            await admit_call(self._door.ctx, asker)
        return who


def _with_token(conn: HTTPConnection, token: str) -> HTTPConnection:
    """Give the connection as it would look had the token come as a header."""
    kept = [
        (name, value) for name, value in conn.scope["headers"] if name not in (b"authorization", b"api-key")
    ]
    header = (b"authorization", b"Bearer " + token.encode("latin-1", "replace"))
    return HTTPConnection({**conn.scope, "headers": [*kept, header]})
