"""A dialect that says what a test tells it to: no wire, no effect, every outcome at will."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Generator, Mapping, Sequence

from reelgate.core.dialect import (
    Accepted,
    Answer,
    CancelOutcome,
    Channel,
    Effect,
    FindOutcome,
    NotFound,
    Observation,
    Output,
    Phase,
    Submission,
    SubmitOutcome,
)
from reelgate.core.profile import Profiles, parse_profiles
from reelgate.core.words import percent

PROFILE = """
dialect = "scripted"
checked = "2026-11-22"

[[model]]
name = "scripted-1"
title = "Scripted"
provider = "test"
seconds_range = { min = 1, max = 60 }
size_range = { min = 16, max = 4096 }
verbs = ["create", "remix", "edit", "extend"]
inputs = { first_frame = 1, last_frame = 1, reference = 8, source_video = 1 }
characters = 8
seed = true
price_per_second = 100_000
usual_seconds = 10
deadline_seconds = 2_700
poll_seconds = 10.0
"""


class Scripted:
    """Plays scripted outcomes and keeps the bill: every accepted submission is counted."""

    name = "scripted"

    def __init__(self) -> None:
        self.outcomes: deque[SubmitOutcome | Exception] = deque()
        """What the next submissions answer; when empty they are accepted."""
        self.sights: dict[str, deque[Observation]] = defaultdict(deque)
        """What the next polls of a ref see; the last one stays."""
        self.found: FindOutcome = NotFound(certain=False, reason="nobody knows")
        self.stops = True
        self.submitted: list[Submission] = []
        self.bill: list[str] = []
        self.polls = 0
        self.cancelled: list[str] = []

    @property
    def profiles(self) -> Profiles:
        """The facts about its one model."""
        return parse_profiles(PROFILE)

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Answer with the next scripted outcome."""
        self.submitted.append(submission)
        outcome = self.outcomes.popleft() if self.outcomes else self.accepted()
        if isinstance(outcome, Exception):
            raise outcome
        if isinstance(outcome, Accepted):
            self.bill.append(outcome.ref)
        return outcome
        yield  # a generator, like every dialect's flow

    def accepted(self) -> Accepted:
        """Make the outcome of a submission that was taken."""
        return Accepted(ref=f"job-{len(self.submitted)}")

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """See what the script says of the job."""
        self.polls += 1
        return self._sight(ref)
        yield

    def poll_many(
        self, refs: Sequence[str], channel: Channel
    ) -> Generator[Effect, Answer, Mapping[str, Observation]]:
        """See what the script says of many jobs in one poll."""
        self.polls += 1
        return {ref: self._sight(ref) for ref in refs}
        yield

    def find(
        self, submission: Submission, channel: Channel, taken: frozenset[str]
    ) -> Generator[Effect, Answer, FindOutcome]:
        """Find what the script says."""
        return self.found
        yield

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Stop the job when the script says that it can be stopped."""
        self.cancelled.append(ref)
        return CancelOutcome(ended=self.stops)
        yield

    def _sight(self, ref: str) -> Observation:
        sights = self.sights[ref]
        if not sights:
            return running()
        return sights.popleft() if len(sights) > 1 else sights[0]


def running(progress: int | None = None) -> Observation:
    """Make the observation of a job that goes on."""
    return Observation(phase=Phase.IN_PROGRESS, progress=percent(progress), word="running")


def finished(drawing: str = "clip") -> Observation:
    """Make the observation of a job that is done and gives a clip."""
    return Observation(phase=Phase.COMPLETED, outputs=(Output(drawing=drawing),), word="done")
