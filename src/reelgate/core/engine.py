"""What a runner promises. It delivers wake-ups at least once; every effect is guarded by rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from reelgate.core.lifecycle import Status


class Advance(Protocol):
    """Takes a task from where it is as far as it goes."""

    async def __call__(self, task_id: str) -> None:
        """Move the task until it is terminal, parked, or this process stops; safe to call again at any time."""
        ...


class Engine(Protocol):
    """Wakes tasks up. One conformance suite holds for every runner."""

    def enqueue(
        self,
        task_id: str,
        channel_id: str,
        *,
        model: str = "",
        priority: int = 0,
        delay_s: float = 0.0,
        holds_slot: bool = False,
        connection: Any = None,
    ) -> Callable[[], None]:
        """Note a wake-up for a task inside the caller's transaction; call the result after the commit.

        `model` lets another channel that serves it take the task over while it waits. `holds_slot`
        says that the upstream already works on it, so that it is watched however full the lane is.
        """
        ...

    def free_slots(self, channel_id: str) -> int:
        """Tell how many more attempts the channel's lane takes now."""
        ...

    def knows(self, task_id: str) -> bool:
        """Tell whether a wake-up for the task is waiting or under way here."""
        ...

    def overslept(self, task_id: str, status: Status) -> bool:
        """Tell whether a wake-up waits for a time that the task's new status has made pointless."""
        ...

    def cancel(self, task_id: str) -> None:
        """Wake the task now, so that it sees the cancel request in its row."""
        ...

    async def run(self, advance: Advance, started: Callable[[], Awaitable[None]] | None = None) -> None:
        """Deliver wake-ups until cancelled."""
        ...
