"""Luma's Dream Machine: pictures by public address or by an earlier generation, its own word for working, a list.

Deleting removes the record and stops nothing. Every change is told, unsigned.
"""

from __future__ import annotations

import re
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
from reelgate.testing.simulators.asked import choice, some_text, text, wrong

BASE: Final = "/dream-machine/v1"
WORDS: Final = {
    Phase.QUEUED: "queued",
    Phase.IN_PROGRESS: "dreaming",
    Phase.COMPLETED: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "failed",
}
RATIOS: Final = frozenset({"1:1", "16:9", "9:16", "4:3", "3:4", "21:9", "9:21"})
_STATUS: Final = {Why.QUOTA: 402, Why.KEY: 401}


def refuse(refusal: Refusal) -> Says:
    """Write an error with `detail` alone."""
    return says({"detail": refusal.message}, _STATUS.get(refusal.why, refusal.status))


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a generation."""
    given = ask.fields
    seconds = choice(given, "duration", {"5s", "9s", "10s"}, "5s")
    choice(given, "aspect_ratio", RATIOS, "16:9")
    choice(given, "resolution", {"540p", "720p", "1080p", "4k"}, "720p")
    parent = _keyframes(desk, given)
    job = desk.accept(
        Order(
            prompt=text(given, "prompt"),
            model=text(given, "model"),
            seconds=seconds.removesuffix("s"),
            verb="create" if parent is None else "extend",
            parent=parent,
            fields=given,
            callback=some_text(given, "callback_url"),
        )
    )
    return says(_shown(desk.glance(job)), 201)


def _keyframes(desk: Desk, given: Any) -> str | None:
    """Check the pictures and give the generation that is continued."""
    frames, parent = as_object(given.get("keyframes")) or {}, None
    for name in ("frame0", "frame1"):
        frame = as_object(frames.get(name))
        if frame is None:
            continue
        if choice(frame, "type", {"image", "generation"}, "") == "generation":
            parent = text(frame, "id")
            if not desk.glance(desk.job(parent)).has_clip:
                raise wrong("keyframes", "The generation has no clip.")
        elif not re.match(r"https?://[^/\s]", text(frame, "url")):
            raise wrong("keyframes", "Expected a public address.")
    return parent


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a generation stands."""
    return says(_shown(desk.look(ask.params["id"])))


def listed(desk: Desk, ask: Ask) -> Answer:
    """Give generations, newest first."""
    limit, offset = int(ask.query.get("limit", "10")), int(ask.query.get("offset", "0"))
    found = [_shown(sight) for sight in desk.all_jobs()]
    page = found[offset : offset + limit]
    more = offset + len(page) < len(found)
    body = {"has_more": more, "count": len(found), "limit": limit, "offset": offset, "generations": page}
    return says(body)


def delete(desk: Desk, ask: Ask) -> Answer:
    """Remove a generation's record."""
    desk.forget(ask.params["id"])
    return Says(body=b"", status=204)


def _shown(sight: Sight) -> dict[str, Any]:
    order = sight.job.order
    made = datetime.fromtimestamp(sight.job.created_ms / 1_000, UTC).isoformat(timespec="milliseconds")
    failed = sight.trouble is not None
    return {
        "id": sight.ref,
        "generation_type": "video",
        "state": "failed" if failed else sight.word(WORDS),
        "failure_reason": sight.message() if failed else None,
        "created_at": made.replace("+00:00", "Z"),
        "assets": {"video": sight.url, "image": None} if sight.has_clip else None,
        "model": order.model,
        "request": {**order.fields, "generation_type": "video"},
    }


def tell(sight: Sight, _: Teller) -> Post:
    """Tell every change with the generation as it would be asked for."""
    return Post(body=msgspec.json.encode(_shown(sight)))


FAMILIES: Final = (
    Family(
        dialect="luma",
        title="Luma Dream Machine",
        base=BASE,
        model="ray-2",
        ref="{uuid}",
        routes=(
            Route("POST", f"{BASE}/generations/video", create, "create"),
            Route("GET", f"{BASE}/generations", listed, "list"),
            Route("GET", f"{BASE}/generations/{{id}}", query, "poll"),
            Route("DELETE", f"{BASE}/generations/{{id}}", delete),
        ),
        refuse=refuse,
        tell=tell,
        second_micro=140_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired"}),
    ),
)
