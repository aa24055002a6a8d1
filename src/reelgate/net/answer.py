"""What came back, bounded; and what it means when nothing did."""

from __future__ import annotations

import zlib

import aiohttp
from multidict import CIMultiDictProxy

from reelgate.core.dialect import NoReply
from reelgate.net.dial import Blocked

_CODINGS = {"": 0, "identity": 0, "gzip": 31, "x-gzip": 31, "deflate": 47}
"""Content codings we can undo, with zlib's window argument; 0 means nothing to undo."""


class TooLarge(Exception):
    """Raised when an answer is larger than its limit, packed or unpacked."""


class Unreadable(Exception):
    """Raised when an answer's coding is damaged or none we know."""


def lower_names(headers: CIMultiDictProxy[str]) -> dict[str, str]:
    """Give headers by lower-case name."""
    return {name.lower(): value for name, value in headers.items()}


async def read_bounded(response: aiohttp.ClientResponse, limit: int) -> bytes:
    """Read and unpack a body of at most `limit` bytes.

    Raises TooLarge, Unreadable, or what aiohttp raises when the answer is cut.
    """
    coding = _CODINGS.get(response.headers.get("Content-Encoding", "").strip().lower())
    if coding is None:
        raise Unreadable("unknown content coding")
    content = response.content
    first = await content.readany()
    if content.at_eof():
        packed = first
    else:
        packed = await _read_on(content, first, limit)
    if len(packed) > limit:
        raise TooLarge
    return _unpack(packed, coding, limit) if coding and packed else packed


async def _read_on(content: aiohttp.StreamReader, first: bytes, limit: int) -> bytes:
    whole = bytearray(first)
    while len(whole) <= limit:
        chunk = await content.readany()
        if not chunk and content.at_eof():
            break
        whole += chunk
    return bytes(whole)


def _unpack(packed: bytes, window: int, limit: int) -> bytes:
    whole = bytearray()
    try:
        while packed:
            unpacker = zlib.decompressobj(window)
            whole += unpacker.decompress(packed, limit + 1 - len(whole))
            if len(whole) > limit:
                raise TooLarge
            if not unpacker.eof:
                raise Unreadable("the packed answer ends early")
            packed = unpacker.unused_data
    except zlib.error as error:
        raise Unreadable("the packed answer is damaged") from error
    return bytes(whole)


def refusal_in(error: BaseException | None) -> Blocked | None:
    """Find our own refusal inside what aiohttp raised."""
    while error is not None:
        if isinstance(error, Blocked):
            return error
        inner = getattr(error, "os_error", None)
        error = inner if isinstance(inner, Blocked) else error.__cause__
    return None


def no_reply(error: BaseException, *, sent: bool) -> NoReply:
    """Say in plain words, without any address, why no answer came."""
    if refusal_in(error) is not None:
        return NoReply(
            sent=sent, reason="The address points where this installation does not go.", blocked=True
        )
    return NoReply(sent=sent, reason=_words(error, sent=sent))


def _words(error: BaseException, *, sent: bool) -> str:
    for kind, words in _WORDS:
        if isinstance(error, kind):
            return words
    if isinstance(error, TimeoutError):
        return "The answer did not come in time." if sent else "No connection was made in time."
    return "The request could not be carried out."


# The first that fits counts: an exception stands before the ones it derives from.
_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (aiohttp.ClientConnectorDNSError, "The host name does not resolve."),
    (aiohttp.ClientConnectorCertificateError, "The certificate is not trusted."),
    (aiohttp.ClientConnectorSSLError, "The TLS handshake failed."),
    (aiohttp.ClientConnectorError, "No connection could be made."),
    (aiohttp.ConnectionTimeoutError, "No connection was made in time."),
    (aiohttp.SocketTimeoutError, "The answer did not come in time."),
    (TooLarge, "The answer is larger than its limit."),
    (Unreadable, "The answer is packed in a way that cannot be read."),
    (aiohttp.ClientPayloadError, "The answer was cut short."),
    (aiohttp.ServerDisconnectedError, "The connection was closed before an answer."),
    (aiohttp.ClientOSError, "The connection broke before an answer."),
    (aiohttp.ClientResponseError, "The answer was not HTTP."),
)

FAULTS = (aiohttp.ClientError, TimeoutError, OSError, ValueError, TooLarge, Unreadable)
"""What carrying out a call may raise; anything else is a fault of ours and goes up."""


def seconds_of(value: str | None) -> float | None:
    """Read a `Retry-After` given in seconds."""
    if value is None or not value.isascii() or not value.isdigit() or len(value) > 6:
        return None
    return float(value)
