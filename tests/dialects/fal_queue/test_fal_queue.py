"""fal's queue: addresses that drop the sub-path, a 202 that goes on, results that are errors, signed callbacks."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Callback, Embedded, NoReply, Phase, Refused, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.fal_queue import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import NOW_MS, SECRET, channel, holds, picture, refused, submission

CHANNEL = channel("fal_queue", "https://queue.example")
PLACE = "/o/a/requests/q1"
REF = f"q1 {PLACE}/status {PLACE} {PLACE}/cancel"
HOST = "https://queue.example"
TAKEN = {
    "request_id": "q1",
    "gateway_request_id": "q1",
    "status": "IN_QUEUE",
    "queue_position": 3,
    "status_url": f"{HOST}{PLACE}/status",
    "response_url": f"{HOST}{PLACE}",
    "cancel_url": f"{HOST}{PLACE}/cancel",
}
RUNNING = {"status": "IN_PROGRESS", "request_id": "q1", "logs": [], "status_url": "u", "response_url": "u"}
OVER = RUNNING | {"status": "COMPLETED"}
CLIP = {"video": {"url": "https://cdn.example.com/k.mp4", "content_type": "video/mp4"}, "seed": 1}

CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(model="o/a/sub"),
    ref=REF,
    accepted=(reply(TAKEN),),
    refused=(reply({"detail": [{"loc": ["body", "prompt"], "msg": "required", "type": "missing"}]}, 422),),
    running=(reply(RUNNING, 202),),
    completed=(reply(OVER), reply(CLIP)),
    failed=(reply(OVER | {"error": "runner went away", "error_type": "runner_disconnected"}),),
    empty_completed=(reply(OVER), reply({"seed": 1})),
    unknown_word=(reply(RUNNING | {"status": "PONDERING"}, 202),),
    error_in_200=(reply({"error": {"message": "moved"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("fal_queue"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    holds(vector, DIALECT)


@given(body=damaged(RUNNING), status=st.sampled_from([200, 202]))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body, status):
    lives_on(DIALECT, CHANNEL, REF, body, status)


@given(body=damaged(TAKEN) | damaged(OVER) | damaged(CLIP), status=st.sampled_from([200, 202, 422, 500]))
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(model="o/a"), body, status)
    DIALECT.read_result(reply(body, status), CHANNEL)
    DIALECT.heard(reply(body, status), CHANNEL)


def submitted(body: Any, model: str = "o/a/sub", base: str = HOST) -> Any:
    return play(DIALECT.submit(submission(model=model), channel("fal_queue", base)), reply(body)).result


def poll(*answers: Any, ref: str = REF) -> Any:
    return play(DIALECT.poll(ref, CHANNEL), *answers)


# Addresses.


def test_the_ref_keeps_the_addresses_the_answer_gave_for_they_drop_the_sub_path():
    outcome = submitted(TAKEN)

    assert isinstance(outcome, Accepted)
    assert (outcome.ref, outcome.upstream_id) == (REF, "q1")
    assert outcome.observation is not None
    assert outcome.observation.phase is Phase.QUEUED


def test_polls_go_where_the_answer_said():
    played = poll(reply(OVER), reply(CLIP))

    assert [call.path for call in played.calls] == [f"{PLACE}/status", PLACE]
    assert played.calls[1].seen.phase is Phase.COMPLETED
    assert all(call.headers == {"Authorization": f"Key {SECRET}"} for call in played.calls)


def test_an_answer_never_sends_the_key_to_another_host():
    evil = {
        name: f"https://evil.example/steal/{name}" for name in ("status_url", "response_url", "cancel_url")
    }
    outcome = submitted(TAKEN | evil)

    assert "evil" not in outcome.ref
    assert "://" not in outcome.ref
    for call in (
        *poll(reply(RUNNING, 202), ref=outcome.ref).calls,
        *play(DIALECT.cancel(outcome.ref, CHANNEL), reply({}, 404)).calls,
    ):
        assert call.path.startswith("/steal/"), "called on the channel's own address"


@pytest.mark.parametrize(
    "odd",
    [
        None,
        "",
        7,
        "u",
        "//evil.example/x",
        "/a/../../b",
        "/a b",
        "/a#b",
        "/%2e%2e/x",
        "\\\\evil",
        "x" * 5_000,
    ],
)
def test_an_odd_address_is_replaced_by_the_usual_one(odd):
    outcome = submitted(TAKEN | {"status_url": odd, "response_url": odd, "cancel_url": odd})

    assert outcome.ref == REF


def test_a_base_with_a_path_of_its_own_is_not_doubled():
    base = "https://proxy.example/fal"
    moved = {
        "response_url": f"{base}{PLACE}",
        "status_url": f"{base}{PLACE}/status",
        "cancel_url": f"{base}{PLACE}/cancel",
    }

    assert submitted(TAKEN | moved, base=base).ref == REF


@pytest.mark.parametrize("ref", [PLACE, PLACE.strip("/"), f"https://queue.fal.run{PLACE}"])
def test_a_ref_given_by_hand_may_be_the_address_of_the_response(ref):
    assert poll(reply(RUNNING, 202), ref=ref).call.path == f"{PLACE}/status"


def test_a_ref_that_says_no_place_learns_nothing_and_asks_nothing():
    played = play(DIALECT.poll("q1", CHANNEL))

    assert played.effects == ()
    assert (played.result.phase, played.result.lost) == (None, False)


def test_an_id_that_could_not_stand_in_a_ref_is_unclear():
    assert isinstance(submitted(TAKEN | {"request_id": "a b"}), Unclear)


# Words and results.


@pytest.mark.parametrize(("word", "phase"), [("IN_QUEUE", Phase.QUEUED), ("IN_PROGRESS", Phase.IN_PROGRESS)])
@pytest.mark.parametrize("status", [200, 202])
def test_a_202_goes_on_like_a_200(word, phase, status):
    assert poll(reply(RUNNING | {"status": word, "queue_position": 2}, status)).result.phase is phase


@pytest.mark.parametrize(
    ("kind", "code", "again"),
    [
        ("runner_disconnected", Code.RUNNER_DISCONNECTED, True),
        ("runner_server_error", Code.UPSTREAM_INTERNAL, True),
        ("request_timeout", Code.EXPIRED, False),
        ("content_policy_violation", Code.CONTENT_POLICY, False),
        ("something_new", Code.UPSTREAM_FAILED, False),
    ],
)
def test_completed_with_an_error_is_failed(kind, code, again):
    seen = poll(reply(OVER | {"error": "m", "error_type": kind})).result

    assert (seen.phase, seen.error.code, seen.error.retryable) == (Phase.FAILED, code, again)


@pytest.mark.parametrize(
    "body",
    [
        CLIP,
        {"videos": [{"url": "https://cdn.example.com/k.mp4"}]},
        {"video": "https://cdn.example.com/k.mp4"},
        {"output": {"video": {"url": "https://cdn.example.com/k.mp4"}}},
    ],
)
def test_a_clip_is_found_where_models_put_it(body):
    assert [o.url for o in poll(reply(OVER), reply(body)).result.outputs] == ["https://cdn.example.com/k.mp4"]


@pytest.mark.parametrize(
    ("detail", "code"),
    [
        ([{"loc": ["body", "duration"], "msg": "bad", "type": "value_error"}], Code.INVALID_REQUEST),
        ([{"loc": ["body"], "msg": "flagged", "type": "content_policy_violation"}], Code.CONTENT_POLICY),
        ("Something odd", Code.INVALID_REQUEST),
    ],
)
def test_a_result_that_is_a_refusal_fails_the_job(detail, code):
    seen = poll(reply(OVER), reply({"detail": detail}, 422)).result

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


def test_a_result_that_is_a_breakdown_is_asked_for_again_before_it_is_believed():
    seen = poll(reply(OVER), reply({"detail": "Internal Server Error"}, 500)).result

    assert (seen.phase, seen.outputs, seen.error.code) == (Phase.COMPLETED, (), Code.UPSTREAM_INTERNAL)


@pytest.mark.parametrize(
    "answer",
    [
        reply({"detail": "Unauthorized"}, 401),
        reply({"detail": "not found"}, 404),
        reply({"detail": "slow down"}, 429),
        reply({"detail": "later"}, 503),
        reply(b"<html>", 500),
        reply({}, 422),
        NoReply(sent=True, reason="timed out"),
    ],
)
def test_a_result_that_cannot_be_fetched_ends_nothing_and_loses_nothing(answer):
    seen = poll(reply(OVER), answer).result

    assert (seen.phase, seen.error, seen.lost) == (None, None, False)
    assert seen.trouble is not None


# Stopping.


@pytest.mark.parametrize(
    ("status", "word"),
    [(202, "CANCELLATION_REQUESTED"), (400, "ALREADY_COMPLETED"), (404, "NOT_FOUND"), (500, ""), (200, 7)],
)
def test_a_cancel_is_asked_for_with_put_and_never_claims_more_than_was_said(status, word):
    played = play(DIALECT.cancel(REF, CHANNEL), reply({"status": word}, status))

    assert (played.call.method, played.call.path) == ("PUT", f"{PLACE}/cancel")
    assert not played.result.ended
    assert played.result.reason


# What is sent.


def sent(model: str, *pictures: Any, verb: Verb = Verb.CREATE, settings: Any = None, **fields: Any) -> Any:
    flow = DIALECT.submit(
        submission(verb, *pictures, model=model, **fields), channel("fal_queue", HOST, **(settings or {}))
    )
    return play(flow, reply(TAKEN)).call


def test_the_model_is_the_path_and_its_input_the_body():
    call = sent("fal-ai/veo3.1/image-to-video", picture(), seed=7, audio=False, negative_prompt="rain")

    assert (call.method, call.path) == ("POST", "/fal-ai/veo3.1/image-to-video")
    assert call.json == {
        "prompt": "a paper boat",
        "image_url": Embedded("a" * 64, "image/png"),
        "duration": "8s",
        "aspect_ratio": "9:16",
        "resolution": "720p",
        "seed": 7,
        "negative_prompt": "rain",
        "generate_audio": False,
    }


def test_between_two_frames_the_fields_have_other_names():
    call = sent("fal-ai/veo3.1/first-last-frame-to-video", picture(), picture(Role.LAST_FRAME))

    assert {"first_frame_url", "last_frame_url"} <= set(call.json)


def test_a_channel_may_name_and_write_fields_as_its_model_wants():
    settings = {
        "fields": {"first_frame": "start", "resolution": "", "x": 3},
        "duration": "text",
        "headers": {"X-Fal-Queue-Priority": "low", "Authorization": "mine", "Host": "evil"},
    }
    call = sent("o/a", picture(), settings=settings)

    assert set(call.json) == {"prompt", "start", "duration", "aspect_ratio"}
    assert call.json["duration"] == "8"
    assert call.headers == {"X-Fal-Queue-Priority": "low", "Authorization": f"Key {SECRET}"}


def test_vendor_options_pass_and_never_overrule():
    assert sent("o/a", extra={"cfg": 2, "prompt": "other"}).json["cfg"] == 2
    assert sent("o/a", extra={"prompt": "other"}).json["prompt"] == "a paper boat"


@pytest.mark.parametrize("model", ["", "o/../x", "o/a?x=1", "https://evil.example/x", "o a"])
def test_a_model_that_is_no_path_is_refused(model):
    assert refused(DIALECT.submit(submission(model=model), CHANNEL)).param == "model"


def test_a_refusal_says_which_field():
    outcome = play(DIALECT.submit(CASE.submission, CHANNEL), *CASE.refused or ()).result

    assert isinstance(outcome, Refused)
    assert outcome.failure.param == "prompt"


# Callbacks.

KEY = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
PUBLIC = base64.urlsafe_b64encode(
    KEY.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
).rstrip(b"=")
KEYS = json.dumps({"keys": [{"x": "AAAA"}, {"kty": "OKP", "x": PUBLIC.decode()}, 7]})
BODY = b'{"request_id":"q1","status":"OK"}'


def signed(
    changed: dict[str, str] | None = None, *, body: bytes = BODY, stamp: int = NOW_MS // 1_000
) -> Callback:
    message = "\n".join(("q1", "u1", str(stamp), hashlib.sha256(body).hexdigest())).encode()
    named = {
        "x-fal-webhook-request-id": "q1",
        "x-fal-webhook-user-id": "u1",
        "x-fal-webhook-timestamp": str(stamp),
        "x-fal-webhook-signature": KEY.sign(message).hex(),
    }
    return Callback(headers=named | (changed or {}), body=body)


@pytest.mark.parametrize("keys", [KEYS, PUBLIC.decode()])
def test_a_genuine_callback_names_its_job(keys):
    assert DIALECT.verify(signed(), keys, NOW_MS) == "q1"


@pytest.mark.parametrize(
    "callback",
    [
        replace(signed(), body=BODY + b" "),
        signed({"x-fal-webhook-request-id": "q2"}),
        signed({"x-fal-webhook-user-id": "u2"}),
        signed({"x-fal-webhook-signature": "zz"}),
        signed({"x-fal-webhook-signature": "00" * 64}),
        signed({"x-fal-webhook-timestamp": "soon"}),
        signed(stamp=NOW_MS // 1_000 - 301),
        signed(stamp=NOW_MS // 1_000 + 301),
        Callback(headers={}, body=BODY),
    ],
)
def test_a_forged_or_stale_callback_names_nothing(callback):
    assert DIALECT.verify(callback, KEYS, NOW_MS) is None


@pytest.mark.parametrize("keys", ["", "{}", "[]", '{"keys": 3}', "not base64 !", '{"keys":[{"x":null}]}'])
def test_without_a_usable_key_nothing_is_genuine(keys):
    assert DIALECT.verify(signed(), keys, NOW_MS) is None


def test_a_callback_reads_like_a_poll_would():
    done = DIALECT.heard(reply({"request_id": "q1", "status": "OK", "payload": CLIP}), CHANNEL)
    broke = DIALECT.heard(
        reply({"request_id": "q1", "status": "ERROR", "error": "Invalid status code: 422", "payload": {}}),
        CHANNEL,
    )

    assert (done.phase, done.outputs[0].url) == (Phase.COMPLETED, CLIP["video"]["url"])
    assert broke.phase is Phase.FAILED
    assert DIALECT.heard(reply(b"<html>"), CHANNEL).phase is None


def test_a_callback_of_a_refusal_says_what_the_model_said():
    body = {
        "request_id": "q1",
        "status": "ERROR",
        "error": "Invalid status code: 422",
        "payload": {
            "detail": [{"loc": ["body", "prompt"], "msg": "flagged", "type": "content_policy_violation"}]
        },
    }
    seen: Any = DIALECT.heard(reply(body), CHANNEL)

    assert (seen.phase, seen.error.code) == (Phase.FAILED, Code.CONTENT_POLICY)


def test_what_is_offered_is_what_the_queue_has():
    assert capabilities(DIALECT) == {"cancel", "verify"}
