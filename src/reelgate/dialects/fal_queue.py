"""fal's queue: one queue in front of hundreds of models, each with an input and an output of its own.

The upstream model is the path of an app (`owner/app` or `owner/app/sub`). The answer to a submit names
the addresses where its job is asked about, fetched and cancelled; they drop the sub-path, so they are
kept in the ref: `<request id> <status> <response> <cancel>`. Only their paths are kept and they are
always called on the channel's own address, so that no answer can send the key elsewhere. As a ref
given by hand, the path of the response (`owner/app/requests/<id>`) is enough.

Settings:

    fields     names of inputs where a model calls them otherwise, such as {"first_frame": "start_image_url",
               "last_frame": "tail_image_url", "duration": "num_seconds"}; an empty name leaves a field out
    duration   "number", "text" ("5") or "seconds" ("5s"); without it what the model is known to take, else a number
    headers    headers of the queue, such as {"X-Fal-Queue-Priority": "low"}; none other than X-Fal-… are sent
    callback_url  where the queue posts when a job ends

The queue tries a job again by itself up to ten times when its machine breaks; 5xx are not billed.
There is no list and no name a client could give a job, so an unclear submit stays unclear; logs but no
progress. Callbacks are signed with ED25519: `verify` is given the upstream's public key set (the JSON
of its JWKS, or one key) where other dialects are given a secret. Checking a signature is arithmetic,
so it stays pure. It gives the request id, which is the first word of the ref.

Facts: fal.ai documentation (queue, webhooks) and fal_client @c6f0afa. Not tried on an account.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Generator, Mapping
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from reelgate.core.channel_settings import CalledBack, Names
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Callback,
    CancelOutcome,
    Channel,
    Effect,
    Observation,
    Output,
    Phase,
    Recorded,
    Reply,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import (
    Look,
    conclude,
    good,
    id_in,
    lines_of,
    looked,
    outputs_in,
    own_failure,
    ratio_of,
    submit,
    text_in,
    unlearned,
    word_in,
)
from reelgate.core.openai_call import callback_url, data_url, json_call, refusal, with_extra
from reelgate.core.signature import is_fresh
from reelgate.core.task import Request, Role, Verb
from reelgate.core.words import Said, as_object, error_in, job_failure, nothing_learned, trouble_of

TYPES: Final[Mapping[str, Code]] = {
    "runner_disconnected": Code.RUNNER_DISCONNECTED,
    "runner_connection_error": Code.RUNNER_DISCONNECTED,
    "runner_connection_refused": Code.RUNNER_DISCONNECTED,
    "runner_connection_timeout": Code.RUNNER_DISCONNECTED,
    "runner_incomplete_response": Code.RUNNER_DISCONNECTED,
    "runner_scheduling_failure": Code.OVERLOADED,
    "runner_server_error": Code.UPSTREAM_INTERNAL,
    "request_timeout": Code.EXPIRED,
    "startup_timeout": Code.EXPIRED,
    "generation_timeout": Code.UPSTREAM_INTERNAL,
    "internal_server_error": Code.UPSTREAM_INTERNAL,
    "downstream_service_error": Code.UPSTREAM_INTERNAL,
    "downstream_service_unavailable": Code.OVERLOADED,
    "content_policy_violation": Code.CONTENT_POLICY,
}
"""What `error_type` and the type of a `detail` mean."""

NAMES: Final[Mapping[str, str]] = {
    Role.FIRST_FRAME: "image_url",
    Role.LAST_FRAME: "end_image_url",
    Role.REFERENCE: "image_urls",
    Role.SOURCE_VIDEO: "video_url",
    Role.AUDIO: "audio_url",
    "duration": "duration",
    "aspect_ratio": "aspect_ratio",
    "resolution": "resolution",
    "seed": "seed",
    "negative_prompt": "negative_prompt",
    "audio": "generate_audio",
}
"""What most models call their inputs."""

_DURATIONS: Final[tuple[tuple[str, str], ...]] = (
    ("fal-ai/veo", "seconds"),
    ("fal-ai/bytedance/seedance", "text"),
    ("fal-ai/wan-25", "text"),
    ("fal-ai/wan/v2.6", "text"),
    ("fal-ai/pixverse", "text"),
    ("wan/v2.6", "text"),
)
"""How models, by the beginning of their path, want a length written; all others take a number."""
_FRAME_MODEL: Final = re.compile(r"/(?:first-last-frame-to-video)(?:/|$)")
_CLIPS: Final = ("video", "videos", "output", "result")


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    fields: Annotated[
        Names,
        Meta(
            description="Names of inputs where a model calls them otherwise; an empty one leaves a field out."
        ),
    ] = {}
    duration: Annotated[
        Literal["number", "text", "seconds"] | None,
        Meta(description="How lengths are written, where the model is not known here."),
    ] = None
    headers: Annotated[
        dict[str, str], Meta(description="Headers of the queue, such as X-Fal-Queue-Priority.")
    ] = {}


class FalQueue:
    """Speaks fal's queue."""

    name = "fal_queue"
    settings = Settings
    recorded = Recorded(
        names=("fal",),
        ops={"result": "read_result", "response": "read_result", "callback": "heard"},
        ref="{id} /o/a/requests/{id}/status /o/a/requests/{id} /o/a/requests/{id}/cancel",
    )

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        call = _paid_call(submission, channel)
        return submit(call, submission, channel, lambda body: _accepted(body, submission, channel))

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing and, once it is done, for its result."""
        places = _places(ref)
        if places is None:
            return nothing_learned(refusal("ref", "A ref here holds the path of the job's response."))
        answer = yield _call("GET", places.status, channel)
        body = good(answer)
        # The queue answers 202 until a job is over.
        word = word_in(body, "status", "request_id", "response_url") if body is not None else None
        if body is None or word is None:
            return unlearned(answer, channel)
        seen = conclude(Look(word=word, phase=looked(word), failure=_withheld(body, channel)))
        if seen.phase is not Phase.COMPLETED:
            return seen
        return self.read_result((yield _call("GET", places.response, channel, seen)), channel)

    def read_result(self, reply: Answer, channel: Channel) -> Observation:
        """Read the result of a job that is over: the model's own answer, or its own error."""
        body = reply.object() if isinstance(reply, Reply) else None
        if body is None or not isinstance(reply, Reply) or _says_nothing(reply, body):
            return msgspec.structs.replace(unlearned(reply, channel), lost=False)
        failure = _rejected(body, reply.status, channel) if reply.status >= 400 else _withheld(body, channel)
        outputs = _clips(body) if reply.status < 300 else ()
        if reply.status >= 500:
            # The model's own fault or the queue's: nobody can tell, so it is asked again before it is believed.
            return Observation(phase=Phase.COMPLETED, error=failure, word="COMPLETED")
        return conclude(Look(word="COMPLETED", phase=Phase.COMPLETED, outputs=outputs, failure=failure))

    def cancel(self, ref: str, channel: Channel) -> Generator[Effect, Answer, CancelOutcome]:
        """Ask the queue to stop the job; it says that it will, not that it has."""
        places = _places(ref)
        if places is None:
            return CancelOutcome(ended=False, reason="The ref does not say where the job is.")
        answer = yield _call("PUT", places.cancel, channel)
        body = answer.object() if isinstance(answer, Reply) else None
        match text_in((body or {}).get("status")).upper():
            case "CANCELLATION_REQUESTED":
                return CancelOutcome(
                    ended=False, reason="The upstream was asked to stop and has not said yet."
                )
            case "ALREADY_COMPLETED":
                return CancelOutcome(ended=False, reason="The job is over already.")
            case _:
                trouble = trouble_of(answer, secret=channel.secret)
                reason = trouble.message if trouble else "The upstream did not confirm that the job stopped."
                return CancelOutcome(ended=False, reason=reason)

    def verify(self, callback: Callback, secret: str, now_ms: int) -> str | None:
        """Give the request id a genuine, fresh callback speaks of; `secret` is the upstream's public key set."""
        parts = [callback.headers.get(f"x-fal-webhook-{name}", "") for name in ("request-id", "user-id")]
        stamp = callback.headers.get("x-fal-webhook-timestamp", "")
        try:
            signature = bytes.fromhex(callback.headers.get("x-fal-webhook-signature", ""))
        except ValueError:
            return None
        if not is_fresh(stamp, now_ms) or not parts[0]:
            return None
        digest = hashlib.sha256(callback.body).hexdigest()
        signed = "\n".join((*parts, stamp.strip(), digest)).encode()
        return parts[0] if any(_signs(key, signature, signed) for key in _keys(secret)) else None

    def heard(self, reply: Reply, channel: Channel) -> Observation:
        """Read a callback's body; a hint only, for the queue is always asked."""
        body = reply.object() or {}
        if _told_word(body) == "ok":
            outputs = _clips(as_object(body.get("payload")) or {})
            return conclude(Look(word="OK", phase=Phase.COMPLETED, outputs=outputs))
        if _told_word(body) == "error" and "request_id" in body:
            payload = as_object(body.get("payload")) or {}
            # The payload says what was wrong; the error beside it often only that something was.
            told = _rejected(payload, 422, channel) if payload.get("detail") else _withheld(body, channel)
            return conclude(Look(word="ERROR", phase=Phase.FAILED, failure=told))
        return unlearned(reply, channel)


DIALECT: Final = FalQueue()


# Where a job is.


class _Places(msgspec.Struct, frozen=True):
    status: str
    response: str
    cancel: str


def _places(ref: str) -> _Places | None:
    words = ref.split(" ")
    if len(words) == 4:
        return _Places(*words[1:])
    if len(words) == 1 and "/requests/" in ref:
        response = "/" + _path_of(ref).strip("/")
        return _Places(f"{response}/status", response, f"{response}/cancel")
    return None


def _path_of(address: str) -> str:
    """Give path and query of an address; the rest of it decides nothing."""
    return re.sub(r"^[a-z][a-z0-9+.-]*://[^/?#\\]*", "", address.strip(), flags=re.IGNORECASE)


def _place(value: object, otherwise: str, channel: Channel) -> str:
    """Give the path an answer names, below the channel's own base; `otherwise` for anything odd."""
    path = _path_of(value) if isinstance(value, str) and len(value) <= 1_024 else ""
    base = _path_of(channel.base_url).rstrip("/")
    if base and path.startswith(f"{base}/"):
        path = path[len(base) :]
    odd = re.search(r"[\s\\#]|//|(?:^|/)\.{1,2}(?:/|$)|%2e|%2f", path, re.IGNORECASE)
    return path if path.startswith("/") and odd is None else otherwise


def _accepted(body: Mapping[str, Any], submission: Submission, channel: Channel) -> Accepted | None:
    name = id_in(body.get("request_id"))
    if name is None or re.search(r"[\s/?#\\]", name) or error_in(body) is not None:
        return None
    app = "/".join(submission.upstream_model.strip("/").split("/")[:2])
    usual = f"/{app}/requests/{name}"
    response = _place(body.get("response_url"), usual, channel)
    status = _place(body.get("status_url"), f"{response}/status", channel)
    cancel = _place(body.get("cancel_url"), f"{response}/cancel", channel)
    phase = looked(body.get("status")) or Phase.QUEUED
    alive = phase in {Phase.QUEUED, Phase.IN_PROGRESS}
    return Accepted(
        ref=f"{name} {status} {response} {cancel}",
        upstream_id=name,
        observation=conclude(Look(word=body.get("status"), phase=phase)) if alive else None,
    )


def _call(method: Any, path: str, channel: Channel, seen: Observation | None = None) -> Call:
    return Call(method=method, path=path, headers=_key(channel), timeout_s=30.0, seen=seen)


def _key(channel: Channel) -> dict[str, str]:
    return {"Authorization": f"Key {channel.secret}"} if channel.secret else {}


# The paid call.


def _paid_call(submission: Submission, channel: Channel) -> Call | Failure:
    request = submission.request
    model = submission.upstream_model.strip("/")
    if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)*", model) is None or ".." in model:
        return refusal("model", "The upstream model is no path of an app, `owner/app`.")
    if request.verb is Verb.REMIX:
        return refusal("model", "This channel does not offer remix.")
    names = {**NAMES, **_own_names(model), **_texts(channel.settings.get("fields"))}
    fields = _fields(request, names, _duration(request.seconds, model, channel))
    headers = {k: v for k, v in _texts(channel.settings.get("headers")).items() if _is_queue_header(k)}
    call = json_call(f"/{model}", headers | _key(channel), with_extra(fields, request))
    hook = callback_url(channel)
    return msgspec.structs.replace(call, query=[("fal_webhook", hook)]) if hook else call


def _own_names(model: str) -> dict[str, str]:
    both = {Role.FIRST_FRAME.value: "first_frame_url", Role.LAST_FRAME.value: "last_frame_url"}
    return both if _FRAME_MODEL.search(model) else {}


def _is_queue_header(name: str) -> bool:
    return name.lower().startswith("x-fal-") or name.lower() == "x-app-fal-disable-fallback"


def _duration(seconds: int, model: str, channel: Channel) -> int | str:
    usual = next((style for prefix, style in _DURATIONS if model.startswith(prefix)), "number")
    match channel.settings.get("duration", usual):
        case "text":
            return str(seconds)
        case "seconds":
            return f"{seconds}s"
        case _:
            return seconds


def _fields(request: Request, names: Mapping[str, str], duration: int | str) -> dict[str, Any]:
    given: dict[str, Any] = {
        "seed": request.seed,
        "negative_prompt": request.negative_prompt,
        "audio": request.audio,
    }
    if request.verb is not Verb.EDIT:
        given |= {
            "duration": duration,
            "aspect_ratio": ratio_of(request.size),
            "resolution": f"{lines_of(request.size)}p",
        }
    for role in Role:
        files = [data_url(i) for i in request.inputs_of(role)]
        if files:
            given[role.value] = files if role is Role.REFERENCE else files[0]
    named = {names[key]: value for key, value in given.items() if value is not None and names.get(key)}
    return {"prompt": request.prompt, **named}


def _texts(value: object) -> dict[str, str]:
    items = cast("dict[object, object]", value).items() if isinstance(value, dict) else ()
    return {k: v for k, v in items if isinstance(k, str) and isinstance(v, str)}


# Reading.


def _told_word(body: Mapping[str, Any]) -> str:
    """Give the status word of a callback in lower case."""
    return text_in(body.get("status")).strip().lower()


def _withheld(body: Mapping[str, Any], channel: Channel) -> Failure | None:
    """Read the error beside a status; a job may be COMPLETED and have failed."""
    said = error_in({"error": body.get("error")})
    kind = text_in(body.get("error_type"))
    if said is None and not kind:
        return None
    heard = Said(code=kind or (said.code if said else ""), message=said.message if said else "")
    return own_failure(heard, TYPES, channel.secret) or job_failure(heard, secret=channel.secret)


def _rejected(body: Mapping[str, Any], status: int, channel: Channel) -> Failure:
    """Read why the model itself refused or broke."""
    said = error_in(body, status) or Said()
    by_kind = own_failure(msgspec.structs.replace(said, code=said.kind or said.code), TYPES, channel.secret)
    if by_kind is not None:
        return by_kind
    usual = "internal" if status >= 500 else "invalid_request"
    known = job_failure(said, secret=channel.secret)
    if known.code is not Code.UPSTREAM_FAILED:
        return known
    return job_failure(msgspec.structs.replace(said, kind=usual), secret=channel.secret)


def _says_nothing(reply: Reply, body: Mapping[str, Any]) -> bool:
    """Tell an answer about the key, the queue or the address from one that the model gave."""
    if reply.status < 300:
        return False
    told = "detail" in body or "error" in body
    return (
        not told or reply.status < 400 or reply.status in {401, 403, 404, 408, 409, 425, 429, 502, 503, 504}
    )


def _clips(body: Mapping[str, Any]) -> tuple[Output, ...]:
    for name in _CLIPS:
        value = body.get(name)
        inner = as_object(value)
        found = outputs_in(value) or (outputs_in(inner.get("video")) if inner else ())
        if found:
            return found[:1]
    return ()


# Signatures.


def _keys(text: str) -> list[bytes]:
    """Read the public keys out of a key set, or out of one key in base64."""
    try:
        decoded: object = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        decoded = {"keys": [{"x": text}]}
    found = (as_object(decoded) or {}).get("keys")
    items = cast("list[object]", found)[:32] if isinstance(found, list) else []
    keys = [_bytes((as_object(item) or {}).get("x")) for item in items]
    return [key for key in keys if len(key) == 32]


def _bytes(value: object) -> bytes:
    text = text_in(value).strip()
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return b""


def _signs(key: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        return False
    return True
