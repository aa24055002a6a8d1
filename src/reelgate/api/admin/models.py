"""Models as their operator sees them: by whom each is served, which end, and what could follow them."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from starlette.responses import Response

from reelgate.api import cards
from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.engine.models import Ending, catalogue, endings, usual_times


async def page(asked: Asked) -> Response:
    """List every model, its channels, and everything that ends."""
    found = catalogue(asked.ctx)
    usual = await usual_times(asked.ctx, found)
    data = [{**cards.model(one, usual[one.id]), "channels": list(one.channels)} for one in found]
    return Json({"data": data, "endings": [_ending(one) for one in endings(asked.ctx)]})


def _ending(one: Ending) -> dict[str, Any]:
    return {
        "model": one.model,
        "upstream_model": one.upstream_model,
        "channel": one.channel,
        "sunset": cards.sunset(one.sunset),
        "alias": one.alias,
        "heirs": msgspec.to_builtins(one.heirs),
    }


OPERATIONS: Final = (
    Operation(
        method="GET",
        path="/api/admin/models",
        handler=page,
        summary="List models with their channels and what ends",
        tag="admin",
    ),
)
