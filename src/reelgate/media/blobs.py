"""Files kept by what they hold: written once under their SHA-256, read by range, never changed in place.

A name is always a hash we computed ourselves. Rows say which task owns which bytes; this module knows only bytes.
On disk it writes and reads by itself, because `obstore` neither flushes to disk nor streams as fast (0.4 GB/s
against 5); listing and deleting go through it, as everything will for stores that are not a disk.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, get_args

import obstore
from obstore.store import LocalStore

from reelgate.core.clock import Clock
from reelgate.core.errors import Code, Failure, OperatorError
from reelgate.core.task import Blob

PIECE: Final = 256 * 1024
_TURN: Final = 4
"""Pieces handed out before other work on the loop gets its turn."""
_HEX: Final = frozenset("0123456789abcdef")
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Point = Literal["hash", "flush", "make_folders", "rename", "flush_folder", "answer"]
POINTS: Final[tuple[Point, ...]] = get_args(Point)
"""What a write is about to do at each place where a fault may strike; tests strike at every one of them."""


class StorageError(OperatorError):
    """Raised when the disk refuses to take or give bytes; nothing partial is left where blobs are."""

    def __init__(self, error: OSError) -> None:
        full = error.errno in _FULL
        message = "This server's disk is full." if full else "This server's disk does not work."
        super().__init__(Failure(code=Code.OVERLOADED, message=message, detail=f"{error}"))
        self.errno = error.errno


def _nothing_strikes(_: Point) -> None:
    return


class BlobStore:
    """Keeps files under `root/blobs` and gives temporary places under `root/spool`."""

    def __init__(self, root: Path, *, about_to: Callable[[Point], None] = _nothing_strikes) -> None:
        self._root = root / "blobs"
        self._spool = root / "spool"
        for folder in (self._root, self._spool):
            folder.mkdir(parents=True, exist_ok=True)
        self._objects = LocalStore(prefix=self._root)
        self._about_to = about_to

    def spool(self) -> Path:
        """Give a new path for a file that is still being received; the file itself is the caller's to make."""
        return self._spool / secrets.token_hex(16)

    async def put_file(self, path: Path, media_type: str) -> Blob:
        """Move a finished file in, durably; equal bytes give the same blob however often they are put.

        Raises StorageError with nothing partial visible and the file still where it was.
        """
        return await asyncio.to_thread(self._take_in, path, media_type)

    async def put_bytes(self, data: bytes, media_type: str) -> Blob:
        """Write bytes as a blob, durably. Raises StorageError with nothing left behind."""
        return await asyncio.to_thread(self._write, data, media_type)

    def local_path(self, sha256: str) -> Path:
        """Say where a blob's bytes are on disk, whether or not they are there."""
        return self._root / _key(sha256)

    def size(self, sha256: str) -> int | None:
        """Give a blob's length; None when it is not here."""
        try:
            return self.local_path(sha256).stat().st_size
        except FileNotFoundError:
            return None

    async def read_range(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Stream the bytes from `start` up to but not including `end` in pieces, with flat memory.

        Raises FileNotFoundError when the blob is not here, StorageError when it cannot be read that far.
        """
        fd = await asyncio.to_thread(os.open, self.local_path(sha256), os.O_RDONLY | os.O_CLOEXEC)
        try:
            buffer = bytearray(min(PIECE, max(end - start, 1)))
            pieces = 0
            while start < end:
                piece = await _read_piece(fd, buffer, start, min(end - start, PIECE))
                start += len(piece)
                yield piece
                pieces += 1
                if pieces % _TURN == 0:
                    await asyncio.sleep(0)
        finally:
            os.close(fd)

    async def delete(self, sha256: str) -> None:
        """Remove a blob; one that is not here is no error."""
        with suppress(FileNotFoundError):
            await obstore.delete_async(self._objects, _key(sha256))

    def names(self) -> Iterator[tuple[str, int]]:
        """List every blob with its length, in no order; anything else in the folder is left out."""
        for page in self._objects.list():  # pyright: ignore[reportUnknownMemberType]
            for found in page:
                name = found["path"].rpartition("/")[2]
                if _is_hash(name) and found["path"] == _key(name):
                    yield name, found["size"]

    def spooled(self) -> Iterator[tuple[str, float]]:
        """List the temporary files with the time, in seconds since 1970, somebody last wrote to each."""
        for path in self._spool.iterdir():
            with suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime

    def written_at(self, sha256: str) -> float | None:
        """Tell when a blob was last put, in seconds since 1970; None when it is not here."""
        try:
            return self.local_path(sha256).stat().st_mtime
        except FileNotFoundError:
            return None

    async def sweep_spool(self, older_than_s: float, clock: Clock) -> int:
        """Remove temporary files nobody has written to for that long and say how many."""
        return await asyncio.to_thread(self._sweep, clock.now_ms() / 1000 - older_than_s)

    def _sweep(self, before: float) -> int:
        removed = 0
        for path in self._spool.iterdir():
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
        return removed

    def _write(self, data: bytes, media_type: str) -> Blob:
        path = self.spool()
        try:
            path.write_bytes(data)
            return self._take_in(path, media_type)
        except OSError as error:
            raise StorageError(error) from error
        finally:
            path.unlink(missing_ok=True)

    def _take_in(self, path: Path, media_type: str) -> Blob:
        try:
            return self._move(path, media_type)
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno == errno.EXDEV:
                return self._copy_in(path, media_type)
            raise StorageError(error) from error

    def _copy_in(self, path: Path, media_type: str) -> Blob:
        """Take in a file of another file system, which cannot be renamed into this one."""
        near = self.spool()
        try:
            shutil.copyfile(path, near)
            blob = self._move(near, media_type)
        except OSError as error:
            raise StorageError(error) from error
        finally:
            near.unlink(missing_ok=True)
        path.unlink(missing_ok=True)
        return blob

    def _move(self, path: Path, media_type: str) -> Blob:
        with path.open("rb") as file:
            self._about_to("hash")
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            # However long it lay in the spool, the grace of a blob no row names yet begins now.
            os.utime(file.fileno())
            self._about_to("flush")
            os.fsync(file.fileno())
            state = os.fstat(file.fileno())
        target = self.local_path(sha256)
        self._about_to("make_folders")
        self._make_folders(target.parent)
        self._about_to("rename")
        # Also over an equal blob: a copy that has rotted since is healed, and readers keep the one they opened.
        path.replace(target)
        self._about_to("flush_folder")
        _flush_folder(target.parent)
        self._about_to("answer")
        created_at = state.st_mtime_ns // 1_000_000
        return Blob(sha256=sha256, bytes=state.st_size, media_type=media_type, created_at=created_at)

    def _make_folders(self, folder: Path) -> None:
        for part in (folder.parent, folder):
            with suppress(FileExistsError):
                part.mkdir()
            # Also when it was there: whoever made it may have died before this.
            _flush_folder(part.parent)


async def _read_piece(fd: int, buffer: bytearray, offset: int, length: int) -> bytes:
    """Read what the page cache holds at once, and let a thread wait for the disk otherwise."""
    piece = _from_cache(fd, buffer, offset, length)
    if piece is None:
        piece = await asyncio.to_thread(_from_disk, fd, offset, length)
    if not piece:
        raise StorageError(OSError(errno.EIO, "the blob is shorter than asked for"))
    return piece


def _from_cache(fd: int, buffer: bytearray, offset: int, length: int) -> bytes | None:
    flag = getattr(os, "RWF_NOWAIT", None)
    if flag is None:
        return None
    with memoryview(buffer)[:length] as view:
        try:
            read = os.preadv(fd, [view], offset, flag)
        except OSError:
            return None  # not cached, or a file system that cannot say; the thread finds out which
        return bytes(view[:read]) if read == length else None


def _from_disk(fd: int, offset: int, length: int) -> bytes:
    try:
        return os.pread(fd, length, offset)
    except OSError as error:
        raise StorageError(error) from error


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _key(sha256: str) -> str:
    if not _is_hash(sha256):
        msg = f"`{sha256!r}` is not a SHA-256"
        raise ValueError(msg)
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _is_hash(name: str) -> bool:
    return len(name) == 64 and _HEX.issuperset(name)
