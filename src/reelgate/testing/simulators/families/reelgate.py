"""Reelgate itself: the shape, our codes, a token that is honoured, a delete that stops, models that say what they can."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import Answer, Ask, Desk, Family, Refusal, Says, Sight, Why, says
from reelgate.testing.simulators.shape import EVERYTHING, WORDS, Shape, models, view

MODEL: Final = "simulated-1"
_CODES: Final = {
    Why.INVALID: "invalid_request",
    Why.MODERATED: "content_policy",
    Why.KEY: "unauthorized",
    Why.QUOTA: "insufficient_credit",
    Why.FORBIDDEN: "permission_or_channel",
    Why.UNKNOWN_JOB: "not_found",
    Why.NOT_READY: "not_ready",
    Why.NO_ROUTE: "not_found",
    Why.CONFLICT: "idempotency_conflict",
    Why.THROTTLED: "rate_limited",
    Why.BROKEN: "server_error",
    Why.BUSY: "overloaded",
}
_ENDINGS: Final = {
    "broke": "upstream_failed",
    "moderated": "content_policy",
    "withheld": "content_filtered",
    "expired": "expired",
}


def reelgate_view(sight: Sight) -> dict[str, Any]:
    """Write a job: a cancelled one is failed with a code, progress is whole."""
    seen = view(sight, {**WORDS, Phase.CANCELLED: "failed"})
    code = "cancelled" if sight.phase is Phase.CANCELLED else _ENDINGS.get(sight.trouble or "")
    message = "The video was cancelled." if code == "cancelled" else sight.message()
    if sight.trouble == "withheld":
        seen["status"] = "failed"
    return seen | {"error": None if code is None else {"code": code, "message": message}}


class Reelgate(Shape, frozen=True, kw_only=True):
    """The shape, where the same token never makes two videos."""

    def create(self, desk: Desk, ask: Ask) -> Answer:
        """Take a job, or give back the one its token made."""
        token = ask.headers.get("idempotency-key")
        known = desk.named(token) if token is not None else None
        if known is not None and known.order.fields != ask.fields:
            raise Refusal(Why.CONFLICT, "This key was used with another request.")
        if known is not None:
            return says(self.view(desk.glance(known)))
        job = desk.accept(msgspec.structs.replace(self.order(ask), token=token))
        return says(self.view(desk.glance(job)))

    def list_all(self, desk: Desk, ask: Ask) -> Answer:
        """List jobs, or the one that a token made."""
        token = ask.query.get("idempotency_key")
        if token is None:
            return super().list_all(desk, ask)
        job = desk.named(token)
        found = [] if job is None else [self.view(desk.glance(job)) | {"idempotency_key": token}]
        return says({"object": "list", "data": found, "has_more": False})


def refuse(refusal: Refusal) -> Says:
    """Write an error with our codes."""
    kind = "invalid_request_error" if refusal.status < 500 else "server_error"
    error = {
        "message": refusal.message,
        "type": kind,
        "param": refusal.param,
        "code": _CODES[refusal.why],
    }
    return says({"error": error}, refusal.status)


FAMILIES: Final = (
    Family(
        dialect="reelgate",
        title="Reelgate",
        base="/v1",
        model=MODEL,
        routes=(
            *Reelgate(view=reelgate_view, deleting_stops=True).routes(*EVERYTHING),
            models(
                "/v1",
                MODEL,
                video={
                    "title": f"{MODEL} (simulated)",
                    "seconds": {"min": 1, "max": 60},
                    "seconds_default": 4,
                    "sizes": ["720x1280", "1280x720"],
                    "size_default": "720x1280",
                    "verbs": ["create", "remix", "edit", "extend"],
                },
            ),
        ),
        refuse=refuse,
        refunds=frozenset({"broke", "moderated", "withheld", "expired", "cancelled"}),
    ),
)
