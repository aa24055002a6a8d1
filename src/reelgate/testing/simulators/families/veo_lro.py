"""Google Veo as a long-running operation, on the Gemini API and on Vertex AI, on one address.

An operation has no status word, only `done`. The Gemini API wants the key once more for the clip; Vertex puts
the clip into its answer. A withheld clip is a finished operation without samples. Nothing lists or stops
operations. One Standard Webhooks callback comes when a clip is there.
"""

from __future__ import annotations

import base64
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
from reelgate.testing.simulators.asked import base64_text, choice, objects, text, texts, whole, wrong
from reelgate.testing.simulators.signing import claims_of, is_rs256, standard_webhook

GEMINI: Final = "/v1beta"
VERTEX: Final = "/v1/projects/{project}/locations/{location}/publishers/google"
NAMES: Final = {
    Why.INVALID: "INVALID_ARGUMENT",
    Why.MODERATED: "INVALID_ARGUMENT",
    Why.KEY: "UNAUTHENTICATED",
    Why.QUOTA: "RESOURCE_EXHAUSTED",
    Why.FORBIDDEN: "PERMISSION_DENIED",
    Why.UNKNOWN_JOB: "NOT_FOUND",
    Why.NOT_READY: "FAILED_PRECONDITION",
    Why.NO_ROUTE: "NOT_FOUND",
    Why.CONFLICT: "ALREADY_EXISTS",
    Why.THROTTLED: "RESOURCE_EXHAUSTED",
    Why.BROKEN: "INTERNAL",
    Why.BUSY: "UNAVAILABLE",
}
NUMBERS: Final = {"broke": 13, "moderated": 3, "expired": 4}
"""How an operation that failed says why, in numbers of gRPC."""
_STATUS: Final = {Why.QUOTA: 429, Why.NOT_READY: 400, Why.NO_ROUTE: 404}


def refuse(refusal: Refusal) -> Says:
    """Write an error as `google.rpc.Status`."""
    status = _STATUS.get(refusal.why, refusal.status)
    error: dict[str, Any] = {"code": status, "message": refusal.message, "status": NAMES[refusal.why]}
    if refusal.why is Why.QUOTA:
        kind = "type.googleapis.com/google.rpc.QuotaFailure"
        error["details"] = [{"@type": kind, "violations": [{"quotaId": "RequestsPerDayPerProject"}]}]
    if refusal.why is Why.THROTTLED:
        kind = "type.googleapis.com/google.rpc.RetryInfo"
        error["details"] = [{"@type": kind, "retryDelay": "1s"}]
    return says({"error": error}, status)


def admits(ask: Ask, key: str) -> bool:
    """Take the key as it is, or on Vertex a token signed by the service account that is the key."""
    token = ask.headers.get("authorization", "").removeprefix("Bearer ")
    if not key.lstrip().startswith("{"):
        return key in {ask.headers.get("x-goog-api-key"), ask.query.get("key"), token}
    account, claims = as_object(msgspec.json.decode(key)) or {}, claims_of(token)
    mine = claims.get("iss") == account.get("client_email") and claims.get("exp", 0) > claims.get("iat", 0)
    return mine and is_rs256(token, str(account.get("private_key")))


def create_on_gemini(desk: Desk, ask: Ask) -> Answer:
    """Start an operation; seed and sound are for Vertex alone."""
    parameters = as_object(ask.fields.get("parameters")) or {}
    for name in ("seed", "generateAudio", "fps", "storageUri"):
        if name in parameters:
            raise wrong(name, "This model does not take it.")
    return _create(desk, ask, f"models/{ask.params['model']}")


def create_on_vertex(desk: Desk, ask: Ask) -> Answer:
    """Start an operation under the project's own name."""
    _check_time(desk, ask)
    place = "projects/{project}/locations/{location}/publishers/google/models/{model}"
    return _create(desk, ask, place.format(**ask.params))


def _check_time(desk: Desk, ask: Ask) -> None:
    """Refuse a signed token after its hour; a plain one says nothing of its time."""
    if claims_of(ask.headers.get("authorization", "")).get("exp", desk.now_ms) * 1_000 <= desk.now_ms:
        raise Refusal(Why.KEY, "The token has expired.")


def _create(desk: Desk, ask: Ask, model: str) -> Answer:
    instance = (objects(ask.fields.get("instances"), "instances") or [dict[str, Any]()])[0]
    given = as_object(ask.fields.get("parameters")) or {}
    prompt = text(instance, "prompt")
    extends = "video" in instance
    if extends and as_object(instance["video"]) is None:
        raise wrong("video", "Expected an object.")
    for name in ("image", "lastFrame"):
        if name in instance:
            base64_text((as_object(instance[name]) or {}).get("bytesBase64Encoded"), name)
    seconds = whole(given, "durationSeconds", 4, 8, 7 if extends else 8)
    if not extends and seconds % 2:
        raise wrong("durationSeconds", "Expected 4, 6 or 8.")
    choice(given, "aspectRatio", {"16:9", "9:16"}, "16:9")
    if choice(given, "resolution", {"720p", "1080p", "4k"}, "720p") != "720p" and seconds < 8:
        raise wrong("resolution", "Above 720p a clip has 8 seconds.")
    whole(given, "sampleCount", 1, 4, 1)
    uris = texts((as_object(ask.fields.get("webhookConfig")) or {}).get("uris"), "webhookConfig.uris")
    job = desk.accept(
        Order(
            prompt=prompt,
            model=ask.params["model"],
            seconds=str(seconds),
            verb="extend" if extends else "create",
            fields=ask.fields,
            ref=f"{model}/operations/{desk.new_id('{hex}')[:12]}",
            callback=uris[0] if uris else None,
        )
    )
    return says({"name": job.ref})


def query_on_gemini(desk: Desk, ask: Ask) -> Answer:
    """Say how an operation stands; the clip is fetched with the key."""
    sight = desk.look(f"models/{ask.params['model']}/operations/{ask.params['id']}")
    return says(_operation(sight, {"generateVideoResponse": _samples(sight, ask.origin)}))


async def query_on_vertex(desk: Desk, ask: Ask) -> Answer:
    """Say how an operation stands, with the clip in the answer."""
    _check_time(desk, ask)
    sight = desk.look(text(ask.fields, "operationName"))
    response: dict[str, Any] = {"raiMediaFilteredCount": 0, "videos": []}
    if sight.trouble == "withheld":
        response = _filtered(sight)
    if sight.has_clip:
        data = base64.b64encode(await desk.clip_bytes(sight.job)).decode()
        response["videos"] = [{"bytesBase64Encoded": data, "mimeType": "video/mp4"}]
    return says(_operation(sight, response))


def _operation(sight: Sight, response: dict[str, Any]) -> dict[str, Any]:
    if sight.phase is Phase.FAILED:
        error = {"code": NUMBERS[sight.trouble or "broke"], "message": sight.message()}
        return {"name": sight.ref, "done": True, "error": error}
    if sight.phase is not Phase.COMPLETED:
        return {"name": sight.ref}
    # Finished without a word about its clip: seen right after the end.
    said = {"response": response} if sight.has_clip or sight.trouble else {}
    return {"name": sight.ref, "done": True, **said}


def _samples(sight: Sight, origin: str) -> dict[str, Any]:
    if not sight.has_clip:
        return _filtered(sight)
    uri = f"{origin}{GEMINI}/files/{sight.ref.rpartition('/')[2]}:download?alt=media"
    return {"generatedSamples": [{"video": {"uri": uri}}]}


def _filtered(sight: Sight) -> dict[str, Any]:
    return {"raiMediaFilteredCount": 1, "raiMediaFilteredReasons": [sight.message()]}


def download(desk: Desk, ask: Ask) -> Answer:
    """Hand out a clip, for the key."""
    ending = f"/operations/{ask.params['id']}"
    found = next((sight.ref for sight in desk.all_jobs() if sight.ref.endswith(ending)), "")
    return desk.clip(found)


def tell(sight: Sight, teller: Teller) -> Post | None:
    """Say that a clip is there; no other event is known of."""
    if sight.phase is not Phase.COMPLETED or not sight.has_clip:
        return None
    event = {"type": "video.generated", "version": "v1", "data": {"name": sight.ref}}
    return standard_webhook(f"{sight.ref.rpartition('/')[2]}-generated", event, teller)


FAMILIES: Final = (
    Family(
        dialect="veo_lro",
        title="Google Veo (Gemini API and Vertex AI)",
        base=GEMINI,
        model="veo-3.1-generate-preview",
        settings={"sunset": {"veo-3.1-generate-preview": None}},
        routes=(
            Route("POST", f"{GEMINI}/models/{{model}}:predictLongRunning", create_on_gemini, "create"),
            Route("GET", f"{GEMINI}/models/{{model}}/operations/{{id}}", query_on_gemini, "poll"),
            Route("GET", f"{GEMINI}/files/{{id}}:download", download, "content"),
            Route("POST", f"{VERTEX}/models/{{model}}:predictLongRunning", create_on_vertex, "create"),
            Route("POST", f"{VERTEX}/models/{{model}}:fetchPredictOperation", query_on_vertex, "poll"),
        ),
        refuse=refuse,
        admits=admits,
        tell=tell,
        second_micro=400_000,
        refunds=frozenset({"broke", "moderated", "withheld", "expired"}),
    ),
)
