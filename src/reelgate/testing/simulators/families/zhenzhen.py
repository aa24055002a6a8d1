"""Zhenzhen's relay: v2 with shouted words, percent strings and late refusals, and the `/v1/videos` of 2026."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from reelgate.core.dialect import Likeness, Phase
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
from reelgate.testing.simulators.families.juxin import character
from reelgate.testing.simulators.shape import WORDS, Shape, order_of

SHOUTED: Final = {
    Phase.QUEUED: "NOT_START",
    Phase.IN_PROGRESS: "IN_PROGRESS",
    Phase.COMPLETED: "SUCCESS",
    Phase.FAILED: "FAILURE",
    Phase.CANCELLED: "FAILURE",
}
_REASONS: Final = {
    "broke": "任务执行失败，请稍后重试",
    "moderated": "内容违反了我们的内容政策 content policy violation",
    "withheld": "生成结果未通过内容审核 content policy violation",
    "expired": "任务超时",
}


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job; which fields there are depends on the model."""
    given = ask.fields
    model = str(given.get("model") or "")
    _check_fields(model, given)
    wide = (given.get("aspect_ratio") or given.get("ratio")) != "9:16"
    hook = given.get("notify_hook")
    job = desk.accept(
        Order(
            prompt=str(given.get("prompt") or ""),
            model=model,
            seconds=str(given.get("duration") or 10),
            size="1280x720" if wide else "720x1280",
            callback=hook if isinstance(hook, str) else None,
            fields=given,
        )
    )
    return says({"task_id": job.ref})


def _check_fields(model: str, given: dict[str, Any] | Any) -> None:
    duration = given.get("duration")
    if model.startswith("sora"):
        if duration not in {None, "10", "15", "25"}:
            raise Refusal(Why.INVALID, 'duration must be "10", "15" or "25"', param="duration")
        if given.get("hd") is True and duration == "25":
            raise Refusal(Why.INVALID, "hd cannot be combined with 25 seconds", param="hd")
    if model.startswith("grok") and not isinstance(duration, int | None):
        raise Refusal(Why.INVALID, "duration must be a number", param="duration")


def poll(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands."""
    return says(_task(desk.look(ask.params["ref"])))


def _task(sight: Sight) -> dict[str, Any]:
    failed = sight.trouble is not None
    # What fails says 100% too, and the clip's place is null until there is one.
    return {
        "task_id": sight.ref,
        "platform": "simulator",
        "action": "generate",
        "status": "FAILURE" if failed else sight.word(SHOUTED),
        "fail_reason": _REASONS[sight.trouble or "broke"] if failed else "",
        "submit_time": sight.job.created_ms // 1_000,
        "start_time": sight.job.created_ms // 1_000,
        "finish_time": sight.ended_ms // 1_000 if sight.ended else 0,
        "progress": f"{sight.percent}%",
        "data": {"output": sight.url} if sight.has_clip else None,
        "search_item": "",
    }


def tell(sight: Sight, _: Teller) -> Post:
    """Write a callback: the answer to a poll, unsigned."""
    return Post(body=msgspec.json.encode(_task(sight)))


def upload(desk: Desk, _: Ask) -> Answer:
    """Keep a file on the relay's own host."""
    return says({"url": desk.keep_file()})


def refuse(refusal: Refusal) -> Says:
    """Write an error: the envelope differs from refusal to refusal, and a wrong path is told in words."""
    if refusal.why is Why.NO_ROUTE:
        return says({"error": {"message": "Invalid URL", "type": "invalid_request_error"}}, 404)
    if refusal.why in {Why.INVALID, Why.MODERATED, Why.UNKNOWN_JOB}:
        return says({"code": refusal.why.value, "message": refusal.message, "data": None}, refusal.status)
    return says({"error": {"message": refusal.message, "type": "new_api_error"}}, refusal.status)


# The route of 2026.


def order(ask: Ask) -> Order:
    """Read a create: JSON, the particulars in `metadata`."""
    metadata = as_object(ask.fields.get("metadata")) or {}
    if not isinstance(ask.fields.get("seconds"), str):
        raise Refusal(Why.INVALID, "seconds must be a string", param="seconds")
    size = "720x1280" if metadata.get("ratio") == "9:16" else "1280x720"
    return msgspec.structs.replace(order_of(ask), size=size)


def view(sight: Sight) -> dict[str, Any]:
    """Write a job: a percent string, the clip in `metadata`."""
    failed = sight.trouble is not None
    seen: dict[str, Any] = {
        "id": sight.ref,
        "task_id": sight.ref,
        "object": "video",
        "model": sight.job.order.model,
        "status": "failed" if failed else sight.word(WORDS),
        "progress": f"{sight.percent}%",
        "created_at": sight.job.created_ms // 1_000,
    }
    if failed:
        seen["error"] = {"message": _REASONS[sight.trouble or "broke"], "code": "task_failed"}
    return seen | ({"metadata": {"url": sight.url}} if sight.has_clip else {})


FAMILIES: Final = (
    Family(
        dialect="zhenzhen_v2",
        title="Zhenzhen relay, v2",
        model="sora-2",
        settings={"sunset": {"sora-2": None}},
        ref="{uuid}",
        routes=(
            Route("POST", "/v2/videos/generations", create, "create"),
            Route("GET", "/v2/videos/generations/{ref}", poll, "poll"),
            Route("POST", "/v1/files/upload", upload),
            Route("POST", "/sora/v1/characters", character),
        ),
        refuse=refuse,
        tell=tell,
        refunds=frozenset({"broke", "moderated", "withheld"}),
        likeness=Likeness(start_s=1, end_s=3),
    ),
    Family(
        dialect="zhenzhen_v1videos",
        title="Zhenzhen relay, /v1/videos of 2026",
        base="/v1",
        model="doubao-seedance-2-0",
        ref="task_{hex}",
        routes=(
            *Shape(view=view, order=order).routes("create", "poll"),
            Route("POST", "/v1/files/upload", upload),
        ),
        refuse=refuse,
        refunds=frozenset({"broke", "moderated", "withheld"}),
    ),
)
