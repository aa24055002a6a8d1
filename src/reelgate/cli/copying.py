"""`reelgate db copy`: move an installation's rows to another database, compared and resumable."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelgate.cli import show
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Exit, Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.settings import Settings
    from reelgate.store.copying import Copied
    from reelgate.store.invariants import Violation

SUM_SHOWN = 16
"""Characters of a checksum that people are shown; `--json` gives all of it."""


@click.command("copy", help=say("db.copy"))
@click.option("--from", "source", metavar="URL", help=say("db.copy.from"))
@click.option("--to", "target", metavar="URL", required=True, help=say("db.copy.to"))
@click.option("--snapshot", is_flag=True, help=say("db.copy.snapshot"))
@local
@pass_session
def copy(session: Session, source: str | None, target: str, snapshot: bool) -> None:
    """Copy, compare, check what must hold, and say what else has to move."""
    from reelgate.cli import doctor
    from reelgate.cli.client import run
    from reelgate.store import copying

    settings = session.settings()
    source = source or settings.database_url
    try:
        names = copying.shown(source), copying.shown(target)
    except ValueError as error:
        raise Trouble(say("db.copy.bad", reason=error), exit_code=Exit.USAGE) from error
    data = _folder(source) or settings.data
    with _held(source, target, snapshot=snapshot) as moment:
        copied = _copied(session, source, target)
    broken = run(doctor.violations(settings.model_copy(update={"data": data, "database": target})))
    told = _Told(names[0], names[1], copied, moment, _also(settings, data, names[1]), broken)
    _as_json(told) if session.json else _as_text(told)
    if broken:
        raise Trouble(say("doctor.violated", count=len(broken)), next_step=say("doctor.violated.next"))


@dataclass(frozen=True)
class _Told:
    source: str
    target: str
    copied: Copied
    moment: bool
    """Whether somebody may have changed the source meanwhile."""
    also: list[str]
    broken: list[Violation]


def _copied(session: Session, source: str, target: str) -> Copied:
    from reelgate.cli import local as here
    from reelgate.store import copying

    with show.progress(quiet=session.json) as bar, here.explained(session.settings()):

        def tell(table: str, done: int, total: int) -> None:
            bar(table, 100 * done / total if total else 100)

        try:
            return copying.copy(source, target, tell)
        except copying.CopyRefused as refused:
            raise Trouble(
                say("db.copy.refused", reason=refused), next_step=say("db.copy.refused.next")
            ) from refused


@contextmanager
def _held(source: str, target: str, *, snapshot: bool) -> Generator[bool]:
    """Keep servers off SQLite folders meanwhile; True when others may go on writing to the source."""
    from reelgate.app import owned

    folder, place = _folder(source), _folder(target)
    with ExitStack() as stack:
        if place is not None:
            stack.enter_context(_not_busy(place))
            stack.enter_context(owned(place))
        if folder is not None and folder.is_dir() and not snapshot:
            stack.enter_context(_not_busy(folder))
            stack.enter_context(owned(folder))
        yield snapshot or folder is None


@contextmanager
def _not_busy(folder: Path) -> Generator[None]:
    from reelgate.app import DataFolderBusy

    try:
        yield
    except DataFolderBusy as busy:
        raise Trouble(say("db.copy.held", folder=folder), next_step=say("db.copy.held.next")) from busy


def _folder(url: str) -> Path | None:
    """Give the folder a SQLite file lies in; None for a database of another kind."""
    from reelgate.store import sqlite

    return sqlite.path_of(url).absolute().parent if url.startswith("sqlite") else None


def _also(settings: Settings, data: Path, target: str) -> list[str]:
    """List what an installation needs beside its rows."""
    from reelgate.auth.keys import PEPPER_FILE
    from reelgate.auth.secrets import source_of

    files = data / "blobs" if settings.storage == "disk" else settings.storage
    return [
        say("db.copy.also.settings", target=target),
        say("db.copy.also.pepper", path=data / PEPPER_FILE),
        say(
            "db.copy.also.master",
            source=source_of(data, settings.master_key, settings.master_key_file).name,
        ),
        say("db.copy.also.files", place=files),
    ]


def _as_json(told: _Told) -> None:
    import msgspec

    show.as_json(
        {
            "from": told.source,
            "to": told.target,
            **msgspec.to_builtins(told.copied),
            "snapshot": told.moment,
            "violations": msgspec.to_builtins(told.broken),
            "also_needed": told.also,
        }
    )


def _as_text(told: _Told) -> None:
    tables = told.copied.tables
    rows = [[one.table, str(one.rows), one.sha256[:SUM_SHOWN]] for one in tables]
    show.table([say(f"column.{c}") for c in ("table", "rows", "sum")], rows, empty="")
    count = sum(one.rows for one in tables)
    click.echo(say("db.copy.done", rows=count, tables=len(tables), source=told.source, target=told.target))
    if told.copied.resumed or told.copied.already:
        click.echo(say("db.copy.already" if told.copied.already else "db.copy.resumed"))
    if told.moment:
        click.echo(say("db.copy.moment"))
    for one in told.broken:
        click.echo(f"{one.invariant}  {one.subject}  {one.message}")
    if not told.broken:
        click.echo(say("doctor.no_violations"))
    click.echo(say("db.copy.also"))
    for line in told.also:
        click.echo(f"  {line}")
