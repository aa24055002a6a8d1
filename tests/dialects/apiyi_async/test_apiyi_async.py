"""APIYI's asynchronous shape: JSON or a form, clips by content with the key, a 503 that is no outage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from reelgate.core.dialect import File, Phase, Refused
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.apiyi_async import DIALECT, PICTURE_MAX
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.samples import SECRET, channel, job, picture, submission, texts

CHANNEL = channel("apiyi_async", "https://relay.example/v1")
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref="job-0001",
    accepted=(reply({"id": "job-0001", "status": "submitted", "progress": 0}),),
    refused=(reply({"error": {"message": "bad size", "type": "invalid_request_error"}}, 400),),
    running=(reply(job()),),
    completed=(reply(job(status="completed", progress=100)),),
    failed=(reply(job(status="failed", error={"code": "x", "message": "It broke."})),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved", "type": "server_error"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


def call(given, **settings: Any) -> Any:
    wire = channel("apiyi_async", "https://relay.example/v1", **settings)
    return play(DIALECT.submit(given, wire), reply({"id": "job-0001", "status": "submitted"})).call


def poll(body: Any) -> Any:
    return play(DIALECT.poll("job-0001", CHANNEL), reply(body)).result


def test_a_plain_prompt_goes_as_json():
    sent = call(submission())

    assert sent.form == ()
    assert sent.json == {"prompt": "a paper boat", "model": "m-1", "seconds": "8", "size": "720x1280"}
    assert sent.headers == {"Authorization": f"Bearer {SECRET}"}


def test_a_picture_makes_it_a_form():
    sent = call(submission(Verb.CREATE, picture()))

    assert sent.json is None
    assert texts(sent)["seconds"] == "8"
    assert sent.form[-1] == File("input_reference", "a" * 64, "first_frame.png", "image/png")


@pytest.mark.parametrize(
    ("length", "fields"),
    [("seconds", {"seconds": "8"}), ("duration", {"duration": 8}), ("both", {"seconds": "8", "duration": 8})],
)
def test_the_length_is_called_what_the_channel_says(length, fields):
    sent = call(submission(), length=length).json

    assert {n: v for n, v in sent.items() if n in {"seconds", "duration"}} == fields


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (picture(media_type="image/webp"), Code.UNSUPPORTED_MEDIA),
        (picture(Role.LAST_FRAME), Code.INVALID_REQUEST),
    ],
)
def test_a_picture_it_does_not_take_is_refused_before_anything_is_sent(bad, code):
    played: Any = play(DIALECT.submit(submission(Verb.CREATE, bad), CHANNEL))

    assert (played.result.failure.code, played.effects) == (code, ())


def test_a_picture_of_ten_megabytes_is_too_large():
    fits, over = replace(picture(), bytes=PICTURE_MAX - 1), replace(picture(), bytes=PICTURE_MAX)
    refused: Any = play(DIALECT.submit(submission(Verb.CREATE, over), CHANNEL)).result

    assert call(submission(Verb.CREATE, fits)).form
    assert refused.failure.code is Code.PAYLOAD_TOO_LARGE


def test_a_remix_names_its_parent_and_its_model():
    sent = call(submission(Verb.REMIX, parent_ref="video_1"))

    assert (sent.path, sent.json) == ("/videos/video_1/remix", {"prompt": "a paper boat", "model": "m-1"})


@pytest.mark.parametrize("verb", [Verb.EDIT, Verb.EXTEND])
def test_edits_and_extensions_are_not_offered(verb):
    assert isinstance(play(DIALECT.submit(submission(verb, parent_ref="v"), CHANNEL)).result, Refused)


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("submitted", Phase.QUEUED),
        ("QUEUED", Phase.QUEUED),
        ("PROCESSING", Phase.IN_PROGRESS),
        ("in_progress", Phase.IN_PROGRESS),
        ("CANCELLED", Phase.CANCELLED),
    ],
)
def test_its_words_are_read_in_either_case(word, phase):
    assert poll(job(status=word)).phase is phase


def test_the_recorded_ladder_is_read_as_it_came():
    assert [poll(job(progress=n)).progress for n in (0, 9, 36, 98)] == [0, 9, 36, 98]


def test_100_percent_of_a_running_job_is_not_the_end():
    assert poll(job(progress=100)).phase is Phase.IN_PROGRESS


def test_a_finished_clip_is_fetched_with_the_key():
    output = poll(job(status="completed")).outputs[0]

    assert output.url is None
    assert (output.call.path, output.call.headers) == (
        "/videos/job-0001/content",
        {"Authorization": f"Bearer {SECRET}"},
    )


def test_a_group_without_permission_is_no_outage_though_it_is_answered_503():
    body = {"error": {"message": "channel not found", "type": "new_api_error"}}
    outcome: Any = play(DIALECT.submit(submission(), CHANNEL), reply(body, 503)).result

    assert (outcome.failure.code, outcome.failure.retryable) == (Code.PERMISSION_OR_CHANNEL, False)


def test_a_preview_that_ended_after_it_was_accepted_reads_as_a_retired_model():
    message = "404: models/veo-3.1-fast-generate-preview is no longer available"
    seen = poll(job(status="failed", error={"code": "fail_to_fetch_task", "message": message}))

    assert seen.error.code is Code.MODEL_RETIRED


@given(damaged(job()))
@settings(max_examples=100, deadline=None)
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "job-0001", body)


@given(damaged(job(status="completed")))
@settings(max_examples=60, deadline=None)
def test_nothing_makes_it_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
