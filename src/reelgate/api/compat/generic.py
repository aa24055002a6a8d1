"""`/v1/video/generations`: one body for many vendors, with the particulars in `metadata`.

Deployments answer plainly or wrap the task in `{code, message, data}`; an answer here is both at once, so that
code written for either finds what it looks for.
"""

from __future__ import annotations

from typing import Any, Final, cast

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.compat.refusals import of_task, said
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import Fields, as_text, structured
from reelgate.api.jobs import SHOUTED, Job, find, start
from reelgate.api.references import Given, pictures
from reelgate.api.wishes import (
    model_of,
    own_file,
    pictures_of,
    profile_of,
    prompt_of,
    seconds_of,
    shape_of,
    size_of,
    switches,
    wish_of,
)
from reelgate.core.errors import Code, refuse
from reelgate.core.task import Role

_TEXT: Final = {"type": "string"}
_WHOLE: Final = {"type": "integer"}
_PATH: Final = "/v1/video/generations"


async def create(asked: Asked) -> Response:
    """Make a video from a prompt and, optionally, pictures."""
    async with asked.door.bodies.read(asked.request) as fields:
        _check_plain(fields)
        metadata = _metadata(fields)
        model = model_of(fields)
        profile = profile_of(asked, model)
        given = await pictures_of(asked, fields, profile, "image", "images")
        given += await _tail(asked, metadata)
        wish = await wish_of(
            asked,
            fields,
            given,
            model=model,
            prompt=prompt_of(asked, fields),
            seconds=seconds_of(fields, "duration", "seconds"),
            size=size_of(shape_of(fields), profile),
            negative_prompt=_negative(metadata),
            extra={"metadata": metadata} if metadata else {},
            **switches(fields, profile),
        )
    job, headers = await start(asked, "generic", wish, _NAMES)
    return Json(seen(job), headers=headers)


def _check_plain(fields: Fields) -> None:
    """Take the fields that say what is so anyway.

    Raises CallerError for several clips at once, or another answer than an address.
    """
    fields.take("user")
    if fields.integer("n") not in (None, 1):
        raise refuse(Code.INVALID_REQUEST, "`n` must be 1: a request makes one clip.", param="n")
    if fields.text("response_format") not in (None, "", "url"):
        raise refuse(Code.INVALID_REQUEST, "`response_format` must be `url`.", param="response_format")


def _metadata(fields: Fields) -> dict[str, Any]:
    value = structured(fields.take("metadata"))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refuse(Code.INVALID_REQUEST, "`metadata` must be an object.", param="metadata")
    return {name: v for name, v in cast("dict[str, Any]", value).items() if v is not None}


async def _tail(asked: Asked, metadata: dict[str, Any]) -> list[Given]:
    value = metadata.pop("image_tail", None)
    return await pictures(asked, own_file(asked, value), role=Role.LAST_FRAME, param="metadata.image_tail")


def _negative(metadata: dict[str, Any]) -> str | None:
    value = metadata.pop("negative_prompt", None)
    return None if value is None else as_text(value, "metadata.negative_prompt")


async def retrieve(asked: Asked) -> Response:
    """Say how a video stands."""
    return Json(seen(await find(asked, asked.path("task_id"))))


def seen(job: Job) -> dict[str, Any]:
    """Write a job plainly, and wrapped beside it."""
    reason = "" if job.failure is None else job.failure.message
    wrapped = {
        "task_id": job.id,
        "action": "generate",
        "status": SHOUTED[job.status],
        # Where tasks are wrapped, the clip's address stands here once the job is done.
        "fail_reason": reason or job.url or "",
        "submit_time": job.created_at // 1000,
        "finish_time": 0 if job.finished_at is None else job.finished_at // 1000,
        "progress": f"{job.progress or 0}%",
        "data": None if job.url is None else {"video": {"url": job.url}},
    }
    error = None if job.failure is None else {"code": job.failure.code.value, "message": reason}
    return {
        "id": job.id,
        "task_id": job.id,
        "object": "video",
        "model": job.model,
        "status": job.status,
        "progress": job.progress or 0,
        "created_at": job.created_at // 1000,
        "url": job.url,
        "format": "mp4",
        "metadata": {"duration": job.seconds, "width": job.size.width, "height": job.size.height},
        "error": error,
        "code": "success",
        "message": "",
        "data": wrapped,
    }


_NAMES: Final = {"seconds": "duration", "input_reference": "image"}

OPERATIONS: Final = (
    Operation(
        method="POST",
        path=_PATH,
        handler=said(create, of_task),
        summary="Create a video (generic relay format)",
        tag="videos",
        body={
            "application/json": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "model": _TEXT,
                    "prompt": _TEXT,
                    "image": _TEXT,
                    "duration": _WHOLE,
                    "width": _WHOLE,
                    "height": _WHOLE,
                    "seed": _WHOLE,
                    "metadata": {"type": "object"},
                },
            }
        },
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/{{task_id}}",
        handler=said(retrieve, of_task),
        summary="Retrieve a video (generic relay format)",
        tag="videos",
    ),
)
