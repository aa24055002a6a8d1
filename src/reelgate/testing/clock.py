"""A clock that stands still until it is told to move."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count

_TURNS = 20
"""Turns the event loop gets after each wake-up, so that what was woken can run and sleep again."""


class FakeClock:
    """Keeps the time it is given; `sleep` returns only when `advance` passes its end."""

    def __init__(self, now_ms: int = 1_750_000_000_000) -> None:
        self._wall_ms = float(now_ms)
        self._monotonic = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now_ms(self) -> int:
        """Give the wall-clock time in milliseconds since 1970."""
        return int(self._wall_ms)

    def monotonic(self) -> float:
        """Give seconds since this clock was made."""
        return self._monotonic

    @property
    def sleepers(self) -> int:
        """How many sleeps are waiting."""
        return sum(not future.done() for _, _, future in self._sleepers)

    async def sleep(self, seconds: float) -> None:
        """Return when the clock has been advanced by `seconds`."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._monotonic + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        """Move on by `seconds`, waking every sleeper that comes due, in order, at its own time."""
        end = self._monotonic + seconds
        await self.settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            due, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._move_to(due)
            future.set_result(None)
            await self.settle()
        self._move_to(end)
        await self.settle()

    def jump_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back, as an operator or a time server does; no sleeper notices."""
        self._wall_ms += seconds * 1_000

    async def settle(self) -> None:
        """Let everything that can run do so; work in threads is not waited for."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    def _move_to(self, moment: float) -> None:
        self._wall_ms += (moment - self._monotonic) * 1_000
        self._monotonic = moment
