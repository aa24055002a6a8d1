"""The Gemini Interactions API: work in the background that is kept, edited and extended by name, and cancelled.

The clip comes by address, fetched with the key, or inside the answer where `delivery` is `inline`. Endings
are told by Standard Webhooks.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any, Final

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
    Sight,
    Teller,
    Why,
    says,
)
from reelgate.testing.simulators.asked import base64_text, choice, objects, some_text, text, texts, wrong
from reelgate.testing.simulators.families.veo_lro import admits, refuse
from reelgate.testing.simulators.signing import standard_webhook

BASE: Final = "/v1beta"
WORDS: Final = {
    Phase.QUEUED: "queued",
    Phase.IN_PROGRESS: "in_progress",
    Phase.COMPLETED: "completed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "cancelled",
}
CODES: Final = {"broke": "INTERNAL", "moderated": "INVALID_ARGUMENT", "expired": "DEADLINE_EXCEEDED"}
TASKS: Final = {
    "text_to_video": "create",
    "image_to_video": "create",
    "reference_to_video": "create",
    "edit": "edit",
    "extend": "extend",
}
LENGTHS: Final = frozenset(f"{seconds}s" for seconds in range(3, 11))


def create(desk: Desk, ask: Ask) -> Answer:
    """Start an interaction in the background."""
    given = ask.fields
    chosen = as_object(given.get("response_format")) or {}
    choice(chosen, "type", {"video"}, "")
    choice(chosen, "resolution", {"360p", "720p", "1080p", "4k"}, "720p")
    choice(chosen, "aspect_ratio", {"16:9", "9:16"}, "16:9")
    choice(chosen, "delivery", {"inline", "uri"}, "inline")
    seconds = choice(chosen, "duration", LENGTHS, "8s")
    prompt, kinds = _input(given.get("input"))
    config = as_object((as_object(given.get("generation_config")) or {}).get("video_config")) or {}
    task = choice(config, "task", TASKS.keys(), "text_to_video")
    parent = _parent(desk, given)
    if task in {"image_to_video", "reference_to_video"} and "image" not in kinds:
        raise wrong("input", f"{task} needs a picture.")
    if TASKS[task] != "create" and parent is None and "video" not in kinds:
        raise wrong("input", f"{task} needs a clip.")
    if given.get("background") is not True:
        raise wrong("background", "Video models run in the background only.")
    job = desk.accept(
        Order(
            prompt=prompt,
            model=text(given, "model"),
            seconds=seconds.removesuffix("s"),
            verb=TASKS[task],
            parent=parent,
            fields=given,
            callback=_callback(given),
        )
    )
    return says(_shown(desk.glance(job)))


def _input(value: object) -> tuple[str, set[str]]:
    if isinstance(value, str):
        return text({"input": value}, "input"), set()
    parts = objects(value, "input")
    for part in parts:
        if part.get("type") != "text":
            base64_text(part.get("data"), "input")
    words = " ".join(str(part.get("text") or "") for part in parts if part.get("type") == "text")
    return text({"input": words}, "input"), {str(part.get("type")) for part in parts}


def _parent(desk: Desk, given: Any) -> str | None:
    name = some_text(given, "previous_interaction_id")
    if name is not None and not desk.glance(desk.job(name)).has_clip:
        raise Refusal(Why.NOT_READY, "The previous interaction has no clip.")
    return name


def _callback(given: Any) -> str | None:
    uris = texts((as_object(given.get("webhook_config")) or {}).get("uris"), "webhook_config.uris")
    return uris[0] if uris else None


async def query(desk: Desk, ask: Ask) -> Answer:
    """Say how an interaction stands."""
    sight = desk.look(ask.params["id"])
    video = {"output_video": await _video(desk, sight)} if sight.has_clip else {}
    return says(_shown(sight) | video)


def cancel(desk: Desk, ask: Ask) -> Answer:
    """Stop an interaction; one that is over cannot be."""
    if desk.glance(desk.job(ask.params["id"])).ended:
        raise Refusal(Why.NOT_READY, "The interaction is over already.")
    return says(_shown(desk.cancel(ask.params["id"])))


def delete(desk: Desk, ask: Ask) -> Answer:
    """Forget an interaction, which stops nothing."""
    desk.forget(ask.params["id"])
    return says({})


def _shown(sight: Sight) -> dict[str, Any]:
    job = sight.job
    made = datetime.fromtimestamp(job.created_ms / 1_000, UTC).isoformat()
    body: dict[str, Any] = {
        "id": sight.ref,
        "object": "interaction",
        "model": job.order.model,
        "status": sight.word(WORDS),
        "created": made.replace("+00:00", "Z"),
    }
    if sight.trouble is not None:
        code = CODES.get(sight.trouble, "INVALID_ARGUMENT")
        body["errors"] = [{"code": code, "message": sight.message()}]
    return body


async def _video(desk: Desk, sight: Sight) -> dict[str, Any]:
    chosen = as_object(sight.job.order.fields.get("response_format")) or {}
    if chosen.get("delivery") == "uri":
        uri = f"{desk.ask.origin}{BASE}/files/{sight.ref}:download?alt=media"
        return {"uri": uri, "mime_type": "video/mp4"}
    data = base64.b64encode(await desk.clip_bytes(sight.job)).decode()
    return {"data": data, "mime_type": "video/mp4"}


def download(desk: Desk, ask: Ask) -> Answer:
    """Hand out a clip, for the key."""
    return desk.clip(ask.params["id"])


def tell(sight: Sight, teller: Teller) -> Post | None:
    """Tell the end of an interaction, and nothing before."""
    if not sight.ended:
        return None
    kind = f"interaction.{WORDS[sight.phase]}"
    event = {"type": kind, "version": "v1", "data": {"id": sight.ref}}
    return standard_webhook(f"{sight.ref}-{WORDS[sight.phase]}", event, teller)


FAMILIES: Final = (
    Family(
        dialect="gemini_interactions",
        title="Gemini Interactions API",
        base=BASE,
        model="gemini-omni-1.1-flash",
        ref="v1_{hex}",
        routes=(
            Route("POST", f"{BASE}/interactions", create, "create"),
            Route("GET", f"{BASE}/interactions/{{id}}", query, "poll"),
            Route("POST", f"{BASE}/interactions/{{id}}/cancel", cancel, "cancel"),
            Route("DELETE", f"{BASE}/interactions/{{id}}", delete),
            Route("GET", f"{BASE}/files/{{id}}:download", download, "content"),
        ),
        refuse=refuse,
        admits=admits,
        tell=tell,
        refunds=frozenset({"broke", "moderated", "withheld", "expired", "cancelled"}),
    ),
)
