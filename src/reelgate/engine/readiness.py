"""Readiness: can this process take requests now, and if not, why, in words for whoever looks after it.

Looking changes nothing anybody could see, and costs little enough to be asked every second.
"""

from __future__ import annotations

import asyncio
from typing import Final

from reelgate.core.errors import ReelgateError
from reelgate.engine.context import Context
from reelgate.store import figures
from reelgate.store.backend import UNUSABLE, SchemaMismatch, check_schema
from reelgate.telemetry import log

PATIENCE_S: Final = 2.5
"""How long the database and the storage have to answer."""
KEEP_S: Final = 1.0
"""How long an answer is given again, however many ask."""
_NO_BLOB: Final = "0" * 64


class Readiness:
    """Looks at what this process needs, once for everybody who asks at the same time."""

    def __init__(self, ctx: Context, *, patience_s: float = PATIENCE_S) -> None:
        self._ctx = ctx
        self._patience_s = patience_s
        self._looking: asyncio.Task[tuple[str, ...]] | None = None
        self._found: tuple[str, ...] = ()
        self._until = float("-inf")

    async def reasons(self) -> tuple[str, ...]:
        """Give every reason not to send requests here; none when it is ready."""
        if self._ctx.clock.monotonic() < self._until:
            return self._found
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        # Whoever asked first may leave; the others still want to know.
        return await asyncio.shield(self._looking)

    async def _look(self) -> tuple[str, ...]:
        try:
            found = await asyncio.gather(
                _database(self._ctx, self._patience_s), _storage(self._ctx, self._patience_s)
            )
            reasons = tuple(reason for reason in found if reason is not None)
            if reasons and reasons != self._found:
                log.warning("not_ready", reasons=list(reasons))
            self._found = reasons
            self._until = self._ctx.clock.monotonic() + KEEP_S
            return reasons
        finally:
            self._looking = None


async def _database(ctx: Context, patience_s: float) -> str | None:
    """Ask as a writer: a database that only answers readers serves nobody."""
    try:
        async with asyncio.timeout(patience_s):
            check_schema(await ctx.backend.write(figures.pulse))
    except TimeoutError:
        return f"The database does not answer within {patience_s:g} s."
    except SchemaMismatch as mismatch:
        return f"The schema does not fit: {mismatch}."
    except (*UNUSABLE, OSError) as error:
        return f"The database cannot be written to: {type(error).__name__}."
    return None


async def _storage(ctx: Context, patience_s: float) -> str | None:
    """Keep a byte for a moment where files are received, and ask the place where they are kept for one."""
    spooled = ctx.blobs.spool()
    try:
        async with asyncio.timeout(patience_s):
            await asyncio.to_thread(spooled.write_bytes, b".")
            await ctx.blobs.size(_NO_BLOB)
    except TimeoutError:
        return f"The storage does not answer within {patience_s:g} s."
    except ReelgateError as error:
        return f"The storage cannot be used: {error.failure.message}"
    except OSError as error:
        return f"The data folder cannot be written to: {error.strerror}."
    finally:
        await asyncio.to_thread(spooled.unlink, missing_ok=True)
    return None
