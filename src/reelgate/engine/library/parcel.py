"""Parcels: many clips as one ZIP, sent while it is written, and everything there is as one more.

A clip is compressed already and is stored as it is. What is held in memory is the piece that is being
sent and the list of names.
"""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec

from reelgate.core import recipe as recipes
from reelgate.core.library import Shelf
from reelgate.core.money import show
from reelgate.core.task import Task, Variant
from reelgate.engine.context import Context
from reelgate.engine.library.follow import catch_up
from reelgate.store import library_folders as folder_rows
from reelgate.store import library_items as item_rows
from reelgate.store import library_look, library_search, library_shares
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.library_items import Shape
from reelgate.store.library_look import Seen
from reelgate.store.library_search import Wanted

PIECE: Final = 1 << 20
AT_ONCE: Final = 200
"""Items whose rows are read together."""
EVERYTHING: Final = 1 << 31
_UNFIT: Final = re.compile(r"[^\w\- .,()\[\]']+|\.{2,}")
_ENDINGS: Final = {
    "video/mp4": "mp4",
    "video/quicktime": "mov",
    "video/webm": "webm",
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/webp": "webp",
}


class _Sink:
    """What a ZIP is written into: a place that only goes on."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._at = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        return self._at

    def flush(self) -> None:
        """Do nothing: what was written is taken by `taken`."""

    def seekable(self) -> bool:
        return False

    def taken(self) -> bytes:
        """Give what was written since the last time."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One stored file as it goes into a parcel."""

    name: str
    sha256: str
    bytes: int
    at_ms: int
    behind: bytes = b""
    """What is put behind it: the recipe."""


def name_of(seen: Seen, media_type: str) -> str:
    """Give a file name that says what is in it and is nobody else's."""
    said = seen.item.name or (seen.task.prompt if seen.task is not None else "") or seen.item.id
    plain = " ".join(_UNFIT.sub(" ", said).split())[:60].strip(" .") or "clip"
    return f"{plain}-{seen.item.id[-8:]}.{_ENDINGS.get(media_type, 'bin')}"


def recipe_of(task: Task) -> dict[str, Any]:
    """Give what is put into a clip about how it was made: what its owner asked for, and no address or account."""
    request = task.request
    told = {
        "id": task.id,
        "model": task.model,
        "served_by": task.served_model,
        "prompt": request.prompt,
        "verb": request.verb.value,
        "seconds": request.seconds,
        "size": str(request.size),
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "audio": request.audio,
        "parent_id": request.parent_id,
        "inputs": [{"role": one.role.value, "sha256": one.sha256} for one in request.inputs],
        "created_at": task.created_at,
    }
    return {name: value for name, value in told.items() if value is not None}


def behind(task: Task | None, media_type: str) -> bytes:
    """Give what is put behind a clip; nothing for a container that has no room for it."""
    if task is None or media_type not in ("video/mp4", "video/quicktime"):
        return b""
    return recipes.box(recipe_of(task), task.request.prompt)


async def pack(ctx: Context, project_id: str, ids: Sequence[str]) -> AsyncIterator[bytes]:
    """Give the clips of some items as a ZIP, piece by piece; items without a file are only in its list."""
    await catch_up(ctx)
    sink = _Sink()
    # The name of nothing here is a secret, and a file of ours is never damaged on the way: no checks but CRC.
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:  # pyright: ignore[reportArgumentType, reportCallIssue]
        told: list[dict[str, Any]] = []
        for start in range(0, len(ids), AT_ONCE):
            some = list(ids[start : start + AT_ONCE])
            for seen, shape, task in await _read(ctx, project_id, some):
                file = _file(seen, task)
                told.append(_told(seen, shape, task, file))
                if file is not None and await ctx.blobs.size(file.sha256) is not None:
                    async for piece in _stored(ctx, archive, sink, file):
                        yield piece
        _write(archive, "items.json", _json(told))
        _write(archive, "library.json", _json(await _rest(ctx, project_id)))
    yield sink.taken()


async def everything(ctx: Context, project_id: str) -> list[str]:
    """Name every item of a project, in the trash as well, the newest first."""
    await catch_up(ctx)
    wanted = Wanted(project_id=project_id)
    trash = msgspec.structs.replace(wanted, shelf=Shelf.TRASH)

    def work(conn: Connection) -> list[str]:
        return [one for which in (wanted, trash) for one in library_search.ids(conn, which, EVERYTHING)]

    return await ctx.backend.read(work)


async def _read(ctx: Context, project_id: str, ids: Sequence[str]) -> list[tuple[Seen, Shape, Task | None]]:
    def work(conn: Connection) -> list[tuple[Seen, Shape, Task | None]]:
        found = {item.id: item for item in item_rows.of_project(conn, ids, project_id)}
        shapes = ctx.shapes.read(conn)
        return [
            (seen, shapes[seen.item.shape], None if seen.task is None else task_rows.get(conn, seen.item.id))
            for seen in library_look.look(conn, [found[one] for one in ids if one in found])
        ]

    return await ctx.backend.read(work)


def _file(seen: Seen, task: Task | None) -> File | None:
    video = seen.asset(Variant.VIDEO)
    if video is not None:
        kind, sha256, length = video.media_type, video.sha256, video.bytes
    elif seen.upload is not None:
        kind, sha256, length = seen.upload.media_type, seen.upload.sha256, seen.upload.bytes
    elif seen.character is not None:
        kind, sha256, length = seen.character.media_type, seen.character.sha256, 0
    else:
        return None
    return File(
        name=name_of(seen, kind),
        sha256=sha256,
        bytes=length,
        at_ms=seen.item.created_at,
        behind=behind(task, kind),
    )


async def _stored(ctx: Context, archive: zipfile.ZipFile, sink: _Sink, file: File) -> AsyncIterator[bytes]:
    length = await ctx.blobs.size(file.sha256) or 0
    entry = zipfile.ZipInfo(file.name, time.gmtime(max(file.at_ms / 1000, 315_532_800))[:6])
    entry.external_attr = 0o600 << 16
    with archive.open(entry, "w", force_zip64=True) as inside:
        async for piece in ctx.blobs.read_range(file.sha256, 0, length):
            inside.write(piece)
            yield sink.taken()
        inside.write(file.behind)
    yield sink.taken()


def _write(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)


def _json(value: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value), indent=2)


def _told(seen: Seen, shape: Shape, task: Task | None, file: File | None) -> dict[str, Any]:
    item = seen.item
    return {
        "id": item.id,
        "kind": shape.kind,
        "file": None if file is None else file.name,
        "name": item.name,
        "notes": item.notes,
        "folder_id": item.folder_id,
        "tags": [name for _, name in seen.tags],
        "favourite": shape.favourite,
        "rating": shape.rating,
        "status": shape.status,
        "created_at": item.created_at,
        "trashed_at": item.trashed_at,
        "recipe": None if task is None else recipe_of(task),
        "cost": None if task is None else {"amount": show(task.quote), "currency": task.currency},
    }


async def _rest(ctx: Context, project_id: str) -> dict[str, Any]:
    def work(conn: Connection) -> dict[str, Any]:
        return {
            "folders": [{"id": one.id, "name": one.name} for one in folder_rows.folders(conn, project_id)],
            "tags": [one.name for one in folder_rows.tags(conn, project_id)],
            "presets": [
                {"name": one.name, "body": one.body} for one in library_shares.presets(conn, project_id, "")
            ],
        }

    return await ctx.backend.read(work)
