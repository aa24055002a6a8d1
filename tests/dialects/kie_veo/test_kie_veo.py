"""Kie: a code in the body that overrules HTTP, two kinds of job, and addresses in every spelling."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import Accepted, Phase, Refused, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.task import Verb
from reelgate.dialects.kie_veo import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import channel, holds, picture, refused, submission

CHANNEL = channel("kie_veo", "https://upstream.example/api/v1")
URL = "https://cdn.example.com/u4.mp4"


def told(code: Any = 200, message: str = "success", **data: Any) -> dict[str, Any]:
    return {"code": code, "msg": message, "data": {"taskId": "t1", **data} if data else None}


RUNNING = told(state="generating", resultJson="")
DONE = told(state="success", resultJson=json.dumps({"resultUrls": [URL]}))
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref="jobs/t1",
    accepted=(reply({"code": 200, "msg": "success", "data": {"taskId": "t1"}}),),
    refused=(reply(told(402, "Credits insufficient")),),
    running=(reply(RUNNING),),
    completed=(reply(DONE),),
    failed=(reply(told(state="fail", failCode="500", failMsg="It broke.")),),
    empty_completed=(reply(told(state="success", resultJson="")),),
    unknown_word=(reply(told(state="pondering")),),
    error_in_200=(reply(told(500, "Server Error")),),
    running_at=lambda raw: (reply(told(state="generating", progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("kie_veo"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    holds(vector, DIALECT)


@given(body=damaged(RUNNING))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "jobs/t1", body)


@given(
    body=damaged(DONE) | damaged(told(successFlag=1, response={"resultUrls": [URL]})) | damaged(told(422)),
    status=st.sampled_from([200, 422, 500]),
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(), body, status)
    DIALECT.heard(reply(body, status), CHANNEL)


def submitted(body: Any, model: str = "m-1") -> Any:
    return play(DIALECT.submit(submission(model=model), CHANNEL), reply(body)).result


def poll(body: Any, ref: str = "jobs/t1") -> Any:
    return play(DIALECT.poll(ref, CHANNEL), reply(body))


# The body's own code.


@pytest.mark.parametrize(
    ("code", "message", "ours"),
    [
        (400, "bad", Code.INVALID_REQUEST),
        (400, "Your prompt was flagged as violating content policies.", Code.CONTENT_POLICY),
        (401, "no", Code.UNAUTHORIZED),
        (402, "no", Code.QUOTA_EXHAUSTED),
        ("422", "bad", Code.INVALID_REQUEST),
        (429, "slow", Code.RATE_LIMITED),
        (451, "cannot fetch the picture", Code.INVALID_REQUEST),
        (455, "maintenance", Code.OVERLOADED),
    ],
)
def test_a_code_in_the_body_refuses_whatever_http_says(code, message, ours):
    outcome = submitted(told(code, message))

    assert isinstance(outcome, Refused)
    assert outcome.failure.code is ours


@pytest.mark.parametrize("code", [500, 501, 999, "x"])
def test_a_code_that_proves_nothing_leaves_a_submit_unclear(code):
    assert isinstance(submitted(told(code, "odd")), Unclear)


def test_a_task_beside_an_error_code_is_unclear_for_the_job_may_exist():
    assert isinstance(submitted(told(422, "bad", state="waiting")), Unclear)


@pytest.mark.parametrize(
    ("code", "ours", "lost"),
    [
        (404, Code.UPSTREAM_LOST, True),
        (401, Code.UNAUTHORIZED, False),
        (429, Code.RATE_LIMITED, False),
        (500, Code.OVERLOADED, False),
    ],
)
def test_an_error_code_to_a_poll_is_trouble(code, ours, lost):
    seen = poll(told(code, "no")).result

    assert (seen.phase, seen.trouble.code, seen.lost) == (None, ours, lost)


# Words.


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("wait", Phase.QUEUED),
        ("waiting", Phase.QUEUED),
        ("queueing", Phase.QUEUED),
        ("queuing", Phase.QUEUED),
        ("generating", Phase.IN_PROGRESS),
    ],
)
def test_its_words_are_known(word, phase):
    assert poll(told(state=word)).result.phase is phase


@pytest.mark.parametrize(
    ("flag", "phase"),
    [(0, Phase.IN_PROGRESS), ("0", Phase.IN_PROGRESS), (2, Phase.FAILED), (3, Phase.FAILED), (7, None)],
)
def test_its_flags_are_known(flag, phase):
    seen = poll(told(successFlag=flag, errorMessage="It broke."), "veo/t1").result

    assert seen.phase is phase


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"failCode": "500", "failMsg": "Internal Error"}, Code.UPSTREAM_INTERNAL),
        ({"failCode": "422", "failMsg": "bad value"}, Code.INVALID_REQUEST),
        ({"failCode": "501", "failMsg": "Flagged by moderation"}, Code.CONTENT_POLICY),
        ({"failCode": None, "failMsg": ""}, Code.UPSTREAM_FAILED),
    ],
)
def test_a_failure_gives_its_reason(fields, code):
    seen = poll(told(state="fail", **fields)).result

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


def test_the_state_of_a_job_outranks_the_code_around_it():
    assert poll(told(501, "failed", state="generating")).result.phase is Phase.IN_PROGRESS
    assert poll(told(400, "sensitive", successFlag=2), "veo/t1").result.error.code is Code.CONTENT_POLICY


@pytest.mark.parametrize(
    "data",
    [
        {"state": "success", "resultJson": json.dumps({"resultUrls": [URL]})},
        {"state": "success", "resultJson": {"resultUrls": URL}},
        {"successFlag": 1, "response": {"resultUrls": [URL]}},
        {"successFlag": 1, "response": {"resultUrls": f"[{URL}]"}},
        {"successFlag": 1, "response": {"resultUrls": json.dumps([URL])}},
        {"successFlag": 1, "response": {"resultUrls": f"[{URL}, https://cdn.example.com/second.mp4]"}},
    ],
)
def test_an_address_is_found_in_every_spelling(data):
    assert [o.url for o in poll(told(**data)).result.outputs] == [URL]


@pytest.mark.parametrize(
    "packed", ["", "{", "[]", "null", '{"resultUrls": []}', '{"resultUrls": "[]"}', "[" * 90_000]
)
def test_a_result_without_an_address_is_no_output(packed):
    assert poll(told(state="success", resultJson=packed)).result.outputs == ()


# Callbacks.


def test_a_callback_with_an_error_code_is_about_a_failed_job():
    seen: Any = DIALECT.heard(reply(told(400, "content policy violation", info=None)), CHANNEL)

    assert (seen.phase, seen.error.code) == (Phase.FAILED, Code.CONTENT_POLICY)
    assert DIALECT.heard(reply(told(400, "no")), CHANNEL).phase is None
    assert DIALECT.heard(reply(DONE), CHANNEL).outputs[0].url == URL


# What is sent.


@pytest.mark.parametrize(
    ("model", "path", "ref", "asked"),
    [
        ("veo3_fast", "/veo/generate", "veo/t1", "/veo/record-info"),
        ("vendor/model", "/jobs/createTask", "jobs/t1", "/jobs/recordInfo"),
    ],
)
def test_the_model_decides_the_kind_and_the_ref_keeps_it(model, path, ref, asked):
    played = play(DIALECT.submit(submission(model=model, seed=9), CHANNEL), CASE.accepted[0])

    assert played.call.path == path
    assert played.result == Accepted(ref=ref, upstream_id="t1")
    question = poll(RUNNING, ref).call
    assert (question.path, question.query) == (asked, [("taskId", "t1")])


@pytest.mark.parametrize(("ref", "asked"), [("veo_task_1", "/veo/record-info"), ("t1", "/jobs/recordInfo")])
def test_a_ref_given_by_hand_may_be_an_id_alone(ref, asked):
    call = poll(RUNNING, ref).call

    assert (call.path, call.query) == (asked, [("taskId", ref)])


def test_bodies_are_written_as_each_kind_wants_them():
    veo = play(DIALECT.submit(submission(model="veo3", seed=9), CHANNEL), CASE.accepted[0]).call
    settings = channel("kie_veo", fields={"duration": "n_seconds", "resolution": ""})
    job = play(
        DIALECT.submit(submission(extra={"image_urls": ["https://p.example/a"]}), settings), CASE.accepted[0]
    ).call

    assert veo.json == {"model": "veo3", "prompt": "a paper boat", "aspectRatio": "9:16", "seeds": 9}
    assert job.json == {
        "model": "m-1",
        "input": {
            "prompt": "a paper boat",
            "n_seconds": "8",
            "aspect_ratio": "9:16",
            "image_urls": ["https://p.example/a"],
        },
    }


def test_stored_files_and_other_verbs_are_refused():
    assert refused(DIALECT.submit(submission(Verb.CREATE, picture()), CHANNEL)).param == "input_reference"
    assert refused(DIALECT.submit(submission(Verb.EXTEND), CHANNEL)).param == "model"
    assert capabilities(DIALECT) == {"quota"}
