"""Money in integer micro-units (one millionth of the unit of account), never in floats."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal, InvalidOperation
from enum import StrEnum
from typing import NewType

import msgspec

Micro = NewType("Micro", int)

ZERO = Micro(0)
ONE = Micro(1_000_000)
_LARGEST = 10**12


class EntryKind(StrEnum):
    """What a ledger row does; a task has at most one row of each kind."""

    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    DEPOSIT = "deposit"


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The price promised before anything is sent; settled at this price whatever changes later."""

    amount: Micro
    currency: str
    fingerprint: str
    """The request it was made for."""


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """How a hold is closed: what is taken and what is given back; both together equal the hold."""

    capture: Micro
    release: Micro


def price(per_second: Micro, per_clip: Micro, seconds: int) -> Micro:
    """Compute what a clip of `seconds` costs.

    Raises ValueError for a negative length.
    """
    if seconds < 0:
        msg = "seconds must not be negative"
        raise ValueError(msg)
    return Micro(per_clip + per_second * seconds)


def settle(held: Micro, owed: Micro) -> Settlement:
    """Close a hold of `held` for a debt of `owed`; never takes more than was held."""
    capture = Micro(min(max(owed, 0), held))
    return Settlement(capture=capture, release=Micro(held - capture))


def show(amount: Micro) -> str:
    """Write an amount with two to six decimals, as a person reads it."""
    sign = "-" if amount < 0 else ""
    units, micros = divmod(abs(amount), 1_000_000)
    return f"{sign}{units}.{f'{micros:06d}'.rstrip('0').ljust(2, '0')}"


def measured(value: object) -> Micro | None:
    """Read an amount as an upstream writes it, a number or text such as `"12.5"`, rounded down; None for anything else."""
    try:
        amount = Decimal(str(value).strip()[:40])
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) >= _LARGEST:
        return None
    return Micro(int((amount * 1_000_000).to_integral_value(ROUND_FLOOR)))


def read(text: str) -> Micro | None:
    """Read an amount as a person writes it, `12` or `12.50`; None for anything else."""
    units, _, parts = text.strip().partition(".")
    whole = units.isascii() and units.isdigit() and len(units) <= 12
    if not whole or not (parts == "" or (parts.isascii() and parts.isdigit() and len(parts) <= 6)):
        return None
    return Micro(int(units) * 1_000_000 + int(parts.ljust(6, "0")))
