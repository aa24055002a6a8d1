"""API keys: how ours are made, how any is recognised, and who its holder is.

A key of ours is `rg_<id>_<secret>_<checksum>`: 256 random bits behind a short id that may be shown,
and a checksum that lets a typing error or a leak be recognised offline. Only a keyed digest is stored,
so that a copied database does not give away imported keys that people chose themselves.
"""

from __future__ import annotations

import hmac
import os
import zlib
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from reelgate.auth.principal import Principal
from reelgate.auth.scopes import EVERYDAY, OF_ROLE, Scope, held
from reelgate.core.clock import Clock
from reelgate.core.errors import Code, refuse
from reelgate.core.ids import Ids, encode
from reelgate.core.money import Micro
from reelgate.core.people import BudgetWindow, Role
from reelgate.store import facts
from reelgate.store import keys as key_rows
from reelgate.store import projects as project_rows
from reelgate.store import users as user_rows
from reelgate.store.backend import Backend, Connection, StoreError
from reelgate.store.keys import Key
from reelgate.store.tables import DEFAULT_PROJECT, DEFAULT_USER

_PREFIX: Final = "rg"
_ID_CHARS: Final = 8
_CHECK_CHARS: Final = 7
_SECRET_CHARS: Final = 52
_LONGEST: Final = 1024
PEPPER_BYTES: Final = 32
PEPPER_FILE: Final = "key-pepper"
FIRST_KEY: Final = "first_key"
"""The fact by which processes that start on an empty database agree on who shows the first key."""
PEPPER_MARK: Final = "key_pepper_mark"
"""The fact by which processes tell whether they have the same pepper; says nothing about it."""


def mint(ids: Ids) -> str:
    """Make a new key; it can be shown once and never again."""
    secret = ids.token()
    if len(secret) != _SECRET_CHARS:
        msg = "a key needs 256 random bits"
        raise ValueError(msg)
    public = ids.token()[:_ID_CHARS]
    body = f"{_PREFIX}_{public}_{secret}"
    return f"{body}_{_checksum(body)}"


def looks_minted(token: str) -> bool:
    """Tell whether a token has the form and checksum of a key of ours."""
    body, _, check = token.rpartition("_")
    sizes = [len(part) for part in body.split("_")]
    return (
        sizes == [len(_PREFIX), _ID_CHARS, _SECRET_CHARS]
        and body.startswith(f"{_PREFIX}_")
        and hmac.compare_digest(check.encode(), _checksum(body).encode())
    )


def _checksum(body: str) -> str:
    return encode(zlib.crc32(body.encode()), _CHECK_CHARS)


def hint(token: str) -> str:
    """Give what may be shown of a key to tell it from others; nothing of one that is short."""
    return token[-4:] if len(token) >= 20 else ""


def importable(token: str) -> str:
    """Give a token that clients already use in the form it arrives in, without outer blanks.

    Raises CallerError when it could not arrive in a header: empty, too long, or not printable.
    """
    token = token.strip()
    if not token or len(token) > _LONGEST or not (token.isascii() and token.isprintable()):
        raise refuse(
            Code.INVALID_REQUEST,
            f"A key is 1 to {_LONGEST} printable ASCII characters.",
            param="key",
        )
    return token


def digest(token: str, pepper: bytes) -> str:
    """Give what is stored of a key: its HMAC-SHA-256 under the installation's pepper."""
    # The one-shot `hmac.digest` lets go of the interpreter and waits to get it back, on every request.
    return hmac.new(pepper, token.encode(), "sha256").hexdigest()


def pepper_of(data: Path, given: str | None = None) -> bytes:
    """Give the pepper of a data folder, made on first use; whoever backs up the database backs up it too.

    One that is `given`, in hexadecimal digits, is used instead: where several machines share the keys,
    they have to share it. Raises ValueError when the file is there and is not a pepper.
    """
    if given is not None:
        return bytes.fromhex(given)
    path = data / PEPPER_FILE
    if not path.exists():
        _put_pepper(path)
    pepper = path.read_bytes()
    if len(pepper) != PEPPER_BYTES:
        msg = f"`{path}` is damaged: it must hold {PEPPER_BYTES} bytes"
        raise ValueError(msg)
    return pepper


def _put_pepper(path: Path) -> None:
    """Write a new pepper whole or not at all; of two processes starting at once, the first one's stays."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as sink:
        sink.write(os.urandom(PEPPER_BYTES))
        sink.flush()
        os.fsync(sink.fileno())
    try:
        os.link(made, path)
    except FileExistsError:
        pass
    finally:
        made.unlink()


async def check_pepper(backend: Backend, pepper: bytes) -> None:
    """See to it that every process that shares the keys digests them alike.

    Raises StoreError when another one does it with another pepper.
    """
    mark = hmac.new(pepper, b"reelgate key pepper", "sha256").hexdigest()
    noted = await backend.write(lambda conn: facts.claim(conn, PEPPER_MARK, mark))
    if not hmac.compare_digest(noted, mark):
        msg = (
            f"this process digests keys with another pepper than the others on this database: give it their"
            f" `{PEPPER_FILE}` file, or the same REELGATE_KEY_PEPPER"
        )
        raise StoreError(msg)


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a key may do beside its scopes, and until when."""

    models: tuple[str, ...] | None = None
    """The only models it may ask for; None leaves that open."""
    budget: Micro | None = None
    """The most it may spend in one window, in micro-units."""
    currency: str = "USD"
    window: BudgetWindow = BudgetWindow.TOTAL
    expires_at: int | None = None


class Minted(msgspec.Struct, frozen=True):
    """A key just stored, with the token that nobody can read again."""

    key: Key
    token: str

    @property
    def id(self) -> str:
        """The key's id, which may be shown."""
        return self.key.id

    def __repr__(self) -> str:
        return f"Minted({self.key.id!r})"


async def create_key(
    backend: Backend,
    ids: Ids,
    clock: Clock,
    pepper: bytes,
    *,
    name: str,
    scopes: frozenset[Scope] = EVERYDAY,
    token: str | None = None,
    user_id: str = DEFAULT_USER,
    project_id: str = DEFAULT_PROJECT,
    expires_at: int | None = None,
    grant: Grant | None = None,
) -> Minted:
    """Make a key, or take over `token` as one, and store its digest.

    Raises CallerError when `token` cannot be a key or is one already.
    """
    plain = mint(ids) if token is None else importable(token)
    blank = _key(
        ids, clock, plain, pepper, name=name, scopes=scopes, grant=grant or Grant(expires_at=expires_at)
    )
    key = msgspec.structs.replace(blank, user_id=user_id, project_id=project_id)
    await backend.write(lambda conn: _insert(conn, key))
    return Minted(key, plain)


async def create_first_key(backend: Backend, ids: Ids, clock: Clock, pepper: bytes) -> Minted | None:
    """Make the administrator's key of an installation that has none; of several processes at once, one is given it."""
    plain = mint(ids)
    scopes = frozenset({Scope.ADMIN})
    key = _key(ids, clock, plain, pepper, name="administrator", scopes=scopes, grant=Grant())

    def work(conn: Connection) -> bool:
        if facts.claim(conn, FIRST_KEY, key.id) != key.id or key_rows.count(conn):
            return False
        key_rows.insert(conn, key)
        return True

    return Minted(key, plain) if await backend.write(work) else None


def _key(
    ids: Ids, clock: Clock, plain: str, pepper: bytes, *, name: str, scopes: frozenset[Scope], grant: Grant
) -> Key:
    """Write a key of the first user's, in the first project."""
    return Key(
        id=ids.new("key"),
        user_id=DEFAULT_USER,
        project_id=DEFAULT_PROJECT,
        name=name,
        digest=digest(plain, pepper),
        hint=hint(plain),
        scopes=tuple(sorted(scope.value for scope in scopes)),
        created_at=clock.now_ms(),
        expires_at=grant.expires_at,
        revoked_at=None,
        last_used_at=None,
        models=grant.models,
        budget=grant.budget,
        budget_currency=None if grant.budget is None else grant.currency,
        budget_window=None if grant.budget is None else grant.window,
    )


def _insert(conn: Connection, key: Key) -> None:
    if key_rows.by_digest(conn, key.digest) is not None:
        raise refuse(Code.INVALID_REQUEST, "This key is stored already.", param="key")
    key_rows.insert(conn, key)


def may_give(role: Role, scopes: frozenset[Scope]) -> frozenset[Scope]:
    """Give the scopes somebody may put into a key of theirs.

    Raises CallerError naming one that their role does not have.
    """
    beyond = sorted(scopes - OF_ROLE[role])
    if beyond:
        raise refuse(
            Code.PERMISSION_OR_CHANNEL,
            f"A {role.value} cannot make a key with the scope `{beyond[0].value}`.",
            param="scopes",
        )
    return scopes


async def create_own_key(
    backend: Backend,
    ids: Ids,
    clock: Clock,
    pepper: bytes,
    owner: Principal,
    *,
    name: str,
    scopes: frozenset[Scope] = EVERYDAY,
    grant: Grant | None = None,
) -> Minted:
    """Make a key for the project somebody is in, with no more than they may do themselves.

    Raises CallerError naming what they may not give.
    """
    wanted = may_give(owner.role, scopes)
    if not wanted <= owner.scopes and not owner.admin:
        raise refuse(Code.PERMISSION_OR_CHANNEL, "A key cannot do more than its maker.", param="scopes")
    return await create_key(
        backend,
        ids,
        clock,
        pepper,
        name=name,
        scopes=wanted,
        user_id=owner.user_id,
        project_id=owner.project_id,
        grant=grant,
    )


async def check_owner(backend: Backend, user_id: str, project_id: str) -> None:
    """See to it that a key would open something: its owner is there and gets into the project.

    Raises CallerError naming `user` or `project`.
    """
    if await backend.point(lambda conn: user_rows.get(conn, user_id)) is None:
        raise refuse(Code.NOT_FOUND, f"There is no user `{user_id}`.", param="user")
    if await backend.point(lambda conn: project_rows.reached(conn, user_id, project_id)) is None:
        raise refuse(Code.NOT_FOUND, f"There is no project `{project_id}` of theirs.", param="project")


async def revoke_own(backend: Backend, clock: Clock, user_id: str, key_id: str) -> None:
    """Close a key of a user's at once and for good.

    Raises CallerError `not_found` for any other.
    """
    now = clock.now_ms()

    def work(conn: Connection) -> bool:
        found = key_rows.get(conn, key_id)
        return found is not None and found.user_id == user_id and key_rows.revoke(conn, key_id, now)

    if not await backend.write(work):
        raise refuse(Code.NOT_FOUND, f"There is no key `{key_id}` in use.")


def principal(conn: Connection, token_digest: str, now_ms: int) -> Principal | None:
    """Give the holder of a key by its digest.

    None for a key that is unknown, revoked or expired, whose owner is disabled, or who is not let
    into its project any more.
    """
    row = key_rows.holder(conn, token_digest)
    if row is None or not hmac.compare_digest(row.digest, token_digest):
        return None
    if row.revoked_at is not None or (row.expires_at is not None and now_ms >= row.expires_at):
        return None
    if row.disabled_at is not None:
        return None
    if row.team_role is None and (row.team_id is not None or row.owner_id != row.user_id):
        return None
    return Principal(
        user_id=row.user_id,
        project_id=row.project_id,
        key_id=row.id,
        scopes=held(row.role, row.team_role, row.scopes),
        role=_role(row.role),
        models=None if row.models is None else _models(row.models),
        budgeted=row.budget is not None,
    )


_role = lru_cache(maxsize=8)(Role)


@lru_cache(maxsize=256)
def _models(stored: str) -> frozenset[str]:
    return frozenset(msgspec.json.decode(stored, type=tuple[str, ...]))


Touch = Callable[[Connection, Mapping[str, int]], None]


def touch(conn: Connection, seen: Mapping[str, int]) -> None:
    """Write down when keys were used."""
    for key_id, used_at in seen.items():
        key_rows.touch(conn, key_id, used_at)


class LastUsed:
    """Notes when keys or sign-ins were used and writes it down now and then, not once per request."""

    def __init__(self, backend: Backend, *, every_ms: int = 60_000, write: Touch = touch) -> None:
        self._backend = backend
        self._write = write
        self._every_ms = every_ms
        self._seen: dict[str, int] = {}
        self._flushed_at: int | None = None

    def note(self, key_id: str, now_ms: int) -> bool:
        """Note a use; tell whether it is time to flush."""
        self._seen[key_id] = now_ms
        if self._flushed_at is None:
            self._flushed_at = now_ms
        return now_ms - self._flushed_at >= self._every_ms

    async def flush(self, now_ms: int) -> None:
        """Write down what was noted."""
        seen, self._seen = self._seen, {}
        self._flushed_at = now_ms
        if seen:
            await self._backend.write(lambda conn: self._write(conn, seen))
