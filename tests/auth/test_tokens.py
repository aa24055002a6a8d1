"""Signed tokens: what opens nothing (reliability 3.5), exchange, reuse and revocation."""

from __future__ import annotations

import asyncio
import dataclasses
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey, RSAKey

from reelgate.auth import accounts, people, sessions, tokens
from reelgate.auth.access import Access
from reelgate.auth.principal import Principal
from reelgate.auth.tokens import Signing, Tokens
from reelgate.core.errors import CallerError, Code
from reelgate.core.people import Role
from reelgate.store.users import User
from reelgate.testing.clock import FakeClock
from tests.auth.test_accounts import ADA, HOME, SECRET, first_admin


@pytest.fixture
def signing(access: Access) -> Signing:
    return Signing(access)


@pytest.fixture
async def user(access: Access) -> User:
    return await accounts.register(access, ADA, HOME)


async def opens(signing: Signing, token: str) -> Principal | None:
    return await tokens.principal_of_token(signing, token)


def part(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def read(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    head, body, _ = token.split(".")
    one, two = (json.loads(urlsafe_b64decode(p + "=" * (-len(p) % 4))) for p in (head, body))
    return one, two


async def test_a_token_opens_what_its_user_may(signing: Signing, user: User):
    given = await tokens.sign_in(signing, user.id, HOME)

    found = await opens(signing, given.access)

    assert found is not None
    assert (found.user_id, found.session_id, found.key_id) == (user.id, given.session_id, None)
    assert given.expires_in == 7 * 86_400
    assert repr(given) == f"Tokens({given.session_id!r})"


async def test_a_token_names_one_algorithm_and_its_purpose(signing: Signing, user: User):
    head, body = read((await tokens.sign_in(signing, user.id, HOME)).access)

    assert (head["alg"], head["typ"]) == ("HS256", "at+jwt")
    assert (body["iss"], body["aud"], body["exp"] - body["iat"]) == ("reelgate", "reelgate-api", 7 * 86_400)
    assert set(body) == {"iss", "aud", "sub", "sid", "ver", "iat", "exp", "jti"}


async def signed(signing: Signing, good: Tokens, *, head: dict[str, Any] | None = None, **claims: Any) -> str:
    """Sign like a good token with our own key, but for what is changed."""
    key = await signing.current()
    first, body = read(good.access)
    body = {name: value for name, value in {**body, **claims}.items() if value is not None}
    header = {name: value for name, value in {**first, **(head or {})}.items() if value is not None}
    return jws.serialize_compact(header, json.dumps(body), key, algorithms=["HS256", "HS384", "HS512"])


async def test_what_is_signed_by_us_and_says_nothing_wrong_is_good(signing: Signing, user: User):
    good = await tokens.sign_in(signing, user.id, HOME)

    assert await opens(signing, await signed(signing, good)) is not None


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "other"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"aud": []},
        {"exp": 1},
        {"exp": None},
        {"exp": "never"},
        {"exp": True},
        {"iat": 1_750_000_000 + 3_600},
        {"nbf": 1_750_000_000 + 3_600},
        {"nbf": "tomorrow"},
        {"sub": "user_other"},
        {"sub": None},
        {"sub": 7},
        {"sid": "sess_other"},
        {"sid": None},
        {"ver": 99},
        {"ver": None},
        {"ver": "0"},
    ],
)
async def test_a_good_signature_under_a_wrong_claim_opens_nothing(
    signing: Signing, user: User, claims: dict[str, Any]
):
    good = await tokens.sign_in(signing, user.id, HOME)

    assert await opens(signing, await signed(signing, good, **claims)) is None


@pytest.mark.parametrize(
    "head",
    [
        {"typ": "JWT"},
        {"typ": None},
        {"typ": "refresh"},
        {"kid": None},
        {"kid": "skey_other"},
        {"kid": "../../etc/passwd"},
        {"kid": "' OR 1=1 --"},
        {"kid": "http://127.0.0.1/key"},
        {"alg": "HS384"},
        {"alg": "HS512"},
    ],
)
async def test_a_good_signature_under_a_wrong_header_opens_nothing(
    signing: Signing, user: User, head: dict[str, Any]
):
    good = await tokens.sign_in(signing, user.id, HOME)

    assert await opens(signing, await signed(signing, good, head=head)) is None


@pytest.mark.parametrize("head", [{"jku": "http://127.0.0.1/k"}, {"x5u": "http://127.0.0.1/k"}])
async def test_a_header_that_names_a_key_elsewhere_is_not_believed(
    signing: Signing, user: User, head: dict[str, Any]
):
    good = await tokens.sign_in(signing, user.id, HOME)
    ours, body = read(good.access)
    stranger = OctKey.generate_key(256)

    forged = jws.serialize_compact({**ours, **head}, json.dumps(body), stranger, algorithms=["HS256"])

    assert await opens(signing, forged) is None


async def test_neither_no_signature_nor_another_keys_opens_anything(signing: Signing, user: User):
    good = await tokens.sign_in(signing, user.id, HOME)
    head, body = read(good.access)
    first, second, mark = good.access.split(".")
    rsa = RSAKey.generate_key(2048)
    public = rsa.as_pem(private=False)
    by_public = urlsafe_b64encode(hmac.digest(public, f"{first}.{second}".encode(), "sha256"))

    tried = [
        f"{part({**head, 'alg': 'none'})}.{second}.",
        f"{part({**head, 'alg': 'None'})}.{second}.",
        f"{part({'alg': 'none'})}.{second}.{mark}",
        f"{first}.{second}.",
        f"{first}.{second}.{mark[:-2]}",
        f"{first}.{part({**body, 'sub': 'user_default'})}.{mark}",
        jws.serialize_compact({**head, "alg": "RS256"}, json.dumps(body), rsa, algorithms=["RS256"]),
        f"{first}.{second}.{by_public.rstrip(b'=').decode()}",
        f"{part({**head, 'crit': ['b64'], 'b64': False})}.{second}.{mark}",
        f"{part({**head, 'crit': ['unheard-of']})}.{second}.{mark}",
    ]

    for token in tried:
        assert await opens(signing, token) is None, token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eyJ",
        "eyJ..",
        "eyJ.eyJ.x",
        "eyJhbGciOiJIUzI1NiJ9.e30.AAAA",
        "eyJ" + "A" * 1_000_000,
        "eyJ" + "." * 100_000,
        part({"alg": "HS256", "kid": "x"}) + ".!!!." + "?",
        part(json.loads("[" * 200 + "]" * 200)) + ".e30.x",
        "eyJhbGciOiJIUzI1NiIsImtpZCI6ImEiLCJraWQiOiJiIn0.e30.AA",
        "eyJ\xff\xfe.\x00.\n",
    ],
)
async def test_what_is_no_token_opens_nothing_and_breaks_nothing(signing: Signing, text: str):
    assert await opens(signing, text) is None


async def test_a_token_ends_with_its_time(signing: Signing, user: User, clock: FakeClock):
    good = await tokens.sign_in(signing, user.id, HOME)

    await clock.advance(7 * 86_400 - 1)
    assert await opens(signing, good.access) is not None
    await clock.advance(1)
    assert await opens(signing, good.access) is None


@pytest.mark.parametrize("how", ["revoked", "everywhere", "password", "disabled"])
async def test_a_token_ends_with_its_sign_in(signing: Signing, access: Access, user: User, how: str):
    await first_admin(access)
    good = await tokens.sign_in(signing, user.id, HOME)
    other = await tokens.sign_in(signing, user.id, HOME)
    asker = await opens(signing, other.access)
    assert asker is not None

    match how:
        case "revoked":
            await sessions.end(access, good.session_id)
        case "everywhere":
            await sessions.end_all(access, user.id)
        case "password":
            await accounts.change_password(access, asker, SECRET, "another one entirely", HOME)
        case _:
            await people.disable(access, user.id)

    assert await opens(signing, good.access) is None
    with pytest.raises(CallerError):
        await tokens.exchange(signing, good.refresh)


async def test_whoever_changed_their_password_goes_on_with_fresh_tokens(
    signing: Signing, access: Access, user: User
):
    given = await tokens.sign_in(signing, user.id, HOME)
    asker = await opens(signing, given.access)
    assert asker is not None
    await accounts.change_password(access, asker, SECRET, "another one entirely", HOME)

    again = await tokens.reissue(signing, given.session_id)

    assert await opens(signing, given.access) is None
    assert await opens(signing, again.access) is not None


async def test_a_refresh_token_is_exchanged_once(signing: Signing, user: User):
    first = await tokens.sign_in(signing, user.id, HOME)
    second = await tokens.exchange(signing, first.refresh)
    third = await tokens.exchange(signing, second.refresh)

    assert len({first.refresh, second.refresh, third.refresh}) == 3
    assert await opens(signing, third.access) is not None


async def test_a_refresh_token_that_comes_back_ends_the_sign_in(signing: Signing, user: User):
    first = await tokens.sign_in(signing, user.id, HOME)
    other = await tokens.sign_in(signing, user.id, HOME)
    second = await tokens.exchange(signing, first.refresh)

    with pytest.raises(CallerError) as error:
        await tokens.exchange(signing, first.refresh)

    assert error.value.failure.code is Code.UNAUTHORIZED
    assert await opens(signing, second.access) is None
    with pytest.raises(CallerError):
        await tokens.exchange(signing, second.refresh)
    assert await opens(signing, other.access) is not None


async def test_of_many_who_exchange_one_token_at_once_at_most_one_wins(signing: Signing, user: User):
    first = await tokens.sign_in(signing, user.id, HOME)

    done = await asyncio.gather(
        *(tokens.exchange(signing, first.refresh) for _ in range(8)), return_exceptions=True
    )

    assert sum(isinstance(one, Tokens) for one in done) == 1


async def test_a_refresh_token_expires_and_opens_no_route(signing: Signing, user: User, clock: FakeClock):
    given = await tokens.sign_in(signing, user.id, HOME)
    assert await opens(signing, given.refresh) is None

    await clock.advance(30 * 86_400)
    with pytest.raises(CallerError):
        await tokens.exchange(signing, given.refresh)


async def test_another_signing_key_leaves_what_was_signed_good_here_and_in_another_process(
    signing: Signing, access: Access, user: User, clock: FakeClock
):
    elsewhere = Signing(access)
    old = await tokens.sign_in(signing, user.id, HOME)
    assert await opens(elsewhere, old.access) is not None

    await signing.rotate()
    new = await tokens.sign_in(signing, user.id, HOME)

    assert read(old.access)[0]["kid"] != read(new.access)[0]["kid"]
    assert await opens(signing, old.access) is not None
    await clock.advance(11)  # unknown keys are looked for now and then
    assert await opens(elsewhere, new.access) is not None
    assert await opens(Signing(access), old.access) is not None


async def test_without_the_master_key_nothing_is_signed_and_nothing_breaks(
    signing: Signing, access: Access, user: User, tmp_path: Any
):
    from reelgate.auth.secrets import Secrets, source_of

    given = await tokens.sign_in(signing, user.id, HOME)
    (tmp_path / "elsewhere").mkdir()
    blind = dataclasses.replace(access, vault=Secrets(source_of(tmp_path / "elsewhere", None, None)))

    with pytest.raises(CallerError) as error:
        await opens(Signing(blind), given.access)
    assert error.value.failure.code is Code.OVERLOADED


async def test_a_token_reaches_a_teams_project_while_its_user_is_in_it(
    signing: Signing, access: Access, user: User
):
    from reelgate.store import projects as project_rows

    team = await people.new_team(access, "Film")
    await people.put_member(access, team.id, user.id, Role.VIEWER)
    [project] = [p.id for p in await access.backend.read(project_rows.all_projects) if p.team_id == team.id]
    given = await tokens.sign_in(signing, user.id, HOME)

    inside = await tokens.principal_of_token(signing, given.access, project)
    assert inside is not None
    assert inside.project_id == project
    await people.remove_member(access, team.id, user.id)
    with pytest.raises(CallerError) as error:
        await tokens.principal_of_token(signing, given.access, project)
    assert error.value.failure.code is Code.NOT_FOUND
