"""OpenRouter: a polling address that may be relative, links that need the key, a cost, signed callbacks."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import (
    Answer,
    Ask,
    Desk,
    Family,
    Order,
    Post,
    Refusal,
    Route,
    Says,
    Sight,
    Teller,
    Why,
    says,
)
from reelgate.testing.simulators.shape import WORDS, Shape, error_of

MODEL: Final = "google/veo-3.1"
_WORDS: Final = {**WORDS, Phase.QUEUED: "pending"}
_DOLLARS_PER_SECOND: Final = 0.1


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job; continuing one that is not done is a conflict."""
    given = ask.fields
    previous = given.get("previous_job_id")
    if isinstance(previous, str) and not desk.glance(desk.job(previous)).has_clip:
        raise Refusal(Why.CONFLICT, "The previous job is not completed.")
    seconds = given.get("duration", 4)
    if isinstance(seconds, bool) or not isinstance(seconds, int):
        raise Refusal(Why.INVALID, "duration must be an integer", param="duration")
    callback = given.get("callback_url")
    job = desk.accept(
        Order(
            prompt=str(given.get("prompt") or ""),
            model=str(given.get("model") or ""),
            seconds=str(seconds),
            size=str(given.get("size") or "1280x720"),
            verb="create" if previous is None else "remix",
            parent=previous if isinstance(previous, str) else None,
            callback=callback if isinstance(callback, str) else None,
            fields=given,
        )
    )
    return says({"id": job.ref, "polling_url": f"/api/v1/videos/{job.ref}", "status": "pending"}, 202)


def poll(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands."""
    return says(_view(desk.look(ask.params["ref"]), ask.origin))


def _view(sight: Sight, origin: str) -> dict[str, Any]:
    where = f"/api/v1/videos/{sight.ref}"
    expired = sight.trouble == "expired"
    seen: dict[str, Any] = {
        "id": sight.ref,
        "polling_url": where,
        "status": "expired" if expired else sight.word(_WORDS),
    }
    if sight.trouble is not None:
        seen["error"] = (error_of(sight) or {}).get("message")
    if sight.has_clip:
        cost = round(_DOLLARS_PER_SECOND * float(sight.job.order.seconds), 6)
        seen |= {
            "generation_id": f"gen-{sight.job.number}",
            "unsigned_urls": [f"{origin}{where}/content?index=0"],
            "usage": {"cost": cost, "is_byok": False},
        }
    return seen


def tell(sight: Sight, teller: Teller) -> Post | None:
    """Write a signed delivery; only endings are told."""
    if not sight.ended:
        return None
    view = _view(sight, teller.origin)
    word = view["status"]
    event = {"type": f"video.generation.{word}", "created_at": teller.now_ms // 1_000, "data": view}
    body = msgspec.json.encode(event)
    moment = str(teller.now_ms // 1_000)
    signed = hmac.new(teller.secret.encode(), f"{moment},".encode() + body, hashlib.sha256).hexdigest()
    headers = {
        "X-OpenRouter-Signature": f"t={moment},v1={signed}",
        "X-OpenRouter-Idempotency-Key": f"{sight.ref}-{word}",
    }
    return Post(body=body, headers=headers)


def models(_desk: Desk, _ask: Ask) -> Answer:
    """List the models with what they can do and cost."""
    listed = {
        "id": MODEL,
        "name": f"{MODEL} (simulated)",
        "supported_durations": [4, 6, 8],
        "supported_sizes": ["1280x720", "720x1280"],
        "supported_frame_images": ["first_frame", "last_frame"],
        "generate_audio": True,
        "seed": True,
        "pricing_skus": {"duration_seconds": str(_DOLLARS_PER_SECOND)},
    }
    return says({"data": [listed]})


def refuse(refusal: Refusal) -> Says:
    """Write an error with its HTTP status for a code."""
    return says({"error": {"code": refusal.status, "message": refusal.message}}, refusal.status)


FAMILIES: Final = (
    Family(
        dialect="openrouter",
        title="OpenRouter",
        base="/api/v1",
        model=MODEL,
        ref="orjob{hex}",
        routes=(
            Route("GET", "/api/v1/videos/models", models),
            Route("POST", "/api/v1/videos", create, "create"),
            Route("GET", "/api/v1/videos/{ref}", poll, "poll"),
            *Shape(base="/api/v1").routes("content"),
        ),
        refuse=refuse,
        tell=tell,
        refunds=frozenset({"broke", "moderated", "expired"}),
    ),
)
