"""fal's queue: addresses in the answer that drop the sub-path, inputs judged only by the model, signed callbacks.

The queue takes any input; the model's own answer, or its refusal, is a second call away, at `response_url`. A
finished job may carry an error. Callbacks are signed with ED25519; the key set is at `/.well-known/jwks.json`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
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
from reelgate.testing.simulators.asked import media, text
from reelgate.testing.simulators.signing import ed25519_key, jwks

WORDS: Final = {
    Phase.QUEUED: "IN_QUEUE",
    Phase.IN_PROGRESS: "IN_PROGRESS",
    Phase.COMPLETED: "COMPLETED",
    Phase.FAILED: "COMPLETED",
    Phase.CANCELLED: "COMPLETED",
}
ERRORS: Final = {
    "broke": ("The runner went away.", "runner_disconnected"),
    "expired": ("No runner started in time.", "startup_timeout"),
    "cancelled": ("The request was cancelled.", "client_cancelled"),
}
FILES: Final = {
    "image_url": "image",
    "end_image_url": "image",
    "first_frame_url": "image",
    "last_frame_url": "image",
    "video_url": "video",
    "audio_url": "audio",
}
_LOGS: Final[Mapping[str, Any]] = {"logs": ()}
USER: Final = "simulated-user"
_STATUS: Final = {Why.QUOTA: 403, Why.INVALID: 422, Why.MODERATED: 422, Why.NOT_READY: 400}


def refuse(refusal: Refusal) -> Says:
    """Write an error with `detail`, a list where fields are named and a text elsewhere."""
    detail: object = refusal.message
    if refusal.why is Why.INVALID:
        detail = [_fault(refusal.param, refusal.message, "value_error")]
    if refusal.why is Why.MODERATED:
        detail = [_fault("prompt", refusal.message, "content_policy_violation")]
    return says({"detail": detail}, _STATUS.get(refusal.why, refusal.status))


def _fault(param: str | None, message: str, kind: str) -> dict[str, Any]:
    return {"loc": ["body", *([param] if param else [])], "msg": message, "type": kind}


def admits(ask: Ask, key: str) -> bool:
    """Take the key after the word `Key`."""
    return ask.headers.get("authorization") == f"Key {key}"


def create(desk: Desk, ask: Ask) -> Answer:
    """Take anything; what is wrong with it shows in the result."""
    given, model = ask.fields, ask.params["model"]
    job = desk.accept(
        Order(
            prompt=str(given.get("prompt") or "(no prompt)"),
            model=model,
            seconds=str(given.get("duration") or 5).removesuffix("s"),
            fields=given,
            callback=ask.query.get("fal_webhook"),
            facts={"app": "/".join(model.split("/")[:2])},
        )
    )
    return says(_base(desk.glance(job), ask.origin) | {"status": "IN_QUEUE", "queue_position": 0})


def _base(sight: Sight, origin: str) -> dict[str, Any]:
    place = f"{origin}/{sight.job.order.facts['app']}/requests/{sight.ref}"
    return {
        "request_id": sight.ref,
        "gateway_request_id": sight.ref,
        "status_url": f"{place}/status",
        "response_url": place,
        "cancel_url": f"{place}/cancel",
    }


def status(desk: Desk, ask: Ask) -> Answer:
    """Say how a request stands: 202 until it is over."""
    sight = desk.look(_known(desk, ask))
    body = _base(sight, ask.origin) | {"status": sight.word(WORDS)}
    if sight.phase is Phase.QUEUED:
        return says(body | {"queue_position": 0}, 202)
    if not sight.ended:
        return says({**body, **_LOGS}, 202)
    message, kind = _error(sight)
    error = {"error": message, "error_type": kind} if kind else {}
    return says({**body, **_LOGS} | {"metrics": {"inference_time": sight.job.run_s}} | error)


def _known(desk: Desk, ask: Ask) -> str:
    ref = ask.params["id"]
    if desk.job(ref).order.facts["app"] != f"{ask.params['owner']}/{ask.params['app']}":
        raise Refusal(Why.UNKNOWN_JOB)
    return ref


def _error(sight: Sight) -> tuple[str, str]:
    ending = "cancelled" if sight.phase is Phase.CANCELLED else sight.trouble or ""
    return ERRORS.get(ending, ("", ""))


def result(desk: Desk, ask: Ask) -> Answer:
    """Give the model's own answer, or what it found wrong."""
    sight = desk.glance(desk.job(_known(desk, ask)))
    if not sight.ended:
        raise Refusal(Why.NOT_READY, "Request is still in progress.")
    if _error(sight)[1]:
        return says({"detail": _error(sight)[0]}, 500)
    if sight.trouble is not None:
        raise Refusal(Why.MODERATED, sight.message())
    return says(_payload(sight))


def _payload(sight: Sight) -> dict[str, Any]:
    given = sight.job.order.fields
    text(given, "prompt")
    for name, kind in FILES.items():
        if name in given:
            media(given[name], name, kind)
    if not sight.has_clip:
        return {"seed": 1}
    return {"video": {"url": sight.url, "content_type": "video/mp4", "file_name": "out.mp4"}, "seed": 1}


def cancel(desk: Desk, ask: Ask) -> Answer:
    """Promise to stop a request that is not over."""
    if desk.glance(desk.job(_known(desk, ask))).ended:
        return says({"status": "ALREADY_COMPLETED"}, 400)
    desk.cancel(ask.params["id"])
    return says({"status": "CANCELLATION_REQUESTED"}, 202)


def keys(desk: Desk, _: Ask) -> Answer:
    """Give the keys that callbacks are signed with."""
    return says(jwks(desk.callback_secret))


def tell(sight: Sight, teller: Teller) -> Post | None:
    """Tell the end of a request with its payload."""
    if not sight.ended:
        return None
    body: dict[str, Any] = {"request_id": sight.ref, "gateway_request_id": sight.ref}
    message, kind = _error(sight)
    if kind:
        body |= {"status": "ERROR", "error": message, "payload": None}
    else:
        body |= _told(sight)
    raw, stamp = msgspec.json.encode(body), str(teller.now_ms // 1_000)
    signed = "\n".join((sight.ref, USER, stamp, hashlib.sha256(raw).hexdigest())).encode()
    prefix = "X-Fal-Webhook"
    headers = {
        f"{prefix}-Request-Id": sight.ref,
        f"{prefix}-User-Id": USER,
        f"{prefix}-Timestamp": stamp,
        f"{prefix}-Signature": ed25519_key(teller.secret).sign(signed).hex(),
    }
    return Post(body=raw, headers=headers)


def _told(sight: Sight) -> dict[str, Any]:
    try:
        if sight.trouble is not None:
            raise Refusal(Why.MODERATED, sight.message())
        return {"status": "OK", "payload": _payload(sight)}
    except Refusal as refusal:
        payload = msgspec.json.decode(refuse(refusal).body)
        return {"status": "ERROR", "error": "Invalid status code: 422", "payload": payload}


_REQUEST: Final = "/{owner}/{app}/requests/{id}"

FAMILIES: Final = (
    Family(
        dialect="fal_queue",
        title="fal queue",
        model="fal-ai/simulated/text-to-video",
        ref="{uuid}",
        routes=(
            Route("GET", f"{_REQUEST}/status", status, "poll"),
            Route("GET", _REQUEST, result),
            Route("PUT", f"{_REQUEST}/cancel", cancel, "cancel"),
            Route("GET", "/.well-known/jwks.json", keys, open=True),
            Route("POST", r"/{model:[\w.-]+/[\w.-]+(?:/[\w.-]+)*}", create, "create"),
        ),
        refuse=refuse,
        admits=admits,
        tell=tell,
        second_micro=100_000,
        refunds=frozenset({"broke", "moderated", "expired", "cancelled"}),
    ),
)
