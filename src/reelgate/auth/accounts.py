"""Accounts as their holders see them: coming in, signing in, and looking after oneself."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

import msgspec

from reelgate.auth import sessions
from reelgate.auth.access import Access, Origin, buckets_of, forgive, throttle
from reelgate.auth.passwords import check_new
from reelgate.auth.principal import Principal
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.people import LinkKind, Preferences, Role
from reelgate.store import links as link_rows
from reelgate.store import projects as project_rows
from reelgate.store import teams as team_rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection
from reelgate.store.links import Link
from reelgate.store.projects import Project, Reach
from reelgate.store.tables import DEFAULT_USER
from reelgate.store.teams import Membership, Team
from reelgate.store.users import User

LONGEST_NAME: Final = 100
_LOGIN: Final = re.compile(r"[a-z0-9][a-z0-9._@+-]{1,63}")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_DEAD_LINK: Final = (
    "This link is not good: it was used, it expired, or it was made void. Ask for another one."
)


class Newcomer(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody as they describe themselves."""

    login: str
    password: str
    name: str | None = None
    email: str | None = None

    def __repr__(self) -> str:
        return f"Newcomer({self.login!r})"


class Me(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody and what is open to them."""

    user: User
    principal: Principal
    projects: list[Reach]
    providers: list[str]
    """The OpenID providers they are known at."""


def login_of(text: str) -> str:
    """Give a name to sign in with in its one spelling.

    Raises CallerError naming `login` when it cannot be one.
    """
    login = text.strip().lower()
    if _LOGIN.fullmatch(login) is None:
        raise refuse(
            Code.INVALID_REQUEST,
            "A login has 2 to 64 letters, digits or any of `. _ @ + -`, and begins with a letter or digit.",
            param="login",
        )
    return login


def name_of(text: str) -> str:
    """Give a name for people in one line.

    Raises CallerError naming `name` when it is empty or too long.
    """
    name = " ".join(text.split())
    if not 1 <= len(name) <= LONGEST_NAME or not name.isprintable():
        raise refuse(
            Code.INVALID_REQUEST, f"A name has 1 to {LONGEST_NAME} printable characters.", param="name"
        )
    return name


def email_of(text: str | None) -> str | None:
    """Give an address to write to, or none.

    Raises CallerError naming `email` when it is none.
    """
    if text is None or not text.strip():
        return None
    if len(text) > 254 or _EMAIL.fullmatch(text.strip()) is None:
        raise refuse(Code.INVALID_REQUEST, "This is not an e-mail address.", param="email")
    return text.strip()


async def register(access: Access, who: Newcomer, origin: Origin, *, invite: str | None = None) -> User:
    """Make an account of one's own, with an invitation where this installation asks for one.

    Raises CallerError naming what is wrong; `permission_or_channel` where nobody may.
    """
    mode = access.policy.registration
    if invite is None and mode != "open":
        why = "Registration needs an invitation." if mode == "invite" else "Registration is closed."
        raise refuse(Code.PERMISSION_OR_CHANNEL, f"{why} Ask an administrator.", param="invite")
    await throttle(access, buckets_of(access, None, origin))
    user = await _described(access, who, Role.MEMBER)

    def work(conn: Connection) -> User:
        link = None if invite is None else _used(conn, access, invite, LinkKind.INVITE)
        made = user if link is None else msgspec.structs.replace(user, role=link.role or Role.MEMBER)
        add(conn, access, made)
        if link is not None and link.team_id is not None:
            member = Membership(link.team_id, made.id, min_role(made.role))
            team_rows.put_member(conn, member, made.created_at)
        return made

    return await access.backend.write(work)


def min_role(role: Role) -> Role:
    """Give what a role in the installation is in a team: somebody who creates, or somebody who looks."""
    return Role.VIEWER if role is Role.VIEWER else Role.MEMBER


async def set_up(access: Access, who: Newcomer, link: str, origin: Origin) -> User:
    """Become the first administrator, by the link that was printed for them.

    Everything that was made without signing in becomes theirs. Raises CallerError when the link is
    not good or somebody is administrator already.
    """
    await throttle(access, buckets_of(access, None, origin))
    described = await _described(access, who, Role.ADMIN)

    def work(conn: Connection) -> User:
        _used(conn, access, link, LinkKind.SETUP)
        if user_rows.somebody_signs_in(conn):
            raise refuse(Code.INVALID_REQUEST, "This installation has an administrator already.")
        _free(conn, described.login)
        user_rows.change(
            conn,
            DEFAULT_USER,
            described.created_at,
            login=described.login,
            name=described.name,
            email=described.email,
            password=described.password,
            role=Role.ADMIN.value,
            disabled_at=None,
        )
        return msgspec.structs.replace(described, id=DEFAULT_USER)

    return await access.backend.write(work)


async def sign_in(access: Access, login: str, password: str, origin: Origin) -> User:
    """Give the user whose name and password these are.

    Takes the same time whether there is one. Raises CallerError `unauthorized`, or `rate_limited`
    after a few attempts.
    """
    spelt = login.strip().lower()[:64]
    buckets = buckets_of(access, spelt, origin)
    await throttle(access, buckets)
    found = await access.backend.point(lambda conn: user_rows.by_login(conn, spelt))
    stored = None if found is None else found.password
    if not await access.passwords.check(stored, password) or found is None or stored is None:
        raise refuse(Code.UNAUTHORIZED, "The name or the password is wrong.")
    if found.disabled_at is not None:
        raise refuse(Code.UNAUTHORIZED, "This account is disabled. Ask an administrator.")
    await forgive(access, buckets)
    if access.passwords.outdated(stored):
        again = await access.passwords.digest(password)
        now = access.clock.now_ms()
        await access.backend.write(lambda conn: user_rows.change(conn, found.id, now, password=again))
    return found


async def change_password(
    access: Access, asker: Principal, current: str, wanted: str, origin: Origin
) -> None:
    """Choose another password; every other sign-in of the same user ends.

    Raises CallerError `unauthorized` when `current` is wrong, or naming what is wrong with the new one.
    """
    user = await account(access, asker.user_id)
    login = user.login or ""
    buckets = buckets_of(access, login, origin)
    await throttle(access, buckets)
    if not await access.passwords.check(user.password, current):
        raise refuse(Code.UNAUTHORIZED, "The password you have now is another one.", param="current")
    await forgive(access, buckets)
    made = await access.passwords.digest(check_new(wanted, login))
    await access.backend.write(lambda conn: _put_password(conn, access, user.id, made, asker.session_id))


async def reset_password(access: Access, link: str, wanted: str, origin: Origin) -> User:
    """Choose a password by a link an administrator gave; every sign-in ends.

    Raises CallerError when the link is not good, or naming what is wrong with the password.
    """
    await throttle(access, buckets_of(access, None, origin))
    seen = await access.backend.point(lambda conn: link_rows.get(conn, access.digest(link)))
    if seen is None or seen.user_id is None or seen.kind is not LinkKind.RESET:
        raise refuse(Code.NOT_FOUND, _DEAD_LINK)
    user = await account(access, seen.user_id)
    made = await access.passwords.digest(check_new(wanted, user.login or ""))

    def work(conn: Connection) -> User:
        _used(conn, access, link, LinkKind.RESET)
        _put_password(conn, access, user.id, made, None)
        return user

    return await access.backend.write(work)


def _put_password(conn: Connection, access: Access, user_id: str, digest: str, keep: str | None) -> None:
    now = access.clock.now_ms()
    user_rows.change(conn, user_id, now, password=digest)
    sessions.leave(conn, user_id, now, but=keep)
    link_rows.revoke_others(conn, LinkKind.RESET, user_id, now)


class Seen(msgspec.Struct, frozen=True):
    """A link that is good, and whom and what it is about."""

    link: Link
    user: User | None
    team: Team | None


async def look(access: Access, link: str, origin: Origin) -> Seen:
    """Tell what a link opens, without using it.

    Raises CallerError `not_found` when it is not good, `rate_limited` after many of them.
    """
    buckets = buckets_of(access, None, origin)
    await throttle(access, buckets)
    now = access.clock.now_ms()

    def work(conn: Connection) -> Seen | None:
        found = link_rows.get(conn, access.digest(link))
        if found is None or not found.usable(now):
            return None
        user = None if found.user_id is None else user_rows.get(conn, found.user_id)
        return Seen(found, user, None if found.team_id is None else team_rows.get(conn, found.team_id))

    seen = await access.backend.read(work)
    if seen is None:
        raise refuse(Code.NOT_FOUND, _DEAD_LINK)
    await forgive(access, buckets)
    return seen


async def me(access: Access, asker: Principal) -> Me:
    """Give somebody's account and what is open to them."""
    return await access.backend.point(lambda conn: who(conn, asker))


def who(conn: Connection, asker: Principal) -> Me:
    """Give somebody's account and what is open to them."""
    user = user_rows.get(conn, asker.user_id)
    if user is None:
        raise refuse(Code.NOT_FOUND, "There is no such account.")
    return Me(
        user=user,
        principal=asker,
        projects=project_rows.of_user(conn, user.id),
        providers=[issuer for issuer, _ in user_rows.identities_of(conn, user.id)],
    )


async def describe(
    access: Access, user_id: str, *, name: str | None = None, email: str | None = None
) -> User:
    """Change how a user is called or written to; what is None stays, an empty address is removed.

    Raises CallerError naming what cannot be used.
    """
    changes = described(name, email)
    now = access.clock.now_ms()
    if changes:
        await access.backend.write(lambda conn: user_rows.change(conn, user_id, now, **changes))
    return await account(access, user_id)


def described(name: str | None, email: str | None) -> dict[str, object]:
    """Give the columns that change; what is None stays, an empty address is removed.

    Raises CallerError naming what cannot be used.
    """
    changes: dict[str, object] = {}
    if name is not None:
        changes["name"] = name_of(name)
    if email is not None:
        changes["email"] = email_of(email)
    return changes


async def prefer(access: Access, user_id: str, change: Callable[[Preferences], Preferences]) -> Preferences:
    """Change what a user prefers.

    Raises CallerError `not_found`.
    """
    now = access.clock.now_ms()

    def work(conn: Connection) -> Preferences:
        found = user_rows.get(conn, user_id)
        if found is None:
            raise refuse(Code.NOT_FOUND, f"There is no user `{user_id}`.")
        chosen = change(found.preferences)
        user_rows.prefer(conn, user_id, chosen, now)
        return chosen

    return await access.backend.write(work)


async def new_project(access: Access, user_id: str, name: str) -> Project:
    """Make a project of a user's own.

    Raises CallerError naming `name`.
    """
    project = _project(access, user_id, name_of(name))
    await access.backend.write(lambda conn: project_rows.insert(conn, project))
    return project


async def rename_project(access: Access, user_id: str, project_id: str, name: str) -> Reach:
    """Call a project something else that a user may write in.

    Raises CallerError `not_found` for any other, or naming `name`.
    """
    wanted = name_of(name)

    def work(conn: Connection) -> Reach:
        reach = _reached(conn, user_id, project_id)
        if reach.team_role is Role.VIEWER:
            raise refuse(Code.PERMISSION_OR_CHANNEL, "A viewer of a team changes nothing in its projects.")
        project_rows.rename(conn, project_id, wanted)
        return msgspec.structs.replace(reach, name=wanted)

    return await access.backend.write(work)


async def share_own(access: Access, user_id: str, project_id: str, team_id: str | None) -> Reach:
    """Open a project of a user's own to a team they are in, or to themselves alone again.

    Raises CallerError `not_found` for a project or a team of somebody else.
    """

    def work(conn: Connection) -> Reach:
        project = project_rows.get(conn, project_id)
        if project is None or project.user_id != user_id:
            raise refuse(Code.NOT_FOUND, f"There is no project `{project_id}` of yours.")
        if team_id is not None:
            keep_home(conn, project)
        mine = {one.team_id for one in team_rows.members(conn, user_id=user_id)}
        if team_id is not None and team_id not in mine:
            raise refuse(Code.NOT_FOUND, "You are in no such team.", param="teamId")
        project_rows.share(conn, project_id, team_id)
        return _reached(conn, user_id, project_id)

    return await access.backend.write(work)


def keep_home(conn: Connection, project: Project) -> None:
    """See to it that whoever owns a project has one of their own when it is shared.

    Raises CallerError when it is their only one.
    """
    home = project_rows.home(conn, project.user_id, but=project.id)
    if project.team_id is None and home is None:
        raise refuse(
            Code.INVALID_REQUEST,
            "This is its owner's only project. Make another one to share.",
            param="project",
        )


def _reached(conn: Connection, user_id: str, project_id: str) -> Reach:
    found = project_rows.reached(conn, user_id, project_id)
    if found is None:
        raise refuse(Code.NOT_FOUND, f"There is no project `{project_id}`.")
    return found


def add(conn: Connection, access: Access, user: User) -> None:
    """Write a new user with a project of their own.

    Raises CallerError naming `login` when it is taken.
    """
    _free(conn, user.login)
    try:
        user_rows.insert(conn, user)
    except user_rows.Taken as quicker:
        raise _taken() from quicker
    project_rows.insert(conn, _project(access, user.id, user.name))


def _project(access: Access, user_id: str, name: str) -> Project:
    now = access.clock.now_ms()
    return Project(id=access.ids.new("proj"), user_id=user_id, name=name, created_at=now)


def _free(conn: Connection, login: str | None) -> None:
    if login is not None and user_rows.by_login(conn, login) is not None:
        raise _taken()


def _taken() -> CallerError:
    return refuse(Code.INVALID_REQUEST, "This login is taken. Choose another one.", param="login")


def _used(conn: Connection, access: Access, text: str, kind: LinkKind) -> Link:
    found = link_rows.use(conn, access.digest(text), access.clock.now_ms())
    if found is None or found.kind is not kind:
        raise refuse(Code.NOT_FOUND, _DEAD_LINK)
    return found


async def _described(access: Access, who: Newcomer, role: Role) -> User:
    login = login_of(who.login)
    now = access.clock.now_ms()
    return User(
        id=access.ids.new("user"),
        name=name_of(who.name or login),
        login=login,
        email=email_of(who.email),
        role=role,
        password=await access.passwords.digest(check_new(who.password, login)),
        created_at=now,
        updated_at=now,
    )


async def account(access: Access, user_id: str) -> User:
    """Give a user.

    Raises CallerError `not_found`.
    """
    found = await access.backend.point(lambda conn: user_rows.get(conn, user_id))
    if found is None:
        raise refuse(Code.NOT_FOUND, f"There is no user `{user_id}`.")
    return found
