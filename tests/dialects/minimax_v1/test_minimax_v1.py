"""MiniMax v1: errors inside a 200, the third call, and the word a callback address must give back."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import (
    Accepted,
    AnswersCallbacks,
    Callback,
    Embedded,
    Phase,
    Refused,
    Unclear,
    capabilities,
)
from reelgate.core.errors import Code
from reelgate.core.task import Role, Size, Verb
from reelgate.dialects.minimax_v1 import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import channel, holds, picture, refused, submission

CHANNEL = channel("minimax_v1")
REF = "106916112212032"
FINE = {"status_code": 0, "status_msg": "success"}
RUNNING = {"task_id": REF, "status": "Processing", "file_id": "", "base_resp": FINE}
SUCCESS = {"task_id": REF, "status": "Success", "file_id": "f1", "video_width": 1920, "base_resp": FINE}
FILE = {"file": {"file_id": "f1", "download_url": "https://cdn.example.com/j6.mp4"}, "base_resp": FINE}


def fault(code: Any, message: str = "no") -> dict[str, Any]:
    return {"task_id": "", "base_resp": {"status_code": code, "status_msg": message}}


CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply({"task_id": REF, "base_resp": FINE}),),
    refused=(reply(fault(1026, "sensitive")),),
    running=(reply(RUNNING),),
    completed=(reply(SUCCESS), reply(FILE)),
    failed=(reply(RUNNING | {"status": "Fail"}),),
    empty_completed=(reply(SUCCESS | {"file_id": ""}),),
    unknown_word=(reply(RUNNING | {"status": "Pondering"}),),
    error_in_200=(reply(fault(1000, "unknown error")),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("minimax_v1"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    if vector["op"] != "callback":
        holds(vector, DIALECT)


@given(body=damaged(RUNNING))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=damaged(SUCCESS) | damaged(FILE) | damaged(fault(1002)), status=st.sampled_from([200, 400, 503]))
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(), body, status)


def poll(*answers: Any) -> Any:
    return play(DIALECT.poll(REF, CHANNEL), *answers)


def submitted(body: Any, status: int = 200) -> Any:
    return play(DIALECT.submit(submission(), CHANNEL), reply(body, status)).result


@pytest.mark.parametrize(
    ("number", "code", "again"),
    [
        (1002, Code.RATE_LIMITED, True),
        (1004, Code.UNAUTHORIZED, False),
        (1008, Code.QUOTA_EXHAUSTED, False),
        (1026, Code.CONTENT_POLICY, False),
        ("2013", Code.INVALID_REQUEST, False),
    ],
)
def test_a_submit_refused_inside_a_200_is_refused(number, code, again):
    outcome = submitted(fault(number))

    assert isinstance(outcome, Refused)
    assert (outcome.failure.code, outcome.failure.retryable) == (code, again)


@pytest.mark.parametrize("number", [1000, 1001, 1013, 1033, 9999, "x"])
def test_a_code_that_proves_nothing_leaves_a_submit_unclear(number):
    assert isinstance(submitted(fault(number)), Unclear)


def test_a_task_id_beside_an_error_is_unclear_for_the_job_may_exist():
    assert isinstance(submitted(fault(1002) | {"task_id": REF}), Unclear)


@pytest.mark.parametrize(
    ("number", "code"), [(1002, Code.RATE_LIMITED), (1004, Code.UNAUTHORIZED), (1008, Code.QUOTA_EXHAUSTED)]
)
def test_an_error_to_a_poll_is_trouble_and_keeps_the_state(number, code):
    seen = poll(reply(fault(number))).result

    assert seen.phase is None
    assert seen.trouble.code is code


@pytest.mark.parametrize(
    ("number", "code"),
    [(1026, Code.CONTENT_POLICY), (1027, Code.CONTENT_FILTERED), (0, Code.UPSTREAM_FAILED)],
)
def test_a_failed_job_says_why_in_the_same_place(number, code):
    seen = poll(reply(fault(number) | {"task_id": REF, "status": "Fail"})).result

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


def test_a_verdict_on_the_content_ends_a_job_even_without_a_status():
    seen = poll(reply(fault(1027, "output sensitive"))).result

    assert (seen.phase, seen.error.code) == (Phase.FAILED, Code.CONTENT_FILTERED)


@pytest.mark.parametrize(
    ("word", "phase"),
    [("Preparing", Phase.QUEUED), ("Queueing", Phase.QUEUED), ("Processing", Phase.IN_PROGRESS)],
)
def test_its_words_are_known(word, phase):
    assert poll(reply(RUNNING | {"status": word})).result.phase is phase


def test_a_finished_job_needs_a_third_call_for_its_address():
    played = poll(reply(SUCCESS), reply(FILE))

    first, second = played.calls
    assert (first.path, first.query) == ("/query/video_generation", [("task_id", REF)])
    assert (second.path, second.query) == ("/files/retrieve", [("file_id", "f1")])
    assert second.seen.phase is Phase.COMPLETED
    assert played.result.outputs[0].url == "https://cdn.example.com/j6.mp4"


def test_asking_again_gives_a_fresh_address():
    fresh = {"file": {"download_url": "https://cdn.example.com/new.mp4"}, "base_resp": FINE}

    assert poll(reply(SUCCESS), reply(fresh)).result.outputs[0].url == "https://cdn.example.com/new.mp4"


@pytest.mark.parametrize(
    "third",
    [reply({}, 500), reply(fault(1002)), reply({"error": {"message": "gone"}}, 404), reply(b"<html>")],
)
def test_a_third_call_that_fails_ends_nothing_and_loses_nothing(third):
    seen = poll(reply(SUCCESS), third).result

    assert (seen.phase, seen.lost, seen.error) == (None, False, None)
    assert seen.trouble is not None


def test_a_file_without_an_address_is_no_output():
    seen = poll(reply(SUCCESS), reply({"file": {"file_id": "f1"}, "base_resp": FINE})).result

    assert (seen.phase, seen.outputs) == (Phase.COMPLETED, ())


def test_the_group_of_an_old_key_goes_with_the_third_call():
    flow = DIALECT.poll(REF, channel("minimax_v1", group_id="g7"))

    assert play(flow, reply(SUCCESS), reply(FILE)).calls[1].query == [("file_id", "f1"), ("GroupId", "g7")]


def test_a_trial_of_a_callback_address_gets_its_challenge_back():
    assert isinstance(DIALECT, AnswersCallbacks)
    trial = Callback(headers={}, body=b'{"challenge": "abc"}')

    assert DIALECT.answer_callback(trial) == {"challenge": "abc"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b'{"task_id": "1"}', b'{"challenge": 7}', b"\xff", b"[" * 90_000]
)
def test_any_other_callback_wants_nothing_back(body):
    assert DIALECT.answer_callback(Callback(headers={}, body=body)) is None


def sent(*pictures: Any, verb: Verb = Verb.CREATE, **fields: Any) -> Any:
    given = submission(verb, *pictures, model="MiniMax-Hailuo-02", **fields)
    return play(DIALECT.submit(given, CHANNEL), reply({"task_id": REF, "base_resp": FINE})).call


def test_frames_go_along_as_data_urls():
    call = sent(picture(), picture(Role.LAST_FRAME))

    assert call.path == "/video_generation"
    assert call.json == {
        "model": "MiniMax-Hailuo-02",
        "prompt": "a paper boat",
        "duration": 8,
        "resolution": "768P",
        "first_frame_image": Embedded("a" * 64, "image/png"),
        "last_frame_image": Embedded("a" * 64, "image/png"),
    }


def test_a_reference_is_a_subject_and_cannot_be_mixed_with_frames():
    assert sent(picture(Role.REFERENCE)).json["subject_reference"] == [
        {"type": "character", "image": [Embedded("a" * 64, "image/png")]}
    ]
    mixed = submission(Verb.CREATE, picture(Role.REFERENCE), picture())
    assert refused(DIALECT.submit(mixed, CHANNEL)).code is Code.INVALID_REQUEST


def test_1080p_longer_than_6_seconds_is_refused_before_anything_is_sent():
    from msgspec.structs import replace

    base = submission()
    long = replace(base, request=replace(base.request, size=Size(1920, 1080), seconds=10))

    assert refused(DIALECT.submit(long, CHANNEL)).param == "seconds"


@pytest.mark.parametrize("verb", [Verb.REMIX, Verb.EDIT, Verb.EXTEND])
def test_other_verbs_are_refused(verb):
    assert refused(DIALECT.submit(submission(verb), CHANNEL)).param == "model"


def test_nothing_is_offered_that_the_upstream_does_not_have():
    assert capabilities(DIALECT) & {"poll_many", "find", "cancel", "discover", "verify"} == frozenset()


def test_an_id_given_as_a_number_is_taken():
    outcome = submitted({"task_id": 106916112212032, "base_resp": FINE})

    assert isinstance(outcome, Accepted)
    assert outcome.ref == REF
