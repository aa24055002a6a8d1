"""Signing in at an OpenID provider: who is let in, and what is not believed (reliability 3.5)."""

from __future__ import annotations

import dataclasses
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from joserfc.jwk import ECKey, OctKey

from reelgate.auth import accounts, oidc, people
from reelgate.auth.access import Access, Policy
from reelgate.auth.oidc import Begun, Finished, Provider, Registered
from reelgate.core.errors import CallerError, Code
from reelgate.core.people import Role
from reelgate.store import teams as team_rows
from reelgate.testing.clock import FakeClock
from tests.auth.identity import CLIENT, ISSUER, SECRET, Identity
from tests.auth.test_accounts import ADA, HOME

BACK = "https://reel.example/api/auth/oidc/callback"


@pytest.fixture
def identity(clock: FakeClock) -> Identity:
    return Identity(clock)


@pytest.fixture
def closed(access: Access) -> Access:
    return dataclasses.replace(access, policy=Policy())


def provider_of(identity: Identity, **more: Any) -> Provider:
    registered = Registered(issuer=ISSUER, client_id=CLIENT, client_secret=SECRET, **more)
    return Provider(registered, identity.fetch)


async def back(access: Access, provider: Provider, begun: Begun, code: str, state: str) -> Finished:
    return await oidc.finish(access, provider, BACK, cookie=begun.cookie, state=state, code=code, origin=HOME)


async def whole(access: Access, identity: Identity, provider: Provider, **more: Any) -> Finished:
    """Go there and come back."""
    begun = await oidc.begin(access, provider, BACK, **more)
    code, state = identity.sign_in(begun.url)
    return await back(access, provider, begun, code, state)


async def refused(access: Access, identity: Identity, provider: Provider, **more: Any) -> Code:
    with pytest.raises(CallerError) as error:
        await whole(access, identity, provider, **more)
    return error.value.failure.code


async def test_a_stranger_gets_an_account_where_registration_is_open_and_keeps_it(
    access: Access, identity: Identity
):
    provider = provider_of(identity)

    first = await whole(access, identity, provider, back="/studio")
    second = await whole(access, identity, provider)

    assert first.user.id == second.user.id
    assert (first.user.role, first.user.email, first.back) == (Role.MEMBER, "ada@example.com", "/studio")


async def test_a_stranger_is_not_let_in_where_registration_is_closed(closed: Access, identity: Identity):
    assert await refused(closed, identity, provider_of(identity)) is Code.PERMISSION_OR_CHANNEL


@pytest.mark.parametrize(
    ("person", "lets_in"),
    [
        ({"email": "ada@example.com", "email_verified": True}, True),
        ({"email": "ADA@EXAMPLE.COM", "email_verified": True}, True),
        ({"email": "ada@example.com", "email_verified": False}, False),
        ({"email": "ada@example.com.evil.test", "email_verified": True}, False),
        ({"email": "example.com", "email_verified": True}, False),
        ({"email": None}, False),
    ],
)
async def test_a_confirmed_address_of_a_trusted_domain_opens_an_account(
    closed: Access, identity: Identity, person: dict[str, Any], lets_in: bool
):
    identity.person = {"sub": "sub-1", **person}
    provider = provider_of(identity, domains=("example.com",), role=Role.VIEWER)

    if lets_in:
        assert (await whole(closed, identity, provider)).user.role is Role.VIEWER
    else:
        assert await refused(closed, identity, provider) is Code.PERMISSION_OR_CHANNEL


async def test_an_invitation_lets_a_stranger_in_and_into_a_team(closed: Access, identity: Identity):
    team = await people.new_team(closed, "Film")
    sent = await people.invite(closed, role=Role.VIEWER, team_id=team.id)

    user = (await whole(closed, identity, provider_of(identity), invite=sent.token)).user

    assert user.role is Role.VIEWER
    members = await closed.backend.read(lambda conn: team_rows.members(conn, team.id))
    assert [one.user_id for one in members] == [user.id]


async def test_an_account_is_never_given_away_by_its_address(access: Access, identity: Identity):
    ada = await accounts.register(access, with_address(), HOME)

    stranger = await whole(access, identity, provider_of(identity))

    assert stranger.user.id != ada.id


def with_address() -> accounts.Newcomer:
    return accounts.Newcomer(login=ADA.login, password=ADA.password, email="ada@example.com")


async def test_whoever_is_signed_in_adds_the_provider_to_their_account(closed: Access, identity: Identity):
    user = await people.create(closed, login="ada", role=Role.OPERATOR)
    provider = provider_of(identity)

    await whole(closed, identity, provider, user_id=user.id)

    assert (await whole(closed, identity, provider)).user.id == user.id
    other = await people.create(closed, login="bob", role=Role.MEMBER)
    assert await refused(closed, identity, provider, user_id=other.id) is Code.INVALID_REQUEST


async def test_somebody_disabled_does_not_come_in_by_the_provider(access: Access, identity: Identity):
    provider = provider_of(identity)
    user = (await whole(access, identity, provider)).user
    await people.disable(access, user.id)

    assert await refused(access, identity, provider) is Code.UNAUTHORIZED


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "somebody-else"},
        {"aud": [CLIENT, "other"], "azp": "other"},
        {"exp": 1},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": 5},
    ],
)
async def test_a_token_that_was_not_meant_for_this_sign_in_opens_nothing(
    access: Access, identity: Identity, claims: dict[str, Any]
):
    identity.claims = claims

    assert await refused(access, identity, provider_of(identity)) is Code.UNAUTHORIZED


async def test_a_token_of_another_signer_opens_nothing(access: Access, identity: Identity):
    identity.signs_with = ECKey.generate_key("P-256", {"kid": str(identity.key.kid)})
    assert await refused(access, identity, provider_of(identity)) is Code.UNAUTHORIZED

    # A secret both sides know proves nothing about who signed.
    identity.signs_with = OctKey.import_key(SECRET * 4, {"kid": str(identity.key.kid)})
    identity.algorithm = "HS256"
    assert await refused(access, identity, provider_of(identity)) is Code.UNAUTHORIZED


async def test_a_new_key_of_the_provider_is_looked_up_once_a_minute_at_most(
    access: Access, identity: Identity, clock: FakeClock
):
    provider = provider_of(identity)
    await whole(access, identity, provider)
    identity.rotate()

    assert await refused(access, identity, provider) is Code.UNAUTHORIZED
    await clock.advance(61)
    assert await whole(access, identity, provider)
    assert len([url for url in identity.asked if url.endswith("/keys")]) == 2


async def test_a_way_back_that_was_not_begun_in_this_browser_leads_nowhere(
    access: Access, identity: Identity, clock: FakeClock
):
    provider = provider_of(identity)
    mine, theirs = [await oidc.begin(access, provider, BACK) for _ in range(2)]
    code, state = identity.sign_in(theirs.url)

    for cookie in (mine.cookie, None, "", "x.y", theirs.cookie + "0"):
        with pytest.raises(CallerError) as error:
            await oidc.finish(access, provider, BACK, cookie=cookie, state=state, code=code, origin=HOME)
        assert error.value.failure.code is Code.INVALID_REQUEST
    await clock.advance(601)
    with pytest.raises(CallerError):
        await back(access, provider, theirs, code, state)


async def test_a_code_is_good_once_and_for_its_own_way_only(access: Access, identity: Identity):
    provider = provider_of(identity)
    begun = await oidc.begin(access, provider, BACK)
    code, state = identity.sign_in(begun.url)
    assert await back(access, provider, begun, code, state)

    for tried in (code, "guessed", ""):
        with pytest.raises(CallerError) as error:
            await back(access, provider, begun, tried, state)
        assert error.value.failure.code is Code.UNAUTHORIZED


@pytest.mark.parametrize(
    "wrong",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://id.example.com/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": 5},
    ],
)
async def test_a_provider_that_is_not_whole_is_not_used(
    access: Access, identity: Identity, wrong: dict[str, Any]
):
    identity.metadata = wrong

    assert await refused(access, identity, provider_of(identity)) is Code.OVERLOADED


async def test_a_silent_provider_is_somebody_elses_fault(access: Access, identity: Identity):
    identity.silent = True

    assert await refused(access, identity, provider_of(identity)) is Code.OVERLOADED


@pytest.mark.parametrize("there", ["https://evil.example", "//evil.example", "/\\evil.example", "", "/a\nb"])
async def test_nobody_is_sent_off_this_server_afterwards(access: Access, identity: Identity, there: str):
    assert (await whole(access, identity, provider_of(identity), back=there)).back == "/"


async def test_the_browser_is_sent_with_what_the_provider_needs(access: Access, identity: Identity):
    begun = await oidc.begin(access, provider_of(identity), BACK)

    query = parse_qs(urlsplit(begun.url).query)
    assert begun.url.startswith(f"{ISSUER}/authorize?")
    assert query["redirect_uri"] == [BACK]
    assert query["scope"] == ["openid profile email"]
    assert len(query["code_challenge"][0]) == 43
    assert query["state"][0] not in (query["nonce"][0], query["code_challenge"][0])
