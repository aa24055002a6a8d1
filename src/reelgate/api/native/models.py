"""The models of this installation for a form that follows the model."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api import cards
from reelgate.api.answered import Models
from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.shapes import shape_of
from reelgate.engine.models import catalogue, usual_times


async def page(asked: Asked) -> Response:
    """List every model with what it can do, what it costs and how long it takes here."""
    found = catalogue(asked.ctx)
    usual = await usual_times(asked.ctx, found)
    return Json({"success": True, "data": [cards.model(one, usual[one.id]) for one in found]})


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/models",
        handler=page,
        summary="List models with abilities",
        tag="models",
        shape=shape_of(Models),
    ),
)
