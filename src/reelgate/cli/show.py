"""How answers look: JSON for scripts, tables and progress bars for people."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import click

from reelgate.cli.words import say

WIDE = 400
"""Columns of a table that is piped away: nothing is cut there."""


def as_json(value: Any) -> None:
    """Print one JSON document to standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, empty: str) -> None:
    """Print rows under headings; say `empty` when there are none."""
    if not rows:
        click.echo(empty)
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    tty = sys.stdout.isatty()
    console = Console(file=sys.stdout, width=None if tty else WIDE, highlight=False)
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for number, column in enumerate(columns):
        made.add_column(column, overflow="fold", no_wrap=number == 0)
    for row in rows:
        made.add_row(*(Text(cell) for cell in row))
    console.print(made)


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Print a short list of named facts, aligned also where letters are wide."""
    from rich.cells import cell_len

    width = max(cell_len(name) for name, _ in pairs)
    for name, value in pairs:
        click.echo(f"{name}{' ' * (width - cell_len(name))}  {value}")


def moment(seconds: int | None) -> str:
    """Write a Unix time as local date and time."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(seconds)) if seconds else "-"


def shorten(text: str | None, length: int = 48) -> str:
    """Put a prompt on one line of at most `length` characters."""
    line = " ".join((text or "").split())
    return line if len(line) <= length else line[: length - 1] + "…"


class Bar(Protocol):
    """Shows how far something is."""

    def __call__(self, label: str, percent: float | None) -> None:
        """Show that the thing called `label` is at `percent`; None when nobody said how far it is."""
        ...


@contextmanager
def progress(*, quiet: bool) -> Generator[Bar]:
    """Show progress on standard error: a live bar on a terminal, a line per change elsewhere, nothing when quiet."""
    if quiet:
        yield _silent
    elif sys.stderr.isatty():
        with _live() as bar:
            yield bar
    else:
        yield _lines()


def _silent(label: str, percent: float | None) -> None:
    del label, percent


def _lines() -> Bar:
    last: list[str] = []

    def bar(label: str, percent: float | None) -> None:
        line = (
            label if percent is None else say("progress.line", label=label, percent=int(percent) // 25 * 25)
        )
        if last[-1:] != [line]:
            last[:] = [line]
            click.echo(line, err=True)

    return bar


@contextmanager
def _live() -> Generator[Bar]:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        Progress,
        SpinnerColumn,
        TaskProgressColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TaskProgressColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task("", total=None)

        def bar(label: str, percent: float | None) -> None:
            shown.update(
                task, description=label, total=None if percent is None else 100, completed=percent or 0
            )

        yield bar
