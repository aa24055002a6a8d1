"""How often and how much at once: allowances, and buckets that count in whole microseconds.

A bucket is one number, the time at which it will be full again (the generic cell rate algorithm's
"theoretical arrival time"). `store.limits` keeps it in a row and changes it in one statement that
says what `judge` says.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import msgspec

MINUTE_US: Final = 60_000_000
SKEW_US: Final = 5 * MINUTE_US
"""How far the clocks of two processes may differ. A bucket that is full later than that saw the clock set back."""
PATIENCE_US: Final = 5 * MINUTE_US
"""How far ahead a lane books its next calls."""
MOST_A_MINUTE: Final = 1_000_000
MOST_AT_ONCE: Final = 1_000_000


class Subject(StrEnum):
    """Whose limits an allowance sets."""

    KEY = "key"
    USER = "user"
    CHANNEL = "channel"


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What one key, user or channel may use; None leaves it to the installation's default, 0 lifts the limit."""

    subject: Subject
    id: str
    requests_per_minute: int | None = None
    """Creating calls of a key or user; submissions of a channel."""
    calls_per_minute: int | None = None
    """All calls of a key or user; polls of a channel."""
    concurrency: int | None = None
    """Unfinished tasks of a key or user."""
    weight: int | None = None
    """A user's share of a busy lane against others; 1 when not set."""
    priority: int | None = None
    """Which priority the tasks of a key or user have when a request asks for none; 0 when not set."""
    max_priority: int | None = None
    """Up to which priority a request may ask; None when it may not ask at all."""

    @property
    def empty(self) -> bool:
        """Whether nothing is set."""
        return self == Allowance(subject=self.subject, id=self.id)


class Rate(msgspec.Struct, frozen=True):
    """How fast a bucket refills and how much it takes at once."""

    per_minute: int
    interval_us: int
    depth: int

    @property
    def slack_us(self) -> int:
        """How far a bucket may be booked ahead before it is empty, in microseconds."""
        return (self.depth - 1) * self.interval_us


def inbound(per_minute: int) -> Rate:
    """Make the rate of our own door: a minute's worth may come at once, then it comes back evenly."""
    return Rate(per_minute, -(-MINUTE_US // per_minute), per_minute)


def upstream(per_minute: int) -> Rate:
    """Make the rate towards an upstream: never more than `per_minute` within any 60 seconds.

    A quarter may go at once; the rest is spread so that the promise holds wherever a minute is cut.
    """
    depth = 1 + (per_minute - 1) // 4
    return Rate(per_minute, -(-MINUTE_US // (per_minute - depth + 1)), depth)


class Standing(msgspec.Struct, frozen=True):
    """How a bucket stands after it was asked. Times are in microseconds from then."""

    limit: int
    allowed: bool
    remaining: int
    reset_us: int
    """Until the bucket is full again."""
    wait_us: int
    """Allowed: until the place that was booked. Refused: until asking again can help."""


def standing(rate: Rate, full_at: int, now: int, *, allowed: bool, patience: int = 0) -> Standing:
    """Describe a bucket that is full at `full_at`."""
    ahead = max(0, full_at - now)
    if allowed:
        wait = max(0, ahead - rate.interval_us - rate.slack_us)
    else:
        wait = max(1, ahead - rate.slack_us - patience)
    left = max(0, (rate.slack_us + rate.interval_us - ahead) // rate.interval_us)
    return Standing(rate.per_minute, allowed, left if allowed else 0, ahead, wait)


def latest(rate: Rate, now: int, patience: int = 0) -> int:
    """Give the latest time at which a bucket can honestly be full."""
    return now + rate.slack_us + rate.interval_us + patience + SKEW_US


def judge(full_at: int | None, rate: Rate, now: int, patience: int = 0) -> tuple[int, Standing]:
    """Take one from a bucket, booking it up to `patience` ahead; gives when it is full again, and how it stands.

    A refusal changes nothing. A bucket from a future that cannot be was written before the clock was
    set back; it counts as one that just allows.
    """
    bound = now + rate.slack_us + patience
    before = now if full_at is None else max(now, full_at)
    if before > latest(rate, now, patience):
        before = bound
    if before > bound:
        return before, standing(rate, before, now, allowed=False, patience=patience)
    after = before + rate.interval_us
    return after, standing(rate, after, now, allowed=True)


def spell(microseconds: int) -> str:
    """Write a span as the original service does in its headers: `20ms`, `8.64s`, `6m0s`, `1h0m5s`."""
    if microseconds < 1_000_000:
        return f"{-(-microseconds // 1000)}ms"
    if microseconds < MINUTE_US:
        whole, part = divmod(-(-microseconds // 10_000), 100)
        return f"{whole}.{part:02d}".rstrip("0").rstrip(".") + "s"
    minutes, seconds = divmod(-(-microseconds // 1_000_000), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{seconds}s" if hours else f"{minutes}m{seconds}s"
