"""SiliconFlow: a status asked with POST, words run together, errors by number."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import CatalogueModel, Embedded, Phase, Refused, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.siliconflow import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import channel, holds, picture, refused, submission

CHANNEL = channel("siliconflow")
RUNNING = {"status": "InProgress", "reason": "", "results": None}
URL = "https://cdn.example.com/u.mp4"
DONE = {"status": "Succeed", "reason": "", "results": {"videos": [{"url": URL}], "seed": 3, "timings": {}}}

CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref="r1",
    accepted=(reply({"requestId": "r1"}),),
    refused=(reply({"code": 20012, "message": "Model does not exist", "data": ""}, 400),),
    running=(reply(RUNNING),),
    completed=(reply(DONE),),
    failed=(reply(RUNNING | {"status": "Failed", "reason": "It broke."}),),
    empty_completed=(reply(RUNNING | {"status": "Succeed"}),),
    unknown_word=(reply(RUNNING | {"status": "Pondering"}),),
    error_in_200=(reply({"code": 50507, "message": "unknown error", "data": ""}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("siliconflow"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    holds(vector, DIALECT)


@given(body=damaged(RUNNING))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "r1", body)


@given(body=damaged(DONE) | damaged({"requestId": "r1"}), status=st.sampled_from([200, 400, 503]))
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(), body, status)


def poll(body: Any) -> Any:
    return play(DIALECT.poll("r1", CHANNEL), reply(body))


def test_the_status_is_asked_with_post():
    call = poll(DONE).call

    assert (call.method, call.path, call.json) == ("POST", "/video/status", {"requestId": "r1"})


@pytest.mark.parametrize(("word", "phase"), [("InQueue", Phase.QUEUED), ("InProgress", Phase.IN_PROGRESS)])
def test_its_words_are_known(word, phase):
    assert poll(RUNNING | {"status": word}).result.phase is phase


def test_a_success_gives_its_first_clip():
    assert [o.url for o in poll(DONE).result.outputs] == [URL]


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("The prompt is sensitive", Code.CONTENT_POLICY),
        ("Out of luck", Code.UPSTREAM_FAILED),
        ("", Code.UPSTREAM_FAILED),
    ],
)
def test_a_failure_gives_its_reason(reason, code):
    seen = poll(RUNNING | {"status": "Failed", "reason": reason}).result

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


@pytest.mark.parametrize(
    ("status", "number", "message", "code"),
    [
        (400, 20012, "Model does not exist", Code.INVALID_REQUEST),
        (400, 20015, "prompt contains sensitive words", Code.CONTENT_POLICY),
        (403, 30001, "Sorry, your account balance is insufficient", Code.QUOTA_EXHAUSTED),
        (429, 50603, "System is too busy", Code.RATE_LIMITED),
        (503, 50505, "Model service overloaded", Code.OVERLOADED),
    ],
)
def test_refusals_are_known_by_their_number(status, number, message, code):
    body = {"code": number, "message": message, "data": ""}
    outcome = play(DIALECT.submit(submission(), CHANNEL), reply(body, status)).result

    assert isinstance(outcome, Refused)
    assert outcome.failure.code is code


def test_a_number_never_turns_a_doubtful_answer_into_a_refusal():
    body = {"code": 50505, "message": "overloaded", "data": ""}

    assert isinstance(play(DIALECT.submit(submission(), CHANNEL), reply(body, 500)).result, Unclear)


def test_a_picture_goes_along_and_a_length_does_not():
    given_ = submission(
        Verb.CREATE, picture(), model="Wan-AI/Wan2.2-I2V-A14B", seed=7, negative_prompt="rain"
    )
    call = play(DIALECT.submit(given_, CHANNEL), reply({"requestId": "r1"})).call

    assert call.path == "/video/submit"
    assert call.json == {
        "model": "Wan-AI/Wan2.2-I2V-A14B",
        "prompt": "a paper boat",
        "image_size": "720x1280",
        "image": Embedded("a" * 64, "image/png"),
        "negative_prompt": "rain",
        "seed": 7,
    }


@pytest.mark.parametrize(
    "given_",
    [submission(Verb.EDIT), submission(Verb.CREATE, picture(Role.LAST_FRAME)), submission(Verb.EXTEND)],
)
def test_what_the_wire_cannot_carry_is_refused(given_):
    assert refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


def test_its_video_models_are_listed():
    played = play(DIALECT.discover(CHANNEL), reply({"data": [{"id": "Wan-AI/Wan2.2-T2V-A14B"}]}))

    assert played.call.query == [("type", "video")]
    assert played.result == [CatalogueModel(name="Wan-AI/Wan2.2-T2V-A14B")]
    assert capabilities(DIALECT) == {"discover"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, b'"Invalid token"', Refused),
        (401, b"Invalid token", Unclear),
        (400, b'"Invalid token"', Unclear),
    ],
)
def test_a_wrong_key_is_a_refusal_though_its_whole_body_is_one_json_text(status, body, kind):
    outcome = play(DIALECT.submit(submission(), CHANNEL), reply(body, status)).result

    assert isinstance(outcome, kind)
    assert not isinstance(outcome, Refused) or outcome.failure.code is Code.UNAUTHORIZED
