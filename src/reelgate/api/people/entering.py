"""Coming in and leaving: `/api/auth`, for programs by token as the original service had it, for browsers by cookie."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta
from starlette.responses import Response

from reelgate.api import cookies
from reelgate.api.door import Asked, Operation, Visit, token_of
from reelgate.api.envelopes import Done, Nothing, done, moment, taken
from reelgate.api.people import shapes
from reelgate.api.people.forgotten import offered
from reelgate.api.people.gates import AWAY
from reelgate.api.people.shapes import Entered, Gate, Me, Opening, State, person, renamed
from reelgate.auth import accounts, sessions, tokens
from reelgate.auth.accounts import Newcomer
from reelgate.auth.tokens import Tokens
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.people import LANGUAGES
from reelgate.engine import activity
from reelgate.engine.context import Who
from reelgate.store import sessions as session_rows
from reelgate.store import teams as team_rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection
from reelgate.store.users import User

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Secret = Annotated[str, Meta(min_length=1, max_length=4_000)]
Carried = Literal["tokens", "browser"]


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A name and a password."""

    username: Name
    password: Secret
    session: Carried = "tokens"
    """`browser` sets an HttpOnly cookie instead of giving tokens."""

    def __repr__(self) -> str:
        return f"Login({self.username!r})"


class Register(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody new."""

    username: Name
    password: Secret
    name: str | None = None
    email: str | None = None
    invite: Secret | None = None
    """What stood in the invitation's link; needed unless registration is open."""
    session: Carried = "tokens"

    def __repr__(self) -> str:
        return f"Register({self.username!r})"


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    """The first administrator."""

    token: Secret
    """What stood in the link that was printed at the first start."""
    username: Name
    password: Secret
    name: str | None = None
    email: str | None = None
    session: Carried = "tokens"

    def __repr__(self) -> str:
        return f"Setup({self.username!r})"


class Refresh(msgspec.Struct, frozen=True, rename="camel"):
    """A token to exchange."""

    refresh_token: Secret

    def __repr__(self) -> str:
        return "Refresh()"


class Link(msgspec.Struct, frozen=True):
    """What stands in a link."""

    token: Secret

    def __repr__(self) -> str:
        return "Link()"


class Reset(msgspec.Struct, frozen=True):
    """Another password by a link."""

    token: Secret
    password: Secret

    def __repr__(self) -> str:
        return "Reset()"


class ChangePassword(msgspec.Struct, frozen=True, rename="camel"):
    """Another password by the one there is."""

    current_password: Secret
    new_password: Secret

    def __repr__(self) -> str:
        return "ChangePassword()"


async def state(visit: Visit) -> Response:
    """Tell what a page has to know before anybody signed in."""
    first = not await visit.ctx.backend.point(user_rows.somebody_signs_in)
    policy, provider = visit.door.access.policy, visit.door.provider
    gates = [] if provider is None else [Gate("oidc", urlsplit(provider.registered.issuer).netloc, AWAY)]
    return done(
        State(
            first_run=first,
            registration=policy.registration,
            oidc=gates,
            languages=[*LANGUAGES],
            resets=offered(visit.door),
        )
    )


async def link(visit: Visit) -> Response:
    """Tell what a link opens, without using it."""
    wish = await taken(visit, Link)
    seen = await accounts.look(visit.door.access, wish.token, cookies.origin_of(visit.request))
    opening = Opening(
        kind=seen.link.kind,
        role=seen.link.role,
        team=None if seen.team is None else seen.team.name,
        username=None if seen.user is None else seen.user.login,
        expires_at=moment(seen.link.expires_at),
    )
    return done(opening)


async def setup(visit: Visit) -> Response:
    """Become the first administrator."""
    wish = await taken(visit, Setup)
    cookies.check_page(visit.request, visit.door.access)
    who = Newcomer(login=wish.username, password=wish.password, name=wish.name, email=wish.email)
    with renamed(login="username"):
        user = await accounts.set_up(visit.door.access, who, wish.token, cookies.origin_of(visit.request))
    return await enter(visit, user, wish.session, 201)


async def register(visit: Visit) -> Response:
    """Make an account of one's own."""
    wish = await taken(visit, Register)
    cookies.check_page(visit.request, visit.door.access)
    who = Newcomer(login=wish.username, password=wish.password, name=wish.name, email=wish.email)
    origin = cookies.origin_of(visit.request)
    with renamed(login="username"):
        user = await accounts.register(visit.door.access, who, origin, invite=wish.invite)
    return await enter(visit, user, wish.session, 201)


async def login(visit: Visit) -> Response:
    """Come in with a name and a password."""
    wish = await taken(visit, Login)
    cookies.check_page(visit.request, visit.door.access)
    origin = cookies.origin_of(visit.request)
    user = await accounts.sign_in(visit.door.access, wish.username, wish.password, origin)
    return await enter(visit, user, wish.session)


async def enter(visit: Visit, user: User, carried: Carried, status: int = 200) -> Response:
    """Answer somebody who has shown who they are with a sign-in."""
    door, origin = visit.door, cookies.origin_of(visit.request)
    who = Who(user_id=user.id, project_id="")
    await activity.note(visit.ctx, who, action="sign_in", address=origin.address, agent=origin.agent)
    if carried == "browser":
        started = await sessions.start(door.access, user.id, origin)
        entered = Entered(
            user=person(user),
            token=None,
            refresh_token=None,
            expires_in=door.access.policy.session_s,
            csrf_token=started.csrf,
        )
        return cookies.put(done(entered, status), visit.request, door.access, started)
    return done(_given(user, await tokens.sign_in(door.signing, user.id, origin)), status)


def _given(user: User, made: Tokens) -> Entered:
    return Entered(
        user=person(user),
        token=made.access,
        refresh_token=made.refresh,
        expires_in=made.expires_in,
        csrf_token=None,
    )


async def refresh(visit: Visit) -> Response:
    """Exchange a refresh token for new tokens; each is good once."""
    wish = await taken(visit, Refresh)
    made = await tokens.exchange(visit.door.signing, wish.refresh_token)

    def whose(conn: Connection) -> User | None:
        session = session_rows.by_id(conn, made.session_id)
        return None if session is None else user_rows.get(conn, session.user_id)

    user = await visit.ctx.backend.point(whose)
    if user is None:
        raise refuse(Code.UNAUTHORIZED, "This sign-in has ended. Sign in again.")
    return done(_given(user, made))


async def logout(visit: Visit) -> Response:
    """End the sign-in that asks; a browser is rid of its cookie even when it was worth nothing any more."""
    who = await visit.door.identify(visit.request)
    if who is not None and who.session_id is not None:
        with suppress(CallerError):  # a second click was quicker
            await sessions.end(visit.door.access, who.session_id)
    return cookies.clear(done(Nothing()), visit.request, visit.door.access)


async def reset_password(visit: Visit) -> Response:
    """Choose another password by a link; every sign-in ends."""
    wish = await taken(visit, Reset)
    origin = cookies.origin_of(visit.request)
    await accounts.reset_password(visit.door.access, wish.token, wish.password, origin)
    return done(Nothing())


async def change_password(asked: Asked) -> Response:
    """Choose another password; every other sign-in ends, and tokens are given anew."""
    wish = await taken(asked, ChangePassword)
    door, who = asked.door, asked.principal
    origin = cookies.origin_of(asked.request)
    with renamed(current="currentPassword", password="newPassword"):  # noqa: S106 - names of fields
        await accounts.change_password(door.access, who, wish.current_password, wish.new_password, origin)
    user = await accounts.account(door.access, who.user_id)
    if who.session_id is None or token_of(asked.request) is None:
        return done(_carried_on(asked, user))
    return done(_given(user, await tokens.reissue(door.signing, who.session_id)))


def _carried_on(asked: Asked, user: User) -> Entered:
    return Entered(
        user=person(user),
        token=None,
        refresh_token=None,
        expires_in=asked.door.access.policy.session_s,
        csrf_token=_csrf(asked),
    )


def _csrf(asked: Asked) -> str | None:
    """Give the token that goes with the cookie that asks; None for somebody who came otherwise."""
    if token_of(asked.request) is not None:
        return None
    cookie = cookies.read(asked.request, asked.door.access)
    return None if cookie is None else sessions.csrf_of(asked.door.access, cookie)


async def me(asked: Asked) -> Response:
    """Tell who asks and what is open to them."""
    access, who = asked.door.access, asked.principal
    mine = await accounts.me(access, who)

    def work(conn: Connection) -> tuple[list[shapes.TeamPlace], Any, bool]:
        places = shapes.teams_of(team_rows.all_teams(conn), team_rows.members(conn, user_id=who.user_id))
        session = None if who.session_id is None else session_rows.get(conn, who.session_id)
        return places, session, user_rows.somebody_signs_in(conn)

    teams, session, somebody = await asked.ctx.backend.read(work)
    return done(
        Me(
            user=person(mine.user),
            role=mine.user.role,
            permissions=sorted(scope.value for scope in who.scopes),
            project_id=who.project_id,
            projects=[shapes.place(one) for one in mine.projects],
            teams=teams,
            providers=mine.providers,
            session=None if session is None else shapes.sign_in(session, who.session_id),
            csrf_token=_csrf(asked),
            registration=access.policy.registration,
            first_run=not somebody,
        )
    )


def _open(path: str, handler: Any, summary: str, takes: Any, gives: Any, status: int = 200) -> Operation:
    return Operation(
        method="POST",
        path=path,
        handler=handler,
        summary=summary,
        tag="auth",
        takes=takes,
        gives=Done[gives],
        status=status,
    )


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/auth/state",
        handler=state,
        summary="What a page has to know before anybody signed in",
        tag="auth",
        gives=Done[State],
    ),
    Operation(
        method="GET",
        path="/api/auth/me",
        handler=me,
        summary="Who asks and what is open to them",
        tag="auth",
        gives=Done[Me],
    ),
    _open("/api/auth/link", link, "What a link opens", Link, Opening),
    _open("/api/auth/setup", setup, "Become the first administrator", Setup, Entered, 201),
    _open("/api/auth/register", register, "Make an account of one's own", Register, Entered, 201),
    _open("/api/auth/login", login, "Come in with a name and a password", Login, Entered),
    _open("/api/auth/refresh", refresh, "Exchange a refresh token", Refresh, Entered),
    _open("/api/auth/logout", logout, "End the sign-in that asks", None, Nothing),
    _open("/api/auth/reset-password", reset_password, "Choose another password by a link", Reset, Nothing),
    _open("/api/auth/change-password", change_password, "Choose another password", ChangePassword, Entered),
)
