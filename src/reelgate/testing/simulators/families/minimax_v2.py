"""MiniMax v2 (H3): content with roles, a list, a delete, and an address that every query makes anew.

Errors come as HTTP 200 in `base_resp`, as in v1, and a callback address has to echo a challenge.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.core.words import as_object
from reelgate.testing.simulators import Answer, Ask, Desk, Family, Order, Post, Route, Sight, Teller, says
from reelgate.testing.simulators.asked import choice, media, objects, switch, text, whole, wrong
from reelgate.testing.simulators.families.minimax_v1 import challenge, refuse

QUERY: Final = "/v2/query/video_generation"
WORDS: Final = {
    Phase.QUEUED: "queued",
    Phase.IN_PROGRESS: "running",
    Phase.COMPLETED: "succeeded",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
ERRORS: Final = {"broke": "1000", "moderated": "1026", "withheld": "1027"}
RATIOS: Final = frozenset({"adaptive", "16:9", "9:16", "1:1", "4:3", "3:4", "21:9"})
FRAMES: Final = frozenset({"first_frame", "last_frame"})
ROLES: Final = {
    "image_url": ("image", FRAMES | {"reference_image"}),
    "video_url": ("video", frozenset({"reference_video"})),
    "audio_url": ("audio", frozenset({"reference_audio"})),
}


async def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job."""
    given = ask.fields
    parts = objects(given.get("content"), "content")
    prompt = " ".join(text(part, "text") for part in parts if part.get("type") == "text")
    roles = {_role(part) for part in parts if part.get("type") != "text"}
    if roles & FRAMES and roles - FRAMES:
        raise wrong("content", "Frames and references cannot be mixed.")
    ratio = choice(given, "ratio", RATIOS, "adaptive")
    if ratio == "adaptive" and not roles:
        raise wrong("ratio", "Text alone must name one.")
    choice(given, "resolution", {"768P", "2K"}, "768P")
    switch(given, "aigc_watermark")
    order = Order(
        prompt=prompt,
        model=text(given, "model"),
        seconds=str(whole(given, "duration", 4, 15, 6)),
        verb="edit" if "reference_video" in roles else "create",
        fields=given,
        callback=await challenge(desk, given),
    )
    return says({"task_id": desk.accept(order).ref})


def _role(part: dict[str, Any]) -> str:
    kind, roles = ROLES.get(str(part.get("type")), ("", frozenset[str]()))
    if not kind:
        raise wrong("content.type", f"{part.get('type')!r} is not known.")
    media((as_object(part.get(f"{kind}_url")) or {}).get("url"), "content.url", kind)
    return choice(part, "role", roles, "")


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands."""
    return says({"task": _shown(desk.look(ask.params["id"]))})


def listed(desk: Desk, ask: Ask) -> Answer:
    """Give jobs, newest first, without their prompts."""
    found = [_shown(sight) for sight in desk.all_jobs()]
    number, size = int(ask.query.get("page_num", "1")), int(ask.query.get("page_size", "10"))
    return says({"tasks": found[(number - 1) * size : number * size], "total": len(found)})


def delete(desk: Desk, ask: Ask) -> Answer:
    """Stop a living job, or forget one that is over."""
    if desk.glance(desk.job(ask.params["id"])).ended:
        desk.forget(ask.params["id"])
    else:
        desk.cancel(ask.params["id"])
    return says({"base_resp": {"status_code": 0, "status_msg": "success"}})


def _shown(sight: Sight) -> dict[str, Any]:
    given, failed = sight.job.order.fields, sight.trouble in ERRORS
    word = "expired" if sight.trouble == "expired" else "failed" if failed else sight.word(WORDS)
    seconds = int(sight.job.order.seconds)
    return {
        "id": sight.ref,
        "model": sight.job.order.model,
        "status": word,
        "task_type": "video_generation",
        "modality": "video",
        "content": {"url": sight.url} if sight.has_clip else None,
        "resolution": given.get("resolution", "768P"),
        "ratio": given.get("ratio", "adaptive"),
        "duration": seconds,
        "usage": {"output_seconds": seconds} if sight.has_clip else None,
        "error": {"code": ERRORS[sight.trouble or "broke"], "message": sight.message()} if failed else None,
    }


def tell(sight: Sight, _: Teller) -> Post:
    """Tell every change by id and word, unsigned."""
    return Post(body=msgspec.json.encode({"task_id": sight.ref, "status": _shown(sight)["status"]}))


FAMILIES: Final = (
    Family(
        dialect="minimax_v2",
        title="MiniMax v2 (H3)",
        base="/v2",
        model="MiniMax-H3",
        ref="{number:015d}",
        routes=(
            Route("POST", "/v2/video_generation", create, "create"),
            Route("GET", QUERY, listed, "list"),
            Route("GET", f"{QUERY}/{{id}}", query, "poll"),
            Route("DELETE", "/v2/video_generation/{id}", delete, "cancel"),
        ),
        refuse=refuse,
        tell=tell,
        second_micro=80_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired", "cancelled"}),
    ),
)
