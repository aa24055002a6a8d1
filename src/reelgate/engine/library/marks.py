"""Marks: what people put on items, one by one or many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from reelgate.core.errors import Code, refuse
from reelgate.core.grams import words
from reelgate.core.library import NAME_MAX, NOTES_MAX, RATING_MAX, TAGS_MAX, Shelf
from reelgate.core.lifecycle import TERMINAL
from reelgate.engine.context import Context, Who
from reelgate.engine.library.find import missing
from reelgate.engine.library.follow import catch_up
from reelgate.store import characters as character_rows
from reelgate.store import library_folders as folder_rows
from reelgate.store import library_items as item_rows
from reelgate.store import library_look
from reelgate.store import projects as project_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.library_folders import Tag
from reelgate.store.library_items import Item
from reelgate.store.library_look import Seen

BULK_MAX: Final = 1_000
"""Items of one bulk action."""
TAG_MAX: Final = 60
"""Characters of a tag's or folder's name."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be different about an item; what is unset stays."""

    name: str | msgspec.UnsetType | None = msgspec.UNSET
    favourite: bool | msgspec.UnsetType = msgspec.UNSET
    rating: int | msgspec.UnsetType = msgspec.UNSET
    notes: str | msgspec.UnsetType | None = msgspec.UNSET
    folder_id: str | msgspec.UnsetType | None = msgspec.UNSET
    tags: Sequence[str] | msgspec.UnsetType = msgspec.UNSET
    """Names; those that are not there yet are made."""
    project_id: str | msgspec.UnsetType = msgspec.UNSET


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """What a bulk action did."""

    changed: tuple[str, ...]
    skipped: tuple[str, ...]
    """Items that are not there, or that it does not apply to."""


Action = Literal[
    "favourite", "unfavourite", "rate", "folder", "project", "add_tags", "remove_tags", "trash", "restore"
]


async def change(ctx: Context, who: Who, item_id: str, wish: Change) -> None:
    """Change what people put on an item.

    Raises CallerError naming the field, or `not_found`.
    """
    check(wish)
    await catch_up(ctx)

    def work(conn: Connection) -> None:
        item = item_rows.get(conn, item_id, who.project_id)
        if item is None:
            raise missing(item_id)
        _change(conn, ctx, who, item, wish)

    await ctx.backend.write(work)


def check(wish: Change) -> None:
    """Refuse what no item can have.

    Raises CallerError naming the field.
    """
    for param, value, longest in (("name", wish.name, NAME_MAX), ("notes", wish.notes, NOTES_MAX)):
        if isinstance(value, str) and len(value) > longest:
            raise refuse(
                Code.INVALID_REQUEST, f"`{param}` must have at most {longest} characters.", param=param
            )
    if isinstance(wish.rating, int) and not 0 <= wish.rating <= RATING_MAX:
        raise refuse(
            Code.INVALID_REQUEST, f"`rating` must be a whole number from 0 to {RATING_MAX}.", param="rating"
        )
    if wish.tags is not msgspec.UNSET and len(wish.tags) > TAGS_MAX:
        raise refuse(Code.INVALID_REQUEST, f"An item has at most {TAGS_MAX} tags.", param="tags")


def _change(conn: Connection, ctx: Context, who: Who, item: Item, wish: Change) -> None:
    now = ctx.clock.now_ms()
    marks = {
        name: value for name in ("favourite", "rating") if (value := getattr(wish, name)) is not msgspec.UNSET
    }
    if marks:
        item_rows.mark(conn, item, now, **marks)
    texts = {
        name: (value.strip() or None) if isinstance(value, str) else None
        for name in ("name", "notes")
        if (value := getattr(wish, name)) is not msgspec.UNSET
    }
    if texts:
        item_rows.change(conn, item.no, texts, now)
    if wish.tags is not msgspec.UNSET:
        found = [tag_called(conn, ctx, who.project_id, name).id for name in wish.tags]
        folder_rows.put_tags(conn, item.no, found)
    if wish.folder_id is not msgspec.UNSET:
        put_into(conn, who.project_id, item, wish.folder_id, now)
    if texts or wish.tags is not msgspec.UNSET:
        respell(conn, item.id, who.project_id)
    if wish.project_id is not msgspec.UNSET and wish.project_id != item.project_id:
        move(conn, who, item, wish.project_id, now)


def put_into(conn: Connection, project_id: str, item: Item, folder_id: str | None, now: int) -> None:
    """Put an item into a folder of its project, or into none.

    Raises CallerError for a folder that is not there.
    """
    if folder_id is not None and folder_rows.folder(conn, folder_id, project_id) is None:
        raise refuse(Code.NOT_FOUND, f"There is no folder `{folder_id[:80]}`.", param="folder_id")
    item_rows.change(conn, item.no, {"folder_id": folder_id}, now)


def tag_called(conn: Connection, ctx: Context, project_id: str, name: str) -> Tag:
    """Give a project's tag by name, making it when it is not there.

    Raises CallerError for a name that no tag can have.
    """
    plain = " ".join(name.split())
    if not 1 <= len(plain) <= TAG_MAX:
        raise refuse(Code.INVALID_REQUEST, f"A tag has 1 to {TAG_MAX} characters.", param="tags")
    known = folder_rows.tag_named(conn, plain, project_id)
    if known is not None:
        return known
    now = ctx.clock.now_ms()
    return folder_rows.add_tag(
        conn, Tag(id=ctx.ids.new("tag"), project_id=project_id, name=plain, created_at=now)
    )


def move(conn: Connection, who: Who, item: Item, project_id: str, now: int) -> None:
    """Move an item into another project its asker gets into; only what has ended can move.

    Raises CallerError naming the field. Its folder and tags belong to the project it leaves, its charge
    stays where it was made.
    """
    if who.key_id is not None or project_rows.reached(conn, who.user_id, project_id) is None:
        raise refuse(Code.NOT_FOUND, f"There is no project `{project_id[:80]}`.", param="project_id")
    task = task_rows.get(conn, item.id)
    if task is not None and (task.status not in TERMINAL or task.disputed):
        raise refuse(
            Code.NOT_READY, "Only what has ended, and whose money is settled, can move.", param="project_id"
        )
    if task is not None:
        task_rows.rehouse(conn, item.id, project_id, now)
    else:
        character_rows.rehouse(conn, item.id, project_id)
    folder_rows.put_tags(conn, item.no, ())
    item_rows.change(conn, item.no, {"project_id": project_id, "folder_id": None}, now)
    respell(conn, item.id, project_id)


def respell(conn: Connection, item_id: str, project_id: str) -> None:
    """Have an item found by what it is called and marked with now."""
    item = item_rows.get(conn, item_id, project_id)
    seen = [] if item is None else library_look.look(conn, [item])
    if seen:
        item_rows.put_words(conn, seen[0].item.no, spelled(seen[0]))


def spelled(seen: Seen) -> str:
    """Give the words an item is found by: its prompt, names, tags and notes."""
    prompt = None if seen.task is None else seen.task.prompt
    filename = None if seen.upload is None else seen.upload.filename
    names = (seen.item.name, filename, *(name for _, name in seen.tags))
    return words(prompt, *names, seen.item.notes)


async def bulk(
    ctx: Context, who: Who, action: Action, ids: Sequence[str], value: str | int | Sequence[str] | None
) -> Done:
    """Do one thing to many items at once; all of it, or nothing when the value cannot be used.

    Raises CallerError naming the field.
    """
    if len(ids) > BULK_MAX:
        raise refuse(Code.INVALID_REQUEST, f"`ids` must name at most {BULK_MAX} items.", param="ids")
    await catch_up(ctx)

    def work(conn: Connection) -> Done:
        wanted = list(dict.fromkeys(ids))
        found = {item.id: item for item in item_rows.of_project(conn, wanted, who.project_id)}
        do = _doing(conn, ctx, who, action, value)
        changed = tuple(one for one in wanted if one in found and do(found[one]))
        return Done(changed=changed, skipped=tuple(one for one in wanted if one not in changed))

    return await ctx.backend.write(work)


def _doing(
    conn: Connection, ctx: Context, who: Who, action: Action, value: str | int | Sequence[str] | None
) -> Callable[[Item], bool]:
    now = ctx.clock.now_ms()
    match action:
        case "trash" | "restore":
            shelf = Shelf.TRASH if action == "trash" else Shelf.OPEN
            return lambda item: shelve(conn, item, shelf, now)
        case "add_tags" | "remove_tags":
            return _tagging(conn, ctx, who, action, value)
        case _:
            wish = _wish(action, value)
            check(wish)

            def do(item: Item) -> bool:
                _change(conn, ctx, who, item, wish)
                return True

            return do


def _wish(action: Action, value: str | int | Sequence[str] | None) -> Change:
    match action, value:
        case "favourite", _:
            return Change(favourite=True)
        case "unfavourite", _:
            return Change(favourite=False)
        case "rate", int():
            return Change(rating=value)
        case "folder", str() | None:
            return Change(folder_id=value)
        case "project", str():
            return Change(project_id=value)
        case _:
            raise refuse(Code.INVALID_REQUEST, f"`value` does not fit `{action}`.", param="value")


def _tagging(
    conn: Connection, ctx: Context, who: Who, action: Action, value: str | int | Sequence[str] | None
) -> Callable[[Item], bool]:
    if value is None or isinstance(value, str | int):
        raise refuse(
            Code.INVALID_REQUEST, f"`value` does not fit `{action}`: it is a list of names.", param="value"
        )
    chosen = [tag_called(conn, ctx, who.project_id, name).id for name in value]

    def do(item: Item) -> bool:
        had = [tag_id for tag_id, _ in item_rows.tags_of(conn, [item.no]).get(item.no, [])]
        has = [*had, *chosen] if action == "add_tags" else [one for one in had if one not in chosen]
        has = list(dict.fromkeys(has))
        if has == had or len(has) > TAGS_MAX:
            return False
        folder_rows.put_tags(conn, item.no, has)
        respell(conn, item.id, who.project_id)
        return True

    return do


def shelve(conn: Connection, item: Item, shelf: Shelf, now: int) -> bool:
    """Put an item on a shelf; False when it lies there."""
    if item.shelf == int(shelf):
        return False
    trashed = now if shelf is Shelf.TRASH else None
    item_rows.change(conn, item.no, {"shelf": int(shelf), "trashed_at": trashed}, now)
    return True
