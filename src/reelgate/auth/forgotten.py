"""Whose forgotten password it is: found by what somebody types, without telling them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reelgate.auth.access import MINUTE_US, PER_ADDRESS, Access, Origin, network_of
from reelgate.core.limits import Rate
from reelgate.store import users as user_rows
from reelgate.store.backend import Connection
from reelgate.store.users import User

PER_NAME: Final = Rate(per_minute=1, interval_us=20 * MINUTE_US, depth=3)
"""Links sent for one name, whoever asks: three at once, then one in twenty minutes."""


def buckets_of(access: Access, typed: str, origin: Origin) -> Mapping[str, Rate]:
    """Name the buckets a request is counted in, the same whether there is such an account."""
    return {
        f"enter:address:{network_of(origin.address)}": PER_ADDRESS,
        f"forgot:{access.derived('forgotten', typed.strip().lower())[:32]}": PER_NAME,
    }


async def whose(access: Access, typed: str) -> User | None:
    """Give the one account that a login or an address names, if it has a password and somewhere to write to.

    An address that several have names none of them.
    """
    spelt = typed.strip().lower()

    def work(conn: Connection) -> list[User]:
        named = user_rows.by_login(conn, spelt)
        return user_rows.by_email(conn, spelt) if named is None else [named]

    found = await access.backend.read(work)
    if len(found) != 1:
        return None
    (user,) = found
    usable = user.password is not None and user.email is not None and user.disabled_at is None
    return user if usable else None
