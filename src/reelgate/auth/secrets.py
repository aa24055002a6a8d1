"""Secrets at rest: sealed with AES-256-GCM under a master key that lies outside the database.

The master key is a setting or a file of the data folder; several may be there while one takes the
place of another. Which of them new secrets are sealed under is a row, so that all processes on one
database agree on it.
"""

from __future__ import annotations

import hashlib
import os
import secrets as randomness
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from reelgate.core.envelope import NOTHING, CannotOpen, Envelope, Place, Sealed, read_envelope
from reelgate.store import secrets as rows
from reelgate.store.backend import Backend, Connection

KEY_BYTES: Final = 32
MASTER_FILE: Final = "master-key"
TOGETHER: Final = 200
"""Envelopes sealed anew in one transaction."""
_NONCE: Final = 12

Ring = tuple[bytes, ...]
"""Master keys, the one to use first."""


def key_id_of(key: bytes) -> str:
    """Name a master key by something that says nothing about it."""
    return hashlib.sha256(b"reelgate master key\0" + key).hexdigest()[:12]


@dataclass(frozen=True, slots=True)
class Source:
    """Where this process has its master keys from."""

    name: str
    """For people: a path or a variable."""
    read: Callable[[], Ring]
    """Gives the keys, none when there are none. Raises ValueError when they cannot be used."""
    file: Path | None = None
    """The file they are in, when that is ours to write."""


def source_of(data: Path, given: str | None, file: Path | None) -> Source:
    """Find out where the master keys are: a setting, a file somebody named, or the file of the data folder."""
    if given is not None:
        return Source(
            "REELGATE_MASTER_KEY", lambda: parse_ring(given.replace(",", "\n"), "REELGATE_MASTER_KEY")
        )
    path = file or data / MASTER_FILE
    return Source(str(path), lambda: _read(path), None if file is not None else path)


def parse_ring(text: str, name: str) -> Ring:
    """Read master keys, 64 hexadecimal digits a line.

    Raises ValueError naming where they came from, never what was there.
    """
    found: list[bytes] = []
    for line in text.split():
        try:
            key = bytes.fromhex(line)
        except ValueError:
            key = b""
        if len(key) != KEY_BYTES:
            msg = f"`{name}` is damaged: each line must be {2 * KEY_BYTES} hexadecimal digits"
            raise ValueError(msg) from None
        found.append(key)
    return tuple(dict.fromkeys(found))


def _read(path: Path) -> Ring:
    try:
        text = path.read_text(encoding="ascii")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        msg = f"`{path}` cannot be read: {reason}"
        raise ValueError(msg) from error
    ring = parse_ring(text, str(path))
    if not ring:
        msg = f"`{path}` is empty"
        raise ValueError(msg)
    return ring


def write_ring(path: Path, ring: Ring, *, new: bool = False) -> None:
    """Write master keys whole or not at all; with `new`, a file that is there already stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    made = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as sink:
        sink.write("".join(f"{key.hex()}\n" for key in ring))
        sink.flush()
        os.fsync(sink.fileno())
    if new:
        try:
            os.link(made, path)
        except FileExistsError:
            pass
        finally:
            made.unlink()
    else:
        made.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


class Secrets:
    """Seals and opens with the master keys this process has; looks for new ones when it meets one it has not."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.trouble: str | None = None
        """Why the keys could not be read, in words for the operator."""
        self._ring: dict[str, bytes] = {}
        self.look()

    def look(self) -> None:
        """Read the master keys anew."""
        self.trouble = None
        ring: Ring = ()
        try:
            ring = self.source.read()
        except ValueError as error:
            self.trouble = str(error)
        self._ring = {key_id_of(key): key for key in ring}

    @property
    def key_ids(self) -> tuple[str, ...]:
        """Name the master keys this process has, the one to use first."""
        return tuple(self._ring)

    def seal(self, connection: Connection, secret: str, place: Place) -> Sealed:
        """Seal a secret under the key this installation uses now.

        Raises CannotOpen when this process does not have that key.
        """
        key_id = rows.current_key(connection)
        if key_id is None:
            raise CannotOpen("no_key", detail=self.trouble or f"there is no master key: {self.source.name}")
        return self.seal_under(key_id, secret, place)

    def seal_under(self, key_id: str, secret: str, place: Place) -> Sealed:
        """Seal a secret under one of the master keys. Raises CannotOpen when this process does not have it."""
        if not secret:
            return NOTHING
        data_key = AESGCM.generate_key(bit_length=256)
        content = _encrypt(data_key, secret.encode(), place, b"content")
        wrapped = _encrypt(self._key(key_id), data_key, place, b"key")
        return Envelope(key_id=key_id, wrapped=wrapped, content=content).write()

    def open(self, sealed: Sealed, place: Place) -> str:
        """Give the secret in an envelope; the empty text for none.

        Raises CannotOpen when it is damaged, lies in another place, or wants a key this process has not.
        """
        if not sealed:
            return ""
        envelope = read_envelope(sealed)
        return _decrypt(self._data_key(envelope, place), envelope.content, place, b"content").decode()

    def rewrap(self, sealed: Sealed, place: Place, key_id: str) -> Sealed:
        """Wrap the data key of an envelope under another master key, after seeing that it opens.

        Raises CannotOpen when it does not.
        """
        envelope = read_envelope(sealed)
        data_key = self._data_key(envelope, place)
        _decrypt(data_key, envelope.content, place, b"content")
        wrapped = _encrypt(self._key(key_id), data_key, place, b"key")
        return Envelope(key_id=key_id, wrapped=wrapped, content=envelope.content).write()

    def _data_key(self, envelope: Envelope, place: Place) -> bytes:
        return _decrypt(self._key(envelope.key_id), envelope.wrapped, place, b"key")

    def _key(self, key_id: str) -> bytes:
        if key_id not in self._ring:
            self.look()
        key = self._ring.get(key_id)
        if key is None:
            reason: Literal["no_key", "other_key"] = "other_key" if self._ring else "no_key"
            detail = self.trouble or f"{self.source.name} does not hold the master key {key_id}"
            raise CannotOpen(reason, key_id, detail=detail)
        return key


def _bound(place: Place, part: bytes) -> bytes:
    return b"reelgate\0" + part + b"\0" + str(place).encode()


def _encrypt(key: bytes, plain: bytes, place: Place, part: bytes) -> bytes:
    nonce = randomness.token_bytes(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, plain, _bound(place, part))


def _decrypt(key: bytes, sealed: bytes, place: Place, part: bytes) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], _bound(place, part))
    except (InvalidTag, ValueError) as error:
        raise CannotOpen("damaged") from error


async def prepare(backend: Backend, secrets: Secrets, now: int) -> str | None:
    """See to it that there is a master key, made on the very first use, and say what is wrong with it.

    Gives None when all is well. Where rows are sealed already, a missing key is never replaced by a new one.
    """
    noted = await backend.point(rows.noted_key)
    if noted is None:
        if not secrets.key_ids and secrets.trouble is None and secrets.source.file is not None:
            write_ring(secrets.source.file, (randomness.token_bytes(KEY_BYTES),), new=True)
            secrets.look()
        if secrets.key_ids:
            first = secrets.key_ids[0]
            noted = await backend.write(lambda conn: rows.claim_key(conn, first, now))
    return missing(secrets, noted)


def missing(secrets: Secrets, noted: str | None) -> str | None:
    """Say why the master key in use cannot be had; None when it can."""
    if secrets.trouble is not None:
        return secrets.trouble
    if noted is None:
        return f"there is no master key: {secrets.source.name} does not exist"
    if noted not in secrets.key_ids:
        return (
            f"{secrets.source.name} does not hold the master key {noted} that the stored secrets are sealed"
            " under: put the right one there"
        )
    return None


class CannotRotate(Exception):
    """Raised when the master key cannot be changed now; says why."""


@dataclass(frozen=True, slots=True)
class Rotated:
    """What a rotation did."""

    key_id: str
    resealed: int
    unreadable: int
    """Envelopes that could not be opened and were left as they are."""
    dropped: int
    """Old keys taken out of the file."""


async def rotate(backend: Backend, secrets: Secrets, now: int, *, lost: bool = False) -> Rotated:
    """Seal everything under a new master key; a run that was cut short is finished by the next one.

    With `lost` the key in use is given up: what is sealed under it stays unreadable until it is given anew.
    Raises CannotRotate when there is nothing to change to, or the key in use is not here.
    """
    secrets.look()
    noted = await backend.point(rows.noted_key)
    if not lost and noted is not None and noted not in secrets.key_ids:
        raise CannotRotate(missing(secrets, noted) or "")
    key_id = _next_key(secrets, noted, lost=lost)
    await backend.write(lambda conn: rows.use_key(conn, key_id, now))
    resealed, unreadable = await _reseal(backend, secrets, key_id)
    wanted = frozenset(await backend.read(rows.count))
    return Rotated(key_id, resealed, unreadable, _drop_old(secrets, wanted | {key_id}))


def _next_key(secrets: Secrets, noted: str | None, *, lost: bool) -> str:
    """Name the key to change to: one that an earlier run has begun with, one somebody put in front, or a new one."""
    path = secrets.source.file
    first = secrets.key_ids[0] if secrets.key_ids else None
    if first is not None and (first != noted or len(secrets.key_ids) > 1):
        return first
    if path is None or secrets.trouble is not None:
        raise CannotRotate(
            secrets.trouble or f"put the new key in front of the old one in {secrets.source.name} first"
        )
    made = randomness.token_bytes(KEY_BYTES)
    old = () if lost and not secrets.key_ids else secrets.source.read()
    write_ring(path, (made, *old))
    secrets.look()
    return key_id_of(made)


async def _reseal(backend: Backend, secrets: Secrets, key_id: str) -> tuple[int, int]:
    resealed = 0
    unreadable: set[str] = set()

    def work(conn: Connection) -> tuple[int, list[str]]:
        done, closed = 0, list[str]()
        for lying in rows.sealed_otherwise(conn, key_id, TOGETHER + len(unreadable)):
            try:
                again = secrets.rewrap(lying.sealed, lying.place, key_id)
            except CannotOpen:
                closed.append(str(lying.place))
                continue
            done += rows.replace(conn, lying, again)
        return done, closed

    while True:
        done, closed = await backend.write(work)
        resealed += done
        if not done and unreadable.issuperset(closed):
            return resealed, len(unreadable)
        unreadable.update(closed)


def _drop_old(secrets: Secrets, wanted: frozenset[str]) -> int:
    """Take keys out of our file that nothing is sealed under any more; a file of somebody else's is left alone."""
    path = secrets.source.file
    ring = secrets.source.read()
    keep = tuple(key for key in ring if key_id_of(key) in wanted)
    if path is None or len(keep) == len(ring):
        return 0
    write_ring(path, keep)
    secrets.look()
    return len(ring) - len(keep)
