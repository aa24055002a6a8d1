"""APIYI's `/v1/videos`: the `sora_video2` relay, and Grok with clips that are completed, withheld and billed.

A model that the key's group does not grant is a 503, which looks like an outage and is none.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import Ask, Family, Order, Refusal, Says, Sight, Why, openai_error, says
from reelgate.testing.simulators.shape import WORDS, Shape, order_of, view


def refuse(refusal: Refusal) -> Says:
    """Write an error in the OpenAI envelope; a model that is not granted is a 503."""
    if refusal.why is Why.FORBIDDEN:
        message = "No available channel for this model under the current group (distributor)"
        return says({"error": {"message": message, "type": "new_api_error", "code": "model_not_found"}}, 503)
    return openai_error(refusal)


# Sora.


def sora_order(ask: Ask) -> Order:
    """Read a create: JSON, or a form with one picture; the length is text, and older callers say `duration`."""
    given = ask.fields
    length = given.get("seconds", given.get("duration", "10"))
    if not ask.path.endswith("/remix") and str(length) not in {"10", "15"}:
        raise Refusal(Why.INVALID, "seconds must be 10 or 15", param="seconds")
    return msgspec.structs.replace(order_of(ask), seconds=str(length))


def sora_view(sight: Sight) -> dict[str, Any]:
    """Write a job in the short form: no address of a clip, ever."""
    seen = view(sight, {**WORDS, Phase.QUEUED: "submitted"})
    short = ("id", "object", "model", "status", "progress", "created_at", "expires_at", "error")
    return {name: seen[name] for name in short if seen[name] is not None}


# Grok.

_LINES: Final = {"480x854", "854x480", "720x1280", "1280x720"}
_MORE_LINES: Final = _LINES | {"1080x1920", "1920x1080"}


def grok_order(ask: Ask) -> Order:
    """Read a create; what is left out silently means 480 lines and 8 s, and is billed so."""
    given = ask.fields
    order = order_of(ask)
    size = str(given.get("size") or "480x854")
    seconds = str(given.get("seconds") or 8)
    if size not in (_LINES if order.model == "grok-imagine-video" else _MORE_LINES):
        raise Refusal(Why.INVALID, f"size {size} is not supported by this model", param="size")
    if not seconds.isdecimal() or not 1 <= int(seconds) <= 15:
        raise Refusal(Why.INVALID, "seconds must be from 1 to 15", param="seconds")
    return msgspec.structs.replace(order, size=size, seconds=seconds)


def grok_view(sight: Sight) -> dict[str, Any]:
    """Write a job; one that moderation stopped is `completed` with an error and no clip."""
    seen = view(sight)
    moderated = sight.trouble in {"moderated", "withheld"}
    return seen | ({"status": "completed"} if moderated else {})


FAMILIES: Final = (
    Family(
        dialect="apiyi_async",
        title="APIYI relay, asynchronous videos",
        base="/v1",
        model="sora-2",
        settings={"sunset": {"sora-2": None}},
        routes=Shape(view=sora_view, order=sora_order).routes("create", "remix", "poll", "content"),
        refuse=refuse,
        second_micro=0,
        clip_micro=120_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired"}),
    ),
    Family(
        dialect="apiyi_grok",
        title="APIYI relay, Grok Imagine",
        base="/v1",
        model="grok-imagine-video",
        routes=Shape(view=grok_view, order=grok_order).routes("create", "poll", "content"),
        refuse=refuse,
        second_micro=50_000,
        # Moderation is billed.
        refunds=frozenset({"broke"}),
    ),
)
