"""`/v2/videos/generations`: shouted words, progress as text, the clip in `data`; and its file host."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.compat.refusals import of_task, said
from reelgate.api.compat.unified import upload
from reelgate.api.door import Asked, Operation
from reelgate.api.jobs import find, start, unified
from reelgate.api.wishes import plain_wish

_TEXT: Final = {"type": "string"}
_PATH: Final = "/v2/videos/generations"


async def create(asked: Asked) -> Response:
    """Make a video from a prompt and, optionally, pictures."""
    async with asked.door.bodies.read(asked.request) as fields:
        wish = await plain_wish(asked, fields, "images", "image")
    job, headers = await start(asked, "generations", wish, _NAMES)
    return Json(unified(job), headers=headers)


async def retrieve(asked: Asked) -> Response:
    """Say how a video stands."""
    return Json(unified(await find(asked, asked.path("task_id"))))


_NAMES: Final = {"seconds": "duration", "size": "aspect_ratio", "input_reference": "images"}

OPERATIONS: Final = (
    Operation(
        method="POST",
        path=_PATH,
        handler=said(create, of_task),
        summary="Create a video (v2 relay format)",
        tag="videos",
        body={
            "application/json": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "model": _TEXT,
                    "prompt": _TEXT,
                    "images": {"type": "array", "items": _TEXT},
                    "aspect_ratio": {"type": "string", "enum": ["16:9", "9:16"]},
                    "duration": {"anyOf": [_TEXT, {"type": "integer"}]},
                    "hd": {"type": "boolean"},
                    "watermark": {"type": "boolean"},
                    "private": {"type": "boolean"},
                },
            }
        },
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/{{task_id}}",
        handler=said(retrieve, of_task),
        summary="Retrieve a video (v2 relay format)",
        tag="videos",
    ),
    Operation(
        method="POST",
        path="/v1/files/upload",
        handler=said(upload, of_task),
        summary="Keep a file for a later create (v2 relay format)",
        tag="files",
        body={
            "multipart/form-data": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
    ),
)
