"""The models of this installation: who serves a name, and what it can do."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from reelgate.api import cards
from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.errors import Problem, envelope
from reelgate.core.errors import CallerError, Code
from reelgate.engine import route
from reelgate.engine.models import card, catalogue, usual_times


async def page(asked: Asked) -> Response:
    """List every model that can be asked for."""
    found = catalogue(asked.ctx)
    usual = await usual_times(asked.ctx, found)
    return Json({"object": "list", "data": [cards.model(one, usual[one.id]) for one in found]})


async def retrieve(asked: Asked) -> Response:
    """Give one model."""
    name = asked.path("model")
    found = card(asked.ctx, name)
    if found is None:
        return _missing(asked, name)
    usual = await usual_times(asked.ctx, [found])
    headers = cards.ending_headers(asked.ctx, name)
    return Json(cards.model(found, usual[name]), headers=headers)


def _missing(asked: Asked, name: str) -> Response:
    """Say that a model is not here, or not any more and what can take its place."""
    message, code = (
        f"The model `{name[:80]}{'…' if len(name) > 80 else ''}` does not exist here.",
        "model_not_found",
    )
    try:
        route.resolve(asked.ctx, name)
    except CallerError as gone:
        if gone.failure.code is Code.MODEL_RETIRED:
            message, code = gone.failure.message, gone.failure.code.value
    return envelope(404, Problem(message, "invalid_request_error", "model", code))


OPERATIONS: Final = (
    Operation(method="GET", path="/v1/models", handler=page, summary="List models", tag="models"),
    Operation(
        method="GET",
        path="/v1/models/{model:path}",
        handler=retrieve,
        summary="Retrieve a model",
        tag="models",
    ),
)
