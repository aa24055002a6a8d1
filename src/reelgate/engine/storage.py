"""Storage as a whole: compare files with rows, find what nobody needs, move everything to another place."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Container, Iterable
from dataclasses import dataclass, field

from reelgate.engine.context import Context
from reelgate.media.blobs import BlobStore
from reelgate.media.place import Found, Place
from reelgate.store import blobs as blob_rows

AT_ONCE = 4
"""Files that are moved at the same time."""


@dataclass(frozen=True, slots=True)
class Findings:
    """How files and rows agree."""

    files: int = 0
    bytes: int = 0
    missing: list[str] = field(default_factory=list[str])
    """Rows without a file."""
    wrong: list[str] = field(default_factory=list[str])
    """Files that do not have the bytes their row or their name says."""
    orphans: list[Found] = field(default_factory=list[Found])
    """Files that no row names and whose grace is over."""


async def compare(
    ctx: Context, *, older_than_s: float, deep: bool, tell: Callable[[float], None]
) -> Findings:
    """Compare every row with its file and every file with its row; `deep` also reads every file.

    Raises StorageError when the place does not answer.
    """
    # Files first: one that comes after that has its row soon, one that goes after that had none.
    files = {one.sha256: one async for one in ctx.blobs.listed()}
    rows = {row.sha256: row.bytes for row in await ctx.backend.read(blob_rows.all_blobs)}
    found = Findings(files=len(files), bytes=sum(one.bytes for one in files.values()))
    for number, (sha256, size) in enumerate(rows.items()):
        tell(100 * number / len(rows))
        there = files[sha256].bytes if sha256 in files else await ctx.blobs.size(sha256)
        if there is None:
            found.missing.append(sha256)
        elif there != size or (deep and not await _is_whole(ctx.blobs, sha256, size)):
            found.wrong.append(sha256)
    found.orphans.extend(_orphans(ctx, files.values(), rows.keys(), older_than_s))
    return found


async def orphans(ctx: Context, older_than_s: float) -> list[Found]:
    """List the files that no row names and that nobody put for that long."""
    files = [one async for one in ctx.blobs.listed()]
    rows = {row.sha256 for row in await ctx.backend.read(blob_rows.all_blobs)}
    return list(_orphans(ctx, files, rows, older_than_s))


def _orphans(ctx: Context, files: Iterable[Found], rows: Container[str], older_than_s: float) -> list[Found]:
    cutoff = ctx.clock.now_ms() / 1000 - older_than_s
    return [one for one in files if one.sha256 not in rows and one.written_at < cutoff]


async def _is_whole(blobs: BlobStore, sha256: str, size: int) -> bool:
    digest = hashlib.sha256()
    async for piece in blobs.read_range(sha256, 0, size):
        digest.update(piece)
    return digest.hexdigest() == sha256


@dataclass(slots=True)
class Moved:
    """What a move did."""

    files: int = 0
    """Files that lie in both places now, or in the new one alone."""
    bytes: int = 0
    copied: int = 0
    """Of these, files that were not there before."""
    removed: int = 0
    """Files taken away from the old place."""
    gone: int = 0
    """Files that were deleted while the move went on."""


async def move(
    source: Place,
    target: Place,
    spool: BlobStore,
    tell: Callable[[Moved, int], None],
    *,
    remove: bool = False,
) -> Moved:
    """Copy every file of one place to another and look at it there; with `remove` take it away from the first.

    A move that was killed is made whole by another: what lies in the target with its full length is not
    copied again. Raises StorageError when a place does not answer or a file is damaged.
    """
    there = {one.sha256: one.bytes async for one in target.listed()}
    wanted = [one async for one in source.listed()]
    work = _Move(BlobStore(spool.root, source), target, there, wanted, tell, remove)
    movers = [asyncio.create_task(work.run()) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*movers)
    finally:
        for mover in movers:
            mover.cancel()
        await asyncio.gather(*movers, return_exceptions=True)
    return work.moved


class _Move:
    def __init__(
        self,
        source: BlobStore,
        target: Place,
        there: dict[str, int],
        wanted: list[Found],
        tell: Callable[[Moved, int], None],
        remove: bool,
    ) -> None:
        self._source = source
        self._target = target
        self._there = there
        self._left = iter(wanted)
        self._total = len(wanted)
        self._tell = tell
        self._remove = remove
        self.moved = Moved()

    async def run(self) -> None:
        for one in self._left:
            try:
                await self._one(one)
            except FileNotFoundError:
                self.moved.gone += 1
            self._tell(self.moved, self._total)

    async def _one(self, one: Found) -> None:
        if self._there.get(one.sha256) != one.bytes:
            copy = await self._source.copy(one.sha256)
            try:
                await self._target.put_file(copy, "application/octet-stream")
            finally:
                await asyncio.to_thread(copy.unlink, missing_ok=True)
            self.moved.copied += 1
        if self._remove:
            await self._source.place.delete(one.sha256)
            self.moved.removed += 1
        self.moved.files += 1
        self.moved.bytes += one.bytes
