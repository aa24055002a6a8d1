"""Accounts: who may come in, who is told what, and what ends when something changes (003-01, 003-22)."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from reelgate.auth import accounts, people, sessions, tokens
from reelgate.auth.access import Access, Origin, Policy, network_of
from reelgate.auth.accounts import Newcomer
from reelgate.auth.keys import create_key, digest, principal
from reelgate.auth.principal import Principal
from reelgate.auth.tokens import Signing
from reelgate.core.errors import CallerError, Code
from reelgate.core.people import Role
from reelgate.store import links as link_rows
from reelgate.store import projects as project_rows
from reelgate.store import sessions as session_rows
from reelgate.store import users as user_rows
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER
from reelgate.testing.clock import FakeClock

HOME = Origin("192.0.2.1", "a browser")
SECRET = "correct horse battery"
ADA = Newcomer(login="ada", password=SECRET, name="Ada")


def policy(access: Access, **more: object) -> Access:
    """Give the same installation under other rules."""
    return dataclasses.replace(access, policy=Policy(**more))  # pyright: ignore[reportArgumentType]


async def signed_in(access: Access, user_id: str) -> tuple[Principal, str]:
    started = await sessions.start(access, user_id, HOME)
    found = await by_cookie(access, started.cookie)
    assert found is not None
    return found, started.cookie


async def by_cookie(access: Access, cookie: str, project: str | None = None) -> Principal | None:
    return await access.backend.point(
        lambda conn: sessions.principal_of_cookie(conn, access, cookie, project)
    )


async def first_admin(access: Access) -> str:
    sent = await people.setup_link(access)
    who = Newcomer(login="root", password="never a word of it")
    return (await accounts.set_up(access, who, sent.token, HOME)).id


def refused(error: pytest.ExceptionInfo[CallerError]) -> Code:
    return error.value.failure.code


async def test_the_first_administrator_takes_over_what_was_there(access: Access):
    sent = await people.setup_link(access)

    user = await accounts.set_up(access, ADA, sent.token, HOME)

    assert (user.id, user.role) == (DEFAULT_USER, Role.ADMIN)
    found, _ = await signed_in(access, user.id)
    assert (found.project_id, found.admin) == (DEFAULT_PROJECT, True)
    assert await accounts.sign_in(access, " Ada ", SECRET, HOME)


async def test_a_setup_link_works_once_and_for_nobody_after_an_administrator(access: Access):
    first, second = await people.setup_link(access), await people.setup_link(access)
    with pytest.raises(CallerError):  # the newer one made it void
        await accounts.set_up(access, ADA, first.token, HOME)
    await accounts.set_up(access, ADA, second.token, HOME)

    with pytest.raises(CallerError):
        await accounts.set_up(access, ADA, second.token, HOME)
    with pytest.raises(CallerError):
        await people.setup_link(access)


async def test_a_setup_link_expires(access: Access, clock: FakeClock):
    sent = await people.setup_link(access)
    await clock.advance(86_401)

    with pytest.raises(CallerError) as error:
        await accounts.set_up(access, ADA, sent.token, HOME)
    assert refused(error) is Code.NOT_FOUND


async def test_of_two_who_open_one_link_at_once_one_is_let_in(access: Access):
    sent = await people.setup_link(access)
    other = Newcomer(login="bob", password=SECRET)

    both = await asyncio.gather(
        accounts.set_up(access, ADA, sent.token, HOME),
        accounts.set_up(access, other, sent.token, HOME),
        return_exceptions=True,
    )

    assert sorted(isinstance(one, CallerError) for one in both) == [False, True]


@pytest.mark.parametrize(("mode", "invited", "lets_in"), [
    ("closed", False, False), ("closed", True, True), ("invite", False, False), ("invite", True, True),
    ("open", False, True), ("open", True, True),
])  # fmt: skip
async def test_registration_lets_in_whom_its_mode_says(
    access: Access, mode: str, invited: bool, lets_in: bool
):
    access = policy(access, registration=mode)
    sent = await people.invite(access, role=Role.VIEWER) if invited else None

    made = accounts.register(access, ADA, HOME, invite=None if sent is None else sent.token)

    if not lets_in:
        with pytest.raises(CallerError) as error:
            await made
        assert refused(error) is Code.PERMISSION_OR_CHANNEL
        return
    assert (await made).role is (Role.VIEWER if invited else Role.MEMBER)


async def test_registration_is_closed_unless_somebody_opens_it():
    assert Policy().registration == "closed"


async def test_an_invitation_is_for_one_person_and_into_a_team(access: Access):
    team = await people.new_team(access, "Film")
    sent = await people.invite(access, team_id=team.id)
    user = await accounts.register(access, ADA, HOME, invite=sent.token)

    reached = await access.backend.read(lambda conn: project_rows.of_user(conn, user.id))
    assert [p.team_id for p in reached if p.team_role is not None] == [team.id]
    with pytest.raises(CallerError):
        await accounts.register(access, Newcomer(login="bob", password=SECRET), HOME, invite=sent.token)


async def test_an_invitation_that_was_taken_back_opens_nothing(access: Access):
    sent = await people.invite(access)
    await people.void(access, sent.link.id)

    with pytest.raises(CallerError):
        await accounts.register(access, ADA, HOME, invite=sent.token)


async def test_a_login_is_one_in_every_spelling(access: Access):
    await accounts.register(access, ADA, HOME)

    with pytest.raises(CallerError) as error:
        await accounts.register(access, Newcomer(login=" ADA", password=SECRET), HOME)
    assert error.value.failure.param == "login"


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"login": "a"}, "login"),
        ({"login": "a b"}, "login"),
        ({"login": "<b>"}, "login"),
        ({"password": "short"}, "password"),
        ({"password": "aaaaaaaaaaaaa"}, "password"),
        ({"password": "ada-is-my-name"}, "password"),
        ({"password": "x1y2" * 300}, "password"),
        ({"name": "\n"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"email": "nobody"}, "email"),
    ],
)
async def test_what_cannot_be_is_refused_by_name(access: Access, change: dict[str, str], param: str):
    given = {"login": "ada", "password": SECRET, "name": "Ada", "email": "ada@example.com", **change}

    with pytest.raises(CallerError) as error:
        await accounts.register(access, Newcomer(**given), HOME)
    assert error.value.failure.param == param


async def test_a_wrong_password_and_an_unknown_name_look_the_same(access: Access):
    await accounts.register(access, ADA, HOME)

    said: list[str] = []
    for login in ("ada", "nobody"):
        with pytest.raises(CallerError) as error:
            await accounts.sign_in(access, login, "something else", HOME)
        said.append(f"{refused(error)} {error.value.failure.message}")

    assert said[0] == said[1]


async def test_no_more_than_ten_passwords_are_tried_for_one_name_in_a_quarter_of_an_hour(
    access: Access, clock: FakeClock
):
    await accounts.register(access, ADA, HOME)
    tried = 0
    for attempt in range(900):
        try:  # from another address each time, as somebody with many would
            await accounts.sign_in(
                access, "ada", "wrong again", Origin(f"198.51.{attempt % 100}.{attempt // 100}")
            )
        except CallerError as error:
            tried += error.failure.code is Code.UNAUTHORIZED
        await clock.advance(0.999)

    assert 5 <= tried <= 10


async def test_one_address_is_slowed_down_whatever_names_it_tries(access: Access):
    codes: list[Code] = []
    for attempt in range(25):
        with pytest.raises(CallerError) as error:
            await accounts.sign_in(access, f"name{attempt}", "wrong", HOME)
        codes.append(refused(error))

    assert codes == [Code.UNAUTHORIZED] * 20 + [Code.RATE_LIMITED] * 5


async def test_who_knows_their_password_is_not_slowed_down(access: Access):
    await accounts.register(access, ADA, HOME)

    for _ in range(30):
        await accounts.sign_in(access, "ada", SECRET, HOME)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", "unknown"),
        ("localhost", "unknown"),
    ],
)
def test_an_address_counts_with_its_neighbours(address: str, place: str):
    assert network_of(address) == place


async def test_another_password_ends_every_other_sign_in(access: Access):
    user = await accounts.register(access, ADA, HOME)
    here, cookie = await signed_in(access, user.id)
    _, elsewhere = await signed_in(access, user.id)

    await accounts.change_password(access, here, SECRET, "another one entirely", HOME)

    assert await by_cookie(access, cookie) is not None
    assert await by_cookie(access, elsewhere) is None
    with pytest.raises(CallerError):
        await accounts.sign_in(access, "ada", SECRET, HOME)
    assert await accounts.sign_in(access, "ada", "another one entirely", HOME)


async def test_nobody_changes_a_password_without_the_one_there_is(access: Access):
    user = await accounts.register(access, ADA, HOME)
    here, _ = await signed_in(access, user.id)

    with pytest.raises(CallerError) as error:
        await accounts.change_password(access, here, "a wild guess", "another one entirely", HOME)
    assert refused(error) is Code.UNAUTHORIZED


async def test_a_reset_link_ends_every_sign_in_and_every_other_link(access: Access):
    user = await accounts.register(access, ADA, HOME)
    _, cookie = await signed_in(access, user.id)
    sent = await people.reset_link(access, user.id)

    await accounts.reset_password(access, sent.token, "another one entirely", HOME)

    assert await by_cookie(access, cookie) is None
    assert await accounts.sign_in(access, "ada", "another one entirely", HOME)
    with pytest.raises(CallerError):
        await accounts.reset_password(access, sent.token, "and yet another one", HOME)


async def test_a_link_of_one_sort_opens_nothing_of_another(access: Access):
    user = await accounts.register(access, ADA, HOME)
    invite, reset = await people.invite(access), await people.reset_link(access, user.id)

    with pytest.raises(CallerError):
        await accounts.reset_password(access, invite.token, "another one entirely", HOME)
    with pytest.raises(CallerError):
        await accounts.set_up(access, Newcomer(login="bob", password=SECRET), reset.token, HOME)
    assert await accounts.reset_password(access, reset.token, "another one entirely", HOME)


async def test_somebody_disabled_is_out_at_once_by_every_way(access: Access, clock: FakeClock):
    await first_admin(access)
    user = await accounts.register(access, ADA, HOME)
    _, cookie = await signed_in(access, user.id)
    home = await access.backend.point(lambda conn: project_rows.home(conn, user.id))
    assert home is not None
    made = await create_key(
        access.backend, access.ids, clock, access.pepper, name="k", user_id=user.id, project_id=home.id
    )

    await people.disable(access, user.id)

    assert await by_cookie(access, cookie) is None
    assert await by_key(access, made.token) is None
    with pytest.raises(CallerError) as error:
        await accounts.sign_in(access, "ada", SECRET, HOME)
    assert refused(error) is Code.UNAUTHORIZED
    await people.enable(access, user.id)
    assert await by_cookie(access, cookie) is None
    assert await by_key(access, made.token) is not None


async def by_key(access: Access, token: str) -> Principal | None:
    now = access.clock.now_ms()
    return await access.backend.point(lambda conn: principal(conn, digest(token, access.pepper), now))


async def test_there_is_always_an_administrator(access: Access):
    root = await first_admin(access)

    for change in (people.set_role(access, root, Role.MEMBER), people.disable(access, root)):
        with pytest.raises(CallerError):
            await change
    other = await people.create(access, login="bob", role=Role.ADMIN)
    both = await asyncio.gather(
        people.set_role(access, root, Role.MEMBER),
        people.set_role(access, other.id, Role.MEMBER),
        return_exceptions=True,
    )
    assert sorted(isinstance(one, CallerError) for one in both) == [False, True]


async def test_another_role_holds_from_the_next_request_on(access: Access):
    await first_admin(access)
    user = await accounts.register(access, ADA, HOME)
    _, cookie = await signed_in(access, user.id)

    await people.set_role(access, user.id, Role.VIEWER)

    found = await by_cookie(access, cookie)
    assert found is not None
    assert found.role is Role.VIEWER


async def test_a_team_opens_its_projects_and_closes_them_at_once(access: Access, clock: FakeClock):
    await first_admin(access)
    user = await accounts.register(access, ADA, HOME)
    _, cookie = await signed_in(access, user.id)
    team = await people.new_team(access, "Film")
    [project] = [p.id for p in await access.backend.read(project_rows.all_projects) if p.team_id == team.id]
    with pytest.raises(CallerError):
        await by_cookie(access, cookie, project)

    await people.put_member(access, team.id, user.id)
    inside = await by_cookie(access, cookie, project)
    made = await create_key(
        access.backend, access.ids, clock, access.pepper, name="k", user_id=user.id, project_id=project
    )
    assert inside is not None
    assert inside.project_id == project
    assert await by_key(access, made.token) is not None

    await people.remove_member(access, team.id, user.id)
    with pytest.raises(CallerError):
        await by_cookie(access, cookie, project)
    assert await by_key(access, made.token) is None


async def test_a_dissolved_team_shares_nothing(access: Access):
    root = await first_admin(access)
    user = await accounts.register(access, ADA, HOME)
    team = await people.new_team(access, "Film")
    await people.put_member(access, team.id, user.id, Role.VIEWER)
    invite = await people.invite(access, team_id=team.id)
    await people.dissolve(access, team.id)

    reached = await access.backend.read(lambda conn: project_rows.of_user(conn, user.id))
    assert [p.team_id for p in reached] == [None]
    assert len(await access.backend.read(lambda conn: project_rows.of_user(conn, root))) == 2
    with pytest.raises(CallerError):
        await accounts.register(access, Newcomer(login="bob", password=SECRET), HOME, invite=invite.token)


async def test_a_sign_in_ends_by_itself_by_hand_and_when_there_are_too_many(access: Access, clock: FakeClock):
    user = await accounts.register(access, ADA, HOME)
    cookies = [(await sessions.start(access, user.id, HOME)).cookie for _ in range(sessions.MOST + 1)]
    assert await by_cookie(access, cookies[0]) is None
    assert await by_cookie(access, cookies[1]) is not None
    kept = await sessions.of_user(access, user.id)
    assert len(kept) == sessions.MOST

    await sessions.end(access, kept[0].id, user_id=user.id)
    assert await by_cookie(access, cookies[-1]) is None
    with pytest.raises(CallerError):
        await sessions.end(access, kept[1].id, user_id="user_other")
    await clock.advance(7 * 86_400)
    assert await by_cookie(access, cookies[1]) is None


async def test_no_secret_is_stored_or_shown(access: Access, tmp_path: object):
    user = await accounts.register(access, ADA, HOME)
    started = await sessions.start(access, user.id, HOME)
    sent = await people.reset_link(access, user.id)
    row = await access.backend.point(lambda conn: user_rows.get(conn, user.id))
    assert row is not None

    shown = f"{user!r}{ADA!r}{started!r}{sent!r}{row!r}"
    for secret in (SECRET, started.cookie, started.csrf, sent.token, row.password or "?"):
        assert secret not in shown
    assert (row.password or "").startswith("$argon2id$")


async def test_what_ended_long_ago_is_forgotten_and_what_holds_is_not(access: Access, clock: FakeClock):
    user = await accounts.register(access, ADA, HOME)
    await tokens.sign_in(Signing(access), user.id, HOME)
    await people.invite(access, lasts_s=60)
    await clock.advance(40 * 86_400)
    _, cookie = await signed_in(access, user.id)
    open_link = await people.invite(access)
    before = clock.now_ms() - 86_400_000

    gone = await access.backend.write(lambda conn: session_rows.prune(conn, before))
    void = await access.backend.write(lambda conn: link_rows.prune(conn, before))

    assert (gone, void) == (1, 1)
    assert await by_cookie(access, cookie) is not None
    assert await accounts.look(access, open_link.token, HOME)
