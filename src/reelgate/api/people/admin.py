"""Users, invitations and sign-ins as an administrator sees them, under `/api/admin`."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta
from starlette.responses import Response

from reelgate.api import links, noting
from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, Many, Nothing, done, many, moment, taken
from reelgate.api.people import shapes
from reelgate.api.people.account import Ended
from reelgate.api.people.letters import Mailed, language_of, mail_link
from reelgate.api.people.listing import PAGED, cut, named
from reelgate.api.people.shapes import Person, SignIn, person
from reelgate.api.queries import missing, paging
from reelgate.auth import accounts, people, sessions
from reelgate.auth.people import Sent
from reelgate.core.errors import Code, refuse
from reelgate.core.people import Language, LinkKind, Role
from reelgate.engine.letters import About
from reelgate.store import links as link_rows
from reelgate.store import projects as project_rows
from reelgate.store import sessions as session_rows
from reelgate.store import teams as team_rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection
from reelgate.store.links import Link
from reelgate.store.users import User

_LONGEST_SEARCH: Final = 100
_DAY_S: Final = 86_400
_STATES: Final = {"active": False, "disabled": True}
Text = Annotated[str, Meta(max_length=300)]
Secret = Annotated[str, Meta(min_length=1, max_length=4_000)]


class NewUser(msgspec.Struct, frozen=True, kw_only=True):
    """An account for somebody; without a password they choose one by the link in the answer."""

    username: Text
    role: Role = Role.MEMBER
    name: Text | None = None
    email: Text | None = None
    password: Secret | None = None

    def __repr__(self) -> str:
        return f"NewUser({self.username!r})"


class UserChange(msgspec.Struct, frozen=True):
    """What is to be different; what is left out stays."""

    name: Text | None = None
    email: Text | None = None
    role: Role | None = None
    disabled: bool | None = None


class NewInvite(msgspec.Struct, frozen=True, rename="camel"):
    """Whom to invite."""

    role: Role = Role.MEMBER
    team_id: str | None = None
    """The team they join."""
    note: Text = ""
    email: Text | None = None
    """Where the link is sent, where this installation has a mail server."""
    language: Language | None = None
    """The mail's; the asker's when left out."""
    days: Annotated[int, Meta(ge=1, le=3_650)] | None = None
    """How long it is good; a week when left out."""


class SentLink(msgspec.Struct, frozen=True, rename="camel"):
    """A link that is shown this once."""

    id: str
    kind: LinkKind
    url: str
    expires_at: str | None
    mail: Mailed | None = None
    """Null when nobody was written to."""

    def __repr__(self) -> str:
        return f"SentLink({self.id!r})"


class MadeUser(msgspec.Struct, frozen=True):
    """A new account."""

    user: Person
    link: SentLink | None
    """How its holder chooses a password; null when it has one."""


class Whole(msgspec.Struct, frozen=True, rename="camel"):
    """A user with what is open to them."""

    user: Person
    projects: list[shapes.Place]
    teams: list[shapes.TeamPlace]
    providers: list[str]


class ListedPerson(Person, frozen=True, rename="camel", kw_only=True):
    """A user in a list of them."""

    sign_ins: int
    """How many sign-ins hold."""
    seen_at: str | None
    """When one of their sign-ins was last used."""


class Invite(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """An invitation; what stood in its link is not kept."""

    id: str
    role: Role | None
    team_id: str | None
    note: str
    made_by: str | None
    created_at: str | None
    expires_at: str | None
    used_at: str | None
    revoked_at: str | None


class MadeInvite(msgspec.Struct, frozen=True):
    """An invitation with its link."""

    invite: Invite
    link: SentLink


async def _sent(
    asked: Asked,
    sent: Sent,
    address: str | None,
    about: About,
    wanted: Language | None = None,
    **values: str,
) -> SentLink:
    """Show a link, and say whether it reached whom it is for."""
    url = links.origin(asked.ctx, asked.request) + sent.path()
    mail = None
    if address:
        language = await _language(asked, sent.link.user_id, wanted)
        mail = await mail_link(asked.ctx, sent, url, address, about, language, **values)
    return SentLink(sent.link.id, sent.link.kind, url, moment(sent.link.expires_at), mail)


async def _language(asked: Asked, user_id: str | None, wanted: Language | None) -> Language:
    people_of = [one for one in (user_id, asked.principal.user_id) if one is not None]
    found = await asked.ctx.backend.point(lambda conn: [user_rows.get(conn, one) for one in people_of])
    chosen: list[Language | None] = [None if user is None else user.preferences.language for user in found]
    return language_of(asked.request, wanted, *chosen)


def _user_id(asked: Asked) -> str:
    return named(asked, "user_id", "user", "user")


async def page(asked: Asked) -> Response:
    """List users by id; `search` looks in names, logins and addresses."""
    at, query = paging(asked.request), asked.request.query_params
    search = (query.get("search") or "")[:_LONGEST_SEARCH]
    role, disabled, now = _role(query.get("role")), _state(query.get("state")), asked.ctx.clock.now_ms()

    def work(conn: Connection) -> tuple[list[ListedPerson], bool]:
        found = user_rows.page(
            conn, limit=at.limit + 1, after=at.after, search=search, role=role, disabled=disabled
        )
        part = found[: at.limit]
        there = session_rows.presence(conn, [user.id for user in part], now)
        return [_listed(user, *there.get(user.id, (0, None))) for user in part], len(found) > at.limit

    part, more = await asked.ctx.backend.read(work)
    return many(part, [one.id for one in part], has_more=more)


def _listed(user: User, sign_ins: int, seen: int | None) -> ListedPerson:
    shown = msgspec.structs.asdict(person(user))
    return ListedPerson(**shown, sign_ins=sign_ins, seen_at=moment(seen))


def _role(text: str | None) -> Role | None:
    if not text:
        return None
    try:
        return Role(text)
    except ValueError:
        raise refuse(Code.INVALID_REQUEST, f"`role` is one of {', '.join(Role)}.", param="role") from None


def _state(text: str | None) -> bool | None:
    """Read which users are asked for: True for those who are shut out, None for all."""
    if text not in (None, "", *_STATES):
        raise refuse(Code.INVALID_REQUEST, "`state` is `active` or `disabled`.", param="state")
    return _STATES.get(text or "")


async def create(asked: Asked) -> Response:
    """Make an account."""
    access = asked.access
    wish = await taken(asked, NewUser)
    name, email = wish.name, wish.email
    with shapes.renamed(login="username"):
        if wish.password is not None:
            user = await people.create(
                access, login=wish.username, role=wish.role, name=name, email=email, password=wish.password
            )
            return done(MadeUser(person(user), None), 201)
        made_by = asked.principal.user_id
        user, sent = await people.welcome(
            access, login=wish.username, role=wish.role, name=name, email=email, made_by=made_by
        )
    link = await _sent(asked, sent, user.email, About.RESET, name=user.login or user.name)
    return done(MadeUser(person(user), link), 201)


async def retrieve(asked: Asked) -> Response:
    """Give a user with what is open to them."""
    user_id = _user_id(asked)

    def work(conn: Connection) -> Whole | None:
        user = user_rows.get(conn, user_id)
        if user is None:
            return None
        return Whole(
            person(user),
            [shapes.place(one) for one in project_rows.of_user(conn, user_id)],
            shapes.teams_of(team_rows.all_teams(conn), team_rows.members(conn, user_id=user_id)),
            [issuer for issuer, _ in user_rows.identities_of(conn, user_id)],
        )

    found = await asked.ctx.backend.read(work)
    if found is None:
        raise missing("user", user_id)
    return done(found)


async def update(asked: Asked) -> Response:
    """Change what somebody is called, what they are, or whether they may come in."""
    user_id, access = _user_id(asked), asked.access
    wish = await taken(asked, UserChange)
    was = person(await accounts.account(access, user_id))
    asked_for = {"name": wish.name, "email": wish.email, "role": wish.role, "disabled": wish.disabled}
    noting.before(asked, {name: getattr(was, name) for name, new in asked_for.items() if new is not None})
    user = await people.change(
        access, user_id, name=wish.name, email=wish.email, role=wish.role, disabled=wish.disabled
    )
    return done(person(user))


async def reset(asked: Asked) -> Response:
    """Make a link by which a user chooses another password; whoever left an address is sent it."""
    user = await accounts.account(asked.access, _user_id(asked))
    sent = await people.reset_link(asked.access, user.id, made_by=asked.principal.user_id)
    name = user.login or user.name
    return done(await _sent(asked, sent, user.email, About.RESET, name=name), 201)


async def logout(asked: Asked) -> Response:
    """End every sign-in of a user."""
    user_id = _user_id(asked)
    await accounts.account(asked.access, user_id)
    return done(Ended(await sessions.end_all(asked.access, user_id)))


def _invite(one: Link) -> Invite:
    return Invite(
        id=one.id,
        role=one.role,
        team_id=one.team_id,
        note=one.note,
        made_by=one.made_by,
        created_at=moment(one.created_at),
        expires_at=moment(one.expires_at),
        used_at=moment(one.used_at),
        revoked_at=moment(one.revoked_at),
    )


async def invites(asked: Asked) -> Response:
    """List invitations, newest first."""
    found = await asked.ctx.backend.read(lambda conn: link_rows.listed(conn, LinkKind.INVITE))
    return cut(asked, found, lambda one: one.id, _invite)


async def invite(asked: Asked) -> Response:
    """Make a link by which one person becomes a user, and send it where an address says so."""
    wish = await taken(asked, NewInvite)
    address = accounts.email_of(wish.email)
    by = (await accounts.account(asked.access, asked.principal.user_id)).name
    sent = await people.invite(
        asked.access,
        role=wish.role,
        team_id=wish.team_id,
        note=wish.note,
        made_by=asked.principal.user_id,
        lasts_s=None if wish.days is None else wish.days * _DAY_S,
    )
    link = await _sent(asked, sent, address, About.INVITE, wish.language, by=by)
    return done(MadeInvite(_invite(sent.link), link), 201)


async def void(asked: Asked) -> Response:
    """Make an invitation worthless."""
    await people.void(asked.access, named(asked, "invite_id", "link", "invitation"))
    return done(Nothing())


async def all_sessions(asked: Asked) -> Response:
    """List sign-ins that hold, newest first; of one user with `user_id`."""
    wanted, now = asked.request.query_params.get("user_id"), asked.ctx.clock.now_ms()
    found = await asked.ctx.backend.read(
        lambda conn: session_rows.listed(conn, now=now, user_id=wanted or None)
    )
    here = asked.principal.session_id
    return cut(asked, found, lambda one: one.id, lambda one: shapes.sign_in(one, here))


async def end_session(asked: Asked) -> Response:
    """End a sign-in at once."""
    await sessions.end(asked.access, named(asked, "session_id", "sess", "sign-in"))
    return done(Nothing())


def _operation(method: Any, path: str, handler: Any, summary: str, **more: Any) -> Operation:
    whole = f"/api/admin/{path}"
    return Operation(method=method, path=whole, handler=handler, summary=summary, tag="admin", **more)


_ONE: Final = "users/{user_id}"
_SOUGHT: Final = ("limit", "after", "search", "role", "state")

OPERATIONS: Final = (
    _operation("GET", "users", page, "List users", query=_SOUGHT, gives=Many[ListedPerson]),
    _operation("POST", "users", create, "Make an account", takes=NewUser, gives=Done[MadeUser], status=201),
    _operation("GET", _ONE, retrieve, "Give a user", gives=Done[Whole]),
    _operation("PATCH", _ONE, update, "Change a user", takes=UserChange, gives=Done[Person]),
    _operation("POST", f"{_ONE}/reset", reset, "Link for another password", gives=Done[SentLink], status=201),
    _operation("POST", f"{_ONE}/logout", logout, "End every sign-in of a user", gives=Done[Ended]),
    _operation("GET", "invites", invites, "List invitations", query=PAGED, gives=Many[Invite]),
    _operation(
        "POST", "invites", invite, "Invite one person", takes=NewInvite, gives=Done[MadeInvite], status=201
    ),
    _operation("DELETE", "invites/{invite_id}", void, "Void an invitation", gives=Done[Nothing]),
    _operation(
        "GET", "sessions", all_sessions, "List sign-ins", query=("user_id", *PAGED), gives=Many[SignIn]
    ),
    _operation("DELETE", "sessions/{session_id}", end_session, "End a sign-in", gives=Done[Nothing]),
)
