"""SGLang Diffusion: whole seconds, errors without codes, a deletion that stops nothing, paths that stay inside."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given

from reelgate.core.dialect import File, Phase, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import sglang
from reelgate.dialects.sglang import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import job, picture, recorded, submission, texts

CHANNEL = samples.channel("sglang")
REF = "job-0001"
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply(job(status="queued", progress=0)),),
    refused=(reply({"detail": "seconds must be positive"}, 422),),
    running=(reply(job(status="queued", progress=0)),),
    completed=(reply(job(status="completed", progress=100)),),
    failed=(reply(job(status="failed", error={"message": "It broke."})),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("sglang"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    samples.holds(vector, DIALECT)


def sent(given_: Any) -> Any:
    return play(DIALECT.submit(given_, CHANNEL), reply(job(status="queued"))).call


def test_seconds_are_a_whole_number_in_json():
    call = sent(submission(seed=7))

    assert call.form == ()
    assert call.json == {
        "prompt": "a paper boat",
        "model": "m-1",
        "seconds": 8,
        "size": "720x1280",
        "seed": 7,
    }


def test_a_picture_makes_the_call_a_form():
    call = sent(submission(Verb.CREATE, picture(), extra={"extra_body": {"flow_shift": 3}}))

    assert call.json is None
    assert texts(call)["seconds"] == "8"
    assert texts(call)["extra_body"] == '{"flow_shift":3}'
    assert call.form[-1] == File("input_reference", "a" * 64, "first_frame.png", "image/png")


@pytest.mark.parametrize(
    "extra",
    [
        {"output_path": "/srv/x"},
        {"video_path": "/etc/passwd"},
        {"image_paths": ["/etc/passwd"]},
        {"Output_Path": "/srv/x"},
        {"extra_body": {"output_path": "/srv/x"}},
    ],
    ids=str,
)
def test_an_option_that_names_a_place_on_the_servers_disk_is_refused(extra):
    failure = samples.refused(DIALECT.submit(submission(extra=extra), CHANNEL))

    assert failure.code is Code.INVALID_REQUEST
    assert failure.param in {*extra, "output_path"}


@pytest.mark.parametrize(
    "given_", [submission(Verb.REMIX, parent_ref="j"), submission(Verb.CREATE, picture(Role.AUDIO))]
)
def test_what_the_server_does_not_have_is_refused_before_anything_is_sent(given_):
    assert samples.refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


def test_where_a_clip_lies_on_the_servers_disk_never_leaves():
    done = job(
        status="completed",
        file_path="/srv/private/a.mp4",
        file_paths=["/srv/private/a.mp4"],
        url="/srv/private/a.mp4",
    )
    outcome = play(DIALECT.submit(submission(), CHANNEL), reply(done)).result
    seen = play(
        DIALECT.poll(REF, CHANNEL), reply(job(status="failed", error={"message": "no /srv/private/a.mp4"}))
    ).result
    finished = play(DIALECT.poll(REF, CHANNEL), reply(done | {"url": None})).result

    assert "/srv/private" not in repr(seen)
    assert "/srv/private" not in repr(finished)
    assert "file_path" not in repr(outcome)


def test_there_is_no_cancel_for_deleting_stops_nothing():
    assert capabilities(DIALECT) == {"poll_many", "find", "discover"}


def test_a_deleted_job_reads_as_cancelled():
    assert play(DIALECT.poll(REF, CHANNEL), reply(job(status="deleted"))).result.phase is Phase.CANCELLED


def test_a_failure_without_a_code_has_its_reason():
    seen: Any = play(
        DIALECT.poll(REF, CHANNEL), reply(job(status="failed", error={"message": "The prompt is too long."}))
    ).result

    assert seen.error.message == "The prompt is too long."


def test_a_list_that_names_no_prompt_finds_nothing_sure():
    listed = job()
    listed.pop("prompt")
    outcome = play(
        DIALECT.find(submission(), CHANNEL, frozenset()), reply({"data": [listed], "has_more": False})
    ).result

    assert isinstance(outcome, Unclear)


def test_the_profile_lets_the_server_decide():
    profiles = parse_profiles(pathlib.Path(sglang.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("any model at all")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture(), extra={"fps": 16}).request, profile) == []


@given(body=damaged(job(url="https://c.example/1.mp4", file_path="/srv/a.mp4")))
def test_a_damaged_answer_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=ANYTHING | damaged(job(status="completed", url="https://c.example/1.mp4")))
def test_no_answer_makes_a_flow_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
