"""SiliconFlow: a status that is asked with POST, three sizes, errors that are sometimes a bare text.

Nothing lists or stops a job, and nobody is called back. A clip costs the same whatever its length.
"""

from __future__ import annotations

from typing import Any, Final

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import (
    Answer,
    Ask,
    Desk,
    Family,
    Order,
    Refusal,
    Route,
    Says,
    Sight,
    Why,
    says,
)
from reelgate.testing.simulators.asked import choice, media, some_text, text, wrong

WORDS: Final = {
    Phase.QUEUED: "InQueue",
    Phase.IN_PROGRESS: "InProgress",
    Phase.COMPLETED: "Succeed",
    Phase.FAILED: "Failed",
    Phase.CANCELLED: "Failed",
}
SIZES: Final = frozenset({"1280x720", "720x1280", "960x960"})
CODES: Final = {
    Why.INVALID: (400, 20012),
    Why.MODERATED: (451, 20035),
    Why.QUOTA: (403, 30001),
    Why.FORBIDDEN: (403, 30003),
    Why.UNKNOWN_JOB: (400, 20012),
    Why.NOT_READY: (400, 20012),
    Why.CONFLICT: (400, 20012),
    Why.THROTTLED: (429, 50603),
    Why.BROKEN: (500, 50507),
    Why.BUSY: (503, 50505),
}


def refuse(refusal: Refusal) -> Says:
    """Write an error with a code; a wrong key or path is a text alone."""
    if refusal.why is Why.KEY:
        return says("Invalid token", 401)
    if refusal.why is Why.NO_ROUTE:
        return Says(body=b"404 page not found", status=404, media_type="text/plain")
    status, code = CODES[refusal.why]
    return says({"code": code, "message": refusal.message, "data": ""}, status)


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job; a model that starts from a picture needs one."""
    given = ask.fields
    model = text(given, "model")
    image = some_text(given, "image")
    if image is not None:
        media(image, "image")
    elif "I2V" in model:
        raise wrong("image", "This model starts from a picture.")
    order = Order(
        prompt=text(given, "prompt"),
        model=model,
        seconds="5",
        size=choice(given, "image_size", SIZES, "1280x720"),
        fields=given,
    )
    return says({"requestId": desk.accept(order).ref})


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands."""
    sight = desk.look(text(ask.fields, "requestId"))
    failed = sight.trouble is not None
    word = "Failed" if failed else sight.word(WORDS)
    return says({"status": word, "reason": sight.message() if failed else "", "results": _results(sight)})


def _results(sight: Sight) -> dict[str, Any] | None:
    if sight.phase is not Phase.COMPLETED or sight.trouble is not None:
        return None
    videos = [{"url": sight.url}] if sight.has_clip else []
    return {"videos": videos, "timings": {"inference": sight.job.run_s}, "seed": 1}


def models(_: Desk, ask: Ask) -> Answer:
    """List the models of a kind."""
    names = ["Wan-AI/Wan2.2-T2V-A14B", "Wan-AI/Wan2.2-I2V-A14B"] if ask.query.get("type") == "video" else []
    return says({"object": "list", "data": [{"id": name, "object": "model"} for name in names]})


FAMILIES: Final = (
    Family(
        dialect="siliconflow",
        title="SiliconFlow",
        base="/v1",
        model="Wan-AI/Wan2.2-T2V-A14B",
        ref="{hex}",
        routes=(
            Route("POST", "/v1/video/submit", create, "create"),
            Route("POST", "/v1/video/status", query, "poll"),
            Route("GET", "/v1/models", models),
        ),
        refuse=refuse,
        second_micro=0,
        clip_micro=290_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired"}),
    ),
)
