"""Volcengine Ark and BytePlus ModelArk: content with roles, a list by ids, deletion that means three things.

Deleting takes a queued task out of the queue, is refused for a running one, and forgets one that is over. A
finished task outlives its link: then `content` is null. Every change is told to `callback_url`, unsigned.
"""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.core.words import as_object
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
from reelgate.testing.simulators.asked import (
    choice,
    media,
    objects,
    some_text,
    switch,
    text,
    whole,
    wrong,
)

TASKS: Final = "/api/v3/contents/generations/tasks"
WORDS: Final = {
    Phase.QUEUED: "queued",
    Phase.IN_PROGRESS: "running",
    Phase.COMPLETED: "succeeded",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
CODES: Final = {
    Why.INVALID: ("InvalidParameter", "BadRequest"),
    Why.MODERATED: ("InputTextSensitiveContentDetected", "BadRequest"),
    Why.KEY: ("AuthenticationError", "Unauthorized"),
    Why.QUOTA: ("AccountOverdueError", "Forbidden"),
    Why.FORBIDDEN: ("AccessDenied", "Forbidden"),
    Why.UNKNOWN_JOB: ("ResourceNotFound", "NotFound"),
    Why.NOT_READY: ("InvalidAction", "Conflict"),
    Why.NO_ROUTE: ("NotFound", "NotFound"),
    Why.CONFLICT: ("InvalidAction", "Conflict"),
    Why.THROTTLED: ("ModelAccountRpmRateLimitExceeded", "TooManyRequests"),
    Why.BROKEN: ("InternalServiceError", "InternalServerError"),
    Why.BUSY: ("ServerOverloaded", "TooManyRequests"),
}
_STATUS: Final = {Why.QUOTA: 403, Why.NOT_READY: 409, Why.BUSY: 429}
ERRORS: Final = {
    "broke": "InternalServiceError",
    "moderated": "InputTextSensitiveContentDetected",
    "withheld": "OutputVideoSensitiveContentDetected",
}
RATIOS: Final = frozenset({"16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"})
ROLES: Final = {
    "image_url": ("image", {"first_frame", "last_frame", "reference_image"}),
    "video_url": ("video", {"reference_video"}),
    "audio_url": ("audio", {"reference_audio"}),
}


def refuse(refusal: Refusal) -> Says:
    """Write an error with its code, its parameter and its type."""
    code, kind = CODES[refusal.why]
    if refusal.why is Why.INVALID and "required" in refusal.message:
        code = "MissingParameter"
    error = {"code": code, "message": refusal.message, "param": refusal.param or "", "type": kind}
    return says({"error": error}, _STATUS.get(refusal.why, refusal.status))


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a task."""
    given = ask.fields
    model = text(given, "model")
    parts = objects(given.get("content"), "content")
    prompt = " ".join(text(part, "text") for part in parts if part.get("type") == "text")
    roles = [_role(part) for part in parts if part.get("type") != "text"]
    if not parts:
        raise wrong("content", "Field required.")
    if "reference_image" in roles and {"first_frame", "last_frame"} & set(roles):
        raise wrong("content", "Frames and references cannot be mixed.")
    choice(given, "resolution", {"480p", "720p", "1080p", "4k"}, "720p")
    choice(given, "ratio", RATIOS, "16:9")
    for name in ("watermark", "generate_audio"):
        switch(given, name)
    job = desk.accept(
        Order(
            prompt=prompt,
            model=model,
            seconds=str(whole(given, "duration", 2, 15, 5)),
            fields=given,
            ref=_new_id(desk),
            callback=some_text(given, "callback_url"),
            facts={"seed": whole(given, "seed", -1, 2**32 - 1, secrets.randbelow(2**31))},
        )
    )
    return says({"id": job.ref})


def _role(part: dict[str, Any]) -> str:
    kind, roles = ROLES.get(str(part.get("type")), ("", set[str]()))
    if not kind:
        raise wrong("content.type", f"{part.get('type')!r} is not known.")
    media((as_object(part.get(f"{kind}_url")) or {}).get("url"), "content.url", kind)
    return choice(part, "role", roles, "first_frame" if kind == "image" else "")


def _new_id(desk: Desk) -> str:
    stamp = datetime.fromtimestamp(desk.now_ms / 1_000, UTC).strftime("%Y%m%d%H%M%S")
    return f"cgt-{stamp}-{secrets.token_hex(3)[:5]}"


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a task stands."""
    return says(_shown(desk.look(ask.params["id"])))


def listed(desk: Desk, ask: Ask) -> Answer:
    """Give tasks, newest first; `filter.task_ids` may come many times."""
    wanted = {value for name, value in ask.pairs if name == "filter.task_ids"}
    word = ask.query.get("filter.status")
    found = [_shown(sight) for sight in desk.all_jobs() if not wanted or sight.ref in wanted]
    found = [task for task in found if word is None or task["status"] == word]
    number, size = int(ask.query.get("page_num", "1")), int(ask.query.get("page_size", "10"))
    return says({"total": len(found), "items": found[(number - 1) * size : number * size]})


def delete(desk: Desk, ask: Ask) -> Answer:
    """Take a queued task out of the queue, or forget one that is over."""
    sight = desk.glance(desk.job(ask.params["id"]))
    if sight.phase is Phase.IN_PROGRESS:
        raise Refusal(Why.CONFLICT, "A running task cannot be cancelled.")
    if sight.phase is Phase.QUEUED:
        desk.cancel(sight.ref)
    else:
        desk.forget(sight.ref)
    return says({})


def _shown(sight: Sight) -> dict[str, Any]:
    job, given = sight.job, sight.job.order.fields
    body: dict[str, Any] = {
        "id": sight.ref,
        "model": job.order.model,
        "status": _word(sight),
        "created_at": job.created_ms // 1_000,
        "updated_at": (sight.ended_ms if sight.ended else sight.now_ms) // 1_000,
        "seed": job.order.facts["seed"],
        "resolution": given.get("resolution", "720p"),
        "ratio": given.get("ratio", "16:9"),
        "duration": int(job.order.seconds),
        "framespersecond": 24,
        "service_tier": "default",
    }
    if sight.trouble in ERRORS:
        return body | {"error": {"code": ERRORS[sight.trouble or "broke"], "message": sight.message()}}
    if sight.phase is not Phase.COMPLETED:
        return body
    tokens = int(job.order.seconds) * 21_780
    usage = {"completion_tokens": tokens, "total_tokens": tokens}
    return body | {"usage": usage, "content": _content(sight)}


def _word(sight: Sight) -> str:
    if sight.trouble == "expired":
        return "expired"
    return "failed" if sight.trouble == "withheld" else sight.word(WORDS)


def _content(sight: Sight) -> dict[str, Any] | None:
    if not sight.has_clip:
        return {}
    # The link is good for a day, the record for a week.
    return {"video_url": sight.url} if sight.now_ms - sight.ended_ms < 86_400_000 else None


def tell(sight: Sight, _: Teller) -> Post:
    """Tell every change with the task as it would be asked for."""
    return Post(body=msgspec.json.encode(_shown(sight)))


FAMILIES: Final = (
    Family(
        dialect="ark",
        title="Volcengine Ark / BytePlus ModelArk",
        base="/api/v3",
        model="doubao-seedance-2-0",
        routes=(
            Route("POST", TASKS, create, "create"),
            Route("GET", TASKS, listed, "list"),
            Route("GET", f"{TASKS}/{{id}}", query, "poll"),
            Route("DELETE", f"{TASKS}/{{id}}", delete, "cancel"),
        ),
        refuse=refuse,
        tell=tell,
        second_micro=186_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired", "cancelled"}),
    ),
)
