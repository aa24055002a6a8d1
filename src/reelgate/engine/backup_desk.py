"""The desk where backups are asked for while the installation runs: one at a time, beside everything else."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from reelgate.core.clock import Clock
from reelgate.core.errors import Code, refuse
from reelgate.engine import backups
from reelgate.engine.backups import BackupError, Finding, Installation, Listed
from reelgate.telemetry import log

_UNWRITABLE: Final = "unwritable"


class Failed(msgspec.Struct, frozen=True):
    """Why the last backup that was asked for could not be made."""

    at: int
    """Milliseconds since 1970."""
    finding: Finding | str
    """What was found; `unwritable` when the folder takes no files."""
    about: str
    """Of what it was found."""


class Desk:
    """Makes backups on request. Each has a thread and an event loop of its own, so that no request waits for it."""

    def __init__(
        self, of: Installation, folder: Path, clock: Clock, *, every_h: float = 0, keep: int = 7
    ) -> None:
        self.folder = folder
        self.every_h = every_h
        """Hours between automatic backups; 0 when none are made."""
        self.keep = keep
        """Automatic backups kept."""
        self.began_at: int | None = None
        """When the backup that is being made was begun, in milliseconds since 1970; None when none is."""
        self.failed: Failed | None = None
        self._of = of
        self._clock = clock
        self._task: asyncio.Task[None] | None = None
        self._inside: tuple[asyncio.AbstractEventLoop, asyncio.Task[Path | None]] | None = None

    async def listed(self) -> list[Listed]:
        """List the backups there are, newest first."""
        return await asyncio.to_thread(backups.listed, self.folder)

    def start(self) -> int:
        """Have a backup made; gives when it was begun.

        Raises CallerError `not_ready` while another is being made.
        """
        if self._task is not None:
            raise refuse(Code.NOT_READY, "A backup is being made already; wait until it is done.")
        self.began_at = self._clock.now_ms()
        self._task = asyncio.create_task(self._make(self.began_at))
        return self.began_at

    async def settled(self) -> None:
        """Return when no backup is being made."""
        if self._task is not None:
            await asyncio.wait({self._task})

    async def close(self) -> None:
        """Give up the backup that is being made; nothing of it is left."""
        inside = self._inside
        if inside is not None:
            loop, task = inside
            with suppress(RuntimeError):  # it has just ended by itself
                loop.call_soon_threadsafe(task.cancel)
        await self.settled()

    async def _make(self, now: int) -> None:
        try:
            made = await asyncio.to_thread(self._in_thread, now)
        except BackupError as error:
            self._failed(error.finding, error.name)
        except OSError as error:
            self._failed(_UNWRITABLE, error.strerror or type(error).__name__)
        except asyncio.CancelledError:
            self._failed("stopped", "")
        else:
            if made is None:
                self._failed("elsewhere", str(self.folder))
            else:
                self.failed = None
                log.info("backed_up", path=str(made))
        finally:
            self.began_at = self._task = None

    def _failed(self, finding: Finding | str, about: str) -> None:
        log.warning("backup_failed", finding=finding, about=about)
        self.failed = Failed(self._clock.now_ms(), finding, about)

    def _in_thread(self, now: int) -> Path | None:
        async def work() -> Path | None:
            task = asyncio.ensure_future(backups.make(self._of, self.folder, now / 1000))
            self._inside = (asyncio.get_running_loop(), task)
            try:
                return await task
            finally:
                self._inside = None

        return asyncio.run(work())
