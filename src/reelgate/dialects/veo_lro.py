"""Google Veo as a long-running operation, on the Gemini API and on Vertex AI.

The base address ends in `/v1beta` on the Gemini API, and in
`/v1/projects/{project}/locations/{location}/publishers/google` on Vertex. Channel settings:

    platform   "gemini" (default) or "vertex"
    auth       on Vertex "bearer" (default) or "api-key"; the Gemini API always takes its key in `x-goog-api-key`
    callback_url  where the Gemini API posts when a job ends, signed

On Vertex the secret may be a whole service-account JSON file: then every call carries a token of an
hour signed by its key, as AIP-4111 describes. A plain access token works too, and ends after an hour.

A finished clip is fetched with the key on the Gemini API, and is part of the answer on Vertex: no
bucket is asked for, for a bucket's files cannot be fetched with the channel's key. Facts from
python-genai @6680718 and the Vertex reference; nothing lists or stops these operations.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Generator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, cast

import msgspec
from msgspec import Meta

from reelgate.core import jwt
from reelgate.core.channel_settings import CalledBack
from reelgate.core.dialect import (
    Accepted,
    Answer,
    Call,
    Callback,
    Channel,
    Effect,
    Embedded,
    Moment,
    Now,
    Observation,
    Output,
    Phase,
    Recorded,
    Refused,
    Submission,
    SubmitOutcome,
)
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import good, id_in, ratio_of, text_in, unwanted_role
from reelgate.core.openai_call import (
    CONTENT_TIMEOUT_S,
    SUBMIT_TIMEOUT_S,
    callback_url,
    refusal,
    web_address,
    with_extra,
)
from reelgate.core.openai_shape import objects
from reelgate.core.rpc_status import job_error, poll_trouble, submit_verdict
from reelgate.core.signature import is_standard_webhook
from reelgate.core.size_class import class_of
from reelgate.core.task import Input, Request, Role, Verb
from reelgate.core.words import as_object, error_in, path_segment, sentence

APPENDED_S: Final = 7
"""What one extension appends; the wire has no other length."""
AUDIENCE: Final = "https://aiplatform.googleapis.com/"
TOKEN_S: Final = 3_600


class Settings(CalledBack, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a channel may be told."""

    platform: Annotated[Literal["gemini", "vertex"], Meta(description="Where the models run.")] = "gemini"
    auth: Annotated[
        Literal["bearer", "api-key"] | None, Meta(description="How the key is sent on Vertex.")
    ] = None


class VeoLRO:
    """Speaks `:predictLongRunning`."""

    name = "veo_lro"
    settings = Settings
    recorded = Recorded(base="/v1beta")

    def submit(self, submission: Submission, channel: Channel) -> Generator[Effect, Answer, SubmitOutcome]:
        """Send the paid call once and say what is certain about it."""
        headers = _headers(channel, submission.submitted_at_ms)
        if isinstance(headers, Failure):
            return Refused(failure=headers)
        body = _body(submission, on_vertex=_is_on_vertex(channel))
        if isinstance(body, Failure):
            return Refused(failure=body)
        hook = callback_url(channel)
        if hook is not None and not _is_on_vertex(channel):
            body["webhookConfig"] = {"uris": [hook]}
        if submission.request.verb is Verb.EXTEND and submission.parent_ref is not None:
            source = yield from _source(submission.parent_ref, headers, channel)
            if isinstance(source, Refused):
                return source
            body["instances"][0]["video"] = source
        answer = yield Call(
            method="POST",
            path=f"/models/{path_segment(submission.upstream_model)}:predictLongRunning",
            headers=headers,
            json=body,
            timeout_s=SUBMIT_TIMEOUT_S,
        )
        name = id_in((good(answer) or {}).get("name"))
        if name is not None and "operations/" in name:
            return Accepted(ref=name)
        return submit_verdict(answer, submission.submitted_at_ms, channel.secret)

    def poll(self, ref: str, channel: Channel) -> Generator[Effect, Answer, Observation]:
        """Ask how one job is doing."""
        now_ms = 0
        if _is_service_account(channel.secret):
            moment = yield Now()
            now_ms = moment.ms if isinstance(moment, Moment) else 0
        headers = _headers(channel, now_ms)
        if isinstance(headers, Failure):
            return Observation(phase=None, trouble=headers)
        return _observed((yield _question(ref, headers)), headers, channel)

    def verify(self, callback: Callback, secret: str, now_ms: int) -> str | None:
        """Give the operation a genuine Standard Webhooks callback speaks of; None for any other."""
        if not is_standard_webhook(callback, secret, now_ms):
            return None
        try:
            event = as_object(msgspec.json.decode(callback.body)) or {}
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        data = as_object(event.get("data")) or {}
        names = (id_in(data.get(key)) for key in ("name", "operation", "operation_name", "id"))
        return next((name for name in names if name is not None), None)


DIALECT: Final = VeoLRO()


def _is_on_vertex(channel: Channel) -> bool:
    return channel.settings.get("platform") == "vertex"


# Keys.


def _is_service_account(secret: str) -> bool:
    return secret.lstrip().startswith("{")


def _headers(channel: Channel, now_ms: int) -> dict[str, str] | Failure:
    if _is_service_account(channel.secret):
        token = _signed(channel.secret, now_ms // 1_000)
        if token is None:
            message = "The channel's key is not a usable service-account file."
            return Failure(code=Code.UNAUTHORIZED, message=message)
        return {"Authorization": f"Bearer {token}"}
    if not channel.secret:
        return {}
    if _is_on_vertex(channel) and channel.settings.get("auth") != "api-key":
        return {"Authorization": f"Bearer {channel.secret}"}
    return {"x-goog-api-key": channel.secret}


def _signed(secret: str, now_s: int) -> str | None:
    try:
        account = as_object(msgspec.json.decode(secret)) or {}
    except (msgspec.DecodeError, RecursionError):
        return None
    email = text_in(account.get("client_email"))
    claims = {"iss": email, "sub": email, "aud": AUDIENCE, "iat": now_s, "exp": now_s + TOKEN_S}
    return jwt.rs256(claims, text_in(account.get("private_key")), text_in(account.get("private_key_id")))


# The paid call.


def _body(submission: Submission, *, on_vertex: bool) -> dict[str, Any] | Failure:
    request = submission.request
    match request.verb:
        case Verb.CREATE:
            refused = _cannot_create(request)
        case Verb.EXTEND:
            refused = _cannot_extend(submission, on_vertex=on_vertex)
        case Verb.REMIX | Verb.EDIT:
            refused = refusal("model", f"This channel does not offer {request.verb.value}.")
    refused = refused or (None if on_vertex else _vertex_only(request))
    if refused is not None:
        return refused
    instance = {"prompt": request.prompt} | _media(request)
    return {"instances": [instance], "parameters": with_extra(_parameters(request), request)}


def _parameters(request: Request) -> dict[str, Any]:
    given: dict[str, Any] = {
        "sampleCount": 1,
        "aspectRatio": ratio_of(request.size),
        "durationSeconds": request.seconds if request.verb is Verb.CREATE else None,
        "resolution": class_of(request.size) if request.verb is Verb.CREATE else None,
        "negativePrompt": request.negative_prompt,
        "seed": request.seed,
        "generateAudio": request.audio,
    }
    return {name: value for name, value in given.items() if value is not None}


def _cannot_create(request: Request) -> Failure | None:
    if request.seconds == APPENDED_S:
        return refusal("seconds", f"Only an extension is {APPENDED_S} s long.")
    return unwanted_role(request, Role.FIRST_FRAME, Role.LAST_FRAME, Role.REFERENCE)


def _cannot_extend(submission: Submission, *, on_vertex: bool) -> Failure | None:
    request = submission.request
    if request.seconds != APPENDED_S:
        return refusal("seconds", f"An extension of this model is always {APPENDED_S} s long.")
    if on_vertex and not request.inputs_of(Role.SOURCE_VIDEO):
        return refusal("video", "On Vertex the clip to extend must be attached.")
    if not on_vertex and submission.parent_ref is None:
        return refusal("video", "The Gemini API extends only clips it made itself.")
    return unwanted_role(request, Role.SOURCE_VIDEO)


def _vertex_only(request: Request) -> Failure | None:
    if request.seed is not None:
        return refusal("seed", "The Gemini API takes no seed for this model; Vertex does.")
    if request.audio is not None:
        return refusal("audio", "The Gemini API has no audio switch for this model; Vertex has one.")
    return None


def _media(request: Request) -> dict[str, Any]:
    media: dict[str, Any] = {}
    for field, role in (
        ("image", Role.FIRST_FRAME),
        ("lastFrame", Role.LAST_FRAME),
        ("video", Role.SOURCE_VIDEO),
    ):
        for given in request.inputs_of(role)[:1]:
            media[field] = _embedded(given)
    references = request.inputs_of(Role.REFERENCE)
    if references:
        media["referenceImages"] = [{"image": _embedded(g), "referenceType": "asset"} for g in references]
    return media


def _embedded(given: Input) -> dict[str, Any]:
    return {
        "bytesBase64Encoded": Embedded(given.sha256, given.media_type, data_url=False),
        "mimeType": given.media_type,
    }


def _source(
    parent_ref: str, headers: Mapping[str, str], channel: Channel
) -> Generator[Effect, Answer, dict[str, Any] | Refused]:
    """Ask where the clip to extend is kept; nothing is paid for yet."""
    seen = _observed((yield _question(parent_ref, headers)), headers, channel)
    for output in seen.outputs:
        if output.call is not None:
            return {"uri": output.call.path}
    if seen.phase is None and seen.trouble is not None and not seen.lost:
        return Refused(failure=seen.trouble)
    return Refused(failure=refusal("video", "The upstream no longer has the clip to extend."))


# Polls.


def _question(ref: str, headers: Mapping[str, str]) -> Call:
    parts = ref.split("/")
    if parts[0] == "projects" and "models" in parts[:-1]:
        model = parts[parts.index("models") + 1]
        return Call(
            method="POST",
            path=f"/models/{path_segment(model)}:fetchPredictOperation",
            headers=headers,
            json={"operationName": ref},
            timeout_s=60.0,
        )
    path = "/".join(path_segment(part) for part in parts)
    return Call(method="GET", path=f"/{path}", headers=headers, timeout_s=60.0)


def _observed(answer: Answer, headers: Mapping[str, str], channel: Channel) -> Observation:
    operation = good(answer)
    if operation is None or not (text_in(operation.get("name")) or operation.get("done") is True):
        return poll_trouble(answer, channel.secret)
    if operation.get("done") is not True:
        return Observation(phase=Phase.IN_PROGRESS)
    said = error_in({"error": operation.get("error")})
    if said is not None:
        return Observation(phase=Phase.FAILED, error=job_error(said, channel.secret), word="error")
    response = as_object(operation.get("response"))
    if response is None:
        return Observation(phase=Phase.COMPLETED, word="done")
    return _finished(response, headers, channel)


def _finished(response: Mapping[str, Any], headers: Mapping[str, str], channel: Channel) -> Observation:
    """Read a finished operation; one without a single sample was withheld."""
    inner = as_object(response.get("generateVideoResponse")) or response
    samples = [
        sample
        for key in ("generatedSamples", "generatedVideos", "videos")
        for sample in objects(inner.get(key))
    ]
    if not samples:
        return Observation(phase=Phase.FAILED, error=_withheld(inner, channel.secret), word="done")
    found = (_output(as_object(sample.get("video")) or sample, headers) for sample in samples)
    outputs = tuple(output for output in found if output is not None)
    return Observation(phase=Phase.COMPLETED, progress=100 if outputs else None, outputs=outputs, word="done")


def _withheld(response: Mapping[str, Any], secret: str) -> Failure:
    reasons = response.get("raiMediaFilteredReasons")
    texts = cast("Sequence[object]", reasons) if isinstance(reasons, list) else ()
    first = next((text for text in texts if isinstance(text, str)), "")
    message = sentence(first, secret) or "The upstream generated a clip and withheld it for its content."
    return Failure(code=Code.CONTENT_FILTERED, message=message)


def _output(video: Mapping[str, Any], headers: Mapping[str, str]) -> Output | None:
    media_type = text_in(video.get("mimeType")) or "video/mp4"
    url = web_address(video.get("uri"))
    if url is not None:
        # Never as a plain address: without the key it is a 403.
        call = Call(method="GET", path=url, headers=headers, timeout_s=CONTENT_TIMEOUT_S)
        return Output(call=call, media_type=media_type)
    text = text_in(video.get("bytesBase64Encoded")) or text_in(video.get("encodedVideo"))
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
    return Output(data=data, media_type=media_type) if data else None
