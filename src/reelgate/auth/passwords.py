"""Passwords: argon2id, a few at a time in threads of their own, the same time for somebody unknown."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

import msgspec
from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from reelgate.core.errors import CallerError, Code, Failure, refuse

SHORTEST: Final = 10
LONGEST: Final = 1_000
_FEWEST_CHARACTERS: Final = 4
"""Different ones a password must have."""

T = TypeVar("T")


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one digest takes. The defaults are RFC 9106's for little memory."""

    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 4
    at_once: int = 4
    """Digests made side by side; each takes its memory."""
    waiting: int = 64
    """Who may wait for their turn before others are sent away."""


class Passwords:
    """Makes and checks digests. Close it when done."""

    def __init__(self, cost: Cost | None = None) -> None:
        self.cost = cost or Cost()
        self._hasher = PasswordHasher(
            time_cost=self.cost.passes,
            memory_cost=self.cost.memory_kib,
            parallelism=self.cost.lanes,
            type=Type.ID,
        )
        self._threads: ThreadPoolExecutor | None = None
        self._under_way = 0
        self._nobody: str | None = None

    async def digest(self, password: str) -> str:
        """Give what is stored of a password.

        Raises CallerError `overloaded` when too many are waiting.
        """
        return await self._turn(lambda: self._hasher.hash(_written(password)))

    async def check(self, stored: str | None, password: str) -> bool:
        """Tell whether a password is the one of a stored digest; takes as long when there is none.

        Raises CallerError `overloaded` when too many are waiting.
        """
        return await self._turn(lambda: self._matches(stored, password))

    def outdated(self, stored: str) -> bool:
        """Tell whether a digest was made at another cost than would be taken now."""
        return self._hasher.check_needs_rehash(stored)

    def close(self) -> None:
        """Let go of the threads; a digest under way is finished by itself."""
        if self._threads is not None:
            self._threads.shutdown(wait=False)
            self._threads = None

    def _matches(self, stored: str | None, password: str) -> bool:
        if self._nobody is None:
            self._nobody = self._hasher.hash("nobody has this password")
        try:
            return self._hasher.verify(stored or self._nobody, _written(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False

    async def _turn(self, work: Callable[[], T]) -> T:
        if self._under_way >= self.cost.at_once + self.cost.waiting:
            raise CallerError(
                Failure(
                    code=Code.OVERLOADED,
                    message="Too many people are signing in at this moment. Try again in a few seconds.",
                    retry_after_s=5.0,
                )
            )
        if self._threads is None:
            # As many threads as slots: somebody who gives up does not free memory that is still in use.
            self._threads = ThreadPoolExecutor(self.cost.at_once, thread_name_prefix="passwords")
        done = self._threads.submit(work)
        self._under_way += 1
        loop = asyncio.get_running_loop()
        done.add_done_callback(lambda _: _tell(loop, self._one_less))
        return await asyncio.wrap_future(done)

    def _one_less(self) -> None:
        self._under_way -= 1


def _tell(loop: asyncio.AbstractEventLoop, what: Callable[[], None]) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(what)


def _written(password: str) -> str:
    """Write a password as every keyboard does: the same letters have several spellings in Unicode."""
    return unicodedata.normalize("NFKC", password)


def check_new(password: str, login: str) -> str:
    """Give a password that somebody may choose.

    Raises CallerError naming `password` when it is too short, too long or too plain.
    """
    plain = _written(password)
    if not SHORTEST <= len(plain) <= LONGEST:
        raise refuse(
            Code.INVALID_REQUEST,
            f"A password has {SHORTEST} to {LONGEST} characters.",
            param="password",
        )
    if len(set(plain)) < _FEWEST_CHARACTERS or (login and login in plain.lower()):
        raise refuse(
            Code.INVALID_REQUEST,
            "This password is too easy to guess: it repeats itself or holds the name it belongs to.",
            param="password",
        )
    return password
