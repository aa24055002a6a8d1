"""Replicate: outputs of every shape, `canceled` and `aborted`, a cursor, an hour of life, Standard Webhooks."""

from __future__ import annotations

import base64
import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import (
    Callback,
    CatalogueModel,
    Embedded,
    File,
    Found,
    NoReply,
    NotFound,
    Phase,
    Refused,
    Unclear,
    capabilities,
)
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.replicate import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import NOW_MS, channel, holds, picture, refused, submission

CHANNEL = channel("replicate")
BORN = "2025-11-01T12:26:41.000Z"
URL = "https://cdn.example.com/l2.mp4"


def job(**changes: Any) -> dict[str, Any]:
    return {
        "id": "rp1",
        "model": "google/veo-3.1",
        "version": "v",
        "status": "processing",
        "input": {"prompt": "a paper boat"},
        "output": None,
        "error": None,
        "logs": "12%|#2 | 5/40",
        "created_at": BORN,
        "urls": {"get": "https://elsewhere.example/x", "cancel": "https://elsewhere.example/y"},
    } | changes


ASKED = submission(model="google/veo-3.1")
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=ASKED,
    ref="rp1",
    accepted=(reply(job(status="starting"), 201),),
    refused=(
        reply({"detail": "- input.prompt: required", "status": 422, "title": "Input validation failed"}, 422),
    ),
    running=(reply(job()),),
    completed=(reply(job(status="succeeded", output=URL)),),
    failed=(reply(job(status="failed", error="CUDA out of memory")),),
    empty_completed=(reply(job(status="succeeded")),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("replicate"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    holds(vector, DIALECT)


@given(body=damaged(job()))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "rp1", body)


@given(
    body=damaged(job(status="succeeded", output=[URL])) | damaged({"results": [job()], "next": "x?cursor=1"}),
    status=st.sampled_from([200, 201, 402, 429]),
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, ASKED, body, status)


def poll(body: Any, status: int = 200) -> Any:
    return play(DIALECT.poll("rp1", CHANNEL), reply(body, status)).result


@pytest.mark.parametrize("output", [URL, [URL], {"url": URL}, [{"url": URL}]])
def test_an_output_may_be_a_text_a_list_or_an_object(output):
    assert poll(job(status="succeeded", output=output)).outputs[0].url == URL


@pytest.mark.parametrize("output", [None, "", [], {}, 7, "data:video/mp4;base64,AAAA", "ftp://x.example/a"])
def test_an_output_that_is_no_address_is_none(output):
    seen = poll(job(status="succeeded", output=output))

    assert (seen.phase, seen.outputs) == (Phase.COMPLETED, ())


def test_what_a_running_model_has_put_out_so_far_is_not_the_clip():
    assert poll(job(output=[URL])).outputs == ()


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("starting", Phase.QUEUED),
        ("processing", Phase.IN_PROGRESS),
        ("canceled", Phase.CANCELLED),
        ("aborted", Phase.CANCELLED),
    ],
)
def test_its_words_are_known(word, phase):
    assert poll(job(status=word)).phase is phase


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("NSFW content detected", Code.CONTENT_POLICY),
        ("The input or output was flagged as sensitive. (E005)", Code.CONTENT_POLICY),
        ("We could not do it (E005)", Code.CONTENT_POLICY),
        ("CUDA out of memory", Code.UPSTREAM_FAILED),
        ("Internal server error", Code.UPSTREAM_INTERNAL),
    ],
)
def test_a_failure_is_read_from_its_words(text, code):
    seen = poll(job(status="failed", error=text))

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


def test_a_throttle_tells_in_words_how_long_to_wait():
    body = {"detail": "Request was throttled. Your rate limit resets in ~30s."}
    outcome = play(DIALECT.submit(ASKED, CHANNEL), reply(body, 429)).result

    assert isinstance(outcome, Refused)
    assert (outcome.failure.code, outcome.failure.retry_after_s) == (Code.RATE_LIMITED, 30)
    assert poll(body, 429).retry_after_s == 30


# What is sent.


def sent(model: str, *files: Any, verb: Verb = Verb.CREATE, answers: Any = (), **settings: Any) -> Any:
    flow = DIALECT.submit(submission(verb, *files, model=model, seed=3), channel("replicate", **settings))
    return play(flow, *answers, reply(job(), 201)).calls


def test_a_named_model_has_its_own_path_and_a_version_goes_in_the_body():
    version = "a" * 64

    assert sent("google/veo-3.1")[0].path == "/models/google/veo-3.1/predictions"
    assert "version" not in sent("google/veo-3.1")[0].json
    for model in (version, f"owner/name:{version}"):
        (call,) = sent(model)
        assert (call.path, call.json["version"]) == ("/predictions", version)


@pytest.mark.parametrize("model", ["", "a/../b", "a/b/c", "a b", "owner/name:x/y"])
def test_a_model_that_is_neither_is_refused(model):
    assert refused(DIALECT.submit(submission(model=model), CHANNEL)).param == "model"


def test_a_small_file_goes_along_as_a_data_url():
    (call,) = sent("google/veo-3.1", picture(), picture(Role.REFERENCE))

    assert call.json["input"] == {
        "prompt": "a paper boat",
        "image": Embedded("a" * 64, "image/png"),
        "reference_images": [Embedded("a" * 64, "image/png")],
        "duration": 8,
        "seed": 3,
        "aspect_ratio": "9:16",
        "resolution": "720p",
    }


LARGE = replace(picture(), bytes=1_000_000)
PLACE = reply({"id": "file1", "urls": {"get": "https://api.example/v1/files/file1"}}, 201)


def test_a_large_file_is_uploaded_before_the_paid_call():
    upload, paid = sent("google/veo-3.1", LARGE, answers=(PLACE,))

    assert (upload.method, upload.path) == ("POST", "/files")
    assert upload.form == [File("content", "a" * 64, "first_frame.png", "image/png")]
    assert paid.json["input"]["image"] == "https://api.example/v1/files/file1"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (NoReply(sent=True, reason="timed out"), Code.OVERLOADED),
        (NoReply(sent=False, reason="no", blocked=True), Code.BLOCKED_ADDRESS),
        (reply(b"<html>", 502), Code.OVERLOADED),
        (reply({"detail": "no"}, 401), Code.UNAUTHORIZED),
        (reply({}), Code.OVERLOADED),
        (reply({"detail": "gone"}, 404), Code.OVERLOADED),
    ],
)
def test_an_upload_that_fails_is_a_refusal_for_nothing_was_paid(answer, code):
    given_ = submission(Verb.CREATE, LARGE, model="google/veo-3.1")
    played = play(DIALECT.submit(given_, CHANNEL), answer)

    assert isinstance(played.result, Refused)
    assert played.result.failure.code is code
    assert played.call.path == "/files"


def test_a_channel_may_name_fields_and_size_as_its_model_wants():
    (pixels,) = sent("o/m", picture(), size="pixels", fields={"first_frame": "start_image", "seed": ""})
    (bare,) = sent("o/m", size="none")
    (seedance,) = sent("bytedance/seedance-1-pro", picture(Role.LAST_FRAME))

    assert pixels.json["input"]["size"] == "720*1280"
    assert "start_image" in pixels.json["input"]
    assert "seed" not in pixels.json["input"]
    assert set(bare.json["input"]) == {"prompt", "duration", "seed"}
    assert "last_frame_image" in seedance.json["input"]


# The list.


def page(*jobs: Any, after: str | None = None) -> Any:
    return reply({"previous": None, "next": after, "results": list(jobs)})


def test_one_list_answers_for_many_jobs_and_follows_the_cursor_alone():
    played = play(
        DIALECT.poll_many(["a", "b"], CHANNEL),
        page(job(id="a"), after="https://evil.example/v1/predictions?cursor=cD0%3D&x=1"),
        page(job(id="b", status="succeeded", output=URL)),
    )

    assert [call.path for call in played.calls] == ["/predictions", "/predictions"]
    assert played.calls[1].query == [("cursor", "cD0=")]
    assert played.result["b"].outputs[0].url == URL


def test_a_cursor_that_leads_nowhere_is_not_followed_for_ever():
    same = page(job(id="a"), after="?cursor=1")

    assert len(play(DIALECT.poll_many(["b"], CHANNEL), same, same).calls) == 2


def find(*pages: Any, taken: frozenset[str] = frozenset(), given_: Any = ASKED) -> Any:
    return play(DIALECT.find(given_, CHANNEL, taken), *pages).result


def test_an_unclear_submit_is_found_by_prompt_model_and_birth():
    seen: Any = find(page(job(id="rp9"), job(id="old", input={"prompt": "another"})))

    assert isinstance(seen, Found)
    assert seen.observation is not None
    assert (seen.ref, seen.observation.phase) == ("rp9", Phase.IN_PROGRESS)


@pytest.mark.parametrize(
    "jobs",
    [
        [job(id="x"), job(id="y")],
        [job(id="x", created_at=None)],
        [job(id="x", input={})],
        [job(id="x", model="o/other")],
    ],
)
def test_any_doubt_leaves_it_unclear(jobs):
    assert isinstance(find(page(*jobs)), Unclear)


@pytest.mark.parametrize(
    "jobs",
    [
        [],
        [job(id="x", created_at="2025-11-01T10:00:00Z")],
        [job(id="x", created_at="2025-11-01T13:00:00Z")],
        [job(id="x", input={"prompt": "another"})],
    ],
)
def test_not_finding_it_is_never_certain(jobs):
    outcome = find(page(*jobs))

    assert isinstance(outcome, NotFound)
    assert not outcome.certain


def test_a_job_of_another_attempt_is_not_ours_and_one_that_is_left_is():
    assert isinstance(find(page(job(id="x")), taken=frozenset({"x"})), NotFound)
    assert find(page(job(id="x"), job(id="y")), taken=frozenset({"x"})).ref == "y"


def test_a_list_that_cannot_be_read_leaves_it_unclear():
    assert isinstance(find(reply(b"<html>", 502)), Unclear)


# The rest.


def test_a_cancel_is_believed_when_the_answer_says_so():
    played = play(DIALECT.cancel("rp1", CHANNEL), reply(job(status="canceled")))

    assert (played.call.method, played.call.path) == ("POST", "/predictions/rp1/cancel")
    assert played.result.ended
    assert not play(DIALECT.cancel("rp1", CHANNEL), reply(job())).result.ended
    assert not play(DIALECT.cancel("rp1", CHANNEL), reply({"detail": "x"}, 404)).result.ended


def test_the_collections_of_video_models_are_the_catalogue():
    one = {"models": [{"owner": "google", "name": "veo-3.1"}, {"owner": 3}, "x"]}
    played = play(DIALECT.discover(CHANNEL), reply(one), reply({"detail": "no"}, 404))

    assert played.result == [CatalogueModel(name="google/veo-3.1", title="veo-3.1")]
    assert [call.path for call in played.calls] == [
        "/collections/text-to-video",
        "/collections/image-to-video",
    ]


KEY = b"0123456789abcdef01234567"
HOOK_SECRET = "whsec_" + base64.b64encode(KEY).decode()
BODY = b'{"id": "rp1", "status": "succeeded"}'


def signed(
    changed: dict[str, str] | None = None, *, body: bytes = BODY, stamp: int = NOW_MS // 1_000
) -> Callback:
    digest = base64.b64encode(hmac.digest(KEY, f"m1.{stamp}.".encode() + body, "sha256")).decode()
    named = {
        "webhook-id": "m1",
        "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,wrong v1,{digest}",
    }
    return Callback(headers=named | (changed or {}), body=body)


def test_a_genuine_callback_names_its_job_however_often_it_comes():
    assert [DIALECT.verify(signed(), HOOK_SECRET, NOW_MS) for _ in range(2)] == ["rp1", "rp1"]


@pytest.mark.parametrize(
    "callback",
    [
        replace(signed(), body=BODY.replace(b"rp1", b"rp2")),
        signed({"webhook-id": "m2"}),
        signed({"webhook-id": ""}),
        signed({"webhook-signature": "v1,"}),
        signed({"webhook-signature": "v1,é"}),
        signed({"webhook-timestamp": "x"}),
        signed(stamp=NOW_MS // 1_000 - 301),
        signed(stamp=NOW_MS // 1_000 + 301),
        signed(body=b"[]"),
        Callback(headers={}, body=BODY),
    ],
)
def test_a_forged_or_stale_callback_names_nothing(callback):
    assert DIALECT.verify(callback, HOOK_SECRET, NOW_MS) is None


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!", "whsec_" + base64.b64encode(b"other").decode()])
def test_without_the_right_secret_nothing_is_genuine(secret):
    assert DIALECT.verify(signed(), secret, NOW_MS) is None


def test_the_callback_signature_is_the_one_the_standard_library_makes():
    from datetime import UTC, datetime

    from standardwebhooks import Webhook

    stamp = NOW_MS // 1_000
    signature = Webhook(HOOK_SECRET).sign("m1", datetime.fromtimestamp(stamp, UTC), BODY.decode())

    assert DIALECT.verify(signed({"webhook-signature": signature}), HOOK_SECRET, NOW_MS) == "rp1"


def test_what_is_offered_is_what_the_upstream_has():
    assert capabilities(DIALECT) == {"poll_many", "find", "cancel", "discover", "verify"}
