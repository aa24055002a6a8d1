"""Zhenzhen's unified format: fields by model, words in upper case, progress as text, late refusals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, Embedded, Kept, Likeness, Phase, Refused
from reelgate.core.errors import Code
from reelgate.core.task import Role, Size, Verb
from reelgate.dialects.zhenzhen_v2 import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.samples import channel, picture, submission

REF = "veo3:1756693796-XXXXXXXXXX"
CHANNEL = channel("zhenzhen_v2", "https://relay.example")


def job(
    status: str = "IN_PROGRESS", progress: Any = "54%", data: Any = None, **changes: Any
) -> dict[str, Any]:
    return {
        "task_id": REF,
        "platform": "openai",
        "action": "sora-video",
        "status": status,
        "fail_reason": "",
        "submit_time": 1759674948,
        "start_time": 1759674963,
        "finish_time": 0,
        "progress": progress,
        "data": data,
        "search_item": "",
    } | changes


DONE = job("SUCCESS", "100%", {"output": "https://cdn.example/b.mp4"})
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply({"task_id": REF}),),
    refused=(reply({"code": "invalid", "message": "bad", "data": None}, 400),),
    running=(reply(job()),),
    completed=(reply(DONE),),
    failed=(reply(job("FAILURE", "100%", fail_reason="内部错误")),),
    empty_completed=(reply(job("SUCCESS", "100%")),),
    unknown_word=(reply(job("PONDERING")),),
    error_in_200=(reply({"error": {"message": "moved", "type": "server_error"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


def bent(given, **changes):
    return replace(given, request=replace(given.request, **changes))


def sent(given, *uploads, **settings: Any) -> dict[str, Any]:
    wire = replace(CHANNEL, settings=settings)
    return play(DIALECT.submit(given, wire), *uploads, reply({"task_id": REF})).calls[-1].json


def poll(body: Any, status: int = 200) -> Any:
    return play(DIALECT.poll(REF, CHANNEL), reply(body, status)).result


# The paid call.


def test_sora_takes_its_length_as_text_and_high_definition_as_a_switch():
    """Shows 000-02, 000-18."""

    given = submission(model="sora-2-pro", watermark=False, private=True, seed=7)

    assert sent(given) == {
        "model": "sora-2-pro",
        "prompt": "a paper boat",
        "aspect_ratio": "9:16",
        "duration": "8",
        "hd": False,
        "watermark": False,
        "private": True,
        "seed": 7,
    }
    assert sent(bent(given, size=Size(1920, 1080)))["hd"] is True


def test_high_definition_and_25_seconds_exclude_each_other():
    given = bent(submission(model="sora-2-pro"), size=Size(1920, 1080), seconds=25)
    played: Any = play(DIALECT.submit(given, CHANNEL))

    assert isinstance(played.result, Refused)
    assert (played.result.failure.param, played.effects) == ("size", ())


def test_veo_takes_no_length_and_pictures_inside_the_body():
    fields = sent(submission(Verb.CREATE, picture(), model="veo3.1-fast", extra={"enhance_prompt": True}))

    assert fields["images"] == [Embedded("a" * 64, "image/png", data_url=True)]
    assert fields["enhance_prompt"] is True
    assert (fields["aspect_ratio"], fields["enable_upsample"]) == ("9:16", False)
    assert "duration" not in fields


def test_grok_takes_a_ratio_a_number_and_pictures_by_address():
    given = submission(Verb.CREATE, picture(Role.REFERENCE), model="grok-video-3")
    fields = sent(given, reply({"url": "https://files.example/1.png"}))

    assert fields == {
        "model": "grok-video-3",
        "prompt": "a paper boat",
        "images": ["https://files.example/1.png"],
        "ratio": "9:16",
        "duration": 8,
        "resolution": "720p",
    }


def test_a_picture_that_was_not_taken_means_that_nothing_was_paid_for():
    given = submission(Verb.CREATE, picture(), model="grok-video-3")
    outcome: Any = play(DIALECT.submit(given, CHANNEL), reply("busy", 502)).result

    assert isinstance(outcome, Refused)
    assert outcome.failure.retryable


def test_a_hook_is_named_when_the_channel_has_one():
    assert sent(submission(), callback_url="https://gate.example/hooks/1")["notify_hook"] == (
        "https://gate.example/hooks/1"
    )
    assert "notify_hook" not in sent(submission())


@pytest.mark.parametrize(
    "given",
    [submission(Verb.REMIX, parent_ref="v"), submission(Verb.CREATE, picture(Role.LAST_FRAME))],
    ids=["remix", "last frame"],
)
def test_what_this_wire_cannot_carry_is_refused_before_anything_is_sent(given):
    assert isinstance(play(DIALECT.submit(given, CHANNEL)).result, Refused)


def test_a_storyboard_is_one_job_with_its_shots_in_the_prompt():
    fields = sent(submission(extra={"shots": [{"scene": "a dock", "duration": 5}]}))

    assert fields["prompt"].endswith("Shot 1:\nduration: 5sec\nScene: a dock")
    assert "shots" not in fields


def test_the_route_for_storyboards_that_does_not_exist_reads_as_a_wrong_path():
    body = {
        "error": {
            "message": "Invalid URL (POST /v1/video/storyboard)",
            "type": "invalid_request_error",
            "param": "",
            "code": "",
        }
    }
    outcome: Any = play(DIALECT.submit(submission(), CHANNEL), reply(body, 404)).result

    assert outcome.failure.code is Code.NOT_FOUND


# Reading jobs.


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("NOT_START", Phase.QUEUED),
        ("SUBMITTED", Phase.QUEUED),
        ("QUEUED", Phase.QUEUED),
        ("IN_PROGRESS", Phase.IN_PROGRESS),
        ("UNKNOWN", None),
    ],
)
def test_its_words_are_read_and_unknown_keeps_the_state(word, phase):
    """Shows 000-08."""

    seen = poll(job(word, "30%"))

    assert (seen.phase, seen.progress, seen.word) == (phase, 30, word)


def test_a_failure_says_100_percent_too_and_is_no_success():
    seen = poll(job("FAILURE", "100%", fail_reason="生成内容违规，请修改提示词"))

    assert (seen.phase, seen.progress, seen.outputs) == (Phase.FAILED, None, ())
    assert seen.error.code is Code.CONTENT_POLICY


@pytest.mark.parametrize(
    ("data", "url"),
    [
        (
            {"output": "https://cdn.example/1.mp4", "outputs": ["https://cdn.example/2.mp4"]},
            "https://cdn.example/1.mp4",
        ),
        ({"output": "", "outputs": ["https://cdn.example/2.mp4"]}, "https://cdn.example/2.mp4"),
    ],
)
def test_the_clip_is_the_output_or_the_first_of_the_outputs(data, url):
    """Shows 000-30, 000-24."""

    assert poll(job("SUCCESS", "100%", data)).outputs[0].url == url


@pytest.mark.parametrize("data", [None, {}, [], "", {"output": None}, {"outputs": []}, {"outputs": "x"}])
def test_success_without_a_clip_is_not_yet_believed(data):
    """Shows 000-24."""

    seen = poll(job("SUCCESS", "100%", data))

    assert (seen.phase, seen.outputs, seen.error, seen.progress) == (Phase.COMPLETED, (), None, None)


def test_an_id_with_a_colon_is_one_segment_of_the_path():
    """Shows 000-06."""

    call = play(DIALECT.poll(REF, CHANNEL), reply(job())).call

    assert call.path == "/v2/videos/generations/veo3%3A1756693796-XXXXXXXXXX"


def test_both_names_of_the_id_are_taken():
    for body in ({"task_id": "t-1"}, {"id": "t-1"}):
        assert play(DIALECT.submit(submission(), CHANNEL), reply(body)).result == Accepted(ref="t-1")


@pytest.mark.parametrize(
    "body",
    [
        {"error": {"message": "当前分组 default 下对于模型 sora-2 无可用渠道", "type": "new_api_error"}},
        {"error": "channel not found"},
        {"code": "model_not_found", "message": "No available channel for model sora-2 (distributor)"},
        {"detail": '{"error": {"message": "channel not found"}}'},
    ],
    ids=["chinese", "plain", "flat", "json inside text"],
)
def test_a_channel_that_is_not_granted_is_no_outage_in_whatever_envelope(body):
    outcome: Any = play(DIALECT.submit(submission(), CHANNEL), reply(body, 503)).result

    assert (outcome.failure.code, outcome.failure.retryable) == (Code.PERMISSION_OR_CHANNEL, False)


def test_a_character_is_made_without_naming_a_model():
    made = reply({"id": "ch_0", "username": "abcd.efgh"})
    played: Any = play(DIALECT.keep_character(Likeness(start_s=0, end_s=2, ref="video_1"), CHANNEL), made)

    assert played.call.json == {"timestamps": "0,2", "from_task": "video_1"}
    assert played.result == Kept(ref="ch_0", name="abcd.efgh")


@given(damaged(job()))
@settings(max_examples=100, deadline=None)
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(damaged(DONE))
@settings(max_examples=60, deadline=None)
def test_nothing_makes_it_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
