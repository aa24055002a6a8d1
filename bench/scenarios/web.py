"""Web: what a browser has to bear in the studio, measured in real Chromium against a server with a fake upstream."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bench.bench import Bench
from bench.figures import Figure, Scenario, Sense
from bench.processes import PYTHON, ROOT, Broken
from tools import web

SCRIPT_KB = 250.0
FIRST_CONTENT_MS = 1_800.0
"""What counts as good for a first visit."""
DELAY_MS = 200.0
"""Above this, an interaction is felt to hang."""
STALL_MS = 100.0
PIXEL_MS = 500.0
EVENTS = 200.0


def measure(bench: Bench) -> Scenario:
    """Build the studio and let a browser tell."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        msg = "there is no Chromium here; `make setup-chromium` installs it"
        raise Broken(msg)
    bench.say("web: building the studio")
    web.install()
    web.build()
    bench.say("web: some minutes in Chromium")
    return scenario(_browsed(chromium, ["--quick"] if bench.quick else []))


def _browsed(chromium: str, options: list[str]) -> dict[str, Any]:
    command: list[str | Path] = [web.find_node(), ROOT / "web" / "e2e" / "bench.mjs", *options]
    told = {"CHROMIUM": chromium, "PYTHON": PYTHON, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=web.environment(**told), stdout=subprocess.PIPE, stderr=sys.stderr, check=False
    )
    if done.returncode != 0:
        msg = "the browser's part broke; see above"
        raise Broken(msg)
    return json.loads(done.stdout.splitlines()[-1])


def scenario(raw: dict[str, Any]) -> Scenario:
    """Hold what was measured to its goals."""
    loaded, listed = raw["loaded"], raw["list"]
    weights = {name: round(kb, 1) for name, kb in raw["kilobytes"].items()}
    figures = [
        _most("script of the create page, packed", weights["create"], "kB", SCRIPT_KB),
        _most("script of the heaviest page, packed", max(weights.values()), "kB"),
        _most("first content, nothing kept, p95", raw["first"]["paint_ms"]["p95"], "ms", FIRST_CONTENT_MS),
        _most("a composer one can type in, p95", raw["first"]["usable_ms"]["p95"], "ms"),
        _figure("events a second while it was used", loaded["events_per_second"], "/s", "at least", EVENTS),
        _most("interaction delay under them, p98", loaded["delay_ms"]["p98"], "ms", DELAY_MS),
        _most("longest task under them", loaded["long_tasks"]["longest_ms"], "ms"),
        _most("event to pixel under them, p95", loaded["pixel"]["p95_ms"], "ms", PIXEL_MS),
        _most(
            f"latest frame of a scroll through {listed['items']:,} items",
            listed["gap_ms"]["worst"],
            "ms",
            STALL_MS,
        ),
    ]
    figures += [
        _figure(f"{figure.what}, of its limit", figure.value / figure.goal, "×", "at most", None)
        for figure in figures
        if figure.goal is not None and figure.sense == "at most"
    ]
    told = {"chromium": raw["chromium"], "kB of script by page": weights, "first visit": _flat(raw["first"])}
    told |= {"under events": _flat(loaded), "scroll": _flat(listed)}
    return Scenario(name="web", figures=figures, raw=told)


def _most(what: str, value: float, unit: str, goal: float | None = None) -> Figure:
    return _figure(what, value, unit, "at most", goal)


def _figure(what: str, value: float, unit: str, sense: Sense, goal: float | None) -> Figure:
    return Figure(
        scenario="web", what=what, value=value, unit=unit, sense=None if goal is None else sense, goal=goal
    )


def _flat(values: dict[str, Any], before: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{before}{name} ")
        else:
            flat[before + name] = round(value, 2) if isinstance(value, float) else value
    return flat
