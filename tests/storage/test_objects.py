"""Files in a bucket when the store is slow, away, wrong or hostile; nothing is believed that it did not show."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from reelgate.core.errors import Code
from reelgate.media.blobs import PIECE, BlobStore, StorageError, open_place
from reelgate.media.buckets import AddressError, Credentials, read_address
from reelgate.media.objects import Objects
from reelgate.media.place import Served
from reelgate.testing.s3 import SECRET_KEY, S3Server
from tests.storage.conftest import HURRIED, WHO
from tests.storage.proxy import Proxy, proxy_to

DATA = b"bytes of a clip" * 1000
SHA = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def proxy(s3: S3Server) -> Iterator[Proxy]:
    with proxy_to(s3.endpoint) as running:
        yield running


@pytest.fixture
def through(s3: S3Server, proxy: Proxy, tmp_path: Path) -> BlobStore:
    """A bucket behind the proxy."""
    address = f"s3://{s3.bucket()}?endpoint={proxy.endpoint}"
    return BlobStore(tmp_path, open_place(address, tmp_path, WHO))


async def read(blobs: BlobStore, sha256: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in blobs.read_range(sha256, start, end)])


def fetched(link: str, headers: dict[str, str] | None = None) -> tuple[int, dict[str, str], bytes]:
    """Fetch an address as anybody would, with nothing but what is in it."""
    parts = urlsplit(link)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.request("GET", f"{parts.path}?{parts.query}", headers=headers or {})
        answer = connection.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
    finally:
        connection.close()


async def test_a_read_cut_in_the_middle_goes_on_where_it_stopped(through: BlobStore, proxy: Proxy) -> None:
    data = os.urandom(4 * PIECE)
    blob = await through.put_bytes(data, "video/mp4")
    proxy.cut_after = [PIECE + 11, 2 * PIECE, 70_000]

    assert await read(through, blob.sha256, 5, blob.bytes) == data[5:]
    assert proxy.cut_after == []


async def test_a_store_that_only_ever_cuts_ends_as_a_fault_not_as_a_short_file(
    through: BlobStore, proxy: Proxy
) -> None:
    blob = await through.put_bytes(os.urandom(2 * PIECE), "video/mp4")
    proxy.cut_after = [0] * 1000

    with pytest.raises(StorageError):
        await read(through, blob.sha256, 0, blob.bytes)


async def test_an_object_shorter_than_its_row_says_so(through: BlobStore) -> None:
    await through.put_bytes(DATA, "video/mp4")

    with pytest.raises(StorageError):
        await read(through, SHA, 0, len(DATA) + 1)


async def test_a_busy_store_is_asked_again(through: BlobStore, proxy: Proxy) -> None:
    await through.put_bytes(DATA, "video/mp4")
    busy = [b"HTTP/1.1 503 Slow Down\r\ncontent-length: 0\r\n\r\n"] * 2
    proxy.answer = lambda _: busy.pop() if busy else None

    assert await read(through, SHA, 0, len(DATA)) == DATA
    assert busy == []


async def test_an_upload_the_store_lost_is_not_taken_for_done(through: BlobStore, proxy: Proxy) -> None:
    proxy.answer = lambda seen: (
        b'HTTP/1.1 200 OK\r\netag: "x"\r\ncontent-length: 0\r\n\r\n' if seen.method == "PUT" else None
    )
    path = through.spool()
    path.write_bytes(DATA)

    with pytest.raises(StorageError):
        await through.put_file(path, "video/mp4")

    assert path.read_bytes() == DATA


async def test_damaged_bytes_never_become_a_local_copy(through: BlobStore, proxy: Proxy) -> None:
    await through.put_bytes(DATA, "video/mp4")
    wrong = b"x" * len(DATA)
    head = f'HTTP/1.1 206 Partial Content\r\ncontent-length: {len(wrong)}\r\ncontent-range: bytes 0-{len(wrong) - 1}/{len(wrong)}\r\nlast-modified: Thu, 01 Jan 2026 00:00:00 GMT\r\netag: "x"\r\n\r\n'
    proxy.answer = lambda seen: head.encode() + wrong if seen.method == "GET" else None

    with pytest.raises(StorageError):
        async with through.local(SHA):
            pass

    assert list(through.spooled()) == []


async def test_a_store_that_does_not_answer_is_a_fault_that_passes(
    through: BlobStore, proxy: Proxy, tmp_path: Path
) -> None:
    blobs = BlobStore(tmp_path, open_place(through.place.address, tmp_path, WHO, HURRIED))
    path = blobs.spool()
    path.write_bytes(DATA)
    proxy.silent = True
    for work in (blobs.size(SHA), read(blobs, SHA, 0, 1), blobs.put_file(path, "video/mp4")):
        with pytest.raises(StorageError) as caught:
            await work
        assert caught.value.failure.code is Code.OVERLOADED
        assert caught.value.failure.retry_after_s
    with pytest.raises(StorageError):
        [found async for found in blobs.listed()]
    proxy.silent = False

    assert path.read_bytes() == DATA
    assert (await through.put_file(path, "video/mp4")).sha256 == SHA


async def test_nobody_there_is_the_same_fault(tmp_path: Path) -> None:
    blobs = BlobStore(
        tmp_path, open_place("s3://nowhere?endpoint=http://127.0.0.1:1", tmp_path, WHO, HURRIED)
    )

    with pytest.raises(StorageError):
        await blobs.size(SHA)


async def test_a_refusal_says_whose_and_no_secret(s3: S3Server, bucket: str, tmp_path: Path) -> None:
    await BlobStore(tmp_path, open_place(bucket, tmp_path, WHO)).put_bytes(DATA, "video/mp4")
    stranger = Credentials(key="somebody", secret="else-secret-else")
    blobs = BlobStore(tmp_path, open_place(bucket, tmp_path, stranger))

    with pytest.raises(StorageError) as caught:
        await read(blobs, SHA, 0, 1)

    told = f"{caught.value.failure} {caught.value!r} {stranger!r} {blobs.place.address}"
    assert "refuses" in caught.value.failure.message
    assert "else-secret-else" not in told
    assert "Signature" not in (caught.value.failure.detail or "")


async def test_a_link_serves_the_asked_type_and_name_to_anybody_for_a_while(
    bucket: str, tmp_path: Path
) -> None:
    place = open_place(bucket, tmp_path, WHO)
    await BlobStore(tmp_path, place).put_bytes(DATA, "application/octet-stream")

    link = await place.link(SHA, Served("video/mp4", 'attachment; filename="a.mp4"', 60))

    assert link is not None
    assert SECRET_KEY not in link
    status, headers, body = await asyncio.to_thread(fetched, link)
    assert (status, body) == (200, DATA)
    assert headers["content-type"] == "video/mp4"
    assert headers["content-disposition"] == 'attachment; filename="a.mp4"'
    status, _, body = await asyncio.to_thread(fetched, link, {"Range": "bytes=5-9"})
    assert (status, body) == (206, DATA[5:10])


async def test_a_link_ends_and_cannot_be_bent(bucket: str, tmp_path: Path) -> None:
    past = datetime.now(UTC) - timedelta(hours=2)
    place = Objects(read_address(bucket), WHO, clock=lambda: past)
    await BlobStore(tmp_path, place).put_bytes(DATA, "video/mp4")
    ended = await place.link(SHA, Served("video/mp4", "inline", 60))
    good = await Objects(read_address(bucket), WHO).link(SHA, Served("video/mp4", "inline", 60))
    assert ended is not None
    assert good is not None

    for link in (ended, good.replace("video%2Fmp4", "text%2Fhtml")):
        assert (await asyncio.to_thread(fetched, link))[0] == 403


async def test_there_is_no_link_to_what_is_not_there(bucket: str, tmp_path: Path) -> None:
    assert await open_place(bucket, tmp_path, WHO).link(SHA, Served("video/mp4", "inline", 60)) is None


async def test_while_files_are_moved_old_ones_are_found_where_they_were(bucket: str, tmp_path: Path) -> None:
    old = BlobStore(tmp_path)
    await old.put_bytes(DATA, "video/mp4")
    both = BlobStore(tmp_path, open_place(bucket, tmp_path, WHO), former=old.place)

    new = await both.put_bytes(b"new", "video/mp4")

    assert await read(both, SHA, 3, 9) == DATA[3:9]
    assert await both.size(SHA) == len(DATA)
    async with both.local(SHA) as path:
        assert path.read_bytes() == DATA
    assert await both.link(SHA, media_type="video/mp4", disposition="inline", expires_s=9) is None
    assert await old.size(new.sha256) is None
    assert {found.sha256 async for found in both.listed()} == {SHA, new.sha256}
    await both.delete(SHA)
    assert await both.size(SHA) is None


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("s3://clips", "s3://clips"),
        ("s3://clips/a/b/", "s3://clips/a/b"),
        ("s3a://clips?region=eu-west-1", "s3://clips?region=eu-west-1"),
        ("s3://clips?endpoint=http://127.0.0.1:9000/", "s3://clips?endpoint=http://127.0.0.1:9000"),
        (
            "s3://clips?style=virtual&endpoint=https://clips.example",
            "s3://clips?endpoint=https://clips.example&style=virtual",
        ),
        ("gs://clips/x", "gs://clips/x"),
        ("az://account/clips/x", "az://account/clips/x"),
    ],
)
def test_an_address_is_read_and_written_the_same_way(text: str, written: str) -> None:
    bucket = read_address(text)

    assert bucket.address == written
    assert read_address(bucket.address) == bucket
    assert (
        Objects(bucket, Credentials(key="k", secret="c2VjcmV0") if bucket.kind != "gs" else None).address
        == written
    )


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("ftp://clips", "storage address"),
        ("clips", "storage address"),
        ("s3://", "bucket"),
        ("s3://key:secret@clips", "storage_secret"),
        ("s3://clips?secret_access_key=x", "does not take"),
        ("s3://clips?endpoint=127.0.0.1:9000", "endpoint"),
        ("s3://clips?endpoint=https://user:word@host", "endpoint"),
        ("az://account", "container"),
        ("gs://clips?region=x", "does not take"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_with_what_is_wrong(text: str, word: str) -> None:
    with pytest.raises(AddressError, match=word):
        read_address(text)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("s3://clips/a", "https://s3.us-east-1.amazonaws.com/clips/a/k"),
        ("s3://clips?region=eu-west-1&style=virtual", "https://clips.s3.eu-west-1.amazonaws.com/k"),
        ("s3://clips?endpoint=http://store:9000", "http://store:9000/clips/k"),
        (
            "s3://clips?endpoint=http://store:9000&public=https://media.example",
            "https://media.example/clips/k",
        ),
    ],
)
def test_links_lead_where_clients_reach_the_store(text: str, url: str) -> None:
    assert read_address(text).url_of("k") == url
