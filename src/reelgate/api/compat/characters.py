"""`/sora/v1/characters`: a figure kept from one to three seconds of a clip."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.compat.refusals import bilingual, said
from reelgate.api.door import Asked, Operation
from reelgate.api.fields import Fields
from reelgate.api.likenesses import keep, span_of
from reelgate.api.links import origin
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
    return await keep(asked, url, task, span, wanted)


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
