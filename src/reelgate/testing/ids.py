"""Ids that come out the same on every run."""

from __future__ import annotations

from random import Random

from reelgate.core.ids import Kind, encode, sortable


class SeededIds:
    """Gives ids and tokens that depend on the seed and the order of asking alone."""

    def __init__(self, seed: int = 1, now_ms: int = 1_750_000_000_000) -> None:
        self._random = Random(seed)
        self._now_ms = now_ms

    def new(self, kind: Kind) -> str:
        """Give the next id; later ones sort after earlier ones."""
        self._now_ms += 1
        return sortable(kind, self._now_ms, self._random.getrandbits(80))

    def token(self) -> str:
        """Give the next token of 52 characters."""
        return encode(self._random.getrandbits(256), 52)
