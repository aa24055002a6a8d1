"""vLLM-Omni: forms only, jobs in memory, a failed job served as an HTTP 500 that carries the job."""

from __future__ import annotations

from typing import Final

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import Answer, Ask, Desk, Family, Order, Refusal, Says, Why, says
from reelgate.testing.simulators.shape import Shape, models, order_of, view

MODEL: Final = "Wan-AI/Wan2.2-T2V-A14B"


def order(ask: Ask) -> Order:
    """Read a form; a JSON body lacks every field of it. Bracket names are no fields here."""
    if not ask.headers.get("content-type", "").startswith("multipart/form-data"):
        raise Refusal(Why.INVALID, "Field required", param="prompt")
    return order_of(ask)


class VllmOmni(Shape, frozen=True, kw_only=True):
    """The shape, with failed jobs as HTTP errors."""

    def poll(self, desk: Desk, ask: Ask) -> Answer:
        """Say how a job stands; a failed one with the number of an HTTP error for its code."""
        sight = desk.look(ask.params["ref"])
        body = view(sight)
        if sight.phase is not Phase.FAILED:
            return says(body)
        status = 400 if sight.trouble == "moderated" else 500
        return says(body | {"error": {"code": status, "message": sight.message()}}, status)


def refuse(refusal: Refusal) -> Says:
    """Write an error with the HTTP status for its code; wrong fields as FastAPI says them."""
    if refusal.why is Why.INVALID and refusal.param is not None:
        entry = {"loc": ["body", refusal.param], "msg": refusal.message, "type": "value_error"}
        return says({"detail": [entry]}, 422)
    error = {"message": refusal.message, "type": "error", "param": refusal.param, "code": refusal.status}
    return says({"error": error}, refusal.status)


FAMILIES: Final = (
    Family(
        dialect="vllm_omni",
        title="vLLM-Omni",
        base="/v1",
        model=MODEL,
        ref="video_gen_{hex}",
        routes=(
            *VllmOmni(order=order, deleting_stops=True).routes("create", "list", "poll", "content", "delete"),
            models("/v1", MODEL),
        ),
        refuse=refuse,
        settings={"cancel": "delete"},
        second_micro=0,
    ),
)
