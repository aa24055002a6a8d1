"""Luma: its word for working, pictures by address only, extensions of what it made, a list that finds jobs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import Found, NotFound, Phase, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.luma import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import channel, holds, picture, refused, submission

CHANNEL = channel("luma", "https://upstream.example/dream-machine/v1")
URL = "https://cdn.example.com/l.mp4"


def job(**changes: Any) -> dict[str, Any]:
    return {
        "id": "l1",
        "generation_type": "video",
        "state": "dreaming",
        "assets": None,
        "failure_reason": None,
        "created_at": "2025-11-01T12:26:41.000Z",
        "model": "ray-2",
        "request": {"prompt": "a paper boat", "model": "ray-2"},
    } | changes


ASKED = submission(model="ray-2")
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=ASKED,
    ref="l1",
    accepted=(reply(job(state="queued"), 201),),
    refused=(reply({"detail": "Invalid aspect ratio"}, 400),),
    running=(reply(job()),),
    completed=(reply(job(state="completed", assets={"video": URL, "image": None})),),
    failed=(reply(job(state="failed", failure_reason="It broke.")),),
    empty_completed=(reply(job(state="completed", assets={})),),
    unknown_word=(reply(job(state="pondering")),),
    error_in_200=(reply({"error": {"message": "moved"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("luma"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    holds(vector, DIALECT)


@given(body=damaged(job()))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "l1", body)


@given(
    body=damaged(job(state="completed", assets={"video": URL}))
    | damaged({"generations": [job()], "has_more": True}),
    status=st.sampled_from([200, 201, 400]),
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, ASKED, body, status)


def poll(**changes: Any) -> Any:
    return play(DIALECT.poll("l1", CHANNEL), reply(job(**changes))).result


def test_dreaming_is_working():
    assert (poll().phase, poll().word) == (Phase.IN_PROGRESS, "dreaming")
    assert poll(state="queued").phase is Phase.QUEUED


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("Content moderation failed.", Code.CONTENT_POLICY),
        ("Frame broke.", Code.UPSTREAM_FAILED),
        (None, Code.UPSTREAM_FAILED),
    ],
)
def test_a_failure_gives_its_reason(reason, code):
    seen = poll(state="failed", failure_reason=reason)

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


def test_a_progress_clip_or_a_picture_is_not_the_clip():
    seen = poll(state="completed", assets={"image": URL, "progress_video": URL})

    assert (seen.phase, seen.outputs) == (Phase.COMPLETED, ())


def test_a_callback_reads_like_a_poll():
    assert DIALECT.heard(reply(job()), CHANNEL).phase is Phase.IN_PROGRESS
    assert DIALECT.heard(reply(b""), CHANNEL).phase is None


# What is sent.


def sent(*files: Any, verb: Verb = Verb.CREATE, **fields: Any) -> Any:
    flow = DIALECT.submit(submission(verb, *files, model="ray-2", **fields), CHANNEL)
    return play(flow, reply(job(state="queued"), 201)).call


def test_a_length_has_its_unit_and_a_size_becomes_ratio_and_lines():
    call = sent(extra={"loop": True})

    assert call.path == "/generations/video"
    assert call.json == {
        "model": "ray-2",
        "prompt": "a paper boat",
        "aspect_ratio": "9:16",
        "duration": "8s",
        "resolution": "720p",
        "loop": True,
    }


def test_an_extension_starts_from_the_generation_this_channel_made():
    clip = picture(Role.SOURCE_VIDEO, "video/mp4")
    call = sent(clip, verb=Verb.EXTEND, parent_ref="l0")

    assert call.json["keyframes"] == {"frame0": {"type": "generation", "id": "l0"}}


def test_keyframes_with_public_addresses_are_passed_on():
    frames = {"frame0": {"type": "image", "url": "https://pictures.example/a.png"}}

    assert sent(extra={"keyframes": frames}).json["keyframes"] == frames


@pytest.mark.parametrize(
    ("given_", "param"),
    [
        (submission(Verb.CREATE, picture()), "input_reference"),
        (submission(Verb.EXTEND), "video"),
        (submission(Verb.EDIT), "model"),
        (submission(Verb.REMIX), "model"),
    ],
)
def test_what_the_wire_cannot_carry_is_refused(given_, param):
    assert refused(DIALECT.submit(given_, CHANNEL)).param == param


# The list.


def page(*jobs: Any, more: bool = False) -> Any:
    return reply({"generations": list(jobs), "has_more": more, "count": len(jobs)})


def test_one_list_answers_for_many_jobs_page_by_page():
    played = play(
        DIALECT.poll_many(["a", "b"], CHANNEL),
        page(job(id="a"), more=True),
        page(job(id="b", state="completed", assets={"video": URL})),
    )

    assert [dict(call.query)["offset"] for call in played.calls] == ["0", "1"]
    assert {ref: seen.phase for ref, seen in played.result.items()} == {
        "a": Phase.IN_PROGRESS,
        "b": Phase.COMPLETED,
    }


def test_an_unclear_submit_is_found_or_left_unclear():
    def find(*jobs: Any) -> Any:
        return play(DIALECT.find(ASKED, CHANNEL, frozenset()), page(*jobs)).result

    assert isinstance(find(job(id="l9")), Found)
    assert isinstance(find(job(id="x"), job(id="y")), Unclear)
    outcome = find(job(created_at="2025-11-01T09:00:00Z"))
    assert isinstance(outcome, NotFound)
    assert not outcome.certain


def test_deleting_is_not_stopping_so_no_cancel_is_offered():
    assert capabilities(DIALECT) == {"poll_many", "find"}
