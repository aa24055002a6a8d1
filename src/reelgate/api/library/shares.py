"""Share links: made by whoever has the item, opened by whoever has the link."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec
from starlette.responses import Response

from reelgate.api import files
from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation, Visit
from reelgate.api.files import Stored, ending
from reelgate.api.library import bodies
from reelgate.api.library.schemas import (
    LibraryGone,
    LibraryPassword,
    LibraryShare,
    LibraryShared,
    LibraryShares,
    LibraryShareWish,
)
from reelgate.auth import shares
from reelgate.core.errors import Code, refuse
from reelgate.core.library import Shelf
from reelgate.core.task import Variant
from reelgate.engine.library import find
from reelgate.store import library_items as item_rows
from reelgate.store import library_look
from reelgate.store import library_shares as share_rows
from reelgate.store.backend import Connection
from reelgate.store.library_look import Seen
from reelgate.store.library_shares import Share

PAGE: Final = "/share/{token}"
_ROOT: Final = "/api/library/shared"
_WHICH: Final = {"video": Variant.VIDEO, "poster": Variant.THUMBNAIL}


async def make(asked: Asked) -> Response:
    """Make a link to an item; its secret is told this once."""
    wish = await bodies.read(asked, LibraryShareWish)
    whole = await find.whole(asked.ctx, asked.path("item_id"), asked.project_id)
    if whole.seen.asset(Variant.VIDEO) is None:
        raise refuse(Code.NOT_READY, "There is no clip to show yet.")
    share, token = await shares.make(
        asked.door.access,
        item_id=whole.seen.item.id,
        project_id=asked.project_id,
        user_id=asked.principal.user_id,
        expires_at=wish.expires_at,
        password=wish.password or None,
        hide_prompt=wish.hide_prompt,
    )
    return Json(_shown(share, PAGE.format(token=token)))


def _shown(share: Share, path: str | None = None) -> LibraryShare:
    return LibraryShare(
        id=share.id,
        item_id=share.item_id,
        has_password=share.password is not None,
        hide_prompt=share.hide_prompt,
        opened=share.opened,
        created_at=share.created_at,
        expires_at=share.expires_at,
        revoked_at=share.revoked_at,
        path=path,
    )


async def page(asked: Asked) -> Response:
    """List the links to an item."""
    whole = await find.whole(asked.ctx, asked.path("item_id"), asked.project_id)
    item_id, project_id = whole.seen.item.id, asked.project_id
    found = await asked.ctx.backend.point(lambda conn: share_rows.shares_of(conn, item_id, project_id))
    return Json(LibraryShares(data=[_shown(one) for one in found]))


async def revoke(asked: Asked) -> Response:
    """Take a link back."""
    share_id, item_id = asked.path("share_id"), asked.path("item_id")
    now = asked.ctx.clock.now_ms()
    if not await shares.revoke(asked.door.access, share_id, item_id, asked.project_id, now):
        raise refuse(Code.NOT_FOUND, f"There is no link `{share_id[:80]}`.")
    return Json(LibraryGone(id=share_id))


# What anybody sees who has a link.


async def look(visit: Visit) -> Response:
    """Show what a link leads to, or that its password is wanted."""
    share, seen = await _behind(visit)
    given = visit.request.query_params.get("pass")
    if not shares.opens(visit.door.access, share, given):
        return Json(LibraryShared(locked=True))
    await shares.count(visit.door.access, share)
    return Json(_open(visit, share, seen, given))


async def enter(visit: Visit) -> Response:
    """Open a link with its password."""
    share, seen = await _behind(visit)
    wish = await bodies.read(visit, LibraryPassword)
    client = visit.request.client
    given = await shares.enter(visit.door.access, share, wish.password, "" if client is None else client.host)
    await shares.count(visit.door.access, share)
    return Json(_open(visit, share, seen, given))


async def serve(visit: Visit) -> Response:
    """Give the clip behind a link, whole or in part, or its poster."""
    share, seen = await _behind(visit)
    if not shares.opens(visit.door.access, share, visit.request.query_params.get("pass")):
        raise refuse(Code.PERMISSION_OR_CHANNEL, "This link has a password.", param="password")
    variant = _WHICH.get(str(visit.request.path_params["which"]))
    asset = None if variant is None else seen.asset(variant)
    if asset is None:
        raise refuse(Code.NOT_FOUND, "There is no such file.")
    stored = Stored(
        sha256=asset.sha256,
        media_type=asset.media_type,
        bytes=asset.bytes,
        filename=f"clip.{ending(asset.media_type)}",
    )
    request = visit.request
    return await files.serve(visit.ctx.blobs, stored, request.headers, method=request.method)


async def _behind(visit: Visit) -> tuple[Share, Seen]:
    """Give a link and what it leads to; one to something in the trash leads nowhere."""
    share = await shares.find(visit.door.access, str(visit.request.path_params["token"]))

    def work(conn: Connection) -> Seen | None:
        item = item_rows.get(conn, share.item_id, share.project_id)
        if item is None or item.shelf != int(Shelf.OPEN):
            return None
        return next(iter(library_look.look(conn, [item])), None)

    seen = await visit.ctx.backend.read(work)
    if seen is None or seen.asset(Variant.VIDEO) is None:
        raise refuse(Code.NOT_FOUND, "This link does not exist, or it has ended.")
    return share, seen


def _open(visit: Visit, share: Share, seen: Seen, given: str | None) -> LibraryShared:
    video, task = seen.asset(Variant.VIDEO), seen.task
    base = f"{_ROOT}/{visit.request.path_params['token']}/files"
    behind = "" if given is None or share.password is None else f"?pass={quote(given)}"
    told = not share.hide_prompt
    return LibraryShared(
        locked=False,
        name=seen.item.name if told else None,
        prompt=None if task is None or not told else task.prompt,
        model=None if task is None or not told else task.model,
        seconds=None if video is None else video.seconds,
        width=None if video is None else video.width,
        height=None if video is None else video.height,
        created_at=seen.item.created_at,
        video=f"{base}/video{behind}",
        poster=None if seen.asset(Variant.THUMBNAIL) is None else f"{base}/poster{behind}",
        expires_at=share.expires_at,
    )


_MADE: Final = Operation(
    method="POST",
    path="/api/library/items/{item_id}/shares",
    handler=make,
    summary="Make a link to an item",
    tag="library",
    takes=LibraryShareWish,
    gives=LibraryShare,
)

OPERATIONS: Final = (
    _MADE,
    msgspec.structs.replace(
        _MADE, method="GET", handler=page, summary="List links to an item", takes=None, gives=LibraryShares
    ),
    msgspec.structs.replace(
        _MADE,
        method="DELETE",
        path="/api/library/items/{item_id}/shares/{share_id}",
        handler=revoke,
        summary="Take a link back",
        takes=None,
        gives=LibraryGone,
    ),
    Operation(
        method="GET",
        path=f"{_ROOT}/{{token}}",
        handler=look,
        summary="Look at what a link leads to",
        tag="library",
        query=("pass",),
        gives=LibraryShared,
    ),
    Operation(
        method="POST",
        path=f"{_ROOT}/{{token}}",
        handler=enter,
        summary="Open a link with its password",
        tag="library",
        takes=LibraryPassword,
        gives=LibraryShared,
    ),
    Operation(
        method="GET",
        path=f"{_ROOT}/{{token}}/files/{{which}}",
        handler=serve,
        summary="Download what a link leads to",
        tag="library",
        query=("pass",),
        answers="video/mp4",
    ),
)
