"""How many bytes of request bodies may be in flight at once; whoever comes over it is asked to wait."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from reelgate.core.errors import CallerError, Code, Failure

RETRY_AFTER_S = 2.0


class Share:
    """What one request holds of the budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self.held = 0

    def take(self, size: int) -> None:
        """Hold `size` bytes more.

        Raises CallerError `concurrency_limited` when the budget has no room for them.
        """
        self._budget.check(size)
        self._budget.held += size
        self.held += size

    def release(self) -> None:
        """Give everything back."""
        self._budget.held -= self.held
        self.held = 0


class Budget:
    """Counts bytes in flight against a ceiling; 0 means no ceiling."""

    def __init__(self, ceiling: Callable[[], int]) -> None:
        self._ceiling = ceiling
        self.held = 0

    def check(self, size: int) -> None:
        """Make sure that `size` bytes more would fit.

        Raises CallerError `concurrency_limited` when they would not.
        """
        ceiling = self._ceiling()
        if ceiling and self.held + size > ceiling:
            raise CallerError(
                Failure(
                    code=Code.CONCURRENCY_LIMITED,
                    message="Too many bytes are being uploaded at once. Nothing was created; try again shortly.",
                    retry_after_s=RETRY_AFTER_S,
                )
            )

    @contextmanager
    def share(self) -> Generator[Share, None, None]:
        """Hold bytes for as long as the block runs."""
        share = Share(self)
        try:
            yield share
        finally:
            share.release()
