"""What polls, lists and the rest learn about jobs."""

from __future__ import annotations

import json
import math
import pathlib
from collections.abc import Generator, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelgate.core.dialect import (
    CatalogueModel,
    Found,
    NoReply,
    NotFound,
    Phase,
    Unclear,
    capabilities,
)
from reelgate.core.errors import Code
from reelgate.core.openai_shape import MOST_PAGES
from reelgate.core.task import Verb
from reelgate.dialects.openai_videos import DIALECT
from reelgate.testing.play import play, reply
from tests.dialects.openai_videos.case import NOW_MS, REF, SECRET, channel, job, submission

VECTORS = json.loads((pathlib.Path(__file__).parents[2] / "contracts" / "vectors.json").read_text())
OPENAI_SHAPED = {
    "openai_videos",
    "apiyi_async",
    "apiyi_grok",
    "vllm_omni",
    "sglang",
    "zhenzhen_v1videos",
    "juxin_openai",
}
OURS = [v for v in VECTORS if v["dialect"] in OPENAI_SHAPED]


def poll(*answers, **settings) -> Any:
    return play(DIALECT.poll(REF, channel(**settings)), *answers).result


def listing(*items, **more):
    return reply({"object": "list", "data": list(items), **more})


def test_every_optional_operation_is_offered():
    assert capabilities(DIALECT) == {"poll_many", "find", "cancel", "discover"}


@pytest.mark.parametrize("vector", OURS, ids=lambda v: v["id"])
def test_a_golden_reply_reads_as_its_vector_says(vector):
    answer = reply(vector["body"], vector["http_status"], {"content-type": vector["content_type"]})
    expect = vector["expect"]

    if vector["op"] in {"submit", "remix"}:
        accepted: Any = play(DIALECT.submit(submission(), channel()), answer).result
        assert accepted.ref == expect["upstream_id"]
        seen: Any = accepted.observation
    else:
        ref = vector["body"]["id"]
        seen = play(
            DIALECT.poll(ref, channel(content="url" if "metadata" in vector["body"] else "call")), answer
        ).result

    assert seen.phase == expect["status"]
    if seen.phase is not Phase.COMPLETED or "progress" in vector["body"]:
        assert seen.progress == expect["progress"]
    if "error_code" in expect:
        assert (seen.error.code, seen.error.retryable) == (expect["error_code"], expect["retryable"])
    if "message" in expect:
        assert seen.error.message == expect["message"]
    if "url" in expect:
        (output,) = seen.outputs
        assert output.url == expect["url"] or output.call.path == expect["url"].removeprefix("{base}/v1")


def test_there_are_golden_replies_for_this_shape():
    assert sum(v["dialect"] == "openai_videos" for v in OURS) >= 1
    assert len(OURS) >= 10


def test_a_completed_job_is_fetched_through_the_channel_with_its_key():
    (output,) = poll(
        reply(job(status="completed", media_type="video/webm", expires_at=1_762_000_900))
    ).outputs

    assert (output.call.method, output.call.path) == ("GET", f"/videos/{REF}/content")
    assert output.call.headers["Authorization"] == f"Bearer {SECRET}"
    assert (output.media_type, output.expires_at_ms) == ("video/webm", 1_762_000_900_000)


@pytest.mark.parametrize(
    "body",
    [
        {"metadata": {"url": "https://c.example/1"}},
        {"url": "https://c.example/1"},
        {"video_url": "https://c.example/1"},
    ],
)
def test_an_address_in_the_answer_is_used_where_the_channel_says_so(body):
    (output,) = poll(reply(job(status="completed", **body)), content="url").outputs

    assert (output.url, output.call) == ("https://c.example/1", None)


@pytest.mark.parametrize("url", ["", None, "file:///etc/passwd", "/relative", 7, ["https://c.example/1"]])
def test_completed_without_a_usable_address_brings_no_output(url):
    seen = poll(reply(job(status="completed", url=url)), content="url")

    assert (seen.phase, seen.outputs, seen.error) == (Phase.COMPLETED, (), None)


def test_completed_with_an_error_has_failed():
    seen = poll(reply(job(status="completed", error={"code": "moderation_blocked", "message": "blocked"})))

    assert seen.phase is Phase.FAILED
    assert seen.error.code is Code.CONTENT_POLICY
    assert seen.outputs == ()


@pytest.mark.parametrize("error", [None, {}, "", {"code": 0, "message": ""}, {"code": None, "message": None}])
def test_an_empty_error_beside_a_success_is_none(error):
    assert poll(reply(job(status="completed", error=error))).phase is Phase.COMPLETED


@pytest.mark.parametrize("status", [400, 500])
def test_a_failed_job_inside_an_http_error_has_failed(status):
    seen = poll(reply(job(status="failed", error={"code": status, "message": "CUDA out of memory"}), status))

    assert seen.phase is Phase.FAILED
    assert seen.error.code is (Code.UPSTREAM_INTERNAL if status == 500 else Code.INVALID_REQUEST)


@pytest.mark.parametrize("word", ["queued", "in_progress", "completed", "pondering"])
def test_a_living_job_inside_an_http_error_keeps_its_state(word):
    seen = poll(reply(job(status=word), 500))

    assert seen.phase is None
    assert seen.trouble is not None


def test_an_error_beside_a_running_word_does_not_end_the_job():
    assert poll(reply(job(error={"message": "retrying"}))).phase is Phase.IN_PROGRESS


@pytest.mark.parametrize(
    "body", [{"status": "error", "message": "busy"}, {"status": "ok"}, {"status": 401}, {"status": None}]
)
def test_an_envelope_that_names_no_job_ends_nothing(body):
    seen = poll(reply(body))

    assert seen.phase is None
    assert seen.trouble is not None


def test_an_expired_job_says_so():
    assert poll(reply(job(status="expired"))).error.code is Code.EXPIRED


def test_the_reason_of_a_relay_is_read_and_cleaned():
    reason = "Bad picture at https://cdn.example/x.png. Trace follows: a b c"
    seen = poll(reply(job(status="FAILURE", fail_reason=reason)))

    assert seen.error.message == "Bad picture at [address]."


def test_an_unknown_task_in_a_400_is_lost():
    assert poll(reply({"code": "task_not_exist", "message": "task_not_exist", "data": None}, 400)).lost


def test_a_throttled_poll_says_how_long_to_wait():
    seen = poll(reply({"error": {"message": "slow"}}, 429, {"Retry-After": "12"}))

    assert seen.retry_after_s == 12
    assert seen.trouble.code is Code.RATE_LIMITED


# Lists.


def ends_with(flow: Generator[Any, Any, Any], answers: Iterable[Any]) -> Any:
    """Give what a flow returns before `answers` run out."""
    next(flow)
    for answer in answers:
        try:
            flow.send(answer)
        except StopIteration as end:
            return end.value
    raise AssertionError("the flow still asks")


def many(refs, *answers, **settings) -> Any:
    return play(DIALECT.poll_many(refs, channel(**settings)), *answers)


def test_one_list_call_answers_for_many_and_leaves_out_what_it_did_not_see():
    played = many(
        ["a", "b", "gone"],
        listing(job(id="a"), job(id="b", status="completed"), job(id="other"), has_more=False),
    )

    assert played.call.query == [("limit", "100"), ("order", "desc")]
    assert {ref: seen.phase for ref, seen in played.result.items()} == {
        "a": Phase.IN_PROGRESS,
        "b": Phase.COMPLETED,
    }


def test_pages_are_followed_until_every_ref_was_seen():
    played = many(
        ["a", "b"], listing(job(id="x"), job(id="a"), has_more=True), listing(job(id="b"), has_more=True)
    )

    assert set(played.result) == {"a", "b"}
    assert ("after", "a") in played.calls[1].query


def test_a_server_that_ignores_the_cursor_is_not_asked_for_ever():
    page = listing(job(id="x"), has_more=True)

    assert many(["a"], page, page).result == {}


def test_pages_end_when_a_list_says_nothing_of_more():
    assert len(many(["a"], listing(job(id="x"))).effects) == 1


def test_an_endless_list_is_left_after_a_bounded_number_of_pages():
    pages = (listing(job(id=f"x{number}"), has_more=True) for number in range(MOST_PAGES))

    assert ends_with(DIALECT.poll_many(["a"], channel()), pages) == {}


@pytest.mark.parametrize(
    "answer",
    [
        reply({"error": {"message": "Invalid URL"}}, 404),
        reply({"detail": "Method Not Allowed"}, 405),
        reply(b"<html></html>"),
        reply({"data": "none"}),
        reply([]),
        reply(b""),
    ],
    ids=["404", "405", "html", "no list", "array", "empty"],
)
def test_an_upstream_without_a_usable_list_answers_for_nobody(answer):
    assert many(["a", "b"], answer).result == {}


@pytest.mark.parametrize(
    "answer",
    [
        reply({"error": "no"}, 401),
        reply({"error": "slow"}, 429, {"retry-after": "9"}),
        NoReply(sent=True, reason="t"),
    ],
    ids=["401", "429", "silence"],
)
def test_a_channel_in_trouble_is_in_trouble_for_every_job(answer):
    seen = many(["a", "b"], answer).result

    assert set(seen) == {"a", "b"}
    assert all(o.phase is None and o.trouble is not None and not o.lost for o in seen.values())


def test_trouble_on_a_later_page_keeps_what_was_learned():
    played = many(["a", "b"], listing(job(id="a"), has_more=True), reply(b"", 500))

    assert set(played.result) == {"a"}


# Finding.


def find(*answers, taken=frozenset(), given=None, **settings) -> Any:
    return play(DIALECT.find(given or submission(), channel(**settings), taken), *answers).result


def test_exactly_one_matching_job_is_found():
    outcome = find(listing(job(id="theirs", prompt="other"), job(id="mine"), has_more=False))

    assert isinstance(outcome, Found)
    assert outcome.ref == "mine"
    assert outcome.observation is not None
    assert outcome.observation.phase is Phase.IN_PROGRESS


def test_jobs_of_other_attempts_are_passed_over():
    outcome = find(listing(job(id="a"), job(id="b"), has_more=False), taken=frozenset({"a"}))

    assert isinstance(outcome, Found)
    assert outcome.ref == "b"


@pytest.mark.parametrize(
    "items",
    [
        [job(id="a"), job(id="b")],
        [job(id="a", prompt=None)],
        [job(id="a", created_at=None)],
        [job(id="a", model="sora-2-2025-10-06")],
        [job(id="a"), job(id="b", prompt=None)],
    ],
    ids=["two", "no prompt", "no time", "another model name", "one and a doubt"],
)
def test_anything_but_one_sure_match_is_unclear(items):
    assert isinstance(find(listing(*items, has_more=False), list_complete=True), Unclear)


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "other"},
        {"seconds": "4"},
        {"size": "1280x720"},
        {"created_at": NOW_MS // 1_000 - 3_600},
        {"created_at": NOW_MS // 1_000 + 3_600},
    ],
)
def test_a_job_that_differs_is_not_the_one(change):
    page = listing(job(id="a", **change), has_more=False)

    assert find(page) == NotFound(certain=False, reason="The upstream's list has no such job.")
    assert find(page, list_complete=True).certain


def test_looking_stops_once_the_list_is_older_than_the_submission():
    old = job(id="old", prompt="other", created_at=NOW_MS // 1_000 - 3_600)

    assert isinstance(find(listing(old, has_more=True)), NotFound)


@pytest.mark.parametrize(
    "answer", [reply(b"", 500), NoReply(sent=True, reason="t"), reply({"error": "x"}, 404)]
)
def test_an_unreadable_list_finds_nothing_out(answer):
    assert isinstance(find(answer, list_complete=True), Unclear)


def test_a_list_without_an_end_finds_nothing_out():
    pages = (listing(job(id=f"x{number}", prompt="other"), has_more=True) for number in range(MOST_PAGES))

    assert isinstance(
        ends_with(DIALECT.find(submission(), channel(list_complete=True), frozenset()), pages), Unclear
    )


def test_a_remix_is_matched_by_its_parent_too():
    page = listing(
        job(id="a", remixed_from_video_id="p2"), job(id="b", remixed_from_video_id="p1"), has_more=False
    )

    assert find(page, given=submission(Verb.REMIX, parent_ref="p1")).ref == "b"


# Cancelling and discovering.


def test_cancel_makes_no_call_unless_deleting_is_known_to_stop():
    played = play(DIALECT.cancel(REF, channel()))

    assert (played.effects, played.result.ended) == ((), False)


@pytest.mark.parametrize(
    ("answer", "ended"),
    [
        (reply({"id": REF, "deleted": True, "object": "video.deleted"}), True),
        (reply(job(status="cancelled")), True),
        (reply({"id": REF, "deleted": False}), False),
        (reply({}), False),
        (reply(b"<html></html>"), False),
        (reply({"error": {"message": "busy"}}, 409), False),
        (reply({"error": {"message": "unknown"}}, 404), False),
        (NoReply(sent=True, reason="t"), False),
    ],
)
def test_a_cancel_has_ended_the_job_only_when_the_upstream_says_so(answer, ended):
    played = play(DIALECT.cancel(REF, channel(cancel="delete")), answer)

    assert (played.call.method, played.call.path) == ("DELETE", f"/videos/{REF}")
    assert played.result.ended is ended
    assert ended or played.result.reason


def test_models_are_listed_and_nonsense_is_passed_over():
    body = {"data": [{"id": "m-1", "name": "Model one"}, {"id": "m-2"}, {"id": ""}, {}, 7, None]}
    found = play(DIALECT.discover(channel()), reply(body)).result

    assert found == [CatalogueModel(name="m-1", title="Model one"), CatalogueModel(name="m-2")]
    assert play(DIALECT.discover(channel()), reply(b"<html></html>")).result == []


# Bent answers.

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40)
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
LIVING = st.sampled_from(["queued", "in_progress", "RUNNING", "pending", "Not Start", "pondering"])
HUGE = st.just("x" * 300_000)


@st.composite
def bent_jobs(draw):
    """A living job whose answer lost fields, or has anything at all in them; its word stays one of the living."""
    body = job(status=draw(LIVING))
    for name in draw(st.sets(st.sampled_from([n for n in body if n != "status"]))):
        body.pop(name)
    fields = st.sampled_from(
        ["id", "object", "progress", "created_at", "error", "url", "metadata", "detail", "message", "code"]
    )
    return body | draw(st.dictionaries(fields, ANYTHING | HUGE, max_size=4))


@given(body=bent_jobs(), status=st.sampled_from([200, 201, 400, 404, 429, 500]))
def test_a_bent_answer_never_ends_a_living_job_and_never_raises(body, status):
    seen = poll(reply(body, status))

    assert seen.phase in {None, Phase.QUEUED, Phase.IN_PROGRESS}
    assert seen.outputs == ()
    assert seen.progress is None or 0 <= seen.progress <= 100


@given(
    body=ANYTHING
    | st.dictionaries(st.sampled_from(["id", "status", "error", "data", "code", "message"]), ANYTHING),
    status=st.integers(100, 599),
)
def test_no_answer_at_all_makes_a_flow_raise(body, status):
    answer = reply(body, status)
    again = NoReply(sent=True, reason="enough")

    poll(answer)
    play(DIALECT.submit(submission(), channel()), answer)
    play(DIALECT.discover(channel()), answer)
    ends_with(DIALECT.poll_many([REF], channel()), (answer, again, again))
    ends_with(DIALECT.find(submission(), channel(), frozenset()), (answer, again, again))


@given(raw=st.binary(max_size=400))
def test_no_bytes_at_all_make_a_poll_end_a_job(raw):
    seen = poll(reply(raw))

    assert seen.phase is None
    assert not math.isinf(seen.retry_after_s or 0)
