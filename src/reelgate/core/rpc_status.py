"""Errors in the shape of `google.rpc.Status`: a gRPC code, a message, and details such as how long to wait.

Over HTTP the code is the HTTP status and `status` holds the gRPC name; inside an operation the code
is the gRPC number.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Answer, Observation, Refused, Reply, SubmitOutcome, Unclear
from reelgate.core.errors import Code, Failure
from reelgate.core.openai_shape import objects
from reelgate.core.words import (
    LONGEST_WAIT_S,
    Said,
    as_object,
    classify_submit,
    failure_of,
    job_failure,
    nothing_learned,
    trouble_of,
)

_BY_NAME: Final[Mapping[str, Code]] = {
    "invalid_argument": Code.INVALID_REQUEST,
    "failed_precondition": Code.INVALID_REQUEST,
    "out_of_range": Code.INVALID_REQUEST,
    "deadline_exceeded": Code.UPSTREAM_INTERNAL,
    "not_found": Code.NOT_FOUND,
    "permission_denied": Code.PERMISSION_OR_CHANNEL,
    "unauthenticated": Code.UNAUTHORIZED,
    "resource_exhausted": Code.OVERLOADED,
    "aborted": Code.UPSTREAM_INTERNAL,
    "unknown": Code.UPSTREAM_FAILED,
    "internal": Code.UPSTREAM_INTERNAL,
    "data_loss": Code.UPSTREAM_INTERNAL,
    "unavailable": Code.OVERLOADED,
}
_NUMBERS: Final[Mapping[str, str]] = {
    "2": "unknown",
    "3": "invalid_argument",
    "4": "deadline_exceeded",
    "5": "not_found",
    "7": "permission_denied",
    "8": "resource_exhausted",
    "9": "failed_precondition",
    "10": "aborted",
    "11": "out_of_range",
    "13": "internal",
    "14": "unavailable",
    "15": "data_loss",
    "16": "unauthenticated",
}


def job_error(said: Said, secret: str = "") -> Failure:
    """Translate why an operation failed: its words first, then its gRPC code."""
    known = job_failure(said, secret=secret)
    name = _NUMBERS.get(said.code, said.code.lower())
    code = _BY_NAME.get(name)
    if known.code is not Code.UPSTREAM_FAILED or code is None:
        return known
    return failure_of(said, code, secret=secret)


def submit_verdict(answer: Answer, now_ms: int, secret: str) -> SubmitOutcome:
    """Say what an answer without a job proves; a quota of a minute is a wait, not an empty account."""
    verdict = classify_submit(answer, now_ms=now_ms, secret=secret)
    if verdict is None:
        return Unclear(reason="The upstream answered without an id.")
    if isinstance(verdict, Refused):
        return Refused(failure=_throttled(answer, verdict.failure))
    return verdict


def poll_trouble(answer: Answer, secret: str) -> Observation:
    """Compose the observation of a poll that learned nothing."""
    trouble = trouble_of(answer, secret=secret)
    if trouble is not None and trouble.code is Code.SERVER_ERROR:
        # A question may always be asked again, unlike a paid call.
        trouble = msgspec.structs.replace(trouble, code=Code.UPSTREAM_INTERNAL)
    return nothing_learned(None if trouble is None else _throttled(answer, trouble))


def _throttled(answer: Answer, failure: Failure) -> Failure:
    """Tell a limit that passes from one that is used up: both say "exceeded your current quota"."""
    if not isinstance(answer, Reply) or answer.status != 429:
        return failure
    error = as_object((answer.object() or {}).get("error")) or {}
    details = objects(error.get("details"))
    if any(_is_of_a_day(detail) for detail in details):
        return Failure(
            code=Code.QUOTA_EXHAUSTED, message="The upstream account is used up.", detail=failure.detail
        )
    waits = [wait for detail in details if (wait := _seconds(detail.get("retryDelay"))) is not None]
    wait = failure.retry_after_s if failure.retry_after_s is not None else max(waits, default=None)
    if failure.code is not Code.QUOTA_EXHAUSTED:
        return msgspec.structs.replace(failure, retry_after_s=wait)
    return Failure(
        code=Code.RATE_LIMITED,
        message="The upstream asks for fewer requests.",
        retry_after_s=wait,
        detail=failure.detail,
    )


def _is_of_a_day(detail: Mapping[str, Any]) -> bool:
    return any("PerDay" in str(each.get("quotaId")) for each in objects(detail.get("violations")))


def _seconds(value: object) -> float | None:
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,9})?)s", value) if isinstance(value, str) else None
    return min(float(found.group(1)), LONGEST_WAIT_S) if found else None
