"""xAI: `pending` for everything, clips withheld and billed, costs in ticks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import CatalogueModel, Embedded, Phase, capabilities
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.xai import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import channel, holds, picture, refused, submission

CHANNEL = channel("xai")
PENDING = {"status": "pending", "model": "grok-imagine-video"}
URL = "https://cdn.example.com/r3.mp4"


def done(**changes: Any) -> dict[str, Any]:
    return {
        "status": "done",
        "model": "grok-imagine-video",
        "video": {"url": URL, "duration": 8, "respect_moderation": True},
        "usage": {"cost_in_usd_ticks": 4_000_000_000},
    } | changes


CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref="x1",
    accepted=(reply({"request_id": "x1"}),),
    refused=(reply({"code": "invalid-argument", "error": "duration must be at most 15"}, 400),),
    running=(reply(PENDING, 202),),
    completed=(reply(done()),),
    failed=(reply(PENDING | {"status": "failed", "error": {"code": "internal", "message": "It broke."}}),),
    # A success word without a clip is a withheld clip here, so there is no empty success.
    unknown_word=(reply(PENDING | {"status": "pondering"}),),
    error_in_200=(reply({"error": {"message": "moved"}}),),
    running_at=lambda raw: (reply(PENDING | {"progress": raw}, 202),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("xai"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    holds(vector, DIALECT)


@given(body=damaged(PENDING), status=st.sampled_from([200, 202]))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body, status):
    lives_on(DIALECT, CHANNEL, "x1", body, status)


@given(body=damaged(done()) | damaged({"request_id": "x1"}), status=st.sampled_from([200, 202, 400, 422]))
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(), body, status)


def poll(body: Any, status: int = 200) -> Any:
    return play(DIALECT.poll("x1", CHANNEL), reply(body, status)).result


def test_a_job_is_queued_until_a_poll_has_answered_and_in_progress_from_then_on():
    taken: Any = play(DIALECT.submit(submission(), CHANNEL), reply({"request_id": "x1"})).result

    assert taken.observation is None
    assert poll(PENDING).phase is Phase.IN_PROGRESS


@pytest.mark.parametrize("body", [b"", b" ", {}, {"request_id": "x1"}])
def test_a_202_says_that_the_job_goes_on(body):
    assert poll(body, 202).phase is Phase.IN_PROGRESS


@pytest.mark.parametrize("body", [b"<html>", b"[]", {"error": "odd"}, {"status": "pondering"}, {"status": 7}])
def test_a_202_that_says_something_else_decides_nothing(body):
    assert poll(body, 202).phase is None


@pytest.mark.parametrize(
    "changes",
    [
        {"video": {"duration": 8, "respect_moderation": False}},
        {"video": {"url": URL, "respect_moderation": False}},
        {"video": {"url": ""}},
        {"video": None},
        {"video": None, "error": {"code": "x", "message": "Rejected by content moderation."}},
    ],
)
def test_a_clip_withheld_is_a_failure_that_was_billed(changes):
    seen = poll(done(**changes))

    assert (seen.phase, seen.outputs) == (Phase.FAILED, ())
    assert (seen.error.code, seen.error.retryable) == (Code.CONTENT_FILTERED, False)
    assert seen.cost == 400_000


def test_another_error_beside_the_success_word_is_told_as_it_is():
    seen = poll(done(video=None, error={"code": "internal", "message": "internal fault"}))

    assert seen.error.code is Code.UPSTREAM_INTERNAL


def test_a_bare_success_word_without_anything_of_a_job_decides_nothing():
    assert poll({"status": "done"}).phase is None


@pytest.mark.parametrize(
    ("ticks", "cost"),
    [(4_000_000_000, 400_000), (1, 1), (0, 0), (-1, None), ("4", None), (True, None), (None, None)],
)
def test_a_tick_is_the_ten_thousandth_part_of_a_micro_unit_rounded_up(ticks, cost):
    assert poll(done(usage={"cost_in_usd_ticks": ticks})).cost == cost


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (PENDING | {"status": "expired"}, Code.EXPIRED),
        (PENDING | {"status": "failed", "error": "Rejected by content moderation."}, Code.CONTENT_POLICY),
        (PENDING | {"status": "failed"}, Code.UPSTREAM_FAILED),
        ({"status": "failed", "error": {"code": "internal_error", "message": "x"}}, Code.UPSTREAM_INTERNAL),
    ],
)
def test_its_endings_are_known(body, code):
    seen = poll(body)

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


def test_a_refusal_for_content_may_come_as_a_4xx_to_the_poll():
    seen = poll({"code": "invalid", "error": "Generated video rejected by content moderation."}, 400)

    assert (seen.phase, seen.error.code) == (Phase.FAILED, Code.CONTENT_POLICY)
    assert poll({"code": "invalid", "error": "Some argument is wrong."}, 400).phase is None
    assert poll({"error": "content moderation is down"}, 503).phase is None


def sent(*files: Any, verb: Verb = Verb.CREATE, **fields: Any) -> Any:
    return play(DIALECT.submit(submission(verb, *files, **fields), CHANNEL), reply({"request_id": "x1"})).call


FILE = {"url": Embedded("a" * 64, "image/png")}
CLIP = picture(Role.SOURCE_VIDEO, "video/mp4")


def test_a_clip_is_made_from_text_a_picture_or_references():
    assert sent().path == "/videos/generations"
    assert sent().json == {
        "model": "m-1",
        "prompt": "a paper boat",
        "duration": 8,
        "aspect_ratio": "9:16",
        "resolution": "720p",
    }
    assert sent(picture()).json["image"] == FILE
    assert sent(picture(Role.REFERENCE), picture(Role.REFERENCE)).json["reference_images"] == [FILE, FILE]


def test_an_edit_keeps_length_and_shape_and_an_extension_adds_seconds():
    edit, extend = sent(CLIP, verb=Verb.EDIT), sent(CLIP, verb=Verb.EXTEND)

    assert (edit.path, set(edit.json)) == ("/videos/edits", {"model", "prompt", "video"})
    assert (extend.path, extend.json["duration"]) == ("/videos/extensions", 8)


@pytest.mark.parametrize(
    "given_",
    [
        submission(Verb.CREATE, picture(), picture(Role.REFERENCE)),
        submission(Verb.CREATE, picture(Role.LAST_FRAME)),
        submission(Verb.EDIT),
        submission(Verb.REMIX),
    ],
)
def test_what_the_wire_cannot_carry_is_refused(given_):
    assert refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


def test_only_models_that_make_clips_are_listed():
    body = {"data": [{"id": "grok-4"}, {"id": "grok-imagine-video"}, {"id": 7}]}

    assert play(DIALECT.discover(CHANNEL), reply(body)).result == [CatalogueModel(name="grok-imagine-video")]
    assert capabilities(DIALECT) == {"discover"}
