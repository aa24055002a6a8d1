"""The fake upstream's clips on the wire: by range and ETag, whole and spoilt."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from aiohttp import web

from reelgate.testing.upstream.answers import PAGE_OF_HTML, drip, error, part
from reelgate.testing.upstream.faults import FAULTS, Stage

PRIVATE: Final = "http://169.254.169.254/latest/meta-data/"
_OURS: Final = frozenset(name for name, fault in FAULTS.items() if fault.stage is Stage.CONTENT)


class Fetched(Protocol):
    """A job whose clip is fetched."""

    @property
    def faults(self) -> Mapping[str, str]:
        """Its faults with their arguments."""
        ...

    @property
    def fetches(self) -> int:
        """How often its clip was asked for, this time included."""
        ...


def _etag(data: bytes) -> str:
    return f'"{hashlib.sha256(data).hexdigest()[:32]}"'


def _span(request: web.Request, size: int, etag: str) -> tuple[int, int] | None:
    """Read a single byte range; None when the whole is wanted."""
    if request.headers.get("if-range", etag) != etag:
        return None
    try:
        asked = request.http_range
    except ValueError:
        return None
    if asked.start is None and asked.stop is None:
        return None
    start, stop, _ = asked.indices(size)
    return start, stop


def _ranged(request: web.Request, data: bytes, etag: str) -> web.Response:
    span = _span(request, len(data), etag)
    headers = {"ETag": etag, "Accept-Ranges": "bytes"}
    if span is None:
        return web.Response(body=data, content_type="video/mp4", headers=headers)
    if span[0] >= span[1]:
        return web.Response(status=416, headers={"Content-Range": f"bytes */{len(data)}"})
    headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{len(data)}"
    return web.Response(status=206, body=data[span[0] : span[1]], content_type="video/mp4", headers=headers)


def _too_long(request: web.Request, data: bytes) -> web.Response:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nx-reelgate-simulator: 1\r\n"
        f"Content-Length: {len(data)}\r\n\r\n"
    )
    if request.transport is not None:
        # The server's own writer would keep the length honest.
        request.transport.write(head.encode() + data + b"surplus" * 64)
        request.transport.close()
    return web.Response()


async def content(request: web.Request, job: Fetched, data: bytes) -> web.StreamResponse:
    """Serve the clip, spoilt as the job's faults say."""
    etag = _etag(data)
    fault = next((name for name in job.faults if name in _OURS), None)
    ranged = request.headers.get("range") is not None
    match fault:
        case None:
            return _ranged(request, data, etag)
        case "content_error" if job.fetches > 2:
            return _ranged(request, data, etag)
        case "longer":
            return _too_long(request, data)
        case "slow_content":
            return await drip(request, data, 1_024, float(job.faults[fault] or 0.5), "video/mp4")
        case "truncated" | "always_truncated" | "range_ignored" | "changed_etag":
            return (
                await _cut(request, job, fault, data)
                if not ranged
                else await _resumed(request, job, fault, data)
            )
        case _:
            return _SPOILT[fault](request, data)


async def _cut(request: web.Request, job: Fetched, fault: str, data: bytes) -> web.StreamResponse:
    etag = f'"take-{job.fetches}"' if fault == "changed_etag" else _etag(data)
    return await part(request, data, len(data) // 2, "video/mp4", etag)


async def _resumed(request: web.Request, job: Fetched, fault: str, data: bytes) -> web.StreamResponse:
    if fault == "always_truncated":
        return await _cut(request, job, fault, data)
    if fault == "range_ignored":
        return web.Response(body=data, content_type="video/mp4")
    return _ranged(request, data, f'"take-{job.fetches}"' if fault == "changed_etag" else _etag(data))


_SPOILT: Final[Mapping[str, Callable[[web.Request, bytes], web.Response]]] = {
    "no_content": lambda _request, _data: error(404, "No content for this video."),
    "expired_link": lambda _request, _data: error(403, "The link has expired."),
    "shorter_file": lambda _request, data: web.Response(
        body=data[: len(data) // 2], content_type="video/mp4"
    ),
    "empty_content": lambda _request, _data: web.Response(body=b"", content_type="video/mp4"),
    "html_content": lambda _request, _data: web.Response(body=PAGE_OF_HTML, content_type="video/mp4"),
    "redirect_private": lambda _request, _data: web.Response(status=302, headers={"Location": PRIVATE}),
    "redirect_loop": lambda request, _data: web.Response(status=302, headers={"Location": request.path}),
    "content_error": lambda _request, _data: error(500, "The server had an error."),
}
