"""Wan on DashScope: the header without which nothing is asynchronous, sizes by generation, records of a day."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import Accepted, Embedded, NoReply, Phase, Refused, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects.dashscope import DAY_MS, DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import NOW_MS, play, reply
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import HERE, SECRET, holds, picture, refused, submission
from tests.dialects.samples import channel as any_channel

VECTORS = json.loads((HERE.parent / "contracts" / "vectors.json").read_text("utf-8"))
OURS = [v for v in VECTORS if v["dialect"] == "dashscope"]
ID = "0385dc79-5ff8-4d82-bcb6-000000000001"
REF = f"{ID}@{NOW_MS}"
URL = "https://cdn.example/h.mp4?Expires=1"
PATH = "/services/aigc/video-generation/video-synthesis"


def channel(**settings: Any):
    return any_channel("dashscope", "https://upstream.example/api/v1", **settings)


def job(word: str | None = "RUNNING", **changes: Any) -> dict[str, Any]:
    return {
        "request_id": "r",
        "output": {"task_id": ID, "task_status": word, "submit_time": "2025-11-01 20:00:00.000"} | changes,
    }


def poll(*answers: Any, ref: str = REF, now_ms: int = NOW_MS) -> Any:
    return play(DIALECT.poll(ref, channel()), *answers, now_ms=now_ms).result


def sent(model: str, *pictures: Any, **fields: Any) -> Any:
    given = submission(Verb.CREATE, *pictures, model=model, **fields)
    return play(DIALECT.submit(given, channel()), reply(job("PENDING"))).call


def error(code: str, status: int = 400, message: str = "m") -> Any:
    return reply({"code": code, "message": message, "request_id": "r"}, status)


CASE = Case(
    dialect=DIALECT,
    channel=channel(),
    submission=submission(model="wan2.6-t2v"),
    ref=REF,
    accepted=(reply(job("PENDING")),),
    refused=(error("InvalidParameter"),),
    running=(reply(job()),),
    completed=(reply(job("SUCCEEDED", video_url=URL, end_time="2025-11-01 20:02:00.000")),),
    failed=(reply(job("FAILED", code="InternalError.Algo", message="m")),),
    empty_completed=(reply(job("SUCCEEDED")),),
    unknown_word=(reply(job("PONDERING")),),
    error_in_200=(error("InternalError", 200),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", OURS, ids=lambda v: v["id"])
def test_a_golden_reply_reads_as_its_vector_says(vector):
    holds(vector, DIALECT)


def test_it_lists_and_cancels_and_recognises_no_unclear_submission():
    assert capabilities(DIALECT) == {"poll_many", "cancel"}


# The paid call.


def test_the_call_is_asynchronous_by_its_header():
    call = sent("wan2.6-t2v")

    assert call.path == PATH
    assert call.headers == {"Authorization": f"Bearer {SECRET}", "X-DashScope-Async": "enable"}


def test_the_ref_holds_when_the_job_was_submitted_and_the_upstreams_own_id_is_kept():
    outcome = play(DIALECT.submit(submission(), channel()), reply(job("PENDING"))).result

    assert isinstance(outcome, Accepted)
    assert (outcome.ref, outcome.upstream_id) == (REF, ID)
    assert outcome.observation is not None
    assert outcome.observation.phase is Phase.QUEUED


@pytest.mark.parametrize(
    ("model", "pictures", "parameters"),
    [
        ("wan2.6-t2v", (), {"size": "720*1280"}),
        ("wan2.5-t2v-preview", (), {"size": "720*1280"}),
        ("wanx2.1-t2v-turbo", (), {"size": "720*1280"}),
        ("wan2.6-i2v", (picture(),), {"resolution": "720P"}),
        ("wan2.6-r2v", (picture(Role.REFERENCE),), {"size": "720*1280"}),
        ("wan2.7-t2v", (), {"resolution": "720P", "ratio": "9:16"}),
        ("wan2.7-i2v", (picture(),), {"resolution": "720P"}),
        ("wan3.0-t2v", (), {"resolution": "720P", "ratio": "9:16"}),
        ("wan2.10-t2v", (), {"resolution": "720P", "ratio": "9:16"}),
    ],
)
def test_the_size_is_written_as_the_generation_of_the_model_wants_it(model, pictures, parameters):
    assert sent(model, *pictures).json["parameters"] == {**parameters, "duration": 8}


FILE = Embedded("a" * 64, "image/png", data_url=True)


@pytest.mark.parametrize(
    ("model", "pictures", "fields"),
    [
        ("wan2.6-i2v", (picture(),), {"img_url": FILE}),
        (
            "wan2.2-kf2v-flash",
            (picture(), picture(Role.LAST_FRAME)),
            {"first_frame_url": FILE, "last_frame_url": FILE},
        ),
        ("wan2.6-r2v", (picture(Role.REFERENCE), picture(Role.REFERENCE)), {"reference_urls": [FILE, FILE]}),
        (
            "wan2.7-i2v",
            (picture(), picture(Role.LAST_FRAME)),
            {"media": [{"type": "first_frame", "url": FILE}, {"type": "last_frame", "url": FILE}]},
        ),
        ("wan2.7-r2v", (picture(Role.REFERENCE),), {"media": [{"type": "reference_image", "url": FILE}]}),
    ],
)
def test_pictures_have_fields_of_their_own_up_to_2_6_and_are_media_from_2_7_on(model, pictures, fields):
    assert sent(model, *pictures).json["input"] == {"prompt": "a paper boat", **fields}


def test_first_and_last_frame_models_have_a_path_of_their_own():
    assert sent("wan2.2-kf2v-flash", picture(), picture(Role.LAST_FRAME)).path == (
        "/services/aigc/image2video/video-synthesis"
    )


def test_switches_are_parameters_and_the_negative_prompt_is_input():
    body = sent(
        "wan2.6-t2v",
        seed=7,
        watermark=False,
        audio=True,
        negative_prompt="rain",
        extra={"prompt_extend": False, "shot_type": "multi", "duration": 60},
    ).json

    assert body["input"]["negative_prompt"] == "rain"
    assert body["parameters"] == {
        "size": "720*1280",
        "duration": 8,
        "seed": 7,
        "watermark": False,
        "audio": True,
        "prompt_extend": False,
        "shot_type": "multi",
    }


@pytest.mark.parametrize(
    "given",
    [
        submission(Verb.EDIT, parent_ref=REF),
        submission(Verb.CREATE, picture(Role.AUDIO, "audio/mpeg")),
        submission(Verb.CREATE, picture(), picture(Role.REFERENCE), model="wan2.6-i2v"),
    ],
)
def test_what_the_wire_cannot_say_is_refused_before_a_call(given):
    assert refused(DIALECT.submit(given, channel())).code is Code.INVALID_REQUEST


@pytest.mark.parametrize(
    ("code", "status", "expected", "retryable"),
    [
        ("Throttling.RateQuota", 429, Code.RATE_LIMITED, True),
        ("Throttling.AllocationQuota", 429, Code.RATE_LIMITED, True),
        ("Throttling", 400, Code.RATE_LIMITED, True),
        ("InvalidParameter", 400, Code.INVALID_REQUEST, False),
        ("InvalidApiKey", 401, Code.UNAUTHORIZED, False),
        ("Arrearage", 400, Code.ACCOUNT_SUSPENDED, False),
        ("AccessDenied.Unpurchased", 403, Code.PERMISSION_OR_CHANNEL, False),
        ("DataInspectionFailed", 400, Code.CONTENT_POLICY, False),
        ("IPInfringementSuspect", 400, Code.CONTENT_POLICY, False),
        ("ModelNotFound", 404, Code.NOT_FOUND, False),
    ],
)
def test_a_refusal_is_translated_by_the_vendors_own_code(code, status, expected, retryable):
    outcome = play(DIALECT.submit(submission(), channel()), error(code, status)).result

    assert isinstance(outcome, Refused)
    assert (outcome.failure.code, outcome.failure.retryable) == (expected, retryable)


@pytest.mark.parametrize(
    "answer", [error("InternalError", 500), error("ServiceUnavailable", 502), reply({"output": {}})]
)
def test_what_leaves_a_submit_open_is_unclear(answer):
    assert isinstance(play(DIALECT.submit(submission(), channel()), answer).result, Unclear)


# Polls.


@pytest.mark.parametrize(("code", "status"), [("InternalError", 500), ("Throttling", 429), ("Odd", 503)])
def test_a_question_the_upstream_broke_on_may_be_asked_again(code, status):
    seen = poll(error(code, status))

    assert seen.phase is None
    assert seen.trouble.retryable


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("PENDING", Phase.QUEUED),
        ("RUNNING", Phase.IN_PROGRESS),
        ("SUSPENDED", Phase.IN_PROGRESS),
        ("CANCELED", Phase.CANCELLED),
        ("FAILED", Phase.FAILED),
    ],
)
def test_every_status_word_is_known(word, phase):
    assert poll(reply(job(word))).phase is phase


@pytest.mark.parametrize(
    ("code", "expected", "retryable"),
    [
        ("InvalidParameter", Code.INVALID_REQUEST, False),
        ("DataInspectionFailed", Code.CONTENT_POLICY, False),
        ("IPInfringementSuspect", Code.CONTENT_POLICY, False),
        ("InternalError.Timeout", Code.UPSTREAM_INTERNAL, True),
        ("Throttling.RateQuota", Code.RATE_LIMITED, True),
    ],
)
def test_a_failed_job_says_why_inside_its_output(code, expected, retryable):
    seen = poll(reply(job("FAILED", code=code, message="m")))

    assert (seen.error.code, seen.error.retryable) == (expected, retryable)


def test_a_link_lives_for_a_day_from_an_end_told_in_beijing_time():
    (output,) = poll(reply(job("SUCCEEDED", video_url=URL, end_time="2025-11-01 20:26:40.000"))).outputs

    assert (output.url, output.expires_at_ms) == (URL, NOW_MS + DAY_MS)


@pytest.mark.parametrize("age_ms", [0, 60_000, DAY_MS - 1])
def test_unknown_keeps_a_young_job_as_it_was(age_ms):
    seen = poll(reply(job("UNKNOWN")), now_ms=NOW_MS + age_ms)

    assert (seen.phase, seen.error, seen.lost, seen.word) == (None, None, False, "UNKNOWN")


def test_unknown_after_a_day_says_that_the_record_is_gone():
    seen = poll(reply(job("UNKNOWN")), now_ms=NOW_MS + DAY_MS)

    assert (seen.phase, seen.error.code) == (Phase.FAILED, Code.TASK_NOT_FOUND_OR_EXPIRED)


def test_unknown_of_a_job_of_unknown_age_ends_nothing():
    seen = poll(reply(job("UNKNOWN")), ref=ID, now_ms=NOW_MS + 10 * DAY_MS)

    assert (seen.phase, seen.error) == (None, None)
    assert seen.trouble.code is Code.TASK_NOT_FOUND_OR_EXPIRED


@pytest.mark.parametrize("ref", [REF, ID])
def test_a_job_is_asked_about_by_the_upstreams_own_id(ref):
    assert play(DIALECT.poll(ref, channel()), reply(job())).call.path == f"/tasks/{ID}"


# Lists.


def listed(*items: Any, **more: Any) -> Any:
    return reply({"request_id": "r", "data": list(items), "page_no": 1, "total_page": 1} | more)


def item(task_id: str, status: str) -> dict[str, Any]:
    return {"task_id": task_id, "status": status, "model_name": "wan2.6-t2v", "start_time": 1}


def test_the_list_tells_what_still_runs_and_leaves_what_ended_to_single_polls():
    refs = ["a@1", "b@2", "c@3", "d@4"]
    played = play(
        DIALECT.poll_many(refs, channel()),
        listed(item("a", "PENDING"), item("b", "RUNNING"), item("c", "SUCCEEDED"), item("d", "UNKNOWN")),
    )

    assert {ref: seen.phase for ref, seen in played.result.items()} == {
        "a@1": Phase.QUEUED,
        "b@2": Phase.IN_PROGRESS,
    }


def test_pages_are_followed_to_the_last_one():
    played = play(
        DIALECT.poll_many(["a@1", "b@2"], channel()),
        listed(item("a", "RUNNING"), total_page=2),
        listed(item("b", "RUNNING"), page_no=2, total_page=2),
    )

    assert [dict(call.query)["page_no"] for call in played.calls] == ["1", "2"]
    assert set(played.result) == {"a@1", "b@2"}


@pytest.mark.parametrize(
    ("answer", "refs"),
    [
        (error("InvalidApiKey", 401), {"a@1"}),
        (error("Throttling", 429), {"a@1"}),
        (NoReply(sent=True, reason="t"), {"a@1"}),
        (error("NotFound", 404), set()),
        (reply(b"<html></html>"), set()),
    ],
)
def test_a_channel_in_trouble_is_in_trouble_for_every_job_and_a_missing_list_for_none(answer, refs):
    assert set(play(DIALECT.poll_many(["a@1"], channel()), answer).result) == refs


# Cancelling.


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (reply({"request_id": "r"}), True),
        (error("UnsupportedOperation", message="Only a pending task can be canceled."), False),
        (error("UnsupportedOperation", 200), False),
        (reply(b"<html></html>"), False),
        (NoReply(sent=True, reason="t"), False),
    ],
)
def test_only_a_pending_job_is_stopped_and_the_upstream_says_whether_it_was(answer, ended):
    played = play(DIALECT.cancel(REF, channel()), answer)

    assert (played.call.method, played.call.path) == ("POST", f"/tasks/{ID}/cancel")
    assert played.result.ended is ended
    assert ended or played.result.reason


def test_profiles_say_in_which_money_and_never_offer_inputs_by_address():
    profiles = parse_profiles((HERE.parents[1] / "src/reelgate/dialects/dashscope.toml").read_text("utf-8"))

    for profile in profiles.model:
        assert profile.currency == "CNY"
        assert not {Role.AUDIO, Role.SOURCE_VIDEO} & set(profile.inputs)
        assert str(profile.default_size) in profile.sizes


# Bent answers.


@given(body=damaged(job(code="", message="")), status=st.sampled_from([200, 404, 500]))
def test_a_damaged_answer_never_ends_a_living_job(body, status):
    lives_on(DIALECT, channel(), REF, body, status)


@given(
    body=ANYTHING
    | damaged(job("SUCCEEDED", video_url=URL, results={"video_url": URL}))
    | damaged(job("UNKNOWN"))
    | damaged({"data": [item("a", "RUNNING"), item("b", "FAILED")], "total_page": 3}),
    status=st.integers(100, 599),
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, channel(), submission(), body, status)
