"""How late an end is noticed against how often was asked, for each poll policy, on a virtual clock.

Jobs are drawn from `bench/durations.toml`; when to ask is decided by the code that decides it in service.
Nothing is timed here, so the figures are the same on every machine.
"""

from __future__ import annotations

import math
import random
import tomllib
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from bench.bench import Bench
from bench.figures import Figure, Scenario, ratio
from bench.processes import ROOT
from reelgate.core.polling import (
    Between,
    ByProgress,
    Course,
    Fixed,
    Planned,
    Policy,
    Usual,
    next_wait,
    usual_from_profile,
    usual_of,
)

TASKS: Final = 20_000
LEARNED: Final = 200
"""Finished jobs the planned policy has learned from, as many as an installation keeps."""
RULE: Final = "5/10/15 s by progress"


class Part(msgspec.Struct, frozen=True):
    """One kind of jobs in a mixture."""

    weight: float
    median: float
    spread: float


class Family(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The jobs of comparable models."""

    name: str
    basis: str
    share: float
    usual: float
    recommended: float
    progress: Literal["none", "smooth", "tens"]
    part: list[Part]


@dataclass(frozen=True, slots=True)
class Job:
    """One job: when it ends, and how its progress goes."""

    ends_s: float
    queued: float
    """Share of its time in which it has not begun."""
    stalls: float
    """Share of its work that comes after the last progress."""
    bend: float

    def percent(self, age_s: float, kind: str) -> int | None:
        """Give what the upstream reports at an age."""
        if kind == "none":
            return None
        worked = (age_s / self.ends_s - self.queued) / (1 - self.queued) / (1 - self.stalls)
        share = min(0.99, max(0.0, worked) ** self.bend)
        return int(10 * share) * 10 if kind == "tens" else int(100 * share)


@dataclass(slots=True)
class Seen:
    """What a policy did on some jobs."""

    delays: list[float]
    polls: int = 0

    def late(self, share: float) -> float:
        """Give the delay within which a share of the ends was noticed, in seconds."""
        ordered = sorted(self.delays)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    @property
    def each(self) -> float:
        """How often a job was asked about."""
        return ratio(self.polls, len(self.delays))


def families() -> list[Family]:
    """Read the distributions."""
    text = (ROOT / "bench" / "durations.toml").read_text("utf-8")
    return msgspec.convert(tomllib.loads(text)["family"], list[Family])


def measure(bench: Bench) -> Scenario:
    """Try every policy on the same jobs."""
    count = bench.sized(TASKS)
    policies: dict[str, tuple[Policy, bool]] = {
        "planned": (Planned(), True),
        "planned, nothing learned yet": (Planned(), False),
        RULE: (ByProgress(), True),
        "every 30 s": (Fixed(30), True),
        "30-60 s": (Between(30, 60), True),
        "every 10 s": (Fixed(10), True),
    }
    seen: dict[str, dict[str, Seen]] = {}
    for number, (name, (policy, learns)) in enumerate(policies.items()):
        bench.say(f"poll policy: {name}")
        seen[name] = {f.name: watch(f, policy, round(count * f.share), learns) for f in families()}
        bench.advance((number + 1) / len(policies))
    together = {name: _together(list(by_family.values())) for name, by_family in seen.items()}
    return Scenario(
        name="policy",
        figures=_figures(together, sum(len(s.delays) for s in seen["planned"].values())),
        raw=_raw(seen, together),
    )


def watch(family: Family, policy: Policy, count: int, learns: bool) -> Seen:
    """Watch jobs of a family by a policy, one after the other; the jobs are the same for every policy."""
    chance = random.Random(f"jobs of {family.name}")
    usual = usual_of([_job(family, chance).ends_s for _ in range(LEARNED)]) if learns else None
    seen = Seen([])
    waits = random.Random("waits")
    for _ in range(count):
        _watch_one(
            _job(family, chance), family, policy, usual or usual_from_profile(family.usual), waits, seen
        )
    return seen


def _watch_one(
    job: Job, family: Family, policy: Policy, usual: Usual, waits: random.Random, seen: Seen
) -> None:
    course = Course()
    # All but the planned one ask at once when a job was sent.
    age = 0.0
    seen.polls += not isinstance(policy, Planned)
    while age < job.ends_s:
        course.note(age, job.percent(age, family.progress) if age else None)
        age += next_wait(
            policy,
            age_s=age,
            course=course,
            usual=usual,
            recommended_s=family.recommended,
            draw=waits.random(),
        )
        seen.polls += 1
    seen.delays.append(age - job.ends_s)


def _job(family: Family, chance: random.Random) -> Job:
    part = chance.choices(family.part, [p.weight for p in family.part])[0]
    return Job(
        ends_s=part.median * math.exp(chance.gauss(0, part.spread)),
        queued=chance.uniform(0, 0.1),
        stalls=chance.uniform(0, 0.08),
        bend=chance.uniform(0.85, 1.2),
    )


def _together(parts: list[Seen]) -> Seen:
    return Seen([delay for part in parts for delay in part.delays], sum(part.polls for part in parts))


def _figures(together: dict[str, Seen], count: int) -> list[Figure]:
    goals = {"p50": 3.0, "p90": 10.0}
    rows: list[tuple[str, float, str, float | None]] = []
    for name, seen in together.items():
        for word, share in (("p50", 0.5), ("p90", 0.9)):
            goal = goals[word] if name == "planned" else None
            rows.append((f"noticed late {word} ({name})", seen.late(share), "s", goal))
        rows.append((f"polls a task ({name})", seen.each, "polls", None))
    share = 100 * ratio(together["planned"].each, together[RULE].each)
    rows.append((f"polls of planned, as a share of those of {RULE}", share, "%", 50.0))
    return [
        Figure(
            scenario=f"poll policy, {count:,} jobs",
            what=what,
            value=value,
            unit=unit,
            sense=None if goal is None else "at most",
            goal=goal,
        )
        for what, value, unit, goal in rows
    ]


def _raw(seen: dict[str, dict[str, Seen]], together: dict[str, Seen]) -> dict[str, Any]:
    raw: dict[str, Any] = {
        f"{family.name}: {family.basis}": {
            f"{name}, {word}": round(value, 2)
            for name in ("planned", "planned, nothing learned yet", RULE)
            for word, value in _words(seen[name][family.name])
        }
        for family in families()
    }
    return raw | {f"all, {name}": dict(_words(one)) for name, one in together.items()}


def _words(seen: Seen) -> list[tuple[str, float]]:
    return [
        ("late p50 s", round(seen.late(0.5), 2)),
        ("late p90 s", round(seen.late(0.9), 2)),
        ("polls a task", round(seen.each, 2)),
    ]
