"""Audit: a privileged action and its entry in the log are committed together, or neither is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeVar

import msgspec

from reelgate.core.audit import Entry, Outcome
from reelgate.store import audit as audit_rows
from reelgate.store.backend import Backend, Connection

T = TypeVar("T")


class Noting:
    """A backend for one privileged action: the first transaction that changes anything carries the entry.

    Work that gives False says that it found nothing to change.
    """

    def __init__(self, inner: Backend, entry: Callable[[], Entry]) -> None:
        self._inner = inner
        self._entry = entry
        self._noted = False

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which database it is."""
        return self._inner.kind

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work`, and the entry with the first one."""
        if self._noted:
            return await self._inner.write(work)
        entry = self._entry()

        def both(conn: Connection) -> tuple[T, bool]:
            result = work(conn)
            changed = not (isinstance(result, bool) and not result)
            if changed:
                audit_rows.append(conn, entry)
            return result, changed

        self._noted = True
        try:
            result, self._noted = await self._inner.write(both)
        except BaseException:
            self._noted = False
            raise
        return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a read."""
        return await self._inner.read(work)

    async def point(self, work: Callable[[Connection], T]) -> T:
        """Run a read of a row or two."""
        return await self._inner.point(work)

    async def changed_elsewhere(self) -> bool:
        """Tell whether another process may have committed something."""
        return await self._inner.changed_elsewhere()

    async def close(self) -> None:
        """Leave the database open: it is another's."""

    async def finish(self, outcome: Outcome, details: dict[str, object]) -> None:
        """Write down an action that wrote nothing itself, or how one ended that was refused."""
        if self._noted and outcome is Outcome.DONE:
            return
        entry = self._entry()
        ended = msgspec.structs.replace(entry, outcome=outcome, details={**entry.details, **details})
        await self._inner.write(lambda conn: audit_rows.append(conn, ended))
        self._noted = True
