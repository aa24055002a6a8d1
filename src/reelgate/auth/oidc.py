"""Signing in at an OpenID provider: authorization code with PKCE, state and nonce.

Nothing is kept between leaving and coming back but a signed cookie: the verifier and the nonce are
derived from the random state in it by a key that only this installation has.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

import msgspec
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from reelgate.auth import accounts
from reelgate.auth.access import Access, Origin, buckets_of, throttle
from reelgate.core.dialect import NoReply, Reply
from reelgate.core.errors import Code, ReelgateError, refuse
from reelgate.core.people import LinkKind, Role
from reelgate.store import links as link_rows
from reelgate.store import teams as team_rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection
from reelgate.store.teams import Membership
from reelgate.store.users import User

ALGORITHMS: Final = ("RS256", "PS256", "ES256", "RS384", "ES384", "RS512", "ES512", "Ed25519", "EdDSA")
"""What a provider may sign with: keys it alone has, never a secret both sides know."""
COOKIE: Final = "reelgate_oidc"
AWAY_MS: Final = 10 * 60_000
"""How long somebody may take at the provider."""
_KEEP_MS: Final = 3_600_000
_SKEW_S: Final = 60
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})

Fetch = Callable[[str, Mapping[str, str], bytes | None], Awaitable[Reply | NoReply]]
"""Gets an address, or posts a body to it."""


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What this installation is at its provider, and whom it lets in from there."""

    issuer: str
    client_id: str
    client_secret: str = ""
    scopes: tuple[str, ...] = ("openid", "profile", "email")
    domains: tuple[str, ...] = ()
    """Strangers with a confirmed address in one of these get an account, even where registration is closed."""
    role: Role = Role.MEMBER
    """What they become."""

    def __repr__(self) -> str:
        return f"Registered({self.issuer!r})"


class Begun(msgspec.Struct, frozen=True):
    """Where to send a browser, and what it brings back."""

    url: str
    cookie: str


class _Away(msgspec.Struct, frozen=True, array_like=True):
    """What the cookie says."""

    state: str
    until: int
    back: str
    invite: str | None
    user_id: str | None


class _Metadata(msgspec.Struct, frozen=True, kw_only=True):
    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)


class _Given(msgspec.Struct, frozen=True, kw_only=True):
    id_token: str
    access_token: str | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who somebody is, in their provider's words."""

    sub: str
    email: str | None = None
    email_verified: bool = False
    name: str | None = None
    preferred_username: str | None = None


@dataclass(slots=True)
class Provider:
    """An OpenID provider, with what it published, looked up now and then."""

    registered: Registered
    fetch: Fetch
    _metadata: tuple[int, _Metadata] | None = None
    _keys: tuple[int, KeySet] | None = None

    async def metadata(self, now: int) -> _Metadata:
        """Give where the provider's doors are.

        Raises CallerError `overloaded` when it does not say.
        """
        if self._metadata is None or now - self._metadata[0] > _KEEP_MS:
            issuer = self.registered.issuer.rstrip("/")
            found = await self._get(f"{issuer}/.well-known/openid-configuration", _Metadata)
            _check_metadata(found, self.registered.issuer)
            self._metadata = (now, found)
        return self._metadata[1]

    async def keys(self, now: int, *, anew: bool = False) -> KeySet:
        """Give the provider's public keys; `anew` looks again, once a minute at most.

        Raises CallerError `overloaded` when it does not show them.
        """
        kept = self._keys
        if kept is None or now - kept[0] > (60_000 if anew else _KEEP_MS):
            address = (await self.metadata(now)).jwks_uri
            raw = await self._get(address, dict[str, Any])
            try:
                kept = self._keys = (now, KeySet.import_key_set(_public(raw)))
            except (JoseError, ValueError, TypeError, KeyError) as error:
                raise _silent("Its keys cannot be read.") from error
        return kept[1]

    async def _get(self, url: str, kind: Any, bearer: str | None = None) -> Any:
        headers = {"Accept": "application/json"}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        return read(await self.fetch(url, headers, None), kind)

    async def person(self, now: int, bearer: str) -> Person | None:
        """Give what the provider says about somebody beside their token; None when it says nothing."""
        address = (await self.metadata(now)).userinfo_endpoint
        return None if address is None else await self._get(address, Person, bearer)


def read(reply: Reply | NoReply, kind: Any) -> Any:
    """Read a provider's answer.

    Raises CallerError `overloaded` when it is none.
    """
    if isinstance(reply, NoReply):
        raise _silent(reply.reason)
    if reply.status != 200:
        raise _silent(f"It answered {reply.status}.")
    try:
        return msgspec.json.decode(reply.body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _silent("Its answer cannot be read.") from error


def _silent(reason: str) -> ReelgateError:
    return refuse(Code.OVERLOADED, f"The OpenID provider could not be asked. {reason}")


def _public(raw: dict[str, Any]) -> Any:
    """Keep the keys that only the provider can sign with; one shared secret among them would open everything."""
    kept = [key for key in raw["keys"] if key.get("kty") in ("RSA", "EC", "OKP") and key.get("use") != "enc"]
    return {"keys": kept}


def _check_metadata(found: _Metadata, issuer: str) -> None:
    if found.issuer.rstrip("/") != issuer.rstrip("/"):
        raise _silent("It calls itself something else.")
    doors = [found.authorization_endpoint, found.token_endpoint, found.jwks_uri, found.userinfo_endpoint]
    for address in [issuer, *(door for door in doors if door is not None)]:
        parts = urlsplit(address)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
            raise _silent("It has a door without TLS.")


async def begin(
    access: Access,
    provider: Provider,
    redirect_uri: str,
    *,
    back: str = "/",
    invite: str | None = None,
    user_id: str | None = None,
) -> Begun:
    """Send a browser to the provider; with `user_id` to add what it finds there to their account.

    Raises CallerError `overloaded` when the provider cannot be asked.
    """
    now = access.clock.now_ms()
    doors = await provider.metadata(now)
    state = access.ids.token()
    away = _Away(state, now + AWAY_MS, back if _is_path(back) else "/", invite, user_id)
    verifier = access.derived("oidc verifier", state)
    challenge = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    query = urlencode(
        {
            "response_type": "code",
            "client_id": provider.registered.client_id,
            "redirect_uri": redirect_uri,
            "scope": " ".join(provider.registered.scopes),
            "state": state,
            "nonce": access.derived("oidc nonce", state),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
    )
    door = doors.authorization_endpoint
    return Begun(f"{door}{'&' if '?' in door else '?'}{query}", _seal(access, away))


def _is_path(back: str) -> bool:
    """Tell whether an address stays on this server."""
    return back.startswith("/") and not back.startswith(("//", "/\\")) and back.isprintable()


def _seal(access: Access, away: _Away) -> str:
    text = urlsafe_b64encode(msgspec.json.encode(away)).decode()
    return f"{text}.{access.derived('oidc cookie', text)}"


def _unseal(access: Access, cookie: str | None, state: str | None) -> _Away:
    text, _, mark = (cookie or "").partition(".")
    if not hmac.compare_digest(mark.encode(), access.derived("oidc cookie", text).encode()):
        raise _astray()
    away = msgspec.json.decode(urlsafe_b64decode(text), type=_Away)
    if access.clock.now_ms() >= away.until or not hmac.compare_digest(
        away.state.encode(), (state or "").encode()
    ):
        raise _astray()
    return away


def _astray() -> ReelgateError:
    return refuse(
        Code.INVALID_REQUEST, "This sign-in was not begun in this browser, or long ago. Begin again."
    )


class Finished(msgspec.Struct, frozen=True):
    """Who came back, and where in the studio they wanted to be."""

    user: User
    back: str


async def finish(
    access: Access,
    provider: Provider,
    redirect_uri: str,
    *,
    cookie: str | None,
    state: str | None,
    code: str | None,
    origin: Origin,
) -> Finished:
    """Give the user who came back from the provider.

    Raises CallerError when the way was not begun here, the provider does not vouch for them, or
    they have no account and get none.
    """
    away = _unseal(access, cookie, state)
    if not code:
        raise refuse(Code.UNAUTHORIZED, "The OpenID provider did not let you in.")
    await throttle(access, buckets_of(access, None, origin))
    given = await _exchange(access, provider, redirect_uri, away.state, code)
    person = await _vouched(access, provider, given, access.derived("oidc nonce", away.state))
    try:
        user = await access.backend.write(
            lambda conn: _known(conn, access, provider.registered, person, away)
        )
    except user_rows.Taken as quicker:
        raise refuse(
            Code.OVERLOADED, "Somebody signed in there at the same moment. Begin again."
        ) from quicker
    if user.disabled_at is not None:
        raise refuse(Code.UNAUTHORIZED, "This account is disabled. Ask an administrator.")
    return Finished(user, away.back)


async def _exchange(access: Access, provider: Provider, redirect_uri: str, state: str, code: str) -> _Given:
    who = provider.registered
    doors = await provider.metadata(access.clock.now_ms())
    fields = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": redirect_uri,
        "code_verifier": access.derived("oidc verifier", state),
    }
    headers = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
    if who.client_secret and "client_secret_basic" in doors.token_endpoint_auth_methods_supported:
        pair = f"{quote(who.client_id, safe='')}:{quote(who.client_secret, safe='')}"
        headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
    else:
        fields["client_id"] = who.client_id
        if who.client_secret:
            fields["client_secret"] = who.client_secret
    reply = await provider.fetch(doors.token_endpoint, headers, urlencode(fields).encode())
    if isinstance(reply, Reply) and reply.status in (400, 401):
        raise refuse(Code.UNAUTHORIZED, "The OpenID provider did not accept this sign-in. Begin again.")
    return read(reply, _Given)


async def _vouched(access: Access, provider: Provider, given: _Given, nonce: str) -> Person:
    """Give who a token says somebody is, after checking who says so, to whom, when and in answer to what."""
    now = access.clock.now_ms()
    claims = await _claims(provider, given.id_token, now)
    who = provider.registered
    wanted = jwt.JWTClaimsRegistry(
        now=now // 1000,
        leeway=_SKEW_S,
        iss={"essential": True, "values": [who.issuer, who.issuer.rstrip("/"), f"{who.issuer.rstrip('/')}/"]},
        aud={"essential": True, "value": who.client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        wanted.validate(claims)
        if not isinstance(claims["aud"], str) and claims.get("azp", who.client_id) != who.client_id:
            raise _unvouched()
        person = msgspec.convert({k: v for k, v in claims.items() if v is not None}, Person)
    except (JoseError, msgspec.ValidationError) as error:
        raise _unvouched() from error
    if person.email is None and given.access_token is not None:
        more = await provider.person(now, given.access_token)
        if more is not None and more.sub == person.sub:
            return more
    return person


async def _claims(provider: Provider, token: str, now: int) -> dict[str, Any]:
    keys = await provider.keys(now)
    try:
        return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except InvalidKeyIdError:
        keys = await provider.keys(now, anew=True)
    except (JoseError, ValueError, RecursionError) as error:
        raise _unvouched() from error
    try:
        return jwt.decode(token, keys, algorithms=ALGORITHMS).claims
    except (JoseError, ValueError, RecursionError) as error:
        raise _unvouched() from error


def _unvouched() -> ReelgateError:
    return refuse(Code.UNAUTHORIZED, "The OpenID provider does not vouch for this sign-in. Begin again.")


def _known(conn: Connection, access: Access, who: Registered, person: Person, away: _Away) -> User:
    found = user_rows.by_identity(conn, who.issuer, person.sub)
    now = access.clock.now_ms()
    if away.user_id is not None:
        if found is not None and found.id != away.user_id:
            raise refuse(Code.INVALID_REQUEST, "This sign-in belongs to another account already.")
        owner = user_rows.get(conn, away.user_id)
        if owner is None:
            raise refuse(Code.NOT_FOUND, "There is no such account.")
        if found is None:
            user_rows.add_identity(conn, who.issuer, person.sub, owner.id, now)
        return owner
    return found or _stranger(conn, access, who, person, away)


def _stranger(conn: Connection, access: Access, who: Registered, person: Person, away: _Away) -> User:
    """Make an account for somebody new, if they may have one; never gives them one that is there by its address."""
    now = access.clock.now_ms()
    link = None if away.invite is None else link_rows.use(conn, access.digest(away.invite), now)
    invited = link is not None and link.kind is LinkKind.INVITE
    if not invited and access.policy.registration != "open" and not _of_a_domain(who, person):
        raise refuse(
            Code.PERMISSION_OR_CHANNEL, "You have no account here. Ask an administrator for an invitation."
        )
    role = (link.role or Role.MEMBER) if link is not None and invited else who.role
    shown = person.name or person.preferred_username or person.email or "somebody"
    user = User(
        id=access.ids.new("user"),
        name=accounts.name_of(
            "".join(c for c in shown if c.isprintable())[: accounts.LONGEST_NAME] or "somebody"
        ),
        email=person.email if person.email_verified else None,
        role=role,
        created_at=now,
        updated_at=now,
    )
    accounts.add(conn, access, user)
    user_rows.add_identity(conn, who.issuer, person.sub, user.id, now)
    if link is not None and invited and link.team_id is not None:
        team_rows.put_member(conn, Membership(link.team_id, user.id, accounts.min_role(role)), now)
    return user


def _of_a_domain(who: Registered, person: Person) -> bool:
    _, at, domain = (person.email or "").rpartition("@")
    return person.email_verified and at == "@" and domain.lower() in who.domains
