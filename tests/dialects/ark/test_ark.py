"""Seedance on Ark: content by role, lists by id, cancels of waiting jobs alone, and clips that live for a day."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import (
    Accepted,
    Embedded,
    Found,
    NoReply,
    NotFound,
    Phase,
    Refused,
    Unclear,
    capabilities,
)
from reelgate.core.errors import Code
from reelgate.core.profile import parse_profiles
from reelgate.core.size_class import class_of
from reelgate.core.task import Role, Verb, parse_size
from reelgate.dialects.ark import BATCH, DIALECT, MOST_PAGES, PAGE, SETTLED_MS
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import NOW_MS, play, reply
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import HERE, SECRET, holds, picture, refused, submission
from tests.dialects.samples import channel as any_channel

VECTORS = json.loads((HERE.parent / "contracts" / "vectors.json").read_text("utf-8"))
OURS = [v for v in VECTORS if v["dialect"] == "ark"]
REF = "cgt-1"
URL = "https://cdn.example/g.mp4"
TASKS = "/contents/generations/tasks"


def channel(**settings: Any):
    return any_channel("ark", "https://upstream.example/api/v3", **settings)


def job(status: str | None = "running", **changes: Any) -> dict[str, Any]:
    return {
        "id": REF,
        "model": "m-1",
        "status": status,
        "created_at": NOW_MS // 1_000,
        "updated_at": NOW_MS // 1_000 + 90,
        "resolution": "720p",
        "ratio": "9:16",
        "duration": 8,
        "seed": 7,
    } | changes


def poll(*answers: Any) -> Any:
    return play(DIALECT.poll(REF, channel()), *answers).result


def sent(given: Any, **settings: Any) -> Any:
    return play(DIALECT.submit(given, channel(**settings)), reply({"id": REF})).call


def error(code: str, message: str = "m", status: int = 400) -> Any:
    return reply({"error": {"code": code, "message": message, "param": "", "type": ""}}, status)


CASE = Case(
    dialect=DIALECT,
    channel=channel(),
    submission=submission(),
    ref=REF,
    accepted=(reply({"id": REF}),),
    refused=(error("InvalidParameter"),),
    running=(reply(job()),),
    completed=(reply(job("succeeded", content={"video_url": URL})),),
    failed=(reply(job("failed", error={"code": "InternalServiceError", "message": "m"})),),
    empty_completed=(reply(job("succeeded", content={})),),
    unknown_word=(reply(job("pondering")),),
    error_in_200=(reply({"error": {"code": "InternalServiceError", "message": "moved"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", OURS, ids=lambda v: v["id"])
def test_a_golden_reply_reads_as_its_vector_says(vector):
    holds(vector, DIALECT)


def test_it_lists_finds_and_cancels():
    assert capabilities(DIALECT) == {"poll_many", "find", "cancel"}


# The paid call.


def test_a_prompt_goes_as_content_with_class_ratio_and_length():
    call = sent(submission(seed=7, audio=False, watermark=False))

    assert (call.path, call.headers) == (TASKS, {"Authorization": f"Bearer {SECRET}"})
    assert call.json == {
        "model": "m-1",
        "content": [{"type": "text", "text": "a paper boat"}],
        "resolution": "720p",
        "ratio": "9:16",
        "duration": 8,
        "seed": 7,
        "generate_audio": False,
        "watermark": False,
    }


def test_every_input_says_its_role():
    frames = sent(submission(Verb.CREATE, picture(), picture(Role.LAST_FRAME))).json["content"][1:]
    others = sent(submission(Verb.CREATE, picture(Role.REFERENCE), picture(Role.AUDIO, "audio/mpeg"))).json[
        "content"
    ][1:]

    assert [part["role"] for part in frames + others] == [
        "first_frame",
        "last_frame",
        "reference_image",
        "reference_audio",
    ]
    assert frames[0]["image_url"] == {"url": Embedded("a" * 64, "image/png", data_url=True)}
    assert others[1]["audio_url"]["url"].media_type == "audio/mpeg"


def test_vendor_options_and_the_operators_callback_go_along_and_overrule_nothing():
    given = submission(
        extra={"service_tier": "flex", "model": "dearer", "callback_url": "https://mine.example"}
    )
    body = sent(given, callback_url="https://gate.example/cb/x").json

    assert (body["service_tier"], body["model"]) == ("flex", "m-1")
    assert body["callback_url"] == "https://gate.example/cb/x"


@pytest.mark.parametrize(
    "given",
    [
        submission(Verb.CREATE, picture(), picture(Role.REFERENCE)),
        submission(Verb.CREATE, picture(Role.SOURCE_VIDEO, "video/mp4")),
        submission(Verb.EDIT),
        submission(Verb.EXTEND),
    ],
)
def test_what_the_wire_cannot_say_is_refused_before_a_call(given):
    assert refused(DIALECT.submit(given, channel())).code is Code.INVALID_REQUEST


def test_an_edit_goes_by_the_link_of_its_source():
    given = submission(Verb.EDIT, parent_ref="cgt-0")
    played = play(
        DIALECT.submit(given, channel()),
        reply(job("succeeded", content={"video_url": URL})),
        reply({"id": REF}),
    )

    assert [(c.method, c.path) for c in played.calls] == [("GET", f"{TASKS}/cgt-0"), ("POST", TASKS)]
    assert played.calls[1].json["content"][-1] == {
        "type": "video_url",
        "video_url": {"url": URL},
        "role": "reference_video",
    }


@pytest.mark.parametrize(
    ("answer", "retryable"),
    [
        (NoReply(sent=True, reason="t"), True),
        (reply(job("succeeded", content=None)), False),
        (error("ResourceNotFound", status=404), False),
    ],
)
def test_an_edit_whose_source_is_out_of_reach_costs_nothing(answer, retryable):
    played = play(DIALECT.submit(submission(Verb.EDIT, parent_ref="cgt-0"), channel()), answer)

    assert isinstance(played.result, Refused)
    assert played.result.failure.retryable is retryable
    assert all(call.method == "GET" for call in played.calls)


@pytest.mark.parametrize(
    ("code", "status", "expected", "retryable"),
    [
        ("InputTextRiskDetection", 400, Code.CONTENT_POLICY, False),
        ("InputImageSensitiveContentDetected.PrivacyInformation", 400, Code.CONTENT_POLICY, False),
        ("MissingParameter", 400, Code.INVALID_REQUEST, False),
        ("InvalidEndpoint.ClosedEndpoint", 400, Code.PERMISSION_OR_CHANNEL, False),
        ("AuthenticationError", 401, Code.UNAUTHORIZED, False),
        ("AccountOverdueError", 403, Code.ACCOUNT_SUSPENDED, False),
        ("AccessDenied", 403, Code.PERMISSION_OR_CHANNEL, False),
        ("ModelNotOpen", 404, Code.PERMISSION_OR_CHANNEL, False),
        ("InvalidEndpointOrModel.NotFound", 404, Code.NOT_FOUND, False),
        ("ModelAccountRpmRateLimitExceeded", 429, Code.RATE_LIMITED, True),
        ("QuotaExceeded", 429, Code.RATE_LIMITED, True),
        ("ServerOverloaded", 429, Code.OVERLOADED, True),
    ],
)
def test_a_refusal_is_translated_by_the_vendors_own_code(code, status, expected, retryable):
    outcome = play(DIALECT.submit(submission(), channel()), error(code, status=status)).result

    assert isinstance(outcome, Refused)
    assert (outcome.failure.code, outcome.failure.retryable) == (expected, retryable)


def test_a_quota_of_a_minute_is_a_wait_whatever_its_words_say():
    words = "You exceeded your current quota of tasks."
    outcome = play(DIALECT.submit(submission(), channel()), error("QuotaExceeded", words, 429)).result

    assert isinstance(outcome, Refused)
    assert outcome.failure.code is Code.RATE_LIMITED


def test_an_internal_error_leaves_a_submit_open_and_a_poll_as_it_was():
    answer = error("InternalServiceError", status=500)

    assert isinstance(play(DIALECT.submit(submission(), channel()), answer).result, Unclear)
    assert poll(answer).trouble.code is Code.UPSTREAM_INTERNAL
    assert poll(answer).trouble.retryable


# Polls.


@pytest.mark.parametrize(
    ("word", "phase", "code"),
    [
        ("queued", Phase.QUEUED, None),
        ("running", Phase.IN_PROGRESS, None),
        ("cancelled", Phase.CANCELLED, None),
        ("expired", Phase.FAILED, Code.EXPIRED),
        ("failed", Phase.FAILED, Code.UPSTREAM_FAILED),
    ],
)
def test_every_status_word_is_known(word, phase, code):
    seen = poll(reply(job(word)))

    assert (seen.phase, seen.error.code if seen.error else None) == (phase, code)


def test_an_internal_fault_of_a_job_may_be_tried_again():
    seen = poll(reply(job("failed", error={"code": "InternalServiceError", "message": "m"})))

    assert (seen.error.code, seen.error.retryable) == (Code.UPSTREAM_INTERNAL, True)


def test_a_clip_has_an_address_for_a_day():
    (output,) = poll(reply(job("succeeded", content={"video_url": URL, "last_frame_url": "x"}))).outputs

    assert output.url == URL
    assert output.expires_at_ms == NOW_MS + 90_000 + 86_400_000


def test_a_record_that_outlived_its_clip_says_so_and_one_without_content_is_asked_again():
    gone = poll(reply(job("succeeded", content=None)))
    odd = poll(reply(job("succeeded")))

    assert (gone.phase, gone.error.code) == (Phase.FAILED, Code.ASSET_EXPIRED)
    assert (odd.phase, odd.outputs, odd.error) == (Phase.COMPLETED, (), None)


def test_a_callback_is_a_task_as_asked_for():
    assert DIALECT.heard(reply(job("queued")), channel()).phase is Phase.QUEUED
    assert DIALECT.heard(reply(b"<html>"), channel()).trouble is not None


# Lists.


def test_many_jobs_are_asked_about_by_their_ids_in_one_call():
    played = play(
        DIALECT.poll_many(["cgt-1", "cgt-2", "cgt-3"], channel()),
        reply(
            {
                "total": 2,
                "items": [job(), job("succeeded", id="cgt-2", content={"video_url": URL}), job(id="x")],
            }
        ),
    )

    assert played.call.path == TASKS
    assert [v for n, v in played.call.query if n == "filter.task_ids"] == ["cgt-1", "cgt-2", "cgt-3"]
    assert {ref: seen.phase for ref, seen in played.result.items()} == {
        "cgt-1": Phase.IN_PROGRESS,
        "cgt-2": Phase.COMPLETED,
    }


def test_a_long_list_of_ids_is_asked_about_in_batches():
    refs = [f"cgt-{number}" for number in range(BATCH + 1)]
    played = play(
        DIALECT.poll_many(refs, channel()), reply({"items": []}), reply({"items": [job(id=refs[-1])]})
    )

    assert [sum(n == "filter.task_ids" for n, _ in call.query) for call in played.calls] == [BATCH, 1]
    assert set(played.result) == {refs[-1]}


@pytest.mark.parametrize(
    ("answer", "refs"),
    [
        (error("AuthenticationError", status=401), {"a", "b"}),
        (error("ModelAccountRpmRateLimitExceeded", status=429), {"a", "b"}),
        (NoReply(sent=True, reason="t"), {"a", "b"}),
        (error("NotFound", status=404), set()),
        (reply(b"<html></html>"), set()),
        (reply({"items": "none"}), set()),
    ],
)
def test_a_channel_in_trouble_is_in_trouble_for_every_job_and_a_missing_list_for_none(answer, refs):
    seen = play(DIALECT.poll_many(["a", "b"], channel()), answer).result

    assert set(seen) == refs
    assert all(each.phase is None and each.trouble is not None and not each.lost for each in seen.values())


# Finding.


def find(
    *answers: Any,
    taken: frozenset[str] = frozenset(),
    age_ms: int = SETTLED_MS,
    seed: int | None = 7,
    **settings: Any,
) -> Any:
    flow = DIALECT.find(submission(seed=seed), channel(**settings), taken)
    return play(flow, *answers, now_ms=NOW_MS + age_ms).result


def test_a_job_with_the_seed_of_the_submission_is_found():
    outcome = find(reply({"items": [job("queued"), job(id="cgt-2", seed=8), job(id="cgt-3", duration=5)]}))

    assert isinstance(outcome, Found)
    assert (outcome.ref, outcome.observation.phase if outcome.observation else None) == (REF, Phase.QUEUED)


@pytest.mark.parametrize(
    ("items", "seed"),
    [
        ([job()], None),
        ([job(), job(id="cgt-2")], 7),
        ([job(), job(id="cgt-2", seed=None)], 7),
        ([job(seed=None)], 7),
    ],
    ids=["no seed asked", "two", "one and a doubt", "no seed told"],
)
def test_anything_but_one_sure_match_is_unclear(items, seed):
    assert isinstance(find(reply({"items": items}), seed=seed), Unclear)


@pytest.mark.parametrize(
    "change",
    [
        {"created_at": NOW_MS // 1_000 - 3_600},
        {"ratio": "1:1"},
        {"resolution": "480p"},
        {"duration": 4},
        {"seed": 8},
    ],
)
def test_absence_is_certain_only_in_a_complete_list_after_a_while(change):
    page = reply({"items": [job(**change)]})

    assert not find(page).certain
    assert find(page, list_complete=True).certain
    assert not find(page, list_complete=True, age_ms=SETTLED_MS - 1).certain


def test_jobs_of_other_attempts_are_passed_over():
    assert isinstance(find(reply({"items": [job()]}), taken=frozenset({REF})), NotFound)


def test_an_unreadable_or_endless_list_finds_nothing_out():
    full = reply({"items": [job(id=f"x{n}", seed=8) for n in range(PAGE)]})

    assert isinstance(find(error("InternalServiceError", status=500)), Unclear)
    assert isinstance(find(*[full] * MOST_PAGES), Unclear)


# Cancelling.


def test_a_waiting_job_is_taken_out_of_the_queue():
    played = play(DIALECT.cancel(REF, channel()), reply(job("queued")), reply(b""))

    assert [(c.method, c.path) for c in played.calls] == [
        ("GET", f"{TASKS}/{REF}"),
        ("DELETE", f"{TASKS}/{REF}"),
    ]
    assert played.result.ended


@pytest.mark.parametrize("word", ["running", "succeeded", "failed", "expired", "pondering"])
def test_any_other_job_is_left_alone_for_deleting_would_forget_it(word):
    played = play(DIALECT.cancel(REF, channel()), reply(job(word)))

    assert not played.result.ended
    assert played.result.reason


def test_a_job_that_began_meanwhile_goes_on():
    refusal = error("InvalidAction.RunningTaskDeletion", "The task is running.", 409)

    assert not play(DIALECT.cancel(REF, channel()), reply(job("queued")), refusal).result.ended
    assert play(DIALECT.cancel(REF, channel()), reply(job("cancelled"))).result.ended


def test_sizes_of_profiles_belong_to_the_classes_the_wire_has():
    profiles = parse_profiles((HERE.parents[1] / "src/reelgate/dialects/ark.toml").read_text("utf-8"))

    for profile in profiles.model:
        sizes = [size for text in profile.sizes if (size := parse_size(text)) is not None]
        assert {class_of(size) for size in sizes} <= {"480p", "720p", "1080p"}
        assert len(sizes) == len(profile.sizes)


# Bent answers.


@given(body=damaged(job(usage=None, error=None)), status=st.sampled_from([200, 404, 500]))
def test_a_damaged_answer_never_ends_a_living_job(body, status):
    lives_on(DIALECT, channel(), REF, body, status)


@given(
    body=ANYTHING
    | damaged(job("succeeded", content={"video_url": URL}))
    | damaged({"total": 1, "items": [job(), job("failed", error={"code": "x", "message": "m"})]}),
    status=st.integers(100, 599),
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, channel(), submission(seed=7), body, status)
    never_raises(DIALECT, channel(), submission(Verb.EDIT, parent_ref="cgt-0"), body, status)


def test_a_job_in_the_first_answer_is_taken_in_at_once():
    outcome = play(DIALECT.submit(submission(), channel()), reply(job("queued"))).result

    assert isinstance(outcome, Accepted)
    assert outcome.observation is not None
    assert outcome.observation.phase is Phase.QUEUED
