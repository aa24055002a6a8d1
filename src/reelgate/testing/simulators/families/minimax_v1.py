"""MiniMax v1 (Hailuo): errors inside HTTP 200, and a third call for the address of the file.

A callback address is tried first and must echo a challenge, or the create is refused. Addresses live an
hour; asking for the file again gives a fresh one.
"""

from __future__ import annotations

import secrets
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
from reelgate.testing.simulators.asked import choice, media, objects, some_text, text, whole, wrong

WORDS: Final = {
    Phase.QUEUED: "Queueing",
    Phase.IN_PROGRESS: "Processing",
    Phase.COMPLETED: "Success",
    Phase.FAILED: "Fail",
    Phase.CANCELLED: "Fail",
}
CODES: Final = {
    Why.INVALID: 2013,
    Why.MODERATED: 1026,
    Why.KEY: 1004,
    Why.QUOTA: 1008,
    Why.FORBIDDEN: 2049,
    Why.UNKNOWN_JOB: 2013,
    Why.NOT_READY: 2013,
    Why.NO_ROUTE: 2013,
    Why.CONFLICT: 2013,
    Why.THROTTLED: 1002,
    Why.BROKEN: 1000,
    Why.BUSY: 1041,
}
ENDINGS: Final = {"moderated": (1026, "input new_sensitive"), "withheld": (1027, "output new_sensitive")}


def refuse(refusal: Refusal) -> Says:
    """Write an error the way this upstream does: as HTTP 200."""
    if refusal.why is Why.NO_ROUTE:
        return Says(body=b"404 page not found", status=404, media_type="text/plain")
    return says(
        {"task_id": "", "base_resp": {"status_code": CODES[refusal.why], "status_msg": refusal.message}}
    )


async def challenge(desk: Desk, given: Any) -> str | None:
    """Try a callback address: it must say the same word back."""
    url = some_text(given, "callback_url")
    if url is None:
        return None
    word = secrets.token_hex(8)
    answer = await desk.post(url, Post(body=msgspec.json.encode({"challenge": word})))
    try:
        echoed = as_object(msgspec.json.decode(answer or b"null")) or {}
    except msgspec.DecodeError:
        echoed = {}
    if echoed.get("challenge") != word:
        raise wrong("callback_url", "The address did not echo the challenge.")
    return url


async def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job."""
    given = ask.fields
    seconds = whole(given, "duration", 6, 10, 6)
    lines = choice(given, "resolution", {"512P", "768P", "1080P"}, "768P")
    if seconds not in {6, 10} or (lines == "1080P" and seconds > 6):
        raise wrong("duration", "Expected 6, or 10 below 1080P.")
    for name in ("first_frame_image", "last_frame_image"):
        if name in given:
            media(given[name], name)
    for subject in objects(given.get("subject_reference"), "subject_reference"):
        choice(subject, "type", {"character"}, "")
    prompt = text(given, "prompt")
    if len(prompt) > 2_000:
        raise wrong("prompt", "At most 2000 characters.")
    order = Order(
        prompt=prompt,
        model=text(given, "model"),
        seconds=str(seconds),
        fields=given,
        callback=await challenge(desk, given),
    )
    return says({"task_id": desk.accept(order).ref, "base_resp": _fine()})


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands; a finished one names its file and not where it is."""
    return says(_shown(desk.look(ask.query.get("task_id", ""))))


def _fine() -> dict[str, Any]:
    return {"status_code": 0, "status_msg": "success"}


def _shown(sight: Sight) -> dict[str, Any]:
    body: dict[str, Any] = {
        "task_id": sight.ref,
        "status": sight.word(WORDS),
        "file_id": "",
        "base_resp": _fine(),
    }
    if sight.trouble is not None:
        code, words = ENDINGS.get(sight.trouble, (0, "success"))
        return body | {"status": "Fail", "base_resp": {"status_code": code, "status_msg": words}}
    if sight.has_clip:
        return body | {"file_id": f"9{sight.ref}", "video_width": 1366, "video_height": 768}
    return body


def retrieve(desk: Desk, ask: Ask) -> Answer:
    """Say where a file is, for an hour from now."""
    file_id = ask.query.get("file_id", "")
    sight = desk.glance(desk.job(file_id.removeprefix("9")))
    if not sight.has_clip or not file_id.startswith("9"):
        raise Refusal(Why.UNKNOWN_JOB)
    file = {
        "file_id": file_id,
        "bytes": 0,
        "created_at": sight.ended_ms // 1_000,
        "filename": "output.mp4",
        "purpose": "video_generation",
        "download_url": sight.url,
    }
    return says({"file": file, "base_resp": _fine()})


def tell(sight: Sight, _: Teller) -> Post:
    """Tell every change by id and word, unsigned."""
    shown = _shown(sight)
    shown["status"] = {"Success": "success", "Fail": "failed"}.get(shown["status"], "processing")
    return Post(body=msgspec.json.encode(shown))


FAMILIES: Final = (
    Family(
        dialect="minimax_v1",
        title="MiniMax v1 (Hailuo)",
        base="/v1",
        model="MiniMax-Hailuo-02",
        ref="{number:015d}",
        routes=(
            Route("POST", "/v1/video_generation", create, "create"),
            Route("GET", "/v1/query/video_generation", query, "poll"),
            Route("GET", "/v1/files/retrieve", retrieve),
        ),
        refuse=refuse,
        tell=tell,
        second_micro=0,
        clip_micro=280_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired"}),
    ),
)
