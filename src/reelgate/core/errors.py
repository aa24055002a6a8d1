"""Every way a task or a call can end badly, by whose side it is.

    ReelgateError           carries one `Failure`; raised for surprises and refusals at our own door
    ├── CallerError         the request was wrong; sending it again unchanged will not help
    ├── UpstreamError       an upstream broke or refused
    └── OperatorError       this installation needs its operator

Expected outcomes of a submit or a poll are values (`core.dialect`), never exceptions.
HTTP status codes are a surface's business and do not appear here.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Side(StrEnum):
    """Who can do something about it."""

    CALLER = "caller"
    OPERATOR = "operator"
    UPSTREAM = "upstream"
    NOBODY = "nobody"


class Charge(StrEnum):
    """What the ending did to money."""

    NONE = "none"
    RELEASED = "released"
    HELD = "held"
    POSSIBLE = "possible"


class Code(StrEnum):
    """The one vocabulary of endings; stable, documented one page each."""

    UNAUTHORIZED = "unauthorized"
    PERMISSION_OR_CHANNEL = "permission_or_channel"
    ACCOUNT_SUSPENDED = "account_suspended"
    QUOTA_EXHAUSTED = "quota_exhausted"
    INSUFFICIENT_CREDIT = "insufficient_credit"
    BUDGET_EXCEEDED = "budget_exceeded"
    RATE_LIMITED = "rate_limited"
    CONCURRENCY_LIMITED = "concurrency_limited"
    OVERLOADED = "overloaded"
    SERVER_ERROR = "server_error"
    UPSTREAM_INTERNAL = "upstream_internal"
    RUNNER_DISCONNECTED = "runner_disconnected"
    UPSTREAM_FAILED = "upstream_failed"
    UPSTREAM_LOST = "upstream_lost"
    TASK_NOT_FOUND_OR_EXPIRED = "task_not_found_or_expired"
    EXPIRED = "expired"
    ASSET_EXPIRED = "asset_expired"
    NOT_FOUND = "not_found"
    NOT_READY = "not_ready"
    INVALID_REQUEST = "invalid_request"
    CONTENT_POLICY = "content_policy"
    CONTENT_FILTERED = "content_filtered"
    MODEL_RETIRED = "model_retired"
    NO_OUTPUT = "no_output"
    BAD_GATEWAY_PAYLOAD = "bad_gateway_payload"
    REQUIRES_ACTION = "requires_action"
    SUBMISSION_UNKNOWN = "submission_unknown"
    DEADLINE_EXCEEDED = "deadline_exceeded"
    CANCELLED = "cancelled"
    BLOCKED_ADDRESS = "blocked_address"
    PAYLOAD_TOO_LARGE = "payload_too_large"
    UNSUPPORTED_MEDIA = "unsupported_media"


class Entry(msgspec.Struct, frozen=True):
    """What one code means, for docs, surfaces and people."""

    meaning: str
    side: Side
    retryable: bool
    charge: Charge
    next_step: str


CODES: dict[Code, Entry] = {
    Code.UNAUTHORIZED: Entry(
        "A key was refused.",
        Side.OPERATOR,
        False,
        Charge.NONE,
        "Check the key you send; if the message names a channel, its operator renews the channel's key.",
    ),
    Code.PERMISSION_OR_CHANNEL: Entry(
        "The key is valid, but the model or group is not granted to it.",
        Side.OPERATOR,
        False,
        Charge.NONE,
        "Pick a model from `GET /v1/models`, or ask the operator to grant it.",
    ),
    Code.ACCOUNT_SUSPENDED: Entry(
        "The upstream account is in arrears or closed.",
        Side.OPERATOR,
        False,
        Charge.NONE,
        "The operator settles the upstream account or disables the channel.",
    ),
    Code.QUOTA_EXHAUSTED: Entry(
        "A prepaid pack or balance at the upstream is used up.",
        Side.OPERATOR,
        False,
        Charge.NONE,
        "The operator tops up the upstream account; waiting tasks then go on.",
    ),
    Code.INSUFFICIENT_CREDIT: Entry(
        "The credit of this account does not cover the quote.",
        Side.CALLER,
        False,
        Charge.NONE,
        "Ask for fewer seconds or a cheaper model, or have credit added.",
    ),
    Code.BUDGET_EXCEEDED: Entry(
        "A spending cap was reached.",
        Side.OPERATOR,
        False,
        Charge.NONE,
        "Raise the cap or wait until its window rolls over.",
    ),
    Code.RATE_LIMITED: Entry(
        "Requests come faster than a limit allows.",
        Side.UPSTREAM,
        True,
        Charge.NONE,
        "Wait for the time given, then send the same request again.",
    ),
    Code.CONCURRENCY_LIMITED: Entry(
        "Too many generations are running at once.",
        Side.UPSTREAM,
        True,
        Charge.NONE,
        "Wait until one ends; queued tasks start by themselves.",
    ),
    Code.OVERLOADED: Entry(
        "The service is busy.", Side.UPSTREAM, True, Charge.NONE, "Try again in a little while."
    ),
    Code.SERVER_ERROR: Entry(
        "The upstream broke in a way that leaves the outcome open.",
        Side.UPSTREAM,
        False,
        Charge.POSSIBLE,
        "Look at the task before sending the request again.",
    ),
    Code.UPSTREAM_INTERNAL: Entry(
        "The upstream reported an internal fault for this job.",
        Side.UPSTREAM,
        True,
        Charge.RELEASED,
        "Send the request again, or choose another model.",
    ),
    Code.RUNNER_DISCONNECTED: Entry(
        "The machine under the job went away.",
        Side.UPSTREAM,
        True,
        Charge.RELEASED,
        "Send the request again.",
    ),
    Code.UPSTREAM_FAILED: Entry(
        "The job failed at the upstream; the message gives its reason.",
        Side.UPSTREAM,
        False,
        Charge.RELEASED,
        "Change the request as the message suggests, or choose another model.",
    ),
    Code.UPSTREAM_LOST: Entry(
        "The upstream accepted the job and no longer knows it.",
        Side.UPSTREAM,
        False,
        Charge.RELEASED,
        "Send the request again; the operator may check the upstream's own records.",
    ),
    Code.TASK_NOT_FOUND_OR_EXPIRED: Entry(
        "The upstream's record of the job is gone.",
        Side.UPSTREAM,
        False,
        Charge.RELEASED,
        "Send the request again.",
    ),
    Code.EXPIRED: Entry(
        "The job waited at the upstream until it expired.",
        Side.UPSTREAM,
        False,
        Charge.RELEASED,
        "Send the request again at a quieter time or to another model.",
    ),
    Code.ASSET_EXPIRED: Entry(
        "The result's link or file is gone.",
        Side.UPSTREAM,
        False,
        Charge.POSSIBLE,
        "Ask for a fresh link; if the upstream has none, generate again.",
    ),
    Code.NOT_FOUND: Entry(
        "There is nothing at this address or under this id.",
        Side.CALLER,
        False,
        Charge.NONE,
        "Check the id and that the key belongs to its owner.",
    ),
    Code.NOT_READY: Entry(
        "The thing asked for is not finished yet.",
        Side.CALLER,
        True,
        Charge.NONE,
        "Wait for the task to complete, then ask again.",
    ),
    Code.INVALID_REQUEST: Entry(
        "A parameter was refused; `param` names it.",
        Side.CALLER,
        False,
        Charge.NONE,
        "Correct the named parameter.",
    ),
    Code.CONTENT_POLICY: Entry(
        "The request was refused for its content.",
        Side.CALLER,
        False,
        Charge.RELEASED,
        "Change the prompt or the pictures.",
    ),
    Code.CONTENT_FILTERED: Entry(
        "A clip was generated and then withheld by the upstream.",
        Side.CALLER,
        False,
        Charge.POSSIBLE,
        "Change the prompt or the pictures; some upstreams bill withheld clips.",
    ),
    Code.MODEL_RETIRED: Entry(
        "The model no longer exists.",
        Side.OPERATOR,
        False,
        Charge.NONE,
        "Choose a living model; the operator may alias the old name to it.",
    ),
    Code.NO_OUTPUT: Entry(
        "The upstream said completed and gave nothing.",
        Side.UPSTREAM,
        False,
        Charge.POSSIBLE,
        "Send the request again; the operator may ask the upstream for the clip.",
    ),
    Code.BAD_GATEWAY_PAYLOAD: Entry(
        "The upstream answered with something that is not its own format.",
        Side.UPSTREAM,
        False,
        Charge.NONE,
        "Nothing: the state is kept and the upstream is asked again.",
    ),
    Code.REQUIRES_ACTION: Entry(
        "The upstream wants something a gateway cannot do.",
        Side.OPERATOR,
        False,
        Charge.RELEASED,
        "The operator looks at the upstream's console.",
    ),
    Code.SUBMISSION_UNKNOWN: Entry(
        "The paid call may or may not have been accepted.",
        Side.NOBODY,
        False,
        Charge.HELD,
        "It is never sent again by itself: give its upstream id, or say that it never existed.",
    ),
    Code.DEADLINE_EXCEEDED: Entry(
        "The hard deadline passed before the upstream finished.",
        Side.NOBODY,
        False,
        Charge.HELD,
        "A late result is attached without a second charge.",
    ),
    Code.CANCELLED: Entry("A person ended the task.", Side.NOBODY, False, Charge.POSSIBLE, "Nothing."),
    Code.BLOCKED_ADDRESS: Entry(
        "The address points where this installation does not go.",
        Side.CALLER,
        False,
        Charge.NONE,
        "Use a public address, upload the file, or have the operator allow the address.",
    ),
    Code.PAYLOAD_TOO_LARGE: Entry(
        "Something sent is larger than its limit.",
        Side.CALLER,
        False,
        Charge.NONE,
        "Send a smaller file or a shorter text.",
    ),
    Code.UNSUPPORTED_MEDIA: Entry(
        "A file is not a kind that can be used here, or is damaged.",
        Side.CALLER,
        False,
        Charge.NONE,
        "Send a JPEG, PNG or WebP picture, or an MP4, MOV or WebM clip.",
    ),
}


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """One ending as a value: a stable code, words for a person, and what the caller needs to act.

    `message` never carries an upstream's address or raw text; `detail` may, and is shown to
    operators only. `retry_after_s` is in seconds.
    """

    code: Code
    message: str
    param: str | None = None
    retry_after_s: float | None = None
    detail: str | None = None

    @property
    def retryable(self) -> bool:
        """Whether sending the same thing again could succeed."""
        return CODES[self.code].retryable


class ReelgateError(Exception):
    """Raised when a request cannot be carried out; carries one `Failure`."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class CallerError(ReelgateError):
    """Raised when the caller's own request is wrong."""


class UpstreamError(ReelgateError):
    """Raised when an upstream broke or refused outside a dialect's flow."""


class OperatorError(ReelgateError):
    """Raised when this installation needs its operator."""


def refuse(code: Code, message: str, *, param: str | None = None) -> CallerError:
    """Build the error for a request that is refused at our own door."""
    return CallerError(Failure(code=code, message=message, param=param))
