"""When models end, what is left of them, and which of the living could take their place.

A profile names the day its model ends. The model is gone from the first moment of that day (UTC) on,
and counts as deprecated `WARN_DAYS` before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal

import msgspec

from reelgate.core.profile import Profile, Span
from reelgate.core.task import Verb

WARN_DAYS: Final = 60
"""For how many days before its end a model is spoken of as ending."""
DAY_MS: Final = 86_400_000
WORTHY: Final = 0.5
"""The least score of a model that is suggested in place of another."""
_WIDE: Final = 64
"""How many values of a range stand for it when two models are compared."""


def ends_at(day: str | None) -> int | None:
    """Give the moment a model that ends on an ISO `day` is gone, in milliseconds since 1970; None for no day.

    A day that cannot be read counts as none: a mistake in a list must not take a model away.
    """
    if day is None:
        return None
    try:
        ended = date.fromisoformat(day[:10])
    except ValueError:
        return None
    return int(datetime(ended.year, ended.month, ended.day, tzinfo=UTC).timestamp()) * 1000


class Sunset(msgspec.Struct, frozen=True, kw_only=True):
    """How a model that has an end stands."""

    day: str
    """The first day without it, ISO date."""
    ends_at: int
    """The same moment in milliseconds since 1970."""
    days_left: int
    """Whole days until then, begun ones included; 0 when it has ended."""
    state: Literal["announced", "ending", "ended"]
    """`ending` within `WARN_DAYS` of its end."""

    @property
    def deprecated_at(self) -> int:
        """The moment from which it counts as deprecated, in milliseconds since 1970."""
        return self.ends_at - WARN_DAYS * DAY_MS


def sunset_of(day: str | None, now_ms: int) -> Sunset | None:
    """Say how a model that ends on an ISO `day` stands now; None when no end is known."""
    moment = ends_at(day)
    if moment is None or day is None:
        return None
    left = max(0, -(-(moment - now_ms) // DAY_MS))
    state = "ended" if left == 0 else "ending" if left <= WARN_DAYS else "announced"
    return Sunset(day=day[:10], ends_at=moment, days_left=left, state=state)


def http_date(moment_ms: int) -> str:
    """Write a moment as HTTP headers do, such as `Thu, 24 Sep 2026 00:00:00 GMT`."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=moment_ms)
    day = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")[moment.weekday()]
    months = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
    return f"{day}, {moment.day:02} {months[moment.month - 1]} {moment.year:04} {moment:%H:%M:%S} GMT"


def headers_of(sunset: Sunset) -> dict[str, str]:
    """Give what an answer about a model with an end says of it (RFC 8594 and RFC 9745)."""
    return {"sunset": http_date(sunset.ends_at), "deprecation": f"@{sunset.deprecated_at // 1000}"}


class Heir(msgspec.Struct, frozen=True, kw_only=True):
    """A model that could take another one's place."""

    model: str
    score: float
    """0 to 1: the share of what the other could do that this one can."""
    lacks: tuple[str, ...] = ()
    """What the other could do and this one cannot."""


def heirs(wanted: Profile, living: Iterable[tuple[str, Profile]]) -> list[Heir]:
    """Rank living models by how much of `wanted` they can do, the best first; unfit ones are left out.

    Equal ones are ordered by price for the usual length, then by name.
    """
    found = [
        (_heir(wanted, name, profile), profile.quote(wanted.seconds_default)) for name, profile in living
    ]
    worthy = [(heir, cost) for heir, cost in found if heir.score >= WORTHY]
    return [heir for heir, _ in sorted(worthy, key=lambda f: (-f[0].score, f[1], f[0].model))]


def _heir(wanted: Profile, name: str, offered: Profile) -> Heir:
    score = weight = 0.0
    lacks: list[str] = []
    for part, share, missing in _compared(wanted, offered):
        weight += part
        score += part * share
        lacks += missing
    return Heir(model=name, score=round(score / weight, 3), lacks=tuple(lacks))


def _compared(wanted: Profile, offered: Profile) -> Iterator[tuple[float, float, list[str]]]:
    """Give the weight of each side of a model, the share of it that is offered, and what is missing."""
    verbs = [v.value for v in wanted.verbs if v not in offered.verbs]
    yield 4.0, _share(len(wanted.verbs), len(verbs)), verbs
    if Verb.CREATE not in offered.verbs and Verb.CREATE in wanted.verbs:
        yield 4.0, 0.0, []
    roles = [role.value for role in wanted.inputs if not offered.inputs.get(role)]
    yield 3.0, _share(len(wanted.inputs), len(roles)), [f"input {role}" for role in roles]
    yield 2.0, *_lengths(wanted, offered)
    yield 2.0, *_shapes(wanted, offered)
    yield (
        2.0,
        float(offered.generative or not wanted.generative),
        _unless(offered.generative or not wanted.generative, "generation: it draws"),
    )
    for what in ("audio", "seed", "negative_prompt", "watermark", "private"):
        had, has = getattr(wanted, what), getattr(offered, what)
        if had:
            yield 0.5, float(has), _unless(has, what)


def _share(of: int, missing: int) -> float:
    return 1.0 if of == 0 else 1 - missing / of


def _unless(has: bool, what: str) -> list[str]:
    return [] if has else [what]


def _lengths(wanted: Profile, offered: Profile) -> tuple[float, list[str]]:
    asked = wanted.seconds or _spread(wanted.seconds_range) or (wanted.seconds_default,)
    missing = [s for s in asked if not takes_seconds(offered, s)]
    return _share(len(asked), len(missing)), [f"{s} s" for s in missing[:6]]


def _spread(span: Span | None) -> tuple[int, ...]:
    return () if span is None else tuple(range(span.min, min(span.max, span.min + _WIDE) + 1))


def takes_seconds(profile: Profile, seconds: int) -> bool:
    """Tell whether a model makes clips of this length."""
    if profile.seconds:
        return seconds in profile.seconds
    return profile.seconds_range is None or seconds in profile.seconds_range


def _shapes(wanted: Profile, offered: Profile) -> tuple[float, list[str]]:
    asked = wanted.sizes or (wanted.size_default,)
    missing = [size for size in asked if not takes_size(offered, size)]
    return _share(len(asked), len(missing)), missing[:6]


def takes_size(profile: Profile, size: str) -> bool:
    """Tell whether a model makes clips of this size, written `WxH`."""
    if profile.sizes:
        return size in profile.sizes
    span = profile.size_range
    sides = [int(side) for side in size.split("x")]
    return span is None or all(side in span and side % 2 == 0 for side in sides)
