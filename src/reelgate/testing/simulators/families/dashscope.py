"""Wan on DashScope: work only behind a header, sizes in two spellings, records that turn UNKNOWN after a day.

A task nobody knows is no error here but a task in the state UNKNOWN. Cancelling is for pending tasks alone.
Times are texts in Beijing time.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
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
from reelgate.testing.simulators.asked import media, objects, some_text, text, whole, wrong

API: Final = "/api/v1"
DAY_MS: Final = 86_400_000
WORDS: Final = {
    Phase.QUEUED: "PENDING",
    Phase.IN_PROGRESS: "RUNNING",
    Phase.COMPLETED: "SUCCEEDED",
    Phase.FAILED: "FAILED",
    Phase.CANCELLED: "CANCELED",
}
CODES: Final = {
    Why.INVALID: (400, "InvalidParameter"),
    Why.MODERATED: (400, "DataInspectionFailed"),
    Why.KEY: (401, "InvalidApiKey"),
    Why.QUOTA: (400, "Arrearage"),
    Why.FORBIDDEN: (403, "AccessDenied"),
    Why.NOT_READY: (400, "UnsupportedOperation"),
    Why.NO_ROUTE: (404, "NotFound"),
    Why.CONFLICT: (400, "UnsupportedOperation"),
    Why.THROTTLED: (429, "Throttling.RateQuota"),
    Why.BROKEN: (500, "InternalError"),
    Why.BUSY: (503, "ServiceUnavailable"),
}
ERRORS: Final = {
    "broke": "InternalError",
    "moderated": "DataInspectionFailed",
    "withheld": "DataInspectionFailed",
    "expired": "InternalError.Timeout",
}
PICTURES: Final = ("img_url", "first_frame_url", "last_frame_url")
KINDS: Final = {
    "first_frame": "image",
    "last_frame": "image",
    "reference_image": "image",
    "reference_video": "video",
    "video": "video",
    "driving_audio": "audio",
}


def refuse(refusal: Refusal) -> Says:
    """Write an error with its code; an unknown task is a task in an unknown state."""
    if refusal.why is Why.UNKNOWN_JOB:
        return says({"request_id": "simulated", "output": {"task_id": "", "task_status": "UNKNOWN"}})
    status, code = CODES[refusal.why]
    return says({"code": code, "message": refusal.message, "request_id": "simulated"}, status)


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a task, for those who ask for it in the background."""
    if ask.headers.get("x-dashscope-async") != "enable":
        raise Refusal(Why.FORBIDDEN, "This key does not support synchronous calls.")
    given, parameters = (
        as_object(ask.fields.get("input")) or {},
        as_object(ask.fields.get("parameters")) or {},
    )
    model = text(ask.fields, "model")
    _pictures(given)
    job = desk.accept(
        Order(
            prompt=text(given, "prompt"),
            model=model,
            seconds=str(whole(parameters, "duration", 2, 15, 5)),
            size=_size(model, parameters),
            fields=ask.fields,
        )
    )
    return says(_envelope({"task_id": job.ref, "task_status": "PENDING"}))


def _pictures(given: dict[str, Any]) -> None:
    for name in PICTURES:
        if some_text(given, name) is not None:
            media(given[name], name)
    for item in objects(given.get("media"), "media"):
        kind = KINDS.get(str(item.get("type")))
        if kind is None:
            raise wrong("media.type", f"{item.get('type')!r} is not known.")
        media(item.get("url"), "media.url", kind)


def _size(model: str, parameters: dict[str, Any]) -> str:
    """Read a size: pixels with a star up to Wan 2.6, a class afterwards and wherever a picture gives the shape."""
    size, lines = some_text(parameters, "size"), some_text(parameters, "resolution")
    if size is not None and re.search(r"wan2\.[7-9]", model):
        raise wrong("size", "This model takes resolution and ratio.")
    if size is not None and not re.fullmatch(r"\d{3,4}\*\d{3,4}", size):
        raise wrong("size", "Expected width*height.")
    if lines not in {None, "480P", "720P", "1080P"}:
        raise wrong("resolution", "Expected 480P, 720P or 1080P.")
    return (size or "1280*720").replace("*", "x")


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a task stands, for a day."""
    sight = desk.look(ask.params["id"])
    if sight.ended and sight.now_ms - sight.ended_ms >= DAY_MS:
        raise Refusal(Why.UNKNOWN_JOB)
    usage = {"usage": {"video_duration": 5, "video_count": 1, "SR": 720}} if sight.has_clip else {}
    return says(_envelope(_shown(sight)) | usage)


def _envelope(output: dict[str, Any]) -> dict[str, Any]:
    return {"request_id": "simulated", "output": output}


def _shown(sight: Sight) -> dict[str, Any]:
    job = sight.job
    body: dict[str, Any] = {
        "task_id": sight.ref,
        "task_status": "FAILED" if sight.trouble is not None else sight.word(WORDS),
        "submit_time": _beijing(job.created_ms),
    }
    if sight.phase is not Phase.QUEUED:
        body["scheduled_time"] = _beijing(job.created_ms + int(job.queue_s * 1_000))
    if sight.ended:
        body["end_time"] = _beijing(sight.ended_ms)
    if sight.trouble is not None:
        return body | {"code": ERRORS[sight.trouble], "message": sight.message()}
    if sight.has_clip:
        return body | {"orig_prompt": job.order.prompt, "video_url": sight.url}
    return body


def _beijing(at_ms: int) -> str:
    moment = datetime.fromtimestamp(at_ms / 1_000, UTC) + timedelta(hours=8)
    return moment.strftime("%Y-%m-%d %H:%M:%S.") + f"{at_ms % 1_000:03d}"


def listed(desk: Desk, ask: Ask) -> Answer:
    """Give tasks, newest first, without prompts and clips."""
    found = [_listed(sight) for sight in desk.all_jobs()]
    found = [task for task in found if ask.query.get("status", task["status"]) == task["status"]]
    number, size = int(ask.query.get("page_no", "1")), int(ask.query.get("page_size", "10"))
    pages = max(1, -(-len(found) // size))
    page = found[(number - 1) * size : number * size]
    body = {"data": page, "total": len(found), "total_page": pages, "page_no": number, "page_size": size}
    return says({"request_id": "simulated"} | body)


def _listed(sight: Sight) -> dict[str, Any]:
    job = sight.job
    return {
        "task_id": sight.ref,
        "status": _shown(sight)["task_status"],
        "model_name": job.order.model,
        "start_time": job.created_ms,
        "end_time": sight.ended_ms if sight.ended else None,
    }


def cancel(desk: Desk, ask: Ask) -> Answer:
    """Take a pending task out of the queue; any other is left alone."""
    if desk.glance(desk.job(ask.params["id"])).phase is not Phase.QUEUED:
        raise Refusal(Why.CONFLICT, "Only pending tasks can be cancelled.")
    desk.cancel(ask.params["id"])
    return says({"request_id": "simulated"})


FAMILIES: Final = (
    Family(
        dialect="dashscope",
        title="Alibaba DashScope (Wan)",
        base=API,
        model="wan2.6-t2v",
        ref="{uuid}",
        routes=(
            *(
                Route("POST", f"{API}/services/aigc/{kind}/video-synthesis", create, "create")
                for kind in ("video-generation", "image2video")
            ),
            Route("GET", f"{API}/tasks", listed, "list"),
            Route("GET", f"{API}/tasks/{{id}}", query, "poll"),
            Route("POST", f"{API}/tasks/{{id}}/cancel", cancel, "cancel"),
        ),
        refuse=refuse,
        second_micro=100_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired", "cancelled"}),
    ),
)
