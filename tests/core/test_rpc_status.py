"""Errors in the shape of `google.rpc.Status`."""

from __future__ import annotations

from typing import Any

import pytest

from reelgate.core.dialect import NoReply, Refused, Unclear
from reelgate.core.errors import Code
from reelgate.core.rpc_status import job_error, poll_trouble, submit_verdict
from reelgate.core.words import LONGEST_WAIT_S, Said
from reelgate.testing.play import reply

QUOTA = "You exceeded your current quota, please check your plan and billing details."


def limited(message: str = QUOTA, *details: Any, **headers: str) -> Any:
    error = {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": list(details)}
    return reply({"error": error}, 429, {name.replace("_", "-"): value for name, value in headers.items()})


def refusal(answer: Any) -> Any:
    verdict = submit_verdict(answer, 0, "")
    assert isinstance(verdict, Refused)
    return verdict.failure


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("13", Code.UPSTREAM_INTERNAL),
        ("INTERNAL", Code.UPSTREAM_INTERNAL),
        ("3", Code.INVALID_REQUEST),
        ("1", Code.UPSTREAM_FAILED),
    ],
)
def test_a_code_counts_by_number_and_by_name(code, expected):
    assert job_error(Said(code=code, message="m")).code is expected


def test_words_count_before_the_code():
    assert job_error(Said(code="3", message="Blocked by the content filter.")).code is Code.CONTENT_POLICY


def test_a_limit_that_passes_says_how_long_to_wait():
    assert refusal(limited(QUOTA, {"retryDelay": "37s"})).retry_after_s == 37
    assert refusal(limited(QUOTA, {"retryDelay": "99999s"})).retry_after_s == LONGEST_WAIT_S
    assert refusal(limited(QUOTA, {"retryDelay": "soon"})).retry_after_s is None
    assert refusal(limited("Slow down.", {"retryDelay": "5s"}, retry_after="9")).retry_after_s == 9


def test_a_limit_of_a_day_is_used_up_and_its_words_are_for_the_operator():
    failure = refusal(limited(QUOTA, {"violations": [{"quotaId": "GenerateRequestsPerDay"}]}))

    assert (failure.code, failure.retryable) == (Code.QUOTA_EXHAUSTED, False)
    assert "billing" not in failure.message
    assert "billing" in failure.detail


@pytest.mark.parametrize(
    "details", [None, "x", [7], [{"violations": 7}], [{"violations": [7]}], [{"retryDelay": 7}]]
)
def test_details_may_be_anything(details):
    error = {"code": 429, "message": QUOTA, "details": details}

    assert refusal(reply({"error": error}, 429)).code is Code.RATE_LIMITED


def test_what_is_no_refusal_stays_what_it_is():
    assert isinstance(submit_verdict(reply({}), 0, ""), Unclear)
    assert isinstance(submit_verdict(NoReply(sent=True, reason="t"), 0, ""), Unclear)
    assert poll_trouble(reply({"error": {"code": 404, "message": "gone"}}, 404), "").lost
    broken = poll_trouble(reply({"error": {"code": 500, "message": "m", "status": "INTERNAL"}}, 500), "")
    assert broken.trouble is not None
    assert broken.trouble.code is Code.UPSTREAM_INTERNAL
    assert poll_trouble(limited(QUOTA, {"retryDelay": "4s"}), "").retry_after_s == 4
