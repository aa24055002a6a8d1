"""new-api's OpenAI-shaped route: its envelopes, its invented 50 %, and where the clip is."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given

from reelgate.core.dialect import File, Phase, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import newapi_video
from reelgate.dialects.newapi_video import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import SECRET, job, picture, recorded, submission

CHANNEL = samples.channel("newapi_video")
REF = "job-0001"
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply(job(status="queued", progress=0)),),
    refused=(reply({"code": "invalid_request", "message": "Bad size.", "data": None}, 400),),
    running=(reply(job(progress="54%")),),
    completed=(reply(job(status="completed", metadata={"url": "https://cdn.example/e.mp4"})),),
    failed=(reply(job(status="failed", error={"code": "task_failed", "message": "It broke."})),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"code": "get_task_failed", "message": "no", "data": None}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("newapi_video"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    samples.holds(vector, DIALECT)


def sent(given_: Any) -> Any:
    return play(DIALECT.submit(given_, CHANNEL), reply(job(status="queued"))).call


def poll(body: Any, status: int = 200) -> Any:
    return play(DIALECT.poll(REF, CHANNEL), reply(body, status)).result


def test_a_prompt_goes_as_json_and_a_picture_as_a_form():
    assert sent(submission()).json["seconds"] == "8"
    assert sent(submission(Verb.CREATE, picture())).form[-1] == File(
        "input_reference", "a" * 64, "first_frame.png", "image/png"
    )
    assert sent(submission(Verb.REMIX, parent_ref="task_p")).path == "/videos/task_p/remix"


@pytest.mark.parametrize(
    "given_",
    [
        submission(Verb.EDIT, parent_ref="p"),
        submission(Verb.EXTEND, parent_ref="p"),
        submission(Verb.REMIX),
        submission(Verb.CREATE, picture(Role.LAST_FRAME)),
    ],
    ids=["edit", "extend", "remix of a stranger", "last frame"],
)
def test_what_the_route_does_not_have_is_refused_before_anything_is_sent(given_):
    assert samples.refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


@pytest.mark.parametrize(
    ("model", "progress", "seen"),
    [
        ("veo-3.1-fast", 50, None),
        ("Google/VEO3", "50%", None),
        ("veo-3.1-fast", 51, 51),
        ("kling-v2", 50, 50),
        (None, 50, 50),
    ],
)
def test_the_constant_50_under_veo_is_nobodys_measurement(model, progress, seen):
    assert poll(job(model=model, progress=progress)).progress == seen


def test_a_job_just_taken_is_queued_though_its_word_is_unknown():
    assert poll(job(status="unknown", progress=0)).phase is Phase.QUEUED


def test_a_clip_on_the_vendors_host_is_fetched_without_the_key():
    (output,) = poll(job(status="completed", metadata={"url": "https://cdn.example/e.mp4"})).outputs

    assert (output.url, output.call) == ("https://cdn.example/e.mp4", None)


@pytest.mark.parametrize(
    "url",
    ["https://upstream.example/v1/videos/x/content", "/v1/videos/x/content", "HTTPS://UPSTREAM.EXAMPLE/a"],
)
def test_a_clip_on_the_relay_itself_is_fetched_with_the_key(url):
    (output,) = poll(job(status="completed", metadata={"url": url})).outputs

    assert output.url is None
    assert output.call.path.lower().startswith("https://upstream.example/")
    assert output.call.headers["Authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "url",
    [
        "https://upstream.example@evil.example/x",
        "https://upstream.example.evil.example/x",
        "https://upstream.example:444/x",
        "//evil.example/x",
        "/\\evil.example/x",
        "http://upstream.example/x",
    ],
)
def test_an_address_that_only_looks_like_the_relay_gets_no_key(url):
    (output,) = poll(job(status="completed", metadata={"url": url})).outputs

    if output.call is None:
        assert output.url == url
    else:
        assert output.call.path == f"/videos/{REF}/content"


def test_an_unknown_task_is_lost_and_not_failed():
    seen = poll({"code": "task_not_exist", "message": "task_not_exist", "data": None}, 400)

    assert (seen.phase, seen.lost) == (None, True)


def test_a_wrapped_job_is_found():
    wrapped = {"code": "success", "message": "", "data": job(progress="7%")}

    assert (poll(wrapped).phase, poll(wrapped).progress) == (Phase.IN_PROGRESS, 7)


def test_nothing_can_be_looked_for_or_stopped():
    assert capabilities(DIALECT) == {"discover"}


def test_the_profile_lets_the_relay_decide():
    profiles = parse_profiles(pathlib.Path(newapi_video.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("any model at all")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture(), extra={"mode": "pro"}).request, profile) == []


@given(body=damaged(job(progress="54%", metadata={"url": "https://c.example/1"}, usage={"total_tokens": 1})))
def test_a_damaged_answer_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=damaged({"code": "success", "message": "", "data": job(progress="54%")}))
def test_a_damaged_envelope_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=ANYTHING | damaged(job(status="completed", metadata={"url": "https://c.example/1"})))
def test_no_answer_makes_a_flow_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
