"""Three ways to send the same request: over a socket, or straight into a Reelgate of our own.

A door knows nothing of videos. It carries bytes there and back and says whether an answer came.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
import ssl
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

CHUNK = 256 * 1024
CONNECT_S = 10.0
TIMEOUT_S = 120.0

Sink = Callable[[bytes, int | None], None]
"""Takes the next bytes of a download and its total length when that is known."""

AsgiApp = Callable[
    [
        MutableMapping[str, Any],
        Callable[[], Awaitable[MutableMapping[str, Any]]],
        Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ],
    Awaitable[None],
]


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One request; `path` starts with a slash and holds the query."""

    method: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; header names in lower case. The body is empty when it went into a sink."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class NoAnswer(Exception):
    """Raised when no answer came. `sent` is False only when it is certain that nothing reached the other side."""

    def __init__(self, reason: str, *, sent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.sent = sent


class Door(Protocol):
    """Carries one request at a time."""

    async def send(self, ask: Ask, sink: Sink | None = None) -> Answer:
        """Give the answer; a good body goes into `sink` piece by piece when there is one.

        Raises NoAnswer.
        """
        ...


class _Line:
    """The socket of one request, so that another thread can cut it."""

    def __init__(self) -> None:
        self._socket: socket.socket | None = None
        self._cut = False

    def taken(self, connected: socket.socket) -> None:
        """Note the socket, and give it the patience of an answer in place of that of a connect."""
        connected.settimeout(TIMEOUT_S)
        self._socket = connected
        if self._cut:
            self.cut()

    def cut(self) -> None:
        """End whatever waits on the socket, now or as soon as there is one."""
        self._cut = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


class HttpDoor:
    """Speaks HTTP to the server somebody named. Follows no redirect and uses no proxy."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            msg = f"`{base_url}` is not an http or https address"
            raise ValueError(msg)
        self._parts = parts
        self._prefix = parts.path.rstrip("/").removesuffix("/v1")

    async def send(self, ask: Ask, sink: Sink | None = None) -> Answer:
        """Send the request from a thread; when cancelled, cut the socket so that the thread ends at once."""
        line = _Line()
        try:
            return await asyncio.to_thread(self._send, line, ask, sink)
        except asyncio.CancelledError:
            line.cut()
            raise

    def _send(self, line: _Line, ask: Ask, sink: Sink | None) -> Answer:
        connection = _connect(self._parts)
        try:
            try:
                connection.connect()
            except OSError as error:
                raise NoAnswer(str(error), sent=False) from error
            line.taken(connection.sock)
            try:
                connection.request(
                    ask.method, self._prefix + ask.path, body=ask.body, headers=dict(ask.headers)
                )
                return _read(connection.getresponse(), sink)
            except (OSError, http.client.HTTPException) as error:
                raise NoAnswer(str(error) or type(error).__name__, sent=True) from error
        finally:
            connection.close()


def _connect(parts: SplitResult) -> http.client.HTTPConnection:
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(
            host, parts.port, timeout=CONNECT_S, context=ssl.create_default_context()
        )
    return http.client.HTTPConnection(host, parts.port, timeout=CONNECT_S)


def _read(response: http.client.HTTPResponse, sink: Sink | None) -> Answer:
    headers = {name.lower(): value for name, value in response.getheaders()}
    if sink is None or response.status >= 300:
        return Answer(status=response.status, headers=headers, body=response.read())
    total, got = response.length, 0
    while chunk := response.read(CHUNK):
        got += len(chunk)
        sink(chunk, total)
    if total is not None and got != total:
        raise http.client.IncompleteRead(b"", total - got)
    return Answer(status=response.status, headers=headers, body=b"")


class AsgiDoor:
    """Calls an application inside this process; no socket is opened."""

    def __init__(self, app: AsgiApp) -> None:
        self._app = app

    async def send(self, ask: Ask, sink: Sink | None = None) -> Answer:
        """Run the application for one request."""
        exchange = _Exchange(ask, sink)
        await self._app(_scope(ask), exchange.receive, exchange.send)
        return exchange.answer()


def _scope(ask: Ask) -> dict[str, Any]:
    path, _, query = ask.path.partition("?")
    headers = [(name.lower().encode(), value.encode()) for name, value in ask.headers.items()]
    headers += [(b"host", b"embedded"), (b"content-length", str(len(ask.body)).encode())]
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": ask.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": headers,
        "client": ("127.0.0.1", 0),
        "server": ("embedded", 80),
        "state": {},
    }


class _Exchange:
    """One request and what the application said to it so far."""

    def __init__(self, ask: Ask, sink: Sink | None) -> None:
        self._ask = ask
        self._sink = sink
        self._asked = False
        self._over = asyncio.Event()
        self._status = 0
        self._headers: dict[str, str] = {}
        self._body: list[bytes] = []

    async def receive(self) -> MutableMapping[str, Any]:
        """Give the whole body once, then wait for the end of the exchange."""
        if not self._asked:
            self._asked = True
            return {"type": "http.request", "body": self._ask.body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: MutableMapping[str, Any]) -> None:
        """Take one message of the answer."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            self._headers = {k.decode("latin-1").lower(): v.decode("latin-1") for k, v in message["headers"]}
            return
        chunk = bytes(message.get("body", b""))
        if self._sink is not None and self._status < 300:
            length = self._headers.get("content-length")
            self._sink(chunk, int(length) if length else None)
        else:
            self._body.append(chunk)
        if not message.get("more_body", False):
            self._over.set()

    def answer(self) -> Answer:
        """Give what was said.

        Raises NoAnswer when the application said nothing.
        """
        if not self._status:
            raise NoAnswer("the application gave no answer", sent=True)
        return Answer(status=self._status, headers=self._headers, body=b"".join(self._body))
