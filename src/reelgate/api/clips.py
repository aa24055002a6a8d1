"""The bytes of a video: the clip, its thumbnail, its spritesheet, whole or in part, on whatever surface."""

from __future__ import annotations

from starlette.responses import Response

from reelgate.api import files
from reelgate.api.door import Asked
from reelgate.api.files import Stored, ending
from reelgate.api.queries import missing
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.lifecycle import OPEN, Status
from reelgate.core.task import Asset, Variant
from reelgate.store import assets as asset_rows
from reelgate.store import tasks as task_rows
from reelgate.store.backend import Connection
from reelgate.store.tasks import StatusRow


async def download(asked: Asked, video_id: str) -> Response:
    """Give the variant of a finished video that the address asks for, or why there is none."""
    variant = _variant(asked)
    ctx, project_id = asked.ctx, asked.project_id

    def look(conn: Connection) -> tuple[StatusRow | None, Asset | None]:
        row = task_rows.status_row(conn, video_id, project_id)
        return row, asset_rows.get(conn, video_id, variant) if row is not None else None

    row, asset = await ctx.backend.point(look)
    if row is None:
        raise missing("video", video_id)
    if asset is None or (row.expires_at is not None and row.expires_at <= ctx.clock.now_ms()):
        raise _absent(row, variant)
    stored = Stored(
        sha256=asset.sha256,
        media_type=asset.media_type,
        bytes=asset.bytes,
        filename=_filename(video_id, variant, asset.media_type),
        attachment=asked.request.query_params.get("download") in ("1", "true"),
    )
    answer = await files.serve(
        ctx.blobs,
        stored,
        asked.request.headers,
        method=asked.request.method,
        redirect_s=ctx.rules.delivery_link_s if _may_leave(asked) else None,
    )
    if "sig" in asked.request.query_params:
        # A signed link is made to be shown elsewhere: in the page of a chat, in a player.
        answer.headers["cross-origin-resource-policy"] = "cross-origin"
    return answer


def _may_leave(asked: Asked) -> bool:
    """Tell whether the asker may be sent to the bucket: only with a key that every client keeps to itself then.

    Clients drop `Authorization` when they are sent to another host, but not `api-key`; and a page of ours
    may show what this host serves, not what another one does.
    """
    headers = asked.request.headers
    return asked.ctx.rules.delivery == "redirect" and "authorization" in headers and "api-key" not in headers


def _variant(asked: Asked) -> Variant:
    text = asked.request.query_params.get("variant") or Variant.VIDEO.value
    try:
        return Variant(text)
    except ValueError:
        names = ", ".join(f"`{v.value}`" for v in Variant)
        raise refuse(Code.INVALID_REQUEST, f"`variant` must be one of {names}.", param="variant") from None


def _filename(video_id: str, variant: Variant, media_type: str) -> str:
    stem = video_id if variant is Variant.VIDEO else f"{video_id}-{variant.value}"
    return f"{stem}.{ending(media_type)}"


def _absent(row: StatusRow, variant: Variant) -> CallerError:
    """Say why there are no bytes: not yet, never, no longer, or not in this variant."""
    if row.status in OPEN:
        return refuse(Code.NOT_READY, f"Video `{row.id}` is not finished yet.")
    if row.status is not Status.COMPLETED:
        return refuse(Code.NOT_FOUND, f"Video `{row.id}` ended without a clip.")
    if variant is not Variant.VIDEO and row.expires_at is None:
        return refuse(Code.NOT_FOUND, f"Video `{row.id}` has no {variant.value}.", param="variant")
    return refuse(Code.ASSET_EXPIRED, f"The files of video `{row.id}` are gone.")
