"""Files kept by what they hold: written once under their SHA-256, read by range, never changed in place.

A name is always a hash we computed ourselves. Rows say which task owns which bytes; this module knows only bytes.
Where they lie is a `Place`: this machine's disk, or a bucket. While an installation moves from one place to
another, new files go to the new one and old ones are still found in the former.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote, urlsplit

from reelgate.core.clock import Clock
from reelgate.core.task import Blob
from reelgate.media.disk import POINTS, Disk, DiskError, Point
from reelgate.media.place import PIECE, Found, Place, Served, StorageError
from reelgate.media.spool import Spool

if TYPE_CHECKING:
    from reelgate.media.buckets import Credentials, Patience

__all__ = ["PIECE", "POINTS", "BlobStore", "Point", "StorageError", "open_place"]

DISK: Final = "disk"
"""The address of the folder `blobs` inside the data folder."""


def _nothing_strikes(_: Point) -> None:
    return


class BlobStore:
    """Keeps files in a place and gives temporary places under `root/spool`."""

    def __init__(
        self,
        root: Path,
        place: Place | None = None,
        *,
        former: Place | None = None,
        about_to: Callable[[Point], None] = _nothing_strikes,
    ) -> None:
        """Keep files in `place`, by default under `root/blobs`; look in `former` for what is not there."""
        self.root = root
        self._spool = Spool(root / "spool")
        self.place: Place = place or Disk(root / "blobs", self._spool, about_to=about_to)
        self._places = (self.place,) if former is None else (self.place, former)

    @property
    def on_disk(self) -> bool:
        """Whether files are kept on this machine's disk."""
        return isinstance(self.place, Disk)

    def spool(self) -> Path:
        """Give a new path for a file that is still being received; the file itself is the caller's to make."""
        return self._spool.new()

    def spooled(self) -> Iterator[tuple[str, float]]:
        """List the temporary files with the time, in seconds since 1970, somebody last wrote to each."""
        return self._spool.listed()

    async def sweep_spool(self, older_than_s: float, clock: Clock) -> int:
        """Remove temporary files nobody has written to for that long and say how many."""
        return await self._spool.sweep(older_than_s, clock)

    async def put_file(self, path: Path, media_type: str) -> Blob:
        """Move a finished file in, durably; equal bytes give the same blob however often they are put.

        Raises StorageError with nothing partial visible and the file still where it was.
        """
        return await self.place.put_file(path, media_type)

    async def put_bytes(self, data: bytes, media_type: str) -> Blob:
        """Write bytes as a blob, durably. Raises StorageError with nothing left behind."""
        path = self.spool()
        try:
            await asyncio.to_thread(path.write_bytes, data)
            return await self.put_file(path, media_type)
        except OSError as error:
            raise DiskError(error) from error
        finally:
            path.unlink(missing_ok=True)

    async def size(self, sha256: str) -> int | None:
        """Give a blob's length; None when it is nowhere. Raises StorageError when that cannot be told."""
        for place in self._places:
            size = await place.size(sha256)
            if size is not None:
                return size
        return None

    async def read_range(self, sha256: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """Stream the bytes from `start` up to but not including `end` in pieces, with flat memory.

        Raises FileNotFoundError when the blob is nowhere, StorageError when it cannot be read that far.
        """
        for place in self._places[:-1]:
            if await place.size(sha256) is not None:
                async for piece in place.read_range(sha256, start, end):
                    yield piece
                return
        async for piece in self._places[-1].read_range(sha256, start, end):
            yield piece

    @asynccontextmanager
    async def local(self, sha256: str) -> AsyncGenerator[Path]:
        """Give a file with the blob's bytes on this machine for as long as the block lasts; never write to it.

        Raises FileNotFoundError when the blob is nowhere, StorageError when it cannot be fetched whole.
        """
        for place in self._places:
            path = place.local_path(sha256)
            if path is not None and path.exists():
                yield path
                return
        copy = await self.copy(sha256)
        try:
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    async def copy(self, sha256: str) -> Path:
        """Give a new file with the blob's bytes, checked against their name; it is the caller's to remove.

        Raises FileNotFoundError when the blob is nowhere, StorageError when it cannot be had whole.
        """
        copy = self.spool()
        try:
            await self._fetch(sha256, copy)
        except BaseException:
            copy.unlink(missing_ok=True)
            raise
        return copy

    async def _fetch(self, sha256: str, into: Path) -> None:
        size = await self.size(sha256)
        if size is None:
            raise FileNotFoundError(sha256)
        digest = hashlib.sha256()
        try:
            with into.open("wb") as sink:
                async for piece in self.read_range(sha256, 0, size):
                    digest.update(piece)
                    await asyncio.to_thread(sink.write, piece)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise DiskError(error) from error
        if digest.hexdigest() != sha256:
            raise StorageError("A stored file is damaged.", f"the bytes of {sha256} do not match their name")

    async def link(self, sha256: str, *, media_type: str, disposition: str, expires_s: int) -> str | None:
        """Give a short-lived address of a blob; None where its place has none, or it has not been moved there yet."""
        return await self.place.link(sha256, Served(media_type, disposition, expires_s))

    async def delete(self, sha256: str) -> None:
        """Remove a blob; one that is not here is no error."""
        for place in self._places:
            await place.delete(sha256)

    async def listed(self) -> AsyncIterator[Found]:
        """List every blob, in no order; one that lies in two places is listed for each."""
        for place in self._places:
            async for found in place.listed():
                yield found


def open_place(
    address: str, root: Path, who: Credentials | None = None, patience: Patience | None = None
) -> Place:
    """Open the place at an address: `disk`, `file:///folder`, or a bucket; nothing is dialled yet.

    Raises AddressError saying what is wrong with the address.
    """
    if address == DISK:
        return Disk(root / "blobs", Spool(root / "spool"))
    if address.startswith("file:///"):
        return Disk(Path(unquote(urlsplit(address).path)), Spool(root / "spool"))
    # The library for buckets takes longer to load than most commands run.
    from reelgate.media.buckets import read_address  # noqa: PLC0415
    from reelgate.media.objects import Objects  # noqa: PLC0415

    return Objects(read_address(address), who, patience=patience)
