"""Veo as a long-running operation: withheld clips, keys, the two platforms, and what goes over the wire."""

from __future__ import annotations

import base64
import hmac
import json
import math
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Callback, Embedded, NoReply, Phase, Refused, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Size, Verb
from reelgate.dialects.veo_lro import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import NOW_MS, play, reply
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import HERE, SECRET, holds, picture, refused, submission
from tests.dialects.samples import channel as any_channel

VECTORS = json.loads((HERE.parent / "contracts" / "vectors.json").read_text("utf-8"))
OURS = [v for v in VECTORS if v["dialect"] == "veo_lro"]
REF = "models/veo-3.1-generate-preview/operations/abc123"
VERTEX_REF = "projects/p/locations/us-central1/publishers/google/models/veo-3.1-generate-001/operations/77"
URI = "https://upstream.example/v1beta/files/f1:download?alt=media"


def channel(**settings: Any):
    return any_channel("veo_lro", "https://upstream.example/v1beta", **settings)


def operation(**changes: Any) -> dict[str, Any]:
    return {"name": REF} | changes


def done(**response: Any) -> dict[str, Any]:
    return operation(done=True, response={"generateVideoResponse": response})


def with_clip(uri: str = URI) -> dict[str, Any]:
    return done(generatedSamples=[{"video": {"uri": uri}}])


def poll(*answers: Any, ref: str = REF, **settings: Any) -> Any:
    return play(DIALECT.poll(ref, channel(**settings)), *answers).result


def create(*pictures: Any, **fields: Any):
    return submission(Verb.CREATE, *pictures, model="veo-3.1-generate-preview", **fields)


CASE = Case(
    dialect=DIALECT,
    channel=channel(),
    submission=create(),
    ref=REF,
    accepted=(reply(operation()),),
    refused=(reply({"error": {"code": 400, "message": "Bad ratio.", "status": "INVALID_ARGUMENT"}}, 400),),
    running=(reply(operation()),),
    completed=(reply(with_clip()),),
    failed=(reply(operation(done=True, error={"code": 13, "message": "internal"})),),
    empty_completed=(reply(operation(done=True)),),
    error_in_200=(reply({"error": {"code": 500, "message": "moved", "status": "INTERNAL"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", OURS, ids=lambda v: v["id"])
def test_a_golden_reply_reads_as_its_vector_says(vector):
    holds(vector, DIALECT)


def test_nothing_lists_finds_or_stops_an_operation():
    assert capabilities(DIALECT) == {"verify"}


# Polls.


def test_an_operation_is_asked_about_by_its_whole_name():
    assert play(DIALECT.poll(REF, channel()), reply(operation())).call.path == f"/{REF}"


def test_a_finished_clip_is_fetched_with_the_key_and_never_by_its_bare_address():
    (output,) = poll(reply(with_clip())).outputs

    assert output.url is None
    assert output.call.path == URI
    assert output.call.headers == {"x-goog-api-key": SECRET}


@pytest.mark.parametrize(
    "response",
    [
        {"generateVideoResponse": {}},
        {"generateVideoResponse": {"generatedSamples": []}},
        {
            "generateVideoResponse": {
                "raiMediaFilteredCount": 1,
                "raiMediaFilteredReasons": ["Blocked for audio."],
            }
        },
        {"raiMediaFilteredCount": 1},
    ],
)
def test_done_without_a_single_sample_was_withheld(response):
    seen = poll(reply(operation(done=True, response=response)))

    assert seen.phase is Phase.FAILED
    assert seen.error.code is Code.CONTENT_FILTERED
    assert not seen.error.retryable
    assert seen.error.message in {
        "Blocked for audio.",
        "The upstream generated a clip and withheld it for its content.",
    }


@pytest.mark.parametrize("flag", [None, False, "true", 1, "yes"])
def test_only_true_is_done(flag):
    assert poll(reply(with_clip() | {"done": flag})).phase is Phase.IN_PROGRESS


@pytest.mark.parametrize(
    ("number", "message", "code"),
    [
        (3, "The prompt contains sensitive words.", Code.CONTENT_POLICY),
        (3, "Bad duration.", Code.INVALID_REQUEST),
        (8, "Resource has run out.", Code.OVERLOADED),
        (13, "", Code.UPSTREAM_INTERNAL),
        (14, "Try later.", Code.OVERLOADED),
        (16, "Who are you?", Code.UNAUTHORIZED),
        (99, "Odd.", Code.UPSTREAM_FAILED),
    ],
)
def test_an_operation_that_failed_says_why_by_its_words_then_by_its_number(number, message, code):
    seen = poll(reply(operation(done=True, error={"code": number, "message": message})))

    assert seen.phase is Phase.FAILED
    assert seen.error.code is code


@pytest.mark.parametrize(
    ("details", "code", "wait"),
    [
        ([{"retryDelay": "37.5s"}], Code.RATE_LIMITED, 37.5),
        ([], Code.RATE_LIMITED, None),
        ([{"violations": [{"quotaId": "RequestsPerDayPerProject"}]}], Code.QUOTA_EXHAUSTED, None),
    ],
)
def test_a_quota_of_a_minute_is_a_wait_and_one_of_a_day_is_used_up(details, code, wait):
    message = "You exceeded your current quota, please check your plan and billing details."
    error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}
    outcome: Any = play(DIALECT.submit(create(), channel()), reply({"error": error}, 429)).result
    trouble = poll(reply({"error": error}, 429)).trouble

    assert isinstance(outcome, Refused)
    for failure in (outcome.failure, trouble):
        assert (failure.code, failure.retry_after_s) == (code, wait)


def test_an_operation_nobody_knows_is_lost():
    assert poll(reply({"error": {"code": 404, "message": "gone", "status": "NOT_FOUND"}}, 404)).lost


# The paid call.


def test_a_prompt_goes_with_ratio_class_and_length_under_the_key_header():
    call = play(DIALECT.submit(create(negative_prompt="rain"), channel()), reply(operation())).call

    assert call.path == "/models/veo-3.1-generate-preview:predictLongRunning"
    assert call.headers == {"x-goog-api-key": SECRET}
    assert call.json == {
        "instances": [{"prompt": "a paper boat"}],
        "parameters": {
            "sampleCount": 1,
            "aspectRatio": "9:16",
            "durationSeconds": 8,
            "resolution": "720p",
            "negativePrompt": "rain",
        },
    }


def test_pictures_go_as_bare_base64_by_what_they_are_for():
    given = create(picture(), picture(Role.LAST_FRAME), picture(Role.REFERENCE, "image/jpeg"))
    (instance,) = play(DIALECT.submit(given, channel()), reply(operation())).call.json["instances"]

    assert instance["image"]["bytesBase64Encoded"] == Embedded("a" * 64, "image/png", data_url=False)
    assert instance["lastFrame"]["mimeType"] == "image/png"
    assert [r["image"]["mimeType"] for r in instance["referenceImages"]] == ["image/jpeg"]


@pytest.mark.parametrize("fields", [{"seed": 7}, {"audio": False}])
def test_what_only_vertex_has_is_refused_on_the_gemini_api(fields):
    assert refused(DIALECT.submit(create(**fields), channel())).param == next(iter(fields))
    call = play(DIALECT.submit(create(**fields), channel(platform="vertex")), reply(operation())).call
    assert {"seed", "generateAudio"} & set(call.json["parameters"])


def extension(parent_ref: str | None = REF, *pictures: Any, seconds: int = 7):
    given = submission(Verb.EXTEND, *pictures, parent_ref=parent_ref, model="veo-3.1-generate-preview")
    return replace(given, request=replace(given.request, seconds=seconds))


def test_an_extension_asks_where_its_source_is_before_anything_is_paid_for():
    played = play(DIALECT.submit(extension(), channel()), reply(with_clip()), reply(operation()))

    assert [call.method for call in played.calls] == ["GET", "POST"]
    assert played.calls[1].json["instances"][0]["video"] == {"uri": URI}
    assert "durationSeconds" not in played.calls[1].json["parameters"]
    assert isinstance(played.result, Accepted)


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (NoReply(sent=True, reason="t"), True),
        (reply(operation()), False),
        (reply({"error": {"code": 404, "message": "gone"}}, 404), False),
    ],
)
def test_an_extension_whose_source_cannot_be_had_is_refused_and_paid_for_by_nobody(answer, retryable):
    played = play(DIALECT.submit(extension(), channel()), answer)

    assert isinstance(played.result, Refused)
    assert played.result.failure.retryable is retryable
    assert [call.method for call in played.calls] == ["GET"]


def test_vertex_extends_an_attached_clip_only():
    clip = picture(Role.SOURCE_VIDEO, "video/mp4")
    vertex = channel(platform="vertex")
    call = play(DIALECT.submit(extension(None, clip), vertex), reply(operation())).call

    assert call.json["instances"][0]["video"]["mimeType"] == "video/mp4"
    assert refused(DIALECT.submit(extension(), vertex)).param == "video"
    assert refused(DIALECT.submit(extension(None), channel())).param == "video"


def test_lengths_that_belong_to_the_other_verb_are_refused():
    seven = create()
    seven = replace(seven, request=replace(seven.request, seconds=7))

    assert refused(DIALECT.submit(seven, channel())).param == "seconds"
    assert refused(DIALECT.submit(extension(seconds=8), channel())).param == "seconds"
    assert refused(DIALECT.submit(submission(Verb.EDIT, parent_ref=REF), channel())).param == "model"


@pytest.mark.parametrize("body", [{"name": ""}, {"name": 7}, {"name": "models/veo"}, {"done": True}])
def test_an_answer_without_an_operation_is_unclear(body):
    assert isinstance(play(DIALECT.submit(create(), channel()), reply(body)).result, Unclear)


# Vertex.


def test_vertex_is_asked_by_a_post_that_names_the_operation():
    call = play(DIALECT.poll(VERTEX_REF, channel(platform="vertex")), reply(operation())).call

    assert (call.method, call.path) == ("POST", "/models/veo-3.1-generate-001:fetchPredictOperation")
    assert call.json == {"operationName": VERTEX_REF}
    assert call.headers == {"Authorization": f"Bearer {SECRET}"}


def test_vertex_takes_an_api_key_where_the_channel_says_so():
    call = play(DIALECT.poll(VERTEX_REF, channel(platform="vertex", auth="api-key")), reply(operation())).call

    assert call.headers == {"x-goog-api-key": SECRET}


def test_a_clip_inside_the_answer_is_the_output():
    inline = {"videos": [{"bytesBase64Encoded": base64.b64encode(b"clip").decode(), "mimeType": "video/mp4"}]}
    (output,) = poll(reply(operation(done=True, response=inline)), ref=VERTEX_REF, platform="vertex").outputs

    assert (output.data, output.media_type) == (b"clip", "video/mp4")
    assert "clip" not in repr(output)


@pytest.mark.parametrize(
    "video",
    [{"gcsUri": "gs://bucket/clip.mp4"}, {"bytesBase64Encoded": "%%"}, {"bytesBase64Encoded": ""}, {}],
)
def test_a_sample_that_cannot_be_fetched_is_no_output_and_no_failure(video):
    seen = poll(reply(operation(done=True, response={"videos": [video]})), platform="vertex")

    assert (seen.phase, seen.outputs, seen.error) == (Phase.COMPLETED, (), None)


KEY = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
).decode()
ACCOUNT = json.dumps({"client_email": "svc@p.example", "private_key": PEM, "private_key_id": "kid-1"})


def unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_service_account_signs_a_token_of_an_hour_for_every_call():
    vertex = replace(channel(platform="vertex"), secret=ACCOUNT)
    played = play(DIALECT.poll(VERTEX_REF, vertex), reply(operation()), now_ms=NOW_MS)
    head, claims, signature = played.call.headers["Authorization"].removeprefix("Bearer ").split(".")

    KEY.public_key().verify(unpadded(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), SHA256())
    assert json.loads(unpadded(head)) == {"alg": "RS256", "typ": "JWT", "kid": "kid-1"}
    told = json.loads(unpadded(claims))
    assert (told["iss"], told["aud"]) == ("svc@p.example", "https://aiplatform.googleapis.com/")
    assert (told["iat"], told["exp"]) == (NOW_MS // 1_000, NOW_MS // 1_000 + 3_600)


@pytest.mark.parametrize("secret", ["{", "{}", '{"private_key": "x", "client_email": "a"}'])
def test_a_broken_service_account_is_the_operators_and_no_call_is_made(secret):
    vertex = replace(channel(platform="vertex"), secret=secret)
    played = play(DIALECT.poll(VERTEX_REF, vertex))

    assert played.calls == ()
    assert played.result.trouble is not None
    assert played.result.trouble.code is Code.UNAUTHORIZED
    assert refused(DIALECT.submit(create(), vertex)).code is Code.UNAUTHORIZED


# Callbacks.


def signed(body: bytes, secret: bytes = b"k" * 32, stamp: int = NOW_MS // 1_000) -> Callback:
    text = f"msg_1.{stamp}.".encode() + body
    mark = base64.b64encode(hmac.digest(secret, text, "sha256")).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(stamp), "webhook-signature": f"v1,{mark}"}
    return Callback(headers=headers, body=body)


def test_a_genuine_callback_names_its_operation_and_no_other_does():
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()
    body = json.dumps({"type": "video.generated", "data": {"name": REF}}).encode()

    assert DIALECT.verify(signed(body), secret, NOW_MS) == REF
    assert DIALECT.verify(signed(body, b"x" * 32), secret, NOW_MS) is None
    assert DIALECT.verify(signed(body), secret, NOW_MS + 301_000) is None
    assert DIALECT.verify(signed(b"<html>"), secret, NOW_MS) is None
    assert DIALECT.verify(signed(b"{}"), secret, NOW_MS) is None


# Profiles.


def test_previews_have_the_day_they_ended_and_sizes_are_whole():
    profiles = parse_profiles((HERE.parents[1] / "src/reelgate/dialects/veo_lro.toml").read_text("utf-8"))

    assert {m.name: m.sunset for m in profiles.model if "preview" in m.name} == {
        "veo-3.1-generate-preview": "2026-10-22",
        "veo-3.1-fast-generate-preview": "2026-10-22",
    }
    odd = replace(create().request, size=Size(1_000, 700))
    for profile in profiles.model:
        assert str(profile.default_size) in profile.sizes
        assert [f.param for f in objections(odd, profile)] == ["size"]


# Bent answers.


@given(
    body=damaged(operation(metadata={"state": "RUNNING", "progress": 7})),
    status=st.sampled_from([200, 404, 500]),
)
def test_a_damaged_answer_never_ends_a_living_job(body, status):
    lives_on(DIALECT, channel(), REF, body, status)


@given(
    body=ANYTHING
    | damaged(with_clip())
    | damaged(operation(done=True, error={"code": 3, "message": "m"}))
    | st.fixed_dictionaries({"name": ANYTHING, "done": ANYTHING, "response": ANYTHING}),
    status=st.integers(100, 599),
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, channel(), create(), body, status)
    never_raises(DIALECT, channel(), extension(), body, status)


@given(raw=st.binary(max_size=300))
def test_no_bytes_end_a_job(raw):
    seen = poll(reply(raw))

    assert seen.phase is None
    assert not math.isinf(seen.retry_after_s or 0)
