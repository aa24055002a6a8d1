"""Figures: a number, the goal it is held to, and the table and page they are shown in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from rich.table import Table

Sense = Literal["at least", "at most"]


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One number; without a goal it is only told."""

    scenario: str
    what: str
    value: float
    unit: str
    sense: Sense | None = None
    goal: float | None = None

    @property
    def verdict(self) -> Literal["pass", "fail", ""]:
        """Whether the goal is met; empty where there is none."""
        if self.goal is None or self.sense is None:
            return ""
        met = self.value >= self.goal if self.sense == "at least" else self.value <= self.goal
        return "pass" if met else "fail"

    @property
    def shown_goal(self) -> str:
        """The goal in words."""
        if self.goal is None:
            return ""
        return f"{'≥' if self.sense == 'at least' else '≤'} {number(self.goal)} {self.unit}"


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What one scenario found: its figures and everything they were computed from."""

    name: str
    figures: list[Figure]
    raw: dict[str, Any]
    at: str = ""
    """When it was measured."""
    busy: str = ""
    """What else the machine did right before."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """Scenarios measured on one machine, not necessarily on one day."""

    machine: dict[str, str]
    scenarios: list[Scenario]

    @property
    def figures(self) -> list[Figure]:
        """Every figure in order."""
        return [figure for scenario in self.scenarios for figure in scenario.figures]

    @property
    def missed(self) -> list[Figure]:
        """The figures whose goal is not met."""
        return [figure for figure in self.figures if figure.verdict == "fail"]


def number(value: float) -> str:
    """Write a number with three figures that count, and no fewer digits than it has before the point."""
    if value and abs(value) < 0.01:
        return f"{value:.2g}"
    for limit, digits in ((10, 2), (100, 1)):
        if abs(value) < limit:
            return f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return f"{value:,.0f}"


def ratio(part: float, whole: float) -> float:
    """Divide; raises ValueError when there is nothing to compare with."""
    if whole <= 0:
        msg = "a ratio needs something to compare with"
        raise ValueError(msg)
    return part / whole


def table(results: Results) -> Table:
    """Lay the figures out for a terminal."""
    shown = Table(title="Figures", title_justify="left")
    for name, justify in (("scenario", "left"), ("figure", "left"), ("measured", "right"), ("goal", "right")):
        shown.add_column(name, justify="right" if justify == "right" else "left")
    shown.add_column("")
    for f in results.figures:
        colour = {"pass": "green", "fail": "bold red", "": "dim"}[f.verdict]
        word = f"[{colour}]{f.verdict or 'told'}[/]"
        shown.add_row(f.scenario, f.what, f"{number(f.value)} {f.unit}", f.shown_goal, word)
    return shown


def page(results: Results) -> str:
    """Write the page `docs/reference/figures.md`."""
    lines = [
        "# Figures",
        "",
        "Written by `make bench`, scenario by scenario as it measures them in full; do not edit. Ratios compare servers",
        "that ran in turn, each alone, on this one machine with the same load; they travel better than the raw numbers.",
        "",
        *(f"- {name}: {value}" for name, value in results.machine.items()),
        "",
        *_rows(("Scenario", "Figure", "Measured", "Goal", "")),
        *(
            _row((f.scenario, f.what, f"{number(f.value)} {f.unit}", f.shown_goal, f.verdict))
            for f in results.figures
        ),
        "",
        "## What they were computed from",
        "",
    ]
    for scenario in results.scenarios:
        when = f"Measured {scenario.at}; the machine's load a minute before was {scenario.busy}."
        lines += [f"### {scenario.name}", "", when, "", *_raw(scenario.raw), ""]
    return "\n".join(lines).rstrip() + "\n"


def _rows(names: Sequence[str]) -> list[str]:
    return [_row(names), "|---" * len(names) + "|"]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.strip() for cell in cells) + " |"


def _raw(raw: dict[str, Any]) -> list[str]:
    lines: list[str] = []
    for name, value in raw.items():
        if isinstance(value, dict):
            inner = ", ".join(f"{k} {_plain(v)}" for k, v in value.items())
            lines.append(f"- {name}: {inner}")
        else:
            lines.append(f"- {name}: {_plain(value)}")
    return lines


def _plain(value: Any) -> str:
    return number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
