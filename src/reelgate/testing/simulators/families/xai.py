"""xAI's Grok Imagine: 202 until it is over, one word for waiting and running, withheld clips that are charged.

A clip the moderation keeps back is `done` without an address, with its cost. A prompt refused late is a 4xx to
the poll. Nothing lists or stops a job, and nobody is called back.
"""

from __future__ import annotations

from typing import Any, Final

from reelgate.core.dialect import Phase
from reelgate.core.words import as_object
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
from reelgate.testing.simulators.asked import choice, media, objects, text, whole, wrong

WORDS: Final = {
    Phase.QUEUED: "pending",
    Phase.IN_PROGRESS: "pending",
    Phase.COMPLETED: "done",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "failed",
}
TICKS_A_SECOND: Final = 500_000_000
"""Five cents; one US dollar is 10^10 ticks."""
CODES: Final = {
    Why.INVALID: (400, "invalid-argument"),
    Why.MODERATED: (400, "invalid-argument"),
    Why.KEY: (401, "unauthenticated"),
    Why.QUOTA: (403, "permission-denied"),
    Why.FORBIDDEN: (403, "permission-denied"),
    Why.UNKNOWN_JOB: (404, "not-found"),
    Why.NOT_READY: (404, "not-found"),
    Why.NO_ROUTE: (404, "not-found"),
    Why.CONFLICT: (409, "already-exists"),
    Why.THROTTLED: (429, "resource-exhausted"),
    Why.BROKEN: (500, "internal"),
    Why.BUSY: (503, "unavailable"),
}
RATIOS: Final = frozenset({"16:9", "9:16", "1:1", "4:3", "3:4", "3:2", "2:3"})


def refuse(refusal: Refusal) -> Says:
    """Write an error as two texts."""
    status, code = CODES[refusal.why]
    message = refusal.message
    if refusal.why is Why.QUOTA:
        message = "Your team has used all available credits or reached its monthly spending limit."
    return says({"code": code, "error": message}, status)


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a clip made from text, a picture or references."""
    given = ask.fields
    references = objects(given.get("reference_images"), "reference_images")
    image = as_object(given.get("image"))
    if image is not None and references:
        raise wrong("image", "Either a first frame or references.")
    for name, each in [("image", image), *(("reference_images", r) for r in references)]:
        if each is not None:
            media(each.get("url"), name)
    choice(given, "aspect_ratio", RATIOS, "16:9")
    choice(given, "resolution", {"480p", "720p", "1080p"}, "480p")
    return _accepted(desk, ask, "create", str(whole(given, "duration", 1, 15, 8)))


def edit(desk: Desk, ask: Ask) -> Answer:
    """Take a change of a clip, whose length and shape stay."""
    _source(ask)
    for name in ("duration", "aspect_ratio", "resolution"):
        if name in ask.fields:
            raise wrong(name, "An edit takes it from its source.")
    return _accepted(desk, ask, "edit", "8")


def extend(desk: Desk, ask: Ask) -> Answer:
    """Take a continuation of a clip."""
    _source(ask)
    return _accepted(desk, ask, "extend", str(whole(ask.fields, "duration", 2, 10, 6)))


def _source(ask: Ask) -> None:
    media((as_object(ask.fields.get("video")) or {}).get("url"), "video", "video")


def _accepted(desk: Desk, ask: Ask, verb: str, seconds: str) -> Answer:
    prompt, model = text(ask.fields, "prompt"), text(ask.fields, "model")
    order = Order(prompt=prompt, model=model, seconds=seconds, verb=verb, fields=ask.fields)
    return says({"request_id": desk.accept(order).ref})


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands."""
    sight = desk.look(ask.params["id"])
    if not sight.ended:
        return says({"status": sight.word(WORDS), "progress": sight.percent}, 202)
    if sight.trouble == "moderated":
        raise Refusal(Why.MODERATED, "Generated video rejected by content moderation.")
    return says(_shown(sight))


def _shown(sight: Sight) -> dict[str, Any]:
    order = sight.job.order
    body: dict[str, Any] = {"status": sight.word(WORDS), "model": order.model}
    if sight.trouble == "expired":
        return body | {"status": "expired"}
    if sight.phase is Phase.FAILED:
        return body | {"error": {"code": "internal", "message": sight.message()}}
    seconds = int(order.seconds)
    video: dict[str, Any] = {"duration": seconds, "respect_moderation": sight.trouble != "withheld"}
    if sight.has_clip:
        video["url"] = sight.url
    return body | {"video": video, "usage": {"cost_in_usd_ticks": seconds * TICKS_A_SECOND}}


def models(_: Desk, __: Ask) -> Answer:
    """List the key's models."""
    names = ["grok-imagine-video", "grok-imagine-image"]
    data = [{"id": name, "object": "model", "created": 0, "owned_by": "simulator"} for name in names]
    return says({"object": "list", "data": data})


FAMILIES: Final = (
    Family(
        dialect="xai",
        title="xAI Grok Imagine",
        base="/v1",
        model="grok-imagine-video",
        ref="{uuid}",
        routes=(
            Route("POST", "/v1/videos/generations", create, "create"),
            Route("POST", "/v1/videos/edits", edit, "create"),
            Route("POST", "/v1/videos/extensions", extend, "create"),
            Route("GET", "/v1/videos/{id}", query, "poll"),
            Route("GET", "/v1/models", models),
        ),
        refuse=refuse,
        second_micro=50_000,
        refunds=frozenset({"broke", "expired"}),
    ),
)
