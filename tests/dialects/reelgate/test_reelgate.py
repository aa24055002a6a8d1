"""Reelgate behind Reelgate: our own vocabulary on both sides, and a paid call that is never sent twice."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from hypothesis import given
from msgspec.structs import replace

from reelgate.core.dialect import File, Found, NoReply, NotFound, Phase, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import objections, parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects import reelgate
from reelgate.dialects.reelgate import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import play, reply
from tests.dialects import samples
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import SECRET, job, picture, recorded, submission, texts

CHANNEL = samples.channel("reelgate")
REF = "job-0001"
CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply(job(status="queued", progress=0)),),
    refused=(reply({"error": {"message": "Bad size.", "param": "size", "code": "invalid_value"}}, 400),),
    running=(reply(job()),),
    completed=(reply(job(status="completed", progress=100)),),
    failed=(reply(job(status="failed", error={"code": "upstream_failed", "message": "It broke."})),),
    unknown_word=(reply(job(status="pondering")),),
    error_in_200=(reply({"error": {"message": "moved", "code": "server_error"}}),),
    running_at=lambda raw: (reply(job(progress=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", recorded("reelgate"), ids=lambda v: v["id"])
def test_a_recorded_answer_reads_as_it_should(vector):
    samples.holds(vector, DIALECT)


def sent(given_: Any) -> Any:
    return play(DIALECT.submit(given_, CHANNEL), reply(job(status="queued"))).call


def poll(**changes: Any) -> Any:
    return play(DIALECT.poll(REF, CHANNEL), reply(job(**changes))).result


# The paid call.


def test_every_switch_goes_through_by_name_and_the_token_is_the_idempotency_key():
    given_ = submission(
        seed=7, negative_prompt="rain", audio=False, watermark=False, private=True, extra={"style": "ink"}
    )
    call = sent(given_)

    assert call.headers == {"Authorization": f"Bearer {SECRET}", "Idempotency-Key": "token-1"}
    assert call.json == {
        "prompt": "a paper boat",
        "model": "m-1",
        "seconds": "8",
        "size": "720x1280",
        "seed": 7,
        "negative_prompt": "rain",
        "audio": False,
        "watermark": False,
        "private": True,
        "style": "ink",
    }


def test_each_picture_goes_under_its_role():
    call = sent(
        submission(
            Verb.CREATE, picture(), picture(Role.LAST_FRAME), picture(Role.REFERENCE), picture(Role.REFERENCE)
        )
    )

    assert texts(call)["seconds"] == "8"
    assert sorted(part.name for part in call.form if isinstance(part, File)) == [
        "first_frame",
        "input_reference[]",
        "input_reference[]",
        "last_frame",
    ]


def test_a_clip_of_that_side_goes_by_id_and_any_other_as_a_file():
    clip = picture(Role.SOURCE_VIDEO, "video/mp4")

    own = sent(submission(Verb.EDIT, clip, parent_ref="video_1"))
    uploaded = sent(submission(Verb.EXTEND, clip))

    assert (own.path, own.json["video"]) == ("/videos/edits", {"id": "video_1"})
    assert uploaded.path == "/videos/extensions"
    assert uploaded.form[-1] == File("video", "a" * 64, "source_video.mp4", "video/mp4")


@pytest.mark.parametrize(
    "given_",
    [
        submission(Verb.REMIX),
        submission(Verb.EDIT),
        submission(Verb.CREATE, picture(Role.AUDIO, "audio/mpeg")),
        submission(Verb.CREATE, picture(Role.REFERENCE, character_id="char_1")),
    ],
    ids=["remix of a stranger", "nothing to edit", "audio", "character"],
)
def test_what_cannot_cross_is_refused_before_anything_is_sent(given_):
    assert samples.refused(DIALECT.submit(given_, CHANNEL)).code is Code.INVALID_REQUEST


# Looking for an unclear submission.


UNKNOWN = {"data": [], "has_more": False}


def find(*pages: Any, taken: frozenset[str] = frozenset(), by_key: Any = UNKNOWN) -> Any:
    return play(DIALECT.find(submission(), CHANNEL, taken), reply(by_key), *(reply(page) for page in pages))


def test_looking_for_a_job_only_reads():
    played = find({"data": [job()], "has_more": False})

    assert [call.method for call in played.calls] == ["GET", "GET"]
    assert isinstance(played.result, Found)


def test_the_video_that_the_key_made_is_found_among_any_number_alike():
    mine = job(id="job-0002", idempotency_key=submission().token)

    played = find(by_key={"data": [mine], "has_more": False})

    assert played.result.ref == "job-0002"
    assert ("idempotency_key", submission().token) in played.calls[0].query
    assert len(played.calls) == 1


@pytest.mark.parametrize("echoed", [{}, {"idempotency_key": "another"}, {"idempotency_key": None}])
def test_a_server_that_does_not_know_the_question_about_the_key_is_not_believed(echoed: dict[str, Any]):
    played = find(UNKNOWN, by_key={"data": [job(prompt="somebody else's", **echoed)], "has_more": True})

    assert isinstance(played.result, NotFound)


def test_two_jobs_alike_leave_it_unclear_unless_one_is_known_to_be_anothers():
    twins = {"data": [job(), job(id="job-0002")], "has_more": False}

    assert isinstance(find(twins).result, Unclear)
    assert find(twins, taken=frozenset({"job-0002"})).result.ref == REF


def test_finding_nothing_is_never_certain_for_the_call_may_still_be_under_way():
    outcome = find({"data": [], "has_more": False}).result

    assert isinstance(outcome, NotFound)
    assert not outcome.certain


def test_an_answer_that_never_came_leaves_the_submission_unclear_though_a_key_was_sent():
    outcome = play(DIALECT.submit(submission(), CHANNEL), NoReply(sent=True, reason="timed out")).result

    assert isinstance(outcome, Unclear)


# Reading jobs.


def test_a_progress_of_0_is_nothing_reported():
    assert poll(progress=0).progress is None
    assert poll(progress=36).progress == 36


def test_a_video_cancelled_there_is_cancelled_here():
    seen = poll(status="failed", error={"code": "cancelled", "message": "The video was cancelled."})

    assert seen.phase is Phase.CANCELLED


@pytest.mark.parametrize(
    "code", [code for code in Code if code not in {Code.CANCELLED, Code.NOT_READY, Code.BAD_GATEWAY_PAYLOAD}]
)
def test_every_code_of_ours_comes_through_as_itself(code):
    seen = poll(status="failed", error={"code": code.value, "message": "A plain sentence."})

    # The other side's credit is this side's prepaid balance.
    wanted = Code.QUOTA_EXHAUSTED if code is Code.INSUFFICIENT_CREDIT else code
    assert (seen.phase, seen.error.code) == (Phase.FAILED, wanted)


def test_deleting_ends_the_video_there():
    gone = {"id": REF, "deleted": True, "object": "video.deleted"}
    played = play(DIALECT.cancel(REF, CHANNEL), reply(gone))

    assert (played.call.method, played.call.path) == ("DELETE", f"/videos/{REF}")
    assert played.result.ended
    assert not play(DIALECT.cancel(REF, CHANNEL), reply({"error": {"message": "no"}}, 503)).result.ended


def test_many_are_asked_about_in_one_call():
    page = {"data": [job(), job(id="job-0002", status="completed")], "has_more": False}

    seen = play(DIALECT.poll_many([REF, "job-0002"], CHANNEL), reply(page)).result

    assert {ref: each.phase for ref, each in seen.items()} == {
        REF: Phase.IN_PROGRESS,
        "job-0002": Phase.COMPLETED,
    }


# The list of models.

LISTED: dict[str, Any] = {
    "id": "wan",
    "object": "model",
    "created": 0,
    "owned_by": "Maker",
    "alias_of": None,
    "shutdown_date": "2027-01-31",
    "video": {
        "title": "Wan",
        "generative": True,
        "verbs": ["create", "remix"],
        "seconds": [4, 8],
        "seconds_default": 8,
        "sizes": {"min": 256, "max": 1920},
        "size_default": "1280x720",
        "inputs": {"first_frame": 1, "reference": 3},
        "characters": 0,
        "audio": True,
        "prompt_max": 800,
        "usual_seconds": 90,
    },
}


def test_the_other_sides_models_become_profiles():
    (model,) = play(DIALECT.discover(CHANNEL), reply({"data": [LISTED]})).result
    profile: Any = model.profile

    assert (model.name, model.title, profile.provider, profile.sunset) == (
        "wan",
        "Wan",
        "Maker",
        "2027-01-31",
    )
    assert (profile.seconds, profile.seconds_default, profile.verbs) == ((4, 8), 8, (Verb.CREATE, Verb.REMIX))
    assert (profile.sizes, profile.size_range.max, profile.size_default) == ((), 1920, "1280x720")
    assert profile.inputs == {Role.FIRST_FRAME: 1, Role.REFERENCE: 3}
    assert (profile.prompt_max, profile.usual_seconds, profile.audio) == (800, 90, True)
    wish = replace(submission(Verb.CREATE, picture()).request, seconds=5)
    assert [o.param for o in objections(wish, profile)] == ["seconds"]


@given(item=damaged(LISTED))
def test_a_damaged_list_never_raises(item):
    for model in play(DIALECT.discover(CHANNEL), reply({"data": [item]})).result:
        assert model.name
        assert model.profile is None or model.profile.default_size


def test_the_capabilities_and_profiles_say_what_is_offered():
    assert capabilities(DIALECT) == {"poll_many", "find", "cancel", "discover"}
    profiles = parse_profiles(pathlib.Path(reelgate.__file__).with_suffix(".toml").read_text("utf-8"))
    profile = profiles.find("any model at all")
    assert profile is not None
    assert objections(submission(Verb.CREATE, picture(), audio=True, private=True).request, profile) == []


@given(body=damaged(job(served_by="other", completed_at=None)))
def test_a_damaged_answer_ends_no_living_job(body):
    lives_on(DIALECT, CHANNEL, REF, body)


@given(body=ANYTHING | damaged(job(status="completed")))
def test_no_answer_makes_a_flow_raise(body):
    never_raises(DIALECT, CHANNEL, submission(), body, 200)
