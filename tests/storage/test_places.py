"""What holds for files wherever they are kept: whole or absent, named by what they hold, read by range."""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
import tracemalloc
from pathlib import Path

import pytest

from reelgate.media.blobs import PIECE, BlobStore

DATA = b"bytes of a clip" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


def spooled(blobs: BlobStore, data: bytes = DATA) -> Path:
    path = blobs.spool()
    path.write_bytes(data)
    return path


async def read(blobs: BlobStore, sha256: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in blobs.read_range(sha256, start, end)])


async def listed(blobs: BlobStore) -> dict[str, int]:
    return {found.sha256: found.bytes async for found in blobs.listed()}


async def test_a_file_put_is_named_by_its_bytes_and_leaves_the_spool(blobs: BlobStore) -> None:
    """Shows 001-22."""

    path = spooled(blobs)

    blob = await blobs.put_file(path, "video/mp4")

    assert (blob.sha256, blob.bytes, blob.media_type) == (SHA, len(DATA), "video/mp4")
    assert not path.exists()
    assert await read(blobs, SHA, 0, len(DATA)) == DATA


async def test_the_same_bytes_from_many_writers_are_one_blob(blobs: BlobStore) -> None:
    found = await asyncio.gather(*(blobs.put_bytes(DATA, "video/mp4") for _ in range(8)))

    assert {blob.sha256 for blob in found} == {SHA}
    assert await listed(blobs) == {SHA: len(DATA)}
    assert list(blobs.spooled()) == []


async def test_an_empty_file_is_a_blob(blobs: BlobStore) -> None:
    blob = await blobs.put_bytes(b"", "application/octet-stream")

    assert await blobs.size(blob.sha256) == 0
    assert await read(blobs, blob.sha256, 0, 0) == b""


async def test_absence_is_told_apart_from_presence(blobs: BlobStore) -> None:
    assert await blobs.size(SHA) is None
    with pytest.raises(FileNotFoundError):
        await read(blobs, SHA, 0, 1)
    with pytest.raises(FileNotFoundError):
        async with blobs.local(SHA):
            pass

    await blobs.put_bytes(DATA, "video/mp4")

    assert await blobs.size(SHA) == len(DATA)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", SHA[:-1], SHA.upper(), SHA[:-1] + "/"])
async def test_what_is_no_hash_is_no_name(blobs: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        await blobs.size(name)
    with pytest.raises(ValueError, match="not a SHA-256"):
        await blobs.delete(name)
    with pytest.raises(ValueError, match="not a SHA-256"):
        await read(blobs, name, 0, 1)


async def test_deleting_twice_is_deleting_once(blobs: BlobStore) -> None:
    await blobs.put_bytes(DATA, "video/mp4")

    await blobs.delete(SHA)
    await blobs.delete(SHA)

    assert await blobs.size(SHA) is None
    assert await listed(blobs) == {}


async def test_the_list_has_every_blob_with_its_length_and_age(blobs: BlobStore) -> None:
    before = time.time()
    kept = {
        (await blobs.put_bytes(bytes([number]) * number, "video/mp4")).sha256: number for number in range(20)
    }

    found = [one async for one in blobs.listed()]

    assert {one.sha256: one.bytes for one in found} == kept
    # A store tells whole seconds by its own clock.
    assert all(one.written_at >= before - 2 for one in found)


@pytest.mark.parametrize(
    ("start", "end"),
    [(0, 1), (PIECE - 1, PIECE + 1), (7, 3 * PIECE + 7), (3 * PIECE + 6, 3 * PIECE + 7), (5, 5)],
)
async def test_any_range_gives_exactly_its_bytes(blobs: BlobStore, start: int, end: int) -> None:
    data = b"".join(number.to_bytes(4, "big") for number in range((3 * PIECE + 7) // 4 + 1))[: 3 * PIECE + 7]
    blob = await blobs.put_bytes(data, "video/mp4")

    assert await read(blobs, blob.sha256, start, end) == data[start:end]


async def test_a_large_clip_goes_in_and_out_with_flat_memory(blobs: BlobStore) -> None:
    path = blobs.spool()
    piece = os.urandom(1 << 20)
    digest = hashlib.sha256()
    with path.open("wb") as file:
        for number in range(40):
            digest.update(part := bytes([number]) + piece[1:])
            file.write(part)
    tracemalloc.start()
    try:
        blob = await blobs.put_file(path, "video/mp4")
        out = hashlib.sha256()
        async for part in blobs.read_range(blob.sha256, 0, blob.bytes):
            out.update(part)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()

    assert (blob.sha256, out.hexdigest(), blob.bytes) == (digest.hexdigest(), digest.hexdigest(), 40 << 20)


async def test_a_local_copy_has_the_bytes_and_is_gone_afterwards(blobs: BlobStore) -> None:
    await blobs.put_bytes(DATA, "video/mp4")

    async with blobs.local(SHA) as path:
        assert path.read_bytes() == DATA

    assert list(blobs.spooled()) == []
    assert await blobs.size(SHA) == len(DATA)


async def test_a_reader_that_leaves_holds_nothing_back(blobs: BlobStore) -> None:
    blob = await blobs.put_bytes(os.urandom(4 * PIECE), "video/mp4")
    reading = blobs.read_range(blob.sha256, 0, blob.bytes)
    await anext(reading)

    await reading.aclose()

    assert len(await read(blobs, blob.sha256, 0, blob.bytes)) == blob.bytes
