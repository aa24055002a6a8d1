"""The paid call: what goes over the wire, and what an answer to it proves."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Embedded, File, NoReply, Phase, Refused, Text, Unclear
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import openai_videos
from reelgate.dialects.openai_videos import DIALECT
from reelgate.testing.play import play, reply
from tests.dialects.openai_videos.case import REF, SECRET, channel, job, picture, submission


def submit(given, *answers, **settings) -> Any:
    return play(DIALECT.submit(given, channel(**settings)), *(answers or (reply(job(status="queued")),)))


def texts(call: Any) -> dict[str, str]:
    return {part.name: part.value for part in call.form if isinstance(part, Text)}


def test_a_plain_prompt_goes_as_json_with_seconds_as_text_and_its_token():
    call = submit(submission()).call

    assert (call.method, call.path, call.form) == ("POST", "/videos", ())
    assert call.json == {"prompt": "a paper boat", "model": "m-1", "seconds": "8", "size": "720x1280"}
    assert call.headers == {"Authorization": f"Bearer {SECRET}", "Idempotency-Key": "token-1"}


def test_a_picture_makes_the_call_a_form_with_a_file():
    call = submit(submission(inputs=(picture(),))).call

    assert call.json is None
    assert texts(call) == {"prompt": "a paper boat", "model": "m-1", "seconds": "8", "size": "720x1280"}
    assert call.form[-1] == File("input_reference", "a" * 64, "first_frame.png", "image/png")


def test_a_json_channel_carries_the_picture_as_a_data_url():
    call = submit(submission(inputs=(picture(),)), encoding="json").call

    assert call.json["input_reference"] == {"image_url": Embedded("a" * 64, "image/png", data_url=True)}


def test_a_multipart_channel_sends_a_form_without_a_file_too():
    call = submit(
        submission(extra={"loop": True, "n": 2, "style": {"tags": ["a", "b"]}, "off": None}),
        encoding="multipart",
    ).call

    assert call.json is None
    assert [(p.name, p.value) for p in call.form][4:] == [
        ("loop", "true"),
        ("n", "2"),
        ("style[tags][]", "a"),
        ("style[tags][]", "b"),
    ]


def test_the_key_may_go_in_the_api_key_header_and_is_left_out_when_there_is_none():
    assert submit(submission(), auth="api-key").call.headers["api-key"] == SECRET
    keyless = play(DIALECT.submit(submission(), openai_channel_without_key()), reply(job()))
    assert set(keyless.call.headers) == {"Idempotency-Key"}


def openai_channel_without_key():
    return replace(channel(), secret="")


def test_vendor_options_pass_through_and_never_overrule_a_field_of_ours():
    given = submission(
        extra={"fps": 24, "prompt": "other", "model": "dearer"}, seed=7, negative_prompt="rain"
    )
    body = submit(given).call.json

    assert body["fps"] == 24
    assert (body["seed"], body["negative_prompt"]) == (7, "rain")
    assert (body["prompt"], body["model"]) == ("a paper boat", "m-1")


def test_a_remix_names_its_parent_on_this_channel_in_the_path():
    call = submit(submission(Verb.REMIX, parent_ref="sora-2:task_1/x")).call

    assert call.path == "/videos/sora-2%3Atask_1%2Fx/remix"
    assert call.json == {"prompt": "a paper boat"}


def test_a_remix_of_a_clip_from_elsewhere_is_refused_without_a_call():
    played = submit_without_answers(submission(Verb.REMIX))

    assert played.effects == ()
    assert isinstance(played.result, Refused)
    assert played.result.failure.code is Code.INVALID_REQUEST


def submit_without_answers(given, **settings) -> Any:
    return play(DIALECT.submit(given, channel(**settings)))


@pytest.mark.parametrize(
    ("verb", "path"), [(Verb.EDIT, "/videos/edits"), (Verb.EXTEND, "/videos/extensions")]
)
def test_an_edit_or_extension_names_its_source_by_id(verb, path):
    call = submit(submission(verb, parent_ref="v-9")).call

    assert call.path == path
    assert call.json["video"] == {"id": "v-9"}
    assert ("seconds" in call.json) is (verb is Verb.EXTEND)


def test_an_edit_of_an_uploaded_clip_sends_the_file_and_says_which_model():
    source = picture(Role.SOURCE_VIDEO, "video/mp4")
    call = submit(submission(Verb.EDIT, inputs=(source,))).call

    assert texts(call)["model"] == "m-1"
    assert call.form[-1] == File("video", "a" * 64, "source_video.mp4", "video/mp4")


@pytest.mark.parametrize(
    ("given", "settings"),
    [
        (submission(Verb.EDIT), {}),
        (submission(Verb.EDIT, inputs=(picture(Role.SOURCE_VIDEO, "video/mp4"),)), {"encoding": "json"}),
        (submission(inputs=(picture(), picture(Role.REFERENCE))), {}),
        (submission(inputs=(picture(Role.LAST_FRAME),)), {}),
    ],
    ids=["no source", "clip in json", "two pictures", "last frame"],
)
def test_what_the_shape_cannot_carry_is_refused_before_anything_is_sent(given, settings):
    played = submit_without_answers(given, **settings)

    assert played.effects == ()
    assert isinstance(played.result, Refused)
    assert played.result.failure.code is Code.INVALID_REQUEST


@pytest.mark.parametrize("body", [{"id": REF}, {"task_id": REF}, job(status="queued", progress=0)])
def test_an_id_is_an_acceptance(body):
    outcome = submit(submission(), reply(body)).result

    assert isinstance(outcome, Accepted)
    assert outcome.ref == REF


@pytest.mark.parametrize("ref", ["", " ", None, 7, ["x"], "x" * 513, "a\nb"])
def test_an_unusable_id_leaves_the_submit_unclear(ref):
    assert isinstance(submit(submission(), reply({"id": ref, "status": "queued"})).result, Unclear)


def test_a_job_that_failed_at_once_was_accepted_whatever_the_http_status():
    failed = job(status="failed", error={"code": "moderation_blocked", "message": "no"})
    outcome = submit(submission(), reply(failed, 500)).result

    assert isinstance(outcome, Accepted)
    assert outcome.observation is not None
    assert outcome.observation.phase is Phase.FAILED


def test_an_error_body_with_an_id_of_its_own_is_no_job():
    outcome = submit(submission(), reply({"id": "req_1", "error": {"message": "Bad size."}}, 400)).result

    assert isinstance(outcome, Refused)


def test_an_error_beside_an_id_in_a_200_accepts_nothing():
    outcome = submit(submission(), reply({"id": "x1", "error": {"message": "broke"}})).result

    assert isinstance(outcome, Unclear)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_gateway_error_on_submit_is_unclear_never_refused(status):
    assert isinstance(submit(submission(), reply(b"<html>gateway</html>", status)).result, Unclear)


def test_a_503_that_speaks_of_a_timeout_is_unclear():
    body = {"error": {"message": "upstream request timed out", "type": "server_error"}}

    assert isinstance(submit(submission(), reply(body, 503)).result, Unclear)


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (401, {"error": {"message": "bad", "code": "invalid_api_key"}}, Code.UNAUTHORIZED),
        (
            401,
            {"error": {"message": "invalid token", "message_zh": "无效令牌", "type": "new_api_error"}},
            Code.UNAUTHORIZED,
        ),
        (402, {"error": {"message": "pay"}}, Code.QUOTA_EXHAUSTED),
        (403, {"error": {"message": "no"}}, Code.PERMISSION_OR_CHANNEL),
        (404, {"error": {"message": "Invalid URL (POST /v1/video/storyboard)", "code": ""}}, Code.NOT_FOUND),
        (413, {"detail": "too big"}, Code.PAYLOAD_TOO_LARGE),
        (415, {"detail": "odd"}, Code.UNSUPPORTED_MEDIA),
        (422, {"detail": [{"loc": ["body", "size"], "msg": "bad"}]}, Code.INVALID_REQUEST),
        (400, {"error": {"message": "x", "code": "sentinel_block"}}, Code.CONTENT_POLICY),
        (400, {"error": {"message": "Your request violates our usage policies."}}, Code.CONTENT_POLICY),
        (400, {"error": {"message": "Unknown parameter: safety_identifier"}}, Code.INVALID_REQUEST),
        (429, {"error": {"message": "You exceeded your current quota"}}, Code.QUOTA_EXHAUSTED),
        (429, {"code": 1303, "message": "parallel task over resource pack limit"}, Code.CONCURRENCY_LIMITED),
        (429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}, Code.RATE_LIMITED),
        (503, {"error": {"message": "当前分组下无可用渠道"}}, Code.PERMISSION_OR_CHANNEL),
        (503, {"code": 50505, "message": "overloaded", "data": ""}, Code.OVERLOADED),
        (400, {"error": {"message": "The model `m-1` has been deprecated"}}, Code.MODEL_RETIRED),
    ],
)
def test_a_refusal_is_translated(status, body, code):
    outcome = submit(submission(), reply(body, status)).result

    assert isinstance(outcome, Refused)
    assert outcome.failure.code is code


def test_a_wait_given_in_words_is_read():
    body = {"detail": "Request was throttled. Your rate limit resets in ~30s."}
    outcome = submit(submission(), reply(body, 429)).result

    assert outcome.failure.retry_after_s == 30


def test_words_on_the_operators_account_are_for_the_operator_alone():
    body = {"error": {"message": "Balance of acme-corp is 0.03 USD", "code": "insufficient_quota"}}
    failure = submit(submission(), reply(body, 402)).result.failure

    assert "acme" not in failure.message
    assert "acme-corp" in failure.detail


def test_a_call_that_never_left_may_be_sent_again_and_a_blocked_one_not():
    refused = submit(submission(), NoReply(sent=False, reason="connection refused")).result
    blocked = submit(submission(), NoReply(sent=False, reason="10.0.0.1", blocked=True)).result

    assert refused.failure.retryable
    assert blocked.failure.code is Code.BLOCKED_ADDRESS
    assert not blocked.failure.retryable


def test_the_fallback_profile_lets_any_upstream_decide():
    text = pathlib.Path(openai_videos.__file__).with_suffix(".toml").read_text()
    profile = parse_profiles(text).find("whatever")

    assert profile is not None
    for verb in Verb:
        assert objections(submission(verb, extra={"fps": 24}, seed=1).request, profile) == []
    assert objections(submission(inputs=(picture(), picture())).request, profile) != []
