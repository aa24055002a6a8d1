"""Brings one file to disk: hop by hop through the guard, resumable, never larger than asked for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import aiohttp
import msgspec
from yarl import URL

from reelgate.core.dialect import Call, Channel, NoReply
from reelgate.core.errors import Code, Failure
from reelgate.net.answer import FAULTS, lower_names, no_reply, refusal_in, seconds_of
from reelgate.net.client import ABSOLUTE, Client, Outgoing, Target, impersonal, origin_of, patience
from reelgate.net.dial import Attempt
from reelgate.net.guard import blocked
from reelgate.net.resume import Note, drop_note, range_of, read_note, validator_of, write_note

REDIRECTS_MAX = 5
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_IDLE_S = 30.0
_BLOCK = 1024 * 1024
_PAGE = re.compile(rb"\s*[<{]")
_NOT_MEDIA = re.compile(r"text/|application/(?:[a-z.+-]*json|[a-z.+-]*xml|javascript)\b")


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """The file is whole on disk."""

    bytes: int
    media_type: str
    """What the server called it, in lower case and without parameters; not to be trusted."""
    final_headers: Mapping[str, str]
    etag: str | None


class FetchFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The file is not there; what has arrived stays on disk, and a later fetch goes on from it."""

    failure: Failure
    retryable: bool
    status: int | None = None


class _Stop(Exception):
    """Carries the outcome of a fetch out of the middle of it."""

    def __init__(self, outcome: FetchFailed) -> None:
        super().__init__(outcome.failure.message)
        self.outcome = outcome


def _stop(
    code: Code, message: str, *, retryable: bool = False, status: int | None = None, detail: str | None = None
) -> _Stop:
    failure = Failure(code=code, message=message, detail=detail)
    return _Stop(FetchFailed(failure=failure, retryable=retryable, status=status))


class _Job(msgspec.Struct, frozen=True, kw_only=True):
    client: Client
    sink: Path
    first: Outgoing
    channel: Channel | None
    limit_bytes: int
    accept: Callable[[str], bool] | None


async def fetch(
    client: Client,
    source: str | Call,
    sink: Path,
    *,
    channel: Channel | None = None,
    limit_bytes: int,
    deadline_s: float,
    accept: Callable[[str], bool] | None = None,
) -> Fetched | FetchFailed:
    """Bring a file to `sink` within `deadline_s`.

    `source` is an address that needs no key, or a call on `channel`. Bytes already at `sink` are gone
    on from when the server says that they belong to the same version of the file. `accept` judges the
    media type; without it anything that is not plainly a page or a message will do.
    """
    out = _first_request(client, source, channel)
    if isinstance(out, FetchFailed):
        return out
    job = _Job(client=client, sink=sink, first=out, channel=channel, limit_bytes=limit_bytes, accept=accept)
    try:
        async with asyncio.timeout(deadline_s):
            return await _run(job)
    except _Stop as stop:
        return stop.outcome
    except FAULTS as error:
        return _broken(error)


def _first_request(client: Client, source: str | Call, channel: Channel | None) -> Outgoing | FetchFailed:
    timeout = patience(None, _IDLE_S, client.limits.connect_s)
    if isinstance(source, str):
        target = client.aim_elsewhere(source, channel)
        if isinstance(target, Failure):
            return FetchFailed(failure=target, retryable=False)
        return Outgoing(method="GET", target=target, headers={}, timeout=timeout, fresh=True)
    if channel is None:
        raise ValueError("a call needs its channel")
    out = client.prepare(source, channel, _no_files)
    if isinstance(out, NoReply):
        code = Code.BLOCKED_ADDRESS if out.blocked else Code.INVALID_REQUEST
        return FetchFailed(failure=Failure(code=code, message=out.reason), retryable=False)
    return msgspec.structs.replace(out, timeout=timeout, fresh=True)


def _no_files(sha256: str) -> Path:
    raise KeyError(sha256)


async def _run(job: _Job) -> Fetched:
    have = await asyncio.to_thread(read_note, job.sink, job.first.target.url)
    extra: dict[str, str] = {}
    if have is not None:
        extra = {"Range": f"bytes={have[0]}-", "If-Range": have[1].validator}
    response = await _follow(job, extra)
    try:
        return await _take(job, response, have)
    finally:
        response.close()


async def _follow(job: _Job, extra: Mapping[str, str]) -> aiohttp.ClientResponse:
    out = job.first
    own = out.target.own
    status = 0
    for _ in range(REDIRECTS_MAX + 1):
        sent = msgspec.structs.replace(out, headers={**out.headers, **extra})
        response = await job.client.begin(sent, Attempt(once=out.method != "GET"))
        status, location = response.status, response.headers.get("Location")
        if status not in _REDIRECTS or location is None:
            return response
        response.close()
        if out.method != "GET":
            raise _stop(Code.BAD_GATEWAY_PAYLOAD, "The file's address moved.", status=status)
        out, own = _next_hop(job, out, location, own=own)
    raise _stop(Code.BAD_GATEWAY_PAYLOAD, "The file's address redirects too often.", status=status)


def _next_hop(job: _Job, out: Outgoing, location: str, *, own: bool) -> tuple[Outgoing, bool]:
    # Once a chain has left its origin nothing personal travels on, and no private address opens, even
    # when a later hop leads back: whoever sent it there is not the channel.
    here = out.target.url
    try:
        text = location if ABSOLUTE.match(location) else str(here.join(URL(location, encoded=True)))
    except ValueError:
        raise _stop(Code.BAD_GATEWAY_PAYLOAD, "The file's address redirects to nowhere.") from None
    if own:
        target = job.client.aim_elsewhere(text, job.channel)
        if isinstance(target, Target) and origin_of(target.url) == origin_of(here):
            kept = msgspec.structs.replace(target, own=True)
            return msgspec.structs.replace(out, target=kept), True
    url = job.client.guard.parse(text)
    if isinstance(url, Failure):
        raise _Stop(FetchFailed(failure=url, retryable=False))
    target = Target(url, own=False, private=False)
    return msgspec.structs.replace(out, target=target, headers=impersonal(out.headers)), False


async def _take(job: _Job, response: aiohttp.ClientResponse, have: tuple[int, Note] | None) -> Fetched:
    headers = lower_names(response.headers)
    offset = _goes_on(response.status, headers, have)
    if response.status == 416 and offset:
        return await _already_whole(job, headers, offset)
    if response.status == 206 and offset:
        expected = range_of(headers)[1]
    elif response.status == 200:
        offset, expected = 0, _length(headers)
    else:
        await _give_up(job, response.status, headers)
        raise AssertionError("a status that is no success gives up")
    _check_kind(job, headers)
    if expected is not None and expected > job.limit_bytes:
        raise _too_large(job)
    if offset == 0:
        await asyncio.to_thread(_start_over, job, headers)
    size = await _pour(job, response, offset)
    return await _finish(job, headers, size, expected)


def _goes_on(status: int, headers: Mapping[str, str], have: tuple[int, Note] | None) -> int:
    """Give where the answer goes on from; 0 when it does not belong to what is on disk."""
    if have is None:
        return 0
    offset, note = have
    start, total = range_of(headers)
    if status == 416:
        return offset if total == offset else 0
    current = validator_of(headers)
    same = current is None or current == note.validator or headers.get("last-modified") == note.validator
    return offset if start == offset and same else 0


def _length(headers: Mapping[str, str]) -> int | None:
    text = headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else None


async def _already_whole(job: _Job, headers: Mapping[str, str], size: int) -> Fetched:
    have = await asyncio.to_thread(read_note, job.sink, job.first.target.url)
    note = None if have is None else have[1]
    await asyncio.to_thread(drop_note, job.sink)
    media_type = "" if note is None else _plain_type(note.media_type)
    return Fetched(
        bytes=size, media_type=media_type, final_headers=headers, etag=None if note is None else note.etag
    )


async def _give_up(job: _Job, status: int, headers: Mapping[str, str]) -> None:
    if status in (206, 416):
        # The server does not agree with what is on disk: the next fetch starts from nothing.
        await asyncio.to_thread(drop_note, job.sink)
        raise _stop(
            Code.UPSTREAM_INTERNAL, "The file changed while it was fetched.", retryable=True, status=status
        )
    code, message, retryable = _meaning(status)
    failure = Failure(
        code=code,
        message=message,
        retry_after_s=seconds_of(headers.get("retry-after")),
        detail=f"status {status}",
    )
    raise _Stop(FetchFailed(failure=failure, retryable=retryable, status=status))


def _meaning(status: int) -> tuple[Code, str, bool]:
    match status:
        case 403 | 404 | 410:
            return Code.ASSET_EXPIRED, "The file is gone.", False
        case 401:
            return Code.UNAUTHORIZED, "The file's server refused the key.", False
        case 429:
            return Code.RATE_LIMITED, "The file's server is asked too often.", True
        case 202 | 425 | 409:
            return Code.NOT_READY, "The file is not there yet.", True
        case 204 | 205:
            return Code.NO_OUTPUT, "The file is empty.", True
        case 408 | 503:
            return Code.OVERLOADED, "The file's server is busy.", True
        case _ if status >= 500:
            return Code.UPSTREAM_INTERNAL, "The file's server broke.", True
        case _:
            return Code.BAD_GATEWAY_PAYLOAD, "The file's server gave no file.", False


def _plain_type(text: str) -> str:
    return text.partition(";")[0].strip().lower()


def _check_kind(job: _Job, headers: Mapping[str, str]) -> None:
    if headers.get("content-encoding", "identity").strip().lower() not in ("identity", ""):
        raise _stop(Code.BAD_GATEWAY_PAYLOAD, "The file came packed although it was asked for as it is.")
    media_type = _plain_type(headers.get("content-type", ""))
    if media_type in ("text/html", "application/xhtml+xml") or (
        job.accept is None and _NOT_MEDIA.match(media_type)
    ):
        raise _stop(Code.BAD_GATEWAY_PAYLOAD, "A page came where a file was due.", detail=media_type)
    if job.accept is not None and not job.accept(media_type):
        raise _stop(
            Code.UNSUPPORTED_MEDIA, "The file is not of a kind that can be used here.", detail=media_type
        )


def _too_large(job: _Job) -> _Stop:
    return _stop(Code.PAYLOAD_TOO_LARGE, f"The file is larger than {job.limit_bytes} bytes.")


def _start_over(job: _Job, headers: Mapping[str, str]) -> None:
    # The old note goes before the old bytes do: a crash in between must not marry new bytes to it.
    drop_note(job.sink)
    job.sink.write_bytes(b"")
    write_note(job.sink, job.first.target.url, headers)


async def _pour(job: _Job, response: aiohttp.ClientResponse, offset: int) -> int:
    size = offset
    file = await asyncio.to_thread(job.sink.open, "ab")
    try:
        held = bytearray()
        try:
            while chunk := await response.content.readany():
                if size == 0 and not held and _PAGE.match(chunk):
                    raise _stop(Code.BAD_GATEWAY_PAYLOAD, "A page came where a file was due.")
                held += chunk
                if size + len(held) > job.limit_bytes:
                    raise _too_large(job)
                if len(held) >= _BLOCK:
                    size += await asyncio.to_thread(file.write, bytes(held))
                    held.clear()
        finally:
            # Also when the connection was cut: what has come is what the next fetch goes on from.
            size += file.write(held)
    except _Stop:
        # Nothing of a page or of a file that is too large is worth going on from.
        await asyncio.to_thread(_discard, job.sink)
        raise
    finally:
        file.close()
    return size


def _discard(sink: Path) -> None:
    drop_note(sink)
    sink.unlink(missing_ok=True)


async def _finish(job: _Job, headers: Mapping[str, str], size: int, expected: int | None) -> Fetched:
    if expected is not None and size != expected:
        raise _stop(
            Code.UPSTREAM_INTERNAL,
            "The file was cut short.",
            retryable=True,
            detail=f"{size} of {expected} bytes",
        )
    await asyncio.to_thread(drop_note, job.sink)
    if size == 0:
        raise _stop(Code.NO_OUTPUT, "The file is empty.", retryable=True)
    return Fetched(
        bytes=size,
        media_type=_plain_type(headers.get("content-type", "")),
        final_headers=headers,
        etag=headers.get("etag"),
    )


def _broken(error: BaseException) -> FetchFailed:
    refusal = refusal_in(error)
    if refusal is not None:
        return FetchFailed(failure=blocked(str(refusal)), retryable=False)
    failure = Failure(
        code=Code.UPSTREAM_INTERNAL,
        message="The file could not be fetched.",
        detail=no_reply(error, sent=True).reason,
    )
    return FetchFailed(failure=failure, retryable=True)
