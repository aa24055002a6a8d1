"""People as an administrator sees them: who there is, what they are, links and teams."""

from __future__ import annotations

from typing import Final

import msgspec

from reelgate.auth import sessions
from reelgate.auth.access import Access
from reelgate.auth.accounts import account, add, described, email_of, keep_home, login_of, name_of
from reelgate.auth.passwords import check_new
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.people import LinkKind, Role
from reelgate.store import links as link_rows
from reelgate.store import projects as project_rows
from reelgate.store import teams as team_rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection
from reelgate.store.links import Link
from reelgate.store.tables import DEFAULT_USER
from reelgate.store.teams import Membership, Team
from reelgate.store.users import User

_LONGEST_NOTE: Final = 200
IN_TEAMS: Final = (Role.MEMBER, Role.VIEWER)
"""What somebody can be in a team."""


class Sent(msgspec.Struct, frozen=True):
    """A link just made, with what stands in it and is shown this once."""

    link: Link
    token: str

    def path(self) -> str:
        """Give what comes after the address people use; the token stays in the browser, out of every log."""
        return f"/{self.link.kind.value}#{self.token}"

    def __repr__(self) -> str:
        return f"Sent({self.link.id!r})"


async def create(
    access: Access,
    *,
    login: str,
    role: Role,
    name: str | None = None,
    email: str | None = None,
    password: str | None = None,
) -> User:
    """Make an account for somebody; without a password they choose one by a link.

    Raises CallerError naming what is wrong.
    """
    user = await _newcomer(access, login, role, name, email, password)
    await access.backend.write(lambda conn: add(conn, access, user))
    return user


async def welcome(
    access: Access,
    *,
    login: str,
    role: Role,
    name: str | None = None,
    email: str | None = None,
    made_by: str | None = None,
) -> tuple[User, Sent]:
    """Make an account for somebody together with the link by which they choose its password.

    Raises CallerError naming what is wrong.
    """
    user = await _newcomer(access, login, role, name, email, None)
    sent = _fresh(access, LinkKind.RESET, access.policy.link_s, user_id=user.id, made_by=made_by)

    def work(conn: Connection) -> None:
        add(conn, access, user)
        link_rows.insert(conn, sent.link)

    await access.backend.write(work)
    return user, sent


async def _newcomer(
    access: Access, login: str, role: Role, name: str | None, email: str | None, password: str | None
) -> User:
    spelt = login_of(login)
    now = access.clock.now_ms()
    digest = None if password is None else await access.passwords.digest(check_new(password, spelt))
    return User(
        id=access.ids.new("user"),
        name=name_of(name or spelt),
        login=spelt,
        email=email_of(email),
        role=role,
        password=digest,
        created_at=now,
        updated_at=now,
    )


async def find(access: Access, wanted: str) -> User:
    """Give a user by id, login or e-mail address.

    Raises CallerError `not_found` for none, `invalid_request` for several.
    """
    everybody = await access.backend.read(user_rows.all_users)
    found = [u for u in everybody if wanted in (u.id, u.login)]
    found = found or [u for u in everybody if u.email is not None and u.email.lower() == wanted.lower()]
    if not found:
        raise refuse(Code.NOT_FOUND, f"There is no user `{wanted}`.")
    if len(found) > 1:
        ids = ", ".join(user.id for user in found)
        raise refuse(Code.INVALID_REQUEST, f"Several users have this address: {ids}. Name one by its id.")
    return found[0]


async def set_role(access: Access, user_id: str, role: Role) -> User:
    """Make a user something else, from their next request on.

    Raises CallerError `not_found`, or when nobody would be administrator any more.
    """
    return await change(access, user_id, role=role)


async def disable(access: Access, user_id: str) -> User:
    """Shut a user out at once: every sign-in ends and no key of theirs opens anything.

    Raises CallerError `not_found`, or when nobody would be administrator any more.
    """
    return await change(access, user_id, disabled=True)


async def enable(access: Access, user_id: str) -> User:
    """Let a user in again; their keys open again, their sign-ins do not.

    Raises CallerError `not_found`.
    """
    return await change(access, user_id, disabled=False)


async def change(
    access: Access,
    user_id: str,
    *,
    name: str | None = None,
    email: str | None = None,
    role: Role | None = None,
    disabled: bool | None = None,
) -> User:
    """Change all of this about a user or nothing; what is None stays, an empty address is removed.

    Raises CallerError `not_found`, naming what cannot be used, or when nobody would be administrator any more.
    """
    now = access.clock.now_ms()
    values: dict[str, object] = described(name, email)
    if role is not None:
        values["role"] = role.value
    if disabled is not None:
        values["disabled_at"] = now if disabled else None
    if not values:
        return await account(access, user_id)
    weakens = bool(disabled) or role not in (None, Role.ADMIN)

    def work(conn: Connection) -> User:
        if weakens and user_rows.living_admins(conn) == [user_id]:
            raise refuse(
                Code.INVALID_REQUEST, "This is the only administrator. Make somebody else one first."
            )
        if not user_rows.change(conn, user_id, now, **values):
            raise refuse(Code.NOT_FOUND, f"There is no user `{user_id}`.")
        if disabled:
            sessions.leave(conn, user_id, now)
        found = user_rows.get(conn, user_id)
        assert found is not None  # noqa: S101 - changed a line above
        return found

    return await access.backend.write(work)


async def setup_link(access: Access) -> Sent:
    """Make the link by which somebody becomes the first administrator; those before it are void.

    Raises CallerError when there is one who can sign in.
    """
    return await _send(access, LinkKind.SETUP, access.policy.link_s, unclaimed=True)


async def reset_link(access: Access, user_id: str, *, made_by: str | None = None) -> Sent:
    """Make a link by which a user chooses another password; those before it are void.

    Raises CallerError `not_found`.
    """
    if await access.backend.point(lambda conn: user_rows.get(conn, user_id)) is None:
        raise refuse(Code.NOT_FOUND, f"There is no user `{user_id}`.")
    return await _send(access, LinkKind.RESET, access.policy.link_s, user_id=user_id, made_by=made_by)


async def invite(
    access: Access,
    *,
    role: Role = Role.MEMBER,
    team_id: str | None = None,
    note: str = "",
    made_by: str | None = None,
    lasts_s: int | None = None,
) -> Sent:
    """Make a link by which one person becomes a user, and a member of a team when one is named.

    Raises CallerError `not_found` for an unknown team.
    """
    if team_id is not None:
        await team(access, team_id)
    seconds = access.policy.invite_s if lasts_s is None else lasts_s
    note = " ".join(note.split())[:_LONGEST_NOTE]
    return await _send(
        access, LinkKind.INVITE, seconds, role=role, team_id=team_id, note=note, made_by=made_by
    )


def _fresh(access: Access, kind: LinkKind, lasts_s: int, **more: object) -> Sent:
    token = access.ids.token()
    now = access.clock.now_ms()
    blank = Link(
        id=access.ids.new("link"),
        kind=kind,
        digest=access.digest(token),
        created_at=now,
        expires_at=now + lasts_s * 1000,
    )
    return Sent(msgspec.structs.replace(blank, **more), token)


async def _send(
    access: Access, kind: LinkKind, lasts_s: int, *, unclaimed: bool = False, **more: object
) -> Sent:
    sent = _fresh(access, kind, lasts_s, **more)
    link = sent.link

    def work(conn: Connection) -> None:
        if unclaimed and user_rows.somebody_signs_in(conn):
            raise refuse(
                Code.INVALID_REQUEST,
                "This installation has an administrator already; make a reset link for them instead.",
            )
        if kind is not LinkKind.INVITE:
            link_rows.revoke_others(conn, kind, link.user_id, link.created_at)
        link_rows.insert(conn, link)

    await access.backend.write(work)
    return sent


async def void(access: Access, link_id: str) -> None:
    """Make a link worthless.

    Raises CallerError `not_found` when it is already, or unknown.
    """
    now = access.clock.now_ms()

    def work(conn: Connection) -> None:
        if not link_rows.revoke(conn, link_id, now):
            raise refuse(Code.NOT_FOUND, f"There is no open invitation `{link_id}`.")

    await access.backend.write(work)


async def new_team(access: Access, name: str) -> Team:
    """Make a team with one project that its members share; it belongs to nobody alone.

    Raises CallerError naming `name` when it is taken or none.
    """
    named = name_of(name)
    now = access.clock.now_ms()
    made = Team(id=access.ids.new("team"), name=named, created_at=now)
    project = project_rows.Project(
        id=access.ids.new("proj"), user_id=DEFAULT_USER, name=named, team_id=made.id, created_at=now
    )

    def work(conn: Connection) -> None:
        if team_rows.by_name(conn, named) is not None:
            raise _named_already(named)
        try:
            team_rows.insert(conn, made)
        except user_rows.Taken as quicker:
            raise _named_already(named) from quicker
        project_rows.insert(conn, project)

    await access.backend.write(work)
    return made


def _named_already(name: str) -> CallerError:
    return refuse(Code.INVALID_REQUEST, f"There is a team called `{name}` already.", param="name")


async def team(access: Access, wanted: str) -> Team:
    """Give a team by id or name.

    Raises CallerError `not_found`.
    """
    found = await access.backend.point(
        lambda conn: team_rows.get(conn, wanted) or team_rows.by_name(conn, wanted)
    )
    if found is None:
        raise refuse(Code.NOT_FOUND, f"There is no team `{wanted}`.")
    return found


async def put_member(access: Access, team_id: str, user_id: str, role: Role = Role.MEMBER) -> None:
    """Take a user into a team, or make them something else in it, from their next request on.

    Raises CallerError `not_found`, or naming `role`.
    """
    if role not in IN_TEAMS:
        raise refuse(Code.INVALID_REQUEST, "In a team somebody is `member` or `viewer`.", param="role")
    await team(access, team_id)
    now = access.clock.now_ms()

    def work(conn: Connection) -> None:
        if user_rows.get(conn, user_id) is None:
            raise refuse(Code.NOT_FOUND, f"There is no user `{user_id}`.", param="user")
        team_rows.put_member(conn, Membership(team_id, user_id, role), now)

    await access.backend.write(work)


async def remove_member(access: Access, team_id: str, user_id: str) -> None:
    """Take a user out of a team; its projects are closed to them and their keys from the next request on.

    Raises CallerError `not_found`.
    """

    def work(conn: Connection) -> None:
        if not team_rows.remove_member(conn, team_id, user_id):
            raise refuse(Code.NOT_FOUND, f"User `{user_id}` is not in team `{team_id}`.")

    await access.backend.write(work)


async def share(access: Access, project_id: str, team_id: str | None) -> None:
    """Open a project to a team, or to its owner alone.

    Raises CallerError `not_found`, or when its owner would be left without one.
    """
    if team_id is not None:
        await team(access, team_id)

    def work(conn: Connection) -> None:
        project = project_rows.get(conn, project_id)
        if project is None:
            raise refuse(Code.NOT_FOUND, f"There is no project `{project_id}`.")
        if team_id is not None:
            keep_home(conn, project)
        project_rows.share(conn, project_id, team_id)

    await access.backend.write(work)


async def dissolve(access: Access, team_id: str) -> None:
    """Remove a team; what it shared goes back to the owners of the projects.

    Raises CallerError `not_found`.
    """

    def work(conn: Connection) -> None:
        for project_id in team_rows.shared_projects(conn, team_id):
            project_rows.share(conn, project_id, None)
        link_rows.leave_team(conn, team_id, access.clock.now_ms())
        if not team_rows.remove(conn, team_id):
            raise refuse(Code.NOT_FOUND, f"There is no team `{team_id}`.")

    await access.backend.write(work)
