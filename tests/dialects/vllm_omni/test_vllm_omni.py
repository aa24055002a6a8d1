"""vLLM-Omni: forms only, failed jobs as HTTP errors, a store that forgets, and when deleting stops a job."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import Accepted, File, Found, NotFound, Phase, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import vllm_omni
from reelgate.dialects.vllm_omni import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import job, picture, recorded, submission, texts

CHANNEL = samples.channel("vllm_omni")
REF = "job-0001"
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply(job(status="queued", progress=0)),),
    refused=(reply({"error": {"message": "Bad size.", "param": "size", "code": 400}}, 400),),
    running=(reply(job()),),
    completed=(reply(job(status="completed", progress=100)),),
    failed=(reply(job(status="failed", error={"code": 500, "message": "It broke."}), 500),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved", "type": "server_error"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("vllm_omni"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    samples.holds(vector, DIALECT)


def sent(given_: Any) -> Any:
    return play(DIALECT.submit(given_, CHANNEL), reply(job(status="queued"))).call


def test_a_prompt_alone_goes_as_a_form_too():
    call = sent(submission(seed=7, negative_prompt="rain", audio=True))

    assert call.json is None
    assert texts(call) == {
        "prompt": "a paper boat",
        "model": "m-1",
        "seconds": "8",
        "size": "720x1280",
        "seed": "7",
        "negative_prompt": "rain",
        "generate_sound": "true",
    }


def test_structures_go_as_json_text_for_there_are_no_bracket_names():
    call = sent(submission(extra={"lora": {"name": "ink", "scale": 0.5}, "fps": 16, "prompt": "other"}))

    assert texts(call)["lora"] == '{"name":"ink","scale":0.5}'
    assert texts(call)["fps"] == "16"
    assert texts(call)["prompt"] == "a paper boat"


def test_a_picture_is_the_one_file():
    call = sent(submission(Verb.CREATE, picture()))

    assert call.form[-1] == File("input_reference", "a" * 64, "first_frame.png", "image/png")


@pytest.mark.parametrize(
    "given_",
    [
        submission(Verb.REMIX, parent_ref="job-0001"),
        submission(Verb.EDIT, parent_ref="job-0001"),
        submission(Verb.CREATE, picture(Role.LAST_FRAME)),
        submission(Verb.CREATE, picture(), picture(Role.REFERENCE)),
    ],
    ids=["remix", "edit", "last frame", "two pictures"],
)
def test_what_the_server_does_not_have_is_refused_before_anything_is_sent(given_):
    assert samples.refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


def test_a_job_that_failed_at_once_was_accepted_though_its_answer_is_an_error():
    failed = job(status="failed", error={"code": 500, "message": "It broke."})
    outcome = play(DIALECT.submit(submission(), CHANNEL), reply(failed, 500)).result

    assert isinstance(outcome, Accepted)
    assert outcome.observation is not None
    assert outcome.observation.phase is Phase.FAILED


def test_a_forgotten_job_is_lost_and_not_failed():
    seen = play(DIALECT.poll(REF, CHANNEL), reply({"error": {"message": "gone", "code": 404}}, 404)).result

    assert (seen.phase, seen.lost) == (None, True)


def test_deleting_is_no_cancel_unless_the_channel_says_that_this_server_stops():
    unknown = play(DIALECT.cancel(REF, CHANNEL))
    gone = reply({"id": REF, "deleted": True, "object": "video.deleted"})
    known = play(DIALECT.cancel(REF, samples.channel("vllm_omni", cancel="delete")), gone)

    assert unknown.effects == ()
    assert not unknown.result.ended
    assert known.result.ended
    assert known.call.method == "DELETE"


def test_a_cancel_that_hangs_has_not_ended_the_job():
    stuck = reply({"error": {"message": "still running", "code": 409}}, 409)

    assert not play(DIALECT.cancel(REF, samples.channel("vllm_omni", cancel="delete")), stuck).result.ended


def test_an_unclear_submission_is_found_by_what_it_asked_for():
    mine = job(prompt="a paper boat")
    found = play(DIALECT.find(submission(), CHANNEL, frozenset()), reply({"data": [mine], "has_more": False}))

    assert isinstance(found.result, Found)
    assert found.result.ref == REF


def test_an_empty_list_proves_nothing_for_a_restart_empties_it():
    outcome = play(DIALECT.find(submission(), CHANNEL, frozenset()), reply({"data": []})).result

    assert isinstance(outcome, NotFound)
    assert not outcome.certain


def test_the_capabilities_and_profiles_say_what_is_offered():
    assert capabilities(DIALECT) == {"poll_many", "find", "cancel", "discover"}
    profiles = parse_profiles(pathlib.Path(vllm_omni.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("any model at all")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture(), audio=True, seed=1).request, profile) == []
    assert objections(submission(Verb.REMIX).request, profile) != []


@given(
    body=damaged(job(file_name="x.mp4", metadata={"url": "https://c.example/1"})),
    status=st.sampled_from([200, 500]),
)
def test_a_damaged_answer_ends_no_living_job(body, status):
    lives_on(DIALECT, CHANNEL, REF, body, status)


@given(body=ANYTHING | damaged(job(status="completed")), status=st.integers(100, 599))
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(), body, status)
