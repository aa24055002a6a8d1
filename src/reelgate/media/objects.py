"""Files in a bucket: S3 and what speaks like it, Google Cloud Storage, Azure, all through `obstore`.

A file is uploaded whole or not at all, and looked at once more before anybody is told that it is there.
Only the operator's own endpoint is ever dialled, so the guard that judges strangers' addresses has no say here.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import obstore
from obstore.exceptions import BaseError, PermissionDeniedError, UnauthenticatedError

from reelgate.core.task import Blob
from reelgate.media.buckets import Bucket, Credentials, Patience, open_bucket
from reelgate.media.place import PIECE, Found, Served, StorageError, key_of, named_by
from reelgate.media.presign import presigned

if TYPE_CHECKING:
    from reelgate.media.buckets import Vendor

PART: Final = 8 * 1024 * 1024
"""Bytes of one part of an upload; what is no larger goes in one request."""
PARTS_AT_ONCE: Final = 3
REOPENINGS: Final = 3
"""How often a read that breaks without having given a byte is begun again."""
RETRY_AFTER_S: Final = 5.0
_QUERY: Final = re.compile(r"\?[^\s)\"']*")
_REFUSED: Final = re.compile(r"status code: 40[13]\b")
_FAULTS: Final = (BaseError, OSError, ValueError, TimeoutError)


class BucketError(StorageError):
    """Raised when a store does not answer, or refuses."""

    def __init__(self, error: Exception | str) -> None:
        text = str(error) or type(error).__name__
        # Depending on the request the library has a class for a refusal, or tells only of its status.
        refused = isinstance(error, PermissionDeniedError | UnauthenticatedError) or _REFUSED.search(text)
        message = "The file store refuses this server." if refused else "The file store does not answer."
        # The first line says what happened; further ones repeat the request, and its query may hold a signature.
        super().__init__(message, _QUERY.sub("", text.splitlines()[0])[:500], retry_after_s=RETRY_AFTER_S)


def now() -> datetime:
    """Give the time, in UTC."""
    return datetime.now(UTC)


class Objects:
    """Keeps files in a bucket."""

    def __init__(
        self,
        bucket: Bucket,
        who: Credentials | None = None,
        *,
        patience: Patience | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Use a bucket; nothing is dialled yet. Raises AddressError when its settings cannot be used."""
        self._bucket = bucket
        self._who = who or Credentials()
        self._patience = patience or Patience()
        self._now = clock
        self._store: Vendor = open_bucket(
            bucket, self._who, self._patience, silence_s=self._patience.silence_s
        )
        self._uploads: Vendor = open_bucket(
            bucket, self._who, self._patience, silence_s=self._patience.upload_s
        )

    @property
    def address(self) -> str:
        """The bucket's address."""
        return self._bucket.address

    def local_path(self, sha256: str) -> None:
        """Give None: nothing of a bucket is on this machine."""
        del sha256

    async def put_file(self, path: Path, media_type: str) -> Blob:
        """Upload a finished file and remove it here once the store shows it whole.

        Raises StorageError with the file still where it was.
        """
        sha256, size = await asyncio.to_thread(_digest, path)
        with _told():
            await obstore.put_async(
                self._uploads,
                key_of(sha256),
                path,
                attributes={
                    "Content-Type": media_type,
                    "Content-Disposition": f'inline; filename="{sha256[:16]}"',
                },
                use_multipart=size > PART,
                chunk_size=PART,
                max_concurrency=PARTS_AT_ONCE,
            )
        stored = await self._head(sha256)
        if stored is None or stored["size"] != size:
            raise BucketError(f"{sha256} was taken but is not there whole")
        await asyncio.to_thread(path.unlink, missing_ok=True)
        return Blob(
            sha256=sha256,
            bytes=size,
            media_type=media_type,
            created_at=int(stored["last_modified"].timestamp() * 1000),
        )

    async def size(self, sha256: str) -> int | None:
        """Give a blob's length; None when it is not here. Raises StorageError when the store does not say."""
        stored = await self._head(sha256)
        return None if stored is None else stored["size"]

    async def _head(self, sha256: str) -> Any:
        key = key_of(sha256)
        try:
            with _told():
                async with asyncio.timeout(self._patience.answer_s):
                    return await obstore.head_async(self._store, key)
        except FileNotFoundError:
            return None

    async def read_range(self, sha256: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """Stream the bytes from `start` up to but not including `end`; a read that breaks goes on where it stopped.

        Raises FileNotFoundError when the blob is not here, StorageError when it cannot be read that far.
        """
        key, at, fruitless = key_of(sha256), start, 0
        trouble = BucketError("the stored file is shorter than asked for")
        while at < end:
            before = at
            try:
                async for piece in self._pieces(key, at, end):
                    at += len(piece)
                    yield piece
            except StorageError as broken:
                trouble = BucketError(broken.failure.detail or "")
            fruitless = 0 if at > before else fruitless + 1
            # Before the first byte the library has tried again by itself, and somebody waits for an answer.
            if fruitless >= (REOPENINGS if at > start else 1):
                raise trouble

    async def _pieces(self, key: str, start: int, end: int) -> AsyncGenerator[bytes]:
        with _told():
            async with asyncio.timeout(self._patience.answer_s):
                got = await obstore.get_async(self._store, key, options={"range": (start, end)})
            stream = got.stream(min_chunk_size=PIECE)
        while True:
            with _told():
                try:
                    piece = await anext(stream)
                except StopAsyncIteration:
                    return
            yield bytes(piece)

    async def delete(self, sha256: str) -> None:
        """Remove a blob; one that is not here is no error."""
        key = key_of(sha256)
        try:
            with _told():
                await obstore.delete_async(self._uploads, key)
        except FileNotFoundError:
            return

    async def listed(self) -> AsyncIterator[Found]:
        """List every blob; anything else under the prefix is left out."""
        pages: Any = obstore.list(self._store, chunk_size=1000)  # pyright: ignore[reportUnknownMemberType]
        while True:
            with _told():
                try:
                    page = await anext(pages)
                except StopAsyncIteration:
                    return
            for entry in page:
                sha256 = named_by(entry["path"])
                if sha256 is not None:
                    yield Found(sha256, entry["size"], entry["last_modified"].timestamp())

    async def link(self, sha256: str, served: Served) -> str | None:
        """Give an address good for a short time; None where the store cannot sign, or does not have the blob.

        With the access key at hand the answer has the asked type and file name; a store that signs by
        itself serves those given at upload.
        """
        if await self._head(sha256) is None:
            return None
        if self._bucket.kind == "s3" and self._who.key and self._who.secret:
            return presigned(
                self._bucket.url_of(key_of(sha256)),
                key=self._who.key,
                secret=self._who.secret,
                region=self._bucket.region,
                now=self._now(),
                expires_s=served.expires_s,
                query={
                    "response-content-type": served.media_type,
                    "response-content-disposition": served.disposition,
                },
            )
        try:
            with _told():
                return await obstore.sign_async(
                    self._store, "GET", key_of(sha256), timedelta(seconds=served.expires_s)
                )
        except StorageError:
            return None  # these credentials cannot sign; the bytes go through this server


@contextmanager
def _told() -> Generator[None]:
    """Turn what the library raises into our words; a missing object stays a missing file.

    Raises StorageError.
    """
    try:
        yield
    except FileNotFoundError as error:
        if "NoSuchBucket" in str(error):
            raise BucketError("there is no such bucket") from None
        raise FileNotFoundError(_QUERY.sub("", str(error).partition("\n")[0])) from None
    except StorageError:
        raise
    except _FAULTS as error:
        raise BucketError(error) from None


def _digest(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
