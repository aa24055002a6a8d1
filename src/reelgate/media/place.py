"""What every place for files promises, be it a disk or a bucket: a file is whole or absent, and its name is its SHA-256."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from reelgate.core.errors import Code, Failure, OperatorError
from reelgate.core.task import Blob

PIECE: Final = 256 * 1024
"""Bytes handed out at once."""

_HEX: Final = frozenset("0123456789abcdef")


class StorageError(OperatorError):
    """Raised when a place refuses to take or give bytes; nothing partial is left where blobs are."""

    def __init__(self, message: str, detail: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(
            Failure(code=Code.OVERLOADED, message=message, detail=detail, retry_after_s=retry_after_s)
        )


class Found(NamedTuple):
    """A stored file as a listing tells of it."""

    sha256: str
    bytes: int
    written_at: float
    """When it was last put, in seconds since 1970 by the place's own clock."""


class Place(Protocol):
    """Where files are kept."""

    @property
    def address(self) -> str:
        """Where this is, without any secret."""
        ...

    async def put_file(self, path: Path, media_type: str) -> Blob:
        """Take a finished file in, durably, and remove it from where it was; equal bytes give the same blob."""
        ...

    async def size(self, sha256: str) -> int | None:
        """Give a blob's length; None when it is not here."""
        ...

    def read_range(self, sha256: str, start: int, end: int) -> AsyncGenerator[bytes]:
        """Stream the bytes from `start` up to but not including `end`.

        Raises FileNotFoundError when the blob is not here, StorageError when it cannot be read that far.
        """
        ...

    async def delete(self, sha256: str) -> None:
        """Remove a blob; one that is not here is no error."""
        ...

    def listed(self) -> AsyncIterator[Found]:
        """List every blob, in no order; anything else that lies there is left out."""
        ...

    def local_path(self, sha256: str) -> Path | None:
        """Say where a blob's bytes are on this machine's disk, whether or not they are there; None elsewhere."""
        ...

    async def link(self, sha256: str, served: Served) -> str | None:
        """Give a short-lived address at which anybody may fetch a blob; None where there is no such thing."""
        ...


class Served(NamedTuple):
    """How a blob behind a short-lived address is to be served."""

    media_type: str
    disposition: str
    expires_s: int


def key_of(sha256: str) -> str:
    """Give the path of a blob inside its place.

    Raises ValueError for anything that is not the hexadecimal form of a SHA-256.
    """
    if not is_hash(sha256):
        msg = f"`{sha256!r}` is not a SHA-256"
        raise ValueError(msg)
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def named_by(key: str) -> str | None:
    """Give the hash of the blob that lies at a path; None when none may lie there."""
    name = key.rpartition("/")[2]
    return name if is_hash(name) and key == key_of(name) else None


def is_hash(name: str) -> bool:
    """Tell whether a name can be a blob's."""
    return len(name) == 64 and _HEX.issuperset(name)
