"""Files on this machine's disk: flushed before they have a name, renamed into place, read from the page cache.

It writes and reads by itself, because `obstore` neither flushes to disk nor streams as fast (0.4 GB/s against 5).
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal, get_args

from reelgate.core.task import Blob
from reelgate.media.place import PIECE, Found, Served, StorageError, key_of, named_by
from reelgate.media.spool import Spool

_TURN: Final = 4
"""Pieces handed out before other work on the loop gets its turn."""
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

Point = Literal["hash", "flush", "make_folders", "rename", "flush_folder", "answer"]
POINTS: Final[tuple[Point, ...]] = get_args(Point)
"""What a write is about to do at each place where a fault may strike; tests strike at every one of them."""


class DiskError(StorageError):
    """Raised when the disk refuses to take or give bytes."""

    def __init__(self, error: OSError) -> None:
        full = error.errno in _FULL
        message = "This server's disk is full." if full else "This server's disk does not work."
        super().__init__(message, f"{error}")
        self.errno = error.errno


def _nothing_strikes(_: Point) -> None:
    return


class Disk:
    """Keeps files in one folder."""

    def __init__(
        self, folder: Path, spool: Spool, *, about_to: Callable[[Point], None] = _nothing_strikes
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._root = folder
        self._spool = spool
        self._about_to = about_to

    @property
    def address(self) -> str:
        """The folder."""
        return str(self._root)

    async def put_file(self, path: Path, media_type: str) -> Blob:
        """Move a finished file in, durably; equal bytes give the same blob however often they are put.

        Raises StorageError with nothing partial visible and the file still where it was.
        """
        return await asyncio.to_thread(self._take_in, path, media_type)

    def local_path(self, sha256: str) -> Path:
        """Say where a blob's bytes are, whether or not they are there."""
        return self._root / key_of(sha256)

    async def link(self, sha256: str, served: Served) -> str | None:
        """Give None: a disk has no addresses."""
        del sha256, served

    async def size(self, sha256: str) -> int | None:
        """Give a blob's length; None when it is not here."""
        try:
            return self.local_path(sha256).stat().st_size
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DiskError(error) from error

    async def read_range(self, sha256: str, start: int, end: int) -> AsyncGenerator[bytes]:
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
        await asyncio.to_thread(self._unlink, self.local_path(sha256))

    def _unlink(self, path: Path) -> None:
        with suppress(FileNotFoundError):
            path.unlink()

    async def listed(self) -> AsyncIterator[Found]:
        """List every blob, in no order; anything else in the folder is left out."""
        for number in range(256):
            # A folder at a time: a large installation's list is neither held whole nor made in the event loop.
            for found in await asyncio.to_thread(self._under, f"{number:02x}"):
                yield found

    def _under(self, first: str) -> list[Found]:
        return list(self._walk(self._root / first))

    def _walk(self, folder: Path) -> Iterator[Found]:
        with suppress(FileNotFoundError, NotADirectoryError):
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    yield from self._walk(Path(entry.path))
                    continue
                sha256 = named_by(Path(entry.path).relative_to(self._root).as_posix())
                if sha256 is not None:
                    with suppress(FileNotFoundError):
                        state = entry.stat()
                        yield Found(sha256, state.st_size, state.st_mtime)

    def _take_in(self, path: Path, media_type: str) -> Blob:
        try:
            return self._move(path, media_type)
        except FileNotFoundError:
            raise
        except OSError as error:
            if error.errno == errno.EXDEV:
                return self._copy_in(path, media_type)
            raise DiskError(error) from error

    def _copy_in(self, path: Path, media_type: str) -> Blob:
        """Take in a file of another file system, which cannot be renamed into this one."""
        near = self._spool.new()
        try:
            shutil.copyfile(path, near)
            blob = self._move(near, media_type)
        except OSError as error:
            raise DiskError(error) from error
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
        raise DiskError(OSError(errno.EIO, "the blob is shorter than asked for"))
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
        raise DiskError(error) from error


def _flush_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
