"""The Interactions API: one task word for each verb, clips by address, by file name or inside the answer."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import Accepted, Callback, Embedded, NoReply, Phase, Unclear, capabilities
from reelgate.core.errors import Code
from reelgate.core.profile import parse_profiles
from reelgate.core.task import Role, Verb
from reelgate.dialects.gemini_interactions import DIALECT
from reelgate.testing.conformance import Case, checks
from reelgate.testing.play import NOW_MS, play, reply
from tests.dialects.damage import ANYTHING, damaged, lives_on, never_raises
from tests.dialects.samples import HERE, SECRET, holds, picture, refused, submission
from tests.dialects.samples import channel as any_channel

VECTORS = json.loads((HERE.parent / "contracts" / "vectors.json").read_text("utf-8"))
OURS = [v for v in VECTORS if v["dialect"] == "gemini_interactions"]
REF = "v1_abc"
URI = "https://cdn.example/omni.mp4"


def channel(**settings: Any):
    return any_channel("gemini_interactions", "https://upstream.example/v1beta", **settings)


def job(status: str | None = "in_progress", **changes: Any) -> dict[str, Any]:
    return {"id": REF, "object": "interaction", "model": "m-1", "status": status} | changes


def poll(*answers: Any, **settings: Any) -> Any:
    return play(DIALECT.poll(REF, channel(**settings)), *answers).result


def sent(given: Any, **settings: Any) -> Any:
    return play(DIALECT.submit(given, channel(**settings)), reply(job())).call


CASE = Case(
    dialect=DIALECT,
    channel=channel(),
    submission=submission(),
    ref=REF,
    accepted=(reply(job("queued")),),
    refused=(reply({"error": {"code": 400, "message": "Bad ratio.", "status": "INVALID_ARGUMENT"}}, 400),),
    running=(reply(job()),),
    completed=(reply(job("completed", output_video={"uri": URI, "mime_type": "video/mp4"})),),
    failed=(reply(job("failed", errors=[{"code": 500, "message": "It broke."}])),),
    empty_completed=(reply(job("completed")),),
    unknown_word=(reply(job("pondering")),),
    error_in_200=(reply({"error": {"code": 500, "message": "moved", "status": "INTERNAL"}}),),
)


@pytest.mark.parametrize("check", checks(CASE), ids=lambda check: check.__name__)
def test_it_conforms(check):
    check(CASE)


@pytest.mark.parametrize("vector", OURS, ids=lambda v: v["id"])
def test_a_golden_reply_reads_as_its_vector_says(vector):
    holds(vector, DIALECT)


def test_it_cancels_and_checks_callbacks_and_nothing_else():
    assert capabilities(DIALECT) == {"cancel", "verify"}


# The paid call.


def test_a_prompt_alone_is_text_to_video_in_the_background():
    call = sent(submission())

    assert (call.path, call.headers) == ("/interactions", {"x-goog-api-key": SECRET})
    assert call.json == {
        "model": "m-1",
        "input": "a paper boat",
        "background": True,
        "store": True,
        "response_format": {
            "type": "video",
            "delivery": "uri",
            "aspect_ratio": "9:16",
            "resolution": "720p",
            "duration": "8s",
        },
        "generation_config": {"video_config": {"task": "text_to_video"}},
    }


@pytest.mark.parametrize(
    ("given", "task", "parts"),
    [
        (submission(Verb.CREATE, picture()), "image_to_video", 2),
        (submission(Verb.CREATE, picture(Role.REFERENCE), picture(Role.REFERENCE)), "reference_to_video", 3),
        (submission(Verb.EDIT, picture(Role.SOURCE_VIDEO, "video/mp4")), "edit", 2),
        (submission(Verb.EXTEND, parent_ref="v1_old"), "extend", 0),
        (submission(Verb.REMIX, parent_ref="v1_old"), "edit", 0),
    ],
)
def test_each_verb_has_its_task_word_and_its_parts(given, task, parts):
    body = sent(given).json

    assert body["generation_config"]["video_config"]["task"] == task
    assert (len(body["input"]) if isinstance(body["input"], list) else 0) == parts
    assert body.get("previous_interaction_id") == given.parent_ref


def test_a_file_goes_as_bare_base64_beside_its_type_and_before_the_prompt():
    clip, prompt = sent(submission(Verb.EDIT, picture(Role.SOURCE_VIDEO, "video/mp4"))).json["input"]

    assert clip == {
        "type": "video",
        "mime_type": "video/mp4",
        "data": Embedded("a" * 64, "video/mp4", data_url=False),
    }
    assert prompt == {"type": "text", "text": "a paper boat"}


@pytest.mark.parametrize(
    ("given", "param"),
    [
        (submission(Verb.CREATE, picture(), picture(Role.REFERENCE)), "input_reference"),
        (submission(Verb.CREATE, picture(Role.LAST_FRAME)), "input_reference"),
        (submission(Verb.CREATE, picture(Role.SOURCE_VIDEO, "video/mp4")), "video"),
        (submission(Verb.EDIT), "video"),
    ],
)
def test_what_the_wire_cannot_say_is_refused_before_a_call(given, param):
    assert refused(DIALECT.submit(given, channel())).param == param


def test_a_revision_is_named_where_the_channel_asks_for_one():
    assert sent(submission(), api_revision="2026-05-20").headers["Api-Revision"] == "2026-05-20"


def test_an_answer_that_already_ended_is_accepted_with_what_it_says():
    outcome = play(
        DIALECT.submit(submission(), channel()), reply(job("failed", errors=[{"message": "no"}]))
    ).result

    assert isinstance(outcome, Accepted)
    assert outcome.observation is not None
    assert outcome.observation.phase is Phase.FAILED
    assert isinstance(
        play(DIALECT.submit(submission(), channel()), reply({"status": "queued"})).result, Unclear
    )


# Polls.


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("requires_action", Code.REQUIRES_ACTION),
        ("budget_exceeded", Code.BUDGET_EXCEEDED),
        ("incomplete", Code.UPSTREAM_FAILED),
        ("failed", Code.UPSTREAM_FAILED),
    ],
)
def test_endings_without_a_clip_are_failures_with_a_code_of_their_own(word, code):
    seen = poll(reply(job(word)))

    assert (seen.phase, seen.error.code) == (Phase.FAILED, code)


def test_a_cancelled_interaction_is_cancelled():
    assert poll(reply(job("cancelled"))).phase is Phase.CANCELLED


def test_a_completed_interaction_with_an_error_and_no_clip_has_failed():
    seen = poll(reply(job("completed", errors=[{"code": 3, "message": "Violates our content policy."}])))

    assert (seen.phase, seen.error.code) == (Phase.FAILED, Code.CONTENT_POLICY)


@pytest.mark.parametrize(
    "holder",
    [
        {"output_video": {"uri": URI}},
        {
            "steps": [
                {"type": "user_input", "content": [{"type": "video", "uri": "https://cdn.example/mine.mp4"}]},
                {"type": "model_output", "content": [{"type": "text"}, {"type": "video", "uri": URI}]},
            ]
        },
        {"outputs": [{"type": "video", "uri": URI}]},
    ],
    ids=["output_video", "steps", "outputs"],
)
def test_a_clip_is_found_wherever_the_revision_puts_it_and_the_callers_own_is_not(holder):
    (output,) = poll(reply(job("completed", **holder))).outputs

    assert output.url == URI


def test_a_clip_on_the_upstreams_own_host_is_fetched_with_the_key():
    uri = "https://upstream.example/v1beta/files/f1:download?alt=media"
    (output,) = poll(reply(job("completed", output_video={"uri": uri}))).outputs

    assert (output.call.path, output.call.headers) == (uri, {"x-goog-api-key": SECRET})


def test_a_bare_file_name_is_downloaded_from_the_channel():
    (output,) = poll(reply(job("completed", output_video={"uri": "files/abc-123"}))).outputs

    assert (output.call.path, output.call.query) == ("/files/abc-123:download", (("alt", "media"),))


def test_a_small_clip_may_stand_in_the_answer_itself():
    data = base64.b64encode(b"clip").decode()
    (output,) = poll(reply(job("completed", output_video={"data": data, "mime_type": "video/mp4"}))).outputs

    assert output.data == b"clip"
    assert poll(reply(job("completed", output_video={"data": "%"}))).outputs == ()


# Cancelling and callbacks.


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (reply(job("cancelled")), True),
        (reply(job("in_progress")), False),
        (reply({}), False),
        (reply({"error": {"code": 400, "message": "done already"}}, 400), False),
        (NoReply(sent=True, reason="t"), False),
    ],
)
def test_a_cancel_ended_the_job_only_when_the_answer_says_cancelled(answer, ended):
    played = play(DIALECT.cancel(REF, channel()), answer)

    assert (played.call.method, played.call.path) == ("POST", f"/interactions/{REF}/cancel")
    assert played.result.ended is ended
    assert ended or played.result.reason


def test_a_genuine_callback_names_its_interaction():
    body = json.dumps({"type": "interaction.completed", "data": {"id": REF}}).encode()
    stamp = str(NOW_MS // 1_000)
    mark = base64.b64encode(hmac.digest(b"k" * 32, f"m.{stamp}.".encode() + body, "sha256")).decode()
    headers = {"webhook-id": "m", "webhook-timestamp": stamp, "webhook-signature": f"v1,{mark}"}
    secret = "whsec_" + base64.b64encode(b"k" * 32).decode()

    assert DIALECT.verify(Callback(headers=headers, body=body), secret, NOW_MS) == REF
    assert DIALECT.verify(Callback(headers=headers, body=body + b" "), secret, NOW_MS) is None
    assert DIALECT.verify(Callback(headers={}, body=body), secret, NOW_MS) is None


def test_the_profile_offers_what_the_wire_has_and_no_more():
    (omni,) = parse_profiles(
        (HERE.parents[1] / "src/reelgate/dialects/gemini_interactions.toml").read_text("utf-8")
    ).model

    assert set(omni.verbs) == set(Verb)
    assert not omni.negative_prompt
    assert not omni.seed


# Bent answers.


@given(
    body=damaged(job(errors=None, steps=[{"type": "thought", "content": []}])),
    status=st.sampled_from([200, 404, 500]),
)
def test_a_damaged_answer_never_ends_a_living_job(body, status):
    lives_on(DIALECT, channel(), REF, body, status)


@given(
    body=ANYTHING
    | damaged(
        job("completed", output_video={"uri": URI}, steps=[{"content": [{"type": "video", "data": "AA"}]}])
    )
    | st.fixed_dictionaries(
        {"id": ANYTHING, "status": st.sampled_from(["completed", "failed"]), "errors": ANYTHING}
    ),
    status=st.integers(100, 599),
)
def test_no_answer_makes_a_flow_raise(body, status):
    never_raises(DIALECT, channel(), submission(), body, status)
