"""When to ask an upstream next: policies for one job, true with pen and paper.

Three policies come as upstreams and their users recommend them: every so many seconds, by progress,
and somewhere between two bounds. The fourth plans: it asks where the job is likely to end, from how
long such jobs took before and from the progress this one reports, and hardly asks elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, assert_never

import msgspec

LATE_S: Final = 0.2
"""The planned policy asks again before the expected lateness of what it would learn exceeds this many seconds."""
FIRST_S: Final = 1.0
"""No policy of ours asks about one job more often than this, unless its profile says so."""
DENSE: Final = 0.3
"""Where a job is likely to end it may be asked about this much more often than its profile recommends on average."""
EARLY_S: Final = 5.0
"""When a new job is looked at for the first time: what is refused by content mostly is within seconds."""
LONGEST_S: Final = 60.0
"""The longest planned wait."""
SPARSE: Final = 0.4
"""The longest planned wait as a share of how long such a job usually takes."""
LONG_SINCE: Final = 10.0
"""A job that is past its time is waited for this much less than it is late already."""
ENOUGH: Final = 8
"""From this many finished jobs on, their times are believed over what a profile says."""
TRUSTED_PERCENT: Final = 10
"""Progress over a stretch this long says how fast a job is; a shorter one is measured from its start."""
PROGRESS_SPREAD: Final = 0.25
"""How far jobs end from where their progress points, as a logarithm."""
PROGRESS_OVER: Final = 1.6
"""Past this share of the time that progress promised it was an empty promise."""
LEAST_SPREAD: Final = 0.12
"""Times of finished jobs are never taken for closer together than this, as a logarithm."""
STRETCH: Final = 1.25
"""By how much a wait is made longer while it is judged."""
Q25: Final = 0.6745
Q90: Final = 1.2816
"""Where the quarter and the nine tenths of a normal distribution lie."""
SPREAD: Final = 0.05
"""Waits differ by up to this share, so that jobs sent together are not asked about together for ever."""


class Fixed(msgspec.Struct, frozen=True, tag="fixed"):
    """Ask every so many seconds (000 and 001 recommend 30)."""

    seconds: float

    def __str__(self) -> str:
        return f"fixed:{self.seconds:g}"


class ByProgress(msgspec.Struct, frozen=True, tag="progress"):
    """Ask every 5 s below 30 %, every 10 s below 70 %, every 15 s after that (003-06)."""

    def __str__(self) -> str:
        return "progress"


class Between(msgspec.Struct, frozen=True, tag="range"):
    """Ask after a time drawn between two bounds, in seconds (000-19 recommends 30 to 60)."""

    low: float
    high: float

    def __str__(self) -> str:
        return f"range:{self.low:g}-{self.high:g}"


class Planned(msgspec.Struct, frozen=True, tag="planned"):
    """Ask where the job is likely to end."""

    def __str__(self) -> str:
        return "planned"


Policy = Fixed | ByProgress | Between | Planned
LONGEST_ALLOWED_S: Final = 3_600.0


def parse_policy(text: str) -> Policy:
    """Read `planned`, `progress`, `fixed:SECONDS` or `range:LOW-HIGH`.

    Raises ValueError that says what may be written.
    """
    kind, _, rest = text.strip().partition(":")
    try:
        match kind, rest:
            case "planned", "":
                return Planned()
            case "progress", "":
                return ByProgress()
            case "fixed", seconds:
                return Fixed(_seconds(seconds))
            case "range", bounds:
                low, _, high = bounds.partition("-")
                return _between(_seconds(low), _seconds(high))
            case _:
                pass
    except ValueError:
        pass
    msg = f"`{text[:40]}` is no poll policy: planned, progress, fixed:SECONDS or range:LOW-HIGH, up to 3600 s"
    raise ValueError(msg)


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= LONGEST_ALLOWED_S:
        raise ValueError(text)
    return value


def _between(low: float, high: float) -> Between:
    if low > high:
        raise ValueError(low)
    return Between(low, high)


class Usual(msgspec.Struct, frozen=True):
    """How long jobs of one kind take, in seconds: a quarter, half and nine tenths of them are done by then."""

    p25: float
    p50: float
    p90: float

    @property
    def spread(self) -> float:
        """How far apart they lie, as the standard deviation of the logarithm."""
        early, late = math.log(self.p50 / self.p25) / Q25, math.log(self.p90 / self.p50) / Q90
        return max(LEAST_SPREAD, (early + late) / 2)


def usual_of(took_s: Sequence[float]) -> Usual | None:
    """Give how long jobs take from how long some took; None when they are too few to tell."""
    ordered = sorted(max(0.1, seconds) for seconds in took_s)
    if len(ordered) < ENOUGH:
        return None
    p25, p50, p90 = (ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in (0.25, 0.5, 0.9))
    return Usual(p25, p50, p90)


def usual_from_profile(usual_seconds: float) -> Usual:
    """Guess how long jobs take from what a profile says is usual, spread as recorded ones are."""
    # 401 recorded jobs of one relay: half done by 246 s, nine tenths by 534 s.
    usual = max(0.1, usual_seconds)
    return Usual(0.7 * usual, usual, 2.17 * usual)


@dataclass(slots=True)
class Course:
    """How the progress of one job went: the first report and the latest that was higher."""

    first: tuple[float, int] | None = None
    """Age in seconds and per cent."""
    latest: tuple[float, int] | None = None

    def note(self, age_s: float, progress: int | None) -> None:
        """Take a report in; none, or one that says no more than the last, changes nothing."""
        if progress is None or progress <= 0:
            return
        if self.first is None:
            self.first = (age_s, progress)
        if self.latest is None or progress > self.latest[1]:
            self.latest = (age_s, progress)

    def left_s(self) -> float | None:
        """Give how many seconds after the latest report the job ends if it goes on as it did; None when nobody can say."""
        if self.first is None or self.latest is None:
            return None
        (began, low), (now, high) = self.first, self.latest
        if high >= 100:
            return None
        grown = high - low >= TRUSTED_PERCENT and now > began
        per_second = (high - low) / (now - began) if grown else high / max(now, 0.1)
        return (100 - high) / per_second


def next_wait(
    policy: Policy, *, age_s: float, course: Course, usual: Usual, recommended_s: float, draw: float
) -> float:
    """Give the seconds until a job that is `age_s` old should be asked about again.

    `recommended_s` is how often its upstream likes to be asked on average; `draw` is a random number
    from 0 to 1.
    """
    match policy:
        case Fixed(seconds=seconds):
            wait = seconds
        case ByProgress():
            wait = _by_progress(0 if course.latest is None else course.latest[1])
        case Between(low=low, high=high):
            return low + draw * (high - low)
        case Planned():
            wait = _planned(age_s, course, usual, recommended_s)
        case _:
            assert_never(policy)
    return wait * (1 - SPREAD + 2 * SPREAD * draw)


def _by_progress(percent: int) -> float:
    if percent < 30:
        return 5.0
    return 10.0 if percent < 70 else 15.0


def _planned(age_s: float, course: Course, usual: Usual, recommended_s: float) -> float:
    least = max(min(FIRST_S, recommended_s), DENSE * recommended_s)
    most = max(least, min(LONGEST_S, SPARSE * usual.p50))
    if age_s < FIRST_S:
        most = max(least, min(most, EARLY_S))
    left = course.left_s()
    if left is not None and course.latest is not None:
        since = age_s - course.latest[0]
        if since < PROGRESS_OVER * left:
            near = max(least, min(most, 0.6 * left))
            return _until_late(since, max(left, 0.1), PROGRESS_SPREAD, least, near)
    wait = _until_late(age_s, usual.p50, usual.spread, least, most)
    overtime = age_s - usual.p90
    return wait if overtime <= 0 else min(LONGEST_S, max(wait, overtime / LONG_SINCE))


def _until_late(age_s: float, median_s: float, spread: float, least: float, most: float) -> float:
    """Give the wait after which something that has not ended by `age_s` would on average be noticed `LATE_S` late.

    Times are taken for log-normal. Where the end is unlikely the wait grows to `most`; it is never below `least`.
    """
    done = _share_done(age_s, median_s, spread)
    left = 1 - done
    if left < 1e-4:
        return least
    wait = least
    late = (_share_done(age_s + wait / 2, median_s, spread) - done) / left * wait
    while late < LATE_S and wait < most:
        more = wait * (STRETCH - 1)
        late += (_share_done(age_s + wait + more / 2, median_s, spread) - done) / left * more
        wait += more
    return min(wait, most)


def _share_done(age_s: float, median_s: float, spread: float) -> float:
    if age_s <= 0:
        return 0.0
    return 0.5 * math.erfc(-math.log(age_s / median_s) / (spread * math.sqrt(2)))
