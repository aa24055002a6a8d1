"""API keys: how ours are made, how any is recognised, and who its holder is.

A key of ours is `rg_<id>_<secret>_<checksum>`: 256 random bits behind a short id that may be shown,
and a checksum that lets a typing error or a leak be recognised offline. Only a keyed digest is stored,
so that a copied database does not give away imported keys that people chose themselves.
"""

from __future__ import annotations

import hmac
import os
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec

from reelgate.auth.scopes import EVERYDAY, Scope, parse_scopes
from reelgate.core.clock import Clock
from reelgate.core.errors import Code, refuse
from reelgate.core.ids import Ids, encode
from reelgate.store import facts
from reelgate.store import keys as key_rows
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
PEPPER_MARK: Final = "key_pepper_mark"
"""The fact by which processes tell whether they have the same pepper; says nothing about it."""


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking, and what they may do."""

    user_id: str
    project_id: str
    key_id: str
    scopes: frozenset[Scope]

    @property
    def admin(self) -> bool:
        """Whether the asker may do everything."""
        return Scope.ADMIN in self.scopes

    def may(self, scope: Scope) -> bool:
        """Tell whether the asker holds a scope."""
        return scope in self.scopes or self.admin


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
) -> Minted:
    """Make a key, or take over `token` as one, and store its digest.

    Raises CallerError when `token` cannot be a key or is one already.
    """
    plain = mint(ids) if token is None else importable(token)
    key = Key(
        id=ids.new("key"),
        user_id=user_id,
        project_id=project_id,
        name=name,
        digest=digest(plain, pepper),
        hint=hint(plain),
        scopes=tuple(sorted(scope.value for scope in scopes)),
        created_at=clock.now_ms(),
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
    )
    await backend.write(lambda conn: _insert(conn, key))
    return Minted(key, plain)


def _insert(conn: Connection, key: Key) -> None:
    if key_rows.by_digest(conn, key.digest) is not None:
        raise refuse(Code.INVALID_REQUEST, "This key is stored already.", param="key")
    key_rows.insert(conn, key)


def principal(conn: Connection, token_digest: str, now_ms: int) -> Principal | None:
    """Give the holder of a key by its digest; None for an unknown, revoked or expired one."""
    row = key_rows.holder(conn, token_digest)
    if row is None or not hmac.compare_digest(row.digest, token_digest):
        return None
    if row.revoked_at is not None or (row.expires_at is not None and now_ms >= row.expires_at):
        return None
    return Principal(
        user_id=row.user_id,
        project_id=row.project_id,
        key_id=row.id,
        scopes=_scopes(row.scopes),
    )


@lru_cache(maxsize=256)
def _scopes(stored: str) -> frozenset[Scope]:
    return parse_scopes(msgspec.json.decode(stored, type=tuple[str, ...]))


class LastUsed:
    """Notes when keys were used and writes it down now and then, not once per request."""

    def __init__(self, backend: Backend, *, every_ms: int = 60_000) -> None:
        self._backend = backend
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
            await self._backend.write(lambda conn: _touch(conn, seen))


def _touch(conn: Connection, seen: Mapping[str, int]) -> None:
    for key_id, used_at in seen.items():
        key_rows.touch(conn, key_id, used_at)
