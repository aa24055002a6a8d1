"""What everything about people shares: the rows, the clock, the secrets, and the rules of this installation."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec

from reelgate.auth.passwords import Passwords
from reelgate.core.clock import Clock
from reelgate.core.envelope import Vault
from reelgate.core.errors import CallerError, Code, Failure
from reelgate.core.ids import Ids
from reelgate.core.limits import Rate
from reelgate.store import limits as limit_rows
from reelgate.store.backend import Backend, Connection

DAY_S: Final = 86_400
MINUTE_US: Final = 60_000_000

PER_ACCOUNT: Final = Rate(per_minute=1, interval_us=3 * MINUTE_US, depth=5)
"""Passwords tried for one name: never more than ten within fifteen minutes, wherever they come from."""
PER_ADDRESS: Final = Rate(per_minute=3, interval_us=MINUTE_US // 3, depth=20)
"""Passwords tried, accounts made and links opened from one address."""

Registration = Literal["closed", "invite", "open"]


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """How people come in here. Times are in seconds."""

    registration: Registration = "closed"
    jwt_expires_s: int = 7 * DAY_S
    refresh_s: int = 30 * DAY_S
    """How long a sign-in of a program lasts that is not used."""
    session_s: int = 7 * DAY_S
    """How long a sign-in in a browser lasts."""
    link_s: int = DAY_S
    """How long a link that was made for somebody is good."""
    invite_s: int = 7 * DAY_S
    public_url: str | None = None
    """The address people use, when it is not the one requests come to."""


class Origin(msgspec.Struct, frozen=True):
    """Where a sign-in comes from, as far as it can be seen."""

    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """The composition of this room, built once."""

    backend: Backend
    clock: Clock
    ids: Ids
    vault: Vault
    pepper: bytes
    policy: Policy = field(default_factory=Policy)
    passwords: Passwords = field(default_factory=Passwords)

    def digest(self, secret: str) -> str:
        """Give what is stored of a secret that we made: its HMAC under the installation's pepper."""
        return hmac.new(self.pepper, secret.encode(), "sha256").hexdigest()

    def derived(self, purpose: str, text: str) -> str:
        """Give something only this installation can compute from a text, different for each purpose."""
        key = hmac.new(self.pepper, f"reelgate {purpose}".encode(), "sha256").digest()
        return hmac.new(key, text.encode(), "sha256").hexdigest()


def network_of(address: str) -> str:
    """Give what counts as one place: an IPv4 address, or the 64 leading bits of an IPv6 one."""
    import ipaddress  # noqa: PLC0415 - signing in is rare, and loading this is not free

    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.IPv6Network((ip, 64), strict=False))
    return str(ip)


async def throttle(access: Access, buckets: Mapping[str, Rate]) -> None:
    """Take one from each of these buckets.

    Raises CallerError `rate_limited` with the seconds to wait when one is empty.
    """
    now = access.clock.now_ms() * 1000

    def work(conn: Connection) -> int:
        return max(
            (0 if seen.allowed else seen.wait_us)
            for seen in (limit_rows.take(conn, name, rate, now) for name, rate in buckets.items())
        )

    wait_us = await access.backend.write(work)
    if wait_us:
        raise CallerError(
            Failure(
                code=Code.RATE_LIMITED,
                message="Too many attempts. Wait a little before the next one.",
                retry_after_s=wait_us / 1_000_000,
            )
        )


async def forgive(access: Access, buckets: Mapping[str, Rate]) -> None:
    """Give back what somebody took who turned out to be whom they said."""

    def work(conn: Connection) -> None:
        for name, rate in buckets.items():
            limit_rows.give_back(conn, name, rate)

    await access.backend.write(work)


def buckets_of(access: Access, login: str | None, origin: Origin) -> dict[str, Rate]:
    """Name the buckets an attempt is counted in: of the name it is for, and of where it comes from."""
    found = {f"enter:address:{network_of(origin.address)}": PER_ADDRESS}
    if login is not None:
        found[f"enter:account:{access.derived('account', login)[:32]}"] = PER_ACCOUNT
    return found
