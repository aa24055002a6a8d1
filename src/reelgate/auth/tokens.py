"""Signed tokens of the native API: one algorithm, one purpose each, worthless as soon as their sign-in ends.

A signature alone opens nothing: every request looks at the row of the sign-in it names. What is
shown for a new one is a random token of its own, exchanged once; one that comes back a second time
was stolen, from one side or the other, and ends the sign-in.
"""

from __future__ import annotations

import binascii
import secrets as randomness
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from reelgate.auth import sessions
from reelgate.auth.access import Access, Origin
from reelgate.auth.principal import Principal
from reelgate.core.envelope import NOTHING, CannotOpen
from reelgate.core.errors import CallerError, Code, Failure, refuse
from reelgate.core.people import SessionKind
from reelgate.store import sessions as rows
from reelgate.store.backend import Connection
from reelgate.store.sessions import Refresh, SignedIn, SigningKey

ALGORITHM: Final = "HS256"
ISSUER: Final = "reelgate"
AUDIENCE: Final = "reelgate-api"
KIND: Final = "at+jwt"
"""The `typ` of an access token, so that nothing else that is signed here is taken for one."""
LONGEST: Final = 2_048
SKEW_S: Final = 60
_KEY_BYTES: Final = 32
_LOOK_AGAIN_MS: Final = 10_000
"""How often an unknown signing key makes us look at the rows."""


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """What a program that signed in is given."""

    access: str
    refresh: str
    expires_in: int
    """Seconds until `access` is worth nothing."""
    session_id: str

    def __repr__(self) -> str:
        return f"Tokens({self.session_id!r})"


class Said(msgspec.Struct, frozen=True, array_like=True):
    """What a token with a good signature says."""

    user_id: str
    session_id: str
    version: int


class _Head(msgspec.Struct, frozen=True):
    kid: str


@dataclass(slots=True)
class Signing:
    """The keys tokens are signed with, opened when first needed and looked up anew when one is unknown."""

    access: Access
    _kept: dict[str, OctKey] = field(default_factory=dict[str, OctKey])
    _current: str | None = None
    _looked_at: int | None = None

    async def current(self) -> OctKey:
        """Give the key to sign with, made on first use.

        Raises CallerError `overloaded` when the stored ones cannot be opened.
        """
        if self._current is None:
            await self._load()
        if self._current is None:
            await self.rotate()
        assert self._current is not None  # noqa: S101 - `rotate` made one
        return self._kept[self._current]

    async def named(self, key_id: str) -> OctKey | None:
        """Give a key that something was signed with; None for one this installation never had."""
        now = self.access.clock.now_ms()
        if key_id not in self._kept and (
            self._looked_at is None or not 0 <= now - self._looked_at < _LOOK_AGAIN_MS
        ):
            await self._load()
        return self._kept.get(key_id)

    async def rotate(self) -> str:
        """Sign with a new key from now on and give its id; what the old one signed is good until it expires."""
        access, secret = self.access, randomness.token_hex(_KEY_BYTES)
        blank = SigningKey(id=access.ids.new("skey"), secret=NOTHING, created_at=access.clock.now_ms())

        def work(conn: Connection) -> None:
            sealed = access.vault.seal(conn, secret, blank.place)
            rows.add_signing_key(conn, msgspec.structs.replace(blank, secret=sealed))

        try:
            await access.backend.write(work)
        except CannotOpen as closed:
            raise _sealed() from closed
        self._keep(blank.id, secret)
        self._current = blank.id
        return blank.id

    async def _load(self) -> None:
        self._looked_at = self.access.clock.now_ms()
        kept = await self.access.backend.read(rows.signing_keys_kept)
        oldest = self._looked_at - self.access.policy.jwt_expires_s * 1000
        for key in kept:
            if key.id in self._kept or (key.retired_at is not None and key.retired_at < oldest):
                continue
            try:
                self._keep(key.id, self.access.vault.open(key.secret, key.place))
            except CannotOpen as closed:
                raise _sealed() from closed
        self._current = next((key.id for key in kept if key.retired_at is None), None)

    def _keep(self, key_id: str, secret: str) -> None:
        self._kept[key_id] = OctKey.import_key(bytes.fromhex(secret), {"kid": key_id})


def _sealed() -> CallerError:
    return CallerError(
        Failure(
            code=Code.OVERLOADED,
            message="Tokens cannot be signed or read now: this server does not have its master key.",
            retry_after_s=30.0,
        )
    )


def looks_signed(token: str) -> bool:
    """Tell whether something might be a token of ours rather than a key; says nothing about its worth."""
    return token.startswith("eyJ") and len(token) <= LONGEST and token.count(".") == 2


async def sign_in(signing: Signing, user_id: str, origin: Origin) -> Tokens:
    """Sign a user in for a program."""
    access = signing.access
    key = await signing.current()
    refresh = access.ids.token()

    def work(conn: Connection) -> SignedIn:
        session = sessions.begin(conn, access, user_id, SessionKind.TOKENS, origin, digest=None)
        _add(conn, access, session.id, refresh)
        return _row(conn, session.id)

    return _tokens(access, key, await access.backend.write(work), refresh)


async def exchange(signing: Signing, refresh: str) -> Tokens:
    """Give new tokens for one that is good once.

    Raises CallerError `unauthorized`; one that was exchanged before ends its sign-in as well.
    """
    access = signing.access
    key = await signing.current()
    given = access.ids.token()
    now = access.clock.now_ms()

    def work(conn: Connection) -> SignedIn | None:
        found = rows.refresh_of(conn, access.digest(refresh))
        if found is None or now >= found.expires_at:
            return None
        if not rows.use_refresh(conn, found.digest, now):
            rows.revoke(conn, found.session_id, now)
            return None
        session = _row(conn, found.session_id)
        if session.revoked_at is not None or session.disabled_at is not None:
            return None
        _add(conn, access, session.id, given)
        rows.extend(conn, session.id, now + access.policy.refresh_s * 1000, now)
        return session

    session = await access.backend.write(work)
    if session is None:
        raise refuse(Code.UNAUTHORIZED, "This refresh token is not good any more. Sign in again.")
    return _tokens(access, key, session, given)


async def reissue(signing: Signing, session_id: str) -> Tokens:
    """Give fresh tokens for a sign-in that goes on, where those before were made worthless.

    Raises CallerError `unauthorized` when it has ended.
    """
    access = signing.access
    key = await signing.current()
    refresh = access.ids.token()

    def work(conn: Connection) -> SignedIn | None:
        session = rows.by_id(conn, session_id)
        if session is None or session.revoked_at is not None or session.kind is not SessionKind.TOKENS:
            return None
        _add(conn, access, session.id, refresh)
        return session

    session = await access.backend.write(work)
    if session is None:
        raise refuse(Code.UNAUTHORIZED, "This sign-in has ended. Sign in again.")
    return _tokens(access, key, session, refresh)


def _add(conn: Connection, access: Access, session_id: str, refresh: str) -> None:
    now = access.clock.now_ms()
    expires = now + access.policy.refresh_s * 1000
    rows.add_refresh(
        conn,
        Refresh(digest=access.digest(refresh), session_id=session_id, created_at=now, expires_at=expires),
    )


def _row(conn: Connection, session_id: str) -> SignedIn:
    found = rows.by_id(conn, session_id)
    if found is None:
        msg = f"there is no sign-in `{session_id}`"
        raise LookupError(msg)
    return found


def _tokens(access: Access, key: OctKey, session: SignedIn, refresh: str) -> Tokens:
    now = access.clock.now_ms() // 1000
    lasts = access.policy.jwt_expires_s
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": session.user_id,
        "sid": session.id,
        "ver": session.token_version,
        "iat": now,
        "exp": now + lasts,
        "jti": access.ids.token()[:26],
    }
    signed = jwt.encode({"alg": ALGORITHM, "typ": KIND, "kid": key.kid}, claims, key, algorithms=[ALGORITHM])
    return Tokens(access=signed, refresh=refresh, expires_in=lasts, session_id=session.id)


async def read(signing: Signing, token: str) -> Said | None:
    """Give what a token says whose signature, purpose and times are good; None for any other."""
    if not looks_signed(token):
        return None
    key = await _key_of(signing, token)
    if key is None:
        return None
    now = signing.access.clock.now_ms() // 1000
    wanted = jwt.JWTClaimsRegistry(
        now=now,
        leeway=0,
        iss={"essential": True, "value": ISSUER},
        aud={"essential": True, "value": AUDIENCE},
        exp={"essential": True},
        sub={"essential": True},
    )
    try:
        found = jwt.decode(token, key, algorithms=[ALGORITHM])
        if found.header.get("typ") != KIND:
            return None
        # An `iat` or `nbf` a little ahead is another machine's clock.
        times = {name: found.claims.pop(name, now) for name in ("iat", "nbf")}
        wanted.validate(found.claims)
        return _said(found.claims) if all(_not_ahead(t, now) for t in times.values()) else None
    except (JoseError, ValueError, RecursionError):
        return None


def _not_ahead(moment: Any, now: int) -> bool:
    return isinstance(moment, int) and moment <= now + SKEW_S


def _said(claims: dict[str, Any]) -> Said | None:
    try:
        return msgspec.convert((claims.get("sub"), claims.get("sid"), claims.get("ver")), Said)
    except msgspec.ValidationError:
        return None


async def _key_of(signing: Signing, token: str) -> OctKey | None:
    """Find the key a token names; its header is not believed in anything else."""
    head = token.partition(".")[0]
    try:
        kid = msgspec.json.decode(urlsafe_b64decode(head + "=" * (-len(head) % 4)), type=_Head).kid
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        return None
    return await signing.named(kid)


async def principal_of_token(signing: Signing, token: str, wanted: str | None = None) -> Principal | None:
    """Give who signed in with a token, in the project they want or in their own first one.

    None for a token that is not good, or whose sign-in has ended. Raises CallerError `not_found`
    for a project they do not get into.
    """
    said = await read(signing, token)
    if said is None:
        return None
    now = signing.access.clock.now_ms()

    def work(conn: Connection) -> Principal | None:
        found = rows.by_id(conn, said.session_id)
        if found is None or (found.user_id, found.token_version) != (said.user_id, said.version):
            return None
        return sessions.inside(conn, found, now, wanted)

    return await signing.access.backend.point(work)
