"""Runway: a version in every call, progress as a fraction, a delete that cancels or removes.

Files come as data URLs of 5 MB at most. Asking again gives a fresh link; nobody is called back.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
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
from reelgate.testing.simulators.asked import choice, media, objects, switch, text, whole, wrong

VERSION: Final = "2024-11-06"
DATA_URL_MAX: Final = 5 * 2**20
WORDS: Final = {
    Phase.QUEUED: "PENDING",
    Phase.IN_PROGRESS: "RUNNING",
    Phase.COMPLETED: "SUCCEEDED",
    Phase.FAILED: "FAILED",
    Phase.CANCELLED: "CANCELLED",
}
FAILURES: Final = {
    "broke": "INTERNAL.BAD_OUTPUT.CODE01",
    "moderated": "SAFETY.INPUT.TEXT",
    "withheld": "SAFETY.OUTPUT.VIDEO",
    "expired": "INTERNAL",
}
_STATUS: Final = {Why.QUOTA: 400, Why.FORBIDDEN: 400, Why.BROKEN: 502, Why.CONFLICT: 400}


def refuse(refusal: Refusal) -> Says:
    """Write an error; a body with wrong fields names each."""
    status = _STATUS.get(refusal.why, refusal.status)
    if refusal.why is Why.QUOTA:
        return says({"error": "You do not have enough credits to run this task."}, status)
    if refusal.param is None:
        return says({"error": refusal.message}, status)
    issue = {"code": "custom", "path": [refusal.param], "message": refusal.message}
    return says({"error": f"Validation of body failed: {refusal.message}", "issues": [issue]}, status)


def _check_version(ask: Ask) -> None:
    if ask.headers.get("x-runway-version") != VERSION:
        raise Refusal(Why.INVALID, "The X-Runway-Version header is missing or unknown.")


def _picture(value: object, name: str, kind: str = "image") -> None:
    if len(media(value, name, kind)) > DATA_URL_MAX * (1 if kind == "image" else 4):
        raise wrong(name, "The data URI is too long.")


def from_text(desk: Desk, ask: Ask) -> Answer:
    """Take a task made of text alone."""
    return _create(desk, ask, "create")


def from_image(desk: Desk, ask: Ask) -> Answer:
    """Take a task with a first picture, a last one, or both."""
    value = ask.fields.get("promptImage")
    if isinstance(value, str):
        _picture(value, "promptImage")
    else:
        ends = objects(value, "promptImage")
        if not ends:
            raise wrong("promptImage", "Field required.")
        for each in ends:
            choice(each, "position", {"first", "last"}, "")
            _picture(each.get("uri"), "promptImage")
    return _create(desk, ask, "create")


def from_video(desk: Desk, ask: Ask) -> Answer:
    """Take a task that changes a clip."""
    _picture(ask.fields.get("videoUri"), "videoUri", "video")
    return _create(desk, ask, "edit")


def _create(desk: Desk, ask: Ask, verb: str) -> Answer:
    _check_version(ask)
    given = ask.fields
    prompt = text(given, "promptText")
    if len(prompt) > 1_000:
        raise wrong("promptText", "At most 1000 characters.")
    ratio = re.fullmatch(r"(\d{3,4}):(\d{3,4})", text(given, "ratio"))
    if ratio is None:
        raise wrong("ratio", "Expected width:height.")
    switch(given, "audio")
    whole(given, "seed", 0, 2**32 - 1, 0)
    for each in objects(given.get("references"), "references"):
        _picture(each.get("uri"), "references")
    job = desk.accept(
        Order(
            prompt=prompt,
            model=text(given, "model"),
            seconds=str(whole(given, "duration", 2, 10, 5)),
            size=f"{ratio.group(1)}x{ratio.group(2)}",
            verb=verb,
            fields=given,
        )
    )
    return says({"id": job.ref})


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a task stands."""
    _check_version(ask)
    return says(_shown(desk.look(ask.params["id"])))


def delete(desk: Desk, ask: Ask) -> Answer:
    """Cancel a living task; remove one that is over, with its clip."""
    _check_version(ask)
    if desk.glance(desk.job(ask.params["id"])).ended:
        desk.forget(ask.params["id"])
    else:
        desk.cancel(ask.params["id"])
    return Says(body=b"", status=204)


def organization(_: Desk, ask: Ask) -> Answer:
    """Tell the limits of the account, by model."""
    _check_version(ask)
    limits = {"maxConcurrentGenerations": 5, "maxDailyGenerations": 1_000}
    models = {"gen4.5": limits, "gen4_aleph": limits}
    return says({"creditBalance": 1_000, "tier": {"maxMonthlyCreditSpend": 10_000, "models": models}})


def _shown(sight: Sight) -> dict[str, Any]:
    made = datetime.fromtimestamp(sight.job.created_ms / 1_000, UTC).isoformat(timespec="milliseconds")
    body: dict[str, Any] = {
        "id": sight.ref,
        "status": "FAILED" if sight.trouble is not None else sight.word(WORDS),
        "createdAt": made.replace("+00:00", "Z"),
    }
    if sight.trouble is not None:
        return body | {"failure": sight.message(), "failureCode": FAILURES[sight.trouble]}
    if sight.phase is Phase.IN_PROGRESS:
        return body | {"progress": sight.share}
    if sight.phase is Phase.COMPLETED:
        return body | {"output": [sight.url] if sight.has_clip else []}
    return body


FAMILIES: Final = (
    Family(
        dialect="runway",
        title="Runway",
        base="/v1",
        model="gen4.5",
        ref="{uuid}",
        routes=(
            Route("POST", "/v1/text_to_video", from_text, "create"),
            Route("POST", "/v1/image_to_video", from_image, "create"),
            Route("POST", "/v1/video_to_video", from_video, "create"),
            Route("GET", "/v1/tasks/{id}", query, "poll"),
            Route("DELETE", "/v1/tasks/{id}", delete, "cancel"),
            Route("GET", "/v1/organization", organization),
        ),
        refuse=refuse,
        second_micro=120_000,
        refunds=frozenset({"broke", "expired", "cancelled"}),
    ),
)
