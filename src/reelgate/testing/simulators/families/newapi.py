"""new-api and its children: the OpenAI-shaped route and the generic one, task errors in an envelope of their own.

Deployments of the generic route differ: some answer plainly, some wrap the task. This one does both by turns.
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
from reelgate.testing.simulators.shape import WORDS, Shape, code_of, error_of, models, view

SHOUTED: Final = {
    Phase.QUEUED: "NOT_START",
    Phase.IN_PROGRESS: "IN_PROGRESS",
    Phase.COMPLETED: "SUCCESS",
    Phase.FAILED: "FAILURE",
    Phase.CANCELLED: "FAILURE",
}


def refuse(refusal: Refusal) -> Says:
    """Write a task error; the door in front of the tasks speaks the OpenAI envelope."""
    if refusal.why is Why.UNKNOWN_JOB:
        return says({"code": "task_not_exist", "message": "task_not_exist", "data": None}, 400)
    if refusal.why in {Why.INVALID, Why.MODERATED, Why.BROKEN}:
        code = code_of(refusal) or "fail_to_fetch_task"
        return says({"code": code, "message": refusal.message, "data": None}, refusal.status)
    message = f"{refusal.message} (request id: {'20261122' + 'a' * 12})"
    error = {"message": message, "type": "new_api_error", "param": "", "code": code_of(refusal) or ""}
    return says({"error": error}, refusal.status)


def video_view(sight: Sight) -> dict[str, Any]:
    """Write a job: `unknown` while it waits, a constant 50 for Veo, the clip in `metadata`."""
    seen = view(sight, {**WORDS, Phase.QUEUED: "unknown"}) | {"task_id": sight.ref}
    if "veo" in sight.job.order.model and sight.phase is Phase.IN_PROGRESS:
        seen["progress"] = 50
    elif sight.phase is Phase.IN_PROGRESS:
        seen["progress"] = f"{sight.percent}%"
    if sight.has_clip:
        seen["metadata"] = {"url": sight.url}
        seen["usage"] = {"completion_tokens": 100_000, "total_tokens": 100_000}
    return seen


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job on the generic route."""
    given = ask.fields
    size = f"{given.get('width') or 720}x{given.get('height') or 1280}"
    job = desk.accept(
        Order(
            prompt=str(given.get("prompt") or ""),
            model=str(given.get("model") or ""),
            seconds=str(given.get("duration") or 4),
            size=str(given.get("size") or size),
            fields=given,
        )
    )
    return says({"task_id": job.ref, "status": "queued"})


def poll(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands, plainly or wrapped."""
    sight = desk.look(ask.params["ref"])
    return says(_wrapped(sight) if sight.job.number % 2 == 0 else _plain(sight))


def _plain(sight: Sight) -> dict[str, Any]:
    return {
        "task_id": sight.ref,
        "status": sight.word(WORDS),
        "url": sight.url or None,
        "format": "mp4",
        "metadata": {"duration": sight.job.order.seconds, "fps": 24},
        # An error of code 0 is none.
        "error": error_of(sight) or {"code": 0, "message": ""},
    }


def _wrapped(sight: Sight) -> dict[str, Any]:
    failed = sight.trouble is not None
    task = {
        "task_id": sight.ref,
        "action": "generate",
        "status": sight.word(SHOUTED),
        # The clip's address stands here once the job is done.
        "fail_reason": sight.message() if failed else sight.url,
        "progress": f"{sight.percent}%",
        "data": {"video": {"url": sight.url}} if sight.has_clip else None,
    }
    return {"code": "success", "message": "", "data": task}


FAMILIES: Final = (
    Family(
        dialect="newapi_video",
        title="new-api, OpenAI-shaped route",
        base="/v1",
        model="veo-3.1",
        ref="task_{hex}",
        routes=(
            *Shape(view=video_view).routes("create", "remix", "poll", "content"),
            models("/v1", "veo-3.1", "sora-2"),
        ),
        refuse=refuse,
        refunds=frozenset({"broke", "moderated", "expired"}),
    ),
    Family(
        dialect="newapi_generic",
        title="new-api, generic route",
        base="/v1",
        model="kling-v2",
        ref="task_{hex}",
        routes=(
            Route("POST", "/v1/video/generations", create, "create"),
            Route("GET", "/v1/video/generations/{ref}", poll, "poll"),
            models("/v1", "kling-v2"),
        ),
        refuse=refuse,
        refunds=frozenset({"broke", "moderated", "expired"}),
    ),
)
