"""What people, projects and sign-ins look like in answers. Moments are ISO 8601 in UTC."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager

import msgspec

from reelgate.api.envelopes import moment
from reelgate.auth.access import Registration
from reelgate.core.errors import CallerError
from reelgate.core.people import LinkKind, Role, SessionKind
from reelgate.store.projects import Reach
from reelgate.store.sessions import Session
from reelgate.store.teams import Membership, Team
from reelgate.store.users import User


class Person(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A user, without anything secret."""

    id: str
    user_id: str
    """The same as `id`, for clients of the original service."""
    username: str
    name: str
    email: str | None
    role: Role
    disabled: bool
    has_password: bool
    created_at: str | None
    last_login_at: str | None


class Place(msgspec.Struct, frozen=True, rename="camel"):
    """A project somebody gets into."""

    id: str
    name: str
    team_id: str | None
    role: Role | None
    """What they are in its team; null in a project of their own."""


class TeamPlace(msgspec.Struct, frozen=True, rename="camel"):
    """A team somebody is in."""

    id: str
    name: str
    role: Role


class SignIn(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One sign-in that holds."""

    id: str
    user_id: str
    kind: SessionKind
    address: str
    agent: str
    created_at: str | None
    seen_at: str | None
    expires_at: str | None
    current: bool
    """Whether it is the one that asks."""


class Entered(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What somebody who came in is given: tokens for a program, a cookie and `csrfToken` for a browser."""

    user: Person
    token: str | None
    refresh_token: str | None
    expires_in: int
    """Seconds until the token or the cookie is worth nothing."""
    csrf_token: str | None

    def __repr__(self) -> str:
        return f"Entered({self.user.id!r})"


class Gate(msgspec.Struct, frozen=True, rename="camel"):
    """One OpenID provider people may sign in at."""

    id: str
    name: str
    url: str
    """Where to send the browser."""


class State(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a page has to know before anybody signed in."""

    first_run: bool
    """Whether the first administrator is still missing; the link that was printed at the first start makes one."""
    registration: Registration
    oidc: list[Gate]
    languages: list[str]
    resets: bool = False
    """Whether somebody who forgot their password can have a link sent to them."""


class Opening(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """What a link opens."""

    kind: LinkKind
    role: Role | None
    team: str | None
    username: str | None
    """Whose password it lets be chosen anew."""
    expires_at: str | None


class Me(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """Who asks and what is open to them."""

    user: Person
    role: Role
    permissions: list[str]
    """The scopes they hold in the current project."""
    project_id: str
    """The current project: theirs, or the one named by `X-Reelgate-Project` (`as_project` in an address)."""
    projects: list[Place]
    teams: list[TeamPlace]
    providers: list[str]
    session: SignIn | None
    """The sign-in; null for a key."""
    csrf_token: str | None
    registration: Registration
    first_run: bool


def person(user: User) -> Person:
    """Show a user; never the password's digest."""
    return Person(
        id=user.id,
        user_id=user.id,
        username=user.login or user.name,
        name=user.name,
        email=user.email,
        role=user.role,
        disabled=user.disabled_at is not None,
        has_password=user.password is not None,
        created_at=moment(user.created_at),
        last_login_at=moment(user.last_login_at),
    )


def place(reach: Reach) -> Place:
    """Show a project."""
    return Place(reach.id, reach.name, reach.team_id, reach.team_role)


def sign_in(one: Session, current: str | None) -> SignIn:
    """Show a sign-in; `current` is the id of the one that asks."""
    return SignIn(
        id=one.id,
        user_id=one.user_id,
        kind=one.kind,
        address=one.address,
        agent=one.agent,
        created_at=moment(one.created_at),
        seen_at=moment(one.seen_at),
        expires_at=moment(one.expires_at),
        current=one.id == current,
    )


def teams_of(everyone: Sequence[Team], memberships: Sequence[Membership]) -> list[TeamPlace]:
    """Show the teams somebody is in."""
    names = {team.id: team.name for team in everyone}
    return [TeamPlace(one.team_id, names[one.team_id], one.role) for one in memberships]


@contextmanager
def renamed(**names: str) -> Generator[None]:
    """Speak of the fields the caller sent, where a refusal speaks of ours."""
    try:
        yield
    except CallerError as wrong:
        param = names.get(wrong.failure.param or "", wrong.failure.param)
        raise CallerError(msgspec.structs.replace(wrong.failure, param=param)) from wrong
