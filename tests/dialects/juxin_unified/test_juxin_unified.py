"""Juxin's unified format: nested status, several places for the clip, characters, one job for a storyboard."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from reelgate.core.dialect import Accepted, File, Kept, Likeness, NoReply, Phase, Refused, Unclear
from reelgate.core.errors import Code
from reelgate.core.profile import parse_profiles
from reelgate.core.task import Role, Size, Verb
from reelgate.dialects.juxin_unified import DIALECT
from reelgate.testing.conformance import HTML, Case, checks
from reelgate.testing.play import play, reply
from tests.dialects.damage import damaged, lives_on, never_raises
from tests.dialects.samples import HERE, channel, picture, submission

REF = "sora-2:task_01k0000000000000000000aaaa"
CHANNEL = channel("juxin_unified", "https://relay.example")
CLIP = "https://cdn.example/v1.mp4?sig=x"


def job(
    outer: str = "pending", inner: str | None = "processing", pct: Any = 0.93, **changes: Any
) -> dict[str, Any]:
    pending = {"status": inner, "progress_pct": pct, "failure_reason": None, "n_frames": 450}
    detail = {"id": "task_1", "status": "pending", "pending_info": pending}
    return {"id": REF, "status": outer, "status_update_time": 1759763621142, "detail": detail} | changes


def done(**detail: Any) -> dict[str, Any]:
    return {"id": REF, "status": "completed", "detail": {"status": "completed", **detail}}


CASE = Case(
    dialect=DIALECT,
    channel=CHANNEL,
    submission=submission(),
    ref=REF,
    accepted=(reply({"id": REF, "status": "pending", "status_update_time": 1759763400000}),),
    refused=(reply({"error": {"message": "bad size", "message_zh": "尺寸", "type": "new_api_error"}}, 400),),
    running=(reply(job()),),
    completed=(reply(job("completed", None) | {"video_url": CLIP}),),
    failed=(reply({"id": REF, "status": "failed", "detail": {"failure_reason": "It broke."}}),),
    empty_completed=(reply(done()),),
    unknown_word=(reply(job("pondering", "musing") | {"detail": {}}),),
    error_in_200=(reply({"error": {"message": "moved", "type": "server_error"}}),),
    running_at=lambda raw: (reply(job(pct=raw)),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


def poll(body: Any, status: int = 200) -> Any:
    return play(DIALECT.poll(REF, CHANNEL), reply(body, status)).result


def sent(given, *uploads) -> dict[str, Any]:
    played: Any = play(DIALECT.submit(given, CHANNEL), *uploads, reply({"id": REF, "status": "pending"}))
    return played.calls[-1].json


# The paid call.


def test_a_request_becomes_orientation_class_and_length():
    """Shows 000-02, 000-03."""

    assert sent(submission()) == {
        "model": "m-1",
        "prompt": "a paper boat",
        "images": [],
        "orientation": "portrait",
        "size": "small",
        "duration": 8,
    }


@pytest.mark.parametrize(
    ("size", "orientation", "kind"),
    [
        (Size(720, 1280), "portrait", "small"),
        (Size(1280, 720), "landscape", "small"),
        (Size(1920, 1080), "landscape", "large"),
        (Size(1080, 1920), "portrait", "large"),
        (Size(720, 720), "portrait", "small"),
    ],
    ids=str,
)
def test_sizes_are_told_as_small_or_large_and_a_direction(size, orientation, kind):
    """Shows 000-04, 000-17, 000-18."""

    fields = sent(bent(submission(), size=size))

    assert (fields["orientation"], fields["size"]) == (orientation, kind)


def bent(given, **changes):
    return replace(given, request=replace(given.request, **changes))


def test_watermark_and_private_are_told_only_when_somebody_chose():
    """Shows 000-04."""

    fields = sent(submission(watermark=False, private=True))

    assert (fields["watermark"], fields["private"]) == (False, True)


def test_a_character_by_address_is_passed_on():
    extra = {"character_url": "https://cdn.example/me.mp4", "character_timestamps": "1,3", "model": "other"}
    fields = sent(submission(extra=extra))

    assert fields["character_timestamps"] == "1,3"
    assert fields["model"] == "m-1"


def test_pictures_go_to_the_relays_own_host_first_and_by_address_after_that():
    given = submission(Verb.CREATE, picture(), picture(Role.REFERENCE))
    first = reply({"url": "https://files.example/1.png"})
    second = reply({"data": {"url": "https://files.example/2.png"}})
    played: Any = play(DIALECT.submit(given, CHANNEL), first, second, reply({"id": REF, "status": "pending"}))

    assert [call.path for call in played.calls] == ["/api/upload", "/api/upload", "/v1/video/create"]
    assert played.calls[0].form == (File("file", "a" * 64, "first_frame.png", "image/png"),)
    assert played.calls[2].json["images"] == ["https://files.example/1.png", "https://files.example/2.png"]


@pytest.mark.parametrize(
    ("answer", "code", "retryable"),
    [
        (reply(HTML, 502, {"content-type": "text/html"}), Code.OVERLOADED, True),
        (NoReply(sent=True, reason="reset"), Code.OVERLOADED, True),
        (reply({"url": "not an address"}), Code.OVERLOADED, True),
        (
            reply({"error": {"message": "invalid token", "type": "new_api_error"}}, 401),
            Code.UNAUTHORIZED,
            False,
        ),
        (reply({"error": {"message": "too big"}}, 413), Code.PAYLOAD_TOO_LARGE, False),
    ],
    ids=["html", "silence", "no address", "key", "too large"],
)
def test_a_picture_that_was_not_taken_means_that_nothing_was_paid_for(answer, code, retryable):
    outcome: Any = play(DIALECT.submit(submission(Verb.CREATE, picture()), CHANNEL), answer).result

    assert isinstance(outcome, Refused)
    assert (outcome.failure.code, outcome.failure.retryable) == (code, retryable)


@pytest.mark.parametrize(
    "given",
    [
        submission(Verb.REMIX, parent_ref="video_1"),
        submission(Verb.CREATE, picture(Role.LAST_FRAME)),
        submission(Verb.CREATE, picture(character_id="char_1", character_name="me")),
    ],
    ids=["remix", "last frame", "character of ours"],
)
def test_what_this_wire_cannot_carry_is_refused_before_anything_is_sent(given):
    played: Any = play(DIALECT.submit(given, CHANNEL))

    assert isinstance(played.result, Refused)
    assert played.effects == ()


def test_a_storyboard_is_one_job_whose_prompt_is_cut_into_shots_and_names_no_length_beside_them():
    shots = [
        {"scene": "a dock\nat dawn", "duration": 5},
        {"scene": "a boat leaves", "duration": 7.5},
        {"scene": " "},
    ]
    given = submission(Verb.CREATE, picture(), picture(Role.REFERENCE), extra={"shots": shots})
    fields = sent(given, *(reply({"url": f"https://files.example/{n}.png"}) for n in (1, 2)))

    assert fields["prompt"] == (
        "a paper boat\n\nShot 1:\nduration: 5sec\nScene: a dock at dawn"
        "\n\nShot 2:\nduration: 7.5sec\nScene: a boat leaves"
    )
    assert "duration" not in fields
    assert "shots" not in fields
    assert len(fields["images"]) == 2


def test_a_storyboard_written_by_hand_goes_as_it_is():
    prompt = "Shot 1:\nduration: 5sec\nScene: a\n\nShot 2:\nduration: 5sec\nScene: b"
    fields = sent(bent(submission(), prompt=prompt))

    assert fields["prompt"] == prompt
    assert "duration" not in fields


# What a submit answer proves.


@pytest.mark.parametrize(
    "body",
    [
        {"id": REF, "status": "pending", "status_update_time": 1759763400000},
        {"id": "video_1", "object": "video", "status": "queued", "progress": 0, "created_at": 1763453615},
    ],
    ids=["documented", "recorded"],
)
def test_both_shapes_of_an_acceptance_are_read(body):
    outcome: Any = play(DIALECT.submit(submission(), CHANNEL), reply(body)).result

    assert isinstance(outcome, Accepted)
    assert outcome.ref == body["id"]
    assert outcome.observation is not None
    assert outcome.observation.phase is Phase.QUEUED


def test_a_web_page_at_a_wrong_path_is_no_acceptance_and_no_refusal():
    """Shows 000-23."""

    page = reply(HTML, 200, {"content-type": "text/html"})

    assert isinstance(play(DIALECT.submit(submission(), CHANNEL), page).result, Unclear)
    seen: Any = play(DIALECT.poll(REF, CHANNEL), page).result
    assert seen.trouble.code is Code.BAD_GATEWAY_PAYLOAD
    assert (seen.phase, seen.lost) == (None, False)


def test_a_channel_that_is_not_granted_is_no_outage_though_it_is_answered_503():
    """Shows 000-25."""

    busy = reply({"error": {"message": "channel not found", "type": "new_api_error"}}, 503)
    outcome: Any = play(DIALECT.submit(submission(), CHANNEL), busy).result

    assert isinstance(outcome, Refused)
    assert (outcome.failure.code, outcome.failure.retryable) == (Code.PERMISSION_OR_CHANNEL, False)


# Reading jobs.


def test_the_id_goes_in_the_query_where_its_colon_is_encoded():
    """Shows 000-05."""

    call = play(DIALECT.poll(REF, CHANNEL), reply(job())).call

    assert (call.path, call.query) == ("/v1/video/query", (("id", REF),))


@pytest.mark.parametrize(
    ("outer", "inner", "phase"),
    [
        ("pending", "processing", Phase.IN_PROGRESS),
        ("pending", "queued", Phase.QUEUED),
        ("pending", "musing", Phase.QUEUED),
        ("pending", None, Phase.QUEUED),
        ("processing", "failed", Phase.FAILED),
        ("failed", "processing", Phase.FAILED),
        ("completed", "processing", Phase.IN_PROGRESS),
        ("pondering", "processing", Phase.IN_PROGRESS),
    ],
)
def test_the_inner_status_counts_unless_the_outer_one_is_an_end(outer, inner, phase):
    assert poll(job(outer, inner)).phase is phase


@pytest.mark.parametrize(
    ("pct", "progress"),
    [(0.9302178175176704, 93), (0.29, 29), (0.999, 99), (0, 0), (1, 100), ("0.5", 50), (None, None)],
)
def test_the_fraction_is_floored_to_whole_percent(pct, progress):
    seen = poll(job(pct=pct))

    assert (seen.phase, seen.progress) == (Phase.IN_PROGRESS, progress)


def test_the_places_of_the_clip_are_tried_in_order():
    """Shows 000-29."""

    one, two, three, four = (f"https://cdn.example/{n}.mp4" for n in (1, 2, 3, 4))
    draft = {"downloadable_url": three, "url": four}
    found = [
        poll(body).outputs[0].url
        for body in (
            done(url=two, draft_info=draft) | {"video_url": one},
            done(url=two, draft_info=draft) | {"video_url": None},
            done(draft_info=draft),
            done(draft_info={"url": four}),
        )
    ]

    assert found == [one, two, three, four]


def test_the_consoles_log_is_read_too_and_times_in_milliseconds_disturb_nobody():
    logged = {"task_id": "video_1", "status": "SUCCESS", "progress": "100%", "created_at": 1763453615000}
    seen = poll(logged | {"data": {"status": "completed", "video_url": CLIP}})

    assert (seen.phase, seen.outputs[0].url) == (Phase.COMPLETED, CLIP)


def test_a_clip_that_was_drawn_and_then_withheld_may_be_billed():
    body = job("failed", "failed")
    body["detail"]["pending_info"] |= {
        "failure_reason": "blocked by moderation",
        "moderation_result": {"type": "blocked", "is_output_rejection": True},
    }

    assert poll(body).error.code is Code.CONTENT_FILTERED
    body["detail"]["pending_info"]["moderation_result"]["is_output_rejection"] = False
    assert poll(body).error.code is Code.CONTENT_POLICY


def test_a_key_that_is_refused_says_so_in_both_of_its_languages_envelope():
    """Shows 000-26."""

    body = {"error": {"message": "invalid token", "message_zh": "无效令牌", "type": "new_api_error"}}

    assert poll(body, 401).trouble.code is Code.UNAUTHORIZED


# Characters.


def keep(likeness: Likeness, *answers) -> Any:
    return play(DIALECT.keep_character(likeness, CHANNEL), *answers)


MADE = {"id": "ch_0", "username": "abcd.efgh", "profile_picture_url": "https://cdn.example/p.webp?se=1"}


@pytest.mark.parametrize(
    ("source", "field"), [({"ref": "video_1"}, "from_task"), ({"url": "https://cdn.example/a.mp4"}, "url")]
)
def test_a_character_is_made_from_one_source_and_the_call_names_no_model(source, field):
    """Shows 000-12, 000-13."""

    played = keep(Likeness(start_s=1, end_s=3, **source), reply(MADE))

    assert played.call.path == "/sora/v1/characters"
    assert played.call.json == {"timestamps": "1,3", field: next(iter(source.values()))}
    assert played.result == Kept(ref="ch_0", name="abcd.efgh", picture_url="https://cdn.example/p.webp?se=1")


@pytest.mark.parametrize(
    "likeness",
    [
        Likeness(start_s=1, end_s=3),
        Likeness(start_s=1, end_s=3, ref="video_1", url="https://cdn.example/a.mp4"),
        Likeness(start_s=1, end_s=5, ref="video_1"),
        Likeness(start_s=3, end_s=3, ref="video_1"),
        Likeness(start_s=-1, end_s=1, ref="video_1"),
    ],
    ids=["no source", "two sources", "too long", "too short", "before the start"],
)
def test_a_character_that_cannot_be_is_refused_before_anything_is_sent(likeness):
    """Shows 000-11."""

    played = keep(likeness)

    assert isinstance(played.result, Refused)
    assert played.effects == ()


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({"error": {"message": "task still in progress"}}, 400), Code.NOT_READY),
        (reply({"error": {"message": "channel not found"}}, 503), Code.PERMISSION_OR_CHANNEL),
        (reply({"error": {"message": "not found"}}, 404), Code.NOT_FOUND),
    ],
)
def test_a_character_refused_by_the_relay_says_why(answer, code):
    """Shows 000-14, 000-54."""

    assert keep(Likeness(start_s=1, end_s=3, ref="video_1"), answer).result.failure.code is code


@pytest.mark.parametrize("body", [{}, {"id": "ch_0"}, {"id": 7, "username": "a"}, HTML])
def test_an_answer_without_a_character_is_unclear(body):
    assert isinstance(keep(Likeness(start_s=1, end_s=3, ref="v"), reply(body)).result, Unclear)


# Damage, and facts.


@given(damaged(job()), st.sampled_from([200, 202]))
@settings(max_examples=150, deadline=None)
def test_a_damaged_answer_about_a_living_job_ends_nothing(body, status):
    lives_on(DIALECT, CHANNEL, REF, body, status)


@given(damaged(done(url=CLIP) | {"video_url": CLIP}), st.sampled_from([200, 400, 404, 429, 500]))
@settings(max_examples=100, deadline=None)
def test_nothing_makes_it_raise(body, status):
    never_raises(DIALECT, CHANNEL, submission(), body, status)


def test_the_facts_name_the_end_of_the_model_and_a_deadline_beyond_the_slowest_recorded_job():
    facts = parse_profiles(
        (HERE.parent.parent / "src/reelgate/dialects/juxin_unified.toml").read_text("utf-8")
    )

    assert {p.sunset for p in facts.model} == {"2026-09-24"}
    assert all(p.deadline_seconds >= 2 * 1_920 for p in facts.model)
    assert facts.find("sora-2-pro").seconds == (15, 25)  # pyright: ignore[reportOptionalMemberAccess]
