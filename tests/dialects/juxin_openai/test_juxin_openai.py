"""Juxin's OpenAI-shaped format: always a form, remixes, and clips by address or by content."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from reelgate.core.dialect import Accepted, File, Phase, Refused
from reelgate.core.task import Role, Verb
from reelgate.dialects.juxin_openai import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.samples import channel, job, picture, submission, texts

CHANNEL = channel("juxin_openai", "https://relay.example/v1")
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref="job-0001",
    accepted=(reply(job(status="queued", progress=0, created_at=1764744797000)),),
    refused=(reply({"error": {"message": "bad", "message_zh": "错", "type": "new_api_error"}}, 400),),
    running=(reply(job()),),
    completed=(reply(job(status="completed")),),
    failed=(reply(job(status="failed", error={"code": "x", "message": "It broke."})),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved", "type": "server_error"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


def call(given) -> Any:
    return play(DIALECT.submit(given, CHANNEL), reply(job(status="queued"))).call


def test_a_request_is_a_form_with_seconds_as_text_and_switches_as_words():
    sent = call(submission(watermark=False, private=True, extra={"character_create": True}))

    assert sent.path == "/videos"
    assert texts(sent) == {
        "prompt": "a paper boat",
        "model": "m-1",
        "seconds": "8",
        "size": "720x1280",
        "watermark": "false",
        "private": "true",
        "character_create": "true",
    }


def test_a_picture_is_a_file_of_the_form():
    assert call(submission(Verb.CREATE, picture())).form[-1] == File(
        "input_reference", "a" * 64, "first_frame.png", "image/png"
    )


def test_a_storyboard_is_one_form_with_its_shots_in_the_prompt():
    sent = call(submission(extra={"shots": [{"scene": "a dock", "duration": 5}]}))

    assert texts(sent)["prompt"] == "a paper boat\n\nShot 1:\nduration: 5sec\nScene: a dock"
    assert "shots" not in texts(sent)


def test_a_remix_names_its_parent_in_the_path_with_the_colon_encoded():
    given = submission(Verb.REMIX, parent_ref="sora-2:task_1")
    made = reply(job(id="video_r1", status="queued", progress=0, remixed_from_video_id="sora-2:task_1"))
    played: Any = play(DIALECT.submit(given, CHANNEL), made)

    assert (played.call.path, played.call.json) == (
        "/videos/sora-2%3Atask_1/remix",
        {"prompt": "a paper boat"},
    )
    assert isinstance(played.result, Accepted)
    assert played.result.ref == "video_r1"


def test_an_id_with_a_colon_is_one_segment_of_the_path():
    assert play(DIALECT.poll("sora-2:task_1", CHANNEL), reply(job())).call.path == "/videos/sora-2%3Atask_1"


@pytest.mark.parametrize(
    "given",
    [
        submission(Verb.EDIT, parent_ref="v"),
        submission(Verb.EXTEND, parent_ref="v"),
        submission(Verb.REMIX),
        submission(Verb.CREATE, picture(Role.LAST_FRAME)),
        submission(Verb.CREATE, picture(), picture()),
    ],
    ids=["edit", "extend", "remix of a stranger", "last frame", "two pictures"],
)
def test_what_this_wire_cannot_carry_is_refused_before_anything_is_sent(given):
    played: Any = play(DIALECT.submit(given, CHANNEL))

    assert isinstance(played.result, Refused)
    assert played.effects == ()


def test_a_clip_comes_by_address_where_there_is_one_and_by_content_with_the_key_else():
    by_address: Any = play(
        DIALECT.poll("v", CHANNEL), reply(job(status="completed", video_url="https://cdn.example/a.mp4"))
    ).result
    by_content: Any = play(DIALECT.poll("sora-2:t", CHANNEL), reply(job(status="completed"))).result

    assert by_address.outputs[0].url == "https://cdn.example/a.mp4"
    assert by_content.outputs[0].call.path == "/videos/sora-2%3At/content"
    assert by_content.phase is Phase.COMPLETED


@given(damaged(job()))
@settings(max_examples=100, deadline=None)
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "job-0001", body)


@given(damaged(job(status="completed", video_url="https://cdn.example/a.mp4")))
@settings(max_examples=60, deadline=None)
def test_nothing_makes_it_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
