"""The models of this installation: who serves a name, and what it can do."""

from __future__ import annotations

from typing import Any, Final

from starlette.responses import Response

from reelgate.api.answers import Json
from reelgate.api.door import Asked, Operation
from reelgate.api.errors import Problem, envelope
from reelgate.core.profile import Profile, Span
from reelgate.engine.models import ModelCard, card, catalogue


def _shown(model: ModelCard) -> dict[str, Any]:
    return {
        "id": model.id,
        "object": "model",
        # The schema wants a time; nobody knows one, and 0 says so.
        "created": 0,
        "owned_by": model.provider,
        "alias_of": model.alias_of,
        "shutdown_date": model.profile.sunset,
        "video": _abilities(model.profile),
    }


def _abilities(profile: Profile) -> dict[str, Any]:
    return {
        "title": profile.title,
        "generative": profile.generative,
        "verbs": [verb.value for verb in profile.verbs],
        "seconds": _allowed(list(profile.seconds), profile.seconds_range),
        "seconds_default": profile.seconds_default,
        "sizes": _allowed(list(profile.sizes), profile.size_range),
        "size_default": profile.size_default,
        "inputs": {role.value: count for role, count in profile.inputs.items()},
        "characters": profile.characters,
        "audio": profile.audio,
        "prompt_max": profile.prompt_max,
        "usual_seconds": profile.usual_seconds,
    }


def _allowed(values: list[Any], span: Span | None) -> list[Any] | dict[str, int] | None:
    """Say which values are taken; None when nothing is known."""
    if values:
        return values
    return None if span is None else {"min": span.min, "max": span.max}


async def page(asked: Asked) -> Response:
    """List every model that can be asked for."""
    return Json({"object": "list", "data": [_shown(model) for model in catalogue(asked.ctx)]})


async def retrieve(asked: Asked) -> Response:
    """Give one model."""
    name = asked.path("model")
    found = card(asked.ctx, name)
    if found is None:
        shown = name if len(name) <= 80 else name[:80] + "…"
        problem = Problem(
            f"The model `{shown}` does not exist here.", "invalid_request_error", "model", "model_not_found"
        )
        return envelope(404, problem)
    return Json(_shown(found))


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
