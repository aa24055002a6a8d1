"""Runway: progress as a fraction, families of failure codes, a version in every call, a delete that takes clips."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import CatalogueModel, Embedded, Phase, capabilities
from reelgate.core.errors import Code
from reelgate.core.task import Role, Verb
from reelgate.dialects.runway import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.golden import vectors_of
from tests.dialects.samples import SECRET, channel, holds, picture, refused, submission

CHANNEL = channel("runway")
RUNNING = {"id": "p1", "status": "RUNNING", "createdAt": "2026-01-01T00:00:00Z", "progress": 0.42}
DONE = {"id": "p1", "status": "SUCCEEDED", "output": ["https://cdn.example.com/p4.mp4"]}
FILE = Embedded("a" * 64, "image/png")
HEADERS = {"Authorization": f"Bearer {SECRET}", "X-Runway-Version": "2024-11-06"}

CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref="p1",
    accepted=(reply({"id": "p1"}),),
    refused=(reply({"error": "Validation of body failed", "issues": []}, 400),),
    running=(reply(RUNNING),),
    completed=(reply(DONE),),
    failed=(reply({"id": "p1", "status": "FAILED", "failure": "m", "failureCode": "INTERNAL"}),),
    empty_completed=(reply({"id": "p1", "status": "SUCCEEDED", "output": []}),),
    unknown_word=(reply(RUNNING | {"status": "PONDERING"}),),
    error_in_200=(reply({"error": "moved"}),),
    running_at=lambda raw: (reply(RUNNING | {"progress": raw}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", vectors_of("runway"), ids=lambda v: v["id"])
def test_a_given_answer_reads_as_given(vector):
    holds(vector, DIALECT)


@given(body=damaged(RUNNING))
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "p1", body)


@given(body=damaged(DONE) | damaged({"tier": {"models": {"gen4.5": {}}}}), status=st.sampled_from([200, 404]))
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(), body, status)


def poll(body: Any) -> Any:
    return play(DIALECT.poll("p1", CHANNEL), reply(body)).result


@pytest.mark.parametrize(
    ("raw", "shown"), [(0, 0), (0.42, 42), (0.29, 29), (1, 100), (1.0, 100), (0.999, 99)]
)
def test_progress_is_a_fraction_of_one(raw, shown):
    assert poll(RUNNING | {"progress": raw}).progress == shown


@pytest.mark.parametrize(
    ("word", "phase"),
    [
        ("PENDING", Phase.QUEUED),
        ("THROTTLED", Phase.QUEUED),
        ("RUNNING", Phase.IN_PROGRESS),
        ("CANCELLED", Phase.CANCELLED),
    ],
)
def test_its_words_are_known(word, phase):
    assert poll(RUNNING | {"status": word}).phase is phase


@pytest.mark.parametrize(
    ("code", "ours", "again"),
    [
        ("SAFETY.INPUT.TEXT", Code.CONTENT_POLICY, False),
        ("SAFETY.INPUT.IMAGE", Code.CONTENT_POLICY, False),
        ("SAFETY.OUTPUT.VIDEO", Code.CONTENT_FILTERED, False),
        ("SAFETY", Code.CONTENT_POLICY, False),
        ("INPUT_PREPROCESSING.SAFETY.TEXT", Code.CONTENT_POLICY, False),
        ("INPUT_PREPROCESSING.INTERNAL", Code.UPSTREAM_INTERNAL, True),
        ("INTERNAL", Code.UPSTREAM_INTERNAL, True),
        ("INTERNAL.BAD_OUTPUT.CODE01", Code.UPSTREAM_INTERNAL, True),
        ("ASSET.INVALID", Code.INVALID_REQUEST, False),
        ("SOMETHING.NEW", Code.UPSTREAM_FAILED, False),
        (None, Code.UPSTREAM_FAILED, False),
    ],
)
def test_families_of_failure_codes_are_known(code, ours, again):
    seen = poll({"id": "p1", "status": "FAILED", "failure": "It stopped.", "failureCode": code})

    assert (seen.phase, seen.error.code, seen.error.retryable) == (Phase.FAILED, ours, again)


def test_every_call_names_a_version():
    paid = play(DIALECT.submit(submission(), CHANNEL), reply({"id": "p1"})).call
    asked = play(DIALECT.poll("p1", CHANNEL), reply(RUNNING)).call
    own = play(DIALECT.poll("p1", channel("runway", version="2027-01-01")), reply(RUNNING)).call

    assert paid.headers == asked.headers == HEADERS
    assert own.headers["X-Runway-Version"] == "2027-01-01"


def sent(*files: Any, verb: Verb = Verb.CREATE, **fields: Any) -> Any:
    return play(
        DIALECT.submit(submission(verb, *files, model="gen4.5", **fields), CHANNEL), reply({"id": "p1"})
    ).call


def test_what_is_attached_decides_the_path():
    text, first = sent(seed=0, audio=False), sent(picture())
    both = sent(picture(), picture(Role.LAST_FRAME))

    assert text.path == "/text_to_video"
    assert text.json == {
        "model": "gen4.5",
        "promptText": "a paper boat",
        "ratio": "720:1280",
        "duration": 8,
        "seed": 0,
        "audio": False,
    }
    assert (first.path, first.json["promptImage"]) == ("/image_to_video", FILE)
    assert both.json["promptImage"] == [{"uri": FILE, "position": "first"}, {"uri": FILE, "position": "last"}]


def test_an_edit_sends_its_clip_and_no_length():
    clip = picture(Role.SOURCE_VIDEO, "video/mp4")
    call = sent(clip, picture(Role.REFERENCE), verb=Verb.EDIT)

    assert call.path == "/video_to_video"
    assert call.json["videoUri"] == Embedded("a" * 64, "video/mp4")
    assert call.json["references"] == [{"type": "image", "uri": FILE}]
    assert "duration" not in call.json


@pytest.mark.parametrize("verb", [Verb.REMIX, Verb.EXTEND, Verb.EDIT])
def test_what_it_has_no_path_for_is_refused(verb):
    assert refused(DIALECT.submit(submission(verb), CHANNEL)).code is Code.INVALID_REQUEST


def test_files_too_large_for_a_data_url_are_refused_before_anything_is_sent():
    large = replace(picture(), bytes=6_000_000)

    assert refused(DIALECT.submit(submission(Verb.CREATE, large), CHANNEL)).code is Code.PAYLOAD_TOO_LARGE


def cancel(*answers: Any) -> Any:
    return play(DIALECT.cancel("p1", CHANNEL), *answers)


def test_a_living_task_is_deleted():
    played = cancel(reply(RUNNING), reply(b"", 204))

    assert played.result.ended
    assert [(c.method, c.path) for c in played.calls] == [("GET", "/tasks/p1"), ("DELETE", "/tasks/p1")]
    assert played.calls[1].headers == HEADERS


@pytest.mark.parametrize("first", [reply(DONE), reply(b"", 500), reply(RUNNING | {"status": "PONDERING"})])
def test_a_finished_or_unknown_task_is_never_deleted_for_its_clip_would_go(first):
    played = cancel(first)

    assert len(played.calls) == 1
    assert not played.result.ended


def test_a_delete_that_fails_is_not_believed():
    assert not cancel(reply(RUNNING), reply({"error": "no"}, 404)).result.ended
    assert not cancel(reply(RUNNING), reply(b"<html>")).result.ended


def test_asking_again_gives_fresh_addresses():
    fresh = DONE | {"output": ["https://cdn.example.com/new.mp4"]}

    assert poll(fresh).outputs[0].url == "https://cdn.example.com/new.mp4"


def test_the_tier_tells_the_models():
    body = {"tier": {"models": {"veo3.1": {}, "gen4.5": {"maxConcurrentGenerations": 2}}}}

    assert play(DIALECT.discover(CHANNEL), reply(body)).result == [
        CatalogueModel(name="gen4.5"),
        CatalogueModel(name="veo3.1"),
    ]
    assert capabilities(DIALECT) == {"cancel", "discover", "quota"}
