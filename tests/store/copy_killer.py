"""A copy in a process of its own that is killed when so many rows are on their way."""

from __future__ import annotations

import os
import signal

from reelgate.store.copying import copy


def copy_and_die(source: str, target: str, kill_at: int, batch: int) -> None:
    """Copy, and be killed before the transaction that makes it `kill_at` rows is committed."""

    def tell(table: str, done: int, total: int) -> None:
        if done >= kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    copy(source, target, tell, batch=batch)
