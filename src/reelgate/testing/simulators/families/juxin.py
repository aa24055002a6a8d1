"""Juxin's relay: the unified format (a status inside a status, progress as a fraction, ids with a colon), the
OpenAI-shaped one, and characters. Both formats live on one host and know the same jobs.

A wrong path answers with a web page, which is what a base address with one slash too many runs into.
"""

from __future__ import annotations

from typing import Any, Final

from reelgate.core.dialect import Likeness, Phase
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
    web_page,
)
from reelgate.testing.simulators.family import OPENAI_CODES
from reelgate.testing.simulators.shape import Shape, order_of, view

OUTER: Final = {
    Phase.QUEUED: "pending",
    Phase.IN_PROGRESS: "pending",
    Phase.COMPLETED: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "failed",
}
"""Before a job ends the outer word never changes; the inner one does."""
INNER: Final = OUTER | {Phase.QUEUED: "queued", Phase.IN_PROGRESS: "processing"}


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job and answer in the documented short form."""
    given = ask.fields
    if given.get("size") not in {None, "small", "large"}:
        raise Refusal(Why.INVALID, "size must be small or large", param="size")
    wide = given.get("orientation") == "landscape"
    tall, long = ("1080", "1920") if given.get("size") == "large" else ("720", "1280")
    job = desk.accept(
        Order(
            prompt=str(given.get("prompt") or ""),
            model=str(given.get("model") or ""),
            seconds=str(given.get("duration") or 10),
            size=f"{long}x{tall}" if wide else f"{tall}x{long}",
            fields=given,
        )
    )
    return says({"id": job.ref, "status": "pending", "status_update_time": job.created_ms})


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands; the id comes in the query, colon and all."""
    sight = desk.look(ask.query.get("id", ""))
    word = "pondering" if sight.strange else OUTER[sight.phase]
    body: dict[str, Any] = {"id": sight.ref, "status": word, "status_update_time": sight.now_ms}
    return says(body | (_done(sight) if sight.phase is Phase.COMPLETED else {"detail": _detail(sight)}))


def _done(sight: Sight) -> dict[str, Any]:
    if not sight.has_clip:
        return {"detail": {"id": sight.ref, "status": "completed"}}
    return {
        "video_url": sight.url,
        "thumbnail_url": None,
        "detail": {
            "id": sight.ref,
            "status": "completed",
            "url": sight.url,
            "draft_info": {"url": sight.url},
        },
    }


def _detail(sight: Sight) -> dict[str, Any]:
    failed = sight.phase is Phase.FAILED
    moderated = sight.trouble == "moderated"
    return {
        "id": sight.ref,
        "status": sight.word(OUTER),
        "input": {"prompt": sight.job.order.prompt, "model": sight.job.order.model},
        "pending_info": {
            "status": sight.word(INNER),
            "progress_pct": sight.share,
            "failure_reason": sight.message() if failed else None,
            "queue_status_message": None,
            "moderation_result": {"type": "blocked" if moderated else "passed", "is_output_rejection": False},
        },
    }


def upload(desk: Desk, _: Ask) -> Answer:
    """Keep a picture on the relay's own file host."""
    return says({"url": desk.keep_file()})


def character(desk: Desk, ask: Ask) -> Answer:
    """Make a character out of a finished job or an address; a `model` in the body is the wrong path."""
    given = ask.fields
    if "model" in given:
        raise Refusal(Why.NO_ROUTE, "no available channel for this model")
    if (given.get("url") is None) is (given.get("from_task") is None):
        raise Refusal(Why.INVALID, "exactly one of url and from_task", param="url")
    if given.get("from_task") is not None and not desk.look(str(given["from_task"])).has_clip:
        raise Refusal(Why.INVALID, "task still in progress", param="from_task")
    made = desk.new_id("ch_{hex}")
    name = f"simulated{len(desk.notes) + 1}"
    desk.notes[made] = name
    picture = f"{ask.origin}/simulator/uploads/{made}.png?sig=simulated"
    permalink = f"{ask.origin}/simulator/{name}"
    return says({"id": made, "username": name, "permalink": permalink, "profile_picture_url": picture})


def refuse(refusal: Refusal) -> Says:
    """Write an error with its Chinese sibling; a wrong path is a web page."""
    if refusal.why is Why.NO_ROUTE:
        return web_page(404)
    error = {
        "message": refusal.message,
        "message_zh": "模拟器：请求被拒绝",
        "type": "new_api_error",
        "code": OPENAI_CODES[refusal.why],
    }
    return says({"error": error}, refusal.status)


# The OpenAI-shaped format.


def openai_view(sight: Sight) -> dict[str, Any]:
    """Write a job; its birth is in milliseconds here, its clip has an address."""
    seen = view(sight) | {"created_at": sight.job.created_ms}
    return seen | ({"video_url": sight.url} if sight.has_clip else {})


def openai_order(ask: Ask) -> Order:
    """Read a create: a form, with a length that is one of three; a remix is JSON."""
    remix = ask.path.endswith("/remix")
    form = ask.headers.get("content-type", "").startswith("multipart/form-data")
    if not form and not remix:
        raise Refusal(Why.INVALID, "multipart/form-data is required", param="prompt")
    if not remix and ask.fields.get("seconds") not in {"10", "15", "25"}:
        raise Refusal(Why.INVALID, "seconds must be 10, 15 or 25", param="seconds")
    return order_of(ask)


_BOTH: Final = (
    Route("POST", "/v1/video/create", create, "create"),
    Route("GET", "/v1/video/query", query, "poll"),
    Route("POST", "/api/upload", upload),
    Route("POST", "/sora/v1/characters", character),
    *Shape(view=openai_view, order=openai_order).routes("create", "remix", "poll", "content"),
)

FAMILIES: Final = (
    Family(
        dialect="juxin_unified",
        title="Juxin relay, unified format",
        model="sora-2",
        settings={"sunset": {"sora-2": None}},
        ref="sora-2:task_{hex}",
        routes=_BOTH,
        refuse=refuse,
        refunds=frozenset({"broke", "moderated"}),
        likeness=Likeness(start_s=1, end_s=3),
    ),
    Family(
        dialect="juxin_openai",
        title="Juxin relay, OpenAI-shaped format",
        base="/v1",
        model="sora-2",
        settings={"sunset": {"sora-2": None}},
        ref="video_{uuid}",
        routes=_BOTH,
        refuse=refuse,
        refunds=frozenset({"broke", "moderated"}),
    ),
)
