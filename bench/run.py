"""`python -m bench.run [--quick] [--only NAME …]`: measure, print, keep.

Servers run alone in turn, with the same load from a process of its own. A quick run does a tenth of the
size in a tenth of the time and is for development; it is printed, and kept apart from what was measured in full.
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
from bench.load import LoadFailed
from bench.processes import ROOT, Broken
from bench.scenarios import (
    channels,
    content,
    create,
    distributed,
    library,
    listing,
    live,
    policy,
    servers,
    status,
    watching,
    web,
)

SCENARIOS: dict[str, Callable[[Bench], Scenario]] = {
    "create": create.measure,
    "status": status.measure,
    "content": content.measure,
    "list": listing.measure,
    "library": library.measure,
    "watch": watching.measure,
    "policy": policy.measure,
    "channels": channels.measure,
    "distributed": distributed.measure,
    "live": live.measure,
    "web": web.measure,
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
    kept = out if given.quick else KEPT
    found = _measure(console, out, kept, names, given.quick)
    results = Results(machine=facts, scenarios=found)
    console.print(figures.table(results))
    if not given.quick:
        PAGE.write_text(figures.page(Results(machine=facts, scenarios=_kept())), "utf-8")
    for figure in results.missed:
        goal = f"{figure.shown_goal}, measured {figures.number(figure.value)} {figure.unit}"
        console.print(f"[red]missed:[/] {figure.scenario}, {figure.what}: {goal}", highlight=False)
    for name in names[len(found) :]:
        console.print(f"[red]not measured:[/] {name}")
    return 1 if results.missed or len(found) < len(names) else 0


def _options() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    options.add_argument("--only", action="append", choices=[*SCENARIOS, *EXTRA], help="may be repeated")
    options.add_argument("--quick", action="store_true", help="a tenth of the size, for development")
    return options


def _measure(console: Console, out: Path, kept: Path, names: list[str], quick: bool) -> list[Scenario]:
    """Measure one scenario after the other and keep each at once; stop at one that breaks."""
    columns = (BarColumn(24), TextColumn("{task.description}"), TimeElapsedColumn())
    found: list[Scenario] = []
    kept.mkdir(exist_ok=True)
    with Progress(*columns, console=console) as progress:
        for name in names:
            line = progress.add_task(name, total=1.0)
            bench = Bench(
                folder=out,
                quick=quick,
                say=lambda text, line=line: progress.update(line, description=text),
                advance=lambda share, line=line: progress.update(line, completed=share),
            )
            busy = machine.busy()
            try:
                measured = (SCENARIOS | EXTRA)[name](bench)
            except (LoadFailed, Broken) as why:
                console.print(f"[red]{name} broke:[/] {why}")
                break
            at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime())
            measured = msgspec.structs.replace(measured, at=at, busy=busy)
            _keep(kept / f"{name}.json", measured)
            found.append(measured)
            progress.update(line, completed=1.0, description=name)
    return found


def _keep(file: Path, measured: Scenario) -> None:
    file.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=2) + b"\n")


def _kept() -> list[Scenario]:
    """Read every scenario that was measured in full, in their order."""
    files = [KEPT / f"{name}.json" for name in SCENARIOS]
    return [msgspec.json.decode(file.read_bytes(), type=Scenario) for file in files if file.is_file()]


if __name__ == "__main__":
    sys.exit(main())
