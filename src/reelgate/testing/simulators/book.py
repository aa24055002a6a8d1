"""What a simulated upstream keeps: jobs that grow with time. Where a job stands follows from the clock alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.testing.simulators.faults import amount
from reelgate.testing.upstream.jobs import FileSeen

STRANGE_WORD: Final = "pondering"
"""The status word that no upstream has."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a create asks for, as its family read it."""

    prompt: str
    model: str = ""
    seconds: str = "4"
    """Text, as most upstreams write it; whatever the family was sent."""
    size: str = "720x1280"
    verb: str = "create"
    parent: str | None = None
    fields: Mapping[str, Any] = {}
    """The create as it came."""
    files: tuple[FileSeen, ...] = ()
    token: str | None = None
    """The client's own name for the job, where the wire has a place for one."""
    ref: str | None = None
    """The job's id, where the client gives it; None has one made."""
    callback: str | None = None
    """Where the client wants to be told."""
    facts: Mapping[str, Any] = {}
    """Anything the family wants to find again on the job."""


class Job(msgspec.Struct, kw_only=True):
    """One accepted job."""

    ref: str
    number: int
    order: Order
    created_ms: int
    started: float
    """On the monotonic clock."""
    queue_s: float
    run_s: float
    faults: Mapping[str, str] = {}
    polls: int = 0
    fetches: int = 0
    stopped: float | None = None
    """When it was cancelled, on the monotonic clock."""

    @property
    def ends(self) -> float:
        """When its work is done, on the monotonic clock, if nothing stops it."""
        late = amount(self.faults["late"], 3_600.0) if "late" in self.faults else 0.0
        return self.started + self.queue_s + self.run_s + late


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """How a job stands at one moment. A family writes this in its own words."""

    job: Job
    phase: Phase
    percent: int | float
    """How far it is, as it is to be reported: a fault may have bent it."""
    has_clip: bool = False
    trouble: str | None = None
    """Why there is no clip at the end: `broke`, `moderated`, `withheld` (completed, billed, kept back) or `expired`."""
    strange: bool = False
    """Whether its word is to be one nobody knows."""
    url: str = ""
    """A link to the clip that needs no key, while it has one; empty otherwise."""
    now_ms: int = 0

    @property
    def ref(self) -> str:
        """The job's id."""
        return self.job.ref

    @property
    def ended(self) -> bool:
        """Whether nothing will change any more."""
        return self.phase not in {Phase.QUEUED, Phase.IN_PROGRESS}

    @property
    def share(self) -> float:
        """How far it is, from 0 to 1 unless a fault has bent it."""
        return self.percent / 100

    @property
    def ended_ms(self) -> int:
        """When it ended, in milliseconds since 1970."""
        job = self.job
        end = job.ends if job.stopped is None else job.stopped
        return job.created_ms + int((end - job.started) * 1_000)

    def word(self, words: Mapping[Phase, str]) -> str:
        """Give the family's word for the phase, or one nobody knows where a fault says so."""
        return STRANGE_WORD if self.strange else words[self.phase]

    def message(self) -> str:
        """Say why it ended without a clip."""
        return _MESSAGES[self.trouble or "broke"]


_MESSAGES: Final[Mapping[str, str]] = {
    "broke": "The generation broke.",
    "moderated": "Your request was blocked by our content policy.",
    "withheld": "The clip was withheld by our content policy.",
    "expired": "The job expired before it was done.",
}


def sight_of(job: Job, now: float, now_ms: int) -> Sight:
    """Say how a job stands at `now` on the monotonic clock."""
    phase, percent = _stands(job, now)
    trouble = _trouble(job) if phase in {Phase.COMPLETED, Phase.FAILED} else None
    has_clip = phase is Phase.COMPLETED and trouble is None and not _clip_is_missing(job)
    running = phase in {Phase.QUEUED, Phase.IN_PROGRESS}
    return Sight(
        job=job,
        phase=phase,
        percent=_bent(job, percent) if phase is Phase.IN_PROGRESS else percent,
        has_clip=has_clip,
        trouble=trouble,
        strange=running and "unknown_word" in job.faults,
        now_ms=now_ms,
    )


def _stands(job: Job, now: float) -> tuple[Phase, int]:
    age = now - job.started
    stopped = job.stopped is not None and job.stopped < job.ends
    if stopped:
        return Phase.CANCELLED, 0
    if age < job.queue_s:
        return Phase.QUEUED, 0
    share = (age - job.queue_s) / job.run_s if job.run_s > 0 else 1.0
    if "never_ends" in job.faults or now < job.ends:
        return Phase.IN_PROGRESS, min(
            98 if share >= 1 or "never_ends" in job.faults else 99, int(share * 100)
        )
    if _trouble(job) in {"broke", "moderated", "expired"}:
        return Phase.FAILED, 100
    return Phase.COMPLETED, 100


def _trouble(job: Job) -> str | None:
    named = {"fails": "broke", "fails_moderation": "moderated", "withheld": "withheld", "expires": "expired"}
    return next((trouble for fault, trouble in named.items() if fault in job.faults), None)


def _clip_is_missing(job: Job) -> bool:
    if "late_output" in job.faults:
        return job.polls <= amount(job.faults["late_output"], 2)
    return "no_output" in job.faults


def _bent(job: Job, percent: int) -> int | float:
    if "progress_over" in job.faults:
        return 250
    if "progress_falls" in job.faults:
        return 100 - percent
    return percent + 0.5 if "progress_float" in job.faults else percent


class Book:
    """Every job, in the order they came."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._tokens: dict[str, str] = {}

    def add(self, job: Job) -> None:
        """Take a job down; a later job of the same id takes its place."""
        self._jobs[job.ref] = job
        if job.order.token is not None:
            self._tokens.setdefault(job.order.token, job.ref)

    def get(self, ref: str) -> Job | None:
        """Find a job by its id."""
        return self._jobs.get(ref)

    def named(self, token: str) -> Job | None:
        """Find the first job that came with a client's own name for it."""
        return self._jobs.get(self._tokens.get(token, ""))

    def drop(self, ref: str) -> None:
        """Forget a job."""
        self._jobs.pop(ref, None)

    def newest_first(self) -> list[Job]:
        """Give every job, newest first."""
        return list(reversed(self._jobs.values()))

    def __len__(self) -> int:
        return len(self._jobs)
