"""The bytes of a video: the clip, its thumbnail, its spritesheet."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api import clips
from reelgate.api.door import Asked, Operation
from reelgate.api.queries import path_id


async def download(asked: Asked) -> Response:
    """Give a variant of a finished video, whole or in part."""
    return await clips.download(asked, path_id(asked.request, "video_id", "video", "video"))


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/v1/videos/{video_id}/content",
        handler=download,
        summary="Download a video's content",
        tag="videos",
        query=("variant", "download", "sig"),
        answers="video/mp4",
    ),
)
