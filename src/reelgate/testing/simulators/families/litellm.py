"""LiteLLM's proxy: no jobs of its own, an id in polls that is not the one it gave, refusals as a 500."""

from __future__ import annotations

import base64
from typing import Any, Final

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import Family, Refusal, Says, Sight, Why, says
from reelgate.testing.simulators.shape import WORDS, Shape, models, view

_NAMES: Final = {
    Why.INVALID: "BadRequestError",
    Why.MODERATED: "ContentPolicyViolationError",
    Why.QUOTA: "PermissionDeniedError",
    Why.FORBIDDEN: "PermissionDeniedError",
}


def litellm_view(sight: Sight) -> dict[str, Any]:
    """Write a job in the provider's own words; while it runs its id is another one."""
    seen = view(sight, {**WORDS, Phase.IN_PROGRESS: "processing"})
    if sight.job.polls:
        other = base64.urlsafe_b64encode(f"openai;;{sight.job.number}".encode()).decode()
        seen["id"] = f"video_{other}"
    return seen | {"progress": None if sight.phase is Phase.IN_PROGRESS else sight.percent}


def refuse(refusal: Refusal) -> Says:
    """Write an error; what a provider refused is a 500 that names the exception."""
    name = _NAMES.get(refusal.why)
    if name is None:
        error = {"message": refusal.message, "type": "None", "param": "None", "code": str(refusal.status)}
        return says({"error": error}, refusal.status)
    message = f"litellm.{name}: OpenAIException - {refusal.message}"
    return says({"error": {"message": message, "type": "None", "param": "None", "code": "500"}}, 500)


FAMILIES: Final = (
    Family(
        dialect="litellm",
        title="LiteLLM proxy",
        base="/v1",
        model="openai/sora-2",
        ref="video_{hex}",
        routes=(
            *Shape(view=litellm_view).routes("create", "edit", "extend", "remix", "list", "poll", "content"),
            models("/v1", "openai/sora-2", "gpt-4o"),
        ),
        refuse=refuse,
        doubtful=frozenset(_NAMES),
    ),
)
