"""LiteLLM: ids that change, statuses of its providers, and refusals wrapped as 500."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given

from reelgate.core.dialect import Accepted, File, Phase, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import litellm
from reelgate.dialects.litellm import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import job, picture, recorded, submission, texts

CHANNEL = samples.channel("litellm")
REF = "video_b3BlbmFpO3NvcmEtMjt2XzE/+A=="
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply(job(id=REF, status="queued", progress=None)),),
    refused=(
        reply({"error": {"message": "Bad size.", "type": "None", "param": "None", "code": "400"}}, 400),
    ),
    running=(reply(job(status="processing", progress=None)),),
    completed=(reply(job(status="completed")),),
    failed=(reply(job(status="failed", error={"code": "x", "message": "It broke."})),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved", "code": "500"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("litellm"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    samples.holds(vector, DIALECT)


def sent(given_: Any) -> Any:
    return play(DIALECT.submit(given_, CHANNEL), reply(job(status="queued"))).call


def wrapped(words: str) -> dict[str, Any]:
    return {"error": {"message": words, "type": None, "param": None, "code": "500"}}


def test_the_first_id_stays_the_ref_whatever_later_answers_call_the_job():
    outcome = play(DIALECT.submit(submission(), CHANNEL), reply(job(id=REF, status="queued"))).result
    assert isinstance(outcome, Accepted)
    assert outcome.ref == REF

    polled: Any = play(DIALECT.poll(REF, CHANNEL), reply(job(id="video_other", status="completed")))

    path = "/videos/video_b3BlbmFpO3NvcmEtMjt2XzE%2F%2BA%3D%3D"
    assert polled.call.path == path
    assert polled.result.outputs[0].call.path == f"{path}/content"


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("processing", Phase.IN_PROGRESS),
        ("cancelled", Phase.CANCELLED),
        ("canceled", Phase.CANCELLED),
        ("queued", Phase.QUEUED),
    ],
)
def test_the_statuses_of_its_providers_are_understood(word, phase):
    assert play(DIALECT.poll(REF, CHANNEL), reply(job(status=word))).result.phase is phase


def test_a_refusal_wrapped_as_a_500_leaves_a_submission_unclear():
    body = wrapped("litellm.BadRequestError: OpenAIException - Invalid size")

    assert isinstance(play(DIALECT.submit(submission(), CHANNEL), reply(body, 500)).result, Unclear)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("litellm.AuthenticationError: Incorrect API key provided: sk-****", Code.UNAUTHORIZED),
        ("litellm.RateLimitError: OpenAIException - slow down", Code.RATE_LIMITED),
        ("litellm.NotFoundError: video not found", Code.SERVER_ERROR),
    ],
)
def test_a_wrapped_error_on_a_poll_says_what_the_trouble_is_and_ends_nothing(words, code):
    seen: Any = play(DIALECT.poll(REF, CHANNEL), reply(wrapped(words), 500)).result

    assert (seen.phase, seen.trouble.code, seen.lost) == (None, code, False)


def test_structures_never_go_under_bracket_names():
    assert sent(submission(Verb.EDIT, parent_ref=REF)).json["video"] == {"id": REF}
    call = sent(submission(Verb.CREATE, picture(), extra={"metadata": {"team": "a"}}))
    assert texts(call)["metadata"] == '{"team":"a"}'
    assert call.form[-1] == File("input_reference", "a" * 64, "first_frame.png", "image/png")


@pytest.mark.parametrize(
    "given_",
    [
        submission(Verb.EDIT, picture(Role.SOURCE_VIDEO, "video/mp4")),
        submission(Verb.REMIX),
        submission(Verb.CREATE, picture(Role.LAST_FRAME)),
    ],
    ids=["uploaded clip", "remix of a stranger", "last frame"],
)
def test_what_the_proxy_does_not_pass_on_is_refused_before_anything_is_sent(given_):
    assert samples.refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


def test_nothing_can_be_looked_for_or_stopped():
    assert capabilities(DIALECT) == {"discover"}


def test_the_profile_lets_the_proxy_decide():
    profiles = parse_profiles(pathlib.Path(litellm.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("openai/sora-2")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture()).request, profile) == []


@given(body=damaged(job(usage={"duration_seconds": 8.0}, status="processing")))
def test_a_damaged_answer_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=ANYTHING | damaged(job(status="completed")))
def test_no_answer_makes_a_flow_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
