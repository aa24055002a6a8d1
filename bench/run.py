"""`python -m bench.run [--quick] [--only NAME …]`: measure, print, keep.

Servers run alone in turn, with the same load from a process of its own. A quick run does a tenth of the
size in a tenth of the time and is for development; it is printed, and kept apart from the whole run.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench import figures, machine, peer
from bench.bench import Bench
from bench.figures import Results, Scenario
from bench.processes import ROOT
from bench.scenarios import (
    channels,
    content,
    create,
    distributed,
    listing,
    live,
    policy,
    servers,
    status,
    watching,
)

SCENARIOS: dict[str, Callable[[Bench], Scenario]] = {
    "create": create.measure,
    "status": status.measure,
    "content": content.measure,
    "list": listing.measure,
    "watch": watching.measure,
    "policy": policy.measure,
    "channels": channels.measure,
    "distributed": distributed.measure,
    "live": live.measure,
}
EXTRA: dict[str, Callable[[Bench], Scenario]] = {"servers": servers.measure}
NEED_PEER = {"create", "status"}
KEPT = ROOT / "bench" / "results"
PAGE = ROOT / "docs" / "reference" / "figures.md"
FREE_BYTES = 6 * 2**30


def main() -> int:
    """Measure what was asked for; 1 when a goal is missed."""
    given = _options().parse_args()
    names = given.only or list(SCENARIOS)
    console = Console()
    out = ROOT / "bench" / "out"
    out.mkdir(exist_ok=True)
    if shutil.disk_usage(out).free < FREE_BYTES:
        console.print("[red]The list of a million tasks needs 6 GiB of free disk.[/]")
        return 2
    version = peer.install(console.print) if NEED_PEER & set(names) else None
    facts = machine.describe(version)
    for name, value in facts.items():
        console.print(f"[dim]{name:>20}[/]  {value}", highlight=False)
    results = Results(
        at=time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        quick=given.quick,
        machine=facts,
        scenarios=_measure(console, out, names, given.quick),
    )
    console.print(figures.table(results))
    _keep(results, whole=set(names) >= set(SCENARIOS))
    for figure in results.missed:
        goal = f"{figure.shown_goal}, measured {figures.number(figure.value)} {figure.unit}"
        console.print(f"[red]missed:[/] {figure.scenario}, {figure.what}: {goal}", highlight=False)
    return 1 if results.missed else 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    options.add_argument("--only", action="append", choices=[*SCENARIOS, *EXTRA], help="may be repeated")
    options.add_argument("--quick", action="store_true", help="a tenth of the size, for development")
    return options


def _measure(console: Console, out: Path, names: list[str], quick: bool) -> list[Scenario]:
    columns = (BarColumn(24), TextColumn("{task.description}"), TimeElapsedColumn())
    found: list[Scenario] = []
    with Progress(*columns, console=console) as progress:
        for name in names:
            line = progress.add_task(name, total=1.0)
            bench = Bench(
                folder=out,
                quick=quick,
                say=lambda text, line=line: progress.update(line, description=text),
                advance=lambda share, line=line: progress.update(line, completed=share),
            )
            found.append((SCENARIOS | EXTRA)[name](bench))
            progress.update(line, completed=1.0, description=name)
    return found


def _keep(results: Results, *, whole: bool) -> None:
    """Keep a whole run where it is committed, with its page; anything else in the ignored folder."""
    text = msgspec.json.format(msgspec.json.encode(results), indent=2) + b"\n"
    if whole and not results.quick:
        KEPT.mkdir(exist_ok=True)
        (KEPT / "last.json").write_bytes(text)
        PAGE.write_text(figures.page(results), "utf-8")
    else:
        (ROOT / "bench" / "out" / "last.json").write_bytes(text)


if __name__ == "__main__":
    sys.exit(main())
