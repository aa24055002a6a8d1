"""Stored bytes over HTTP: whole or one range, with validators, and never as something that runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol
from urllib.parse import quote

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reelgate.api import errors
from reelgate.api.leaving import left
from reelgate.api.ranges import Span, Unsatisfiable, wanted
from reelgate.core.errors import Code, refuse

_UNSAFE = re.compile(r"[^A-Za-z0-9._ -]")
_ENDINGS: Final[Mapping[str, str]] = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "image/webp": "webp",
    "image/jpeg": "jpg",
    "image/png": "png",
}


class Blobs(Protocol):
    """Where stored bytes are read from."""

    def size(self, sha256: str) -> int | None:
        """Give a blob's length; None when it is not here."""
        ...

    def read_range(self, sha256: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Stream the bytes from `start` up to but not including `end`."""
        ...


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file as it is served."""

    sha256: str
    media_type: str
    bytes: int
    filename: str
    attachment: bool = False


def ending(media_type: str) -> str:
    """Give the usual file ending of a media type."""
    return _ENDINGS.get(media_type, "bin")


def disposition(filename: str, *, attachment: bool) -> str:
    """Write a `Content-Disposition` that no file name can break out of (RFC 6266)."""
    kind = "attachment" if attachment else "inline"
    flat = " ".join(filename.replace("\\", "/").rsplit("/", 1)[-1].split())[:150] or "file"
    plain = _UNSAFE.sub("_", flat)
    value = f'{kind}; filename="{plain}"'
    if plain != flat:
        value += f"; filename*=UTF-8''{quote(flat, safe='', errors='replace')}"
    return value


def serve(blobs: Blobs, stored: Stored, headers: Headers) -> Response:
    """Answer a GET or HEAD for a stored file.

    Raises CallerError `asset_expired` when its bytes are gone.
    """
    size = blobs.size(stored.sha256)
    if size is None:
        raise refuse(Code.ASSET_EXPIRED, "The file is gone.")
    fixed = _headers(stored)
    if _matches(headers.get("if-none-match"), fixed["etag"]):
        return Response(status_code=304, headers=fixed)
    asked = headers.get("range")
    if asked is not None and headers.get("if-range", fixed["etag"]).strip() != fixed["etag"]:
        asked = None
    match wanted(asked, size):
        case Unsatisfiable():
            return _unsatisfiable(size)
        case Span(start, end):
            fixed["content-range"] = f"bytes {start}-{end - 1}/{size}"
            return Stream(blobs, stored, Span(start, end), 206, fixed)
        case _:
            return Stream(blobs, stored, Span(0, size), 200, fixed)


def _headers(stored: Stored) -> dict[str, str]:
    return {
        "etag": f'"{stored.sha256}"',
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-type": stored.media_type,
        "content-disposition": disposition(stored.filename, attachment=stored.attachment),
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "same-origin",
    }


def _matches(header: str | None, etag: str) -> bool:
    if header is None or len(header) > 4096:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return "*" in tags or etag in tags


def _unsatisfiable(size: int) -> Response:
    return errors.envelope(
        416,
        errors.Problem(
            f"The range is outside the {size} bytes there are.",
            "invalid_request_error",
            "Range",
            "range_not_satisfiable",
        ),
        {"content-range": f"bytes */{size}", "accept-ranges": "bytes"},
    )


class Stream(Response):
    """Sends a stretch of a stored file piece by piece, as fast as the client takes it."""

    def __init__(
        self, blobs: Blobs, stored: Stored, span: Span, status: int, headers: Mapping[str, str]
    ) -> None:
        self.status_code = status
        self.background = None
        self.body = b""
        self._blobs = blobs
        self._sha256 = stored.sha256
        self._span = span
        length = str(span.end - span.start)
        self.raw_headers = [
            (name.encode(), value.encode("latin-1"))
            for name, value in {**headers, "content-length": length}.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if scope["method"] != "HEAD" and self._span.end > self._span.start:
            await self._send_pieces(receive, send)
        await send({"type": "http.response.body", "body": b""})

    async def _send_pieces(self, receive: Receive, send: Send) -> None:
        pieces = self._blobs.read_range(self._sha256, self._span.start, self._span.end)
        leaving = asyncio.create_task(left(receive))
        try:
            async for piece in pieces:
                if leaving.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            leaving.cancel()
