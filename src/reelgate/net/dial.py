"""The connector: a name is resolved once, all its answers must pass, and exactly those are dialled."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from reelgate.core.errors import Code, Failure
from reelgate.net.guard import Guard, blocked

Lookup = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host name; raises OSError when there are none."""

ANSWERS_MAX = 256
"""A name with more addresses than this is refused."""
DIALLED_MAX = 8
"""How many of a name's addresses are tried."""
_VOUCHED_MAX = 1024
_CONNECT_S = 10.0


class Blocked(OSError):
    """Raised instead of dialling an address that the guard refuses."""


async def system_lookup(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


async def resolve(guard: Guard, lookup: Lookup, host: str, port: int) -> list[str]:
    """Give the addresses to dial for a name.

    Raises Blocked when any one of its addresses is refused, OSError when it has none.
    """
    found = await lookup(host, port)
    if not found:
        raise OSError("the name has no address")
    if len(found) > ANSWERS_MAX:
        raise Blocked(f"the name has {len(found)} addresses")
    for address in found:
        objection = guard.objection(host, address, port)
        if objection is not None:
            raise Blocked(objection)
    return list(found[:DIALLED_MAX])


async def check_url(guard: Guard, url: str, *, lookup: Lookup = system_lookup) -> Failure | None:
    """Say why `url` would not be called, before anybody calls it; None when it would."""
    parsed = guard.parse(url)
    if isinstance(parsed, Failure):
        return parsed
    host, port = parsed.raw_host or "", parsed.port or 0
    if ":" in host or host.rpartition(".")[2].isdigit():
        return None
    try:
        async with asyncio.timeout(_CONNECT_S):
            await resolve(guard, lookup, host, port)
    except Blocked as refusal:
        return blocked(str(refusal))
    except (OSError, TimeoutError, UnicodeError):
        return Failure(
            code=Code.INVALID_REQUEST, message="The address's host name does not resolve.", detail=host
        )
    return None


class Door(AbstractResolver):
    """Hands the connector checked addresses and opens sockets to nothing else."""

    def __init__(self, guard: Guard, lookup: Lookup) -> None:
        self._guard = guard
        self._lookup = lookup
        self._vouched: OrderedDict[tuple[str, int], None] = OrderedDict()

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_UNSPEC,
    ) -> list[ResolveResult]:
        """Resolve a name; every answer has passed the guard under that name."""
        found = await resolve(self._guard, self._lookup, host, port)
        for address in found:
            self._vouch(address, port)
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST,
            )
            for address in found
        ]

    async def close(self) -> None:
        """Hold nothing that needs closing."""

    def _vouch(self, address: str, port: int) -> None:
        self._vouched[(address, port)] = None
        self._vouched.move_to_end((address, port))
        if len(self._vouched) > _VOUCHED_MAX:
            self._vouched.popitem(last=False)

    def insist(self, address: str, port: int) -> None:
        """Raise Blocked unless the address is open, or was found under a name for which it is."""
        if (address, port) in self._vouched:
            return
        objection = self._guard.objection("", address, port)
        if objection is not None:
            raise Blocked(objection)

    def open_socket(self, info: tuple[Any, ...]) -> socket.socket:
        """Open a socket for one address; the connector skips the resolver for IP literals, but never this."""
        family, kind, proto, _, address = info
        self.insist(str(address[0]), int(address[1]))
        return socket.socket(family=family, type=kind, proto=proto)


class Watched(aiohttp.ClientRequest):
    """A request that knows whether any of its bytes may have left."""

    sending = False
    door: Door

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        """Check whom the connection reached, then write; a request that never gets here sent nothing."""
        transport = conn.transport
        peer = None if transport is None else transport.get_extra_info("peername")
        if peer:
            self.door.insist(str(peer[0]), int(peer[1]))
        self.sending = True
        return await super().send(conn)


class Attempt:
    """Follows one call through its connections; `sent` is False only when no byte of it left.

    aiohttp repeats a PUT or DELETE by itself when a connection breaks; with `once` it may not.
    """

    __slots__ = ("_before", "_once", "_request")

    def __init__(self, *, once: bool) -> None:
        self._before = False
        self._once = once
        self._request: Watched | None = None

    @property
    def sent(self) -> bool:
        """Whether bytes of the request may have left."""
        return self._before or (self._request is not None and self._request.sending)

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        """Note the request on its way to the wire (aiohttp calls this once for each try)."""
        self._before = self.sent
        if self._before and self._once:
            raise aiohttp.ServerDisconnectedError
        if isinstance(request, Watched):
            self._request = request
        return await handler(request)


def open_session(
    guard: Guard,
    lookup: Lookup,
    *,
    reuse: bool,
    limit: int,
    per_host: int,
    tls: ssl.SSLContext | None,
    agent: str,
) -> aiohttp.ClientSession:
    """Open a session that goes through the guard: no proxies, no cookies, no netrc, no decompression."""
    gate = Door(guard, lookup)

    class Request(Watched):
        door = gate

    connector = aiohttp.TCPConnector(
        resolver=gate,
        use_dns_cache=False,
        socket_factory=gate.open_socket,
        force_close=not reuse,
        limit=limit,
        limit_per_host=per_host,
        ssl=tls if tls is not None else True,
    )
    return aiohttp.ClientSession(
        connector=connector,
        request_class=Request,
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        headers={"User-Agent": agent, "Accept-Encoding": "identity"},
    )
