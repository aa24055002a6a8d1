"""Which addresses this installation talks to. Nothing here opens a socket.

An address is judged twice: as text (`Guard.parse`), and as what its name resolves to
(`Guard.objection`), by the resolver that hands the connector the very addresses it dials.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network

import msgspec
from yarl import URL

from reelgate.core.errors import Code, Failure, OperatorError
from reelgate.net.addresses import Address, Standing, faces, read_address

URL_MAX = 8192
"""Longest address taken, in characters."""

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\xa0\\\ud800-\udfff]")
_SHAPE = re.compile(
    r"https?://(?:\[[0-9a-f:.]+\]|[^\[\]:/?#@%]+)(?::[0-9]{1,5})?(?:[/?#].*)?", re.IGNORECASE | re.ASCII
)
_EXACT = re.compile(r"[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=%]*")
_LABEL = r"(?!-)[a-z0-9_-]{1,63}(?<!-)"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")

# Ports above 1023 where something other than HTTP listens and could be talked into harm
# (the part above 1023 of the list that browsers keep under "bad port" in the Fetch standard).
_BAD_PORTS = frozenset(
    {1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6679, 6697, 10080}
    | set(range(6665, 6670))
)


def port_is_open(port: int) -> bool:
    """Whether a public address may be dialled at `port`: 80, 443, or 1024 and up without known foreign services."""
    return port in (80, 443) or (1024 <= port <= 65535 and port not in _BAD_PORTS)


class _Entry(msgspec.Struct, frozen=True):
    """One line of the allow-list: a network or a name, on every port or on one."""

    network: IPv4Network | IPv6Network | None
    name: str
    port: int | None


def _malformed(detail: str) -> Failure:
    return Failure(
        code=Code.INVALID_REQUEST, message="The address is not a usable http or https address.", detail=detail
    )


def blocked(detail: str) -> Failure:
    """Build the failure for an address this installation does not go to; `detail` is for operators."""
    return Failure(
        code=Code.BLOCKED_ADDRESS,
        message="The address points where this installation does not go.",
        detail=detail,
    )


class Guard:
    """Judges addresses; immutable, so that a judgement once given stays true.

    `allow` names addresses that are open although the table closes them: `10.1.2.3`,
    `10.0.0.0/8`, `fd00::/8`, `host.example`, each also with a port (`10.1.2.3:9000`, `[::1]:9000`).
    A network opens exactly what lies in it, and a metadata address only when it is named alone.
    A name opens the private addresses it resolves to, never metadata or reserved ones.
    Raises OperatorError for an entry it cannot read.
    """

    def __init__(self, allow: Sequence[str] = (), *, private: bool = False) -> None:
        self._allow = tuple(allow)
        self._private = private
        entries = [_read_entry(text) for text in allow]
        self._networks = tuple(e for e in entries if e.network is not None)
        self._names = frozenset((e.name, e.port) for e in entries if e.network is None)

    def with_private(self) -> Guard:
        """Give the guard of a self-hosted channel's own address: private addresses and every port are open."""
        return Guard(self._allow, private=True)

    def parse(self, text: str) -> URL | Failure:
        """Give the one URL that is dialled for `text`, or why it is not dialled; names are judged when resolved."""
        if len(text) > URL_MAX or _FORBIDDEN.search(text) or not _SHAPE.fullmatch(text):
            return _malformed("scheme, userinfo, zone, port or characters are not allowed")
        try:
            url = URL(text)
            host = url.raw_host or ""
            port = url.port
        except ValueError as error:
            return _malformed(str(error))
        refusal = self._judge_host(host, port or 0)
        if refusal is not None:
            return refusal
        return _verbatim(url, text)

    def _judge_host(self, host: str, port: int) -> Failure | None:
        if ":" not in host and not _NUMBER.fullmatch(host.rpartition(".")[2]):
            if len(host) > 253 or not _NAME.fullmatch(host):
                return _malformed("the host is not a plain name")
            return None
        if read_address(host) is None:
            return blocked("an IP address in an odd spelling")
        objection = self.objection(host, host, port)
        return None if objection is None else blocked(objection)

    def objection(self, host: str, address: str, port: int) -> str | None:
        """Say why `address`, found under `host`, is not dialled at `port`; None when it is."""
        seen = faces(address)
        if not seen:
            return "the resolver gave something that is not an address"
        if not 0 < port <= 65535:
            return f"port {port} is closed"
        (outer, kind), *inside = seen
        trusted = self._private or (host, None) in self._names or (host, port) in self._names
        listed = self._listed(outer, kind, port)
        owned = kind is Standing.PRIVATE and trusted
        if not (kind is Standing.PUBLIC or listed or owned):
            return f"{outer} is {kind.name.lower()} and is closed"
        for each, hidden in inside:
            if hidden is not Standing.PUBLIC:
                return f"{outer} leads to {each}, which is {hidden.name.lower()} and is closed"
        return None if trusted or listed or port_is_open(port) else f"port {port} is closed"

    def _listed(self, address: Address, kind: Standing, port: int) -> bool:
        for entry in self._networks:
            network = entry.network
            if network is None or address not in network or entry.port not in (None, port):
                continue
            if kind is not Standing.METADATA or network.num_addresses == 1:
                return True
        return False


def _verbatim(url: URL, text: str) -> URL:
    # A signed link must reach its server byte for byte, so the path is only re-quoted when it has to be.
    if _EXACT.fullmatch(text) is None:
        return url.with_fragment(None)
    exact = URL(text, encoded=True)
    return URL.build(
        scheme=url.scheme,
        host=url.host_subcomponent or "",
        port=None if url.is_default_port() else url.explicit_port,
        path=exact.raw_path,
        query_string=exact.raw_query_string,
        encoded=True,
    )


def _read_entry(text: str) -> _Entry:
    host, port = _split_port(text.strip().lower())
    try:
        return _Entry(ip_network(host), "", port)
    except ValueError:
        pass
    if not _NAME.fullmatch(host) or _NUMBER.fullmatch(host.rpartition(".")[2]):
        raise OperatorError(
            Failure(
                code=Code.INVALID_REQUEST,
                message=f"`{text}` in the allow-list is not an address, a network or a host name.",
                param="net_allow",
            )
        )
    return _Entry(None, host, port)


def _split_port(text: str) -> tuple[str, int | None]:
    bracketed = re.fullmatch(r"\[([^\]]*)\](?::([0-9]{1,5}))?", text)
    if bracketed is not None:
        return bracketed[1], int(bracketed[2]) if bracketed[2] else None
    host, colon, port = text.partition(":")
    if colon and port.isascii() and port.isdigit() and len(port) <= 5:
        return host, int(port)
    return text, None
