"""What may be sent again and what never: the vendors' own codes, over every dialect that has some.

From the vendors' pages and clients as their dialects name them.
"""

from __future__ import annotations

import io
from typing import Any

import msgspec
import pytest

from reelgate.testing.replay import Recording, Seen, registered, replay

DIALECTS = registered(io.StringIO())


def read(dialect: str, op: str, http_status: int, body: Any) -> Seen:
    told = {"id": "x", "dialect": dialect, "op": op, "http_status": http_status, "body": body}
    return replay(msgspec.convert(told | {"content_type": "application/json"}, Recording), DIALECTS)


def kling(code: int) -> dict[str, Any]:
    return {"code": code, "message": "no", "request_id": "r"}


def minimax(code: int) -> dict[str, Any]:
    return {"base_resp": {"status_code": code, "status_msg": "no"}}


def dashscope(code: str) -> dict[str, Any]:
    return {"code": code, "message": "no", "request_id": "r"}


def ark(code: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": "no", "param": "", "type": "t"}}


AGAIN = [
    ("kling", 429, kling(1302)),
    ("kling", 429, kling(1303)),
    ("minimax_v1", 200, minimax(1002)),
    ("minimax_v2", 200, minimax(1002)),
    ("dashscope", 429, dashscope("Throttling")),
    ("dashscope", 429, dashscope("Throttling.RateQuota")),
    ("ark", 429, ark("RateLimitExceeded.EndpointRPMExceeded")),
    ("ark", 429, ark("AccountRateLimitExceeded")),
    ("replicate", 429, {"detail": "Request was throttled. Your rate limit resets in ~30s."}),
]
NEVER = [
    *[("kling", 429, kling(code)) for code in (1100, 1101, 1102)],
    *[("kling", 400, kling(code)) for code in (1200, 1201, 1202, 1203, 1300, 1301)],
    *[
        (name, 200, minimax(code))
        for name in ("minimax_v1", "minimax_v2")
        for code in (1004, 1008, 1026, 1027, 2013)
    ],
    ("dashscope", 400, dashscope("DataInspectionFailed")),
    ("dashscope", 400, dashscope("Arrearage")),
    ("dashscope", 401, dashscope("InvalidApiKey")),
    ("dashscope", 400, dashscope("IPInfringementSuspect")),
    ("ark", 400, ark("InputTextSensitiveContentDetected")),
    ("ark", 400, ark("InputImageRiskDetection")),
    ("ark", 403, ark("AccountOverdueError")),
    ("ark", 404, ark("ModelNotOpen")),
    *[
        (
            name,
            503,
            {"error": {"message": "The group has no permission for this model.", "type": "t", "code": "c"}},
        )
        for name in ("apiyi_async", "apiyi_grok")
    ],
]


@pytest.mark.parametrize(("dialect", "status", "body"), AGAIN, ids=str)
def test_a_throttle_in_the_vendors_own_words_may_be_sent_again(dialect: str, status: int, body: Any):
    seen = read(dialect, "submit", status, body)

    assert (seen.status, seen.ref, seen.retryable) == (None, None, True), seen


@pytest.mark.parametrize(("dialect", "status", "body"), NEVER, ids=str)
def test_a_verdict_is_never_sent_again(dialect: str, status: int, body: Any):
    seen = read(dialect, "submit", status, body)

    assert (seen.status, seen.ref, seen.retryable) == (None, None, False), seen
    assert seen.error_code is not None


@pytest.mark.parametrize(
    ("dialect", "status", "body"),
    [
        ("kling", 500, kling(5000)),
        ("kling", 503, kling(5001)),
        ("kling", 504, kling(5002)),
        ("ark", 500, ark("InternalServiceError")),
        ("minimax_v1", 200, minimax(1002)),
        ("dashscope", 429, dashscope("Throttling.RateQuota")),
    ],
    ids=str,
)
def test_a_question_the_vendor_could_not_answer_is_asked_again_and_ends_nothing(dialect, status, body):
    seen = read(dialect, "query", status, body)

    assert (seen.status, seen.keep_state, seen.retryable) == (None, True, True), seen


@pytest.mark.parametrize(
    ("dialect", "body", "again"),
    [
        ("runway", {"id": "t", "status": "FAILED", "failure": "no", "failureCode": "INTERNAL.BAD_OUTPUT.CODE01"}, True),
        ("runway", {"id": "t", "status": "FAILED", "failure": "no", "failureCode": "SAFETY.INPUT.TEXT"}, False),
        ("fal_queue", {"status": "COMPLETED", "request_id": "r", "error": "no", "error_type": "runner_disconnected"}, True),
        ("fal_queue", {"status": "COMPLETED", "request_id": "r", "error": "no", "error_type": "content_policy_violation"}, False),
    ],
    ids=str,
)  # fmt: skip
def test_a_job_that_failed_says_whether_another_try_is_sensible(dialect: str, body: Any, again: bool):
    seen = read(dialect, "query", 200, body)

    assert (seen.status, seen.retryable) == ("failed", again), seen
