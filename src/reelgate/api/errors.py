"""Every ending as an HTTP answer in the OpenAI error envelope; nothing leaves in any other shape."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

import msgspec
from starlette.responses import Response

from reelgate.core.errors import Code, Failure

AWAY_S: Final = 2.0
"""When to ask again while the database is away."""
LONGEST_RETRY_AFTER_S: Final = 60
"""SDKs ignore a longer wait, or give up on it."""


class Mapped(msgspec.Struct, frozen=True):
    """How one code looks on the wire."""

    status: int
    type: str
    code: str
    retry: bool | None = None
    """What `x-should-retry` says; None leaves the SDK to its own rule for the status."""


def _refused(code: Code, status: int = 400, kind: str = "invalid_request_error") -> Mapped:
    return Mapped(status, kind, code.value)


def _final(code: Code, status: int, kind: str = "server_error") -> Mapped:
    """Map a code that sending again cannot help, or must not: a paid call may have gone out."""
    return Mapped(status, kind, code.value, retry=False)


def _later(code: Code, status: int, kind: str) -> Mapped:
    return Mapped(status, kind, code.value, retry=True)


MAPPED: Final[dict[Code, Mapped]] = {
    Code.UNAUTHORIZED: Mapped(401, "invalid_request_error", "invalid_api_key", retry=False),
    Code.PERMISSION_OR_CHANNEL: _final(Code.PERMISSION_OR_CHANNEL, 403, "permission_error"),
    Code.INSUFFICIENT_CREDIT: _final(Code.INSUFFICIENT_CREDIT, 402, "insufficient_quota"),
    Code.BUDGET_EXCEEDED: _final(Code.BUDGET_EXCEEDED, 402, "insufficient_quota"),
    Code.INVALID_REQUEST: Mapped(400, "invalid_request_error", "invalid_value"),
    Code.CONTENT_POLICY: _refused(Code.CONTENT_POLICY),
    Code.CONTENT_FILTERED: _refused(Code.CONTENT_FILTERED),
    Code.BLOCKED_ADDRESS: _refused(Code.BLOCKED_ADDRESS),
    Code.UNSUPPORTED_MEDIA: _refused(Code.UNSUPPORTED_MEDIA),
    Code.PAYLOAD_TOO_LARGE: _refused(Code.PAYLOAD_TOO_LARGE, 413),
    Code.NOT_FOUND: _refused(Code.NOT_FOUND, 404),
    Code.EXPIRED: _refused(Code.EXPIRED, 404),
    Code.ASSET_EXPIRED: _refused(Code.ASSET_EXPIRED, 404),
    Code.MODEL_RETIRED: _refused(Code.MODEL_RETIRED, 404),
    Code.NOT_READY: _final(Code.NOT_READY, 409, "invalid_request_error"),
    Code.CANCELLED: _final(Code.CANCELLED, 409, "invalid_request_error"),
    Code.RATE_LIMITED: _later(Code.RATE_LIMITED, 429, "rate_limit_error"),
    Code.CONCURRENCY_LIMITED: _later(Code.CONCURRENCY_LIMITED, 429, "rate_limit_error"),
    Code.OVERLOADED: _later(Code.OVERLOADED, 503, "server_error"),
    Code.ACCOUNT_SUSPENDED: _final(Code.ACCOUNT_SUSPENDED, 503),
    Code.QUOTA_EXHAUSTED: _final(Code.QUOTA_EXHAUSTED, 503),
    Code.REQUIRES_ACTION: _final(Code.REQUIRES_ACTION, 503),
    Code.RUNNER_DISCONNECTED: _final(Code.RUNNER_DISCONNECTED, 502),
    Code.UPSTREAM_INTERNAL: _final(Code.UPSTREAM_INTERNAL, 502),
    Code.BAD_GATEWAY_PAYLOAD: _final(Code.BAD_GATEWAY_PAYLOAD, 502),
    Code.SERVER_ERROR: _final(Code.SERVER_ERROR, 502),
    Code.UPSTREAM_FAILED: _final(Code.UPSTREAM_FAILED, 502),
    Code.UPSTREAM_LOST: _final(Code.UPSTREAM_LOST, 502),
    Code.TASK_NOT_FOUND_OR_EXPIRED: _final(Code.TASK_NOT_FOUND_OR_EXPIRED, 502),
    Code.NO_OUTPUT: _final(Code.NO_OUTPUT, 502),
    Code.SUBMISSION_UNKNOWN: _final(Code.SUBMISSION_UNKNOWN, 502),
    Code.DEADLINE_EXCEEDED: _final(Code.DEADLINE_EXCEEDED, 504),
}
"""The HTTP form of every code."""


class Problem(msgspec.Struct, frozen=True):
    """The inside of an error envelope; all four keys are always there."""

    message: str
    type: str
    param: str | None
    code: str | None


class Envelope(msgspec.Struct, frozen=True):
    """What every error answer is."""

    error: Problem


def envelope(status: int, problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Write an error answer."""
    return Response(
        msgspec.json.encode(Envelope(problem)),
        status_code=status,
        headers=headers,
        media_type="application/json",
    )


def answer(failure: Failure) -> Response:
    """Write the answer to a failure at our own door."""
    form = MAPPED[failure.code]
    return envelope(
        form.status,
        Problem(failure.message, form.type, failure.param, form.code),
        retry_headers(form, failure.retry_after_s),
    )


def retry_headers(form: Mapped, retry_after_s: float | None) -> dict[str, str]:
    """Say whether and when an SDK should send the same request again."""
    headers: dict[str, str] = {}
    if form.retry is not None:
        headers["x-should-retry"] = "true" if form.retry else "false"
    if form.retry:
        wait = 1.0 if retry_after_s is None else retry_after_s
        headers["retry-after"] = str(min(LONGEST_RETRY_AFTER_S, max(1, math.ceil(wait))))
    return headers


def unknown_path(method: str, path: str) -> Response:
    """Answer for an address nothing lives at."""
    shown = path if len(path) <= 200 else path[:200] + "…"
    return envelope(
        404, Problem(f"Invalid URL ({method} {shown})", "invalid_request_error", None, "not_found")
    )


def wrong_method(method: str, allowed: frozenset[str]) -> Response:
    """Answer for a verb that an address does not take."""
    names = ", ".join(sorted(allowed))
    return envelope(
        405,
        Problem(
            f"{method} is not offered here; use {names}.",
            "invalid_request_error",
            None,
            "method_not_allowed",
        ),
        {"allow": names},
    )


def away() -> Response:
    """Answer while the database cannot be used; the same request with the same key may be sent again."""
    said = "The database of this server cannot be reached. Send the same request again in a moment."
    return answer(Failure(code=Code.OVERLOADED, message=said, retry_after_s=AWAY_S))


def broken(request_id: str) -> Response:
    """Answer for a fault of our own; says nothing about it but how to find it in the log."""
    return envelope(
        500,
        Problem(
            f"Something broke on this server. Its operator finds it in the log as `{request_id}`.",
            "server_error",
            None,
            "internal_error",
        ),
        {"x-should-retry": "false"},
    )


def renamed(failure: Failure, names: Mapping[str, str]) -> Failure:
    """Speak of the fields the caller sent, where a refusal speaks of ours."""
    message = failure.message
    for ours, theirs in names.items():
        message = message.replace(f"`{ours}`", f"`{theirs}`")
    param = failure.param if failure.param is None else names.get(failure.param, failure.param)
    return msgspec.structs.replace(failure, message=message, param=param)
