"""Folders, tags and the trash."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.library import bodies
from reelgate.api.library.schemas import (
    LibraryConfirm,
    LibraryCount,
    LibraryFolder,
    LibraryFolders,
    LibraryGone,
    LibraryName,
    LibraryTagCount,
    LibraryTags,
)
from reelgate.core.errors import Code, refuse
from reelgate.core.library import Shelf
from reelgate.engine.library import order, trash
from reelgate.store import library_folders as folder_rows
from reelgate.store import library_search
from reelgate.store import projects as project_rows
from reelgate.store.backend import Connection
from reelgate.store.library_folders import Folder
from reelgate.store.library_search import Wanted


async def folders(asked: Asked) -> Response:
    """List folders with how many items are in each."""

    def work(conn: Connection) -> list[LibraryFolder]:
        found = folder_rows.folders(conn, asked.project_id)
        wanted = Wanted(project_id=asked.project_id, shelf=Shelf.OPEN)
        counts = library_search.count_folders(conn, wanted, [one.id for one in found])
        return [_folder(one, counts.get(one.id, 0)) for one in found]

    return Json(LibraryFolders(data=await asked.ctx.backend.read(work)))


def _folder(one: Folder, items: int = 0) -> LibraryFolder:
    return LibraryFolder(
        id=one.id, name=one.name, created_at=one.created_at, updated_at=one.updated_at, items=items
    )


async def make_folder(asked: Asked) -> Response:
    """Make a folder."""
    wish = await bodies.read(asked, LibraryName)
    return Json(_folder(await order.add_folder(asked.ctx, asked.who, wish.name)))


async def rename_folder(asked: Asked) -> Response:
    """Call a folder something else."""
    wish = await bodies.read(asked, LibraryName)
    return Json(_folder(await order.rename_folder(asked.ctx, asked.who, asked.path("folder_id"), wish.name)))


async def remove_folder(asked: Asked) -> Response:
    """Take a folder away and leave what was in it."""
    folder_id = asked.path("folder_id")
    await order.remove_folder(asked.ctx, asked.who, folder_id)
    return Json(LibraryGone(id=folder_id))


async def tags(asked: Asked) -> Response:
    """List tags with how many items each is on."""

    def work(conn: Connection) -> list[LibraryTagCount]:
        found = folder_rows.tags(conn, asked.project_id)
        counts = library_search.count_tags(conn, [one.id for one in found])
        return [LibraryTagCount(id=one.id, name=one.name, items=counts.get(one.id, 0)) for one in found]

    return Json(LibraryTags(data=await asked.ctx.backend.read(work)))


async def make_tag(asked: Asked) -> Response:
    """Make a tag, or give the one of that name."""
    wish = await bodies.read(asked, LibraryName)
    made = await order.add_tag(asked.ctx, asked.who, wish.name)
    return Json(LibraryTagCount(id=made.id, name=made.name, items=0))


async def rename_tag(asked: Asked) -> Response:
    """Call a tag something else."""
    wish = await bodies.read(asked, LibraryName)
    tag_id = asked.path("tag_id")
    named = await order.rename_tag(asked.ctx, asked.who, tag_id, wish.name)
    counts = await asked.ctx.backend.read(lambda conn: library_search.count_tags(conn, [tag_id]))
    return Json(LibraryTagCount(id=named.id, name=named.name, items=counts.get(tag_id, 0)))


async def remove_tag(asked: Asked) -> Response:
    """Take a tag away, from every item as well."""
    tag_id = asked.path("tag_id")
    await order.remove_tag(asked.ctx, asked.who, tag_id)
    return Json(LibraryGone(id=tag_id))


async def _confirmed(asked: Asked) -> None:
    """See to it that the asker has typed the project's name.

    Raises CallerError naming `confirm` otherwise.
    """
    wish = await bodies.read(asked, LibraryConfirm)
    project = await asked.ctx.backend.point(lambda conn: project_rows.get(conn, asked.project_id))
    name = "" if project is None else project.name
    if wish.confirm.strip() != name.strip() or not name.strip():
        raise refuse(
            Code.INVALID_REQUEST,
            f"To delete everything, type the name of the project: {name}. Nothing was deleted.",
            param="confirm",
        )


async def trash_all(asked: Asked) -> Response:
    """Throw everything away; all of it can be taken back for a while."""
    await _confirmed(asked)
    return Json(LibraryCount(items=await trash.trash_all(asked.ctx, asked.who)))


async def empty(asked: Asked) -> Response:
    """Delete for good what is in the trash."""
    await _confirmed(asked)
    return Json(LibraryCount(items=await trash.empty(asked.ctx, asked.who)))


_FOLDER: Final = Operation(
    method="GET",
    path="/api/library/folders",
    handler=folders,
    summary="List folders",
    tag="library",
    gives=LibraryFolders,
)


def _also(**changes: object) -> Operation:
    return msgspec.structs.replace(_FOLDER, **changes)


OPERATIONS: Final = (
    _FOLDER,
    _also(
        method="POST", handler=make_folder, summary="Make a folder", takes=LibraryName, gives=LibraryFolder
    ),
    _also(
        method="PATCH",
        path="/api/library/folders/{folder_id}",
        handler=rename_folder,
        summary="Rename a folder",
        takes=LibraryName,
        gives=LibraryFolder,
    ),
    _also(
        method="DELETE",
        path="/api/library/folders/{folder_id}",
        handler=remove_folder,
        summary="Take a folder away",
        gives=LibraryGone,
    ),
    _also(path="/api/library/tags", handler=tags, summary="List tags", gives=LibraryTags),
    _also(
        method="POST",
        path="/api/library/tags",
        handler=make_tag,
        summary="Make a tag",
        takes=LibraryName,
        gives=LibraryTagCount,
    ),
    _also(
        method="PATCH",
        path="/api/library/tags/{tag_id}",
        handler=rename_tag,
        summary="Rename a tag",
        takes=LibraryName,
        gives=LibraryTagCount,
    ),
    _also(
        method="DELETE",
        path="/api/library/tags/{tag_id}",
        handler=remove_tag,
        summary="Take a tag away",
        gives=LibraryGone,
    ),
    _also(
        method="POST",
        path="/api/library/trash/all",
        handler=trash_all,
        summary="Throw everything away",
        takes=LibraryConfirm,
        gives=LibraryCount,
    ),
    _also(
        method="POST",
        path="/api/library/trash/empty",
        handler=empty,
        summary="Delete what is in the trash for good",
        takes=LibraryConfirm,
        gives=LibraryCount,
    ),
)
