"""A backup is a folder: the database, the pepper of its keys, every stored file, and a manifest with their hashes.

It is written beside its name and renamed when whole; it is restored into an empty data folder,
after every byte of it has been checked, with the database put in place last.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from reelgate.auth.keys import PEPPER_FILE, pepper_of
from reelgate.cli.trouble import Trouble
from reelgate.cli.words import say
from reelgate.media.blobs import BlobStore
from reelgate.store import blobs as blob_rows
from reelgate.store import sqlite
from reelgate.store.backend import UNUSABLE
from reelgate.store.tables import HEAD

DATABASE: Final = "reelgate.db"
MANIFEST: Final = "manifest.json"
BLOBS: Final = "blobs"
STAGE: Final = ".restoring"
FORMAT: Final = 1
ROUNDS: Final = 3
CHUNK: Final = 1024 * 1024


class Kept(msgspec.Struct, frozen=True):
    """One stored file of a backup."""

    sha256: str
    bytes: int


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds."""

    format: int
    schema: str
    created_at: int
    database: str
    """SHA-256 of the database file."""
    pepper: str
    """SHA-256 of the pepper file."""
    blobs: tuple[Kept, ...]


def stamp() -> str:
    """Name a backup by the time it is made."""
    return time.strftime("%Y%m%d-%H%M%S")


def write(data: Path, target: Path) -> Manifest:
    """Back a data folder up into `target`, which must not exist; a server may run meanwhile."""
    if target.exists():
        raise Trouble(say("db.exists", path=target), next_step=say("db.exists.next"))
    pepper_of(data)
    part = target.with_name(f".{target.name}.{os.getpid()}")
    part.mkdir(parents=True, mode=0o700)
    try:
        blobs = _copy_in_step(data, part)
        shutil.copyfile(data / PEPPER_FILE, part / PEPPER_FILE)
        manifest = Manifest(
            format=FORMAT,
            schema=HEAD,
            created_at=int(time.time()),
            database=_digest(part / DATABASE),
            pepper=_digest(part / PEPPER_FILE),
            blobs=tuple(blobs),
        )
        (part / MANIFEST).write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
        os.sync()
        part.rename(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return manifest


def _copy_in_step(data: Path, part: Path) -> list[Kept]:
    """Copy files, then the database, then the files that came meanwhile: every row of the copy has its file.

    A file deleted in between makes the copy stale, so it is made again.
    """
    files, copies = BlobStore(data), part / BLOBS
    copies.mkdir()
    for _ in range(ROUNDS):
        _link_all(files, copies)
        sqlite.backup(data / DATABASE, part / DATABASE)
        _link_all(files, copies)
        rows = _rows(part / DATABASE)
        have = {path.name: path.stat().st_size for path in copies.iterdir()}
        if all(have.get(row.sha256) == row.bytes for row in rows):
            for extra in have.keys() - {row.sha256 for row in rows}:
                (copies / extra).unlink()
            return rows
        (part / DATABASE).unlink()
    raise _damaged(say("db.damaged.gone"))


def _link_all(files: BlobStore, copies: Path) -> None:
    """Take over every stored file; they never change, so a second name for one is a copy."""
    for sha256, _ in files.names():
        source, copy = files.local_path(sha256), copies / sha256
        if copy.exists():
            continue
        try:
            os.link(source, copy)
        except FileNotFoundError:
            continue
        except OSError:
            shutil.copyfile(source, copy)


def _rows(database: Path) -> list[Kept]:
    raw = sqlite.connect(database, writes=False)
    try:
        with sqlite.engine_on(raw).connect() as conn:
            return [Kept(blob.sha256, blob.bytes) for blob in blob_rows.all_blobs(conn)]
    finally:
        raw.close()


def restore(source: Path, data: Path) -> None:
    """Put a backup into a data folder that does not exist or is empty; refuse anything that is not sound."""
    if data.exists() and any(entry.name != STAGE for entry in data.iterdir()):
        raise Trouble(say("db.not_clean", data=data), next_step=say("db.not_clean.next"))
    manifest = _read_manifest(source)
    for name, copy_at, digest in _files(source, manifest, _flat(source)):
        if not copy_at.is_file():
            raise _damaged(say("db.damaged.missing", name=name))
        if _digest(copy_at) != digest:
            raise _damaged(say("db.damaged.sum", name=name))
    _must_be_sound(source / DATABASE)
    made = not data.exists()
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        _put(source, data, manifest)
    except BaseException:
        shutil.rmtree(data / STAGE, ignore_errors=True)
        if made:
            data.rmdir()
        raise


def _put(source: Path, data: Path, manifest: Manifest) -> None:
    stage = data / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir(mode=0o700)
    copies = _files(source, manifest, _flat(source))
    places = _files(stage, manifest, BlobStore(stage).local_path)
    for (_, copy_at, _), (name, place, digest) in zip(copies, places, strict=True):
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(copy_at, place)
        if _digest(place) != digest:
            raise _damaged(say("db.damaged.sum", name=name))
    (stage / PEPPER_FILE).chmod(0o600)
    os.sync()
    for entry in sorted(stage.iterdir(), key=lambda entry: entry.name == DATABASE):
        entry.rename(data / entry.name)
    stage.rmdir()


def _files(folder: Path, manifest: Manifest, place: Callable[[str], Path]) -> Iterator[tuple[str, Path, str]]:
    """Name every file that `folder` should hold with its place and hash, the database first."""
    yield DATABASE, folder / DATABASE, manifest.database
    yield PEPPER_FILE, folder / PEPPER_FILE, manifest.pepper
    for blob in manifest.blobs:
        yield blob.sha256, place(blob.sha256), blob.sha256


def _flat(source: Path) -> Callable[[str], Path]:
    """Say where a backup keeps its files: side by side, under their hashes."""
    return lambda sha256: source / BLOBS / sha256


def _read_manifest(source: Path) -> Manifest:
    path = source / MANIFEST
    if not path.is_file():
        raise _damaged(say("db.damaged.missing", name=path))
    try:
        manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _damaged(say("db.damaged.manifest")) from error
    if manifest.format != FORMAT:
        raise _damaged(say("db.damaged.format", format=manifest.format, known=FORMAT))
    if any(len(blob.sha256) != 64 or not blob.sha256.isalnum() for blob in manifest.blobs):
        raise _damaged(say("db.damaged.manifest"))
    return manifest


def _must_be_sound(database: Path) -> None:
    raw = sqlite.connect(database, writes=False)
    try:
        sqlite.verify(raw)
    except UNUSABLE as error:
        raise _damaged(str(error)) from error
    finally:
        raw.close()


def _damaged(finding: str) -> Trouble:
    return Trouble(say("db.damaged", finding=finding), next_step=say("db.damaged.next"))


def _digest(path: Path) -> str:
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()
