"""Azure OpenAI: the shape under `/openai/v1`, the `api-key` header, errors that say little in their code."""

from __future__ import annotations

from typing import Final

from reelgate.testing.simulators import Ask, Family, Refusal, Says, Why, bearer, in_header, says
from reelgate.testing.simulators.shape import EVERYTHING, Shape, code_of


def admits(ask: Ask, key: str) -> bool:
    """Take the key as `api-key`, or as an Entra token."""
    return in_header("api-key")(ask, key) or bearer(ask, key)


def refuse(refusal: Refusal) -> Says:
    """Write an error; wrong input is `user_error`, a filtered prompt explains itself inside."""
    if refusal.why is Why.NO_ROUTE:
        return says({"error": {"code": "404", "message": "Resource not found"}}, 404)
    code = "user_error" if refusal.why is Why.INVALID else code_of(refusal) or str(refusal.status)
    error: dict[str, object] = {"code": code, "message": refusal.message, "param": refusal.param}
    if refusal.why is Why.MODERATED:
        error |= {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}
    return says({"error": error}, refusal.status)


FAMILIES: Final = (
    Family(
        dialect="azure",
        title="Azure OpenAI",
        base="/openai/v1",
        model="sora-2",
        routes=Shape(base="/openai/v1").routes(*EVERYTHING),
        admits=admits,
        refuse=refuse,
    ),
)
