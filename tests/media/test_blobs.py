"""Blobs on a disk: flushed before they are named, whole or absent whatever strikes.

What holds wherever files are kept is in `tests/storage/test_places.py`.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import resource
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.errors import Code
from reelgate.media.blobs import PIECE, POINTS, BlobStore, Point, StorageError

DATA = b"bytes of a clip" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


class FixedClock:
    """Time that stands still."""

    def __init__(self, now_s: float) -> None:
        self._now_s = now_s

    def now_ms(self) -> int:
        return int(self._now_s * 1000)

    def monotonic(self) -> float:
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)


def at(blobs: BlobStore, sha256: str = SHA) -> Path:
    path = blobs.place.local_path(sha256)
    assert path is not None
    return path


async def names(blobs: BlobStore) -> dict[str, int]:
    return {found.sha256: found.bytes async for found in blobs.listed()}


async def written_at(blobs: BlobStore) -> list[float]:
    return [found.written_at async for found in blobs.listed()]


def spooled(blobs: BlobStore, data: bytes = DATA) -> Path:
    path = blobs.spool()
    path.write_bytes(data)
    return path


async def read(blobs: BlobStore, sha256: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in blobs.read_range(sha256, start, end)])


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


async def test_a_blob_is_named_by_its_bytes_alone(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    path = spooled(blobs)
    blob = await blobs.put_file(path, "video/mp4")
    assert (blob.sha256, blob.bytes, blob.media_type) == (SHA, len(DATA), "video/mp4")
    assert at(blobs) == tmp_path / "blobs" / SHA[:2] / SHA[2:4] / SHA
    assert at(blobs).read_bytes() == DATA
    assert not path.exists()


async def test_putting_the_bytes_again_heals_a_rotten_copy(tmp_path: Path) -> None:
    """Shows 000-49."""

    blobs = BlobStore(tmp_path)
    await blobs.put_bytes(DATA, "video/mp4")
    at(blobs).write_bytes(b"rotten")
    await blobs.put_bytes(DATA, "video/mp4")
    assert at(blobs).read_bytes() == DATA


async def test_names_lists_blobs_and_nothing_else(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    kept = {
        (await blobs.put_bytes(bytes([number]) * number, "video/mp4")).sha256: number for number in range(60)
    }
    (tmp_path / "blobs" / "README").write_text("not a blob")
    (tmp_path / "blobs" / SHA).write_text("not where it belongs")
    spooled(blobs)
    assert await names(blobs) == kept


@given(start=st.integers(0, 3 * PIECE + 7), length=st.integers(0, 3 * PIECE + 7))
async def test_any_range_gives_exactly_its_bytes(
    tmp_path_factory: pytest.TempPathFactory, start: int, length: int
) -> None:
    folder = tmp_path_factory.getbasetemp() / "ranges"
    blobs = BlobStore(folder)
    data = b"".join(number.to_bytes(4, "big") for number in range((3 * PIECE + 7) // 4 + 1))[: 3 * PIECE + 7]
    sha256 = hashlib.sha256(data).hexdigest()
    if await blobs.size(sha256) is None:
        await blobs.put_bytes(data, "video/mp4")
    end = min(start + length, len(data))
    assert await read(blobs, sha256, start, end) == data[start:end]


async def test_pieces_are_large_and_memory_is_flat(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    path = blobs.spool()
    with path.open("wb") as file:
        file.truncate(64 << 20)
    blob = await blobs.put_file(path, "video/mp4")
    tracemalloc.start()
    try:
        sizes = [len(piece) async for piece in blobs.read_range(blob.sha256, 0, blob.bytes)]
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()
    assert sum(sizes) == blob.bytes
    assert set(sizes) == {PIECE}


async def test_bytes_that_are_not_in_memory_are_read_from_the_disk(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    data = os.urandom(3 * PIECE)
    blob = await blobs.put_bytes(data, "video/mp4")
    fd = os.open(at(blobs, blob.sha256), os.O_RDONLY)
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(fd)
    assert await read(blobs, blob.sha256, 0, blob.bytes) == data


async def test_reading_a_blob_that_is_gone_or_shorter_than_its_row_says_so(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    with pytest.raises(FileNotFoundError):
        await read(blobs, SHA, 0, 1)
    await blobs.put_bytes(DATA, "video/mp4")
    with pytest.raises(StorageError):
        await read(blobs, SHA, 0, len(DATA) + 1)


async def test_a_reader_goes_on_while_its_blob_is_deleted(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    data = os.urandom(2 * PIECE)
    blob = await blobs.put_bytes(data, "video/mp4")
    reading = blobs.read_range(blob.sha256, 0, blob.bytes)
    first = await anext(reading)
    await blobs.delete(blob.sha256)
    assert first + b"".join([piece async for piece in reading]) == data


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
async def test_a_disk_that_fails_at_any_point_is_told_and_nothing_partial_is_seen(
    tmp_path: Path, point: Point, number: int
) -> None:
    def strike(at: Point) -> None:
        if at == point:
            raise OSError(number, os.strerror(number))

    blobs = BlobStore(tmp_path, about_to=strike)
    with pytest.raises(StorageError) as caught:
        await blobs.put_bytes(DATA, "video/mp4")
    assert caught.value.failure.code is Code.OVERLOADED
    assert ("full" in caught.value.failure.message) == (number == errno.ENOSPC)
    assert await blobs.size(SHA) in (None, len(DATA))
    assert [path for path in files(tmp_path) if path != at(blobs)] == []
    assert (await BlobStore(tmp_path).put_bytes(DATA, "video/mp4")).sha256 == SHA


async def test_a_write_the_kernel_cuts_off_leaves_nothing(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, hard))
    try:
        with pytest.raises(StorageError):
            await blobs.put_bytes(bytes(3 << 20), "video/mp4")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert files(tmp_path) == []


@pytest.mark.parametrize("point", POINTS)
async def test_a_process_killed_at_any_point_leaves_a_whole_blob_or_none(
    tmp_path: Path, point: Point
) -> None:
    blobs = BlobStore(tmp_path)
    path = spooled(blobs)
    killer = [sys.executable, "-m", "tests.media.blob_killer", str(tmp_path), point, str(path)]
    paths = os.pathsep.join(p for p in sys.path if p)
    done = await asyncio.to_thread(subprocess.run, killer, env={"PYTHONPATH": paths}, check=False)
    assert done.returncode == -9
    left = await names(blobs)
    assert left in ({}, {SHA: len(DATA)})
    # Either the bytes are kept, or the file that was received is still there to be put again.
    kept = at(blobs) if left else path
    assert kept.read_bytes() == DATA
    assert (await blobs.put_bytes(DATA, "video/mp4")).sha256 == SHA


async def test_only_files_nobody_writes_to_are_swept_from_the_spool(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    old, young = spooled(blobs), spooled(blobs)
    os.utime(old, (1_000, 1_000))
    os.utime(young, (1_990, 1_990))
    blob = await blobs.put_bytes(b"kept", "video/mp4")
    assert await blobs.sweep_spool(100, FixedClock(2_000)) == 1
    assert (old.exists(), young.exists()) == (False, True)
    assert await blobs.size(blob.sha256) == 4


async def test_a_blob_is_as_young_as_its_last_put(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    assert await written_at(blobs) == []
    await blobs.put_bytes(DATA, "video/mp4")
    os.utime(at(blobs), (1_000, 1_000))
    assert await written_at(blobs) == [1_000]
    path = spooled(blobs)
    os.utime(path, (2_000, 2_000))
    blob = await blobs.put_file(path, "video/mp4")
    (written,) = await written_at(blobs)
    assert written > 1_000_000_000
    assert blob.created_at == int(written * 1000)


def test_the_spool_tells_what_lies_in_it_and_since_when(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    path = spooled(blobs)
    os.utime(path, (1_000, 1_000))
    assert list(blobs.spooled()) == [(path.name, 1_000)]


def test_places_in_the_spool_never_repeat(tmp_path: Path) -> None:
    blobs = BlobStore(tmp_path)
    assert len({blobs.spool() for _ in range(1000)}) == 1000
