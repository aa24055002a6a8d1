"""Answers that carry their verdict in `base_resp`, whatever the HTTP status says, and the challenge of their callbacks.

`base_resp.status_code` is 0 when all is well. Two generations of one API share the codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from reelgate.core.dialect import Callback, Reply
from reelgate.core.errors import Code, Failure
from reelgate.core.job_shape import own_failure
from reelgate.core.words import Said, as_object, failure_of

CODES: Final[Mapping[str, Code]] = {
    "1002": Code.RATE_LIMITED,
    "1004": Code.UNAUTHORIZED,
    "1008": Code.QUOTA_EXHAUSTED,
    "1026": Code.CONTENT_POLICY,
    "1027": Code.CONTENT_FILTERED,
    "1039": Code.RATE_LIMITED,
    "1041": Code.CONCURRENCY_LIMITED,
    "1042": Code.INVALID_REQUEST,
    "2013": Code.INVALID_REQUEST,
    "2045": Code.RATE_LIMITED,
    "2049": Code.UNAUTHORIZED,
    "2056": Code.QUOTA_EXHAUSTED,
}
"""What the codes mean on a submit, where each proves that nothing was created; any other proves nothing."""

_LONGEST_CHALLENGE = 4_096


def said_in(body: Mapping[str, Any]) -> Said | None:
    """Find the error in `base_resp`; a code of 0 is none."""
    told = as_object(body.get("base_resp")) or {}
    code, text = told.get("status_code"), told.get("status_msg")
    if isinstance(code, bool) or not isinstance(code, int | str) or str(code).strip() in {"", "0"}:
        return None
    return Said(code=str(code)[:20], message=text if isinstance(text, str) else "")


def trouble_in(said: Said, secret: str) -> Failure:
    """Say what was wrong with a question that was answered with an error."""
    return own_failure(said, CODES, secret) or failure_of(said, Code.OVERLOADED, secret=secret)


def challenge_in(reply: Callback | Reply) -> dict[str, str] | None:
    """Give what must be answered within 3 s when a callback address is first tried; None for a real callback."""
    try:
        body: object = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        return None
    challenge = (as_object(body) or {}).get("challenge")
    if not isinstance(challenge, str) or len(challenge) > _LONGEST_CHALLENGE:
        return None
    return {"challenge": challenge}
