"""Lineage: the graph around an item, with what each step changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from reelgate.core.errors import Code, refuse
from reelgate.core.kinship import Difference, differences
from reelgate.core.task import Request, Role, Upload, Variant
from reelgate.engine import uploads
from reelgate.engine.context import Context, Who
from reelgate.engine.library.find import missing, whole
from reelgate.media import derive
from reelgate.store import library_items as item_rows
from reelgate.store import library_kin, library_look
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.library_items import Shape
from reelgate.store.library_kin import Origin, Tie
from reelgate.store.library_look import Seen

NODES_MAX: Final = 200
LAST_FRAME: Final = "last_frame"


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One step from a parent to a child, and what it changed."""

    parent_id: str
    child_id: str
    how: str
    changed: tuple[Difference, ...]


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an item comes from and everything that came of that."""

    seen: tuple[Seen, ...]
    shapes: Mapping[int, Shape]
    steps: tuple[Step, ...]
    cut: bool
    """Whether there is more than is shown."""


async def graph(ctx: Context, item_id: str, project_id: str) -> Graph:
    """Give the graph an item belongs to.

    Raises CallerError `not_found`.
    """
    await whole(ctx, item_id, project_id)

    def work(conn: Connection) -> Graph:
        ties, cut = _walk(conn, item_id, project_id)
        ids = list(dict.fromkeys([item_id, *(end for tie in ties for end in (tie.parent_id, tie.child_id))]))
        seen = tuple(library_look.look(conn, item_rows.of_project(conn, ids, project_id)))
        there = {one.item.id for one in seen}
        kept = [tie for tie in ties if {tie.parent_id, tie.child_id} <= there]
        return Graph(seen=seen, shapes=ctx.shapes.read(conn), steps=_steps(conn, kept), cut=cut)

    return await ctx.backend.read(work)


def _walk(conn: Connection, item_id: str, project_id: str) -> tuple[list[Tie], bool]:
    """Go up from an item to all it comes from, then down from there to all that came of it."""
    known = {item_id}
    ties: dict[Tie, None] = {}
    for look, far in ((library_kin.above, _parents), (library_kin.below, _children)):
        if not _spread(known, ties, lambda ids, look=look: look(conn, project_id, ids), far):
            return list(ties), True
    return list(ties), False


def _spread(
    known: set[str],
    ties: dict[Tie, None],
    look: Callable[[Sequence[str]], list[Tie]],
    far: Callable[[Iterable[Tie]], set[str]],
) -> bool:
    """Follow ties until there are no new ends; False when that would be too many."""
    new = set(known)
    while new:
        found = look(sorted(new))
        new = far(found) - known
        if len(known) + len(new) > NODES_MAX:
            return False
        known |= new
        ties.update(dict.fromkeys(found))
    return True


def _parents(ties: Iterable[Tie]) -> set[str]:
    return {tie.parent_id for tie in ties}


def _children(ties: Iterable[Tie]) -> set[str]:
    return {tie.child_id for tie in ties}


def _steps(conn: Connection, ties: Sequence[Tie]) -> tuple[Step, ...]:
    requests: dict[str, Request | None] = {}
    for tie in ties:
        for end in (tie.parent_id, tie.child_id):
            if end not in requests:
                task = task_rows.get(conn, end)
                requests[end] = None if task is None else task.request
    return tuple(
        Step(
            parent_id=tie.parent_id,
            child_id=tie.child_id,
            how=tie.how,
            changed=_changed(requests[tie.parent_id], requests[tie.child_id]),
        )
        for tie in ties
    )


def _changed(old: Request | None, new: Request | None) -> tuple[Difference, ...]:
    return () if old is None or new is None else differences(old, new)


async def last_frame(ctx: Context, who: Who, item_id: str) -> Upload:
    """Keep the last frame of a clip as a picture to work from, and remember where it is from.

    Raises CallerError `not_found`, or `not_ready` while there is no clip.
    """
    found = await whole(ctx, item_id, who.project_id)
    video = found.seen.asset(Variant.VIDEO)
    if video is None:
        raise refuse(Code.NOT_READY, "There is no clip to take a frame of.")
    picture = ctx.blobs.spool()
    try:
        async with ctx.blobs.local(video.sha256) as clip:
            await derive.last_frame(clip, picture)
        upload = await uploads.keep(ctx, who, picture, f"{item_id}-last-frame.png", "vision")
    finally:
        picture.unlink(missing_ok=True)
    origin = Origin(
        project_id=who.project_id,
        sha256=upload.sha256,
        item_id=item_id,
        verb=LAST_FRAME,
        created_at=upload.created_at,
    )
    await ctx.backend.write(lambda conn: library_kin.put_origin(conn, origin))
    return upload


async def reuse(ctx: Context, who: Who, item_id: str) -> list[tuple[Role, Upload]]:
    """Keep the files a request worked from as uploads, so that it can be asked for again with all of them.

    Raises CallerError `not_found`.
    """
    found = await whole(ctx, item_id, who.project_id)
    if found.task is None:
        raise missing(item_id)
    kept: list[tuple[Role, Upload]] = []
    for one in found.task.request.inputs:
        if one.character_id is not None:
            continue
        name = f"{item_id}-{one.role.value}"
        upload = uploads.named(ctx, who, one, name)
        await ctx.backend.write(lambda conn, upload=upload: uploads.write(conn, upload))
        kept.append((one.role, upload))
    return kept
