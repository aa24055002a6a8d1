"""The queue in lanes, and the graph of what came of what."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.library import cards
from reelgate.api.library.filters import moment
from reelgate.api.library.projects import project_of
from reelgate.api.library.schemas import (
    LibraryDifference,
    LibraryGraph,
    LibraryLane,
    LibraryPicture,
    LibraryPictures,
    LibraryQueue,
    LibraryStep,
    LibraryUsual,
    LibraryWaiting,
)
from reelgate.core.task import Upload
from reelgate.engine.library import kin, queue
from reelgate.engine.library.queue import Lane, Queue

DAY_MS: Final = 86_400_000


async def lanes(asked: Asked) -> Response:
    """Give the lanes of the queue; `since` says from when on something counts as done today."""
    since = moment(asked.request.query_params, "since")
    if since is None:
        now = asked.ctx.clock.now_ms()
        since = now - now % DAY_MS
    found = await queue.queue(asked.ctx, await project_of(asked), since)
    by_name = {lane.name: _lane(asked, found, lane) for lane in found.lanes}
    return Json(
        LibraryQueue(
            waiting=by_name["waiting"],
            running=by_name["running"],
            needs_you=by_name["needs_you"],
            done=by_name["done"],
            usual={name: LibraryUsual(**msgspec.structs.asdict(one)) for name, one in found.usual.items()},
        )
    )


def _lane(asked: Asked, found: Queue, lane: Lane) -> LibraryLane:
    return LibraryLane(
        count=lane.count,
        data=[
            LibraryWaiting(
                item=cards.item(asked, one.seen, found.shapes[one.seen.item.shape]),
                position=one.position,
                cancelling=one.effect,
            )
            for one in lane.items
        ],
    )


async def lineage(asked: Asked) -> Response:
    """Give the graph an item belongs to, with what each step changed."""
    item_id = asked.path("item_id")
    found = await kin.graph(asked.ctx, item_id, asked.project_id)
    return Json(
        LibraryGraph(
            id=item_id,
            nodes=[cards.item(asked, seen, found.shapes[seen.item.shape]) for seen in found.seen],
            edges=[
                LibraryStep(
                    source=step.parent_id,
                    target=step.child_id,
                    how=step.how,
                    changed=[LibraryDifference(**msgspec.structs.asdict(one)) for one in step.changed],
                )
                for step in found.steps
            ],
            cut=found.cut,
        )
    )


async def last_frame(asked: Asked) -> Response:
    """Keep the last frame of a clip to start another one from."""
    upload = await kin.last_frame(asked.ctx, asked.who, asked.path("item_id"))
    return Json(_picture(asked, "first_frame", upload))


async def reuse(asked: Asked) -> Response:
    """Keep the files a request worked from, so that it can be asked for again with all of them."""
    kept = await kin.reuse(asked.ctx, asked.who, asked.path("item_id"))
    return Json(LibraryPictures(data=[_picture(asked, role.value, upload) for role, upload in kept]))


def _picture(asked: Asked, role: str, upload: Upload) -> LibraryPicture:
    url = cards.address(asked, f"/v1/files/{upload.id}/content", upload.project_id)
    return LibraryPicture(file_id=upload.id, role=role, media_type=upload.media_type, url=url)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/library/queue",
        handler=lanes,
        summary="Look at the queue",
        tag="library",
        query=("project", "since"),
        gives=LibraryQueue,
    ),
    Operation(
        method="GET",
        path="/api/library/items/{item_id}/lineage",
        handler=lineage,
        summary="Retrieve what an item comes from and what came of it",
        tag="library",
        gives=LibraryGraph,
    ),
    Operation(
        method="POST",
        path="/api/library/items/{item_id}/last_frame",
        handler=last_frame,
        summary="Keep a clip's last frame to work from",
        tag="library",
        gives=LibraryPicture,
    ),
    Operation(
        method="POST",
        path="/api/library/items/{item_id}/reuse",
        handler=reuse,
        summary="Keep the files an item was made from to work from again",
        tag="library",
        gives=LibraryPictures,
    ),
)
