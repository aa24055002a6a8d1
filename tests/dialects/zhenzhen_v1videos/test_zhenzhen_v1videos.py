"""Zhenzhen's `/videos` of 2026: files by address, particulars in `metadata`, JSON inside messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from reelgate.core.dialect import NoReply, Phase, Refused, Unclear
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.zhenzhen_v1videos import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.samples import channel, job, picture, submission

CHANNEL = channel("zhenzhen_v1videos", "https://relay.example/v1")
CLIP = "https://cdn.example/z.mp4"
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref="job-0001",
    accepted=(reply({"task_id": "job-0001"}),),
    refused=(reply({"code": "invalid", "message": "bad", "data": None}, 400),),
    running=(reply(job(progress="36%")),),
    completed=(reply(job(status="completed", metadata={"url": CLIP})),),
    failed=(reply(job(status="failed", error={"message": "It broke."})),),
    empty_completed=(reply(job(status="completed", progress=100)),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved", "type": "server_error"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


def sent(given) -> dict[str, Any]:
    uploads = [reply({"url": f"https://files.example/{n}"}) for n, _ in enumerate(given.request.inputs)]
    played: Any = play(DIALECT.submit(given, CHANNEL), *uploads, reply({"id": "t"}))
    assert [c.path for c in played.calls] == ["/files/upload"] * len(uploads) + ["/videos"]
    return played.calls[-1].json


def poll(body: Any) -> Any:
    return play(DIALECT.poll("job-0001", CHANNEL), reply(body)).result


def test_the_particulars_stand_in_metadata():
    given = submission(
        seed=3,
        audio=True,
        negative_prompt="rain",
        extra={"metadata": {"return_last_frame": True, "seed": 9}, "x": 1},
    )

    assert sent(given) == {
        "model": "m-1",
        "prompt": "a paper boat",
        "seconds": "8",
        "metadata": {
            "return_last_frame": True,
            "resolution": "720p",
            "ratio": "9:16",
            "seed": 3,
            "generate_audio": True,
            "negative_prompt": "rain",
        },
        "x": 1,
    }


def test_one_first_frame_and_plain_references_stand_among_the_images():
    assert sent(submission(Verb.CREATE, picture()))["images"] == ["https://files.example/0"]
    both = sent(submission(Verb.CREATE, picture(Role.REFERENCE), picture(Role.REFERENCE)))
    assert both["images"] == ["https://files.example/0", "https://files.example/1"]
    assert "content" not in both["metadata"]


def test_pictures_of_different_roles_say_which_they_are():
    fields = sent(submission(Verb.CREATE, picture(), picture(Role.LAST_FRAME)))

    assert "images" not in fields
    assert fields["metadata"]["content"] == [
        {"type": "image_url", "image_url": {"url": "https://files.example/0"}, "role": "first_frame"},
        {"type": "image_url", "image_url": {"url": "https://files.example/1"}, "role": "last_frame"},
    ]


def test_clips_and_sounds_go_by_address_too():
    given = submission(
        Verb.CREATE, picture(Role.SOURCE_VIDEO, "video/mp4"), picture(Role.AUDIO, "audio/mpeg"), picture()
    )
    fields = sent(given)

    assert fields["metadata"]["video_url"] == ["https://files.example/0"]
    assert fields["metadata"]["audio_url"] == ["https://files.example/1"]
    assert fields["images"] == ["https://files.example/2"]


def test_a_file_that_was_not_taken_means_that_nothing_was_paid_for():
    outcome: Any = play(
        DIALECT.submit(submission(Verb.CREATE, picture()), CHANNEL), NoReply(sent=True, reason="reset")
    ).result

    assert isinstance(outcome, Refused)
    assert outcome.failure.retryable


def test_a_doubt_about_the_paid_call_after_an_upload_is_unclear():
    flow = DIALECT.submit(submission(Verb.CREATE, picture()), CHANNEL)
    outcome: Any = play(
        flow, reply({"url": "https://files.example/0"}), NoReply(sent=True, reason="reset")
    ).result

    assert isinstance(outcome, Unclear)


def test_remixes_are_not_offered():
    assert isinstance(play(DIALECT.submit(submission(Verb.REMIX, parent_ref="v"), CHANNEL)).result, Refused)


@pytest.mark.parametrize(
    "places",
    [
        {
            "metadata": {"url": CLIP},
            "url": "https://cdn.example/2.mp4",
            "video_url": "https://cdn.example/3.mp4",
        },
        {"metadata": {}, "url": CLIP, "video_url": "https://cdn.example/3.mp4"},
        {"metadata": None, "video_url": CLIP},
    ],
)
def test_the_places_of_the_clip_are_tried_in_order(places):
    assert poll(job(status="succeeded", **places)).outputs[0].url == CLIP


@pytest.mark.parametrize("word", ["completed", "complete", "succeeded", "success", "done"])
def test_every_word_for_success_is_one(word):
    assert poll(job(status=word, url=CLIP)).phase is Phase.COMPLETED


def test_json_inside_a_message_is_read():
    seen = poll(
        {"id": "job-0001", "status": "failed", "error": {"message": '{"code":"E","message":"inner text"}'}}
    )

    assert (seen.error.code, seen.error.message) == (Code.UPSTREAM_FAILED, "inner text")


def test_a_job_in_an_envelope_is_found():
    body = {
        "code": "success",
        "message": "",
        "data": {"task_id": "job-0001", "status": "IN_PROGRESS", "progress": "54%"},
    }
    seen = poll(body)

    assert (seen.phase, seen.progress) == (Phase.IN_PROGRESS, 54)


@given(damaged(job()))
@settings(max_examples=100, deadline=None)
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "job-0001", body)


@given(damaged(job(status="completed", metadata={"url": CLIP})))
@settings(max_examples=60, deadline=None)
def test_nothing_makes_it_raise(body):
    never_raises(DIALECT, CHANNEL, submission(Verb.CREATE, picture()), body, 200)
