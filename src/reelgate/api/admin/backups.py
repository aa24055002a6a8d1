"""Backups: what there is, and one more now. Putting one back is done on the machine itself, by the command line."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api.door import Asked, Operation
from reelgate.api.envelopes import Done, done, moment
from reelgate.core.errors import Code, refuse
from reelgate.engine.backup_desk import Desk
from reelgate.engine.backups import Listed


class Backup(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """One backup."""

    name: str
    path: str
    automatic: bool
    """Whether it was made by itself, and will go by itself."""
    readable: bool
    """Whether it says what it holds; one that does not cannot be put back."""
    created_at: str | None
    schema: str | None
    files: int
    bytes: int
    """Of the stored files in it, or named by it."""
    copied: bool
    """Whether the stored files are in it; those of a bucket are only named."""
    master_key: str | None
    """Names the key its secrets are sealed under, which is in no backup."""


class Stopped(msgspec.Struct, frozen=True):
    """Why the last backup that was asked for could not be made."""

    at: str | None
    finding: str
    about: str


class Backups(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The backups of this installation, and how they are kept."""

    offered: bool
    """Whether this process can make one."""
    folder: str
    every_h: float
    """Hours between automatic ones; 0 when none are made."""
    keep: int
    """Automatic ones kept."""
    began_at: str | None
    """Since when one is being made; null when none is."""
    failed: Stopped | None
    found: list[Backup]


def _backup(one: Listed) -> Backup:
    manifest = one.manifest
    blobs = () if manifest is None else manifest.blobs
    return Backup(
        name=one.path.name,
        path=str(one.path.absolute()),
        automatic=one.automatic,
        readable=manifest is not None,
        created_at=None if manifest is None else moment(manifest.created_at * 1000),
        schema=None if manifest is None else manifest.schema,
        files=len(blobs),
        bytes=sum(blob.bytes for blob in blobs),
        copied=manifest is not None and manifest.files == "copied",
        master_key=None if manifest is None else manifest.master_key,
    )


async def _shown(desk: Desk) -> Backups:
    failed = desk.failed
    return Backups(
        offered=True,
        folder=str(desk.folder.absolute()),
        every_h=desk.every_h,
        keep=desk.keep,
        began_at=moment(desk.began_at),
        failed=None if failed is None else Stopped(moment(failed.at), failed.finding, failed.about),
        found=[_backup(one) for one in await desk.listed()],
    )


async def page(asked: Asked) -> Response:
    """List backups, newest first, and say how they are kept and whether one is being made."""
    desk = asked.door.house.desk
    if desk is None:
        none = Backups(offered=False, folder="", every_h=0, keep=0, began_at=None, failed=None, found=[])
        return done(none)
    return done(await _shown(desk))


async def make(asked: Asked) -> Response:
    """Begin a backup; answers at once, and the list says when it is there."""
    desk = asked.door.house.desk
    if desk is None:
        raise refuse(Code.NOT_READY, "This process cannot make a backup; use `reelgate db backup`.")
    desk.start()
    return done(await _shown(desk), 202)


def _operation(method: Any, handler: Any, summary: str, **more: Any) -> Operation:
    return Operation(
        method=method,
        path="/api/admin/backups",
        handler=handler,
        summary=summary,
        tag="admin",
        gives=Done[Backups],
        **more,
    )


OPERATIONS: Final = (
    _operation("GET", page, "List backups"),
    _operation("POST", make, "Begin a backup", status=202),
)
