"""What a family's handler has at hand for one call: the book, the bill, links, and the faults that strike it."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from reelgate.testing.simulators.book import Job, Order, Sight, sight_of
from reelgate.testing.simulators.family import Ask, Clip, Post, Refusal, Why
from reelgate.testing.simulators.faults import FAULTS, Stage, amount, seconds_in
from reelgate.testing.upstream.jobs import BillLine

if TYPE_CHECKING:
    from reelgate.testing.simulators.server import Simulator


class Struck(Exception):
    """Raised when a fault takes the answer out of the handler's hands."""

    def __init__(self, name: str, argument: str) -> None:
        super().__init__(name)
        self.name = name
        self.argument = argument


class Desk:
    """Serves one call. Every method that meets a fault or an unknown job raises; a handler lets that pass."""

    def __init__(self, simulator: Simulator, ask: Ask) -> None:
        self._simulator = simulator
        self.ask = ask
        self.accepted: Job | None = None
        """The job this call made."""
        self.fault: str | None = None
        """The fault that took the answer away."""

    @property
    def notes(self) -> dict[str, Any]:
        """What the family keeps beside jobs: characters, files. Lives as long as the simulator."""
        return self._simulator.notes

    @property
    def now_ms(self) -> int:
        """The time, in milliseconds since 1970."""
        return self._simulator.clock.now_ms()

    @property
    def callback_secret(self) -> str:
        """What callbacks are signed with, for upstreams that tell it to whom they call back."""
        return self._simulator.script.callback_secret

    # Creating.

    def accept(self, order: Order) -> Job:
        """Take a job and bill it, once every field was found good; a fault may refuse it first."""
        self._simulator.creates += 1
        if not order.prompt and not order.files:
            raise Refusal(Why.INVALID, "`prompt` is required.", param="prompt")
        faults = self._simulator.faulter.strike(self._simulator.creates, order.prompt)
        for name in faults:
            if FAULTS[name].stage is Stage.BEFORE:
                raise Struck(name, faults[name])
        job = self._made(order, faults)
        self._simulator.bill.add(self._line(job))
        self._simulator.book.add(job)
        self._simulator.follow(job, self.ask.origin)
        self.accepted = job
        return job

    def _made(self, order: Order, faults: dict[str, str]) -> Job:
        script, clock = self._simulator.script, self._simulator.clock
        asked = seconds_in(order.prompt)
        number = len(self._simulator.bill) + 1
        return Job(
            ref=order.ref or self.new_id(self._simulator.family.ref, number),
            number=number,
            order=order,
            created_ms=clock.now_ms(),
            started=clock.monotonic(),
            queue_s=script.queue_s,
            run_s=script.run_s if asked is None else asked,
            faults=faults,
        )

    def _line(self, job: Job) -> BillLine:
        order, family = job.order, self._simulator.family
        by_second = int(family.second_micro * amount(order.seconds.removesuffix("s"), 4.0))
        return BillLine(
            number=job.number,
            ref=job.ref,
            verb=order.verb,
            model=order.model,
            prompt=order.prompt,
            seconds=order.seconds,
            token=order.token,
            at_ms=job.created_ms,
            micro=family.clip_micro + by_second,
        )

    def struck_after(self) -> Struck | None:
        """Give the fault that strikes the answer of a create that was accepted."""
        if self.accepted is None:
            return None
        faults = self.accepted.faults
        names = [name for name in faults if FAULTS[name].stage is Stage.AFTER]
        return Struck(names[0], faults[names[0]]) if names else None

    @staticmethod
    def new_id(pattern: str, number: int = 0) -> str:
        """Make an id: `{hex}`, `{uuid}` and `{number}` are filled in."""
        return pattern.format(hex=secrets.token_hex(16), uuid=uuid.uuid4(), number=number)

    # Asking.

    def look(self, ref: str) -> Sight:
        """Say how a job stands, for a poll. Raises Refusal for an unknown one."""
        job = self.job(ref)
        job.polls += 1
        self._strike_poll(job)
        return self.glance(job)

    def job(self, ref: str) -> Job:
        """Find a job without asking how it stands. Raises Refusal for an unknown one."""
        job = self._simulator.book.get(ref)
        if job is None or ("forgotten" in job.faults and job.polls >= 2):
            raise Refusal(Why.UNKNOWN_JOB)
        return job

    def named(self, token: str) -> Job | None:
        """Find a job by the client's own name for it."""
        return self._simulator.book.named(token)

    def glance(self, job: Job) -> Sight:
        """Say how a job stands without counting that as a poll, for lists and answers to a create."""
        return self.sight(self._simulator, job, self.ask.origin)

    @staticmethod
    def sight(simulator: Simulator, job: Job, origin: str = "") -> Sight:
        """Say how a job stands, outside of any call."""
        clock = simulator.clock
        sight = sight_of(job, clock.monotonic(), clock.now_ms())
        return (
            replace(sight, url=simulator.link(job, origin or simulator.origin)) if sight.has_clip else sight
        )

    def all_jobs(self) -> list[Sight]:
        """Say how every job stands, newest first; each is counted as polled."""
        jobs = [job for job in self._simulator.book.newest_first() if "forgotten" not in job.faults]
        for job in jobs:
            job.polls += 1
        return [self.glance(job) for job in jobs]

    async def watch(self, job: Job, every_s: float = 1.0) -> AsyncIterator[Sight]:
        """Say again and again how a job stands, to its end, for answers that stream."""
        while True:
            sight = self.glance(job)
            yield sight
            if sight.ended:
                return
            await self.sleep(every_s)

    async def sleep(self, seconds: float) -> None:
        """Wait on the simulator's clock."""
        await self._simulator.clock.sleep(seconds)

    def _strike_poll(self, job: Job) -> None:
        if job.polls == 1 and "poll_hangs" in job.faults:
            raise Struck("poll_hangs", "")
        if job.polls % 2:
            for name in _BY_TURNS & job.faults.keys():
                raise Struck(name, job.faults[name])

    # Ending.

    def cancel(self, ref: str) -> Sight:
        """Stop a job that has not ended; how it stands then says whether that came in time."""
        job = self.job(ref)
        self.stop(job)
        return self.glance(job)

    def stop(self, job: Job) -> None:
        """Stop a job that has not ended, where one id may stand for two."""
        if not self.glance(job).ended:
            job.stopped = self._simulator.clock.monotonic()

    def forget(self, ref: str) -> None:
        """Drop the record of a job, which stops nothing. Raises Refusal for an unknown one."""
        self._simulator.book.drop(self.job(ref).ref)

    # Files.

    def clip(self, ref: str) -> Clip:
        """Answer with a job's clip. Raises Refusal while it has none."""
        job = self.job(ref)
        if not self.glance(job).has_clip:
            raise Refusal(Why.NOT_READY)
        return Clip(job)

    async def clip_bytes(self, job: Job) -> bytes:
        """Give a job's clip whole, for upstreams that put it into an answer."""
        return await self._simulator.clip_of(job)

    def keep_file(self) -> str:
        """Keep the file that came with this call and give a link to it. Raises Refusal when none came."""
        if not self.ask.files:
            raise Refusal(Why.INVALID, "A file is required.", param="file")
        return f"{self.ask.origin}/simulator/uploads/{self.ask.files[0].sha256}"

    async def post(self, url: str, post: Post) -> bytes | None:
        """Post to a caller's address and give what it answers; None when nobody answers with 2xx."""
        return await self._simulator.caller.post(url, post)


_BY_TURNS = frozenset(
    {
        "flapping",
        "poll_html",
        "poll_empty",
        "poll_null",
        "poll_error",
        "poll_200_error",
        "poll_limited",
        "poll_unauthorized",
    }
)
