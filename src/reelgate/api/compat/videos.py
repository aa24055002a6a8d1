"""`/relay/v1/videos`: a relay's `/v1/videos` of 2026, whose particulars stand in `metadata`, as does the clip.

It has the address of the OpenAI surface and another shape, so it lives under `/relay`: a base address that ended in
`/v1` ends in `/relay/v1` here.
"""

from __future__ import annotations

from typing import Any, Final, cast

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.claims import Wish
from reelgate.api.compat.refusals import of_task, said
from reelgate.api.compat.unified import upload
from reelgate.api.door import Asked, Operation
from reelgate.api.errors import renamed
from reelgate.api.fields import Fields, Value, as_text, items_of, structured
from reelgate.api.jobs import Job, find, start
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
from reelgate.core.errors import CallerError, Code, refuse
from reelgate.core.task import Role

_TEXT: Final = {"type": "string"}
_PATH: Final = "/relay/v1/videos"
_PARTICULARS: Final = (
    "resolution", "ratio", "seed", "generate_audio", "negative_prompt", "watermark", "private",
    "character_url", "character_from_task", "character_timestamps",
)  # fmt: skip
"""What `metadata` says of a clip that is a field of its own elsewhere."""
_ROLES: Final = {
    "first_frame": Role.FIRST_FRAME,
    "last_frame": Role.LAST_FRAME,
    "reference_image": Role.REFERENCE,
}
_NAMES: Final = {
    "size": "metadata.resolution",
    "audio": "metadata.generate_audio",
    "input_reference": "images",
    **{name: f"metadata.{name}" for name in _PARTICULARS},
}


async def create(asked: Asked) -> Response:
    """Make a video from a prompt, its particulars and, optionally, pictures."""
    async with asked.door.bodies.read(asked.request) as fields:
        metadata = _metadata(fields)
        moved = [name for name in _PARTICULARS if name in metadata]
        fields.fill({name: metadata.pop(name) for name in moved})
        names = {ours: theirs for ours, theirs in _NAMES.items() if ours in moved or ours not in _PARTICULARS}
        try:
            wish = await _wish(asked, fields, metadata)
        except CallerError as error:
            raise CallerError(renamed(error.failure, names)) from error
    job, headers = await start(asked, "metadata", wish, names)
    return Json(seen(job), headers=headers)


def _metadata(fields: Fields) -> dict[str, Any]:
    value = structured(fields.take("metadata"))
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise refuse(Code.INVALID_REQUEST, "`metadata` must be an object.", param="metadata")
    return {name: v for name, v in cast("dict[str, Any]", value).items() if v is not None}


async def _wish(asked: Asked, fields: Fields, metadata: dict[str, Any]) -> Wish:
    model = model_of(fields)
    profile = profile_of(asked, model)
    given = await pictures_of(asked, fields, profile, "images", "image")
    given += await _content(asked, metadata.pop("content", None))
    # Clients always send their switches; one that is off asks for nothing.
    others = {name: value for name, value in metadata.items() if value not in (False, "", [])}
    return await wish_of(
        asked,
        fields,
        given,
        model=model,
        prompt=prompt_of(asked, fields),
        seconds=seconds_of(fields, "seconds", "duration"),
        size=size_of(shape_of(fields), profile),
        extra={"metadata": others} if others else {},
        **switches(fields, profile),
    )


async def _content(asked: Asked, value: Value) -> list[Given]:
    """Store the pictures whose items say what they are for."""
    found: list[Given] = []
    for number, item in enumerate(items_of(value) if value is not None else []):
        param = f"metadata.content[{number}]"
        match item:
            case {"type": "image_url", "image_url": {"url": url}, "role": str(word)} if word in _ROLES:
                address = own_file(asked, as_text(url, param))
                found += await pictures(asked, address, role=_ROLES[word], param=param)
            case _:
                roles = ", ".join(f"`{word}`" for word in _ROLES)
                raise refuse(
                    Code.INVALID_REQUEST,
                    f"`{param}` must be a picture: `image_url` with its `url`, and one of {roles} as `role`.",
                    param=param,
                )
    return found


async def retrieve(asked: Asked) -> Response:
    """Say how a video stands."""
    return Json(seen(await find(asked, asked.path("task_id"))))


def seen(job: Job) -> dict[str, Any]:
    """Write a job; the address of its clip stands where clients of this relay look first."""
    body: dict[str, Any] = {
        "id": job.id,
        "task_id": job.id,
        "object": "video",
        "model": job.model,
        "status": job.status,
        "progress": f"{job.progress or 0}%",
        "created_at": job.created_at // 1000,
        "completed_at": None if job.finished_at is None else job.finished_at // 1000,
        "seconds": str(job.seconds),
        "size": str(job.size),
        "metadata": {} if job.url is None else {"url": job.url},
        "error": None,
    }
    if job.failure is not None:
        body["error"] = {"code": job.failure.code.value, "message": job.failure.message}
    return body


OPERATIONS: Final = (
    Operation(
        method="POST",
        path=_PATH,
        handler=said(create, of_task),
        summary="Create a video (relay format with metadata)",
        tag="videos",
        body={
            "application/json": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "model": _TEXT,
                    "prompt": _TEXT,
                    "seconds": _TEXT,
                    "images": {"type": "array", "items": _TEXT},
                    "metadata": {
                        "type": "object",
                        "properties": {
                            "resolution": _TEXT,
                            "ratio": _TEXT,
                            "seed": {"type": "integer"},
                            "generate_audio": {"type": "boolean"},
                            "negative_prompt": _TEXT,
                            "watermark": {"type": "boolean"},
                            "content": {"type": "array", "items": {"type": "object"}},
                        },
                    },
                },
            }
        },
    ),
    Operation(
        method="GET",
        path=f"{_PATH}/{{task_id}}",
        handler=said(retrieve, of_task),
        summary="Retrieve a video (relay format with metadata)",
        tag="videos",
    ),
    Operation(
        method="POST",
        path="/relay/v1/files/upload",
        handler=said(upload, of_task),
        summary="Keep a file for a later create (relay format with metadata)",
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
