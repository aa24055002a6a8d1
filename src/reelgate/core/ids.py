"""Public ids: a word for the kind, then 26 characters that sort by time and carry 80 random bits."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, Literal, Protocol

Kind = Literal[
    "video",
    "att",
    "evt",
    "file",
    "char",
    "key",
    "chan",
    "ckey",
    "user",
    "team",
    "sess",
    "link",
    "skey",
    "proj",
    "asset",
    "we",
    "dlv",
    "led",
    "acct",
    "req",
    "fold",
    "tag",
    "preset",
    "share",
    "act",
    "chg",
    "mail",
]

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS: Final = tuple(high + low for high in _ALPHABET for low in _ALPHABET)
_RESERVED: Final = frozenset({"characters", "edits", "extensions"})


class Ids(Protocol):
    """Where new ids come from."""

    def new(self, kind: Kind) -> str:
        """Give an id never given before, of the form `kind_xxxxxxxxxxxxxxxxxxxxxxxxxx`."""
        ...

    def token(self) -> str:
        """Give 256 random bits as 52 URL-safe characters, for client tokens and keys."""
        ...


def encode(value: int, length: int) -> str:
    """Write `value` in Crockford base 32, lower case, left-padded to `length`."""
    pairs = [_PAIRS[(value >> shift) & 1023] for shift in range(10 * ((length - 1) // 2), -1, -10)]
    return "".join(pairs)[-length:]


@lru_cache(maxsize=8)
def _moment(now_ms: int) -> str:
    """Write a time; a busy server makes several ids in every millisecond."""
    return encode(now_ms, 10)


def sortable(kind: Kind, now_ms: int, random_80_bits: int) -> str:
    """Compose an id from a wall-clock time in milliseconds and 80 random bits."""
    high, low = random_80_bits >> 40, random_80_bits & 0xFFFFFFFFFF
    return (
        f"{kind}_{_moment(now_ms)}"
        f"{_PAIRS[(high >> 30) & 1023]}{_PAIRS[(high >> 20) & 1023]}{_PAIRS[(high >> 10) & 1023]}{_PAIRS[high & 1023]}"
        f"{_PAIRS[low >> 30]}{_PAIRS[(low >> 20) & 1023]}{_PAIRS[(low >> 10) & 1023]}{_PAIRS[low & 1023]}"
    )


def is_literal(name: str) -> bool:
    """Tell whether a path segment is one of the words that share the id space of `/v1/videos`."""
    return name in _RESERVED
