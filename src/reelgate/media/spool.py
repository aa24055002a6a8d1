"""The spool: places for files that are still being received, made or copied, swept when nobody finished them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from reelgate.core.clock import Clock


class Spool:
    """Gives temporary places in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def new(self) -> Path:
        """Give a path nobody has; the file itself is the caller's to make."""
        return self.folder / secrets.token_hex(16)

    def listed(self) -> Iterator[tuple[str, float]]:
        """List the files with the time, in seconds since 1970, somebody last wrote to each."""
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):
                yield path.name, path.stat().st_mtime

    async def sweep(self, older_than_s: float, clock: Clock) -> int:
        """Remove files nobody has written to for that long and say how many."""
        return await asyncio.to_thread(self._sweep, clock.now_ms() / 1000 - older_than_s)

    def _sweep(self, before: float) -> int:
        removed = 0
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_mtime < before:
                    path.unlink()
                    removed += 1
        return removed
