"""Time as an argument."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now_ms(self) -> int:
        """Give the wall-clock time in milliseconds since 1970."""
        ...

    def monotonic(self) -> float:
        """Give seconds on a clock that never jumps; only differences mean anything."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds`."""
        ...
