"""Housekeeping: what is done again and again beside the tasks, and goes on whatever breaks."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from reelgate.core.clock import Clock
from reelgate.telemetry import log


async def every(clock: Clock, seconds: float, name: str, work: Callable[[], Awaitable[object]]) -> None:
    """Do a piece of housekeeping again and again; one that breaks is logged and done again."""
    while True:
        try:
            await work()
        except Exception:  # noqa: BLE001 - the loop logs and goes on by rule
            log.exception("housekeeping_broke", work=name)
        await clock.sleep(seconds)
