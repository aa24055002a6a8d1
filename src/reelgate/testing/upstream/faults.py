"""Everything the fake upstream can do wrong, by name.

A fault is asked for in the prompt (`[fault:hang_after_accept]`, or with an argument
`[fault:rate_limited=garbage]`, or for the first two creates with that prompt only
`[fault:overloaded*2]`), by the number of the create, or by chance with a seed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec


class Stage(StrEnum):
    """When a fault strikes."""

    BEFORE = "before"
    """On the create, before anything is accepted or billed."""
    AFTER = "after"
    """On the create, after the job was accepted and billed."""
    JOB = "job"
    """In what the job says about itself afterwards."""
    CONTENT = "content"
    """When the clip is fetched."""
    DOOR = "door"
    """On any call."""
    CALLBACK = "callback"
    """When the caller is told that a job moved."""


class Fault(msgspec.Struct, frozen=True):
    """One way to misbehave."""

    name: str
    stage: Stage
    meaning: str


_TABLE: Final[Mapping[Stage, Mapping[str, str]]] = {
    Stage.BEFORE: {
        "refuse": "400 with an error envelope naming `size`",
        "moderation": "400, the prompt was refused for its content",
        "unauthorized": "401, the key was refused",
        "payment": "402, the balance is used up",
        "forbidden": "403, the model is not granted",
        "rate_limited": "429; the argument is what `Retry-After` says: a number, `date`, `garbage`, `ms` or `none`",
        "overloaded": "503 with an error envelope",
        "error_500": "500 with an error envelope",
        "error_502": "502 with an HTML page",
        "error_503": "503 with an HTML page",
        "error_504": "504 with an HTML page",
        "hang": "never answers; nothing was accepted",
        "drop": "closes the connection; nothing was accepted",
        "login_page": "200 with an HTML page; nothing was accepted",
    },
    Stage.AFTER: {
        "hang_after_accept": "accepts, bills, never answers",
        "drop_after_accept": "accepts, bills, closes the connection",
        "error_500_after": "accepts, bills, answers 500",
        "error_502_after": "accepts, bills, answers 502 with an HTML page",
        "error_503_after": "accepts, bills, answers 503 with an HTML page",
        "error_504_after": "accepts, bills, answers 504 with an HTML page",
        "garbage": "accepts, bills, answers 200 with bytes that are no JSON",
        "html": "accepts, bills, answers 200 with an HTML page",
        "empty": "accepts, bills, answers 200 with nothing",
        "null": "accepts, bills, answers 200 with `null`",
        "wrong_type": "accepts, bills, answers 200 with a JSON array",
        "no_id": "accepts, bills, answers 200 with an object without an id",
        "huge": "accepts, bills, answers 200 with 50 MB of JSON",
        "cut_answer": "accepts, bills, closes the connection in the middle of its answer",
        "slow_answer": "accepts, bills, answers one byte at a time; the argument is the pause in seconds",
    },
    Stage.JOB: {
        "never_ends": "stays at 98 for ever",
        "fails": "fails with a server error",
        "fails_moderation": "fails with `moderation_blocked`",
        "fails_as_http": "fails, and answers 500 carrying the job itself",
        "withheld": "is `completed` with an error and no clip",
        "regress": "once completed, every other answer says `in_progress` again",
        "unknown_word": "says a word nobody knows while it runs",
        "shouting": "says its words in upper case, its progress as text with a percent sign",
        "progress_over": "reports progress above 100",
        "progress_falls": "reports progress that falls",
        "progress_float": "reports fractional progress",
        "flapping": "every other poll answers 404",
        "forgotten": "answers 404 for ever from its second poll on",
        "poll_html": "every other poll answers 200 with an HTML page",
        "poll_empty": "every other poll answers 200 with nothing",
        "poll_null": "every other poll answers 200 with `null`",
        "poll_error": "every other poll answers 500",
        "poll_200_error": "every other poll answers 200 with an error envelope",
        "poll_limited": "every other poll answers 429",
        "poll_unauthorized": "every other poll answers 401",
        "poll_huge": "the first poll answers 50 MB of JSON",
        "poll_hangs": "the first poll is never answered",
    },
    Stage.CONTENT: {
        "no_content": "404, though the job is completed",
        "truncated": "half of the clip, then the connection closes; a range is served whole",
        "always_truncated": "half of what was asked, every time",
        "shorter_file": "a file cut in half, with an honest length",
        "longer": "more bytes than the length says",
        "empty_content": "no bytes at all",
        "html_content": "an HTML page labelled `video/mp4`",
        "slow_content": "a clip in small pieces; the argument is the pause in seconds",
        "redirect_private": "a redirect to a metadata address",
        "redirect_loop": "a redirect to itself",
        "expired_link": "403",
        "range_ignored": "the connection closes half way, and a range is answered with the whole clip",
        "changed_etag": "the connection closes half way, and the ETag is another one each time",
        "content_error": "500 on the first two fetches",
    },
}

FAULTS: Final[Mapping[str, Fault]] = {
    name: Fault(name, stage, meaning) for stage, faults in _TABLE.items() for name, meaning in faults.items()
}

_MARK: Final = re.compile(r"\[fault:([a-z0-9_]+)(?:\*(\d{1,6}))?(?:=([^\]]*))?\]")
_TAKES: Final = re.compile(r"\[takes:(\d{1,6}(?:\.\d{1,3})?)\]")


class Asked(msgspec.Struct, frozen=True):
    """A fault as a prompt asks for it."""

    name: str
    argument: str = ""
    times: int | None = None
    """How many creates with this prompt it strikes; None for all."""


def faults_in(prompt: str) -> list[Asked]:
    """Read the faults a prompt asks for.

    Raises KeyError for a fault that does not exist: a test must not pass because of a spelling.
    """
    found = [
        Asked(name, argument or "", int(times) if times else None)
        for name, times, argument in _MARK.findall(prompt)
    ]
    for asked in found:
        if asked.name not in FAULTS:
            msg = f"no fault is called `{asked.name}`"
            raise KeyError(msg)
    return found


def seconds_in(prompt: str) -> float | None:
    """Read how long a prompt asks its job to take (`[takes:3.5]`); None when it does not."""
    found = _TAKES.search(prompt)
    return float(found.group(1)) if found else None
