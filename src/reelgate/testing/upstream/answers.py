"""What the fake upstream says: proper answers, refusals, and every broken answer by its name."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from email.utils import formatdate
from typing import Final

import msgspec
from aiohttp import web

from reelgate.testing.upstream.jobs import Job

PAGE_OF_HTML: Final = (
    b"<!DOCTYPE html><html><head><title>Gateway</title></head><body>Something broke.</body></html>"
)
HUGE: Final = 50_000_000


def json_reply(body: bytes, status: int = 200, headers: Mapping[str, str] | None = None) -> web.Response:
    """Answer with JSON that is already encoded."""
    return web.Response(body=body, status=status, content_type="application/json", headers=headers)


def html_reply(status: int = 200) -> web.Response:
    """Answer with a page meant for a person."""
    return web.Response(body=PAGE_OF_HTML, status=status, content_type="text/html")


def error(
    status: int,
    message: str,
    *,
    param: str | None = None,
    code: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Answer with an error envelope."""
    kind = "invalid_request_error" if status < 500 else "server_error"
    body = {"error": {"message": message, "type": kind, "param": param, "code": code}}
    return json_reply(msgspec.json.encode(body), status, headers)


def unknown_job() -> web.Response:
    """Answer for a job nobody knows."""
    return error(404, "No video found with this id.")


async def _never() -> None:
    await asyncio.Event().wait()


def _hang_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


_REFUSALS: Final[Mapping[str, Callable[[], web.Response]]] = {
    "refuse": lambda: error(
        400, "Invalid size '3x3'. Supported sizes are 720x1280.", param="size", code="invalid_value"
    ),
    "moderation": lambda: error(
        400, "Your prompt was refused by our content policy.", code="content_policy_violation"
    ),
    "unauthorized": lambda: error(401, "Incorrect API key provided.", code="invalid_api_key"),
    "payment": lambda: error(402, "Your balance is used up.", code="insufficient_quota"),
    "forbidden": lambda: error(403, "This key has no access to the model.", code="permission_denied"),
    "overloaded": lambda: error(503, "The engine is at capacity.", code="overloaded"),
    "error_500": lambda: error(500, "The server had an error."),
    "error_502": lambda: html_reply(502),
    "error_503": lambda: html_reply(503),
    "error_504": lambda: html_reply(504),
    "login_page": html_reply,
}


async def refusal(request: web.Request, name: str, argument: str) -> web.Response:
    """Answer a create that is not accepted."""
    if name == "hang":
        await _never()
    if name == "drop":
        return _hang_up(request)
    if name == "rate_limited":
        return error(429, "Rate limit reached.", code="rate_limit_exceeded", headers=retry_after(argument))
    return _REFUSALS[name]()


def retry_after(argument: str) -> dict[str, str]:
    """Say how long to wait: a number of seconds, or `none`, `date`, `garbage`, `ms`."""
    match argument:
        case "none":
            return {}
        case "date":
            return {"Retry-After": formatdate(time.time() + 3, usegmt=True)}
        case "garbage":
            return {"Retry-After": "soon"}
        case "ms":
            return {"Retry-After-Ms": "1500"}
        case _:
            return {"Retry-After": argument or "1"}


_BROKEN: Final[Mapping[str, Callable[[], web.Response]]] = {
    "error_500_after": lambda: error(500, "The server had an error."),
    "error_502_after": lambda: html_reply(502),
    "error_503_after": lambda: html_reply(503),
    "error_504_after": lambda: html_reply(504),
    "garbage": lambda: web.Response(body=b"\x00\xff{]", content_type="application/json"),
    "html": html_reply,
    "empty": lambda: web.Response(body=b"", content_type="application/json"),
    "null": lambda: json_reply(b"null"),
    "wrong_type": lambda: json_reply(b'["video"]'),
    "no_id": lambda: json_reply(b'{"object":"video","status":"queued"}'),
}


async def broken(request: web.Request, name: str, argument: str, answer: bytes) -> web.StreamResponse:
    """Answer a create that was accepted, in the way its fault says."""
    match name:
        case "hang_after_accept":
            await _never()
            return web.Response()
        case "drop_after_accept":
            return _hang_up(request)
        case "huge":
            return json_reply(answer[:-1] + b',"pad":"' + b"x" * HUGE + b'"}')
        case "cut_answer":
            return await part(request, answer, len(answer) // 2, "application/json")
        case "slow_answer":
            return await drip(request, answer, 1, float(argument or 0.05), "application/json")
        case _:
            return _BROKEN[name]()


_BY_TURNS: Final[Mapping[str, Callable[[], web.Response]]] = {
    "flapping": lambda: unknown_job(),
    "poll_html": html_reply,
    "poll_empty": lambda: web.Response(body=b"", content_type="application/json"),
    "poll_null": lambda: json_reply(b"null"),
    "poll_error": lambda: error(500, "The server had an error."),
    "poll_200_error": lambda: json_reply(
        b'{"error":{"message":"The queue is being moved.","type":"server_error"}}'
    ),
    "poll_limited": lambda: error(429, "Rate limit reached.", headers={"Retry-After": "1"}),
    "poll_unauthorized": lambda: error(401, "Incorrect API key provided.", code="invalid_api_key"),
}


async def poll_fault(job: Job) -> web.Response | None:
    """Answer a poll wrongly where the job's faults say so; None to answer it properly."""
    if "forgotten" in job.faults and job.polls >= 2:
        return unknown_job()
    if job.polls == 1 and "poll_hangs" in job.faults:
        await _never()
    if job.polls == 1 and "poll_huge" in job.faults:
        return json_reply(b'{"pad":"' + b"x" * HUGE + b'"}')
    names = [name for name in job.faults if name in _BY_TURNS] if job.polls % 2 else []
    return _BY_TURNS[names[0]]() if names else None


async def part(
    request: web.Request, data: bytes, sent: int, kind: str, etag: str | None = None
) -> web.StreamResponse:
    """Promise all of `data`, send the first bytes of it, hang up."""
    response = web.StreamResponse(headers={"Content-Type": kind, "Content-Length": str(len(data))})
    if etag is not None:
        response.headers.update({"ETag": etag, "Accept-Ranges": "bytes"})
    await response.prepare(request)
    await response.write(data[:sent])
    # Closing (not aborting) lets what was written arrive first; a client that learns of both at once may
    # forget the bytes, so they get a head start.
    await asyncio.sleep(0.05)
    if request.transport is not None:
        request.transport.close()
    return response


async def drip(
    request: web.Request, data: bytes, piece: int, pause_s: float, kind: str
) -> web.StreamResponse:
    """Send `data` piece by piece."""
    response = web.StreamResponse(headers={"Content-Type": kind, "Content-Length": str(len(data))})
    await response.prepare(request)
    for start in range(0, len(data), piece):
        await response.write(data[start : start + piece])
        await asyncio.sleep(pause_s)
    await response.write_eof()
    return response
