"""Kling: the kind of a job in its path, tokens signed by the caller, a name of the caller's own, codes of its own.

`external_task_id` is as good as the id in questions and refused the second time, as documented. A picture is
bare base64 or an address, a length is a text. Nothing stops a job. Changes are told unsigned.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from reelgate.core.dialect import Phase
from reelgate.testing.simulators import (
    Answer,
    Ask,
    Desk,
    Family,
    Job,
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
from reelgate.testing.simulators.asked import (
    base64_text,
    choice,
    media,
    objects,
    some_text,
    text,
    wrong,
)
from reelgate.testing.simulators.signing import claims_of, is_hs256

KINDS: Final = (
    *("text2video", "image2video", "multi-image2video", "omni-video", "video-extend", "lip-sync", "effects"),
)
WORDS: Final = {
    Phase.QUEUED: "submitted",
    Phase.IN_PROGRESS: "processing",
    Phase.COMPLETED: "succeed",
    Phase.FAILED: "failed",
    Phase.CANCELLED: "failed",
}
CODES: Final = {
    Why.INVALID: (400, 1201),
    Why.MODERATED: (400, 1301),
    Why.KEY: (401, 1002),
    Why.QUOTA: (429, 1102),
    Why.FORBIDDEN: (403, 1103),
    Why.UNKNOWN_JOB: (404, 1203),
    Why.NOT_READY: (400, 1201),
    Why.NO_ROUTE: (404, 1202),
    Why.CONFLICT: (400, 1201),
    Why.THROTTLED: (429, 1302),
    Why.BROKEN: (500, 5000),
    Why.BUSY: (429, 1303),
}
REASONS: Final = {
    "broke": "The generation broke, please try again.",
    "moderated": "Failure to pass the risk control system",
    "withheld": "Failure to pass the risk control system",
    "expired": "The job took too long.",
}
LENGTHS: Final = frozenset(str(seconds) for seconds in range(3, 16))
TOKEN_S: Final = 1_800
EARLY: Final = "The token is not valid yet."
LATE: Final = "The token has expired."
_TIMES: Final = {EARLY: 1003, LATE: 1004}


def refuse(refusal: Refusal) -> Says:
    """Write an error with a code of the vendor's own."""
    status, code = CODES[refusal.why]
    code = _TIMES.get(refusal.message, code)
    return says({"code": code, "message": refusal.message, "request_id": "simulated"}, status)


def admits(ask: Ask, key: str) -> bool:
    """Take a token signed with the secret half of the key, or a plain key."""
    token = ask.headers.get("authorization", "").removeprefix("Bearer ")
    access, colon, secret = key.partition(":")
    if not colon:
        return token == key
    claims = claims_of(token)
    span = claims.get("exp", 0) - claims.get("nbf", 0)
    return is_hs256(token, secret) and claims.get("iss") == access and 0 < span <= TOKEN_S + 60


def _check_times(desk: Desk, ask: Ask) -> None:
    """Refuse a token before its time and after it; a plain key has none."""
    claims = claims_of(ask.headers.get("authorization", ""))
    now_s = desk.now_ms / 1_000
    if claims and claims.get("nbf", 0) > now_s:
        raise Refusal(Why.KEY, EARLY)
    if claims and claims.get("exp", 0) <= now_s:
        raise Refusal(Why.KEY, LATE)


def create(desk: Desk, ask: Ask) -> Answer:
    """Take a job of a kind."""
    _check_times(desk, ask)
    given, kind = ask.fields, ask.params["kind"]
    name = some_text(given, "external_task_id")
    if name is not None and desk.named(name) is not None:
        raise Refusal(Why.CONFLICT, "external_task_id is not unique.", param="external_task_id")
    prompt = text(given, "prompt") if kind in {"text2video", "omni-video"} else some_text(given, "prompt")
    _check_media(given, kind)
    if kind == "video-extend":
        _check_source(desk, text(given, "video_id"))
    choice(given, "mode", {"std", "pro", "4k"}, "std")
    choice(given, "aspect_ratio", {"16:9", "9:16", "1:1"}, "16:9")
    choice(given, "sound", {"on", "off"}, "off")
    job = desk.accept(
        Order(
            prompt=prompt or kind,
            model=some_text(given, "model_name") or "kling-v1",
            seconds=choice(given, "duration", LENGTHS, "5"),
            verb="extend" if kind == "video-extend" else "create",
            fields=given,
            token=name,
            callback=some_text(given, "callback_url"),
            facts={"kind": kind},
        )
    )
    return says(_envelope(_shown(desk.glance(job))))


def _check_media(given: Any, kind: str) -> None:
    if kind == "image2video" and not given.get("image") and not given.get("image_tail"):
        raise wrong("image", "Field required.")
    listed = objects(given.get("image_list"), "image_list")
    for value in (given.get("image"), given.get("image_tail"), *(i.get("image") for i in listed)):
        if value:
            _picture(value)
    if kind == "multi-image2video" and not listed:
        raise wrong("image_list", "Field required.")


def _picture(value: object) -> None:
    if isinstance(value, str) and value.startswith("data:"):
        raise wrong("image", "Expected base64 without a data: prefix.")
    if isinstance(value, str) and value.startswith("http"):
        media(value, "image")
    else:
        base64_text(value, "image")


def _check_source(desk: Desk, video_id: str) -> None:
    if not any(_video_id(sight.job) == video_id and sight.has_clip for sight in desk.all_jobs()):
        raise wrong("video_id", "No such clip.")


def query(desk: Desk, ask: Ask) -> Answer:
    """Say how a job stands, by its id or by its caller's name for it, under its own kind only."""
    _check_times(desk, ask)
    name = ask.params["id"]
    known = desk.named(name)
    job = known if known is not None else desk.job(name)
    if job.order.facts["kind"] != ask.params["kind"]:
        raise Refusal(Why.UNKNOWN_JOB)
    return says(_envelope(_shown(desk.look(job.ref))))


def listed(desk: Desk, ask: Ask) -> Answer:
    """Give the jobs of a kind, newest first."""
    _check_times(desk, ask)
    number, size = int(ask.query.get("pageNum", "1")), int(ask.query.get("pageSize", "30"))
    if not 1 <= number <= 1_000 or not 1 <= size <= 500:
        raise wrong("pageNum", "Out of range.")
    found = [_shown(each) for each in desk.all_jobs() if each.job.order.facts["kind"] == ask.params["kind"]]
    return says(_envelope(found[(number - 1) * size : number * size]))


def _envelope(data: object) -> dict[str, Any]:
    return {"code": 0, "message": "SUCCEED", "request_id": "simulated", "data": data}


def _video_id(job: Job) -> str:
    return f"clip-of-{job.ref}"


def _shown(sight: Sight) -> dict[str, Any]:
    job = sight.job
    failed = sight.trouble is not None
    body: dict[str, Any] = {
        "task_id": sight.ref,
        "task_status": "failed" if failed else sight.word(WORDS),
        "task_status_msg": REASONS[sight.trouble or "broke"] if failed else "",
        "task_info": {"external_task_id": job.order.token},
        "created_at": job.created_ms,
        "updated_at": sight.ended_ms if sight.ended else sight.now_ms,
    }
    if not sight.has_clip:
        return body
    video = {"id": _video_id(job), "url": sight.url, "duration": f"{job.order.seconds}.1"}
    return body | {"task_result": {"videos": [video]}}


def tell(sight: Sight, _: Teller) -> Post:
    """Tell every change with the bare job."""
    return Post(body=msgspec.json.encode(_shown(sight)))


_KIND: Final = "{kind:" + "|".join(KINDS) + "}"

FAMILIES: Final = (
    Family(
        dialect="kling",
        title="Kling",
        model="kling-v2-6",
        ref="{number}{hex}",
        routes=(
            Route("POST", f"/v1/videos/{_KIND}", create, "create"),
            Route("GET", f"/v1/videos/{_KIND}", listed, "list"),
            Route("GET", f"/v1/videos/{_KIND}/{{id}}", query, "poll"),
        ),
        refuse=refuse,
        admits=admits,
        key="simulator-access:simulator-secret",
        tell=tell,
        second_micro=70_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired"}),
    ),
)
