"""MiniMax v2: contents with roles, a list, and a delete that is only believed when it shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import AnswersCallbacks, Callback, Embedded, Phase, Refused, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.minimax_v2 import DIALECT, PAGE
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import channel, holds, picture, refused, submission

CHANNEL = channel("minimax_v2", "https://upstream.example/v2")
REF = "j7"


def task(**changes: Any) -> dict[str, Any]:
    return {
        "id": REF,
        "model": "MiniMax-H3",
        "status": "running",
        "task_type": "video_generation",
        "content": None,
        "resolution": "768P",
        "duration": 6,
        "error": None,
    } | changes


def answer(**changes: Any) -> Any:
    return reply({"task": task(**changes)})


DONE = {"status": "succeeded", "content": {"url": "https://cdn.example.com/j7.mp4"}}
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply({"task_id": REF}),),
    refused=(reply({"base_resp": {"status_code": 1026, "status_msg": "sensitive"}}),),
    running=(answer(),),
    completed=(answer(**DONE),),
    failed=(answer(status="failed", error={"code": "1027", "message": "withheld"}),),
    empty_completed=(answer(status="succeeded"),),
    unknown_word=(answer(status="pondering"),),
    error_in_200=(reply({"base_resp": {"status_code": 1013, "status_msg": "internal"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("minimax_v2"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    holds(vector, DIALECT)


@given(body=damaged({"task": task()}))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(
    body=damaged({"task": task(**DONE)}) | damaged({"tasks": [task()]}), status=st.sampled_from([200, 400])
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(), body, status)


def poll(*answers: Any) -> Any:
    return play(DIALECT.poll(REF, CHANNEL), *answers).result


@pytest.mark.parametrize(
    ("changes", "phase", "code"),
    [
        ({"status": "queued"}, Phase.QUEUED, None),
        ({"status": "cancelled"}, Phase.CANCELLED, None),
        ({"status": "expired"}, Phase.FAILED, Code.EXPIRED),
        ({"status": "failed", "error": {"code": 1026, "message": "x"}}, Phase.FAILED, Code.CONTENT_POLICY),
        ({"status": "failed", "error": {"code": "odd", "message": "x"}}, Phase.FAILED, Code.UPSTREAM_FAILED),
        ({"status": "succeeded", "error": {"code": "1027"}}, Phase.FAILED, Code.CONTENT_FILTERED),
    ],
)
def test_its_words_and_errors_are_known(changes, phase, code):
    seen = poll(answer(**changes))

    assert seen.phase is phase
    assert (seen.error.code if seen.error else None) is code


@pytest.mark.parametrize(
    ("number", "kind"), [(1002, Refused), (1004, Refused), (2013, Refused), (1000, Unclear)]
)
def test_an_error_inside_a_200_refuses_a_submit_only_when_it_proves_that_nothing_was_made(number, kind):
    body = {"base_resp": {"status_code": number, "status_msg": "no"}}

    assert isinstance(play(DIALECT.submit(submission(), CHANNEL), reply(body)).result, kind)
    assert poll(reply(body)).phase is None


def test_contents_carry_their_roles():
    given_ = submission(Verb.CREATE, picture(), picture(Role.LAST_FRAME), model="MiniMax-H3")
    call = play(DIALECT.submit(given_, CHANNEL), reply({"task_id": REF})).call
    file = Embedded("a" * 64, "image/png")

    assert call.path == "/video_generation"
    assert call.json == {
        "model": "MiniMax-H3",
        "content": [
            {"type": "text", "text": "a paper boat"},
            {"type": "image_url", "image_url": {"url": file}, "role": "first_frame"},
            {"type": "image_url", "image_url": {"url": file}, "role": "last_frame"},
        ],
        "duration": 8,
        "resolution": "768P",
        "ratio": "adaptive",
    }


def test_text_alone_names_a_ratio():
    call = play(DIALECT.submit(submission(), CHANNEL), reply({"task_id": REF})).call

    assert call.json["ratio"] == "9:16"


def test_frames_and_references_cannot_be_mixed():
    mixed = submission(Verb.CREATE, picture(), picture(Role.REFERENCE))

    assert refused(DIALECT.submit(mixed, CHANNEL)).param == "input_reference"


@pytest.mark.parametrize("name", ["tasks", "items", "list", "data"])
def test_one_list_answers_for_many_jobs(name):
    page = {name: [task(id="a"), task(id="b", **DONE), task(id="c")]}
    played = play(DIALECT.poll_many(["a", "b", "zz"], CHANNEL), reply(page))

    assert played.call.query == [("page_num", "1"), ("page_size", str(PAGE))]
    assert {ref: seen.phase for ref, seen in played.result.items()} == {
        "a": Phase.IN_PROGRESS,
        "b": Phase.COMPLETED,
    }


def test_the_list_goes_on_while_its_pages_are_full():
    full = {"tasks": [task(id=f"t{n}") for n in range(PAGE)]}
    played = play(
        DIALECT.poll_many(["t1", "late"], CHANNEL), reply(full), reply({"tasks": [task(id="late")]})
    )

    assert set(played.result) == {"t1", "late"}
    assert played.calls[1].query[0] == ("page_num", "2")


def test_a_listed_success_without_an_address_is_asked_for_singly():
    page = {"tasks": [task(id="a", status="succeeded")]}

    assert play(DIALECT.poll_many(["a"], CHANNEL), reply(page)).result == {}


def test_trouble_with_the_key_is_told_for_every_job():
    told = {"error": {"message": "invalid api key"}}
    seen: Any = play(DIALECT.poll_many(["a"], CHANNEL), reply(told, 401)).result

    assert seen["a"].trouble.code is Code.UNAUTHORIZED


def cancel(*answers: Any) -> Any:
    return play(DIALECT.cancel(REF, CHANNEL), *answers)


def test_a_living_job_is_deleted_and_believed_when_it_shows():
    played = cancel(answer(), reply({"base_resp": {"status_code": 0}}), answer(status="cancelled"))

    assert played.result.ended
    assert [call.method for call in played.calls] == ["GET", "DELETE", "GET"]
    assert cancel(answer(), reply(b"", 204), reply({"error": {"message": "no"}}, 404)).result.ended


def test_a_delete_that_changes_nothing_is_not_believed():
    assert not cancel(answer(), reply({}), answer()).result.ended
    assert not cancel(answer(), reply({"base_resp": {"status_code": 2013, "status_msg": "x"}})).result.ended


def test_a_finished_job_is_never_deleted_for_its_clip_would_go():
    assert cancel(answer(**DONE)).effects[0].method == "GET"
    assert not cancel(answer(**DONE)).result.ended
    assert not cancel(reply(b"", 500)).result.ended


def test_a_trial_of_a_callback_address_gets_its_challenge_back():
    assert isinstance(DIALECT, AnswersCallbacks)
    assert DIALECT.answer_callback(Callback(headers={}, body=b'{"challenge":"c"}')) == {"challenge": "c"}
    assert DIALECT.answer_callback(Callback(headers={}, body=b"<html>")) is None
    assert capabilities(DIALECT) >= {"poll_many", "cancel"}
