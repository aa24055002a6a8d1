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

    @property
    def in_rows(self) -> bool:
        """Whether wake-ups are rows beside the tasks, so that the database knows which task has none."""
        ...

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

        A runner that keeps wake-ups in rows writes it on `connection`; without one it writes it when the
        result is called, and a sweep makes up for what is lost in between. A task that is at work when
        it is woken is woken again afterwards.

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

    async def look(self) -> None:
        """See how full the lanes are, so that new tasks go where there is room."""
        ...

    async def even_out(self) -> None:
        """Let waiting tasks follow their channels, and none wait while another one that serves it has a free slot."""
        ...

    def stop(self) -> None:
        """Start nothing more."""
        ...

    async def drain(self, seconds: float) -> None:
        """Start nothing more, let what is under way end for up to `seconds`, then cut it off.

        What is cut off goes on after the next start, or on another process.
        """
        ...

    async def settle(self) -> None:
        """Wait until every wake-up noted here is where it belongs."""
        ...
