"""Health: what the outcomes of paid calls say about a channel and about each of its keys.

A key that is refused is paused, one that is throttled cools down, and a channel that does not answer
is out. Each is tried again after a while with one task, and later each time it fails again.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

from reelgate.core.dialect import Accepted, SubmitOutcome, Unclear
from reelgate.core.errors import Code, Failure


class State(StrEnum):
    """How a channel or a key stands."""

    WELL = "well"
    """It may be used."""
    COOLING = "cooling"
    """It was throttled and is left alone for a while."""
    PAUSED = "paused"
    """The upstream refused it: a wrong key, no permission, no money."""
    OUT = "out"
    """The upstream did not answer, or broke, several times in a row."""


class Finding(StrEnum):
    """What one outcome says."""

    FINE = "fine"
    """The upstream took the key and answered."""
    HOT = "hot"
    """It asks for patience."""
    SHUT = "shut"
    """It refuses this key whatever is asked."""
    BROKEN = "broken"
    """It did not answer, or with something that is no answer."""


_FINDINGS: Final[Mapping[Code, Finding]] = {
    Code.UNAUTHORIZED: Finding.SHUT,
    Code.PERMISSION_OR_CHANNEL: Finding.SHUT,
    Code.ACCOUNT_SUSPENDED: Finding.SHUT,
    Code.QUOTA_EXHAUSTED: Finding.SHUT,
    Code.INSUFFICIENT_CREDIT: Finding.SHUT,
    Code.BUDGET_EXCEEDED: Finding.SHUT,
    Code.RATE_LIMITED: Finding.HOT,
    Code.CONCURRENCY_LIMITED: Finding.HOT,
    Code.OVERLOADED: Finding.BROKEN,
    Code.SERVER_ERROR: Finding.BROKEN,
    Code.UPSTREAM_INTERNAL: Finding.BROKEN,
    Code.RUNNER_DISCONNECTED: Finding.BROKEN,
    Code.BAD_GATEWAY_PAYLOAD: Finding.BROKEN,
    Code.BLOCKED_ADDRESS: Finding.BROKEN,
}
WAITS_S: Final[Mapping[Finding, tuple[float, ...]]] = {
    Finding.SHUT: (60.0, 300.0, 900.0, 3_600.0),
    Finding.HOT: (5.0, 15.0, 60.0, 300.0),
    Finding.BROKEN: (10.0, 30.0, 60.0, 300.0, 600.0),
}
"""Seconds until it is tried again, after the first failure, the second, and so on."""
PROBE_S: Final = 120.0
"""How long one task is given to find out; after that another one tries."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How a channel or one of its keys stands, and why. Times are milliseconds since 1970."""

    id: str
    """The channel, or the key."""
    channel_id: str
    state: State = State.WELL
    code: Code | None = None
    why: str = ""
    since: int = 0
    """When it got into this state."""
    next_at: int | None = None
    """When it is tried again."""
    failures: int = 0
    """Failures in a row."""
    cooled_at: int | None = None
    """When it was throttled last."""

    def usable(self, now: int) -> bool:
        """Tell whether a task may be sent; of one that is paused or out, to find out how it is."""
        return self.state is State.WELL or (self.next_at is not None and now >= self.next_at)

    def on_trial(self, now: int) -> bool:
        """Tell whether the next task finds out how it is, alone."""
        return self.state in (State.PAUSED, State.OUT) and self.usable(now)


def finding_of(failure: Failure) -> Finding:
    """Say what a refusal tells about the key and the channel; a request refused for itself shows that both are fine."""
    return _FINDINGS.get(failure.code, Finding.FINE)


def reading(outcome: SubmitOutcome) -> tuple[Finding, Failure | None]:
    """Say what the outcome of a paid call tells."""
    match outcome:
        case Accepted():
            return Finding.FINE, None
        case Unclear(reason=reason):
            return Finding.BROKEN, Failure(code=Code.SUBMISSION_UNKNOWN, message=reason)
        case _:
            return finding_of(outcome.failure), outcome.failure


def tried(health: Health, now: int) -> Health:
    """Give what holds while one task finds out how it is."""
    return msgspec.structs.replace(health, next_at=now + int(PROBE_S * 1000))


def well(health: Health, now: int) -> Health:
    """Give what holds once it is well again."""
    return Health(id=health.id, channel_id=health.channel_id, since=now, cooled_at=health.cooled_at)


def after(
    health: Health, finding: Finding, failure: Failure | None, *, began: int, now: int, patience: int = 1
) -> Health:
    """Give what holds after one more outcome of a call that `began`; what began before the last turn says nothing new.

    `patience` is how many failures in a row it takes until a channel is out; 0 is for ever.
    """
    if health.state is not State.WELL and began <= health.since:
        return health
    if finding is Finding.FINE:
        return health if health.state is State.WELL and not health.failures else well(health, now)
    failures = health.failures + 1
    if finding is Finding.BROKEN and health.state is State.WELL and (not patience or failures < patience):
        return msgspec.structs.replace(health, failures=failures)
    state = {Finding.SHUT: State.PAUSED, Finding.HOT: State.COOLING}.get(finding, State.OUT)
    fresh = health.state is not state
    step = 1 if fresh else failures
    return Health(
        id=health.id,
        channel_id=health.channel_id,
        state=state,
        code=None if failure is None else failure.code,
        why="" if failure is None else failure.message,
        since=now if fresh else health.since,
        next_at=now + int(_wait_s(finding, failure, step) * 1000),
        failures=step,
        cooled_at=now if finding is Finding.HOT else health.cooled_at,
    )


def _wait_s(finding: Finding, failure: Failure | None, times: int) -> float:
    waits = WAITS_S[finding]
    wait = waits[min(times, len(waits)) - 1]
    if finding is not Finding.HOT or failure is None or failure.retry_after_s is None:
        return wait
    return max(failure.retry_after_s, 1.0)
