"""Sign-ins: in a browser, carried on by a cookie that no script can read and a token against forged requests."""

from __future__ import annotations

import hmac
from typing import Final

import msgspec

from reelgate.auth.access import Access, Origin
from reelgate.auth.principal import Principal
from reelgate.auth.scopes import held
from reelgate.core.errors import Code, refuse
from reelgate.core.people import SessionKind
from reelgate.store import projects as project_rows
from reelgate.store import sessions as rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection
from reelgate.store.sessions import Session, SignedIn

MOST: Final = 50
"""Sign-ins of one user that hold at once; one more ends the oldest."""
_LONGEST_AGENT: Final = 200


class Started(msgspec.Struct, frozen=True):
    """A sign-in just begun, with what its browser is given this once."""

    session: Session
    cookie: str
    csrf: str
    """What each changing request has to carry beside the cookie."""

    def __repr__(self) -> str:
        return f"Started({self.session.id!r})"


def begin(
    conn: Connection, access: Access, user_id: str, kind: SessionKind, origin: Origin, *, digest: str | None
) -> Session:
    """Write a sign-in; the oldest of many ends."""
    now = access.clock.now_ms()
    policy = access.policy
    lasts = policy.session_s if kind is SessionKind.BROWSER else policy.refresh_s
    session = Session(
        id=access.ids.new("sess"),
        user_id=user_id,
        kind=kind,
        digest=digest,
        address=origin.address,
        agent=origin.agent[:_LONGEST_AGENT],
        created_at=now,
        seen_at=now,
        expires_at=now + lasts * 1000,
    )
    for old in rows.listed(conn, now=now, user_id=user_id)[MOST - 1 :]:
        rows.revoke(conn, old.id, now)
    rows.insert(conn, session)
    user_rows.change(conn, user_id, now, last_login_at=now)
    return session


async def start(access: Access, user_id: str, origin: Origin) -> Started:
    """Sign a user in in a browser."""
    cookie = access.ids.token()
    digest = access.digest(cookie)
    session = await access.backend.write(
        lambda conn: begin(conn, access, user_id, SessionKind.BROWSER, origin, digest=digest)
    )
    return Started(session, cookie, csrf_of(access, cookie))


def csrf_of(access: Access, cookie: str) -> str:
    """Give the token that goes with a cookie; only this installation can compute it."""
    return access.derived("csrf", cookie)[:32]


def csrf_fits(access: Access, cookie: str, given: str | None) -> bool:
    """Tell whether a request carries the token that goes with its cookie."""
    return given is not None and hmac.compare_digest(given.encode(), csrf_of(access, cookie).encode())


def principal_of_cookie(
    conn: Connection, access: Access, cookie: str, wanted: str | None = None
) -> Principal | None:
    """Give who signed in with a cookie, in the project they want or in their own first one.

    None when the sign-in has ended or its user is disabled. Raises CallerError `not_found` for a
    project they do not get into.
    """
    found = rows.by_cookie(conn, access.digest(cookie))
    return None if found is None else inside(conn, found, access.clock.now_ms(), wanted)


def inside(conn: Connection, found: SignedIn, now: int, wanted: str | None) -> Principal | None:
    """Give who a sign-in belongs to, inside a project; None when it does not hold.

    Raises CallerError `not_found` for a project they do not get into.
    """
    if found.revoked_at is not None or now >= found.expires_at or found.disabled_at is not None:
        return None
    project = (
        project_rows.home(conn, found.user_id)
        if wanted is None
        else project_rows.reached(conn, found.user_id, wanted)
    )
    if project is None:
        raise refuse(Code.NOT_FOUND, "There is no such project.", param="project")
    team_role = None if project.team_role is None else project.team_role.value
    return Principal(
        user_id=found.user_id,
        project_id=project.id,
        session_id=found.id,
        scopes=held(found.role.value, team_role),
        role=found.role,
    )


async def of_user(access: Access, user_id: str) -> list[Session]:
    """List the sign-ins of a user that hold, newest first."""
    now = access.clock.now_ms()
    return await access.backend.read(lambda conn: rows.listed(conn, now=now, user_id=user_id))


async def end(access: Access, session_id: str, *, user_id: str | None = None) -> None:
    """End a sign-in at once, of this user when one is named.

    Raises CallerError `not_found` when there is none that holds.
    """
    now = access.clock.now_ms()

    def work(conn: Connection) -> None:
        if not rows.revoke(conn, session_id, now, user_id=user_id):
            raise refuse(Code.NOT_FOUND, f"There is no sign-in `{session_id}`.")

    await access.backend.write(work)


async def end_all(access: Access, user_id: str, *, but: str | None = None) -> int:
    """End every sign-in of a user, but for one; counts them."""
    now = access.clock.now_ms()
    return await access.backend.write(lambda conn: leave(conn, user_id, now, but=but))


def leave(conn: Connection, user_id: str, now: int, *, but: str | None = None) -> int:
    """End every sign-in of a user, but for one, and what was signed for them."""
    user_rows.end_tokens(conn, user_id, now)
    return rows.revoke_all(conn, user_id, now, but=but)


touch = rows.touch
"""Writes down when sign-ins were last used."""
