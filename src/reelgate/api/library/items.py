"""Items: lists under filters, one item whole, changes to one and to many, and the files beside them."""

from __future__ import annotations

from typing import Final

import msgspec
from starlette.responses import Response

from reelgate.api import files
from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.files import Stored, ending
from reelgate.api.library import bodies, cards
from reelgate.api.library.filters import FILTERS, PAGING, choice_of, counted, turn_of, wanted_of, written
from reelgate.api.library.projects import project_of
from reelgate.api.library.schemas import (
    LibraryBulk,
    LibraryBulkDone,
    LibraryChange,
    LibraryDetail,
    LibraryFacets,
    LibraryPage,
)
from reelgate.core.errors import Code, refuse
from reelgate.engine.library import find, marks
from reelgate.engine.library.marks import Change
from reelgate.engine.models import UsualTime, card, usual_times


async def page(asked: Asked) -> Response:
    """List items under filters, a page at a time, in either direction."""
    wanted = wanted_of(asked, await project_of(asked))
    found = await find.find(asked.ctx, wanted, choice_of(asked), turn_of(asked), counted=counted(asked))
    return Json(
        LibraryPage(
            data=[cards.item(asked, seen, found.shapes[seen.item.shape]) for seen in found.seen],
            next=written(found.last) if found.more_after else None,
            previous=written(found.first) if found.more_before else None,
            facets=None if found.facets is None else cards.facets(asked, found.facets),
        )
    )


async def count(asked: Asked) -> Response:
    """Count what every filter would leave."""
    wanted = wanted_of(asked, await project_of(asked))
    return Json(cards.facets(asked, await find.count(asked.ctx, wanted, choice_of(asked))))


async def retrieve(asked: Asked) -> Response:
    """Give one item with everything there is to show of it."""
    return Json(await _shown(asked, asked.path("item_id")))


async def _shown(asked: Asked, item_id: str) -> LibraryDetail:
    whole = await find.whole(asked.ctx, item_id, asked.project_id)
    return cards.detail(asked, whole, await _usual(asked, whole.shape.model))


async def _usual(asked: Asked, model: str) -> UsualTime | None:
    found = card(asked.ctx, model) if model else None
    return None if found is None else (await usual_times(asked.ctx, [found]))[found.id]


async def change(asked: Asked) -> Response:
    """Change what people put on an item, and give it."""
    wish = await bodies.read(asked, LibraryChange)
    item_id = asked.path("item_id")
    await marks.change(asked.ctx, asked.who, item_id, Change(**msgspec.structs.asdict(wish)))
    if isinstance(wish.project_id, str) and wish.project_id != asked.project_id:
        whole = await find.whole(asked.ctx, item_id, wish.project_id)
        return Json(cards.detail(asked, whole, None))
    return Json(await _shown(asked, item_id))


async def throw_away(asked: Asked) -> Response:
    """Move an item to the trash, and give it."""
    item_id = asked.path("item_id")
    done = await marks.bulk(asked.ctx, asked.who, "trash", [item_id], None)
    del done  # an item that lies in the trash already stays there
    return Json(await _shown(asked, item_id))


async def bulk(asked: Asked) -> Response:
    """Do one thing to many items."""
    wish = await bodies.read(asked, LibraryBulk)
    done = await marks.bulk(asked.ctx, asked.who, wish.action, wish.ids, wish.value)
    return Json(LibraryBulkDone(changed=list(done.changed), skipped=list(done.skipped)))


# Files beside an item that no other surface serves.


async def serve_input(asked: Asked) -> Response:
    """Give a file a request worked from."""
    whole = await find.whole(asked.ctx, asked.path("item_id"), asked.project_id)
    text = asked.path("position")
    inputs = () if whole.task is None else whole.task.request.inputs
    if not (text.isascii() and text.isdigit() and len(text) < 4 and int(text) < len(inputs)):
        raise refuse(Code.NOT_FOUND, f"This item has no input `{text[:20]}`.")
    one = inputs[int(text)]
    name = f"{whole.seen.item.id}-{one.role.value}.{ending(one.media_type)}"
    return await _serve(asked, one.sha256, one.media_type, name)


async def serve_file(asked: Asked) -> Response:
    """Give a character's clip or portrait."""
    whole = await find.whole(asked.ctx, asked.path("item_id"), asked.project_id)
    character, which = whole.seen.character, asked.path("which")
    if character is None or which not in ("clip", "portrait"):
        raise refuse(Code.NOT_FOUND, f"This item has no file `{which[:20]}`.")
    kind = character.media_type if which == "clip" else "image/png"
    sha256 = character.sha256 if which == "clip" else character.portrait_sha256
    return await _serve(asked, sha256, kind, f"{character.id}.{ending(kind)}")


async def _serve(asked: Asked, sha256: str, media_type: str, filename: str) -> Response:
    length = await asked.ctx.blobs.size(sha256)
    if length is None:
        raise refuse(Code.ASSET_EXPIRED, "The file is gone.")
    stored = Stored(sha256=sha256, media_type=media_type, bytes=length, filename=filename)
    return await files.serve(asked.ctx.blobs, stored, asked.request.headers, method=asked.request.method)


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/library/items",
        handler=page,
        summary="List items under filters",
        tag="library",
        query=(*FILTERS, *PAGING),
        gives=LibraryPage,
    ),
    Operation(
        method="GET",
        path="/api/library/facets",
        handler=count,
        summary="Count what every filter would leave",
        tag="library",
        query=FILTERS,
        gives=LibraryFacets,
    ),
    Operation(
        method="GET",
        path="/api/library/items/{item_id}",
        handler=retrieve,
        summary="Retrieve an item with everything about it",
        tag="library",
        gives=LibraryDetail,
    ),
    Operation(
        method="PATCH",
        path="/api/library/items/{item_id}",
        handler=change,
        summary="Change what people put on an item",
        tag="library",
        takes=LibraryChange,
        gives=LibraryDetail,
    ),
    Operation(
        method="DELETE",
        path="/api/library/items/{item_id}",
        handler=throw_away,
        summary="Move an item to the trash",
        tag="library",
        gives=LibraryDetail,
    ),
    Operation(
        method="GET",
        path="/api/library/items/{item_id}/inputs/{position}",
        handler=serve_input,
        summary="Download a file an item was made from",
        tag="library",
        answers="application/octet-stream",
    ),
    Operation(
        method="GET",
        path="/api/library/items/{item_id}/files/{which}",
        handler=serve_file,
        summary="Download a character's clip or portrait",
        tag="library",
        answers="application/octet-stream",
    ),
    Operation(
        method="POST",
        path="/api/library/bulk",
        handler=bulk,
        summary="Do one thing to many items",
        tag="library",
        takes=LibraryBulk,
        gives=LibraryBulkDone,
    ),
)
