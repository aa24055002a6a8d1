"""new-api's generic route: two forms of an answer, percent as text, and an address where a reason would be."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given

from reelgate.core.dialect import Accepted, Embedded, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import newapi_generic
from reelgate.dialects.newapi_generic import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import picture, recorded, submission

CHANNEL = samples.channel("newapi_generic")
REF = "t-0001"
TASK = {"task_id": REF, "status": "IN_PROGRESS", "fail_reason": "", "progress": "54%", "data": None}


def wrapped(**changes: Any) -> dict[str, Any]:
    return {"code": "success", "message": "", "data": TASK | changes}


CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply({"task_id": REF, "status": "queued"}),),
    refused=(reply({"code": "invalid_request", "message": "prompt is required", "data": None}, 400),),
    running=(reply(wrapped()),),
    completed=(reply(wrapped(status="SUCCESS", fail_reason="https://cdn.example/w.mp4")),),
    failed=(reply(wrapped(status="FAILURE", progress="100%", fail_reason="It broke.")),),
    empty_completed=(reply(wrapped(status="SUCCESS", progress="100%")),),
    unknown_word=(reply(wrapped(status="PONDERING")),),
    error_in_200=(reply({"code": "get_task_failed", "message": "no", "data": None}),),
    running_at=lambda raw: (reply(wrapped(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("newapi_generic"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    samples.holds(vector, DIALECT)


def sent(given_: Any) -> Any:
    return play(DIALECT.submit(given_, CHANNEL), reply({"task_id": REF, "status": "queued"})).call


def poll(body: Any) -> Any:
    return play(DIALECT.poll(REF, CHANNEL), reply(body)).result


def test_the_length_is_a_number_and_the_size_two():
    call = sent(submission(seed=7, negative_prompt="rain", extra={"metadata": {"style": "ink"}, "n": 1}))

    assert (call.method, call.path) == ("POST", "/video/generations")
    assert call.json == {
        "model": "m-1",
        "prompt": "a paper boat",
        "duration": 8,
        "width": 720,
        "height": 1280,
        "size": "720x1280",
        "seed": 7,
        "n": 1,
        "metadata": {"style": "ink", "negative_prompt": "rain"},
    }


def test_each_picture_has_its_place():
    body = sent(
        submission(
            Verb.CREATE, picture(), picture(Role.LAST_FRAME), picture(Role.REFERENCE), picture(Role.REFERENCE)
        )
    ).json
    file = Embedded("a" * 64, "image/png")

    assert body["image"] == file
    assert body["metadata"] == {"image_tail": file}
    assert body["images"] == [file, file]


@pytest.mark.parametrize(
    "given_",
    [
        submission(Verb.REMIX, parent_ref=REF),
        submission(Verb.CREATE, picture(), picture()),
        submission(Verb.CREATE, picture(Role.AUDIO)),
        submission(Verb.CREATE, picture(Role.REFERENCE, character_id="char_1")),
    ],
    ids=["remix", "two first frames", "audio", "character"],
)
def test_what_the_route_does_not_have_is_refused_before_anything_is_sent(given_):
    assert samples.refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


def test_an_id_inside_an_envelope_is_an_acceptance():
    outcome = play(
        DIALECT.submit(submission(), CHANNEL), reply({"code": "success", "data": {"task_id": REF}})
    ).result

    assert isinstance(outcome, Accepted)
    assert outcome.ref == REF


def test_an_envelope_without_an_id_is_unclear():
    outcome = play(
        DIALECT.submit(submission(), CHANNEL), reply({"code": "success", "data": {"task_id": ""}})
    ).result

    assert isinstance(outcome, Unclear)


def test_a_reason_that_is_an_address_is_the_clip_of_a_finished_job_only():
    done = poll(wrapped(status="SUCCESS", fail_reason="https://cdn.example/w.mp4"))
    broken = poll(wrapped(status="FAILURE", fail_reason="https://cdn.example/w.mp4 could not be read"))

    assert done.outputs[0].url == "https://cdn.example/w.mp4"
    assert broken.outputs == ()
    assert "cdn.example" not in broken.error.message


@pytest.mark.parametrize(
    "vendor",
    [
        {"data": {"task_result": {"videos": [{"url": "https://cdn.example/k.mp4"}]}}},
        {"content": {"video_url": "https://cdn.example/k.mp4"}},
        {
            "input": {"url": "https://cdn.example/in.png"},
            "output": {"video_url": "https://cdn.example/k.mp4"},
        },
        [{"cover_image": {"url": "https://cdn.example/c.jpg"}}, {"url": "https://cdn.example/k.mp4"}],
    ],
)
def test_the_clip_is_found_inside_the_vendors_own_answer(vendor):
    """Shows 000-24."""

    (output,) = poll(wrapped(status="SUCCESS", data=vendor)).outputs

    assert output.url == "https://cdn.example/k.mp4"


def test_an_input_is_never_taken_for_the_clip():
    inputs = {
        "input": {"url": "https://cdn.example/in.mp4"},
        "first_frame": {"url": "https://cdn.example/f.png"},
    }

    assert poll(wrapped(status="SUCCESS", data=inputs)).outputs == ()


def test_a_failure_at_100_percent_is_a_failure():
    seen = poll(wrapped(status="FAILURE", progress="100%", fail_reason="upstream broke"))

    assert (seen.error.code, seen.progress) == (Code.UPSTREAM_FAILED, None)


def test_the_constant_50_under_veo_is_dropped_where_the_answer_names_it():
    assert poll(wrapped(progress="50%", properties={"origin_model_name": "veo-3.1"})).progress is None
    assert poll(wrapped(progress="50%")).progress == 50


def test_nothing_can_be_looked_for_or_stopped():
    assert capabilities(DIALECT) == {"discover"}


def test_the_profile_lets_the_relay_decide():
    profiles = parse_profiles(pathlib.Path(newapi_generic.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("any model at all")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture(), extra={"mode": "pro"}).request, profile) == []


@given(body=damaged(wrapped(data={"video_url": "https://c.example/1", "status": "processing"})))
def test_a_damaged_envelope_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(
    body=damaged(
        {"task_id": REF, "status": "in_progress", "url": "https://c.example/1", "error": {"code": 0}}
    )
)
def test_a_damaged_plain_answer_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=ANYTHING | damaged(wrapped(status="SUCCESS", fail_reason="https://c.example/1")))
def test_no_answer_makes_a_flow_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
