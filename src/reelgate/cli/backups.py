"""`reelgate db backup`, `restore` and `backups`: a copy of everything, put back, and what there is."""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reelgate.cli import show
from reelgate.cli.session import Session, local, pass_session
from reelgate.cli.trouble import Trouble
from reelgate.cli.words import say

if TYPE_CHECKING:
    from reelgate.engine.backups import BackupError, Installation, Listed
    from reelgate.settings import Settings


@click.command("backup", help=say("db.backup"))
@click.argument("path", required=False, type=click.Path(path_type=Path))
@click.option("--with-files", is_flag=True, help=say("db.backup.with_files"))
@local
@pass_session
def backup(session: Session, path: Path | None, with_files: bool) -> None:
    """Copy everything while it is in use."""
    from reelgate.auth.keys import pepper_of
    from reelgate.cli import local as here
    from reelgate.cli.client import run
    from reelgate.engine import backups

    settings = session.settings()
    of = _installation(settings)
    if of.kind == "sqlite" and not (settings.data / "reelgate.db").exists():
        raise Trouble(say("db.none", data=settings.data), next_step=say("db.none.next"))
    now = time.time()
    target = path or settings.backup_folder / backups.stamp(now)
    with here.explained(settings), _explained():
        if of.kind == "sqlite" and of.given_key is None:
            pepper_of(settings.data)
        manifest = run(backups.write(of, target, now, with_files=with_files))
    total = sum(blob.bytes for blob in manifest.blobs)
    if session.json:
        told = {"path": str(target.resolve()), "blobs": len(manifest.blobs), "bytes": total}
        show.as_json(told | {"files": manifest.files, "master_key": manifest.master_key})
        return
    said = say(
        "db.backed_up" if manifest.files == "copied" else "db.backed_up.rows",
        blobs=len(manifest.blobs),
        mib=total / 2**20,
        storage=manifest.storage,
    )
    click.echo(said, err=True)
    if manifest.master_key is not None:
        click.echo(say("db.backed_up.master", source=_master(settings), key=manifest.master_key), err=True)
    click.echo(str(target.resolve()))


@click.command("restore", help=say("db.restore"))
@click.argument("path", type=click.Path(path_type=Path))
@local
@pass_session
def restore(session: Session, path: Path) -> None:
    """Put a backup in place, whole or not at all."""
    from reelgate.cli import local as here
    from reelgate.cli.client import run
    from reelgate.engine import backups
    from reelgate.store.copying import CopyRefused

    settings = session.settings()
    with here.explained(settings), _explained():
        try:
            manifest = run(backups.restore(path, _installation(settings)))
        except CopyRefused as refused:
            raise Trouble(
                say("db.not_empty", reason=refused), next_step=say("db.not_empty.next")
            ) from refused
    if session.json:
        show.as_json({"data": str(settings.data.resolve()), "master_key": manifest.master_key})
        return
    click.echo(say("db.restored", data=settings.data.resolve()))
    if manifest.master_key is not None:
        click.echo(say("db.restored.master", source=_master(settings), key=manifest.master_key), err=True)


def _master(settings: Settings) -> str:
    from reelgate.auth.secrets import source_of

    return source_of(settings.data, settings.master_key, settings.master_key_file).name


@click.command("backups", help=say("db.backups"))
@click.option("--verify", is_flag=True, help=say("db.backups.verify"))
@local
@pass_session
def backups(session: Session, verify: bool) -> None:
    """List the backups of this installation, newest first."""
    from reelgate.engine import backups as kept

    settings = session.settings()
    found = [(one, _state(one, verify=verify)) for one in kept.listed(settings.backup_folder)]
    if session.json:
        show.as_json([_as_json(one, state) for one, state in found])
    else:
        columns = [say(f"column.{name}") for name in ("backup", "created", "files", "size", "state")]
        show.table(columns, [_row(one, state) for one, state in found], empty=say("db.backups.none"))
    broken = sum(1 for _, state in found if state not in ("whole", "unread"))
    if broken:
        raise Trouble(say("db.backups.broken", count=broken), next_step=say("db.damaged.next"))


def _state(one: Listed, *, verify: bool) -> str:
    from reelgate.auth.keys import PEPPER_FILE
    from reelgate.engine import backups as kept

    try:
        kept.check(one.path, PEPPER_FILE) if verify else kept.read_manifest(one.path)
    except kept.BackupError as error:
        return finding_of(error)
    return "whole" if verify else "unread"


def _row(one: Listed, state: str) -> list[str]:
    shown = say(f"db.backups.{state}") if state in ("whole", "unread") else state
    if one.manifest is None:
        return [one.path.name, "-", "-", "-", shown]
    total = sum(blob.bytes for blob in one.manifest.blobs)
    created = show.moment(one.manifest.created_at)
    return [one.path.name, created, str(len(one.manifest.blobs)), f"{total / 2**20:.1f} MiB", shown]


def _as_json(one: Listed, state: str) -> dict[str, object]:
    shown: dict[str, object] = {"path": str(one.path), "automatic": one.automatic, "state": state}
    if one.manifest is not None:
        blobs = one.manifest.blobs
        shown |= {
            "created_at": one.manifest.created_at,
            "source": one.manifest.source,
            "files": one.manifest.files,
            "blobs": len(blobs),
            "bytes": sum(blob.bytes for blob in blobs),
        }
    return shown


def _installation(settings: Settings) -> Installation:
    from reelgate.app import installation

    return installation(settings)


@contextmanager
def _explained() -> Generator[None]:
    """Say in plain words why a backup cannot be made or used."""
    from reelgate.engine.backups import BackupError

    try:
        yield
    except BackupError as error:
        raise _trouble(error) from error


def _trouble(error: BackupError) -> Trouble:
    match error.finding:
        case "exists":
            return Trouble(say("db.exists", path=error.name), next_step=say("db.exists.next"))
        case "not_clean":
            return Trouble(say("db.not_clean", data=error.name), next_step=say("db.not_clean.next"))
        case "other_key":
            return Trouble(say("db.other_key", path=error.name), next_step=say("db.other_key.next"))
        case "key_wanted":
            return Trouble(say("db.key_wanted"), next_step=say("db.key_wanted.next"))
        case "no_key":
            return Trouble(say("db.no_key", path=error.name), next_step=say("db.no_key.next"))
        case "absent":
            return Trouble(say("db.absent", count=error.name), next_step=say("db.absent.next"))
        case _:
            return Trouble(say("db.damaged", finding=finding_of(error)), next_step=say("db.damaged.next"))


def finding_of(error: BackupError) -> str:
    """Say what is wrong with a backup."""
    from reelgate.engine.backups import FORMAT

    if error.finding == "unsound":
        return error.name
    return say(f"db.damaged.{error.finding}", name=error.name, format=error.name, known=FORMAT)
