"""Grok behind APIYI: size and length always said, withheld clips billed, a 503 that is no outage."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from msgspec.structs import replace

from reelgate.core.dialect import Phase, Refused
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Size, Verb
from reelgate.dialects.apiyi_grok import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.samples import HERE, channel, job, picture, submission, texts

CHANNEL = channel("apiyi_grok", "https://relay.example/v1")
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref="job-0001",
    accepted=(reply(job(status="queued", progress=0)),),
    refused=(reply({"error": {"message": "1080p is not supported", "type": "invalid_request_error"}}, 400),),
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


def poll(body: Any) -> Any:
    return play(DIALECT.poll("job-0001", CHANNEL), reply(body)).result


def test_size_and_length_are_always_said():
    plain = play(DIALECT.submit(submission(), CHANNEL), reply(job(status="queued"))).call
    form = play(DIALECT.submit(submission(Verb.CREATE, picture()), CHANNEL), reply(job(status="queued"))).call

    for fields in (plain.json, texts(form)):
        assert (fields["size"], fields["seconds"]) == ("720x1280", "8")


def test_a_withheld_clip_is_failed_though_it_says_completed_and_the_bill_is_noted():
    error = {"code": "moderation_blocked", "message": "blocked"}
    seen = poll(job(status="completed", progress=100, error=error))

    assert (seen.phase, seen.progress, seen.outputs) == (Phase.FAILED, 100, ())
    assert (seen.error.code, seen.error.retryable) == (Code.CONTENT_POLICY, False)
    assert seen.error.detail.startswith("Billed by the upstream all the same.")


def test_a_plain_failure_notes_no_bill():
    assert "Billed" not in (poll(job(status="failed", error={"message": "It broke."})).error.detail or "")


def test_a_group_without_permission_is_no_outage_though_it_is_answered_503():
    body = {"error": {"message": "No permission to use grok-imagine-video in this group"}}
    outcome: Any = play(DIALECT.submit(submission(), CHANNEL), reply(body, 503)).result

    assert (outcome.failure.code, outcome.failure.retryable) == (Code.PERMISSION_OR_CHANNEL, False)


@pytest.mark.parametrize("verb", [Verb.REMIX, Verb.EDIT, Verb.EXTEND])
def test_other_verbs_are_not_offered(verb):
    assert isinstance(play(DIALECT.submit(submission(verb, parent_ref="v"), CHANNEL)).result, Refused)


@pytest.mark.parametrize(
    ("model", "objects"), [("grok-imagine-video", True), ("grok-imagine-video-1.5", False)]
)
def test_the_base_model_is_known_not_to_take_1080_lines(model, objects):
    facts = parse_profiles((HERE.parent.parent / "src/reelgate/dialects/apiyi_grok.toml").read_text("utf-8"))
    profile = facts.find(model)
    assert profile is not None

    found = objections(replace(submission().request, size=Size(1920, 1080)), profile)

    assert ([o.param for o in found] == ["size"]) is objects


@given(damaged(job()))
@settings(max_examples=100, deadline=None)
def test_a_damaged_answer_about_a_living_job_ends_nothing(body):
    lives_on(DIALECT, CHANNEL, "job-0001", body)


@given(damaged(job(status="completed", error={"code": "moderation_blocked", "message": "blocked"})))
@settings(max_examples=60, deadline=None)
def test_nothing_makes_it_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
