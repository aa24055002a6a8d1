"""Order: the folders and tags of a project, and whether somebody gets into it."""

from __future__ import annotations

from reelgate.core.errors import Code, refuse
from reelgate.engine.context import Context, Who
from reelgate.engine.library import marks
from reelgate.store import library_folders as folder_rows
from reelgate.store import library_items as item_rows
from reelgate.store import projects as project_rows
from reelgate.store.backend import Connection
from reelgate.store.library_folders import Folder, Tag

FOLDERS_MAX = 1_000
TAGS_MAX = 2_000


def plain(name: str) -> str:
    """Write a name the way it is kept.

    Raises CallerError for one that is empty or too long.
    """
    found = " ".join(name.split())
    if not 1 <= len(found) <= marks.TAG_MAX:
        raise refuse(Code.INVALID_REQUEST, f"`name` must have 1 to {marks.TAG_MAX} characters.", param="name")
    return found


def _taken(name: str) -> Exception:
    return refuse(Code.INVALID_REQUEST, f"There is another one called `{name}`.", param="name")


def _no(what: str, one: str) -> Exception:
    return refuse(Code.NOT_FOUND, f"There is no {what} `{one[:80]}`.")


async def add_folder(ctx: Context, who: Who, name: str) -> Folder:
    """Make a folder.

    Raises CallerError naming `name` when it cannot be called that.
    """
    now = ctx.clock.now_ms()
    new = Folder(
        id=ctx.ids.new("fold"), project_id=who.project_id, name=plain(name), created_at=now, updated_at=now
    )

    def work(conn: Connection) -> bool:
        if len(folder_rows.folders(conn, who.project_id)) >= FOLDERS_MAX:
            raise refuse(Code.INVALID_REQUEST, f"A project has at most {FOLDERS_MAX} folders.")
        return folder_rows.add_folder(conn, new)

    if not await ctx.backend.write(work):
        raise _taken(new.name)
    return new


async def rename_folder(ctx: Context, who: Who, folder_id: str, name: str) -> Folder:
    """Call a folder something else.

    Raises CallerError `not_found`, or naming `name`.
    """
    called = plain(name)

    def work(conn: Connection) -> Folder:
        if folder_rows.folder(conn, folder_id, who.project_id) is None:
            raise _no("folder", folder_id)
        if not folder_rows.rename_folder(conn, folder_id, who.project_id, called, ctx.clock.now_ms()):
            raise _taken(called)
        found = folder_rows.folder(conn, folder_id, who.project_id)
        assert found is not None  # noqa: S101 - read in this transaction
        return found

    return await ctx.backend.write(work)


async def remove_folder(ctx: Context, who: Who, folder_id: str) -> None:
    """Take a folder away and leave what was in it.

    Raises CallerError `not_found`.
    """

    def work(conn: Connection) -> None:
        if folder_rows.folder(conn, folder_id, who.project_id) is None:
            raise _no("folder", folder_id)
        folder_rows.remove_folder(conn, folder_id)

    await ctx.backend.write(work)


async def add_tag(ctx: Context, who: Who, name: str) -> Tag:
    """Make a tag, or give the one of that name.

    Raises CallerError naming `name`.
    """
    called = plain(name)

    def work(conn: Connection) -> Tag:
        if len(folder_rows.tags(conn, who.project_id)) >= TAGS_MAX:
            raise refuse(Code.INVALID_REQUEST, f"A project has at most {TAGS_MAX} tags.")
        return marks.tag_called(conn, ctx, who.project_id, called)

    return await ctx.backend.write(work)


async def rename_tag(ctx: Context, who: Who, tag_id: str, name: str) -> Tag:
    """Call a tag something else; what it is on is found by the new name.

    Raises CallerError `not_found`, or naming `name`.
    """
    called = plain(name)

    def work(conn: Connection) -> Tag:
        if folder_rows.tag(conn, tag_id, who.project_id) is None:
            raise _no("tag", tag_id)
        if not folder_rows.rename_tag(conn, tag_id, who.project_id, called):
            raise _taken(called)
        _respell(conn, who.project_id, folder_rows.tagged(conn, tag_id))
        found = folder_rows.tag(conn, tag_id, who.project_id)
        assert found is not None  # noqa: S101 - read in this transaction
        return found

    return await ctx.backend.write(work)


async def remove_tag(ctx: Context, who: Who, tag_id: str) -> None:
    """Take a tag away, from every item as well.

    Raises CallerError `not_found`.
    """

    def work(conn: Connection) -> None:
        if folder_rows.tag(conn, tag_id, who.project_id) is None:
            raise _no("tag", tag_id)
        numbers = folder_rows.tagged(conn, tag_id)
        folder_rows.remove_tag(conn, tag_id)
        _respell(conn, who.project_id, numbers)

    await ctx.backend.write(work)


def _respell(conn: Connection, project_id: str, numbers: list[int]) -> None:
    for item in item_rows.by_number(conn, numbers):
        marks.respell(conn, item.id, project_id)


async def reaches(ctx: Context, who: Who, project_id: str) -> bool:
    """Tell whether somebody signed in gets into a project."""
    found = await ctx.backend.point(lambda conn: project_rows.reached(conn, who.user_id, project_id))
    return found is not None
