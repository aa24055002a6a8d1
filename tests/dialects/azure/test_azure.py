"""Azure: its header, its deployment names, and `user_error`."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given

from reelgate.core.dialect import File, Found, Refused, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Verb
from reelgate.dialects import azure
from reelgate.dialects.azure import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import SECRET, job, picture, recorded, submission

CHANNEL = samples.channel("azure", "https://resource.upstream.example/openai/v1")
REF = "job-0001"
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply(job(status="queued", progress=0)),),
    refused=(reply({"error": {"code": "invalid_value", "message": "Bad size.", "param": "size"}}, 400),),
    running=(reply(job()),),
    completed=(reply(job(status="completed", progress=100)),),
    failed=(reply(job(status="failed", error={"code": "user_error", "message": "It broke."})),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"code": "x", "message": "moved"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("azure"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    samples.holds(vector, DIALECT)


def sent(given_: Any, channel: Any = CHANNEL) -> Any:
    return play(DIALECT.submit(given_, channel), reply(job(status="queued"))).call


def test_the_key_goes_in_its_own_header_everywhere():
    done = reply(job(status="completed"))
    polled = play(DIALECT.poll(REF, CHANNEL), done)
    output: Any = polled.result.outputs[0].call

    for call in (sent(submission()), polled.call, output):
        assert call.headers["api-key"] == SECRET
        assert "Authorization" not in call.headers


def test_an_entra_token_goes_as_a_bearer():
    entra = samples.channel("azure", auth="bearer")

    assert sent(submission(), entra).headers == {"Authorization": f"Bearer {SECRET}"}


def test_the_deployment_is_the_model():
    assert sent(submission(model="my sora deployment")).json["model"] == "my sora deployment"


def test_a_picture_goes_as_a_file_and_a_remix_names_its_parent():
    assert sent(submission(Verb.CREATE, picture())).form[-1] == File(
        "input_reference", "a" * 64, "first_frame.png", "image/png"
    )
    assert sent(submission(Verb.REMIX, parent_ref="p-1")).path == "/videos/p-1/remix"


def test_a_throttle_says_how_long_in_its_own_header():
    answer = reply({"error": {"code": "429", "message": "slow down"}}, 429, {"retry-after-ms": "2500"})
    outcome = play(DIALECT.submit(submission(), CHANNEL), answer).result

    assert isinstance(outcome, Refused)
    assert outcome.failure.retry_after_s == 2.5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("The video must have the size of the picture.", Code.INVALID_REQUEST),
        ("This was blocked by our moderation system.", Code.CONTENT_POLICY),
    ],
)
def test_a_user_error_is_told_by_its_words_and_else_a_bad_request(words, code):
    failed = job(status="failed", error={"code": "user_error", "message": words})

    seen: Any = play(DIALECT.poll(REF, CHANNEL), reply(failed)).result

    assert seen.error.code is code


def test_an_unclear_submission_is_looked_for_and_nothing_is_stopped():
    found = play(
        DIALECT.find(submission(), CHANNEL, frozenset()), reply({"data": [job()], "has_more": False})
    )

    assert isinstance(found.result, Found)
    assert capabilities(DIALECT) == {"poll_many", "find"}


def test_the_profile_knows_what_sora_takes():
    profiles = parse_profiles(pathlib.Path(azure.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("my sora deployment")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture()).request, profile) == []
    assert [o.param for o in objections(submission(Verb.EXTEND).request, profile)] == ["model"]


@given(body=damaged(job()))
def test_a_damaged_answer_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=ANYTHING | damaged(job(status="completed")))
def test_no_answer_makes_a_flow_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
