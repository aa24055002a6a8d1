"""Kie.ai: a code in the body that tells the truth whatever HTTP says, one call for Veo and one for all other models.

Veo tells how it stands by a number and other models by a word. `resultUrls` is a list, a text in brackets that is
no JSON, or a list inside JSON inside text. Files go by public address only. Endings are told, unsigned.
"""

from __future__ import annotations

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
from reelgate.testing.simulators.asked import choice, some_text, text, texts, wrong

API: Final = "/api/v1"
WORDS: Final = {
    Phase.QUEUED: "queuing",
    Phase.IN_PROGRESS: "generating",
    Phase.COMPLETED: "success",
    Phase.FAILED: "fail",
    Phase.CANCELLED: "fail",
}
FLAGS: Final = {
    Phase.QUEUED: 0,
    Phase.IN_PROGRESS: 0,
    Phase.COMPLETED: 1,
    Phase.FAILED: 2,
    Phase.CANCELLED: 3,
}
CODES: Final = {
    Why.INVALID: 422,
    Why.MODERATED: 400,
    Why.KEY: 401,
    Why.QUOTA: 402,
    Why.FORBIDDEN: 505,
    Why.UNKNOWN_JOB: 404,
    Why.NOT_READY: 422,
    Why.NO_ROUTE: 404,
    Why.CONFLICT: 422,
    Why.THROTTLED: 429,
    Why.BROKEN: 500,
    Why.BUSY: 455,
}
FAILURES: Final = {"broke": "500", "moderated": "400", "withheld": "400", "expired": "501"}


def refuse(refusal: Refusal) -> Says:
    """Write an error as HTTP 200, with its code in the body."""
    return says({"code": CODES[refusal.why], "msg": refusal.message, "data": None})


def create_veo(desk: Desk, ask: Ask) -> Answer:
    """Take a clip by Veo."""
    given = ask.fields
    model = text(given, "model")
    if not model.startswith("veo"):
        raise wrong("model", "Expected a Veo model.")
    choice(given, "aspectRatio", {"16:9", "9:16", "Auto"}, "16:9")
    if not all(url.startswith("http") for url in texts(given.get("imageUrls"), "imageUrls")):
        raise wrong("imageUrls", "Expected public addresses.")
    order = Order(
        prompt=text(given, "prompt"),
        model=model,
        seconds="8",
        fields=given,
        ref=desk.new_id("veo_task_{hex}"),
        callback=some_text(given, "callBackUrl"),
        facts={"veo": True},
    )
    return _fine({"taskId": desk.accept(order).ref})


def create_job(desk: Desk, ask: Ask) -> Answer:
    """Take a clip by any other model, with an input of the model's own."""
    given = as_object(ask.fields.get("input"))
    if given is None:
        raise wrong("input", "Field required.")
    order = Order(
        prompt=text(given, "prompt"),
        model=text(ask.fields, "model"),
        seconds=str(given.get("duration") or 5),
        fields=ask.fields,
        callback=some_text(ask.fields, "callBackUrl"),
        facts={"veo": False},
    )
    return _fine({"taskId": desk.accept(order).ref})


def query_veo(desk: Desk, ask: Ask) -> Answer:
    """Say how a clip by Veo stands."""
    return _fine(_veo(_known(desk, ask, veo=True)))


def query_job(desk: Desk, ask: Ask) -> Answer:
    """Say how a clip by another model stands."""
    return _fine(_job(_known(desk, ask, veo=False)))


def _known(desk: Desk, ask: Ask, *, veo: bool) -> Sight:
    ref = ask.query.get("taskId", "")
    if desk.job(ref).order.facts["veo"] is not veo:
        raise Refusal(Why.UNKNOWN_JOB)
    return desk.look(ref)


def _fine(data: object) -> Says:
    return says({"code": 200, "msg": "success", "data": data})


def _veo(sight: Sight) -> dict[str, Any]:
    body: dict[str, Any] = {
        "taskId": sight.ref,
        "successFlag": 7 if sight.strange else 3 if sight.trouble is not None else FLAGS[sight.phase],
        "errorCode": None,
        "errorMessage": None,
        "createTime": sight.job.created_ms,
        "completeTime": sight.ended_ms if sight.ended else None,
    }
    if sight.trouble is not None:
        return body | {"errorCode": int(FAILURES[sight.trouble]), "errorMessage": sight.message()}
    urls = [sight.url] if sight.has_clip else []
    return body | ({"response": {"taskId": sight.ref, "resultUrls": urls}} if sight.ended else {})


def _job(sight: Sight) -> dict[str, Any]:
    failed = sight.trouble is not None
    urls = [sight.url] if sight.has_clip else []
    done = sight.phase is Phase.COMPLETED and not failed
    return {
        "taskId": sight.ref,
        "model": sight.job.order.model,
        "state": "fail" if failed else sight.word(WORDS),
        "resultJson": msgspec.json.encode({"resultUrls": urls}).decode() if done else "",
        "failCode": FAILURES[sight.trouble or "broke"] if failed else "",
        "failMsg": sight.message() if failed else "",
        "createTime": sight.job.created_ms,
        "completeTime": sight.ended_ms if sight.ended else None,
    }


def tell(sight: Sight, _: Teller) -> Post | None:
    """Tell an ending; Veo puts its addresses into a text in brackets."""
    if not sight.ended:
        return None
    failed = sight.trouble is not None or sight.phase is Phase.CANCELLED
    body: dict[str, Any] = {"code": int(FAILURES[sight.trouble or "broke"]) if failed else 200}
    body["msg"] = sight.message() if failed else "success"
    if not sight.job.order.facts["veo"]:
        return Post(body=msgspec.json.encode(body | {"data": _job(sight)}))
    info = {"resultUrls": f"[{sight.url}]", "originUrls": None} if sight.has_clip else None
    return Post(body=msgspec.json.encode(body | {"data": {"taskId": sight.ref, "info": info}}))


FAMILIES: Final = (
    Family(
        dialect="kie_veo",
        title="Kie.ai",
        base=API,
        model="veo3_fast",
        ref="{hex}",
        routes=(
            Route("POST", f"{API}/veo/generate", create_veo, "create"),
            Route("GET", f"{API}/veo/record-info", query_veo, "poll"),
            Route("POST", f"{API}/jobs/createTask", create_job, "create"),
            Route("GET", f"{API}/jobs/recordInfo", query_job, "poll"),
        ),
        refuse=refuse,
        tell=tell,
        second_micro=0,
        clip_micro=300_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired"}),
    ),
)
