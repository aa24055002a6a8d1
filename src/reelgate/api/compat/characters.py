"""`/sora/v1/characters`: a figure kept from one to three seconds of a clip."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.compat.refusals import bilingual, said
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import Fields
from reelgate.api.jobs import find
from reelgate.api.links import origin
from reelgate.api.wishes import own_clip, span_of
from reelgate.core.errors import Code, refuse
from reelgate.core.task import Character
from reelgate.engine import likenesses
from reelgate.engine.characters import NAME_MAX

_TEXT: Final = {"type": "string"}


async def create(asked: Asked) -> Response:
    """Keep a figure from a finished task or from the address of a clip."""
    async with asked.door.bodies.read(asked.request) as fields:
        if fields.take("model") is not None:
            raise refuse(
                Code.NOT_FOUND,
                "Channel not found: a character is made without a model. Remove `model` from the body.",
                param="model",
            )
        span = span_of(fields.required_text("timestamps"))
        kept = await _kept(asked, fields, span)
    return Json(shown(asked, kept))


async def _kept(asked: Asked, fields: Fields, span: likenesses.Span) -> Character:
    url, task = fields.text("url"), fields.text("from_task")
    wanted = likenesses.Wanted(name=_name(fields))
    if bool(url) == bool(task):
        raise refuse(Code.INVALID_REQUEST, "Send exactly one of `url` and `from_task`.", param="url")
    own = None if url is None else own_clip(asked, url)
    if task or own:
        job = await find(asked, task or own or "")
        return await likenesses.keep_from_task(asked.ctx, asked.who, job.id, span, wanted, param="from_task")
    return await likenesses.keep_from_url(asked.ctx, asked.who, url or "", span, wanted, param="url")


def _name(fields: Fields) -> str | None:
    """Read what a character is to be called; relays leave it to us."""
    name = (fields.text("name") or "").strip()
    if len(name) > NAME_MAX:
        raise refuse(Code.INVALID_REQUEST, f"`name` must have 1 to {NAME_MAX} characters.", param="name")
    return name or None


def shown(asked: Asked, character: Character) -> dict[str, Any]:
    """Write a character as relays do; `username` is what a prompt names it by."""
    address = f"{origin(asked.ctx, asked.request)}/v1/videos/characters/{character.id}"
    return {
        "id": character.id,
        "username": character.name,
        "display_name": character.name,
        "permalink": address,
        "profile_picture_url": None,
    }


OPERATIONS: Final = (
    Operation(
        method="POST",
        path="/sora/v1/characters",
        handler=said(create, bilingual),
        summary="Create a character (relay format)",
        tag="videos",
        body={
            "application/json": {
                "type": "object",
                "required": ["timestamps"],
                "properties": {"url": _TEXT, "from_task": _TEXT, "timestamps": _TEXT, "name": _TEXT},
            }
        },
    ),
)
