"""Carries out a dialect's calls on a channel and says exactly what is certain when no answer came."""

from __future__ import annotations

import asyncio
import codecs
import re
import ssl
from collections.abc import AsyncGenerator, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from reelgate import __version__
from reelgate.core.dialect import Call, Channel, Closed, Line, NoReply, Reply
from reelgate.core.errors import Failure
from reelgate.net.answer import FAULTS, TooLarge, lower_names, no_reply, read_bounded
from reelgate.net.body import Body, OpenBlob, write_body
from reelgate.net.dial import Attempt, Lookup, open_session, system_lookup
from reelgate.net.guard import Guard

ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_OURS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "accept-encoding", "te", "upgrade"}
)
"""Headers that are the connection's business; a dialect's own are left out."""
_IMPERSONAL = frozenset({"accept", "accept-language", "content-type", "range", "if-range", "if-none-match"})
"""Headers that may travel to an origin other than the channel's own. Everything else may be a credential."""
_BROKEN_VALUE = re.compile(r"[\r\n\0]")
_ENDS = frozenset(
    {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSING, aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}
)
_BASES_MAX = 1024


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may use."""

    connect_s: float = 10.0
    body_bytes: int = 32 * 1024 * 1024
    """Largest answer to a call, unpacked."""
    line_bytes: int = 1024 * 1024
    """Longest line of a stream."""
    stream_s: float = 3600.0
    """Longest a stream may last; `timeout_s` of its call bounds each silence."""
    pooled: int = 256
    """Connections for calls that may be repeated, over all hosts."""
    pooled_per_host: int = 128
    fresh: int = 128
    """Connections for everything sent once: submissions, downloads, deliveries."""
    fresh_per_host: int = 64


class Target(msgspec.Struct, frozen=True):
    """Where a request goes and as whom."""

    url: URL
    own: bool
    """The channel's own origin, so its credentials may travel."""
    private: bool
    """The channel is self-hosted and this is its own origin."""


class Outgoing(msgspec.Struct, frozen=True, kw_only=True):
    """One request ready for the wire."""

    method: str
    target: Target
    headers: Mapping[str, str]
    timeout: aiohttp.ClientTimeout
    body: Body | bytes | None = None
    fresh: bool = False
    """On a connection of its own: a kept-alive one may turn out closed with bytes already on it."""


class _Home(msgspec.Struct, frozen=True):
    url: URL
    origin: tuple[str, str, int]
    prefix: str
    private: bool


def origin_of(url: URL) -> tuple[str, str, int]:
    """Give scheme, host and port; two addresses with the same are one party."""
    return url.scheme, url.raw_host or "", url.port or 0


@lru_cache(maxsize=256)
def patience(total: float | None, silence: float | None, connect: float) -> aiohttp.ClientTimeout:
    """Give time-outs; the same object for the same figures."""
    return aiohttp.ClientTimeout(total=total, sock_read=silence, sock_connect=connect)


class Client:
    """The installation's one way out. Make it inside a running loop or before; it dials on first use."""

    def __init__(
        self,
        guard: Guard,
        *,
        lookup: Lookup = system_lookup,
        tls: ssl.SSLContext | None = None,
        limits: Limits | None = None,
    ) -> None:
        self.guard = guard
        self.limits = limits or Limits()
        self._private_guard = guard.with_private()
        self._lookup = lookup
        self._tls = tls
        self._sessions: dict[tuple[bool, bool], aiohttp.ClientSession] = {}
        self._homes: dict[tuple[str, bool], _Home | Failure] = {}

    async def close(self) -> None:
        """Close every connection."""
        sessions = list(self._sessions.values())
        self._sessions.clear()
        for session in sessions:
            await session.close()

    async def send(self, call: Call, channel: Channel, open_blob: OpenBlob) -> Reply | NoReply:
        """Carry out one call and give its answer whole; redirects are answers like any other."""
        attempt = Attempt(once=call.method != "GET")
        try:
            out = self.prepare(call, channel, open_blob)
            if isinstance(out, NoReply):
                return out
            response = await self.begin(out, attempt)
            try:
                body = await read_bounded(response, self.limits.body_bytes)
                return Reply(status=response.status, headers=lower_names(response.headers), body=body)
            finally:
                # An answer read to its end has given its connection back already; any other is cut off.
                response.close()
        except FAULTS as error:
            return no_reply(error, sent=attempt.sent)

    async def stream(
        self, call: Call, channel: Channel, open_blob: OpenBlob
    ) -> AsyncGenerator[Reply | NoReply | Line | Closed]:
        """Give a `Reply` without a body first, or a `NoReply` and nothing more; then lines; then `Closed`."""
        attempt = Attempt(once=call.method != "GET")
        try:
            out = self.prepare(call, channel, open_blob)
            if isinstance(out, NoReply):
                yield out
                return
            if call.websocket:
                async for item in self._messages(out):
                    yield item
                return
            response = await self.begin(out, attempt)
        except FAULTS as error:
            yield no_reply(error, sent=attempt.sent)
            return
        try:
            yield Reply(status=response.status, headers=lower_names(response.headers), body=b"")
            async for item in self._lines(response):
                yield item
        finally:
            response.close()

    async def _lines(self, response: aiohttp.ClientResponse) -> AsyncGenerator[Line | Closed]:
        decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        rest = ""
        try:
            while chunk := await response.content.readany():
                *lines, rest = (rest + decode(chunk)).split("\n")
                for line in lines:
                    yield Line(line.removesuffix("\r"))
                if len(rest) > self.limits.line_bytes:
                    raise TooLarge
        except FAULTS as error:
            yield Closed(clean=False, reason=no_reply(error, sent=True).reason)
            return
        rest += decode(b"", True)
        if rest:
            yield Line(rest.removesuffix("\r"))
        yield Closed(clean=True)

    async def _messages(self, out: Outgoing) -> AsyncGenerator[Reply | NoReply | Line | Closed]:
        """Listen on a socket; a handshake may be redirected, so no credential but `Authorization` goes with it."""
        headers = impersonal(out.headers)
        headers |= {k: v for k, v in out.headers.items() if k.lower() == "authorization"}
        silence = out.timeout.sock_read
        try:
            async with asyncio.timeout(self.limits.connect_s):
                socket = await self._session(out.target.private, out.fresh).ws_connect(
                    out.target.url,
                    headers=headers,
                    max_msg_size=self.limits.line_bytes,
                )
        except FAULTS as error:
            yield no_reply(error, sent=True)
            return
        try:
            yield Reply(status=101, headers={}, body=b"")
            while (message := await socket.receive(timeout=silence)).type not in _ENDS:
                if message.type is aiohttp.WSMsgType.TEXT:
                    yield Line(message.data)
            yield Closed(clean=message.type is not aiohttp.WSMsgType.ERROR)
        except FAULTS as error:
            yield Closed(clean=False, reason=no_reply(error, sent=True).reason)
        finally:
            await socket.close()

    def prepare(self, call: Call, channel: Channel, open_blob: OpenBlob) -> Outgoing | NoReply:
        """Lay a call out for the wire, or say why it is not sent.

        Raises OSError when a stored file it names is not there.
        """
        target = self.aim(call, channel)
        if isinstance(target, Failure):
            return NoReply(sent=False, reason=target.message, blocked=True)
        headers = {k: v for k, v in call.headers.items() if k.lower() not in _OURS}
        if not target.own:
            headers = impersonal(headers)
        if any(_BROKEN_VALUE.search(value) for value in headers.values()):
            return NoReply(sent=False, reason="A header has a line break in it.")
        try:
            body = write_body(call, open_blob)
        except (OSError, KeyError, TypeError, ValueError):
            return NoReply(sent=False, reason="The request's body could not be put together.")
        total = self.limits.stream_s if call.stream else call.timeout_s
        return Outgoing(
            method=call.method,
            target=target,
            headers=headers,
            timeout=patience(total, call.timeout_s if call.stream else None, self.limits.connect_s),
            body=body,
            fresh=call.method != "GET" or call.stream,
        )

    def aim(self, call: Call, channel: Channel) -> Target | Failure:
        """Find the address of a call: `base_url` + `/` + `path`, or the absolute address it names."""
        home = self._home(channel)
        if isinstance(home, Failure):
            return home
        absolute = ABSOLUTE.match(call.path) is not None
        text = call.path if absolute else f"{home.prefix}/{call.path.lstrip('/')}"
        if not absolute and not call.query and text.isascii() and _PLAIN.fullmatch(text):
            # The common case is cheap: the base was judged, and a plain path cannot leave it.
            return Target(URL(text, encoded=True), own=True, private=home.private)
        guard = self._private_guard if home.private else self.guard
        url = guard.parse(_with_query(text, call.query))
        if not isinstance(url, Failure) and origin_of(url) == home.origin:
            return Target(url, own=True, private=home.private)
        query = [pair for pair in call.query if not channel.secret or channel.secret not in pair[1]]
        url = self.guard.parse(_with_query(text, query))
        return url if isinstance(url, Failure) else Target(url, own=False, private=False)

    def aim_elsewhere(self, text: str, channel: Channel | None) -> Target | Failure:
        """Find the address of a link that needs no key."""
        home = self._home(channel) if channel is not None and channel.self_hosted else None
        if isinstance(home, _Home):
            url = self._private_guard.parse(text)
            if not isinstance(url, Failure) and origin_of(url) == home.origin:
                return Target(url, own=True, private=True)
        url = self.guard.parse(text)
        return url if isinstance(url, Failure) else Target(url, own=False, private=False)

    def _home(self, channel: Channel) -> _Home | Failure:
        key = (channel.base_url, channel.self_hosted)
        known = self._homes.get(key)
        if known is None:
            if len(self._homes) >= _BASES_MAX:
                self._homes.clear()
            guard = self._private_guard if channel.self_hosted else self.guard
            url = guard.parse(channel.base_url)
            known = url if isinstance(url, Failure) else _settle(url, channel.self_hosted)
            self._homes[key] = known
        return known

    async def begin(self, out: Outgoing, attempt: Attempt) -> aiohttp.ClientResponse:
        """Send a request and give its answer once the headers are there; its body is the caller's to read.

        Raises what is in `answer.FAULTS`; `attempt.sent` then says whether bytes left.
        """
        session = self._session(out.target.private, out.fresh)
        headers: dict[str, str] = dict(out.headers)
        data: Any = out.body
        if isinstance(data, Body):
            headers["Content-Type"] = data.media_type
            whole = data.whole
            if whole is None:
                headers["Content-Length"] = str(data.length)
            data = data.chunks() if whole is None else whole
        return await session.request(
            out.method,
            out.target.url,
            headers=headers,
            data=data,
            timeout=out.timeout,
            allow_redirects=False,
            middlewares=(attempt,),
        )

    def _session(self, private: bool, fresh: bool) -> aiohttp.ClientSession:
        # Two guards, two pools: a connection that only a self-hosted channel may make is never
        # handed to a request that merely names the same host.
        session = self._sessions.get((private, fresh))
        if session is None:
            limits = self.limits
            session = self._sessions[(private, fresh)] = open_session(
                self._private_guard if private else self.guard,
                self._lookup,
                reuse=not fresh,
                limit=limits.fresh if fresh else limits.pooled,
                per_host=limits.fresh_per_host if fresh else limits.pooled_per_host,
                tls=self._tls,
                agent=f"reelgate/{__version__}",
            )
        return session


_PLAIN = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/[A-Za-z0-9._~/:=,-]*")


def _settle(url: URL, private: bool) -> _Home:
    clean = url.with_query(None)
    return _Home(clean, origin_of(clean), str(clean).rstrip("/"), private)


def _with_query(text: str, query: Any) -> str:
    if not query:
        return text
    return f"{text}{'&' if '?' in text else '?'}{urlencode(list(query))}"


def impersonal(headers: Mapping[str, str]) -> dict[str, str]:
    """Keep only the headers that say nothing about who is asking."""
    return {name: value for name, value in headers.items() if name.lower() in _IMPERSONAL}
