"""Stored bytes over HTTP: whole or one range, with validators, and never as something that runs."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import Final, Protocol
from urllib.parse import quote

import msgspec
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from reelgate.api import errors
from reelgate.api.leaving import left
from reelgate.api.ranges import Span, Unsatisfiable, wanted
from reelgate.core.errors import CallerError, Code, refuse

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

    async def size(self, sha256: str) -> int | None:
        """Give a blob's length; None when it is not here."""
        ...

    async def link(self, sha256: str, *, media_type: str, disposition: str, expires_s: int) -> str | None:
        """Give a short-lived address at which anybody may fetch a blob; None where there is none."""
        ...

    def read_range(self, sha256: str, start: int, end: int) -> AsyncGenerator[bytes]:
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


async def serve(
    blobs: Blobs, stored: Stored, headers: Headers, *, method: str = "GET", redirect_s: int | None = None
) -> Response:
    """Answer a GET or HEAD for a stored file; with `redirect_s` a GET is sent to where the file lies, if it can be.

    Raises CallerError `asset_expired` when its bytes are gone, OperatorError when they cannot be had now.
    """
    fixed = _headers(stored)
    if _matches(headers.get("if-none-match"), fixed["etag"]):
        await _must_exist(blobs, stored)
        return Response(status_code=304, headers=fixed)
    if method == "GET" and redirect_s is not None:
        elsewhere = await _redirect(blobs, stored, fixed, redirect_s)
        if elsewhere is not None:
            return elsewhere
    asked = headers.get("range")
    if asked is not None and headers.get("if-range", fixed["etag"]).strip() != fixed["etag"]:
        asked = None
    span, status = Span(0, stored.bytes), 200
    match wanted(asked, stored.bytes):
        case Unsatisfiable():
            return _unsatisfiable(stored.bytes)
        case Span() as part:
            span, status = part, 206
            fixed["content-range"] = f"bytes {part.start}-{part.end - 1}/{stored.bytes}"
        case _:
            pass
    if method == "HEAD" or span.start == span.end:
        await _must_exist(blobs, stored)
        return Stream(None, span, status, fixed)
    return Stream(await _begun(blobs, stored, span), span, status, fixed)


async def _must_exist(blobs: Blobs, stored: Stored) -> None:
    if await blobs.size(stored.sha256) is None:
        raise _gone()


async def _begun(blobs: Blobs, stored: Stored, span: Span) -> AsyncGenerator[bytes]:
    """Begin a read before anything is answered: what is wrong with it can still be said."""
    pieces = blobs.read_range(stored.sha256, span.start, span.end)
    try:
        first = await anext(pieces)
    except FileNotFoundError:
        raise _gone() from None

    async def all_of_it() -> AsyncGenerator[bytes]:
        async with aclosing(pieces):
            yield first
            async for piece in pieces:
                yield piece

    return all_of_it()


async def _redirect(
    blobs: Blobs, stored: Stored, fixed: Mapping[str, str], redirect_s: int
) -> Response | None:
    address = await blobs.link(
        stored.sha256,
        media_type=stored.media_type,
        disposition=fixed["content-disposition"],
        expires_s=redirect_s,
    )
    if address is None:
        return None
    # The address is as good as the file for a while: nobody keeps it, and nobody is told where it was found.
    headers = {"location": address, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Response(status_code=302, headers=headers)


def _gone() -> CallerError:
    return refuse(Code.ASSET_EXPIRED, "The file is gone.")


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
        self, pieces: AsyncGenerator[bytes] | None, span: Span, status: int, headers: Mapping[str, str]
    ) -> None:
        self.status_code = status
        self.background = None
        self.body = b""
        self._pieces = pieces
        length = str(span.end - span.start)
        self.raw_headers = [
            (name.encode(), value.encode("latin-1"))
            for name, value in {**headers, "content-length": length}.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        del scope
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        if self._pieces is not None:
            async with aclosing(self._pieces) as pieces:
                await self._send(pieces, receive, send)
        await send({"type": "http.response.body", "body": b""})

    async def _send(self, pieces: AsyncGenerator[bytes], receive: Receive, send: Send) -> None:
        leaving = asyncio.create_task(left(receive))
        try:
            async for piece in pieces:
                if leaving.done():
                    return
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        finally:
            leaving.cancel()
