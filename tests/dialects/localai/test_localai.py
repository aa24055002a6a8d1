"""LocalAI: one long call that ends with the clip, and nothing to ask about in between."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given

from reelgate.core.dialect import (
    Accepted,
    CatalogueModel,
    Embedded,
    NoReply,
    Phase,
    Refused,
    Unclear,
    capabilities,
)
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import localai
from reelgate.dialects.localai import DIALECT, LONGEST_S
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import SECRET, picture, recorded, submission

CHANNEL = samples.channel("localai", "https://upstream.example")
CLIP = "https://upstream.example/generated-videos/b64123.mp4"
DONE = {"created": 1_762_000_000, "id": "3f0e", "data": [{"url": CLIP}]}
FIRST_BYTE = reply(b"\x00", 206, {"content-type": "video/mp4", "content-range": "bytes 0-0/900"})
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=CLIP,
    accepted=(reply(DONE),),
    refused=(reply({"error": {"code": 400, "message": "Bad Request", "type": ""}}, 400),),
    completed=(FIRST_BYTE,),
    error_in_200=(reply({"error": {"code": 500, "message": "moved"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("localai"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    if vector["expect"].get("url"):
        outcome = submitted(vector["body"])
        assert isinstance(outcome, Accepted)
        assert outcome.ref == vector["expect"]["url"]
    samples.holds(vector, DIALECT)


def sent(given_: Any, **settings: Any) -> Any:
    channel = samples.channel("localai", "https://upstream.example", **settings)
    return play(DIALECT.submit(given_, channel), reply(DONE)).call


def submitted(body: Any, status: int = 200) -> Any:
    return play(DIALECT.submit(submission(), CHANNEL), reply(body, status)).result


def test_the_one_call_waits_for_the_clip():
    call = sent(submission(seed=7, negative_prompt="rain", extra={"step": 20}))

    assert (call.path, call.timeout_s) == ("/video", LONGEST_S)
    assert call.json == {
        "model": "m-1",
        "prompt": "a paper boat",
        "width": 720,
        "height": 1280,
        "seconds": "8",
        "response_format": "url",
        "seed": 7,
        "negative_prompt": "rain",
        "step": 20,
    }


def test_a_channel_that_knows_its_frame_rate_asks_for_frames():
    body = sent(submission(), fps=16).json

    assert (body["fps"], body["num_frames"]) == (16, 128)


def test_pictures_go_as_plain_base64():
    body = sent(submission(Verb.CREATE, picture(), picture(Role.LAST_FRAME))).json

    assert body["start_image"] == Embedded("a" * 64, "image/png", data_url=False)
    assert body["end_image"] == Embedded("a" * 64, "image/png", data_url=False)


@pytest.mark.parametrize(
    "given_",
    [
        submission(Verb.REMIX, parent_ref=CLIP),
        submission(Verb.CREATE, picture(Role.REFERENCE)),
        submission(Verb.CREATE, picture(), picture()),
    ],
    ids=["remix", "reference", "two first frames"],
)
def test_what_the_server_does_not_have_is_refused_before_anything_is_sent(given_):
    assert samples.refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


def test_the_answer_is_the_finished_job():
    outcome = submitted(DONE)

    assert outcome.observation.phase is Phase.COMPLETED
    assert outcome.observation.outputs[0].call.headers["Authorization"] == f"Bearer {SECRET}"


def test_a_clip_elsewhere_is_asked_for_without_the_key():
    away = "https://cdn.example/x.mp4"
    polled = play(DIALECT.poll(away, CHANNEL), FIRST_BYTE)

    assert polled.call.headers == {"Range": "bytes=0-0"}
    assert polled.result.outputs[0].url == away


def test_a_call_cut_off_on_the_way_is_unclear():
    outcome = play(DIALECT.submit(submission(), CHANNEL), NoReply(sent=True, reason="timed out")).result

    assert isinstance(outcome, Unclear)


def test_a_model_that_broke_inside_the_call_leaves_nothing_running():
    outcome = submitted(
        {"error": {"code": 500, "message": "rpc error: code = Unknown desc = out of memory"}}, 500
    )

    assert isinstance(outcome, Refused)
    assert not outcome.failure.retryable


@pytest.mark.parametrize("url", ["", None, 7, "x" * 600, "file:///etc/passwd", "a\nb"])
def test_an_answer_without_a_usable_place_is_unclear(url):
    assert isinstance(submitted({"data": [{"url": url}]}), Unclear)


def test_a_file_that_is_gone_is_lost_and_a_page_is_no_clip():
    gone = play(
        DIALECT.poll(CLIP, CHANNEL), reply({"error": {"code": 404, "message": "Not Found"}}, 404)
    ).result
    page = play(
        DIALECT.poll(CLIP, CHANNEL), reply(b"<html></html>", 200, {"content-type": "text/html"})
    ).result

    assert (gone.phase, gone.lost) == (None, True)
    assert (page.phase, page.lost) == (None, False)


def test_its_models_are_listed_under_its_other_root():
    played = play(DIALECT.discover(CHANNEL), reply({"data": [{"id": "wan2.2"}]}))

    assert played.call.path == "/v1/models"
    assert played.result == [CatalogueModel(name="wan2.2")]
    assert capabilities(DIALECT) == {"discover"}


def test_the_profile_lets_the_server_decide():
    profiles = parse_profiles(pathlib.Path(localai.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("any model at all")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture(), picture(Role.LAST_FRAME)).request, profile) == []


@given(body=damaged(DONE))
def test_a_damaged_answer_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, CLIP, body)


@given(body=ANYTHING | damaged(DONE))
def test_no_answer_makes_a_flow_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
