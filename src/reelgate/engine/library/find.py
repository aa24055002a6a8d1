"""Find: a page of the library under any filters, in any order, with what every filter would leave."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from reelgate.core.errors import Code, refuse
from reelgate.core.library import Sort
from reelgate.core.task import Attempt, Task
from reelgate.engine.context import Context
from reelgate.engine.library import shapes
from reelgate.engine.library.follow import catch_up
from reelgate.engine.library.shapes import Choice, Value
from reelgate.store import attempts as attempt_rows
from reelgate.store import library_folders as folder_rows
from reelgate.store import library_items as item_rows
from reelgate.store import library_look, library_search
from reelgate.store import lineage as lineage_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.library_items import Shape
from reelgate.store.library_look import Booked, Seen
from reelgate.store.library_search import Cut, Place, Wanted
from reelgate.store.lineage import Edge

CHILDREN_MAX = 200


class Facets(msgspec.Struct, frozen=True, kw_only=True):
    """How many items there are, and how many each value of each filter would leave."""

    total: int
    by: Mapping[str, Mapping[Value, int]]
    folders: Mapping[str, int]
    tags: Mapping[str, int]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A page, where it begins and ends, and whether there is more on either side."""

    seen: tuple[Seen, ...]
    shapes: Mapping[int, Shape]
    first: Place | None
    last: Place | None
    more_after: bool
    more_before: bool
    facets: Facets | None = None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """Which page is asked for."""

    sort: Sort = Sort.CREATED
    ascending: bool = False
    limit: int = 50
    after: Place | None = None
    before: Place | None = None


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """One item with everything there is to show of it."""

    seen: Seen
    shape: Shape
    task: Task | None
    attempts: tuple[Attempt, ...]
    booked: Booked | None
    parents: tuple[Edge, ...]
    children: tuple[str, ...]
    shares: int


async def find(ctx: Context, wanted: Wanted, choice: Choice, turn: Turn, *, counted: bool = False) -> Found:
    """Give a page of what is wanted; `counted` counts what every filter would leave, too."""
    await catch_up(ctx)

    def work(conn: Connection) -> Found:
        known = ctx.shapes.read(conn)
        narrowed = msgspec.structs.replace(wanted, shapes=shapes.fitting(known, choice))
        cut = library_search.page(
            conn,
            narrowed,
            sort=turn.sort,
            ascending=turn.ascending,
            limit=turn.limit,
            after=turn.after,
            before=turn.before,
        )
        facets = _facets(conn, narrowed, known, choice) if counted else None
        return _found(conn, cut, known, facets)

    return await ctx.backend.read(work)


def _found(conn: Connection, cut: Cut, known: Mapping[int, Shape], facets: Facets | None) -> Found:
    items = item_rows.by_number(conn, [place.no for place in cut.places])
    return Found(
        seen=tuple(library_look.look(conn, items)),
        shapes=known,
        first=cut.places[0] if cut.places else None,
        last=cut.places[-1] if cut.places else None,
        more_after=cut.more_after,
        more_before=cut.more_before,
        facets=facets,
    )


async def count(ctx: Context, wanted: Wanted, choice: Choice) -> Facets:
    """Count what every filter would leave."""
    await catch_up(ctx)

    def work(conn: Connection) -> Facets:
        known = ctx.shapes.read(conn)
        narrowed = msgspec.structs.replace(wanted, shapes=shapes.fitting(known, choice))
        return _facets(conn, narrowed, known, choice)

    return await ctx.backend.read(work)


def _facets(conn: Connection, wanted: Wanted, known: Mapping[int, Shape], choice: Choice) -> Facets:
    counts = library_search.count_shapes(conn, wanted)
    folder_ids = [folder.id for folder in folder_rows.folders(conn, wanted.project_id)]
    tag_ids = [tag.id for tag in folder_rows.tags(conn, wanted.project_id)]
    return Facets(
        total=shapes.total(known, counts, choice),
        by=shapes.facets(known, counts, choice),
        folders=library_search.count_folders(conn, wanted, folder_ids),
        tags=library_search.count_tags(conn, tag_ids),
    )


async def whole(ctx: Context, item_id: str, project_id: str) -> Whole:
    """Give one item with everything there is to show of it.

    Raises CallerError `not_found` for one that is not there, or not this project's.
    """
    await catch_up(ctx)

    def work(conn: Connection) -> Whole | None:
        item = item_rows.get(conn, item_id, project_id)
        seen = library_look.look(conn, [item]) if item is not None else []
        return _whole(conn, seen[0], ctx.clock.now_ms()) if seen else None

    found = await ctx.backend.read(work)
    if found is None:
        raise missing(item_id)
    return found


def missing(item_id: str) -> Exception:
    """Build the refusal of an item that is not there, or not this asker's: the two look the same."""
    return refuse(Code.NOT_FOUND, f"There is no item `{item_id[:80]}`.")


def _whole(conn: Connection, seen: Seen, now: int) -> Whole:
    item_id = seen.item.id
    task = task_rows.get(conn, item_id) if seen.task is not None else None
    return Whole(
        seen=seen,
        shape=item_rows.shape_of(conn, seen.item.shape),
        task=task,
        attempts=() if task is None else tuple(attempt_rows.of_task(conn, item_id)),
        booked=None if task is None else library_look.booked(conn, item_id),
        parents=() if task is None else tuple(lineage_rows.parents(conn, item_id)),
        children=tuple(library_look.children_of(conn, item_id, seen.item.project_id, CHILDREN_MAX)),
        shares=library_look.living_shares(conn, item_id, now),
    )
