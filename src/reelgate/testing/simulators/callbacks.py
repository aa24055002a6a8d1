"""Tells callers that a job moved, as upstreams do: each change once, a second try when nobody takes it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

import aiohttp
import msgspec
from msgspec.structs import replace

from reelgate.core.clock import Clock
from reelgate.core.dialect import Phase
from reelgate.testing.simulators.book import Job, Sight
from reelgate.testing.simulators.family import Family, Post, Teller

FORGED_SECRET: Final = "not-the-secret"
_PATIENCE: Final = aiohttp.ClientTimeout(total=10.0)
_TRIES: Final = 2


class Told(msgspec.Struct, frozen=True):
    """One callback that was posted."""

    ref: str
    phase: str
    forged: bool
    taken: bool
    """Whether somebody answered with 2xx."""


class Caller:
    """Posts callbacks."""

    def __init__(self, family: Family, clock: Clock, secret: str) -> None:
        self.told: list[Told] = []
        self._family = family
        self._clock = clock
        self._secret = secret
        self._session: aiohttp.ClientSession | None = None
        self._running: set[asyncio.Task[None]] = set()

    def follow(self, job: Job, origin: str, glance: Callable[[Job], Sight]) -> None:
        """Call back about a job whenever it moves, until it ends."""
        if self._family.tell is None or job.order.callback is None or "no_callback" in job.faults:
            return
        task = asyncio.get_running_loop().create_task(self._follow(job, origin, glance))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def close(self) -> None:
        """Call nobody back any more."""
        for task in list(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    async def _follow(self, job: Job, origin: str, glance: Callable[[Job], Sight]) -> None:
        seen: Phase | None = None
        if "forged_callback" in job.faults:
            done = replace(glance(job), phase=Phase.COMPLETED, percent=100, has_clip=True)
            await self._tell(done, origin, forged=True)
        while True:
            sight = glance(job)
            if sight.phase is not seen:
                seen = sight.phase
                for _ in range(3 if "duplicate_callback" in job.faults else 1):
                    await self._tell(sight, origin)
            if sight.ended:
                return
            await self._clock.sleep(max(0.02, min(0.5, job.run_s / 10)))

    async def _tell(self, sight: Sight, origin: str, *, forged: bool = False) -> None:
        secret = FORGED_SECRET if forged else self._secret
        teller = Teller(secret=secret, origin=origin, now_ms=self._clock.now_ms())
        post = self._family.tell(sight, teller) if self._family.tell is not None else None
        url = sight.job.order.callback
        if post is None or url is None:
            return
        for _ in range(_TRIES):
            taken = await self.post(url, post) is not None
            self.told.append(Told(sight.ref, sight.phase.value, forged, taken))
            if taken:
                return

    async def post(self, url: str, post: Post) -> bytes | None:
        """Post once and give what was answered; None when nobody answers with 2xx."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=_PATIENCE)
        headers = {"Content-Type": "application/json", "X-Reelgate-Simulator": self._family.dialect}
        try:
            async with self._session.post(
                url, data=post.body, headers={**headers, **post.headers}, allow_redirects=False
            ) as answer:
                body = await answer.read()
                return body if answer.status < 300 else None
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return None
