"""Replicate: predictions by model or version, uploads, a list by cursor, callbacks by Standard Webhooks.

A callback says which events it wants. Output files go an hour after the end, and `output` with them.
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
    Says,
    Sight,
    Teller,
    Why,
    says,
)
from reelgate.testing.simulators.asked import media, some_text, text, texts, wrong
from reelgate.testing.simulators.signing import standard_webhook, webhook_secret

HOUR_MS: Final = 3_600_000
PAGE: Final = 100
WORDS: Final = {
    Phase.QUEUED: "starting",
    Phase.IN_PROGRESS: "processing",
    Phase.COMPLETED: "succeeded",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "canceled",
}
TITLES: Final = {
    Why.INVALID: (422, "Input validation failed"),
    Why.MODERATED: (422, "Input validation failed"),
    Why.KEY: (401, "Unauthenticated"),
    Why.QUOTA: (402, "Insufficient credit"),
    Why.FORBIDDEN: (403, "Forbidden"),
    Why.UNKNOWN_JOB: (404, "Not found"),
    Why.NOT_READY: (404, "Not found"),
    Why.NO_ROUTE: (404, "Not found"),
    Why.CONFLICT: (409, "Conflict"),
    Why.THROTTLED: (429, "Too many requests"),
    Why.BROKEN: (500, "Internal server error"),
    Why.BUSY: (503, "Service unavailable"),
}
ERRORS: Final = {
    "broke": "Prediction failed: the container exited.",
    "moderated": "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
    "withheld": "The input or output was flagged as sensitive. Please try again with different inputs. (E005)",
    "expired": "Prediction interrupted; please retry (code: PA)",
}
EVENTS: Final = frozenset({"start", "output", "logs", "completed"})
FILES: Final = {"image": "image", "start_image": "image", "last_frame": "image", "video": "video"}


def refuse(refusal: Refusal) -> Says:
    """Write an error with a title; a throttle tells its seconds in words."""
    status, title = TITLES[refusal.why]
    detail = refusal.message
    if refusal.why is Why.THROTTLED:
        detail = "Request was throttled. Your rate limit resets in ~1s."
    return says({"title": title, "detail": detail, "status": status}, status)


def create_by_model(desk: Desk, ask: Ask) -> Answer:
    """Take a prediction of an official model."""
    return _create(desk, ask, f"{ask.params['owner']}/{ask.params['name']}", "hidden")


def create_by_version(desk: Desk, ask: Ask) -> Answer:
    """Take a prediction of a version."""
    version = text(ask.fields, "version").rpartition(":")
    return _create(desk, ask, version[0], version[2])


def _create(desk: Desk, ask: Ask, model: str, version: str) -> Answer:
    given = as_object(ask.fields.get("input"))
    if given is None:
        raise wrong("input", "Field required.")
    for name, kind in FILES.items():
        if name in given:
            media(given[name], f"input.{name}", kind)
    if not EVENTS.issuperset(texts(ask.fields.get("webhook_events_filter"), "webhook_events_filter")):
        raise wrong("webhook_events_filter", f"Expected some of {', '.join(sorted(EVENTS))}.")
    job = desk.accept(
        Order(
            prompt=text(given, "prompt"),
            model=model,
            seconds=str(given.get("duration") or 5),
            fields=ask.fields,
            callback=some_text(ask.fields, "webhook"),
            facts={"version": version},
        )
    )
    return says(_shown(desk.glance(job), ask.origin), 201)


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a prediction stands."""
    return says(_shown(desk.look(ask.params["id"]), ask.origin))


def listed(desk: Desk, ask: Ask) -> Answer:
    """Give predictions, newest first, with a cursor to the next page."""
    start = _offset(ask.query.get("cursor", ""))
    found = [_shown(sight, ask.origin) for sight in desk.all_jobs()]
    after = None
    if start + PAGE < len(found):
        cursor = base64.urlsafe_b64encode(str(start + PAGE).encode()).decode()
        after = f"{ask.origin}/v1/predictions?cursor={cursor}"
    return says({"previous": None, "next": after, "results": found[start : start + PAGE]})


def _offset(cursor: str) -> int:
    return int(base64.urlsafe_b64decode(cursor)) if cursor else 0


def cancel(desk: Desk, ask: Ask) -> Answer:
    """Stop a prediction; one that is over is given as it is."""
    return says(_shown(desk.cancel(ask.params["id"]), ask.origin))


def _shown(sight: Sight, origin: str) -> dict[str, Any]:
    job = sight.job
    place = f"{origin}/v1/predictions/{sight.ref}"
    kept = sight.has_clip and sight.now_ms - sight.ended_ms < HOUR_MS
    return {
        "id": sight.ref,
        "model": job.order.model,
        "version": job.order.facts["version"],
        "status": "failed" if sight.trouble is not None else sight.word(WORDS),
        "input": job.order.fields["input"],
        "output": sight.url if kept else None,
        "error": None if sight.trouble is None else ERRORS[sight.trouble],
        "logs": "",
        "metrics": {"predict_time": job.run_s} if sight.ended else {},
        "created_at": _iso(job.created_ms),
        "completed_at": _iso(sight.ended_ms) if sight.ended else None,
        "data_removed": sight.has_clip and not kept,
        "urls": {"get": place, "cancel": f"{place}/cancel"},
    }


def _iso(at_ms: int) -> str:
    return (
        datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    )


def upload(desk: Desk, ask: Ask) -> Answer:
    """Keep a file."""
    desk.keep_file()
    file = ask.files[0]
    name = desk.new_id("{hex}")
    body = {
        "id": name,
        "name": file.filename,
        "content_type": file.media_type,
        "size": file.bytes,
        "checksums": {"sha256": file.sha256},
        "created_at": _iso(desk.now_ms),
        "urls": {"get": f"{ask.origin}/v1/files/{name}"},
    }
    desk.notes[name] = body
    return says(body, 201)


def uploaded(desk: Desk, ask: Ask) -> Answer:
    """Describe a file that was kept."""
    if ask.params["id"] not in desk.notes:
        raise Refusal(Why.UNKNOWN_JOB)
    return says(desk.notes[ask.params["id"]])


def collection(_: Desk, ask: Ask) -> Answer:
    """List the models of a collection."""
    models = [{"owner": "simulated", "name": ask.params["slug"], "description": "Draws a grey picture."}]
    return says({"name": ask.params["slug"], "slug": ask.params["slug"], "models": models})


def secret(desk: Desk, _: Ask) -> Answer:
    """Tell what callbacks are signed with."""
    return says({"key": webhook_secret(desk.callback_secret)})


def tell(sight: Sight, teller: Teller) -> Post | None:
    """Tell the events that were asked for; all of them where none was named."""
    event = "completed" if sight.ended else "start" if sight.phase is Phase.QUEUED else "logs"
    wanted = sight.job.order.fields.get("webhook_events_filter") or EVENTS
    if event not in wanted:
        return None
    return standard_webhook(f"msg_{sight.ref}_{sight.phase}", _shown(sight, teller.origin), teller)


FAMILIES: Final = (
    Family(
        dialect="replicate",
        title="Replicate",
        base="/v1",
        model="simulated/text-to-video",
        ref="{hex}",
        routes=(
            Route("POST", "/v1/models/{owner}/{name}/predictions", create_by_model, "create"),
            Route("POST", "/v1/predictions", create_by_version, "create"),
            Route("GET", "/v1/predictions", listed, "list"),
            Route("GET", "/v1/predictions/{id}", query, "poll"),
            Route("POST", "/v1/predictions/{id}/cancel", cancel, "cancel"),
            Route("POST", "/v1/files", upload),
            Route("GET", "/v1/files/{id}", uploaded),
            Route("GET", "/v1/collections/{slug}", collection),
            Route("GET", "/v1/webhooks/default/secret", secret),
        ),
        refuse=refuse,
        tell=tell,
        second_micro=90_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired", "cancelled"}),
    ),
)
