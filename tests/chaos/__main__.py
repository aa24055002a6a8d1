"""`python -m tests.chaos [--short] [--seed N] [--only NAME …]`: do harm to a whole installation and judge it."""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.chaos.judge import Found
from tests.chaos.run import run
from tests.chaos.scenarios import SHORT, WHOLE


def main() -> int:
    """Run what was asked for; 1 when anything did not hold."""
    given = _options().parse_args()
    scenarios = [s for s in (SHORT if given.short else WHOLE) if not given.only or s.name in given.only]
    seed = secrets.randbelow(1_000_000) if given.seed is None else given.seed
    console = Console(highlight=False)
    began = time.monotonic()
    console.print(f"seed {seed}: the same harm again with --seed {seed}")

    def say(text: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:6.1f} s[/]  {text}", markup=True)

    found = run(scenarios, seed=seed, heartbeat_s=4 if given.short else 10, say=say, folder=given.keep)
    console.print(_table(found))
    wrong = [(one.name, text) for one in found for text in one.wrong]
    for name, text in wrong:
        console.print(f"WRONG  {name}: {text}", markup=False)
    tasks = sum(one.tasks for one in found)
    spent = time.monotonic() - began
    verdict = f"{len(wrong)} promises broken" if wrong else "every promise held"
    console.print(f"{tasks:,} tasks in {spent / 60:.1f} min, seed {seed}: {verdict}")
    return 1 if wrong else 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    options.add_argument("--short", action="store_true", help="a little of everything, in less than a minute")
    options.add_argument("--seed", type=int, help="do the same harm again")
    options.add_argument("--only", action="append", choices=[s.name for s in WHOLE], help="may be repeated")
    options.add_argument("--keep", type=_empty, metavar="FOLDER", help="leave the logs and the bill there")
    return options


def _empty(text: str) -> Path:
    folder = Path(text).absolute()
    folder.mkdir(parents=True)
    return folder


def _table(found: list[Found]) -> Table:
    shown = Table(title="Chaos", title_justify="left")
    names = (
        "scenario",
        "tasks",
        "completed",
        "failed",
        "unknown",
        "billed",
        "events",
        "resumed",
        "answers",
        "",
    )
    for name in names:
        shown.add_column(name, justify="left" if name in ("scenario", "answers", "") else "right")
    for one in found:
        resumed = f"{one.resumed} ≤ {one.resumed_s:.1f} s" if one.resumed else ""
        answers = " ".join(f"{status or 'none'}:{n}" for status, n in sorted(one.statuses.items()))
        counts = (one.tasks, one.completed, one.failed, one.unknown, one.billed, one.events)
        verdict = f"[bold red]{len(one.wrong)} wrong[/]" if one.wrong else "[green]held[/]"
        shown.add_row(one.name, *(str(n) for n in counts), resumed, answers, verdict)
    return shown


if __name__ == "__main__":
    sys.exit(main())
