"""What every IP address is: the IANA special-purpose registries as a table of our own.

`ipaddress.is_global` is not asked: its answers change with the patch level of Python, and it calls
several ways of writing 127.0.0.1 public. Facts checked against the IANA IPv4 and IPv6
Special-Purpose Address Registries.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address


class Standing(IntEnum):
    """How far an address may be trusted, best first."""

    PUBLIC = 0
    PRIVATE = 1
    """An operator may own it: loopback, private use, shared space, unique local."""
    CLOSED = 2
    """Nothing this installation should ever talk to lives there."""
    METADATA = 3
    """A cloud hands out its machine's credentials there."""


_METADATA_V4 = (
    IPv4Network("169.254.0.0/16"),
    IPv4Network("168.63.129.16/32"),
    IPv4Network("100.100.100.200/32"),
    IPv4Network("192.0.0.192/32"),
)
_METADATA_V6 = (
    IPv6Network("fd00:ec2::/64"),
    IPv6Network("fd20:ce::254/128"),
    IPv6Network("fd00:c1::a9fe:a9fe/128"),
)
_PRIVATE_V4 = (
    IPv4Network("10.0.0.0/8"),
    IPv4Network("100.64.0.0/10"),
    IPv4Network("127.0.0.0/8"),
    IPv4Network("172.16.0.0/12"),
    IPv4Network("192.168.0.0/16"),
)
_PRIVATE_V6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))
_CLOSED_V4 = (
    IPv4Network("0.0.0.0/8"),
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.0.2.0/24"),
    IPv4Network("192.31.196.0/24"),
    IPv4Network("192.52.193.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("192.175.48.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv4Network("224.0.0.0/4"),
    IPv4Network("240.0.0.0/4"),
)
_NAT64 = IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = IPv6Network("64:ff9b:1::/48")
_MAPPED = IPv6Network("::ffff:0:0/96")
_COMPATIBLE = IPv6Network("::/96")
_SIX_TO_FOUR = IPv6Network("2002::/16")
_TEREDO = IPv6Network("2001::/32")
# Only 2000::/3 is handed out to networks; whatever else there is, is special.
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_CLOSED_V6 = (
    IPv6Network("2001::/23"),
    IPv6Network("2001:db8::/32"),
    _SIX_TO_FOUR,
    IPv6Network("2620:4f:8000::/48"),
    IPv6Network("3fff::/20"),
)
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
_LOW_32 = 0xFFFF_FFFF


def read_address(text: str) -> Address | None:
    """Read a canonical IP address without its zone; None when it is anything else."""
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None


def standing(address: Address) -> Standing:
    """Say what one address is, looking at its outside only."""
    if isinstance(address, IPv4Address):
        return _standing_v4(address)
    return _standing_v6(address)


def _standing_v4(address: IPv4Address) -> Standing:
    if any(address in net for net in _METADATA_V4):
        return Standing.METADATA
    if any(address in net for net in _PRIVATE_V4):
        return Standing.PRIVATE
    if any(address in net for net in _CLOSED_V4):
        return Standing.CLOSED
    return Standing.PUBLIC


def _standing_v6(address: IPv6Address) -> Standing:
    if any(address in net for net in _METADATA_V6):
        return Standing.METADATA
    if any(address in net for net in _PRIVATE_V6):
        return Standing.PRIVATE
    if address in _NAT64:
        return Standing.PUBLIC
    if address not in _GLOBAL_UNICAST or any(address in net for net in _CLOSED_V6):
        return Standing.CLOSED
    return Standing.PUBLIC


def embedded(address: Address) -> tuple[IPv4Address, ...]:
    """List the IPv4 addresses that a packet to `address` may end up at."""
    if isinstance(address, IPv4Address):
        return ()
    number = int(address)
    found: list[int] = []
    if address in _MAPPED or address in _NAT64 or _is_compatible(address):
        found = [number]
    elif address in _SIX_TO_FOUR:
        found = [number >> 80]
    elif address in _TEREDO:
        # The server in the clear, the client with every bit turned over.
        found = [number >> 64, ~number]
    elif address in _NAT64_LOCAL:
        # RFC 6052: with a /48 the address goes round the eighth byte; some sites use a /96 inside it.
        found = [(number >> 64 & 0xFFFF) << 16 | number >> 40 & 0xFFFF, number]
    elif number >> 32 & _LOW_32 in _ISATAP:
        found = [number]
    return tuple(IPv4Address(each & _LOW_32) for each in found)


def _is_compatible(address: IPv6Address) -> bool:
    return address in _COMPATIBLE and int(address) > 1


@lru_cache(maxsize=4096)
def faces(text: str) -> tuple[tuple[Address, Standing], ...]:
    """List an address and every address inside it, each with its standing; empty when it is not an address."""
    outer = read_address(text)
    if outer is None:
        return ()
    return tuple((each, standing(each)) for each in (outer, *embedded(outer)))
