"""Backups: a folder with the rows as one SQLite file, the key file, the stored files, and a manifest with their hashes.

It is written beside its name and renamed when whole; nobody who writes waits for it. Whichever database
the rows came from, they are kept as SQLite, so a backup of one kind of installation restores into the other.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from reelgate.media.blobs import BlobStore
from reelgate.store import blobs as blob_rows
from reelgate.store import secrets as secret_rows
from reelgate.store import sqlite
from reelgate.store.backend import UNUSABLE
from reelgate.store.tables import HEAD

DATABASE: Final = "reelgate.db"
MANIFEST: Final = "manifest.json"
BLOBS: Final = "blobs"
STAGE: Final = ".restoring"
FORMAT: Final = 1
ROUNDS: Final = 3
_FOLDERS: Final = (BLOBS, "spool")
AUTOMATIC: Final = "auto-"
"""What the names of backups begin with that were made by themselves and go by themselves."""

Finding = Literal[
    "exists",
    "no_key",
    "key_wanted",
    "missing",
    "manifest",
    "format",
    "sum",
    "unsound",
    "gone",
    "not_clean",
    "other_key",
    "absent",
]


class BackupError(Exception):
    """Raised when a backup cannot be made or used; says what was found, of what."""

    def __init__(self, finding: Finding, name: str = "") -> None:
        super().__init__(f"{finding} {name}".strip())
        self.finding: Finding = finding
        self.name = name


class Kept(msgspec.Struct, frozen=True):
    """One stored file of a backup."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    format: int
    schema: str
    created_at: int
    """In seconds since 1970."""
    source: Literal["sqlite", "postgresql"]
    database: str
    """SHA-256 of the database file."""
    pepper: str | None
    """SHA-256 of the key file; None when a setting gives what would be in it."""
    files: Literal["copied", "elsewhere"]
    """Whether the stored files are in the backup, or only named in it because they lie in a bucket."""
    storage: str
    """Where the stored files lay."""
    blobs: tuple[Kept, ...]
    master_key: str | None = None
    """Names the key its secrets are sealed under, which is in no backup."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Installation:
    """What is backed up, or restored into."""

    data: Path
    database_url: str
    open_blobs: Callable[[], BlobStore]
    """Opens where its files are kept; that makes folders."""
    key_file: str
    """The file in the data folder without which no key of the rows is recognised."""
    given_key: bytes | None = None
    """What would be in that file, when a setting gives it instead; then it is in no backup either."""

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        return "sqlite" if self.database_url.startswith("sqlite") else "postgresql"


def stamp(seconds: float) -> str:
    """Name a backup by the time it is made, in UTC."""
    return time.strftime("%Y%m%d-%H%M%SZ", time.gmtime(seconds))


async def write(
    of: Installation, target: Path, now_s: float, *, with_files: bool = False, former: Path | None = None
) -> Manifest:
    """Back an installation up into `target`, which must not exist; it goes on working meanwhile.

    Files on a disk are in it; files in a bucket are fetched into it `with_files` only, else looked at
    and named. `former` is an earlier backup, to share files with where they cannot be shared with the origin.
    Raises BackupError.
    """
    part = _begin(of, target)
    try:
        blobs = of.open_blobs()
        copied = blobs.on_disk or with_files
        files = _Files(blobs, part / BLOBS, former) if copied else None
        rows = await _in_step(of, blobs, part, files)
        manifest = await asyncio.to_thread(_manifest_of, of, part, rows, now_s, files, blobs.place.address)
        await asyncio.to_thread(_give_name, part, target)
    finally:
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
    return manifest


def _begin(of: Installation, target: Path) -> Path:
    if target.exists():
        raise BackupError("exists", str(target))
    if of.given_key is None and not (of.data / of.key_file).is_file():
        raise BackupError("no_key", str(of.data / of.key_file))
    part = target.with_name(f".{target.name}.{os.getpid()}")
    part.mkdir(parents=True, mode=0o700)
    return part


class _Files:
    """The stored files of a backup that is being made."""

    def __init__(self, blobs: BlobStore, folder: Path, former: Path | None) -> None:
        folder.mkdir()
        self._blobs = blobs
        self._folder = folder
        self._former = former / BLOBS if former is not None else None

    async def gather(self, wanted: Sequence[str]) -> None:
        """Take files over that are not here yet; one that is gone by now is left out."""
        for sha256 in wanted:
            copy = self._folder / sha256
            if copy.exists():
                continue
            try:
                async with self._blobs.local(sha256) as path:
                    await asyncio.to_thread(self._take, path, copy, sha256)
            except FileNotFoundError:
                continue

    def _take(self, path: Path, copy: Path, sha256: str) -> None:
        # Stored files never change, so a second name for one is a copy.
        sources = [path] if self._former is None else [path, self._former / sha256]
        for source in sources:
            try:
                os.link(source, copy)
            except FileNotFoundError:
                if source is path:
                    raise
            except OSError:
                continue
            else:
                return
        shutil.copyfile(path, copy)
        _flush(copy)

    def sizes(self) -> dict[str, int]:
        """Give the files that are here."""
        return {path.name: path.stat().st_size for path in self._folder.iterdir()}

    def drop(self, names: set[str]) -> None:
        """Let go of files that no row of the backup needs."""
        for name in names:
            (self._folder / name).unlink()


async def _in_step(of: Installation, blobs: BlobStore, part: Path, files: _Files | None) -> list[Kept]:
    """Copy files, then the rows, then the files that came meanwhile: every row of the copy has its file.

    A file deleted in between makes the copy stale, so it is made again.
    """
    database = part / DATABASE
    for _ in range(ROUNDS):
        if files is not None and blobs.on_disk:
            await files.gather([found.sha256 async for found in blobs.listed()])
        await asyncio.to_thread(_copy_rows, of.database_url, database)
        rows = await asyncio.to_thread(_rows, database)
        if files is not None:
            await files.gather([row.sha256 for row in rows])
            have = await asyncio.to_thread(files.sizes)
        else:
            have = {found.sha256: found.bytes async for found in blobs.listed()}
        if all(have.get(row.sha256) == row.bytes for row in rows):
            if files is not None:
                await asyncio.to_thread(files.drop, have.keys() - {row.sha256 for row in rows})
            return rows
        database.unlink()
    raise BackupError("gone")


def _copy_rows(url: str, database: Path) -> None:
    if url.startswith("sqlite"):
        sqlite.backup(sqlite.path_of(url), database)
    else:
        _copy(url, f"sqlite:///{database}")
        sqlite.seal(database)


def _copy(source: str, target: str) -> None:
    # It brings PostgreSQL's driver and the migrations along, half a second that no start has to wait for.
    from reelgate.store import copying  # noqa: PLC0415

    copying.copy(source, target, _silent)


def _silent(table: str, done: int, total: int) -> None:
    del table, done, total


def _rows(database: Path) -> list[Kept]:
    raw = sqlite.connect(database, writes=False)
    try:
        with sqlite.engine_on(raw).connect() as conn:
            return [Kept(blob.sha256, blob.bytes) for blob in blob_rows.all_blobs(conn)]
    finally:
        raw.close()


def _manifest_of(
    of: Installation, part: Path, rows: list[Kept], now_s: float, files: _Files | None, storage: str
) -> Manifest:
    if of.given_key is None:
        shutil.copyfile(of.data / of.key_file, part / of.key_file)
        (part / of.key_file).chmod(0o600)
    manifest = Manifest(
        format=FORMAT,
        schema=HEAD,
        created_at=int(now_s),
        source=of.kind,
        database=_digest(part / DATABASE),
        pepper=_digest(part / of.key_file) if of.given_key is None else None,
        files="elsewhere" if files is None else "copied",
        storage=storage,
        blobs=tuple(rows),
        master_key=_master_key(part / DATABASE),
    )
    (part / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    return manifest


def _master_key(database: Path) -> str | None:
    raw = sqlite.connect(database, writes=False)
    try:
        with sqlite.engine_on(raw).connect() as conn:
            return secret_rows.noted_key(conn)
    finally:
        raw.close()


def _give_name(part: Path, target: Path) -> None:
    for path in (part / DATABASE, *(path for path in part.iterdir() if path.name != DATABASE), part):
        _flush(path)
    part.rename(target)
    _flush(target.parent)


def _flush(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


async def restore(source: Path, into: Installation) -> Manifest:
    """Put a backup into an installation that has nothing yet; refuse anything that is not sound.

    Raises BackupError before anything was changed, or CopyRefused when a database server holds something.
    """
    _must_be_clean(into)
    manifest = await asyncio.to_thread(check, source, into.key_file)
    _same_key(source, manifest, into)
    made = not into.data.exists()
    stage = into.data / STAGE
    stage.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        blobs = into.open_blobs()
        await _must_have(blobs, manifest)
        await _bring_files(source, manifest, blobs)
        await asyncio.to_thread(_put, source, manifest, into)
    except BaseException:
        _take_back(into, made=made)
        raise
    return manifest


def _must_be_clean(into: Installation) -> None:
    """Refuse a data folder that has something; what a killed restore left is none of that."""
    if into.kind == "postgresql" or not into.data.exists():
        return
    there = {entry.name for entry in into.data.iterdir()}
    if there and not (STAGE in there and there <= {STAGE, into.key_file, *_FOLDERS}):
        raise BackupError("not_clean", str(into.data))


def _take_back(into: Installation, *, made: bool) -> None:
    if into.kind == "sqlite":
        for name in (*_FOLDERS, into.key_file):
            shutil.rmtree(into.data / name, ignore_errors=True)
        (into.data / into.key_file).unlink(missing_ok=True)
    shutil.rmtree(into.data if made else into.data / STAGE, ignore_errors=True)


def check(source: Path, key_file: str) -> Manifest:
    """Read every byte of a backup and compare it with the manifest; look through its database.

    Raises BackupError naming the first thing found wrong.
    """
    manifest = read_manifest(source)
    for name, path, digest in _parts(source, manifest, key_file):
        if not path.is_file():
            raise BackupError("missing", name)
        if _digest(path) != digest:
            raise BackupError("sum", name)
    raw = sqlite.connect(source / DATABASE, writes=False)
    try:
        sqlite.verify(raw)
    except UNUSABLE as error:
        raise BackupError("unsound", str(error)) from error
    finally:
        raw.close()
    return manifest


def read_manifest(source: Path) -> Manifest:
    """Read what a backup says about itself. Raises BackupError."""
    path = source / MANIFEST
    if not path.is_file():
        raise BackupError("missing", str(path))
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BackupError("manifest") from error
    if manifest.format != FORMAT:
        raise BackupError("format", str(manifest.format))
    if any(len(blob.sha256) != 64 or not blob.sha256.isalnum() for blob in manifest.blobs):
        raise BackupError("manifest")
    return manifest


def _parts(folder: Path, manifest: Manifest, key_file: str) -> Iterator[tuple[str, Path, str]]:
    """Name every file that a backup should hold with its place and hash, the database first."""
    yield DATABASE, folder / DATABASE, manifest.database
    if manifest.pepper is not None:
        yield key_file, folder / key_file, manifest.pepper
    if manifest.files == "copied":
        for blob in manifest.blobs:
            yield blob.sha256, folder / BLOBS / blob.sha256, blob.sha256


def _same_key(source: Path, manifest: Manifest, into: Installation) -> None:
    """Refuse to put rows beside a key file they were not made with: every key in them would be dead."""
    path = into.data / into.key_file
    own = into.given_key or (path.read_bytes() if path.exists() else None)
    if manifest.pepper is None:
        if own is None:
            raise BackupError("key_wanted")
    elif own is not None and own != (source / into.key_file).read_bytes():
        raise BackupError("other_key", str(path))


async def _must_have(blobs: BlobStore, manifest: Manifest) -> None:
    if manifest.files == "copied":
        return
    have = {found.sha256: found.bytes async for found in blobs.listed()}
    absent = sum(1 for blob in manifest.blobs if have.get(blob.sha256) != blob.bytes)
    if absent:
        raise BackupError("absent", str(absent))


async def _bring_files(source: Path, manifest: Manifest, blobs: BlobStore) -> None:
    """Put the backup's files where the installation keeps its own; those that are there are put again, whole."""
    if manifest.files == "elsewhere":
        return
    for blob in manifest.blobs:
        copy = blobs.spool()
        await asyncio.to_thread(shutil.copyfile, source / BLOBS / blob.sha256, copy)
        stored = await blobs.put_file(copy, "application/octet-stream")
        if stored.sha256 != blob.sha256:
            await blobs.delete(stored.sha256)
            raise BackupError("sum", blob.sha256)


def _put(source: Path, manifest: Manifest, into: Installation) -> None:
    """Put the key file and then the rows in place: without its rows an installation has nothing yet."""
    stage = into.data / STAGE
    brings_key = manifest.pepper is not None and into.given_key is None
    for name, _, digest in _parts(stage, manifest, into.key_file):
        if name not in (DATABASE, into.key_file):
            continue
        shutil.copyfile(source / name, stage / name)
        if _digest(stage / name) != digest:
            raise BackupError("sum", name)
        _flush(stage / name)
    if brings_key:
        (stage / into.key_file).chmod(0o600)
        (stage / into.key_file).rename(into.data / into.key_file)
    if into.kind == "sqlite":
        (stage / DATABASE).rename(sqlite.path_of(into.database_url))
    else:
        _copy(f"sqlite:///{stage / DATABASE}", into.database_url)
    shutil.rmtree(stage)


@dataclass(frozen=True, slots=True)
class Listed:
    """One backup of a folder."""

    path: Path
    manifest: Manifest | None
    """None when it cannot be read."""

    @property
    def automatic(self) -> bool:
        """Whether it was made by itself, and will go by itself."""
        return self.path.name.startswith(AUTOMATIC)


def listed(folder: Path) -> list[Listed]:
    """List the backups in a folder, newest first."""
    found: list[Listed] = []
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name.startswith(".") or not path.is_dir():
            continue
        try:
            found.append(Listed(path, read_manifest(path)))
        except BackupError:
            found.append(Listed(path, None))
    return sorted(found, key=lambda one: one.manifest.created_at if one.manifest else 0, reverse=True)


async def make(of: Installation, folder: Path, now_s: float) -> Path | None:
    """Make a backup now, which stays until somebody removes it; None while another is being made in that folder."""
    with _alone_in(folder) as alone:
        if not alone:
            return None
        found = await asyncio.to_thread(listed, folder)
        former = next((one.path for one in found if one.manifest is not None), None)
        target = folder / stamp(now_s)
        await write(of, target, now_s, former=former)
        return target


async def keep_up(of: Installation, folder: Path, now_s: float, *, every_s: float, keep: int) -> Path | None:
    """Make the automatic backup that is due and let the oldest ones go; give the new one.

    Of several processes on one folder one does it; `keep` counts the new one.
    """
    with _alone_in(folder) as alone:
        if not alone:
            return None
        made = [one for one in await asyncio.to_thread(listed, folder) if one.automatic and one.manifest]
        if any(one.manifest and 0 <= now_s - one.manifest.created_at < every_s for one in made):
            return None
        target = folder / f"{AUTOMATIC}{stamp(now_s)}"
        await write(of, target, now_s, former=made[0].path if made else None)
        for old in made[keep - 1 :]:
            await asyncio.to_thread(shutil.rmtree, old.path, ignore_errors=True)
        await asyncio.to_thread(_drop_unfinished, folder)
        return target


@contextmanager
def _alone_in(folder: Path) -> Generator[bool]:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / ".lock").open("a") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
        else:
            yield True


def _drop_unfinished(folder: Path) -> None:
    """Remove what a killed process had begun to write; whoever holds the folder's lock is alone with it."""
    for path in folder.glob(f".{AUTOMATIC}*"):
        shutil.rmtree(path, ignore_errors=True)


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
